// Node selectors compiled once per pod shape: a predicate over a node's labels and name, and, where a selector can
// only ever match named nodes (as DaemonSet pods' selectors do), those names.

import { labelOf } from '../../streams/resources/labels.ts';
import type { Labels } from '../../streams/resources/meta.ts';
import type { NodeSelectorRequirement, NodeSelectorTerm } from '../../streams/resources/pod.ts';

/** What a selector looks at. */
export type Selectable = { readonly name: string; readonly labels: Labels };
export type NodeMatcher = (node: Selectable) => boolean;

/** Terms are alternatives; an empty term matches nothing. */
export function matchesAnyTerm(terms: readonly NodeSelectorTerm[]): NodeMatcher {
  const matchers = terms.map(matchesTerm);
  return (node) => {
    for (const matches of matchers) if (matches(node)) return true;
    return false;
  };
}

export function matchesTerm({ matchExpressions = [], matchFields = [] }: NodeSelectorTerm): NodeMatcher {
  if (matchExpressions.length === 0 && matchFields.length === 0) return () => false;
  return ({ name, labels }) => {
    for (const requirement of matchExpressions) if (!meets(requirement, labelOf(labels, requirement.key))) return false;
    // `metadata.name` is the only field a selector can name.
    for (const requirement of matchFields) {
      if (requirement.key !== 'metadata.name' || !meets(requirement, name)) return false;
    }
    return true;
  };
}

/**
 * The only node names that can match, or undefined where nodes are not selected by name. Names that contradict each
 * other within a term leave an empty set.
 */
export function namesOfTerms(terms: readonly NodeSelectorTerm[]): ReadonlySet<string> | undefined {
  const all = new Set<string>();
  for (const { matchFields = [] } of terms) {
    let names: Set<string> | undefined;
    for (const { key, operator, values = [] } of matchFields) {
      if (key !== 'metadata.name' || operator !== 'In') continue;
      names = new Set(names === undefined ? values : values.filter((value) => names?.has(value)));
    }
    if (names === undefined) return undefined;
    for (const name of names) all.add(name);
  }
  return terms.length === 0 ? undefined : all;
}

function meets({ operator, values = [] }: NodeSelectorRequirement, value: string | undefined): boolean {
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    case 'Gt':
      return integer(value) > integer(values[0]);
    case 'Lt':
      return integer(value) < integer(values[0]);
    default:
      // The API server refuses other operators; a node that may not match must not be taken.
      return false;
  }
}

/** NaN compares false with everything, so a label that is no integer never matches. */
function integer(text: string | undefined): number {
  return text !== undefined && /^[-+]?\d+$/.test(text) ? Number(text) : Number.NaN;
}
