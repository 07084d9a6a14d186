// What Go's JSON of a structure always holds: the zero values that are printed although nobody set them. Protobuf
// decoding and the walker over JSON bodies both fill them in, so that an object looks the same however it arrived.
// Invariant: computed once per schema object, then only looked up.

import { assertNever } from '../../../streams/base/assert.ts';
import type { Field, ObjectSchema, ScalarType, Schema } from '../kinds/schema.ts';

/** A field that Go prints even when it was never set, with a maker of its zero value. */
export type Fill = { readonly name: string; readonly zero: () => unknown };

const fills = new WeakMap<ObjectSchema, readonly Fill[]>();

/** The fields of a structure that are printed when absent. */
export function fillsOf(schema: ObjectSchema): readonly Fill[] {
  let known = fills.get(schema);
  if (known === undefined) {
    known = [...schema.fields.values()].flatMap((field) => {
      const zero = zeroWhenAbsent(field);
      return zero === undefined ? [] : [{ name: field.name, zero }];
    });
    fills.set(schema, known);
  }
  return known;
}

/** The zero structure as Go prints it. */
export function zeroObject(schema: ObjectSchema): Record<string, unknown> {
  const object: Record<string, unknown> = {};
  for (const { name, zero } of fillsOf(schema)) object[name] = zero();
  return object;
}

/** Whether Go leaves this value of the field out when it prints: the empty values of plain `omitempty` fields. */
export function dropsWhenEmpty(field: Field): boolean {
  return field.omitEmpty && !field.pointer;
}

/** The zero value of a type that is not a pointer, as Go prints it. */
export function zeroOf(schema: Schema): unknown {
  switch (schema.kind) {
    case 'object':
      return zeroObject(schema);
    case 'list':
    case 'map':
    case 'any':
      return schema.kind === 'any' && schema.alternative?.form === 'bool' ? false : null;
    case 'scalar':
      return ZERO_SCALARS[schema.type];
    default:
      return assertNever(schema);
  }
}

const ZERO_SCALARS: Readonly<Record<ScalarType, unknown>> = {
  string: '',
  boolean: false,
  int32: 0,
  int64: 0,
  double: 0,
  bytes: null,
  quantity: '0',
  'int-or-string': 0,
  time: null,
  'micro-time': null,
  duration: '0s',
};

/** Types that are structures in Go: `omitempty` never leaves them out. */
const STRUCT_SCALARS: ReadonlySet<ScalarType> = new Set<ScalarType>([
  'quantity',
  'int-or-string',
  'time',
  'micro-time',
  'duration',
]);

function zeroWhenAbsent(field: Field): (() => unknown) | undefined {
  const { schema } = field;
  if (field.pointer) return field.omitEmpty ? undefined : () => null;
  if (field.omitZero === true) return undefined;
  const struct = isStruct(schema);
  if (field.omitEmpty && !struct) return undefined;
  if (schema.kind === 'object') return () => zeroObject(schema);
  const zero = zeroOf(schema);
  return () => zero;
}

function isStruct(schema: Schema): boolean {
  if (schema.kind === 'scalar') return STRUCT_SCALARS.has(schema.type);
  return schema.kind === 'object' || schema.kind === 'any';
}
