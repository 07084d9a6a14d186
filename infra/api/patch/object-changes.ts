// What a write changed, in fields as server-side apply counts them: added, modified, removed.
// Invariants: a field is in at most one of the three sets; shared subtrees are skipped by identity, so the cost follows
// what changed and not the object's size.

import type { Field, ListSchema, MapSchema, ObjectSchema, Schema } from '../kinds/schema.ts';
import { EMPTY, excluding, type FieldSet, LEAF, ordered } from './field-set.ts';
import {
  isEmptyObject,
  isList,
  isObject,
  type Json,
  type JsonList,
  type JsonObject,
  jsonEqual,
  NOTHING,
  own,
} from './json-value.ts';
import { allFields } from './owned-fields.ts';
import { fieldElement, type PathElement, structureElement } from './path-element.ts';
import { fieldValue, identifyItem, isAtomic, schemaAt } from './schema-walk.ts';

export type Changes = { readonly added: FieldSet; readonly modified: FieldSet; readonly removed: FieldSet };

/** Compares two versions of an object. Fields in `ignored`, and all below them, count as unchanged. */
export const changesBetween = (comparison: {
  readonly schema: ObjectSchema;
  /** Undefined for an object that does not exist yet. */
  readonly before: JsonObject | undefined;
  readonly after: JsonObject;
  readonly ignored: FieldSet;
  /** What `after` does not mention is gone. Otherwise it is decoded: an absent structure stands for an empty one. */
  readonly literal?: boolean;
}): Changes => {
  const { schema, before = NOTHING, after, ignored, literal = false } = comparison;
  const changes = before === after ? undefined : structureChanges({ schema, before, after, ignored, literal });
  return { added: changes?.added ?? EMPTY, modified: changes?.modified ?? EMPTY, removed: changes?.removed ?? EMPTY };
};

export const hasChanges = ({ added, modified, removed }: Changes): boolean =>
  !isEmptyObject(added) || !isEmptyObject(modified) || !isEmptyObject(removed);

type Nodes = { [element: PathElement]: FieldSet };

/** The changes below one value, undefined where there are none. A set that is absent is empty. */
type NodeChanges = { added?: Nodes; modified?: Nodes; removed?: Nodes };
type Kind = keyof NodeChanges;
type ChangedNode = { added?: FieldSet; modified?: FieldSet; removed?: FieldSet };

const MODIFIED: ChangedNode = { modified: LEAF };

/** A place in both versions: what is there before and after, and how to read it. */
type Place<S extends Schema = Schema, V extends Json = Json> = {
  readonly schema: S;
  readonly before: V;
  readonly after: V;
  readonly ignored: FieldSet;
  readonly literal: boolean;
};

const valueChanges = (place: Place): ChangedNode | undefined => {
  const { before, after } = place;
  if (before === after) return undefined;
  const schema = schemaAt(place.schema, before, after);
  // Between null and empty there is nothing to descend into, yet the two differ.
  if (isAtomic(schema) || (isEmptyValue(before) && isEmptyValue(after))) {
    return jsonEqual(before, after) ? undefined : MODIFIED;
  }
  switch (schema.kind) {
    case 'list':
      return listChanges({ ...place, schema, before: isList(before) ? before : [], after: isList(after) ? after : [] });
    case 'map':
      return mapChanges({ ...place, schema, before: objectOrNothing(before), after: objectOrNothing(after) });
    case 'object':
      return structureChanges({ ...place, schema, before: objectOrNothing(before), after: objectOrNothing(after) });
    default:
      return undefined;
  }
};

const objectOrNothing = (value: Json): JsonObject => (isObject(value) ? value : NOTHING);

const isEmptyValue = (value: Json): boolean => {
  if (isList(value)) return value.length === 0;
  return value === null || (isObject(value) && isEmptyObject(value));
};

const structureChanges = (place: Place<ObjectSchema, JsonObject>): ChangedNode | undefined => {
  const { schema, before, after } = place;
  const changes: NodeChanges = {};
  for (const key in after) {
    if (before[key] === after[key] && own(before, key) !== undefined) continue;
    const field = fieldOf(schema, key);
    if (field !== undefined) fieldChanges(changes, field, place);
  }
  for (const key in before) {
    if (Object.hasOwn(after, key)) continue;
    const field = fieldOf(schema, key);
    if (field !== undefined) fieldChanges(changes, field, place);
  }
  return finished(changes);
};

/** A field the schema names, or one of the others there may be. */
const fieldOf = ({ fields, others }: ObjectSchema, key: string): Field | undefined =>
  fields.get(key) ??
  (others && { name: key, number: 0, schema: others, required: false, pointer: true, omitEmpty: true, inline: false });

