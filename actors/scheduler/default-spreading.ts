// kube-scheduler spreads pods that belong together even if nobody asks for it. What belongs together: the pods that the
// same services select and the same controller keeps. Source: kubernetes.md §2.5.

import { matchesLabels } from '../../streams/resources/labels.ts';
import type { KubeObject, LabelSelector, Labels, ResourceName } from '../../streams/resources/meta.ts';
import { resources } from '../../streams/resources/names.ts';
import type { TopologySpreadConstraint } from '../../streams/resources/pod.ts';
import type { Service } from '../../streams/resources/service.ts';
import type { ObjectReader } from '../../streams/views/object-reader.ts';
import type { PodShape } from './pod-shape.ts';

/** Constraints for pods that have none; the selector is added for each pod. */
export type SpreadDefaults = {
  readonly constraints: readonly Omit<TopologySpreadConstraint, 'labelSelector'>[];
  /** They are kube-scheduler's own: a node may lack their labels. */
  readonly system: boolean;
};

export const hostnameLabel = 'kubernetes.io/hostname';
const zoneLabel = 'topology.kubernetes.io/zone';

export const systemDefaults: SpreadDefaults = {
  constraints: [
    { maxSkew: 3, topologyKey: hostnameLabel, whenUnsatisfiable: 'ScheduleAnyway' },
    { maxSkew: 5, topologyKey: zoneLabel, whenUnsatisfiable: 'ScheduleAnyway' },
  ],
  system: true,
};

const controllers: ReadonlyMap<string, ResourceName> = new Map<string, ResourceName>([
  ['ReplicaSet', resources.replicaSets],
  ['ReplicationController', resources.replicationControllers],
  ['StatefulSet', resources.statefulSets],
]);
/** Labels that tell the replicas of one StatefulSet apart. */
const perReplica: ReadonlySet<string> = new Set(['statefulset.kubernetes.io/pod-name', 'apps.kubernetes.io/pod-index']);

/** Selects the pods that belong together with this one; undefined where it stands alone. */
export function defaultSelector(shape: PodShape, world: ObjectReader): LabelSelector | undefined {
  let matchLabels: Labels = {};
  for (const { spec } of world.list<Service>(resources.services, { namespace: shape.namespace })) {
    const { selector } = spec;
    if (selector !== undefined && isAny(selector) && matchesLabels(selector, shape.labels)) {
      matchLabels = { ...matchLabels, ...selector };
    }
  }
  const kept = controllerSelector(shape, world);
  const selector: LabelSelector = {
    matchLabels: { ...matchLabels, ...kept?.matchLabels },
    ...(kept?.matchExpressions && { matchExpressions: kept.matchExpressions }),
  };
  return isAny(selector.matchLabels ?? {}) || (selector.matchExpressions?.length ?? 0) > 0 ? selector : undefined;
}

type Controller = KubeObject & { readonly spec?: { readonly selector?: LabelSelector | Labels } };

function controllerSelector(
  { ownerKind, ownerName, namespace, labels }: PodShape,
  world: ObjectReader,
): LabelSelector | undefined {
  const resource = controllers.get(ownerKind);
  if (resource === undefined) return undefined;
  const owner = world.get<Controller>(resource, { namespace, name: ownerName });
  const selector = owner?.spec?.selector;
  if (selector !== undefined) {
    return ownerKind === 'ReplicationController' ? { matchLabels: selector as Labels } : (selector as LabelSelector);
  }
  // A controller that is not known here: its selector is read off the replica, but for what only this replica has.
  return { matchLabels: Object.fromEntries(Object.entries(labels).filter(([key]) => !perReplica.has(key))) };
}

function isAny(labels: Labels): boolean {
  for (const _ in labels) return true;
  return false;
}
