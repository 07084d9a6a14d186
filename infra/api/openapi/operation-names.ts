// How operations are called and what they say they do: generated clients name their functions so.

import type { Kind, Verb } from '../kinds/kind.ts';

export type Named = {
  readonly verb: Verb;
  readonly sub?: { readonly name: string } | undefined;
  /** The list of all namespaces rather than of one. */
  readonly everywhere?: boolean;
};

const verbs: Readonly<Record<Verb, string>> = {
  get: 'read',
  list: 'list',
  watch: 'watch',
  create: 'create',
  update: 'replace',
  patch: 'patch',
  delete: 'delete',
  deletecollection: 'delete',
};

/** `rbac.authorization.k8s.io` → `rbacAuthorization_v1`. */
export function tagOf(kind: Kind): string {
  const group = groupWords(kind);
  return `${group.charAt(0).toLowerCase()}${group.slice(1)}_${kind.version}`;
}

/** Such as `replaceAppsV1NamespacedDeploymentStatus` and `listCoreV1PodForAllNamespaces`. */
export function operationId(kind: Kind, { verb, sub, everywhere = false }: Named): string {
  return [
    verbs[verb],
    groupWords(kind),
    upperFirst(kind.version),
    verb === 'deletecollection' ? 'Collection' : '',
    kind.namespaced && !everywhere ? 'Namespaced' : '',
    kind.kind,
    upperFirst(sub?.name ?? ''),
    everywhere ? 'ForAllNamespaces' : '',
  ].join('');
}

export function operationText({ kind, verbs: served }: Kind, { verb, sub }: Named): string {
  const about = sub === undefined ? '' : `${sub.name} of `;
  switch (verb) {
    case 'list':
    case 'watch':
      return `${served.includes('watch') ? 'list or watch' : 'list'} objects of kind ${kind}`;
    case 'create':
      return `create ${about}${one(kind)}`;
    case 'delete':
      return `delete ${one(kind)}`;
    case 'deletecollection':
      return `delete collection of ${kind}`;
    case 'get':
    case 'update':
      return `${verbs[verb]} ${about}the specified ${kind}`;
    case 'patch':
      return `partially update ${about}the specified ${kind}`;
  }
}

function groupWords({ group }: Kind): string {
  const words = group === '' ? ['core'] : group.replace(/\.k8s\.io$/, '').split(/[^A-Za-z0-9]+/);
  return words.map(upperFirst).join('');
}

/** Kinds named in the plural have no article. */
function one(kind: string): string {
  if (/[^s]s$/.test(kind)) return kind;
  return `${/^[AEIOU]/.test(kind) ? 'an' : 'a'} ${kind}`;
}

function upperFirst(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
