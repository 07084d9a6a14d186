// Fields: reading one, asking whether it is there, and both through values that may be absent.

import { elementAt, entryAt, member, noSuchKey } from './library/operators.ts';
import { CelError, isList, isMap, isObject, NOTHING, Optional, type Result, type Value } from './values.ts';

/** `of.field`, or `of[key]` where the types did not tell what is indexed. */
export function select(of: Value, key: Value): Result {
  if (isMap(of)) return entryAt(of, key);
  if (isList(of)) return elementAt(of, key);
  if (of instanceof Optional) return optionalSelect(of, key);
  if (isObject(of) && typeof key === 'string') return of.field?.(key) ?? missing(of.field?.(key), key);
  return noSuchKey(key);
}

function missing(found: Result | undefined, key: string): Result {
  return found === undefined ? noSuchKey(key) : found;
}

/** `has(of.field)`. */
export function has(of: Value, field: string): Result {
  if (of instanceof Optional) return of.value !== undefined && has(of.value, field);
  if (isMap(of)) return of.find(field) !== undefined;
  return isObject(of) && of.field?.(field) !== undefined;
}

/** `of.?field`: an optional again; empty where there is nothing to look into. */
export function optionalSelect(of: Optional, key: Value): Result {
  const { value } = of;
  if (value === undefined || !(isMap(value) || isList(value) || isObject(value))) return NOTHING;
  const found = member(value, key);
  if (found instanceof CelError) return found;
  return found === undefined ? NOTHING : new Optional(found);
}