const fieldChanges = (changes: NodeChanges, field: Field, place: Place<ObjectSchema, JsonObject>): void => {
  const { before, after, ignored, literal } = place;
  const element = structureElement(field.name);
  const ignoredBelow = ignored[element];
  if (ignoredBelow !== undefined && isEmptyObject(ignoredBelow)) return;
  const left = fieldValue(field, before);
  const right = literal ? own(after, field.name) : fieldValue(field, after);
  if (left === right) return;
  if (left === undefined || right === undefined) {
    const all = allFields((left ?? right) as Json, field.schema);
    const kept = ignoredBelow === undefined ? all : excluding(all, ignoredBelow);
    if (kept !== undefined) put(changes, left === undefined ? 'added' : 'removed', element, kept);
    return;
  }
  const below = { schema: field.schema, before: left, after: right, ignored: ignoredBelow ?? EMPTY, literal };
  putAll(changes, element, valueChanges(below));
};

const mapChanges = (place: Place<MapSchema, JsonObject>): ChangedNode | undefined => {
  const { before, after } = place;
  const { value } = place.schema;
  const changes: NodeChanges = {};
  for (const key in after) {
    const left = own(before, key);
    const right = after[key] as Json;
    if (left === right) continue;
    if (left === undefined) put(changes, 'added', fieldElement(key), allFields(right, value));
    else
      putAll(
        changes,
        fieldElement(key),
        valueChanges({ ...place, schema: value, before: left, after: right, ignored: EMPTY }),
      );
  }
  for (const key in before) {
    if (Object.hasOwn(after, key)) continue;
    put(changes, 'removed', fieldElement(key), allFields(before[key] as Json, value));
  }
  return finished(changes);
};

const listChanges = (place: Place<ListSchema, JsonList>): ChangedNode | undefined => {
  const { schema, literal } = place;
  // Most lists of a changed structure did not change themselves, and telling so is cheaper than indexing them.
  if (jsonEqual(place.before, place.after)) return undefined;
  const left = itemsByElement(schema, place.before);
  const right = itemsByElement(schema, place.after);
  const changes: NodeChanges = {};
  for (const [element, after] of right) {
    itemChanges(changes, element, { schema, before: left.get(element) ?? [], after, ignored: EMPTY, literal });
  }
  for (const [element, before] of left) {
    if (!right.has(element)) itemChanges(changes, element, { schema, before, after: [], ignored: EMPTY, literal });
  }
  return finished(changes);
};

/** Items that share an identity are owned together under their one element, like an atomic value. */
const itemChanges = (changes: NodeChanges, element: PathElement, place: Place<ListSchema, JsonList>): void => {
  const { before, after } = place;
  const { item } = place.schema;
  const [left] = before;
  const [right] = after;
  if (before.length >= 2 && after.length >= 2) {
    if (!jsonEqual(before, after)) put(changes, 'modified', element, LEAF);
  } else if (before.length >= 2) {
    if (right !== undefined) put(changes, 'added', element, allFields(right, item));
    put(changes, 'removed', element, LEAF);
  } else if (after.length >= 2) {
    if (left !== undefined) put(changes, 'removed', element, allFields(left, item));
    put(changes, 'added', element, LEAF);
  } else if (left === undefined) {
    put(changes, 'added', element, allFields(right as Json, item));
  } else if (right === undefined) {
    put(changes, 'removed', element, allFields(left, item));
  } else {
    putAll(changes, element, valueChanges({ ...place, schema: item, before: left, after: right }));
  }
};

const itemsByElement = (schema: ListSchema, list: JsonList): ReadonlyMap<PathElement, JsonList> => {
  const items = new Map<PathElement, Json[]>();
  for (const item of list) {
    const identity = identifyItem(schema, item);
    if ('error' in identity) continue;
    const known = items.get(identity.element);
    if (known === undefined) items.set(identity.element, [item]);
    else known.push(item);
  }
  return items;
};

const put = (changes: NodeChanges, kind: Kind, element: PathElement, node: FieldSet): void => {
  changes[kind] ??= {};
  changes[kind][element] = node;
};

const putAll = (changes: NodeChanges, element: PathElement, node: ChangedNode | undefined): void => {
  if (node === undefined) return;
  if (node.added !== undefined) put(changes, 'added', element, node.added);
  if (node.modified !== undefined) put(changes, 'modified', element, node.modified);
  if (node.removed !== undefined) put(changes, 'removed', element, node.removed);
};

const finished = (changes: NodeChanges): ChangedNode | undefined => {
  const { added, modified, removed } = changes;
  if (added === undefined && modified === undefined && removed === undefined) return undefined;
  return {
    ...(added !== undefined && { added: ordered(added) }),
    ...(modified !== undefined && { modified: ordered(modified) }),
    ...(removed !== undefined && { removed: ordered(removed) }),
  };
};
