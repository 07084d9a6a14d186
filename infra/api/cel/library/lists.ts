// Lists: order, sums, search, and the set operations on them.

import { ArrayList, elements, toArray } from '../collections.ts';
import { compare, contains, equal } from '../equality.ts';
import { addDurations } from '../time-arithmetic.ts';
import { CelError, Duration, isList, type ListValue, type Result, Uint, type Value } from '../values.ts';
import { int, uint } from './operators.ts';
import type { Implementation, Library } from './signature.ts';

const COMPARABLE = ['int', 'uint', 'double', 'bool', 'duration', 'timestamp', 'string', 'bytes'] as const;
const QUALIFIED: Readonly<Record<string, string>> = {
  duration: 'google.protobuf.Duration',
  timestamp: 'google.protobuf.Timestamp',
};
const RANGE_MAX = 1_000_000n;

export const LISTS: Library = {
  isSorted: ofEach((type) => `.list_${type}_is_sorted_bool(list(${type})) bool`, isSorted),
  min: ofEach((type) => `.list_${type}_min_${type}(list(${type})) ${type}`, extreme('min')),
  max: ofEach((type) => `.list_${type}_max_${type}(list(${type})) ${type}`, extreme('max')),
  sort: ofEach(
    (type) => `.list_${QUALIFIED[type] ?? type}_sort(list(${type})) list(${type})`,
    (list: ListValue) => sortBy(list, list),
  ),
  '@sortByAssociatedKeys': ofEach(
    (type) => `.list_${QUALIFIED[type] ?? type}_sortByAssociatedKeys(list(T), list(${type})) list(T)`,
    sortBy,
  ),
  sum: {
    '.list_int_sum_int(list(int)) int': (list: ListValue) => sum(list, 0n),
    '.list_uint_sum_uint(list(uint)) uint': (list: ListValue) => sum(list, new Uint(0n)),
    '.list_double_sum_double(list(double)) double': (list: ListValue) => sum(list, 0),
    '.list_duration_sum_duration(list(duration)) duration': (list: ListValue) => sum(list, new Duration(0n)),
  },
  indexOf: {
    '.list_a_index_of_int(list(A), A) int': (list: ListValue, value: Value) =>
      BigInt(toArray(list).findIndex((element) => equal(element, value))),
  },
  lastIndexOf: {
    '.list_a_last_index_of_int(list(A), A) int': (list: ListValue, value: Value) =>
      BigInt(toArray(list).findLastIndex((element) => equal(element, value))),
  },
  distinct: { '.list_distinct(list(T)) list(T)': distinct },
  flatten: {
    '.list_flatten(list(list(T))) list(T)': (list: ListValue) => flatten(list, 1n),
    '.list_flatten_int(list(dyn), int) list(dyn)': flatten,
  },
  'lists.range': { 'lists_range(int) list(int)': range },
  reverse: { '.list_reverse(list(T)) list(T)': (list: ListValue) => new ArrayList([...toArray(list)].reverse()) },
  slice: { '.list_slice(list(T), int, int) list(T)': slice },
  'sets.contains': { 'list_sets_contains_list(list(T), list(T)) bool': containsAll },
  'sets.equivalent': {
    'list_sets_equivalent_list(list(T), list(T)) bool': (left: ListValue, right: ListValue) =>
      containsAll(left, right) && containsAll(right, left),
  },
  'sets.intersects': {
    'list_sets_intersects_list(list(T), list(T)) bool': (left: ListValue, right: ListValue) =>
      toArray(left).some((value) => contains(right, value)),
  },
};

function ofEach(signature: (type: string) => string, implementation: Implementation): Library[string] {
  return Object.fromEntries(COMPARABLE.map((type) => [signature(type), implementation]));
}

function isSorted(list: ListValue): Result {
  let last: Value | undefined;
  for (const value of elements(list)) {
    const order = last === undefined ? 0 : compare(last, value);
    if (order instanceof CelError) return order;
    if (order > 0) return false;
    last = value;
  }
  return true;
}

function extreme(name: 'min' | 'max'): Implementation {
  return (list: ListValue): Result => {
    let found: Value | undefined;
    for (const value of elements(list)) {
      const order = found === undefined ? 0 : compare(value, found);
      if (order instanceof CelError) return order;
      if (found === undefined || (name === 'min' ? order < 0 : order > 0)) found = value;
    }
    return found === undefined ? new CelError(`${name} called on empty list`) : found;
  };
}

function sum(list: ListValue, zero: Value): Result {
  let total: Result = zero;
  for (const value of elements(list)) {
    total = add(total, value);
    if (total instanceof CelError) return total;
  }
  return total;
}

function add(left: Value, right: Value): Result {
  if (typeof left === 'bigint' && typeof right === 'bigint') return int(left + right);
  if (typeof left === 'number' && typeof right === 'number') return left + right;
  if (left instanceof Uint && right instanceof Uint) return uint(left.value + right.value);
  if (left instanceof Duration && right instanceof Duration) return addDurations(left, right);
  return new CelError('no such overload');
}

function sortBy(list: ListValue, keys: ListValue): Result {
  const order = toArray(keys).map((_, at) => at);
  let failed: CelError | undefined;
  order.sort((left, right) => {
    const result = compare(keys.at(left), keys.at(right));
    if (typeof result === 'number') return result;
    failed = new CelError('list elements must have the same type');
    return 0;
  });
  return failed ?? new ArrayList(order.map((at) => list.at(at)));
}

function distinct(list: ListValue): Result {
  const seen: Value[] = [];
  for (const value of elements(list)) if (!seen.some((other) => equal(other, value))) seen.push(value);
  return new ArrayList(seen);
}

function flatten(list: ListValue, depth: bigint): Result {
  if (depth < 0n) return new CelError('level must be non-negative');
  const flat: Value[] = [];
  for (const value of elements(list)) {
    if (depth === 0n || !isList(value)) {
      flat.push(value);
      continue;
    }
    const inner = flatten(value, depth - 1n);
    if (isList(inner)) flat.push(...toArray(inner));
    else return inner;
  }
  return new ArrayList(flat);
}

/** No longer than the cost limit would let a list become. */
function range(size: bigint): Result {
  const length = size < 0n ? 0 : Number(size > RANGE_MAX ? RANGE_MAX : size);
  return new ArrayList(Array.from({ length }, (_, at) => BigInt(at)));
}

function slice(list: ListValue, start: bigint, end: bigint): Result {
  const shown = `cannot slice(${start}, ${end})`;
  if (start < 0n || end < 0n) return new CelError(`${shown}, negative indexes not supported`);
  if (start > end) return new CelError(`${shown}, start index must be less than or equal to end index`);
  if (end > list.size) return new CelError(`${shown}, list is length ${list.size}`);
  return new ArrayList(toArray(list).slice(Number(start), Number(end)));
}

function containsAll(list: ListValue, wanted: ListValue): boolean {
  return toArray(wanted).every((value) => contains(list, value));
}
