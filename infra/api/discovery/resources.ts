// Which groups, versions and resources are served, in the two shapes clients ask for: the plain lists of old and the
// aggregated document kubectl reads in two requests (KEP-3352). Both are computed from the kinds table.

import { createHash } from 'node:crypto';
import type { Kind, Subresource } from '../kinds/kind.ts';

export type GroupVersion = { readonly group: string; readonly version: string };

/** Groups in the order they are listed, with their versions, the preferred one first. */
export function groupVersions(kinds: readonly Kind[]): ReadonlyMap<string, readonly string[]> {
  const groups = new Map<string, string[]>();
  for (const { group, version } of kinds) {
    const versions = groups.get(group);
    if (versions === undefined) groups.set(group, [version]);
    else if (!versions.includes(version)) versions.push(version);
  }
  return groups;
}

export function legacyVersions(address: string): object {
  return {
    kind: 'APIVersions',
    versions: ['v1'],
    serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress: address }],
  };
}

export function groupList(kinds: readonly Kind[]): object {
  const groups = [...groupVersions(kinds)].filter(([group]) => group !== '');
  return {
    kind: 'APIGroupList',
    apiVersion: 'v1',
    groups: groups.map(([group, versions]) => groupOf(group, versions)),
  };
}

export function apiGroup(kinds: readonly Kind[], group: string): object | undefined {
  const versions = groupVersions(kinds).get(group);
  return versions === undefined ? undefined : { kind: 'APIGroup', apiVersion: 'v1', ...groupOf(group, versions) };
}

function groupOf(group: string, versions: readonly string[]) {
  const entries = versions.map((version) => ({ groupVersion: `${group}/${version}`, version }));
  return { name: group, versions: entries, preferredVersion: entries[0] };
}

/** `/api/v1` or `/apis/<group>/<version>`; undefined where nothing is served there. */
export function resourceList(kinds: readonly Kind[], { group, version }: GroupVersion): object | undefined {
  const served = kinds.filter((kind) => kind.group === group && kind.version === version);
  if (served.length === 0) return undefined;
  return {
    kind: 'APIResourceList',
    // The core group is older than lists that say their version.
    ...(group === '' ? undefined : { apiVersion: 'v1' }),
    groupVersion: group === '' ? version : `${group}/${version}`,
    resources: served.flatMap((kind) => [
      {
        name: kind.resource,
        singularName: kind.singular,
        namespaced: kind.namespaced,
        kind: kind.kind,
        verbs: kind.custom?.verbs ?? kind.verbs,
        ...names(kind),
        // What is computed has no storage.
        ...(kind.verbs.includes('watch') ? { storageVersionHash: storageVersionHash(kind) } : undefined),
      },
      ...kind.subresources.map((sub) => ({
        name: `${kind.resource}/${sub.name}`,
        singularName: '',
        namespaced: kind.namespaced,
        ...(sub.group === kind.group && sub.version === kind.version
          ? undefined
          : { group: sub.group, version: sub.version }),
        kind: sub.kind,
        verbs: sub.verbs,
      })),
    ]),
  };
}

function names({ shortNames, categories }: Kind) {
  return {
    ...(shortNames.length === 0 ? undefined : { shortNames }),
    ...(categories.length === 0 ? undefined : { categories }),
  };
}

/** Kinds upstream still stores in an older version. */
const olderStorage: Readonly<Record<string, string>> = {
  'admissionregistration.k8s.io/MutatingAdmissionPolicy': 'v1beta1',
  'admissionregistration.k8s.io/MutatingAdmissionPolicyBinding': 'v1beta1',
  'apiextensions.k8s.io/CustomResourceDefinition': 'v1beta1',
};

/** Identifies the storage form of a kind: equal hashes mean equal stored objects. */
function storageVersionHash(kind: Kind): string {
  const { group, version, kind: name } = kind.storedAs ?? kind;
  const stored = kind.custom?.storage ?? olderStorage[`${group}/${name}`] ?? version;
  return createHash('sha256').update(`${group}/${stored}/${name}`).digest().subarray(0, 8).toString('base64');
}

/** APIGroupDiscoveryList for `/api` (core) or `/apis` (all other groups). */
export function aggregated(
  kinds: readonly Kind[],
  { core, apiVersion }: { core: boolean; apiVersion: string },
): object {
  const groups = [...groupVersions(kinds)].filter(([group]) => (group === '') === core);
  return {
    kind: 'APIGroupDiscoveryList',
    apiVersion,
    metadata: {},
    items: groups.map(([group, versions]) => ({
      metadata: group === '' ? {} : { name: group },
      versions: versions.map((version) => ({
        version,
        resources: kinds.filter((kind) => kind.group === group && kind.version === version).map(discovered),
        freshness: 'Current',
      })),
    })),
  };
}

function discovered(kind: Kind): object {
  return {
    resource: kind.resource,
    responseKind: { group: '', version: '', kind: kind.kind },
    scope: kind.namespaced ? 'Namespaced' : 'Cluster',
    singularResource: kind.singular,
    verbs: kind.custom?.verbs ?? kind.verbs,
    ...names(kind),
    ...(kind.subresources.length === 0
      ? undefined
      : { subresources: kind.subresources.map((sub) => discoveredSubresource(kind, sub)) }),
  };
}

/** Group and version are told where they are others than the list's. */
function discoveredSubresource(kind: Kind, sub: Subresource): object {
  const own = sub.group === kind.group && sub.version === kind.version;
  return {
    subresource: sub.name,
    responseKind: own
      ? { group: '', version: '', kind: sub.kind }
      : { group: sub.group, version: sub.version, kind: sub.kind },
    verbs: sub.verbs,
  };
}
