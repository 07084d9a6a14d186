// Writes an object of a known schema as Go's generated code does: fields in ascending order, zero scalars and
// structures of non-pointer fields written out, map keys sorted. Expects an object that conforms to its schema
// (see conform.ts); properties without a protobuf number are left out.

import { assertNever } from '../../../streams/base/assert.ts';
import { madeOf } from '../../../streams/resources/made-of.ts';
import type { AnySchema, ListSchema, MapSchema, ObjectSchema, ScalarType, Schema } from '../kinds/schema.ts';
import { canonicalSeconds, isCanonicalTime, parseDuration, parseTime, ZERO_TIME_SECONDS } from './time-text.ts';
import { WIRE_FIXED64, WIRE_VARINT, type WireWriter } from './wire.ts';
import { type WireField, wirePlan } from './wire-plan.ts';

type Json = Readonly<Record<string, unknown>>;

const NOTHING: Json = {};

export function writeMessage(writer: WireWriter, object: Json, schema: ObjectSchema): void {
  for (const field of wirePlan(schema).descending) {
    if (field.inlined === undefined) writeField(writer, field, object[field.name]);
    else {
      const before = writer.size;
      writeMessage(writer, object, field.schema as ObjectSchema);
      writer.part(field.number, before);
    }
  }
}

function writeField(writer: WireWriter, field: WireField, value: unknown): void {
  const absent = value === undefined || value === null;
  const { schema, number } = field;
  switch (schema.kind) {
    case 'object':
      if (absent && field.pointer) return;
      writePart(writer, number, schema, absent ? NOTHING : value);
      return;
    case 'list':
      if (!absent) writeOnce(writer, value as readonly unknown[], field);
      else if (schema.message === true && !field.pointer && !field.dropsEmpty) writer.part(number, writer.size);
      return;
    case 'map':
      if (!absent) writeOnce(writer, value as Json, field);
      return;
    case 'any':
      if (absent && field.pointer) return;
      if (typeof value === 'object' && value !== null) writeOnce(writer, value, field);
      else writePart(writer, number, schema, value);
      return;
    case 'scalar':
      if (absent && (field.pointer || schema.type === 'bytes')) return;
      writeScalar(writer, number, schema.type, value);
      return;
    default:
      assertNever(schema);
  }
}

function writeList(writer: WireWriter, number: number, schema: ListSchema, items: readonly unknown[]): void {
  const before = writer.size;
  const itemNumber = schema.message === true ? 1 : number;
  for (let index = items.length - 1; index >= 0; index--) {
    writeValue(writer, itemNumber, schema.item, items[index]);
  }
  if (schema.message === true) writer.part(number, before);
}

function writeMap(writer: WireWriter, number: number, schema: MapSchema, map: Json): void {
  const keys = Object.keys(map).sort();
  for (let index = keys.length - 1; index >= 0; index--) {
    const key = keys[index] as string;
    const before = writer.size;
    writeValue(writer, 2, schema.value, map[key]);
    writeScalar(writer, 1, 'string', key);
    writer.part(number, before);
  }
}

/** A value that is always there: an item of a list or a value of a map. */
function writeValue(writer: WireWriter, number: number, schema: Schema, value: unknown): void {
  if (schema.kind === 'scalar') writeScalar(writer, number, schema.type, value);
  else if (schema.kind === 'list') writeList(writer, number, schema, (value ?? []) as readonly unknown[]);
  else writePart(writer, number, schema, value);
}

function writePart(writer: WireWriter, number: number, schema: Schema, value: unknown): void {
  const before = writer.size;
  if (schema.kind === 'object') writeOnce(writer, (value ?? NOTHING) as Json, schema);
  else if (schema.kind === 'any') writeAny(writer, schema, value);
  writer.part(number, before);
}

