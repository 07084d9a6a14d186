// Which part of the old object a part of the new one continues, and whether it is as it was: fields are found by name,
// items of map lists by key, items of other lists not at all.

import { isObject } from '../../crd/json.ts';
import { identity, keysOf } from '../../crd/list-sets.ts';
import { type Structural, valueSchema } from '../../crd/structural.ts';
import { equal } from '../../registry/equal.ts';

/** A value beside the one it continues. */
export type Pair = { readonly next: unknown; readonly before: unknown; readonly schema: Structural };

export function fieldPair(pair: Pair, name: string): Pair | undefined {
  const { next, before, schema } = pair;
  if (!isObject(next) || !isObject(before)) return undefined;
  const inner = valueSchema(schema, name);
  if (inner === undefined || !Object.hasOwn(next, name) || !Object.hasOwn(before, name)) return undefined;
  return { next: next[name], before: before[name], schema: inner };
}

export function itemPair(pair: Pair, index: number): Pair | undefined {
  const { next, before, schema } = pair;
  if (!Array.isArray(next) || !Array.isArray(before) || schema.items === undefined) return undefined;
  const old = itemByKey(before, next[index], schema);
  return old === undefined ? undefined : { next: next[index], before: old, schema: schema.items };
}

/** The item of a map list with the same keys. */
export function itemByKey(list: readonly unknown[], item: unknown, schema: Structural): unknown {
  if (schema.listType !== 'map') return undefined;
  const wanted = identity(keysOf(item, schema.listKeys));
  return list.find((other) => identity(keysOf(other, schema.listKeys)) === wanted);
}

export function isUnchanged(pair: Pair): boolean {
  const { next, before, schema } = pair;
  if (Array.isArray(next) && Array.isArray(before) && schema.listType === 'map') {
    if (next.length !== before.length) return false;
    return next.every((_, index) => {
      const item = itemPair(pair, index);
      return item !== undefined && isUnchanged(item);
    });
  }
  if (isObject(next) && isObject(before)) {
    const names = Object.keys(next);
    if (names.length !== Object.keys(before).length) return false;
    return names.every((name) => {
      const field = fieldPair(pair, name);
      return field === undefined ? false : isUnchanged(field);
    });
  }
  return equal(next, before);
}
