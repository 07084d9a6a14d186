// Topology spread constraints compiled for one pod shape, and the counting behind them: how many matching pods stand in
// each domain. Counting goes over the placements of matching shapes, not over pods.

import { labelOf, matchesSelector } from '../../streams/resources/labels.ts';
import type { LabelSelector, Labels } from '../../streams/resources/meta.ts';
import type { TopologySpreadConstraint } from '../../streams/resources/pod.ts';
import { sameJson } from '../kit/same-json.ts';
import type { ClusterSnapshot } from './cluster-snapshot.ts';
import { defaultSelector, type SpreadDefaults } from './default-spreading.ts';
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

export type SpreadConstraints = {
  readonly hard: readonly SpreadConstraint[];
  readonly soft: readonly SpreadConstraint[];
  /** The soft ones are kube-scheduler's defaults: a node may lack their labels. */
  readonly softAreDefaults: boolean;
};

export function spreadConstraintsOf(
  shape: PodShape,
  cluster: ClusterSnapshot,
  defaults: SpreadDefaults,
): SpreadConstraints {
  const own = shape.spec.topologySpreadConstraints ?? [];
  const selector =
    own.length === 0 && defaults.constraints.length > 0 ? defaultSelector(shape, cluster.world) : undefined;
  const known = compiled.get(shape);
  if (known !== undefined && known.defaults === defaults && sameJson(known.selector, selector))
    return known.constraints;
  const all =
    own.length > 0 || selector === undefined
      ? own
      : defaults.constraints.map((constraint) => ({ ...constraint, labelSelector: selector }));
  const of = (when: string) =>
    all.filter(({ whenUnsatisfiable }) => whenUnsatisfiable === when).map((constraint) => compile(shape, constraint));
  const constraints = {
    hard: of('DoNotSchedule'),
    soft: of('ScheduleAnyway'),
    softAreDefaults: own.length === 0 && defaults.system,
  };
  compiled.set(shape, { defaults, selector, constraints });
  return constraints;
}

type Compiled = {
  readonly defaults: SpreadDefaults;
  readonly selector: LabelSelector | undefined;
  readonly constraints: SpreadConstraints;
};

const compiled = new WeakMap<PodShape, Compiled>();

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
  for (const { topologyKey } of constraints) if (labelOf(labels, topologyKey) === undefined) return false;
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
