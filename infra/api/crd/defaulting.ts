// Values the schema knows better: nulls that mean nothing go, and fields that are not there get the schema's defaults.
// Both happen to what is written and to what is read back, since a schema may have got its defaults after the object.
// Invariants: an object that lacks nothing is returned as it is; doing it twice changes nothing.

import { setKey } from '../codec/own-key.ts';
import { isObject, type Json, replaced } from './json.ts';
import { type Structural, valueSchema } from './structural.ts';

/** The value with the defaults of its schema filled in. Defaults are shared: nobody changes objects in place. */
export function defaulted(value: unknown, schema: Structural | undefined): unknown {
  if (schema === undefined || !schema.defaults) return value;
  if (Array.isArray(value)) return defaultedList(value, schema);
  return isObject(value) ? defaultedObject(value, schema) : value;
}

function defaultedObject(object: Json, schema: Structural): Json {
  let copy: Json | undefined;
  for (const [key, property] of schema.properties) {
    const given = property.default;
    if (given === undefined) continue;
    if (Object.hasOwn(object, key) && !isNothing(object[key], property)) continue;
    copy ??= { ...object };
    setKey(copy, key, given);
  }
  const filled = copy ?? object;
  for (const key in filled) {
    const inner = valueSchema(schema, key);
    if (inner === undefined) continue;
    const before = filled[key];
    const present = isNothing(before, inner) && inner.default !== undefined ? inner.default : before;
    const after = defaulted(present, inner);
    if (after === before) continue;
    copy ??= { ...object };
    setKey(copy, key, after);
  }
  return copy ?? object;
}

function defaultedList(list: readonly unknown[], schema: Structural): readonly unknown[] {
  const { items } = schema;
  if (items === undefined) return list;
  let copy: unknown[] | undefined;
  for (const [index, before] of list.entries()) {
    const present = isNothing(before, items) && items.default !== undefined ? items.default : before;
    const after = defaulted(present, items);
    if (after !== before) copy = replaced(list, copy, index, after);
  }
  return copy ?? list;
}

/** The value without the nulls of fields that may not be null and have no default to take their place. */
export function withoutNulls(value: unknown, schema: Structural | undefined): unknown {
  if (Array.isArray(value)) {
    let copy: unknown[] | undefined;
    for (const [index, before] of value.entries()) {
      if (typeof before !== 'object' || before === null) continue;
      const after = withoutNulls(before, schema?.items);
      if (after !== before) copy = replaced(value, copy, index, after);
    }
    return copy ?? value;
  }
  return isObject(value) && schema !== undefined ? objectWithoutNulls(value, schema) : value;
}

function objectWithoutNulls(object: Json, schema: Structural): Json {
  let copy: Json | undefined;
  for (const key in object) {
    const before = object[key];
    if (typeof before !== 'object') continue;
    const inner = valueSchema(schema, key);
    if (inner === undefined) continue;
    if (before !== null) {
      const after = withoutNulls(before, inner);
      if (after === before) continue;
      copy ??= { ...object };
      setKey(copy, key, after);
    } else if (!inner.nullable && inner.default === undefined) {
      copy ??= { ...object };
      delete copy[key];
    }
  }
  return copy ?? object;
}

/** A null that cannot be meant: the field may not be null. */
function isNothing(value: unknown, { nullable }: Structural): boolean {
  return value === null && !nullable;
}
