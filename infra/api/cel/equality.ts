// When two values are equal and which of two is less. Numbers compare by value across their types; values of different
// types are never equal, and only values of one type have an order.

import { equal as sameJson } from '../registry/equal.ts';
import { elements } from './collections.ts';
import { sameType } from './types.ts';
import {
  CelError,
  Duration,
  isList,
  isMap,
  isObject,
  type ListValue,
  type MapValue,
  Optional,
  Timestamp,
  TypeValue,
  Uint,
  type Value,
} from './values.ts';
import { work } from './work.ts';

export function equal(left: Value, right: Value): boolean {
  if (typeof left === 'string' || typeof left === 'boolean' || left === null) return left === right;
  if (isNumeric(left)) return isNumeric(right) && compareNumbers(left, right) === 0;
  if (left instanceof Timestamp) return right instanceof Timestamp && left.nanos === right.nanos;
  if (left instanceof Duration) return right instanceof Duration && left.nanos === right.nanos;
  if (left instanceof Uint8Array) return right instanceof Uint8Array && compareBytes(left, right) === 0;
  if (left instanceof TypeValue) return right instanceof TypeValue && sameOuterType(left, right);
  if (left instanceof Optional) return right instanceof Optional && equalOptionals(left, right);
  if (isList(left)) return isList(right) && equalLists(left, right);
  if (isMap(left)) return isMap(right) && equalMaps(left, right);
  return isObject(left) && left.equals(right);
}

/** Negative, zero, positive; an error where there is no order. */
export function compare(left: Value, right: Value): number | CelError {
  if (isNumeric(left) && isNumeric(right)) {
    const order = compareNumbers(left, right);
    return Number.isNaN(order) ? new CelError('NaN values cannot be ordered') : order;
  }
  if (typeof left === 'string' && typeof right === 'string') return compareStrings(left, right);
  if (typeof left === 'boolean' && typeof right === 'boolean') return Number(left) - Number(right);
  if (left instanceof Timestamp && right instanceof Timestamp) return compareBigints(left.nanos, right.nanos);
  if (left instanceof Duration && right instanceof Duration) return compareBigints(left.nanos, right.nanos);
  if (left instanceof Uint8Array && right instanceof Uint8Array) return compareBytes(left, right);
  return new CelError('no such overload');
}

/** By code points, as UTF-8 sorts. */
export function compareStrings(left: string, right: string): number {
  if (left === right) return 0;
  const length = Math.min(left.length, right.length);
  for (let at = 0; at < length; at++) {
    const [a, b] = [left.charCodeAt(at), right.charCodeAt(at)];
    if (a === b) continue;
    return surrogatesLast(a) - surrogatesLast(b);
  }
  return left.length - right.length;
}

function surrogatesLast(unit: number): number {
  return unit >= 0xd800 && unit < 0xe000 ? unit + 0x10000 : unit;
}

type Numeric = bigint | number | Uint;

function isNumeric(value: Value): value is Numeric {
  return typeof value === 'bigint' || typeof value === 'number' || value instanceof Uint;
}

function compareNumbers(left: Numeric, right: Numeric): number {
  const [a, b] = [left instanceof Uint ? left.value : left, right instanceof Uint ? right.value : right];
  if (a < b) return -1;
  if (a > b) return 1;
  // JavaScript compares a bigint with a number exactly, and NaN with nothing.
  return a >= b ? 0 : Number.NaN;
}

function compareBigints(left: bigint, right: bigint): number {
  return left < right ? -1 : Number(left > right);
}

function compareBytes(left: Uint8Array, right: Uint8Array): number {
  return Buffer.compare(left, right);
}

function sameOuterType(left: TypeValue, right: TypeValue): boolean {
  const [a, b] = [left.type, right.type];
  return (
    a.kind === b.kind &&
    (a.kind === 'list' || a.kind === 'map' || a.kind === 'type' || a.name === b.name || sameType(a, b))
  );
}

function equalOptionals(left: Optional, right: Optional): boolean {
  if (left.value === undefined || right.value === undefined) return left.value === right.value;
  return equal(left.value, right.value);
}

function equalLists(left: ListValue, right: ListValue): boolean {
  const rules = left.rules ?? right.rules;
  if (rules !== undefined) return rules.equal(left, right);
  if (left.size !== right.size) return false;
  work(left.size);
  for (let at = 0; at < left.size; at++) if (!equal(left.at(at), right.at(at))) return false;
  return true;
}

function equalMaps(left: MapValue, right: MapValue): boolean {
  if (left.size !== right.size) return false;
  work(left.size);
  const [hidden, others] = [left.hidden?.(), right.hidden?.()];
  if ((hidden !== undefined || others !== undefined) && !sameJson(hidden, others)) return false;
  return left.keys().every((key) => {
    const [mine, theirs] = [left.find(key), right.find(key)];
    return mine !== undefined && theirs !== undefined && equal(mine, theirs);
  });
}

export function contains(list: ListValue, value: Value): boolean {
  work(list.size);
  for (const element of elements(list)) if (equal(element, value)) return true;
  return false;
}
