// JSON as patches see it: immutable trees whose unchanged parts are shared between the versions of an object.
// Invariant: keys are read and written as own properties only. `__proto__` and `constructor` are legal keys of a
// ConfigMap, so plain indexing would read the prototype and plain assignment could replace it.

export type Json = null | boolean | number | bigint | string | JsonList | JsonObject;
export type JsonList = readonly Json[];
export type JsonObject = { readonly [key: string]: Json };
/** A tree under construction, not yet shared with anybody. */
export type MutableJsonObject = { [key: string]: Json };

export const NOTHING: JsonObject = Object.freeze({});

export const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const isList = (value: Json | undefined): value is JsonList => Array.isArray(value);

export const isEmptyObject = (value: object): boolean => {
  for (const _ in value) return false;
  return true;
};

/** The value of an own key, undefined where the object has none. */
export const own = (object: JsonObject, key: string): Json | undefined =>
  Object.hasOwn(object, key) ? object[key] : undefined;

export const setOwn = (object: MutableJsonObject, key: string, value: Json): void => {
  if (key === '__proto__') {
    Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
  } else {
    object[key] = value;
  }
};

/** A copy with one key changed, or without it where `value` is undefined. The same object if that changes nothing. */
export const withKey = (object: JsonObject, key: string, value: Json | undefined): JsonObject => {
  if (own(object, key) === value) return object;
  const copy: MutableJsonObject = { ...object };
  if (value === undefined) delete copy[key];
  else setOwn(copy, key, value);
  return copy;
};

/** Deep equality; the order of keys does not count, the order of lists does. */
export const jsonEqual = (left: Json | undefined, right: Json | undefined): boolean => {
  if (left === right) return true;
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) {
    return numbersEqual(left, right);
  }
  if (isList(left)) {
    if (!isList(right) || left.length !== right.length) return false;
    for (let i = 0; i < left.length; i++) if (!jsonEqual(left[i], right[i])) return false;
    return true;
  }
  return !isList(right) && objectsEqual(left as JsonObject, right as JsonObject);
};

const objectsEqual = (left: JsonObject, right: JsonObject): boolean => {
  let keys = 0;
  for (const key in left) {
    if (!Object.hasOwn(right, key) || !jsonEqual(left[key], right[key])) return false;
    keys++;
  }
  for (const _ in right) keys--;
  return keys === 0;
};

/** An int64 beyond 2^53 arrives as a bigint, the same number from elsewhere perhaps not. */
const numbersEqual = (left: Json | undefined, right: Json | undefined): boolean =>
  (typeof left === 'bigint' && typeof right === 'number' && Number(left) === right) ||
  (typeof right === 'bigint' && typeof left === 'number' && Number(right) === left);