/** A value that several objects share is written once for all of them: as a message, or as all there is of a field. */
function writeOnce(writer: WireWriter, value: object, by: ObjectSchema | WireField): void {
  const made = madeOf(value);
  if (made?.by === by && made.bytes !== undefined) {
    writer.raw(made.bytes);
    return;
  }
  const before = writer.size;
  if ('kind' in by) writeMessage(writer, value as Json, by);
  else if (by.schema.kind === 'list') writeList(writer, by.number, by.schema, value as readonly unknown[]);
  else if (by.schema.kind === 'map') writeMap(writer, by.number, by.schema, value as Json);
  else writePart(writer, by.number, by.schema, value);
  if (made === undefined) return;
  made.by = by;
  made.bytes = writer.since(before);
}

function writeScalar(writer: WireWriter, number: number, type: ScalarType, value: unknown): void {
  switch (type) {
    case 'string': {
      const before = writer.size;
      writer.text((value ?? '') as string);
      writer.part(number, before);
      return;
    }
    case 'bytes': {
      const before = writer.size;
      writer.raw(Buffer.from((value ?? '') as string, 'base64'));
      writer.part(number, before);
      return;
    }
    case 'boolean':
      writer.varint(value === true ? 1 : 0);
      writer.tag(number, WIRE_VARINT);
      return;
    case 'int32':
    case 'int64':
      writer.varint((value ?? 0) as number);
      writer.tag(number, WIRE_VARINT);
      return;
    case 'double':
      writer.double((value ?? 0) as number);
      writer.tag(number, WIRE_FIXED64);
      return;
    case 'quantity':
    case 'int-or-string':
    case 'time':
    case 'micro-time':
    case 'duration': {
      const before = writer.size;
      writeSpecial(writer, type, value);
      writer.part(number, before);
      return;
    }
    default:
      assertNever(type);
  }
}

function writeSpecial(writer: WireWriter, type: ScalarType, value: unknown): void {
  if (type === 'quantity') writeScalar(writer, 1, 'string', value === undefined || value === null ? '0' : `${value}`);
  else if (type === 'int-or-string') {
    const isText = typeof value === 'string';
    writeScalar(writer, 3, 'string', isText ? value : '');
    writeScalar(writer, 2, 'int32', isText ? 0 : value);
    writeScalar(writer, 1, 'int64', isText ? 1 : 0);
  } else if (type === 'duration') {
    const nanos = parseDuration((value ?? '0s') as string);
    writeScalar(writer, 1, 'int64', typeof nanos === 'number' ? nanos : 0);
  } else if (typeof value === 'string' && isCanonicalTime(value)) {
    writeScalar(writer, 2, 'int32', 0);
    writeScalar(writer, 1, 'int64', canonicalSeconds(value));
  } else if (typeof value === 'string') {
    const time = parseTime(value);
    // Year 1 is Go's zero time, an empty message.
    if (time.kind === 'malformed' || time.seconds === ZERO_TIME_SECONDS) return;
    writeScalar(writer, 2, 'int32', type === 'time' ? 0 : Math.trunc(time.nanos / 1000) * 1000);
    writeScalar(writer, 1, 'int64', time.seconds);
  }
}

/** Free JSON travels as its text. Bytes are taken as they are: an object somebody encoded already. */
function writeAny(writer: WireWriter, schema: AnySchema, value: unknown): void {
  if (schema.alternative !== undefined) {
    writeAlternative(writer, schema.alternative, value);
    return;
  }
  if (value === undefined || value === null) return;
  const before = writer.size;
  if (value instanceof Uint8Array) writer.raw(value);
  else writer.text(JSON.stringify(value));
  writer.part(1, before);
}

function writeAlternative(
  writer: WireWriter,
  { form, schema }: NonNullable<AnySchema['alternative']>,
  value: unknown,
): void {
  if (Array.isArray(value)) {
    const item: Schema = form === 'strings' ? { kind: 'scalar', type: 'string' } : schema;
    for (const entry of value.toReversed()) writeValue(writer, 2, item, entry);
  } else if (typeof value === 'object' && value !== null) writePart(writer, form === 'bool' ? 2 : 1, schema, value);
  if (form === 'bool') writeScalar(writer, 1, 'boolean', value !== false && value !== null && value !== undefined);
}
