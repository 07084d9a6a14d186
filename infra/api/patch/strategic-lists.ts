// Lists under strategic merge patch: items of structures are matched by their merge key, scalars by themselves.
// The order is upstream's: what the patch names comes in the patch's order, what only the object has keeps its order
// among itself, and the two are woven together after the object's order.

import { goText, goType, goValue } from './go-format.ts';
import { isList, isObject, type Json, type JsonList, type JsonObject, own } from './json-value.ts';
import { type InvalidPatch, notApplicable, unclassified } from './outcome.ts';
import { directiveMarker } from './strategic-directives.ts';

export type MergedList = { readonly kind: 'merged'; readonly list: JsonList } | InvalidPatch;

/** Merges one matched item; given by the walk over structures, because items nest everything again. */
export type MergeItem = (
  current: JsonObject,
  patch: JsonObject,
) => { readonly kind: 'merged'; readonly object: JsonObject } | InvalidPatch;

export type ListMergeRequest = {
  readonly current: JsonList;
  readonly patch: JsonList;
  /** Undefined for lists of scalars. */
  readonly mergeKey: string | undefined;
  readonly mergeItem: MergeItem;
};

export const mergeLists = (request: ListMergeRequest): MergedList => {
  const { current, patch, mergeKey } = request;
  if (current.length === 0 && patch.length === 0) return merged(current);
  const complaint = mixedTypes(current, patch);
  if (complaint !== undefined) return complaint;
  if (!isObject(current[0] ?? patch[0])) {
    const all = [...new Set([...current, ...patch])];
    return merged(orderItems({ items: all, order: patch, liveOrder: current, mergeKey: undefined }));
  }
  if (mergeKey === undefined) return unclassified('cannot merge lists without merge key for struct');
  const special = applySpecialItems(current, patch, mergeKey);
  if (special.kind === 'invalid') return special;
  const items = mergeItems({ ...request, current: special.current, patch: special.patch }, mergeKey);
  if (items.kind === 'invalid') return items;
  const unkeyed = [...items.list, ...special.patch, ...special.current].find(
    (item) => keyOf(item, mergeKey) === undefined,
  );
  if (unkeyed !== undefined) return noMergeKey(unkeyed, mergeKey);
  return merged(orderItems({ items: items.list, order: special.patch, liveOrder: special.current, mergeKey }));
};

/** `$deleteFromPrimitiveList`: the list without the named scalars. */
export const deleteScalars = (current: JsonList, deletions: JsonList): MergedList => {
  if (current.length === 0 && deletions.length === 0) return merged(current);
  const complaint = mixedTypes(current, deletions);
  if (complaint !== undefined) return complaint;
  const doomed = new Set<Json>(deletions);
  const rest = current.filter((item) => !doomed.has(item));
  return merged(rest.length === current.length ? current : rest);
};

/** Weaves items into the order of a patch or `$setElementOrder` list and, for those it does not name, the live order. */
export const orderItems = (request: {
  readonly items: JsonList;
  readonly order: JsonList;
  readonly liveOrder: JsonList;
  readonly mergeKey: string | undefined;
}): JsonList => {
  const { items, mergeKey } = request;
  const named = positions(request.order, mergeKey);
  const live = positions(request.liveOrder, mergeKey);
  const at = (ranks: ReadonlyMap<Json | undefined, number>, item: Json): number =>
    ranks.get(identity(item, mergeKey)) ?? -1;
  const ours = items.filter((item) => at(named, item) >= 0).sort((a, b) => at(named, a) - at(named, b));
  const theirs = items.filter((item) => at(named, item) < 0).sort((a, b) => at(live, a) - at(live, b));
  const woven: Json[] = [];
  let next = 0;
  for (const item of ours) {
    const place = at(live, item);
    // A live item goes before the first named one that stood behind it.
    while (next < theirs.length && place >= 0 && isBefore(at(live, theirs[next] as Json), place)) {
      woven.push(theirs[next++] as Json);
    }
    woven.push(item);
  }
  while (next < theirs.length) woven.push(theirs[next++] as Json);
  return woven;
};

const isBefore = (left: number, right: number): boolean => left >= 0 && left < right;

/**
 * The live order `$setElementOrder` weaves by, once the patch is merged: items the patch adds stand where those it
 * deletes have left room at the end. (Upstream merges into the very slice it then reads the order from.)
 */
export const liveOrderAfter = (current: JsonList, patch: JsonList, mergeKey: string): JsonList => {
  if (!patch.some((item) => isObject(item) && own(item, directiveMarker) === 'delete')) return current;
  const order = [...current];
  let length = order.length;
  for (const item of patch) {
    if (!isObject(item) || own(item, directiveMarker) !== 'delete') continue;
    for (let at = 0; at < length; ) {
      if (keyOf(order[at] as Json, mergeKey) !== own(item, mergeKey)) at++;
      else order.copyWithin(at, at + 1, length--);
    }
  }
  const replaced = patch.some((item) => isObject(item) && own(item, directiveMarker) === 'replace');
  const kept = new Set(order.slice(0, length).map((item) => keyOf(item, mergeKey)));
  for (const item of replaced ? [] : patch) {
    const key = keyOf(item, mergeKey);
    if (length === order.length || kept.has(key) || own(item as JsonObject, directiveMarker) !== undefined) continue;
    order[length++] = item;
    kept.add(key);
  }
  return order;
};

