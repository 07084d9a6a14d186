// What a mutation's expression built, put into the object: an `Object{…}` is merged as server-side apply merges, without
// owning anything; a list of `JSONPatch{…}` is applied one after the other.

import { BuiltObject } from '../../cel/built-object.ts';
import { elements } from '../../cel/collections.ts';
import { jsonOf } from '../../cel/json-of-value.ts';
import { isList, isMap, type Value } from '../../cel/values.ts';
import type { ObjectSchema, Schema } from '../../kinds/schema.ts';
import { applyJsonPatch } from '../../patch/json-patch.ts';
import { isList as isJsonList, isObject, type Json, type JsonObject } from '../../patch/json-value.ts';
import { isAtomic, schemaOfKey } from '../../patch/schema-walk.ts';
import { mergeApplied } from '../../patch/typed-merge.ts';
import { validateApplied } from '../../patch/validate-applied.ts';

export type MutationOutcome =
  | { readonly kind: 'mutated'; readonly object: object }
  | { readonly kind: 'failed'; readonly message: string };

export type MutationTarget = { readonly object: object; readonly schema: ObjectSchema };

export function applyMutation(type: string, value: Value, target: MutationTarget): MutationOutcome {
  return type === 'JSONPatch' ? patchWith(value, target) : configureWith(value, target);
}

function failed(message: string): MutationOutcome {
  return { kind: 'failed', message };
}

function configureWith(value: Value, { object, schema }: MutationTarget): MutationOutcome {
  if (!(value instanceof BuiltObject)) return failed('unsupported return type from ApplyConfiguration expression');
  const misnamed = typeProblems(value, 'Object');
  if (misnamed.length > 0) return failed(`type mismatch: ${misnamed.join('\n')}`);
  const built = jsonOf(value);
  if (!isObject(built as Json | undefined)) return failed('invalid return type');
  const { apiVersion, kind } = object as { readonly apiVersion: Json; readonly kind: Json };
  const configuration = { ...(built as JsonObject), apiVersion, kind };
  const malformed = validateApplied(configuration, schema);
  if (malformed !== undefined)
    return failed(`error applying patch: failed to convert patch object to typed object: ${malformed}`);
  const atomics = atomicPaths(configuration, schema, '');
  if (atomics.length > 0)
    return failed(
      `error applying patch: invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: ${atomics.join(', ')}`,
    );
  return { kind: 'mutated', object: mergeApplied(object as JsonObject, configuration, schema) };
}

/** Objects are typed by where they stand: what is at `spec.template` is an `Object.spec.template`. */
function typeProblems(value: Value, path: string): readonly string[] {
  if (value instanceof BuiltObject) {
    const { name } = value.type;
    const own =
      name === path
        ? []
        : [
            `unexpected type name ${JSON.stringify(name)}, expected ${JSON.stringify(path)}, which matches field name path from root Object type`,
          ];
    return [...own, ...[...value.fields].flatMap(([field, inner]) => typeProblems(inner, `${path}.${field}`))];
  }
  if (isList(value)) return [...elements(value)].flatMap((item) => typeProblems(item, path));
  if (isMap(value)) return value.keys().flatMap((key) => typeProblems(value.find(key) ?? null, path));
  return [];
}

/** What a configuration cannot change without replacing what it does not name. */
function atomicPaths(value: Json, schema: Schema, path: string): readonly string[] {
  if (isObject(value)) {
    const own = path !== '' && schema.kind !== 'any' && isAtomic(schema) ? [path] : [];
    const inner = Object.keys(value).flatMap((key) => {
      const below = schemaOfKey(schema, key);
      return below === undefined ? [] : atomicPaths(value[key] ?? null, below, `${path}.${key}`);
    });
    return [...own, ...inner];
  }
  if (!isJsonList(value) || schema.kind !== 'list') return [];
  const own = schema.listType === 'atomic' ? [path] : [];
  return [...own, ...value.flatMap((item, at) => atomicPaths(item, schema.item, `${path}[${at}]`))];
}

function patchWith(value: Value, { object }: MutationTarget): MutationOutcome {
  if (!isList(value)) return failed('type mismatch: JSONPatchType.expression should evaluate to array');
  const operations: JsonObject[] = [];
  for (const item of elements(value)) {
    if (!(item instanceof BuiltObject) || item.type.name !== 'JSONPatch')
      return failed('type mismatch: JSONPatchType.expression should evaluate to array of JSONPatch');
    const inner = item.fields.get('value');
    const misnamed = inner instanceof BuiltObject ? typeProblems(inner, inner.type.name) : [];
    if (misnamed.length > 0) return failed(`type mismatch: ${misnamed.join('\n')}`);
    const json = jsonOf(item) as Json | undefined;
    if (!isObject(json)) return failed('JSONPath valueExpression evaluated to a type that could not marshal to JSON');
    operations.push({ op: '', path: '', ...json });
  }
  const outcome = applyJsonPatch(object as JsonObject, operations);
  if (outcome.kind === 'patched') return { kind: 'mutated', object: outcome.object };
  const why = outcome.detail ?? outcome.message;
  // A test that fails means that there is nothing to do.
  if (/^testing (?:value )?.* failed/.test(why)) return { kind: 'mutated', object };
  return failed(`JSON Patch: ${why}`);
}
