// Whether a value is its type's zero or empty value.

import { Duration, isList, isMap, isObject, Optional, Timestamp, Uint, type Value } from './values.ts';

export function isZero(value: Value): boolean {
  if (value === null || value === false || value === 0 || value === 0n || value === '') return true;
  if (value instanceof Uint) return value.value === 0n;
  if (value instanceof Duration) return value.nanos === 0n;
  if (value instanceof Timestamp) return value.nanos === -62_135_596_800_000_000_000n;
  if (value instanceof Optional) return value.value === undefined;
  if (value instanceof Uint8Array) return value.length === 0;
  if (isList(value) || isMap(value)) return value.size === 0;
  return isObject(value) && value.isZero?.() === true;
}
