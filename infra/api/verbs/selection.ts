// Which objects a list, watch or deletecollection means: namespace, label selector and field selector in one predicate,
// with what the indexes can answer set apart.

import { matchesRequirements, parseLabelSelector, type Requirement } from '../../../streams/resources/labels.ts';
import type { AnyObject, Labels } from '../../../streams/resources/meta.ts';
import type { ResourceView } from '../../../streams/views/resource-view.ts';
import type { StoredObject } from '../../../streams/views/stored-object.ts';
import { badRequest } from '../errors.ts';
import type { Kind } from '../kinds/kind.ts';
import { shown } from '../render/convert.ts';
import { fieldReader, parseFieldSelector } from './field-selector.ts';

/** What an object must have to be selected at all, as far as it can be looked up. */
export type Narrowing = {
  readonly name?: string | undefined;
  readonly namespace?: string | undefined;
  /** `spec.nodeName` of pods. */
  readonly node?: string | undefined;
};

export type Selection = {
  readonly namespace: string | undefined;
  /** The same for the same selection. */
  readonly key: string;
  readonly narrowing: Narrowing;
  /** False where neither labels nor fields narrow the selection: then counts are exact and cheap. */
  readonly selective: boolean;
  /** True where the indexes alone tell what is selected of the present: no object has to be looked at. */
  readonly indexed: boolean;
  /** `read` tells how to get at the object where it has to be looked at. */
  matches(stored: StoredObject, read?: (stored: StoredObject) => AnyObject): boolean;
  /** True where an earlier version of the object may have been selected: its name and namespace fit. */
  mayHaveMatched(stored: StoredObject): boolean;
  /** Objects of this moment that may match, in list order, behind the key `after`. */
  candidates(view: ResourceView, after?: string): Iterable<StoredObject>;
};

export function parseSelection(
  { kind, namespace }: { kind: Kind; namespace: string | undefined },
  query: URLSearchParams,
): Selection {
  const parsed = parseLabelSelector(query.get('labelSelector') ?? '');
  if (parsed.kind === 'invalid') throw badRequest(parsed.message);
  const labels = parsed.requirements;
  const fields = parseFieldSelector(query.get('fieldSelector') ?? '').map(({ field, operator, value }) => {
    const reader = fieldReader(kind, field);
    return { field, value, equals: operator === '=', reader };
  });
  const scoped = namespace === undefined || namespace === '' ? undefined : namespace;
  const wanted = (field: string) => fields.find((entry) => entry.field === field && entry.equals)?.value;
  const name = wanted('metadata.name');
  const inNamespace = scoped ?? wanted('metadata.namespace');
  const node = kind.resource === 'pods' && kind.group === '' ? wanted('spec.nodeName') : undefined;
  const indexed = indexedLabels(labels);
  const matches = (stored: StoredObject, read = kept): boolean =>
    (scoped === undefined || stored.ref.namespace === scoped) &&
    (labels.length === 0 || matchesRequirements(labels, read(stored).metadata.labels)) &&
    fields.every(({ reader, value, equals }) => (reader(read(shown(stored, kind))) === value) === equals);
  return {
    namespace: scoped,
    key: JSON.stringify([scoped, query.get('labelSelector'), query.get('fieldSelector')]),
    narrowing: { name, namespace: inNamespace, node },
    selective: labels.length > 0 || fields.length > 0,
    indexed: fields.length === 0 && Object.keys(indexed ?? {}).length === labels.length,
    matches,
    mayHaveMatched: ({ ref }) =>
      (scoped === undefined || ref.namespace === scoped) && (name === undefined || ref.name === name),
    candidates: (view, after) => candidates(view, { name, namespace: inNamespace, node, labels: indexed, after }),
  };
}

const kept = (stored: StoredObject): AnyObject => stored.object;

type Hints = {
  readonly name: string | undefined;
  readonly namespace: string | undefined;
  readonly node: string | undefined;
  readonly labels: Labels | undefined;
  readonly after: string | undefined;
};

function candidates(view: ResourceView, { name, namespace, node, labels, after }: Hints): Iterable<StoredObject> {
  if (name !== undefined && namespace !== undefined && namespace !== '') {
    return only(view.get(`${namespace}/${name}`), after);
  }
  if (node !== undefined && node !== '') {
    return view
      .onNode(node)
      .filter((stored) => after === undefined || stored.key > after)
      .sort((a, b) => (a.key < b.key ? -1 : 1));
  }
  return view.select({ namespace, labels }, after);
}

function only(stored: StoredObject | undefined, after: string | undefined): StoredObject[] {
  return stored === undefined || (after !== undefined && stored.key <= after) ? [] : [stored];
}

function indexedLabels(requirements: readonly Requirement[]): Labels | undefined {
  const exact = requirements.filter(
    ({ operator, values }) => (operator === '=' || operator === 'in') && values.length === 1,
  );
  return exact.length === 0 ? undefined : Object.fromEntries(exact.map(({ key, values }) => [key, values[0] ?? '']));
}
