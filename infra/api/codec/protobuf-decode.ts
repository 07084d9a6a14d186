// Reads a message of a known schema into the object that Go's JSON of it would parse to: zero values appear or vanish
// exactly as Go prints them. Unknown fields are skipped, as protobuf demands. Throws WireFault on broken bytes.

import { assertNever } from '../../../streams/base/assert.ts';
import type { AnySchema, ListSchema, MapSchema, ObjectSchema, ScalarType, Schema } from '../kinds/schema.ts';
import { zeroOf } from './go-shape.ts';
import { setKey } from './own-key.ts';
import { durationText, microTimeText, timeText, ZERO_TIME_SECONDS } from './time-text.ts';
import { WIRE_BYTES, WIRE_FIXED64, WIRE_VARINT, WireFault, type WireReader } from './wire.ts';
import { type WireField, type WirePlan, wirePlan } from './wire-plan.ts';

type Json = Record<string, unknown>;

/** Bounds recursion on hostile input; real objects nest some twenty messages, schemas of definitions a hundred. */
const DEPTH_MAX = 500;
/** 9999-12-31T23:59:59Z, the last second RFC 3339 can say. */
const LAST_SECOND = 253_402_300_799;

export function decodeMessage(reader: WireReader, end: number, schema: ObjectSchema, depth = 0): Json {
  const plan = wirePlan(schema);
  const object: Json = {};
  readFields(reader, end, plan, object, depth);
  fill(plan, object);
  return object;
}

function fill(plan: WirePlan, object: Json): void {
  for (const { name, zero } of plan.fills) if (object[name] === undefined) object[name] = zero();
}

function readFields(reader: WireReader, end: number, plan: WirePlan, object: Json, depth: number): void {
  if (depth > DEPTH_MAX) throw new WireFault('messages are nested too deeply');
  while (reader.position < end) {
    const tag = reader.varint(end);
    const wireType = tag & 7;
    const field = plan.byNumber[tag >>> 3];
    if (field === undefined) {
      if (tag >>> 3 === 0) throw new WireFault(`proto: illegal tag 0 (wire type ${tag})`);
      reader.skip(wireType, end);
    } else if (field.inlined !== undefined) {
      expectWire(wireType, WIRE_BYTES, field.name);
      readFields(reader, reader.partEnd(end), field.inlined, object, depth + 1);
    } else readField(reader, end, field, wireType, object, depth);
  }
}

function readField(reader: WireReader, end: number, field: WireField, wireType: number, object: Json, depth: number) {
  const { name, schema } = field;
  switch (schema.kind) {
    case 'object':
      expectWire(wireType, WIRE_BYTES, name);
      object[name] = readObject(reader, end, schema, depth, object[name]);
      return;
    case 'list':
      readListField(reader, end, field, schema, wireType, object, depth);
      return;
    case 'map': {
      expectWire(wireType, WIRE_BYTES, name);
      const map = (object[name] as Json | null | undefined) ?? {};
      object[name] = map;
      readEntry(reader, reader.partEnd(end), schema, map, depth);
      return;
    }
    case 'any':
      expectWire(wireType, WIRE_BYTES, name);
      object[name] = readAny(reader, reader.partEnd(end), schema, depth);
      return;
    case 'scalar': {
      const value = readScalar(reader, end, schema.type, wireType, name);
      const empty = (value === '' || value === 0 || value === false) && schema.type !== 'int-or-string';
      if ((empty && field.dropsEmpty) || (value === null && field.dropsZeroTime)) delete object[name];
      else object[name] = value;
      return;
    }
    default:
      assertNever(schema);
  }
}

/** A message that comes twice is merged, which only a writer other than Go's would send. */
function readObject(reader: WireReader, end: number, schema: ObjectSchema, depth: number, before: unknown): Json {
  const partEnd = reader.partEnd(end);
  if (before === undefined || before === null) return decodeMessage(reader, partEnd, schema, depth + 1);
  readFields(reader, partEnd, wirePlan(schema), before as Json, depth + 1);
  return before as Json;
}

function readListField(
  reader: WireReader,
  end: number,
  field: WireField,
  schema: ListSchema,
  wireType: number,
  object: Json,
  depth: number,
): void {
  const { name } = field;
  if (schema.message === true) {
    expectWire(wireType, WIRE_BYTES, name);
    object[name] = readListMessage(reader, reader.partEnd(end), schema, depth);
    return;
  }
  // Null is what a message that comes once more was given for a list it did not have.
  const list = (object[name] as unknown[] | null | undefined) ?? [];
  object[name] = list;
  const { item } = schema;
  const packed = wireType === WIRE_BYTES && item.kind === 'scalar' && isVarint(item.type);
  if (!packed) list.push(readValue(reader, end, item, wireType, name, depth));
  else {
    const partEnd = reader.partEnd(end);
    while (reader.position < partEnd) list.push(readValue(reader, partEnd, item, WIRE_VARINT, name, depth));
  }
}

/** A named slice has a message of its own: `{1: items}`. Without items it is Go's nil. */
function readListMessage(reader: WireReader, end: number, schema: ListSchema, depth: number): unknown[] | null {
  let list: unknown[] | null = null;
  while (reader.position < end) {
    const tag = reader.varint(end);
    if (tag >>> 3 !== 1) reader.skip(tag & 7, end);
    else {
      list ??= [];
      list.push(readValue(reader, end, schema.item, tag & 7, 'items', depth));
    }
  }
  return list;
}

