// Random objects of any schema, in the form Go's JSON of them has: what was never set shows as Go shows it, what is
// set is canonical. Codecs must give them back unchanged.

import fc from 'fast-check';
import { zeroObject } from '../../../../infra/api/codec/go-shape.ts';
import type { AnySchema, Field, ObjectSchema, ScalarType, Schema } from '../../../../infra/api/kinds/schema.ts';

type Json = Record<string, unknown>;

const KEYS = fc.oneof(fc.constantFrom('app', 'kubernetes.io/name', '__proto__', 'constructor', 'ключ'), fc.string());
const QUANTITIES = fc.constantFrom('500m', '1', '1536Mi', '100k', '-3', '1e3', '107374182400m');
const SECONDS = fc.integer({ min: -62_135_596_799, max: 253_402_300_799 });

/** Objects of the schema, `depth` structures deep and a few fields wide. */
export function objectsOf(schema: ObjectSchema, depth = 5): fc.Arbitrary<Json> {
  const fields = [...schema.fields.values()].filter(
    ({ name, number }) => number !== 0 || (name !== 'kind' && name !== 'apiVersion'),
  );
  return fc.subarray(fields, { maxLength: Math.min(6, fields.length) }).chain((chosen) => {
    const values = chosen.flatMap((field): [string, fc.Arbitrary<unknown>][] => {
      const value = fieldValues(field, depth);
      return value === undefined ? [] : [[field.name, value]];
    });
    return fc.record(Object.fromEntries(values)).map((set) => ({ ...zeroObject(schema), ...set }));
  });
}

function fieldValues(field: Field, depth: number): fc.Arbitrary<unknown> | undefined {
  const value = valuesOf(field.schema, depth);
  if (value === undefined || field.pointer || !field.omitEmpty) return value;
  const structure = field.schema.kind === 'scalar' && field.schema.type === 'int-or-string';
  return structure ? value : value.filter((one) => one !== '' && one !== 0 && one !== false);
}

function valuesOf(schema: Schema, depth: number): fc.Arbitrary<unknown> | undefined {
  if (schema.kind === 'scalar')
    return schema.enum === undefined ? SCALARS[schema.type] : fc.constantFrom(...schema.enum);
  if (schema.kind === 'any') return anyValue(schema, depth);
  if (depth === 0) return undefined;
  if (schema.kind === 'object') return objectsOf(schema, depth - 1);
  const inner = valuesOf(schema.kind === 'list' ? schema.item : schema.value, depth - 1);
  if (inner === undefined) return undefined;
  if (schema.kind === 'list') return fc.array(inner, { minLength: 1, maxLength: 3 });
  return fc.uniqueArray(fc.tuple(KEYS, inner), { minLength: 1, maxLength: 3, selector: ([key]) => key }).map(asObject);
}

/** Plain property order and own `__proto__` keys, as JSON.parse makes them. */
function asObject(entries: readonly (readonly [string, unknown])[]): Json {
  return Object.fromEntries(entries);
}

function anyValue({ alternative }: AnySchema, depth: number): fc.Arbitrary<unknown> | undefined {
  // Through JSON and back: -0 and objects without a prototype are not what a parser makes.
  if (alternative === undefined) {
    const free = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 2 }), { maxKeys: 3 });
    return free.map((value) => JSON.parse(JSON.stringify(value)) as unknown);
  }
  if (depth === 0) return undefined;
  const single = objectsOf(alternative.schema, depth - 1);
  if (alternative.form === 'bool') return fc.oneof(fc.boolean(), single);
  const item = alternative.form === 'array' ? single : fc.string();
  return fc.oneof(single, fc.array<unknown>(item, { minLength: 1, maxLength: 2 }));
}

const SCALARS: Readonly<Record<ScalarType, fc.Arbitrary<unknown>>> = {
  string: fc.string({ unit: 'binary' }).filter((text) => text.isWellFormed()),
  boolean: fc.boolean(),
  int32: fc.integer(),
  int64: fc.maxSafeInteger(),
  double: fc.double({ noNaN: true, noDefaultInfinity: true }).filter((value) => !Object.is(value, -0)),
  bytes: fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes).toString('base64')),
  quantity: QUANTITIES,
  'int-or-string': fc.oneof(fc.integer(), fc.string()),
  time: SECONDS.map((seconds) => `${new Date(seconds * 1000).toISOString().slice(0, 19)}Z`),
  'micro-time': fc.tuple(SECONDS, fc.nat(999_999)).map(([seconds, micros]) => {
    const text = new Date(seconds * 1000).toISOString().slice(0, 19);
    return `${text}.${String(micros).padStart(6, '0')}Z`;
  }),
  duration: fc.constantFrom('0s', '1h30m0s', '1.5s', '2ms', '-5m0s'),
};
