// Strategic merge patches of every kind: what a client computes as the difference of two objects, with all directives,
// turns the one into the other; applied again it changes nothing.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { allKinds } from '../../../../infra/api/kinds/kinds.ts';
import type { Field, ListSchema, ObjectSchema, Schema } from '../../../../infra/api/kinds/schema.ts';
import { isList, isObject, type Json, type JsonObject } from '../../../../infra/api/patch/json-value.ts';
import { applyStrategicMergePatch } from '../../../../infra/api/patch/strategic-merge-patch.ts';
import { changes } from './keyed-objects.ts';
import { essence, frozen } from './support.ts';

const mergeKey = (_: ListSchema, field: Field | undefined): readonly string[] =>
  field?.patchStrategies?.includes('merge') === true && field.patchMergeKey !== undefined ? [field.patchMergeKey] : [];

const equal = (left: unknown, right: unknown): boolean => JSON.stringify(left) === JSON.stringify(right);

/** The patch that makes `to` of `from`, as kubectl computes it. */
function difference(from: JsonObject, to: JsonObject, schema: Schema): JsonObject {
  const patch: [string, Json][] = [];
  for (const key of new Set([...Object.keys(from), ...Object.keys(to)])) {
    const [before, after] = [from, to].map((object) => (Object.hasOwn(object, key) ? object[key] : undefined));
    const field = schema.kind === 'object' ? schema.fields.get(key) : undefined;
    const inner = schema.kind === 'map' ? schema.value : field?.schema;
    if (equal(before, after)) continue;
    if (after === undefined) patch.push([key, null]);
    else if (field?.patchStrategies?.includes('replace') === true) patch.push([key, after]);
    else if (isObject(before) && isObject(after) && inner !== undefined) {
      const changed = difference(before, after, inner);
      const retained = field?.patchStrategies?.includes('retainKeys') === true;
      patch.push([key, retained ? { ...changed, $retainKeys: Object.keys(after) } : changed]);
    } else if (isList(before) && isList(after) && field?.patchStrategies?.includes('merge') === true) {
      patch.push(...listDifference(field, before, after));
    } else patch.push([key, after]);
  }
  return Object.fromEntries(patch);
}

function listDifference(field: Field, before: readonly Json[], after: readonly Json[]): [string, Json][] {
  const { name, schema, patchMergeKey: key } = field;
  const order = `$setElementOrder/${name}`;
  const item = (schema as ListSchema).item;
  if (item.kind !== 'object' || key === undefined) {
    const gone = before.filter((value) => !after.includes(value));
    const patch: [string, Json][] = [
      [order, after],
      [name, after.filter((value) => !before.includes(value))],
    ];
    return gone.length === 0 ? patch : [...patch, [`$deleteFromPrimitiveList/${name}`, gone]];
  }
  const identity = (value: Json) => (value as JsonObject)[key] as Json;
  const find = (list: readonly Json[], id: Json) =>
    list.find((value) => identity(value) === id) as JsonObject | undefined;
  const changed = (after as readonly JsonObject[]).flatMap((value) => {
    const was = find(before, identity(value));
    if (was === undefined) return [value];
    return equal(was, value) ? [] : [itemDifference(was, value, { item, key })];
  });
  const gone = before.map(identity).filter((id) => find(after, id) === undefined);
  return [
    [order, after.map((value) => ({ [key]: identity(value) }))],
    [name, [...changed, ...gone.map((id) => ({ $patch: 'delete', [key]: id }))]],
  ];
}

function itemDifference(
  was: JsonObject,
  is: JsonObject,
  { item, key }: { item: ObjectSchema; key: string },
): JsonObject {
  return { ...difference(was, is, item), [key]: is[key] as Json };
}

/** Kubernetes cannot merge a list into one that stands in a map (`extra` of a certificate request); nothing else is refused. */
function refusal(object: JsonObject, patch: JsonObject, schema: Schema): RegExp {
  return meetsListInMap(object, patch, schema) ? /data type is not struct, instead is: map/ : /^nothing is refused$/;
}

function meetsListInMap(object: JsonObject, patch: JsonObject, schema: Schema | undefined): boolean {
  return Object.entries(patch).some(([key, change]) => {
    const current = Object.hasOwn(object, key) ? object[key] : undefined;
    if (isList(current) && isList(change)) return schema?.kind === 'map';
    const inner =
      schema?.kind === 'map' ? schema.value : schema?.kind === 'object' ? schema.fields.get(key)?.schema : undefined;
    return isObject(current) && isObject(change) && meetsListInMap(current, change, inner);
  });
}

const kinds = allKinds().filter(({ custom, verbs }) => custom === undefined && verbs.includes('patch'));

describe.each(kinds.map((kind) => [`${kind.resource}.${kind.group}/${kind.version}`, kind] as const))(
  '%s',
  (_, kind) => {
    test('a patch made of two objects turns the one into the other, and once is enough', () => {
      fc.assert(
        fc.property(changes(kind.schema, mergeKey), ([from, to]) => {
          const patch = frozen(difference(from, to, kind.schema));
          const once = applyStrategicMergePatch(frozen(from), patch, kind.schema);
          if (once.kind === 'invalid') {
            expect(once.message).toMatch(refusal(from, patch, kind.schema));
            return;
          }
          expect(essence(once.object)).toEqual(essence(to));
          const twice = applyStrategicMergePatch(frozen(once.object), patch, kind.schema);
          if (twice.kind === 'invalid') expect(twice.message).toMatch(refusal(once.object, patch, kind.schema));
          else expect(essence(twice.object)).toEqual(essence(to));
        }),
        { numRuns: 25 },
      );
    });
  },
);
