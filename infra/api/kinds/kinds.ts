// The kinds that are served, one line each: what the generated facts cannot tell (plural, short names, categories, scope,
// verbs, subresources). Routes, discovery, OpenAPI and printing follow from this table; adding a kind is adding a line.
// Types that are only bodies (Eviction, TokenRequest, Scale) need no line: subresources name them.

import { typeSchema } from './facts.ts';
import type { Kind, Subresource, Verb } from './kind.ts';
import type { ObjectSchema } from './schema.ts';
import { typeName } from './type-names.ts';

type Extras = {
  /** Space-separated, as in the other options. */
  readonly short?: string;
  readonly categories?: string;
  /** `create` for kinds that are questions, or verbs taken away with a leading minus. */
  readonly verbs?: string;
  /** Names of entries in SUBRESOURCES. */
  readonly sub?: string;
  /** `apiVersion Kind` of the stored form, where it is not this one. */
  readonly storedAs?: string;
};

type Scope = 'namespaced' | 'cluster';

const ALL_VERBS: readonly Verb[] = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];

/** Name → verbs, and `apiVersion Kind` of the body; without it the body is the parent's kind. */
const SUBRESOURCES: Readonly<Record<string, readonly [verbs: string, body?: string]>> = {
  status: ['get patch update'],
  scale: ['get patch update', 'autoscaling/v1 Scale'],
  finalize: ['update'],
  binding: ['create', 'v1 Binding'],
  eviction: ['create', 'policy/v1 Eviction'],
  log: ['get'],
  token: ['create', 'authentication.k8s.io/v1 TokenRequest'],
};

// biome-ignore format: a table is read by columns
const KINDS: readonly Kind[] = [
  kind('v1', 'Binding', 'bindings', 'namespaced', { verbs: 'create' }),
  kind('v1', 'ConfigMap', 'configmaps', 'namespaced', { short: 'cm' }),
  kind('v1', 'Endpoints', 'endpoints', 'namespaced', { short: 'ep' }),
  kind('v1', 'Event', 'events', 'namespaced', { short: 'ev' }),
  kind('v1', 'Namespace', 'namespaces', 'cluster', { short: 'ns', verbs: '-deletecollection', sub: 'finalize status' }),
  kind('v1', 'Node', 'nodes', 'cluster', { short: 'no', sub: 'status' }),
  kind('v1', 'Pod', 'pods', 'namespaced', { short: 'po', categories: 'all', sub: 'binding eviction log status' }),
  kind('v1', 'Secret', 'secrets', 'namespaced', {}),
  kind('v1', 'ServiceAccount', 'serviceaccounts', 'namespaced', { short: 'sa', sub: 'token' }),
  kind('v1', 'Service', 'services', 'namespaced', { short: 'svc', categories: 'all', sub: 'status' }),
  kind('apps/v1', 'Deployment', 'deployments', 'namespaced', { short: 'deploy', categories: 'all', sub: 'scale status' }),
  kind('apps/v1', 'ReplicaSet', 'replicasets', 'namespaced', { short: 'rs', categories: 'all', sub: 'scale status' }),
  kind('authentication.k8s.io/v1', 'SelfSubjectReview', 'selfsubjectreviews', 'cluster', { verbs: 'create' }),
  kind('authentication.k8s.io/v1', 'TokenReview', 'tokenreviews', 'cluster', { verbs: 'create' }),
  kind('authorization.k8s.io/v1', 'SelfSubjectAccessReview', 'selfsubjectaccessreviews', 'cluster', { verbs: 'create' }),
  kind('authorization.k8s.io/v1', 'SelfSubjectRulesReview', 'selfsubjectrulesreviews', 'cluster', { verbs: 'create' }),
  kind('authorization.k8s.io/v1', 'SubjectAccessReview', 'subjectaccessreviews', 'cluster', { verbs: 'create' }),
  kind('coordination.k8s.io/v1', 'Lease', 'leases', 'namespaced', {}),
  kind('discovery.k8s.io/v1', 'EndpointSlice', 'endpointslices', 'namespaced', {}),
  kind('events.k8s.io/v1', 'Event', 'events', 'namespaced', { short: 'ev', storedAs: 'v1 Event' }),
];

const byResource = new Map(KINDS.map((kind) => [`${kind.group}/${kind.version}/${kind.resource}`, kind]));
const byGvk = new Map(KINDS.map((kind) => [`${kind.group}/${kind.version}/${kind.kind}`, kind]));
// The first line of a group and resource wins: list the preferred version first.
const byGroupResource = new Map(KINDS.toReversed().map((kind) => [`${kind.group}/${kind.resource}`, kind]));

/** All served built-in kinds, in the order discovery lists them. */
export function allKinds(): readonly Kind[] {
  return KINDS;
}

export function kindByResource(group: string, version: string, resource: string): Kind | undefined {
  return byResource.get(`${group}/${version}/${resource}`);
}

export function kindByGvk(group: string, version: string, kindName: string): Kind | undefined {
  return byGvk.get(`${group}/${version}/${kindName}`);
}

/** The preferred version's kind of a group's resource. */
export function kindOf(group: string, resource: string): Kind | undefined {
  return byGroupResource.get(`${group}/${resource}`);
}

function kind(apiVersion: string, name: string, resource: string, scope: Scope, extras: Extras): Kind {
  const { group, version } = splitApiVersion(apiVersion);
  const storedAs = extras.storedAs === undefined ? undefined : splitBody(extras.storedAs);
  return {
    group,
    version,
    kind: name,
    listKind: `${name}List`,
    resource,
    singular: name.toLowerCase(),
    namespaced: scope === 'namespaced',
    shortNames: words(extras.short),
    categories: words(extras.categories),
    verbs: verbsOf(extras.verbs),
    subresources: words(extras.sub).map((sub) => subresource(sub, { group, version, kind: name })),
    get schema(): ObjectSchema {
      const schema = typeSchema(typeName(group, version, name));
      if (schema === undefined) throw new Error(`the facts table has no type for ${apiVersion} ${name}`);
      return schema;
    },
    protobuf: true,
    ...(storedAs !== undefined && { storedAs }),
  };
}

type Gvk = { readonly group: string; readonly version: string; readonly kind: string };

function subresource(name: string, parent: Gvk): Subresource {
  const entry = SUBRESOURCES[name];
  if (entry === undefined) throw new Error(`unknown subresource ${name} of ${parent.kind}`);
  const [verbs, body] = entry;
  return { name, verbs: words(verbs) as readonly Verb[], ...(body === undefined ? parent : splitBody(body)) };
}

function verbsOf(text: string | undefined): readonly Verb[] {
  if (text === undefined) return ALL_VERBS;
  if (!text.startsWith('-')) return words(text) as readonly Verb[];
  const without = new Set(words(text).map((word) => word.slice(1)));
  return ALL_VERBS.filter((verb) => !without.has(verb));
}

function splitBody(text: string): Gvk {
  const [apiVersion = '', name = ''] = text.split(' ');
  return { ...splitApiVersion(apiVersion), kind: name };
}

function splitApiVersion(apiVersion: string): { readonly group: string; readonly version: string } {
  const slash = apiVersion.indexOf('/');
  return { group: slash < 0 ? '' : apiVersion.slice(0, slash), version: apiVersion.slice(slash + 1) };
}

function words(text: string | undefined): readonly string[] {
  return text === undefined ? [] : text.split(' ');
}
