// Selectors over pods as affinity and spreading use them, asked of pod shapes: all pods of a shape match or none does.

import { labelOf, matchesSelector } from '../../streams/resources/labels.ts';
import type { LabelSelector, LabelSelectorRequirement, Labels } from '../../streams/resources/meta.ts';
import type { PodAffinityTerm } from '../../streams/resources/pod.ts';
import type { ClusterSnapshot } from './cluster-snapshot.ts';
import type { PodShape } from './pod-shape.ts';

export type ShapeMatcher = (shape: PodShape, cluster: ClusterSnapshot) => boolean;

/** A term of pod (anti-)affinity: which pods it speaks of, and within which topology. */
export type AffinityTerm = { readonly matches: ShapeMatcher; readonly topologyKey: string; readonly weight: number };

export type AffinityTerms = {
  readonly required: readonly AffinityTerm[];
  readonly preferred: readonly AffinityTerm[];
};

export type PodAffinities = { readonly affinity: AffinityTerms; readonly antiAffinity: AffinityTerms };

/** The terms of a pod, compiled once per shape. */
export function affinitiesOf(shape: PodShape): PodAffinities {
  let affinities = compiled.get(shape);
  if (affinities === undefined) {
    const { podAffinity, podAntiAffinity } = shape.spec.affinity ?? {};
    affinities = { affinity: terms(shape, podAffinity), antiAffinity: terms(shape, podAntiAffinity) };
    compiled.set(shape, affinities);
  }
  return affinities;
}

const compiled = new WeakMap<PodShape, PodAffinities>();

type Terms = NonNullable<PodShape['spec']['affinity']>['podAffinity'];

function terms(shape: PodShape, source: Terms): AffinityTerms {
  const {
    requiredDuringSchedulingIgnoredDuringExecution: required = [],
    preferredDuringSchedulingIgnoredDuringExecution: preferred = [],
  } = source ?? {};
  return {
    required: required.map((term) => compile(shape, term, 1)),
    preferred: preferred.map(({ weight, podAffinityTerm }) => compile(shape, podAffinityTerm, weight)),
  };
}

function compile(owner: PodShape, term: PodAffinityTerm, weight: number): AffinityTerm {
  const { namespaces = [], namespaceSelector, topologyKey } = term;
  const names = new Set(namespaces.length === 0 && namespaceSelector === undefined ? [owner.namespace] : namespaces);
  const labels = selectorWithKeys(term, owner.labels);
  return {
    topologyKey,
    weight,
    matches(shape, cluster) {
      if (labels === undefined || !matchesSelector(labels, shape.labels)) return false;
      if (names.has(shape.namespace)) return true;
      return (
        namespaceSelector !== undefined && matchesSelector(namespaceSelector, cluster.namespaceLabels(shape.namespace))
      );
    },
  };
}

/**
 * The selector narrowed to pods that carry the owner's values of the given keys. Undefined where there is no selector:
 * that matches no pod.
 */
export function selectorWithKeys(
  source: {
    readonly labelSelector?: LabelSelector;
    readonly matchLabelKeys?: readonly string[];
    readonly mismatchLabelKeys?: readonly string[];
  },
  labels: Labels,
): LabelSelector | undefined {
  const { labelSelector, matchLabelKeys = [], mismatchLabelKeys = [] } = source;
  if (labelSelector === undefined || matchLabelKeys.length + mismatchLabelKeys.length === 0) return labelSelector;
  const added: LabelSelectorRequirement[] = [];
  const add = (keys: readonly string[], operator: 'In' | 'NotIn') => {
    for (const key of keys) {
      const value = labelOf(labels, key);
      if (value !== undefined) added.push({ key, operator, values: [value] });
    }
  };
  add(matchLabelKeys, 'In');
  add(mismatchLabelKeys, 'NotIn');
  return { ...labelSelector, matchExpressions: [...(labelSelector.matchExpressions ?? []), ...added] };
}

/** A tally per topology: key → value → sum. */
export class TopologyTally {
  readonly #sums = new Map<string, Map<string, number>>();

  get isEmpty(): boolean {
    return this.#sums.size === 0;
  }

  add(key: string, value: string, amount: number): void {
    let values = this.#sums.get(key);
    if (values === undefined) {
      values = new Map();
      this.#sums.set(key, values);
    }
    const sum = (values.get(value) ?? 0) + amount;
    if (sum !== 0) values.set(value, sum);
    else {
      values.delete(value);
      if (values.size === 0) this.#sums.delete(key);
    }
  }

  get(key: string, value: string): number {
    return this.#sums.get(key)?.get(value) ?? 0;
  }

  /** What the labels amount to over all keys. */
  sum(labels: Labels): number {
    let sum = 0;
    for (const [key, values] of this.#sums) {
      const value = labelOf(labels, key);
      if (value !== undefined) sum += values.get(value) ?? 0;
    }
    return sum;
  }

  /** True where any of the labels has a positive tally. */
  touches(labels: Labels): boolean {
    for (const [key, values] of this.#sums) {
      const value = labelOf(labels, key);
      if (value !== undefined && (values.get(value) ?? 0) > 0) return true;
    }
    return false;
  }
}
