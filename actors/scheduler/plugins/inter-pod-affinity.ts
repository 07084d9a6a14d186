// Pods near or away from other pods. All questions about existing pods are asked of their shapes, so the cost follows
// the number of templates and of nodes they stand on, not the number of pods. Source: kubernetes.md §2.5, §2.6.

import { labelOf } from '../../../streams/resources/labels.ts';
import type { ClusterSnapshot } from '../cluster-snapshot.ts';
import {
  type Adjust,
  type FilterPlugin,
  type NodeFilter,
  type Rejection,
  type ScorePlugin,
  skip,
} from '../framework.ts';
import type { PodShape } from '../pod-shape.ts';
import { type AffinityTerm, affinitiesOf, TopologyTally } from '../topology.ts';

const name = 'InterPodAffinity';
export type InterPodAffinityArgs = {
  /** Weight of an existing pod's required affinity when the incoming pod is what it wants near. */
  readonly hardPodAffinityWeight: number;
  /** Leaves out what pods that already stand somewhere prefer. */
  readonly ignorePreferredTermsOfExistingPods: boolean;
};

const noAffinity: Rejection = { plugin: name, reasons: ["node(s) didn't match pod affinity rules"], resolvable: false };
const antiAffinityBroken: Rejection = {
  plugin: name,
  reasons: ["node(s) didn't match pod anti-affinity rules"],
  resolvable: true,
};
const othersAntiAffinityBroken: Rejection = {
  plugin: name,
  reasons: ["node(s) didn't satisfy existing pods anti-affinity rules"],
  resolvable: true,
};

export const interPodAffinityFilter: FilterPlugin = {
  name,
  scope: 'cluster',
  preFilter({ shape }, cluster) {
    const { affinity, antiAffinity } = affinitiesOf(shape);
    const refused = tallyOthersAntiAffinity(shape, cluster);
    if (refused.isEmpty && affinity.required.length === 0 && antiAffinity.required.length === 0) return skip;
    const near = tallyAllTerms(affinity.required, cluster);
    const avoided = tallyTerms(antiAffinity.required, cluster);
    // The first of a group of pods that want each other near has nobody to join yet.
    const startsGroup = affinity.required.every((term) => term.matches(shape, cluster));
    const filter: NodeFilter = ({ labels }) => {
      if (!isNear(affinity.required, near, startsGroup && near.isEmpty, labels)) return noAffinity;
      if (avoided.touches(labels)) return antiAffinityBroken;
      return refused.touches(labels) ? othersAntiAffinityBroken : undefined;
    };
    const adjust: Adjust = (pod, { labels }, by) => {
      const add = (tally: TopologyTally, { topologyKey }: AffinityTerm) => {
        const value = labelOf(labels, topologyKey);
        if (value !== undefined) tally.add(topologyKey, value, by);
      };
      for (const term of affinitiesOf(pod.shape).antiAffinity.required) {
        if (term.matches(shape, cluster)) add(refused, term);
      }
      for (const term of antiAffinity.required) if (term.matches(pod.shape, cluster)) add(avoided, term);
      const wanted =
        affinity.required.length > 0 && affinity.required.every((term) => term.matches(pod.shape, cluster));
      if (wanted) for (const term of affinity.required) add(near, term);
    };
    return { kind: 'filter', filter, adjust };
  },
  wakesOn(event, shape) {
    switch (event.kind) {
      case 'nodeAdded':
        return true;
      case 'nodeChanged':
        return event.aspects.labels;
      case 'podPlaced':
        return affinitiesOf(shape).affinity.required.length > 0;
      case 'podLeft':
        return event.pod.hasRequiredAntiAffinity || affinitiesOf(shape).antiAffinity.required.length > 0;
      case 'nodeRemoved':
        return false;
      case 'objectChanged':
        return false;
      default:
        return event satisfies never;
    }
  },
};

