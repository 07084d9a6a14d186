// Arithmetic, comparison, membership and indexing. Integers overflow with an error, never silently.

import { concatenate, isKey } from '../collections.ts';
import { compare, contains, equal } from '../equality.ts';
import { INT_MAX, INT_MIN, UINT_MAX } from '../literals.ts';
import { addDurations, addToTimestamp, durationOf, subtractTimestamps } from '../time-arithmetic.ts';
import {
  CelError,
  Duration,
  type ListValue,
  type MapValue,
  NOTHING,
  Optional,
  type Result,
  type Timestamp,
  typeNameOf,
  Uint,
  type Value,
} from '../values.ts';
import type { Library } from './signature.ts';

const ORDERED: readonly (readonly [string, string])[] = [
  ['bool', 'bool'],
  ['int64', 'int'],
  ['uint64', 'uint'],
  ['double', 'double'],
  ['string', 'string'],
  ['bytes', 'bytes'],
  ['timestamp', 'timestamp'],
  ['duration', 'duration'],
];
const NUMBERS: ReadonlySet<string> = new Set(['int', 'uint', 'double']);

export const OPERATORS: Library = {
  '_==_': { 'equals(A, A) bool': equal },
  '_!=_': { 'not_equals(A, A) bool': (left: Value, right: Value) => !equal(left, right) },
  '!_': { 'logical_not(bool) bool': (value: boolean) => !value },
  '_&&_': { 'logical_and(bool, bool) bool': 'special' },
  '_||_': { 'logical_or(bool, bool) bool': 'special' },
  '_?_:_': { 'conditional(bool, A, A) A': 'special' },
  '@not_strictly_false': { 'not_strictly_false(bool) bool': 'special' },
  '-_': {
    'negate_double(double) double': (value: number) => -value,
    'negate_int64(int) int': (value: bigint) => int(-value),
  },
  '_+_': {
    'add_bytes(bytes, bytes) bytes': (left: Uint8Array, right: Uint8Array) => Uint8Array.from([...left, ...right]),
    'add_double(double, double) double': (left: number, right: number) => left + right,
    'add_duration_duration(duration, duration) duration': addDurations,
    'add_duration_timestamp(duration, timestamp) timestamp': (by: Duration, to: Timestamp) => addToTimestamp(to, by),
    'add_timestamp_duration(timestamp, duration) timestamp': addToTimestamp,
    'add_int64(int, int) int': (left: bigint, right: bigint) => int(left + right),
    'add_list(list(A), list(A)) list(A)': concatenate,
    'add_string(string, string) string': (left: string, right: string) => left + right,
    'add_uint64(uint, uint) uint': (left: Uint, right: Uint) => uint(left.value + right.value),
  },
  '_-_': {
    'subtract_double(double, double) double': (left: number, right: number) => left - right,
    'subtract_duration_duration(duration, duration) duration': (left: Duration, right: Duration) =>
      durationOf(left.nanos - right.nanos),
    'subtract_int64(int, int) int': (left: bigint, right: bigint) => int(left - right),
    'subtract_timestamp_duration(timestamp, duration) timestamp': (from: Timestamp, by: Duration) =>
      addToTimestamp(from, new Duration(-by.nanos)),
    'subtract_timestamp_timestamp(timestamp, timestamp) duration': subtractTimestamps,
    'subtract_uint64(uint, uint) uint': (left: Uint, right: Uint) => uint(left.value - right.value),
  },
  '_*_': {
    'multiply_double(double, double) double': (left: number, right: number) => left * right,
    'multiply_int64(int, int) int': (left: bigint, right: bigint) => int(left * right),
    'multiply_uint64(uint, uint) uint': (left: Uint, right: Uint) => uint(left.value * right.value),
  },
  '_/_': {
    'divide_double(double, double) double': (left: number, right: number) => left / right,
    'divide_int64(int, int) int': (left: bigint, right: bigint) =>
      right === 0n ? new CelError('division by zero') : int(left / right),
    'divide_uint64(uint, uint) uint': (left: Uint, right: Uint) =>
      right.value === 0n ? new CelError('division by zero') : uint(left.value / right.value),
  },
  '_%_': {
    'modulo_int64(int, int) int': (left: bigint, right: bigint) =>
      right === 0n ? new CelError('modulus by zero') : int(left % right),
    'modulo_uint64(uint, uint) uint': (left: Uint, right: Uint) =>
      right.value === 0n ? new CelError('modulus by zero') : uint(left.value % right.value),
  },
  '_<_': comparison('less', (order) => order < 0),
  '_<=_': comparison('less_equals', (order) => order <= 0),
  '_>_': comparison('greater', (order) => order > 0),
  '_>=_': comparison('greater_equals', (order) => order >= 0),
  '@in': {
    'in_list(A, list(A)) bool': (value: Value, list: ListValue) => contains(list, value),
    'in_map(A, map(A, B)) bool': (key: Value, map: MapValue) => map.find(key) !== undefined,
  },
  '_[_]': {
    'index_list(list(A), int) A': (list: ListValue, index: Value) => elementAt(list, index),
    'index_map(map(A, B), A) B': (map: MapValue, key: Value) => entryAt(map, key),
    'optional_list_index_int(optional_type(list(V)), int) optional_type(V)': maybeIn,
    'optional_map_index_value(optional_type(map(K, V)), K) optional_type(V)': maybeIn,
  },
  '_[?_]': {
    'list_optindex_optional_int(list(V), int) optional_type(V)': maybeAt,
    'optional_list_optindex_optional_int(optional_type(list(V)), int) optional_type(V)': maybeIn,
    'map_optindex_optional_value(map(K, V), K) optional_type(V)': maybeAt,
    'optional_map_optindex_optional_value(optional_type(map(K, V)), K) optional_type(V)': maybeIn,
  },
  '_?._': { 'select_optional_field(dyn, string) optional_type(V)': maybeAt },
};

