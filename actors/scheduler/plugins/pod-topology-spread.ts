// Spreads pods over the domains of a topology: keeps them off nodes where the difference to the emptiest domain would
// exceed maxSkew, and prefers the emptier domains. Formulas: kubernetes.md §2.5.

import { labelOf } from '../../../streams/resources/labels.ts';
import type { ClusterSnapshot } from '../cluster-snapshot.ts';
import { hostnameLabel, type SpreadDefaults, systemDefaults } from '../default-spreading.ts';
import { DomainCounts } from '../domain-counts.ts';
import { type FilterPlugin, type NodeScorer, type Rejection, type ScorePlugin, skip } from '../framework.ts';
import type { NodeInfo } from '../node-info.ts';
import { countOn, hasEveryKey, placementsOf, type SpreadConstraint, spreadConstraintsOf } from '../topology-spread.ts';

const name = 'PodTopologySpread';
const reason = "node(s) didn't match pod topology spread constraints";

const skewed: Rejection = { plugin: name, reasons: [reason], resolvable: true };
const unlabelled: Rejection = { plugin: name, reasons: [`${reason} (missing required label)`], resolvable: false };

export function podTopologySpreadFilterWith(defaults: SpreadDefaults): FilterPlugin {
  return {
    name,
    scope: 'cluster',
    preFilter({ shape }, cluster) {
      const { hard } = spreadConstraintsOf(shape, cluster, defaults);
      if (hard.length === 0) return skip;
      const domains = hard.map((constraint) => countDomains(constraint, hard, cluster));
      return {
        kind: 'filter',
        filter({ labels }) {
          for (let i = 0; i < hard.length; i++) {
            const constraint = hard[i];
            const counts = domains[i];
            if (constraint === undefined || counts === undefined) continue;
            const value = labelOf(labels, constraint.topologyKey);
            if (value === undefined) return unlabelled;
            const least = counts.size < constraint.minDomains ? 0 : counts.least;
            const skew = counts.get(value) + (constraint.selfMatch ? 1 : 0) - least;
            if (skew > constraint.maxSkew) return skewed;
          }
          return undefined;
        },
        adjust(pod, node, by) {
          if (!hasEveryKey(hard, node.labels)) return;
          hard.forEach((constraint, i) => {
            const value = labelOf(node.labels, constraint.topologyKey);
            if (value === undefined || !constraint.matches(pod.shape) || constraint.includes?.(node) === false) return;
            domains[i]?.add(value, by);
          });
        },
      };
    },
    wakesOn(event, shape, { cluster }) {
      const { hard } = spreadConstraintsOf(shape, cluster, defaults);
      switch (event.kind) {
        case 'nodeAdded':
        case 'nodeRemoved':
          return true;
        case 'nodeChanged':
          return event.aspects.labels || event.aspects.taints;
        case 'podPlaced':
        case 'podLeft':
          return hard.some((constraint) => constraint.matches(event.pod) || event.pod.terminating);
        case 'objectChanged':
          return false;
        default:
          return event satisfies never;
      }
    },
  };
}

export function podTopologySpreadScoreWith(defaults: SpreadDefaults): ScorePlugin {
  return {
    name,
    scope: 'cluster',
    preScore({ shape }, cluster, nodes) {
      const { soft, softAreDefaults } = spreadConstraintsOf(shape, cluster, defaults);
      if (soft.length === 0) return undefined;
      const scored = softAreDefaults ? nodes : nodes.filter(({ labels }) => hasEveryKey(soft, labels));
      const scorers = soft.map((constraint) =>
        constraint.topologyKey === hostnameLabel
          ? scoreHosts(constraint, scored, cluster)
          : scoreDomains(constraint, { scored, cluster, all: softAreDefaults ? undefined : soft }),
      );
      return (node) => {
        // A node without the labels takes no part: it is told apart from one that scores 0.
        if (!softAreDefaults && !hasEveryKey(soft, node.labels)) return Number.NaN;
        let sum = 0;
        for (const scorer of scorers) sum += scorer(node);
        return Math.round(sum);
      };
    },
    normalizeScore(scores) {
      let min = Number.POSITIVE_INFINITY;
      let max = 0;
      for (const score of scores) {
        if (Number.isNaN(score)) continue;
        min = Math.min(min, score);
        max = Math.max(max, score);
      }
      for (let i = 0; i < scores.length; i++) {
        const score = scores[i] ?? 0;
        scores[i] = Number.isNaN(score) ? 0 : max === 0 ? 100 : Math.floor((100 * (max + min - score)) / max);
      }
    },
  };
}

