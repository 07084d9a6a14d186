// Random objects of any schema whose lists can be patched: the items of keyed lists have keys of their own, sets have no
// duplicates, and nothing is free-form. Keys come from a small pool, so that two objects have many items in common.

import fc from 'fast-check';
import type { Field, ListSchema, ObjectSchema, Schema } from '../../../../infra/api/kinds/schema.ts';
import { isObject, type Json, type JsonObject } from '../../../../infra/api/patch/json-value.ts';
import { type Random, seededRandom } from '../../../../streams/base/random.ts';
import { objectsOf } from '../codec/schema-objects.ts';

/** What a keyed list's items are told apart by, in strategic merge patches or in server-side apply. */
export type KeysOf = (list: ListSchema, field: Field | undefined) => readonly string[];

export function keyedObjects(schema: ObjectSchema, keysOf: KeysOf): fc.Arbitrary<JsonObject> {
  return objectsOf(schema, 6).map((object) => {
    const keyed = keyedObject(object as JsonObject, schema, keysOf);
    const { metadata: _, status: __, apiVersion: ___, kind: ____, ...rest } = keyed;
    return { ...rest, metadata: { name: 'a' } };
  });
}

/** Two objects that agree in places, as the same object does before and after a change. */
export function changes(schema: ObjectSchema, keysOf: KeysOf): fc.Arbitrary<readonly [JsonObject, JsonObject]> {
  return fc
    .tuple(keyedObjects(schema, keysOf), keyedObjects(schema, keysOf), fc.integer())
    .map(([before, other, seed]) => [before, mixed(before, other, seededRandom(seed)) as JsonObject]);
}

/** Each field from either of the two, or from both of them. */
function mixed(left: Json | undefined, right: Json | undefined, random: Random): Json | undefined {
  const way = random.int(4);
  if (!isObject(left) || !isObject(right) || way === 0) return way % 2 === 0 ? left : right;
  const keys = new Set([...Object.keys(left), ...Object.keys(right)]);
  const own = (object: JsonObject, key: string) => (Object.hasOwn(object, key) ? object[key] : undefined);
  return Object.fromEntries(
    [...keys].flatMap((key): [string, Json][] => {
      const value = mixed(own(left, key), own(right, key), random);
      return value === undefined ? [] : [[key, value]];
    }),
  );
}

function keyedObject(object: JsonObject, schema: ObjectSchema, keysOf: KeysOf): JsonObject {
  return Object.fromEntries(
    Object.entries(object).flatMap(([name, value]): [string, Json][] => {
      const field = schema.fields.get(name);
      const kept = field === undefined ? undefined : keyed(value, { schema: field.schema, field, keysOf });
      return kept === undefined ? [] : [[name, kept]];
    }),
  );
}

type Place = { readonly schema: Schema; readonly field?: Field; readonly keysOf: KeysOf };

function keyed(value: Json, { schema, field, keysOf }: Place): Json | undefined {
  if (value === null || schema.kind === 'any') return undefined;
  if (schema.kind === 'scalar') return value;
  if (schema.kind === 'object') return keyedObject(value as JsonObject, schema, keysOf);
  if (schema.kind === 'map') {
    return Object.fromEntries(
      Object.entries(value as JsonObject).flatMap(([key, inner]): [string, Json][] => {
        const kept = keyed(inner, { schema: schema.value, keysOf });
        return kept === undefined ? [] : [[key, kept]];
      }),
    );
  }
  const items = (value as readonly Json[]).flatMap((item) => keyed(item, { schema: schema.item, keysOf }) ?? []);
  if (schema.item.kind === 'scalar') return [...new Set(items)];
  const [first, ...others] = keysOf(schema, field);
  if (first === undefined || schema.item.kind !== 'object') return items;
  const type = schema.item.fields.get(first)?.schema;
  const number = type?.kind === 'scalar' && type.type.startsWith('int') && type.type !== 'int-or-string';
  return items.map((item, index) => {
    const kept = Object.entries(item as JsonObject).filter(([name]) => !others.includes(name));
    return { ...Object.fromEntries(kept), [first]: number ? 80 + index : `item-${index}` };
  });
}
