// Topology spread constraints compiled for one pod shape, and the counting behind them: how many matching pods stand in
// each domain. Counting goes over the placements of matching shapes, not over pods.

import { matchesSelector } from '../../streams/resources/labels.ts';
import type { LabelSelector, Labels } from '../../streams/resources/meta.ts';
import type { TopologySpreadConstraint } from '../../streams/resources/pod.ts';
import type { ClusterSnapshot } from './cluster-snapshot.ts';
import type { NodeInfo } from './node-info.ts';
import type { Placements } from './placements.ts';
import { requiredNodes } from './plugins/node-affinity.ts';
import type { PodShape } from './pod-shape.ts';
import { tolerates } from './tolerations.ts';
import { selectorWithKeys } from './topology.ts';

export type SpreadConstraint = {
  readonly maxSkew: number;
  readonly topologyKey: string;
  readonly minDomains: number;
  /** Whether the pod itself counts among those it spreads from. */
  readonly selfMatch: boolean;
  matches(shape: PodShape): boolean;
  /** Whether a node's pods and domain count, by the constraint's node inclusion policies; absent where all do. */
  readonly includes: ((node: NodeInfo) => boolean) | undefined;
};

export const hostnameLabel = 'kubernetes.io/hostname';
const zoneLabel = 'topology.kubernetes.io/zone';

export type SpreadConstraints = {
  readonly hard: readonly SpreadConstraint[];
  readonly soft: readonly SpreadConstraint[];
  /** The soft ones are kube-scheduler's defaults: a node may lack their labels. */
  readonly softAreDefaults: boolean;
};

export function spreadConstraintsOf(shape: PodShape): SpreadConstraints {
  let constraints = compiled.get(shape);
  if (constraints === undefined) {
    const own = shape.spec.topologySpreadConstraints ?? [];
    const of = (when: string) => own.filter(({ whenUnsatisfiable }) => whenUnsatisfiable === when);
    constraints = {
      hard: of('DoNotSchedule').map((constraint) => compile(shape, constraint)),
      soft: (own.length === 0 ? defaults(shape) : of('ScheduleAnyway')).map((constraint) => compile(shape, constraint)),
      softAreDefaults: own.length === 0,
    };
    compiled.set(shape, constraints);
  }
  return constraints;
}

const compiled = new WeakMap<PodShape, SpreadConstraints>();

/** Matching pods on one node. */
export type CountOn = (node: NodeInfo) => number;

/** The places of all pods the constraint spreads from. */
export function placementsOf(constraint: SpreadConstraint, cluster: ClusterSnapshot): readonly Placements[] {
  const found: Placements[] = [];
  for (const [shape, placements] of cluster.placements) if (constraint.matches(shape)) found.push(placements);
  return found;
}

export function countOn(placements: readonly Placements[]): CountOn {
  const [first] = placements;
  if (first === undefined) return () => 0;
  if (placements.length === 1) return (node) => first.on(node);
  return (node) => {
    let sum = 0;
    for (const counts of placements) sum += counts.on(node);
    return sum;
  };
}

export function hasEveryKey(constraints: readonly SpreadConstraint[], labels: Labels): boolean {
  for (const { topologyKey } of constraints) if (labels[topologyKey] === undefined) return false;
  return true;
}

function compile(shape: PodShape, constraint: TopologySpreadConstraint): SpreadConstraint {
  const {
    maxSkew,
    topologyKey,
    minDomains = 1,
    nodeAffinityPolicy = 'Honor',
    nodeTaintsPolicy = 'Ignore',
  } = constraint;
  const selector = selectorWithKeys(constraint, shape.labels);
  const allowed = nodeAffinityPolicy === 'Honor' ? requiredNodes(shape) : undefined;
  const tolerations = shape.spec.tolerations ?? [];
  return {
    maxSkew,
    topologyKey,
    minDomains,
    selfMatch: selector !== undefined && matchesSelector(selector, shape.labels),
    matches(other) {
      if (selector === undefined || other.terminating || other.namespace !== shape.namespace) return false;
      return matchesSelector(selector, other.labels);
    },
    includes:
      allowed === undefined && nodeTaintsPolicy === 'Ignore'
        ? undefined
        : (node) =>
            (allowed?.(node) ?? true) &&
            (nodeTaintsPolicy === 'Ignore' || node.repellingTaints.every((taint) => tolerates(tolerations, taint))),
  };
}

const replicating: ReadonlySet<string> = new Set(['ReplicaSet', 'ReplicationController', 'StatefulSet']);
/** Labels that tell the replicas of one StatefulSet apart. */
const perReplica: ReadonlySet<string> = new Set(['statefulset.kubernetes.io/pod-name', 'apps.kubernetes.io/pod-index']);

/**
 * kube-scheduler spreads the replicas of a controller even if nobody asks for it. The controller's selector is read off
 * the replica: its labels, but for those that only it has.
 */
function defaults(shape: PodShape): readonly TopologySpreadConstraint[] {
  if (!replicating.has(shape.ownerKind)) return [];
  const matchLabels = Object.fromEntries(Object.entries(shape.labels).filter(([key]) => !perReplica.has(key)));
  if (Object.keys(matchLabels).length === 0) return [];
  const labelSelector: LabelSelector = { matchLabels };
  return [
    { maxSkew: 3, topologyKey: hostnameLabel, whenUnsatisfiable: 'ScheduleAnyway', labelSelector },
    { maxSkew: 5, topologyKey: zoneLabel, whenUnsatisfiable: 'ScheduleAnyway', labelSelector },
  ];
}