/** Whether a patch's items appear in the order its `$setElementOrder` claims. */
export const orderMismatch = (
  patch: JsonList,
  order: JsonList,
  mergeKey: string | undefined,
): InvalidPatch | undefined => {
  if (patch.length === 0 || order.length === 0) return undefined;
  if (mergeKey !== undefined) {
    const wrong = patch.find((item) => !isObject(item));
    if (wrong !== undefined) return wrongType('map[string]interface {}', wrong);
  }
  const content = patch.filter((item) => !isObject(item) || own(item, directiveMarker) !== 'delete');
  let next = 0;
  let place = 0;
  while (next < content.length && place < order.length) {
    const item = content[next] as Json;
    if (isObject(item) && own(item, directiveMarker) !== undefined) {
      next++;
      continue;
    }
    for (const side of [item, order[place] as Json]) {
      if (mergeKey !== undefined && keyOf(side, mergeKey) === undefined) return noMergeKey(side, mergeKey);
    }
    if (identity(item, mergeKey) === identity(order[place] as Json, mergeKey)) next++;
    place++;
  }
  if (next === content.length || place < order.length) return undefined;
  return unclassified(
    `The order in patch list:\n${goValue(patch)}\n doesn't match $setElementOrder list:\n${goValue(order)}\n`,
  );
};

export const wrongType = (expected: string, actual: Json): InvalidPatch =>
  unclassified(`expected a ${expected}, but received a ${goType(actual)}`);

/** Every item's merge key must be there before a list can be put in order. */
export const unkeyedItem = (list: JsonList, mergeKey: string): InvalidPatch | undefined => {
  const item = list.find((candidate) => keyOf(candidate, mergeKey) === undefined);
  return item === undefined ? undefined : noMergeKey(item, mergeKey);
};

type SpecialItems = { readonly kind: 'special'; readonly current: JsonList; readonly patch: JsonList };

/** Carries out the items with `$patch`: delete removes its match, replace lets the patch stand for the whole list. */
const applySpecialItems = (current: JsonList, patch: JsonList, mergeKey: string): SpecialItems | InvalidPatch => {
  if (!patch.some((item) => own(item as JsonObject, directiveMarker) !== undefined)) {
    return { kind: 'special', current, patch };
  }
  let rest = current;
  let replace = false;
  const content: Json[] = [];
  for (const item of patch as readonly JsonObject[]) {
    const directive = own(item, directiveMarker);
    if (directive === undefined) {
      content.push(item);
    } else if (directive === 'delete') {
      const key = own(item, mergeKey);
      if (key === undefined) return noMergeKey(item, mergeKey);
      rest = rest.filter((candidate) => keyOf(candidate, mergeKey) !== key);
    } else if (directive === 'replace') {
      replace = true;
    } else if (directive === 'merge') {
      return unclassified('merging lists cannot yet be specified in the patch');
    } else {
      return unknownDirective(directive, item);
    }
  }
  return replace
    ? { kind: 'special', current: content, patch: [] }
    : { kind: 'special', current: rest, patch: content };
};

export const unknownDirective = (directive: Json, patch: JsonObject): InvalidPatch =>
  unclassified(`unknown patch type: ${goText(directive)} in map: ${goValue(patch)}`);

const mergeItems = ({ current, patch, mergeItem }: ListMergeRequest, mergeKey: string): MergedList => {
  const items = [...current];
  const places = new Map<Json, number>();
  for (const [i, item] of items.entries()) {
    const key = keyOf(item, mergeKey);
    if (key !== undefined && !places.has(key)) places.set(key, i);
  }
  for (const item of patch as readonly JsonObject[]) {
    const key = own(item, mergeKey);
    if (key === undefined) return noMergeKey(item, mergeKey);
    const place = places.get(key);
    if (place === undefined) {
      places.set(key, items.push(item) - 1);
      continue;
    }
    const outcome = mergeItem(items[place] as JsonObject, item);
    if (outcome.kind === 'invalid') return outcome;
    items[place] = outcome.object;
  }
  return merged(items);
};

const merged = (list: JsonList): MergedList => ({ kind: 'merged', list });

const keyOf = (item: Json, mergeKey: string): Json | undefined => (isObject(item) ? own(item, mergeKey) : undefined);

const identity = (item: Json, mergeKey: string | undefined): Json | undefined =>
  mergeKey === undefined ? item : keyOf(item, mergeKey);

/** The first place of each identity. */
const positions = (list: JsonList, mergeKey: string | undefined): ReadonlyMap<Json | undefined, number> => {
  const places = new Map<Json | undefined, number>();
  for (const [i, item] of list.entries()) {
    const key = identity(item, mergeKey);
    if (!places.has(key)) places.set(key, i);
  }
  return places;
};

const noMergeKey = (item: Json, mergeKey: string): InvalidPatch =>
  isObject(item)
    ? unclassified(`map: ${goValue(item)} does not contain declared merge key: ${mergeKey}`)
    : wrongType('map[string]interface {}', item);

/** Upstream merges lists of one type only, and never lists of lists. */
const mixedTypes = (...lists: readonly JsonList[]): InvalidPatch | undefined => {
  let type: string | undefined;
  for (const item of lists.flat()) {
    const itemType = goType(item);
    if (type === undefined && isList(item)) return notApplicable('lists of lists are not supported');
    type ??= itemType;
    if (itemType !== type) return unclassified(`list element types are not identical: ${goValue(lists)}`);
  }
  return undefined;
};