export function interPodAffinityScoreWith(args: InterPodAffinityArgs): ScorePlugin {
  return {
    name,
    scope: 'cluster',
    preScore({ shape }, cluster) {
      const { affinity, antiAffinity } = affinitiesOf(shape);
      const own = affinity.preferred.length + antiAffinity.preferred.length > 0;
      const { hardPodAffinityWeight, ignorePreferredTermsOfExistingPods } = args;
      if (!own && (!cluster.hasPodAffinity || ignorePreferredTermsOfExistingPods)) return undefined;
      const tally = new TopologyTally();
      for (const existing of cluster.placements.keys()) {
        if (own) {
          for (const term of affinity.preferred) addMatching(tally, { term, shape: existing, of: existing, cluster });
          for (const term of antiAffinity.preferred) {
            addMatching(tally, { term, shape: existing, of: existing, cluster, factor: -1 });
          }
        }
        if (!existing.hasPodAffinity) continue;
        const theirs = affinitiesOf(existing);
        for (const term of theirs.affinity.required) {
          addMatching(tally, { term, shape, of: existing, cluster, factor: hardPodAffinityWeight });
        }
        if (ignorePreferredTermsOfExistingPods) continue;
        for (const term of theirs.affinity.preferred) addMatching(tally, { term, shape, of: existing, cluster });
        for (const term of theirs.antiAffinity.preferred) {
          addMatching(tally, { term, shape, of: existing, cluster, factor: -1 });
        }
      }
      return tally.isEmpty ? undefined : ({ labels }) => tally.sum(labels);
    },
    normalizeScore(scores) {
      let min = Number.POSITIVE_INFINITY;
      let max = Number.NEGATIVE_INFINITY;
      for (const score of scores) {
        min = Math.min(min, score);
        max = Math.max(max, score);
      }
      const range = max - min;
      for (let i = 0; i < scores.length; i++) {
        scores[i] = range > 0 ? Math.floor((100 * ((scores[i] ?? 0) - min)) / range) : 0;
      }
    },
  };
}

export const interPodAffinityScore = interPodAffinityScoreWith({
  hardPodAffinityWeight: 1,
  ignorePreferredTermsOfExistingPods: false,
});

/** Where existing pods refuse the incoming one. */
function tallyOthersAntiAffinity(shape: PodShape, cluster: ClusterSnapshot): TopologyTally {
  const tally = new TopologyTally();
  if (!cluster.hasPodAffinity) return tally;
  for (const existing of cluster.placements.keys()) {
    if (!existing.hasRequiredAntiAffinity) continue;
    for (const term of affinitiesOf(existing).antiAffinity.required) {
      addMatching(tally, { term, shape, of: existing, cluster });
    }
  }
  return tally;
}

function tallyTerms(terms: readonly AffinityTerm[], cluster: ClusterSnapshot): TopologyTally {
  const tally = new TopologyTally();
  if (terms.length === 0) return tally;
  for (const existing of cluster.placements.keys()) {
    for (const term of terms) addMatching(tally, { term, shape: existing, of: existing, cluster });
  }
  return tally;
}

/** Counts pods that match every term at once: affinity to several things means one pod that is all of them. */
function tallyAllTerms(terms: readonly AffinityTerm[], cluster: ClusterSnapshot): TopologyTally {
  const tally = new TopologyTally();
  if (terms.length === 0) return tally;
  for (const existing of cluster.placements.keys()) {
    if (!terms.every((term) => term.matches(existing, cluster))) continue;
    for (const { topologyKey } of terms) addPlacements(tally, topologyKey, existing, cluster, 1);
  }
  return tally;
}

type Matching = {
  readonly term: AffinityTerm;
  /** The pods the term is asked about. */
  readonly shape: PodShape;
  /** The pods whose places count. */
  readonly of: PodShape;
  readonly cluster: ClusterSnapshot;
  readonly factor?: number;
};

function addMatching(tally: TopologyTally, { term, shape, of, cluster, factor = 1 }: Matching): void {
  if (term.matches(shape, cluster)) addPlacements(tally, term.topologyKey, of, cluster, term.weight * factor);
}

function addPlacements(tally: TopologyTally, key: string, shape: PodShape, cluster: ClusterSnapshot, weight: number) {
  const domains = cluster.placements.get(shape)?.domains(key);
  if (domains === undefined) return;
  for (const [value, count] of domains) tally.add(key, value, weight * count);
}

function isNear(
  terms: readonly AffinityTerm[],
  near: TopologyTally,
  startsGroup: boolean,
  labels: Readonly<Record<string, string>>,
): boolean {
  let found = true;
  for (const { topologyKey } of terms) {
    const value = labelOf(labels, topologyKey);
    if (value === undefined) return false;
    if (near.get(topologyKey, value) <= 0) found = false;
  }
  return found || startsGroup;
}
