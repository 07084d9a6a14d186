// Holds pods to nodes their nodeSelector and required node affinity match, and prefers those their preferred terms match.

import type { Affinity } from '../../../streams/resources/pod.ts';
import {
  type FilterPlugin,
  type NodeScorer,
  normalizeByMax,
  type Rejection,
  type ScorePlugin,
  skip,
} from '../framework.ts';
import { matchesAnyTerm, matchesTerm, type NodeMatcher, namesOfTerms } from '../node-selector.ts';
import type { PodShape } from '../pod-shape.ts';

const mismatch: Rejection = {
  plugin: 'NodeAffinity',
  reasons: ["node(s) didn't match Pod's node affinity/selector"],
  resolvable: false,
};

const contradiction: Rejection = {
  plugin: 'NodeAffinity',
  reasons: ['pod affinity terms conflict'],
  resolvable: false,
};

const enforcedMismatch: Rejection = {
  plugin: mismatch.plugin,
  reasons: ["node(s) didn't match scheduler-enforced node affinity"],
  resolvable: false,
};

export type NodeAffinity = NonNullable<Affinity['nodeAffinity']>;

/** `added` holds for every pod of the profile, beside the pod's own. */
export function nodeAffinityFilterWith(added: NodeAffinity = {}): FilterPlugin {
  const terms = added.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  const enforced = terms === undefined ? undefined : matchesAnyTerm(terms);
  return {
    name: mismatch.plugin,
    scope: 'node',
    preFilter(shape) {
      const matches = requiredNodes(shape);
      if (matches === undefined && enforced === undefined) return skip;
      const names = namesOfTerms(requiredTerms(shape) ?? []);
      if (names?.size === 0) return { kind: 'reject', rejection: contradiction };
      const filter = (node: Parameters<NodeMatcher>[0]) => {
        if (enforced?.(node) === false) return enforcedMismatch;
        return matches === undefined || matches(node) ? undefined : mismatch;
      };
      return names === undefined ? { kind: 'filter', filter } : { kind: 'filter', filter, nodes: names };
    },
    wakesOn(event, shape) {
      if (event.kind !== 'nodeAdded' && !(event.kind === 'nodeChanged' && event.aspects.labels)) return false;
      if (enforced?.(event.node) === false) return false;
      return requiredNodes(shape)?.(event.node) ?? true;
    },
  };
}

export const nodeAffinityFilter = nodeAffinityFilterWith();

export function nodeAffinityScoreWith(added: NodeAffinity = {}): ScorePlugin {
  return {
    name: mismatch.plugin,
    scope: 'node',
    preScore: ({ spec }) => preference([spec.affinity?.nodeAffinity ?? {}, added]),
    normalizeScore: (scores) => normalizeByMax(scores),
  };
}

export const nodeAffinityScore = nodeAffinityScoreWith();

function preference(affinities: readonly NodeAffinity[]): NodeScorer | undefined {
  const preferred = affinities
    .flatMap(
      ({ preferredDuringSchedulingIgnoredDuringExecution = [] }) => preferredDuringSchedulingIgnoredDuringExecution,
    )
    .filter(({ weight }) => weight !== 0);
  if (preferred.length === 0) return undefined;
  // Unlike a required term, an empty preferred term matches every node.
  const terms = preferred.map(({ weight, preference }) => ({ weight, matches: matchesPreference(preference) }));
  return (node) => {
    let sum = 0;
    for (const { weight, matches } of terms) if (matches(node)) sum += weight;
    return sum;
  };
}

/** The nodes a pod may stand on by selector and required affinity; undefined where it takes any. */
export function requiredNodes(shape: PodShape): NodeMatcher | undefined {
  const { nodeSelector } = shape.spec;
  const terms = requiredTerms(shape);
  const matchesTerms = terms === undefined ? undefined : matchesAnyTerm(terms);
  const labels = Object.entries(nodeSelector ?? {});
  if (labels.length === 0) return matchesTerms;
  return (node) => {
    for (const [key, value] of labels) if (node.labels[key] !== value) return false;
    return matchesTerms === undefined || matchesTerms(node);
  };
}

function requiredTerms({ spec }: PodShape) {
  return spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
}

function matchesPreference(preference: Parameters<typeof matchesTerm>[0]): NodeMatcher {
  const { matchExpressions = [], matchFields = [] } = preference;
  return matchExpressions.length + matchFields.length === 0 ? () => true : matchesTerm(preference);
}
