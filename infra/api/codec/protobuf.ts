// Kubernetes' protobuf bodies: four magic bytes and an Unknown{typeMeta, raw, contentEncoding, contentType} whose raw part
// is the object. Driven by schemas, so that every kind of the facts table is covered without code of its own.

import type { ObjectSchema } from '../kinds/schema.ts';
import { decodeMessage } from './protobuf-decode.ts';
import { writeMessage } from './protobuf-encode.ts';
import { WIRE_BYTES, WireFault, WireReader, WireWriter } from './wire.ts';

export const PROTOBUF_CONTENT_TYPE = 'application/vnd.kubernetes.protobuf';

/** `k8s\0`. */
export const MAGIC = Buffer.from([0x6b, 0x38, 0x73, 0x00]);

export type DecodedProtobuf =
  | {
      readonly type: 'decoded';
      readonly apiVersion: string;
      readonly kind: string;
      /** As Go's JSON of the object would parse, `kind` and `apiVersion` included where the envelope has them. */
      readonly value: Record<string, unknown>;
    }
  /** No schema answers to the envelope's type. */
  | { readonly type: 'unknown-kind'; readonly apiVersion: string; readonly kind: string }
  | { readonly type: 'malformed'; readonly message: string };

/** Finds the schema of a type; both texts are empty when the envelope does not name its type. */
export type SchemaLookup = (apiVersion: string, kind: string) => ObjectSchema | undefined;

export function decodeProtobuf(bytes: Uint8Array, lookup: SchemaLookup): DecodedProtobuf {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (buffer.length === 0) return { type: 'malformed', message: 'empty data' };
  if (!buffer.subarray(0, MAGIC.length).equals(MAGIC)) {
    const expected = `[${MAGIC.join(' ')}]`;
    return {
      type: 'malformed',
      message: `provided data does not appear to be a protobuf message, expected prefix ${expected}`,
    };
  }
  if (buffer.length === MAGIC.length) return { type: 'malformed', message: 'empty body' };
  try {
    return decodeEnvelope(buffer, lookup);
  } catch (error) {
    if (error instanceof WireFault) return { type: 'malformed', message: error.message };
    throw error;
  }
}

/** The envelope around an object. `apiVersion` and `kind` are taken from the object. */
export function encodeProtobuf(object: Readonly<Record<string, unknown>>, schema: ObjectSchema): Buffer {
  const writer = new WireWriter();
  writeText(writer, 4, '');
  writeText(writer, 3, '');
  const beforeRaw = writer.size;
  writeMessage(writer, object, schema);
  writer.part(2, beforeRaw);
  const beforeType = writer.size;
  writeText(writer, 2, textOf(object.kind));
  writeText(writer, 1, textOf(object.apiVersion));
  writer.part(1, beforeType);
  writer.raw(MAGIC);
  return writer.finish();
}

function decodeEnvelope(buffer: Buffer, lookup: SchemaLookup): DecodedProtobuf {
  const reader = new WireReader(buffer);
  reader.position = MAGIC.length;
  const { length } = buffer;
  let apiVersion = '';
  let kind = '';
  let rawStart = length;
  let rawEnd = length;
  while (reader.position < length) {
    const tag = reader.varint(length);
    const number = tag >>> 3;
    if ((tag & 7) !== WIRE_BYTES || number === 0 || number > 4) {
      reader.skip(tag & 7, length);
      continue;
    }
    const end = reader.partEnd(length);
    if (number === 1) [apiVersion, kind] = readTypeMeta(reader, end);
    else if (number === 2) [rawStart, rawEnd] = [reader.position, end];
    reader.position = end;
  }
  const schema = lookup(apiVersion, kind);
  if (schema === undefined) return { type: 'unknown-kind', apiVersion, kind };
  reader.position = rawStart;
  const message = decodeMessage(reader, rawEnd, schema);
  const value = { ...(kind !== '' && { kind }), ...(apiVersion !== '' && { apiVersion }), ...message };
  return { type: 'decoded', apiVersion, kind, value };
}

function readTypeMeta(reader: WireReader, end: number): readonly [apiVersion: string, kind: string] {
  let apiVersion = '';
  let kind = '';
  while (reader.position < end) {
    const tag = reader.varint(end);
    if (tag >>> 3 === 1 && (tag & 7) === WIRE_BYTES) apiVersion = reader.text(end);
    else if (tag >>> 3 === 2 && (tag & 7) === WIRE_BYTES) kind = reader.text(end);
    else reader.skip(tag & 7, end);
  }
  return [apiVersion, kind];
}

function writeText(writer: WireWriter, number: number, text: string): void {
  const before = writer.size;
  writer.text(text);
  writer.part(number, before);
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
