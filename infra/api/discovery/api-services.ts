// The APIService objects of the group versions this very server answers for. Priorities are upstream's: they decide which
// group a bare resource name means, and which version of a group is offered first.

import type { Draft, KubeObject } from '../../../streams/resources/meta.ts';
import type { Kind } from '../kinds/kind.ts';

/** How upstream marks what its server registers itself: once at the start, or as long as a definition serves it. */
export const managedLabel = 'kube-aggregator.kubernetes.io/automanaged';
export type Managed = 'onstart' | 'true';

export type LocalApiService = Draft<KubeObject> & {
  readonly metadata: { readonly name: string; readonly labels: { readonly [managedLabel]: Managed } };
  readonly spec: {
    readonly group?: string;
    readonly version: string;
    readonly groupPriorityMinimum: number;
    readonly versionPriority: number;
  };
};

/** Group → its priority, and the priority of its versions where it is not 15. */
const builtIn: Readonly<Record<string, readonly [group: number, versions?: Readonly<Record<string, number>>]>> = {
  '': [18_000, { v1: 1 }],
  apps: [17_800],
  'events.k8s.io': [17_750],
  'authentication.k8s.io': [17_700],
  'authorization.k8s.io': [17_600],
  autoscaling: [17_500, { v2: 30 }],
  batch: [17_400],
  'certificates.k8s.io': [17_300],
  'networking.k8s.io': [17_200],
  policy: [17_100],
  'rbac.authorization.k8s.io': [17_000],
  'storage.k8s.io': [16_800],
  'admissionregistration.k8s.io': [16_700],
  'apiextensions.k8s.io': [16_700],
  'scheduling.k8s.io': [16_600],
  'coordination.k8s.io': [16_500],
  'node.k8s.io': [16_300],
  'discovery.k8s.io': [16_200],
  'resource.k8s.io': [16_200, { v1: 21 }],
  'flowcontrol.apiserver.k8s.io': [16_100, { v1: 21 }],
  'metrics.k8s.io': [100, { v1beta1: 100 }],
};

/** The aggregation layer registers everything but itself. */
const ownGroup = 'apiregistration.k8s.io';
const customPriorities = { groupPriorityMinimum: 1_000, versionPriority: 100 };

/** One for every group version of the kinds, in their order. */
export function localApiServices(kinds: readonly Kind[]): readonly LocalApiService[] {
  const services = new Map<string, LocalApiService>();
  for (const { group, version } of kinds) {
    const name = `${version}.${group}`;
    if (group !== ownGroup && !services.has(name)) services.set(name, localApiService(group, version));
  }
  return [...services.values()];
}

function localApiService(group: string, version: string): LocalApiService {
  const known = builtIn[group];
  const managed: Managed = known === undefined ? 'true' : 'onstart';
  const priorities =
    known === undefined
      ? customPriorities
      : { groupPriorityMinimum: known[0], versionPriority: known[1]?.[version] ?? 15 };
  return {
    apiVersion: 'apiregistration.k8s.io/v1',
    kind: 'APIService',
    metadata: { name: `${version}.${group}`, labels: { [managedLabel]: managed } },
    spec: { ...(group !== '' && { group }), version, ...priorities },
  };
}
