// How a group, version and kind become the name of a built-in type. Kubernetes has no rule for it, only habits and
// three exceptions; they are written here once.

import { typeSchema } from './facts.ts';
import type { ObjectSchema } from './schema.ts';

const PACKAGES: Readonly<Record<string, string>> = {
  'apiextensions.k8s.io': 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions',
  'apiregistration.k8s.io': 'io.k8s.kube-aggregator.pkg.apis.apiregistration',
  'meta.k8s.io': 'io.k8s.apimachinery.pkg.apis.meta',
  'metrics.k8s.io': 'io.k8s.metrics.pkg.apis.metrics',
};

/** The kinds of meta/v1 that clients send under any group's version (a DeleteOptions may say `apps/v1`). */
const META_KINDS: ReadonlySet<string> = new Set([
  'CreateOptions',
  'DeleteOptions',
  'GetOptions',
  'ListOptions',
  'PatchOptions',
  'UpdateOptions',
  'WatchEvent',
]);

/** Kinds of meta/v1 that core/v1 serves as its own. */
const CORE_META_KINDS: ReadonlySet<string> = new Set([
  'APIGroup',
  'APIGroupList',
  'APIResourceList',
  'APIVersions',
  'Status',
]);

/** OpenAPI name of a built-in type, e.g. `io.k8s.api.apps.v1.Deployment`. The type need not exist. */
export function typeName(group: string, version: string, kind: string): string {
  return `${PACKAGES[group] ?? `io.k8s.api.${group === '' ? 'core' : group.split('.', 1)[0]}`}.${version}.${kind}`;
}

/** The schema behind an object's `apiVersion` and `kind`, or undefined when no built-in type answers to them. */
export function schemaOf(apiVersion: string, kind: string): ObjectSchema | undefined {
  const slash = apiVersion.indexOf('/');
  const group = slash < 0 ? '' : apiVersion.slice(0, slash);
  if (META_KINDS.has(kind) || (group === '' && CORE_META_KINDS.has(kind))) {
    return typeSchema(typeName('meta.k8s.io', 'v1', kind));
  }
  return typeSchema(typeName(group, apiVersion.slice(slash + 1), kind));
}