/** The overloads of a comparison: of every ordered type with itself, of every number type with the others. */
function comparison(id: string, holds: (order: number) => boolean): Library[string] {
  const decide = (left: Value, right: Value): Result => {
    const order = compare(left, right);
    if (typeof order === 'number') return holds(order);
    return order;
  };
  const overloads: Record<string, typeof decide> = {};
  for (const [name, type] of ORDERED) {
    overloads[`${id}_${name}(${type}, ${type}) bool`] = decide;
    if (!NUMBERS.has(type)) continue;
    for (const [other, otherType] of ORDERED)
      if (NUMBERS.has(otherType) && otherType !== type)
        overloads[`${id}_${name}_${other}(${type}, ${otherType}) bool`] = decide;
  }
  return overloads;
}

export function int(value: bigint): bigint | CelError {
  return value < INT_MIN || value > INT_MAX ? new CelError('integer overflow') : value;
}

export function uint(value: bigint): Uint | CelError {
  return value < 0n || value > UINT_MAX ? new CelError('unsigned integer overflow') : new Uint(value);
}

export function elementAt(list: ListValue, index: Value): Result {
  const found = elementOf(list, index);
  return found === undefined ? new CelError(`index out of bounds: ${showKey(index)}`) : found;
}

/** Undefined beyond the list's ends. */
export function elementOf(list: ListValue, index: Value): Result | undefined {
  const value = index instanceof Uint ? index.value : index;
  const whole = typeof value === 'bigint' || (typeof value === 'number' && Number.isInteger(value));
  if (!whole) return new CelError(`unsupported index type '${typeof value === 'string' ? 'string' : 'dyn'}' in list`);
  const at = Number(value);
  return at < 0 || at >= list.size ? undefined : list.at(at);
}

export function entryAt(map: MapValue, key: Value): Result {
  const found = map.find(key);
  return found === undefined ? noSuchKey(key) : found;
}

/** For keys that can be none, the type is told. */
export function noSuchKey(key: Value): CelError {
  if (isKey(key) || key === null) return new CelError(`no such key: ${showKey(key)}`);
  return new CelError(`invalid qualifier type: ${typeNameOf(key)}`);
}

function showKey(key: Value): string {
  return key instanceof Uint ? String(key.value) : String(key);
}

function maybeAt(value: Value, key: Value): Result {
  return maybeIn(new Optional(value), key);
}

/** What is at a key or index of what may be there. */
function maybeIn({ value }: Optional, key: Value): Result {
  if (value === undefined) return NOTHING;
  const found = member(value, key);
  if (found instanceof CelError) return found;
  return found === undefined ? NOTHING : new Optional(found);
}

/** A field, entry or element; undefined when there is none. */
export function member(value: Value, key: Value): Result | undefined {
  if (typeof value === 'object' && value !== null && 'category' in value) {
    switch (value.category) {
      case 'map':
        return value.find(key);
      case 'list':
        return elementOf(value, key);
      case 'object':
        return typeof key === 'string' ? value.field?.(key) : undefined;
    }
  }
  return noSuchKey(key);
}
