// Conversions between types, and how much there is of something.

import { doubleText } from '../double-text.ts';
import { codePoints } from '../source.ts';
import { parseDuration, parseTimestamp, showDuration, showTimestamp, timestampOf } from '../time-arithmetic.ts';
import { typeOfValue } from '../type-of-value.ts';
import {
  CelError,
  Duration,
  type ListValue,
  type MapValue,
  type Result,
  type Timestamp,
  TypeValue,
  type Uint,
  type Value,
} from '../values.ts';
import { work } from '../work.ts';
import { int, uint } from './operators.ts';
import type { Library } from './signature.ts';

const itself = (value: Value): Value => value;

/** Constant arguments of these are converted once, when the expression is compiled. */
export const FOLDED_FUNCTIONS: ReadonlySet<string> = new Set([
  'bool',
  'bytes',
  'double',
  'duration',
  'dyn',
  'int',
  'string',
  'timestamp',
  'type',
  'uint',
]);

const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ...['1', 't', 'T', 'true', 'TRUE', 'True'].map((text) => [text, true] as const),
  ...['0', 'f', 'F', 'false', 'FALSE', 'False'].map((text) => [text, false] as const),
]);

export const CONVERSIONS: Library = {
  bool: {
    'bool_to_bool(bool) bool': itself,
    'string_to_bool(string) bool': (text: string) => BOOLEANS.get(text) ?? unconvertible('string', 'bool'),
  },
  bytes: {
    'bytes_to_bytes(bytes) bytes': itself,
    'string_to_bytes(string) bytes': (text: string) => new TextEncoder().encode(text),
  },
  double: {
    'double_to_double(double) double': itself,
    'int64_to_double(int) double': (value: bigint) => Number(value),
    'string_to_double(string) double': parseDouble,
    'uint64_to_double(uint) double': ({ value }: Uint) => Number(value),
  },
  duration: {
    'duration_to_duration(duration) duration': itself,
    'int64_to_duration(int) duration': (nanos: bigint) => new Duration(nanos),
    'string_to_duration(string) duration': (text: string) =>
      parseDuration(text) ?? unconvertible('string', 'google.protobuf.Duration'),
  },
  dyn: { 'to_dyn(A) dyn': itself },
  int: {
    'int64_to_int64(int) int': itself,
    'double_to_int64(double) int': (value: number) =>
      Number.isFinite(value) ? int(BigInt(Math.trunc(value))) : new CelError('integer overflow'),
    'duration_to_int64(duration) int': ({ nanos }: Duration) => nanos,
    'string_to_int64(string) int': (text: string) => parseInteger(text, 'int'),
    'timestamp_to_int64(timestamp) int': ({ nanos }: Timestamp) =>
      (nanos - (((nanos % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n)) / 1_000_000_000n,
    'uint64_to_int64(uint) int': ({ value }: Uint) => int(value),
  },
  string: {
    'string_to_string(string) string': itself,
    'bool_to_string(bool) string': String,
    'bytes_to_string(bytes) string': decode,
    'double_to_string(double) string': doubleText,
    'duration_to_string(duration) string': showDuration,
    'int64_to_string(int) string': String,
    'timestamp_to_string(timestamp) string': showTimestamp,
    'uint64_to_string(uint) string': ({ value }: Uint) => String(value),
    'ip_to_string(net.IP) string': (ip: { toString(): string }) => ip.toString(),
    'cidr_to_string(net.CIDR) string': (cidr: { toString(): string }) => cidr.toString(),
  },
  timestamp: {
    'timestamp_to_timestamp(timestamp) timestamp': itself,
    'int64_to_timestamp(int) timestamp': (seconds: bigint) => timestampOf(seconds * 1_000_000_000n),
    'string_to_timestamp(string) timestamp': (text: string) =>
      parseTimestamp(text) ?? unconvertible('string', 'google.protobuf.Timestamp'),
  },
  type: { 'type(A) type(A)': (value: Value) => new TypeValue(typeOfValue(value)) },
  uint: {
    'uint64_to_uint64(uint) uint': itself,
    'double_to_uint64(double) uint': (value: number) =>
      Number.isFinite(value) ? uint(BigInt(Math.trunc(value))) : new CelError('unsigned integer overflow'),
    'int64_to_uint64(int) uint': uint,
    'string_to_uint64(string) uint': (text: string) => parseInteger(text, 'uint'),
  },
  size: {
    'size_bytes(bytes) int': (bytes: Uint8Array) => BigInt(bytes.length),
    '.bytes_size(bytes) int': (bytes: Uint8Array) => BigInt(bytes.length),
    'size_list(list(A)) int': (list: ListValue) => BigInt(list.size),
    '.list_size(list(A)) int': (list: ListValue) => BigInt(list.size),
    'size_map(map(A, B)) int': (map: MapValue) => BigInt(map.size),
    '.map_size(map(A, B)) int': (map: MapValue) => BigInt(map.size),
    'size_string(string) int': length,
    '.string_size(string) int': length,
  },
};

function length(text: string): bigint {
  work(text.length >> 3);
  return BigInt(codePoints(text));
}

function unconvertible(from: string, to: string): CelError {
  return new CelError(`type conversion error from '${from}' to '${to}'`);
}

function parseDouble(text: string): Result {
  const special = /^([+-]?)(?:inf|infinity)$/i.exec(text);
  if (special !== null) return special[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  if (/^[+-]?nan$/i.test(text)) return Number.NaN;
  if (!/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text)) return unconvertible('string', 'double');
  const value = Number(text);
  return Number.isFinite(value) ? value : unconvertible('string', 'double');
}

function parseInteger(text: string, type: 'int' | 'uint'): Result {
  const form = type === 'int' ? /^[+-]?\d{1,20}$/ : /^\d{1,20}$/;
  if (!form.test(text)) return unconvertible('string', type);
  const value = type === 'int' ? int(BigInt(text.replace(/^\+/, ''))) : uint(BigInt(text));
  return value instanceof CelError ? unconvertible('string', type) : value;
}

function decode(bytes: Uint8Array): Result {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return new CelError('invalid UTF-8 in bytes, cannot convert to string');
  }
}