export const podTopologySpreadFilter = podTopologySpreadFilterWith(systemDefaults);
export const podTopologySpreadScore = podTopologySpreadScoreWith(systemDefaults);

/** Matching pods per domain, over the nodes that have all keys of all constraints; a domain may be empty. */
function countDomains(
  constraint: SpreadConstraint,
  all: readonly SpreadConstraint[],
  cluster: ClusterSnapshot,
): DomainCounts {
  const counts = new DomainCounts();
  if (all.length === 1 && constraint.includes === undefined) {
    // Every node that has the label counts: the sums are kept already.
    for (const value of cluster.domainsOf(constraint.topologyKey)) counts.add(value, 0);
    for (const placements of placementsOf(constraint, cluster)) {
      for (const [value, count] of placements.domains(constraint.topologyKey)) counts.add(value, count);
    }
    return counts;
  }
  const on = countOn(placementsOf(constraint, cluster));
  for (const node of cluster.nodes) {
    if (!hasEveryKey(all, node.labels) || constraint.includes?.(node) === false) continue;
    const value = labelOf(node.labels, constraint.topologyKey) ?? '';
    counts.add(value, on(node));
  }
  return counts;
}

function scoreHosts(constraint: SpreadConstraint, scored: readonly NodeInfo[], cluster: ClusterSnapshot): NodeScorer {
  const weight = Math.log(scored.length + 2);
  const on = countOn(placementsOf(constraint, cluster));
  const base = constraint.maxSkew - 1;
  return (node) => (node.labels[hostnameLabel] === undefined ? 0 : on(node) * weight + base);
}

type DomainScoring = {
  readonly scored: readonly NodeInfo[];
  readonly cluster: ClusterSnapshot;
  /** Constraints whose keys a node must have for its pods to count. */
  readonly all: readonly SpreadConstraint[] | undefined;
};

function scoreDomains(constraint: SpreadConstraint, { scored, cluster, all }: DomainScoring): NodeScorer {
  const { topologyKey, maxSkew } = constraint;
  const counts = new Map<string, number>();
  const domains = cluster.domainsOf(topologyKey).size;
  for (const { labels } of scored) {
    // Three zones are met on a few nodes, however many there are.
    if (counts.size === domains) break;
    const value = labelOf(labels, topologyKey);
    if (value !== undefined) counts.set(value, 0);
  }
  const tally = (value: string | undefined, count: number) => {
    const before = value === undefined ? undefined : counts.get(value);
    if (value !== undefined && before !== undefined) counts.set(value, before + count);
  };
  for (const placements of placementsOf(constraint, cluster)) {
    if (constraint.includes === undefined && (all === undefined || all.length === 1)) {
      for (const [value, count] of placements.domains(topologyKey)) tally(value, count);
      continue;
    }
    for (const [node, count] of placements.nodes) {
      if (all !== undefined && !hasEveryKey(all, node.labels)) continue;
      if (constraint.includes?.(node) !== false) tally(labelOf(node.labels, topologyKey), count);
    }
  }
  const weight = Math.log(counts.size + 2);
  return ({ labels }) => {
    const value = labelOf(labels, topologyKey);
    return value === undefined ? 0 : (counts.get(value) ?? 0) * weight + maxSkew - 1;
  };
}
