// The questions every walk over an object and its schema asks: what an absent field stands for, and how an item of a
// list is identified. Invariant: answers are those of Go's decoded types, because ownership and conflicts are defined on
// them: an absent structure that is not a pointer is the same as an empty one, an absent pointer is not.

import type { Field, ListSchema, ObjectSchema, ScalarType, Schema } from '../kinds/schema.ts';
import { goJson, goQuote } from './go-format.ts';
import { isList, isObject, type Json, type JsonObject, NOTHING, own } from './json-value.ts';
import { type PathElement, structureElement, valueElement } from './path-element.ts';

/** What a field is worth that is not in the JSON; undefined where absence is a value of its own. */
export const absentValue = (field: Field): Json | undefined => {
  if (field.omitZero === true) return undefined;
  const { schema, pointer, omitEmpty } = field;
  // Go's omitempty never omits a structure, and without it even a nil pointer is written.
  if (!pointer && schema.kind === 'object') return NOTHING;
  if (!pointer && schema.kind === 'scalar' && STRUCT_ZERO.has(schema.type)) return STRUCT_ZERO.get(schema.type) as Json;
  if (!pointer && schema.kind === 'any') return null;
  if (omitEmpty) return undefined;
  return pointer || schema.kind !== 'scalar' ? null : (PLAIN_ZERO.get(schema.type) ?? null);
};

/** The value of a field as Go's type holds it: null and absent mean the same. */
export const fieldValue = (field: Field, object: JsonObject): Json | undefined => {
  const value = own(object, field.name);
  return value === undefined || value === null ? absentValue(field) : value;
};

/** The schema below a key of an object or map; undefined where a structure does not know the field. */
export const schemaOfKey = (schema: Schema, key: string): Schema | undefined =>
  schema.kind === 'object'
    ? (schema.fields.get(key)?.schema ?? schema.others)
    : schema.kind === 'map'
      ? schema.value
      : undefined;

/** The schema as it is for a value, or for two: what nobody described merges only where both are maps. */
export const schemaAt = (schema: Schema, value: Json, other: Json = value): Schema =>
  schema.kind === 'map' && schema.deduced === true && !(isObject(value) && isObject(other)) ? WHOLE : schema;

const WHOLE: Schema = { kind: 'any' };

export type OrderedField = { readonly name: string; readonly element: PathElement; readonly schema: Schema };

/** A structure's fields in the order field sets have them, so that what is built along them needs no sorting. */
export const orderedFields = (schema: ObjectSchema): readonly OrderedField[] => {
  let fields = orderedBySchema.get(schema);
  if (fields === undefined) {
    const named = [...schema.fields.values()].map((field) => ({
      name: field.name,
      element: structureElement(field.name),
      schema: field.schema,
    }));
    fields = named.sort((left, right) => (left.element < right.element ? -1 : 1));
    orderedBySchema.set(schema, fields);
  }
  return fields;
};

const orderedBySchema = new WeakMap<ObjectSchema, readonly OrderedField[]>();

/** Whether server-side apply owns values of this schema as a whole. */
export const isAtomic = (schema: Schema): boolean => {
  switch (schema.kind) {
    case 'list':
      return schema.listType === 'atomic';
    case 'object':
    case 'map':
      return schema.atomic === true;
    case 'scalar':
    case 'any':
      return true;
  }
};

export type ItemIdentity = { readonly element: PathElement } | { readonly error: string };

/** How the list's items are told apart; an item without identity is an error in upstream's words. */
export const identifyItem = (list: ListSchema, item: Json): ItemIdentity =>
  list.keys.length > 0 ? identifyByKeys(list, item) : identifyByValue(item);

const identifyByKeys = (list: ListSchema, item: Json): ItemIdentity => {
  if (item === null) return { error: 'associative list with keys may not have a null element' };
  if (!isObject(item)) return { error: 'associative list with keys may not have non-map elements' };
  const only = list.keys.length === 1 ? own(item, list.keys[0] as string) : undefined;
  if (typeof only === 'string' || typeof only === 'number') return singleKey(list, only);
  let spelled = '';
  for (const key of sortedKeys(list)) {
    const value = own(item, key) ?? defaultOfKey(list.item, key);
    if (value === undefined) continue;
    spelled += `${spelled === '' ? '' : ','}${goJson(key)}:${goJson(value)}`;
  }
  if (spelled !== '') return { element: `k:{${spelled}}` };
  const names = list.keys.map(goQuote).join(' ');
  return {
    error: `associative list with keys has an element that omits all key fields [${names}] (and doesn't have default values for any key fields)`,
  };
};

/** Whether two items are the same one, where that shows without spelling their identities. */
export const sameItem = (list: ListSchema, left: Json, right: Json): boolean => {
  if (left === right) return true;
  if (list.keys.length === 0 || !isObject(left) || !isObject(right)) return false;
  for (const key of list.keys) {
    const value = own(left, key);
    if (value === undefined || typeof value === 'object' || value !== own(right, key)) return false;
  }
  return true;
};

/** An item told apart by one key. The same names come again and again: each is spelled once, and forgotten with many. */
const singleKey = (list: ListSchema, value: string | number): ItemIdentity => {
  let spelled = singleKeys.get(list);
  if (spelled === undefined) {
    spelled = new Map();
    singleKeys.set(list, spelled);
  }
  let identity = spelled.get(value);
  if (identity === undefined) {
    identity = { element: `k:{${goJson(list.keys[0] as string)}:${goJson(value)}}` };
    if (spelled.size >= spelledMax) spelled.clear();
    if (identity.element.length <= spelledCharsMax) spelled.set(value, identity);
  }
  return identity;
};

/** As elements spell them. */
const sortedKeys = (list: ListSchema): readonly string[] => {
  let keys = keysOf.get(list);
  if (keys === undefined) {
    keys = [...list.keys].sort();
    keysOf.set(list, keys);
  }
  return keys;
};

const keysOf = new WeakMap<ListSchema, readonly string[]>();
const spelledMax = 1_024;
/** Names are short; what a custom resource is told apart by may be anything. */
const spelledCharsMax = 1_024;
const singleKeys = new WeakMap<ListSchema, Map<string | number, ItemIdentity>>();

const identifyByValue = (item: Json): ItemIdentity => {
  if (isObject(item)) return { error: "associative list without keys has an element that's a map type" };
  if (isList(item)) return { error: 'not supported: associative list with lists as elements' };
  if (item === null) return { error: "associative list without keys has an element that's an explicit null" };
  return { element: valueElement(item) };
};

/** A key left out of an item counts with its default, or with Go's zero value where the type always writes it. */
const defaultOfKey = (item: Schema, key: string): Json | undefined => {
  const field = item.kind === 'object' ? (item satisfies ObjectSchema).fields.get(key) : undefined;
  if (field === undefined) return undefined;
  if (field.default !== undefined) return field.default as Json;
  return field.pointer || field.omitEmpty || field.schema.kind !== 'scalar' ? undefined : absentValue(field);
};

/** Scalars that are structures in Go and therefore never left out. */
const STRUCT_ZERO: ReadonlyMap<ScalarType, Json> = new Map<ScalarType, Json>([
  ['time', null],
  ['micro-time', null],
  ['quantity', '0'],
  ['int-or-string', 0],
  ['duration', '0s'],
]);

const PLAIN_ZERO: ReadonlyMap<ScalarType, Json> = new Map<ScalarType, Json>([
  ['string', ''],
  ['boolean', false],
  ['int32', 0],
  ['int64', 0],
  ['double', 0],
]);