function readEntry(reader: WireReader, end: number, schema: MapSchema, map: Json, depth: number): void {
  let key = '';
  let value: unknown;
  while (reader.position < end) {
    const tag = reader.varint(end);
    const number = tag >>> 3;
    if (number === 1) {
      expectWire(tag & 7, WIRE_BYTES, 'key');
      key = reader.text(end);
    } else if (number === 2) value = readValue(reader, end, schema.value, tag & 7, 'value', depth);
    else reader.skip(tag & 7, end);
  }
  setKey(map, key, value === undefined ? zeroOf(schema.value) : value);
}

function readValue(
  reader: WireReader,
  end: number,
  schema: Schema,
  wireType: number,
  name: string,
  depth: number,
): unknown {
  if (schema.kind === 'scalar') return readScalar(reader, end, schema.type, wireType, name);
  expectWire(wireType, WIRE_BYTES, name);
  const partEnd = reader.partEnd(end);
  switch (schema.kind) {
    case 'object':
      return decodeMessage(reader, partEnd, schema, depth + 1);
    case 'list':
      return readListMessage(reader, partEnd, schema, depth);
    case 'any':
      return readAny(reader, partEnd, schema, depth);
    case 'map':
      throw new WireFault(`maps cannot be items of ${name}`);
    default:
      return assertNever(schema);
  }
}

function isVarint(type: ScalarType): boolean {
  return type === 'int32' || type === 'int64' || type === 'boolean';
}

function readScalar(reader: WireReader, end: number, type: ScalarType, wireType: number, name: string): unknown {
  expectWire(wireType, isVarint(type) ? WIRE_VARINT : type === 'double' ? WIRE_FIXED64 : WIRE_BYTES, name);
  switch (type) {
    case 'string':
      return reader.text(end);
    case 'boolean':
      return reader.varint(end) !== 0 || reader.high !== 0;
    case 'int32':
      return reader.varint(end);
    case 'int64':
      return reader.int64(end);
    case 'double':
      return reader.double(end);
    case 'bytes':
      return reader.base64(end);
    case 'quantity':
    case 'int-or-string':
    case 'time':
    case 'micro-time':
    case 'duration':
      return readSpecial(reader, reader.partEnd(end), type);
    default:
      return assertNever(type);
  }
}

/** The small messages whose JSON is a single text or number; all number their fields 1 to 3. */
function readSpecial(reader: WireReader, end: number, type: ScalarType): unknown {
  const start = reader.position;
  let first = 0;
  let second = 0;
  let text = '';
  while (reader.position < end) {
    const tag = reader.varint(end);
    const wireType = tag & 7;
    if (wireType === WIRE_BYTES) text = reader.text(end);
    else if (wireType !== WIRE_VARINT) reader.skip(wireType, end);
    else if (tag >>> 3 === 1) first = reader.int64(end);
    else second = reader.varint(end);
  }
  if (type === 'quantity') return text === '' ? '0' : text;
  if (type === 'int-or-string') return first === 0 ? second : text;
  if (type === 'duration') return durationText(first);
  if (end === start || first === ZERO_TIME_SECONDS) return null;
  if (first < ZERO_TIME_SECONDS || first > LAST_SECOND) throw new WireFault('a time lies outside the years 1 to 9999');
  return type === 'time' ? timeText(first) : microTimeText(first, second);
}

function readAny(reader: WireReader, end: number, schema: AnySchema, depth: number): unknown {
  if (schema.alternative !== undefined) return readAlternative(reader, end, schema.alternative, depth);
  let value: unknown = null;
  while (reader.position < end) {
    const tag = reader.varint(end);
    if (tag >>> 3 !== 1 || (tag & 7) !== WIRE_BYTES) reader.skip(tag & 7, end);
    else value = parseJson(reader.text(end));
  }
  return value;
}

function parseJson(text: string): unknown {
  if (text === '') return null;
  try {
    return JSON.parse(text);
  } catch {
    throw new WireFault('an embedded object is not JSON');
  }
}

/** `{1: schema or allows, 2: schemas, schema or names}`, depending on what the other form is. */
function readAlternative(
  reader: WireReader,
  end: number,
  { form, schema }: NonNullable<AnySchema['alternative']>,
  depth: number,
): unknown {
  let single: unknown = form === 'bool' ? false : null;
  const many: unknown[] = [];
  while (reader.position < end) {
    const tag = reader.varint(end);
    const number = tag >>> 3;
    if (number === 1 && form === 'bool') single = reader.varint(end) !== 0;
    else if (number > 2 || (tag & 7) !== WIRE_BYTES) reader.skip(tag & 7, end);
    else if (number === 2 && form === 'strings') many.push(reader.text(end));
    else {
      const value = decodeMessage(reader, reader.partEnd(end), schema, depth + 1);
      if (number === 2 && form === 'array') many.push(value);
      else single = value;
    }
  }
  return many.length > 0 ? many : single;
}

function expectWire(found: number, expected: number, name: string): void {
  if (found !== expected) throw new WireFault(`proto: wrong wireType = ${found} for field ${goFieldName(name)}`);
}

function goFieldName(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}
