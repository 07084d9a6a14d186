// Fields: reading one, asking whether it is there, and both through values that may be absent.

import { elementAt, entryAt, member } from './library/operators.ts';
import { CelError, isList, isMap, isObject, NOTHING, Optional, type Result, Uint, type Value } from './values.ts';

/** `of.field`, or `of[key]` where the types did not tell what is indexed. */
export function select(of: Value, key: Value): Result {
  if (isMap(of)) return entryAt(of, key);
  if (isList(of)) return elementAt(of, key);
  if (of instanceof Optional) return optionalSelect(of, key);
  if (isObject(of) && typeof key === 'string') return of.field?.(key) ?? missing(of.field?.(key), key);
  return new CelError(`no such key: ${key instanceof Uint ? key.value : String(key)}`);
}

function missing(found: Result | undefined, key: string): Result {
  return found === undefined ? new CelError(`no such key: ${key}`) : found;
}

/** `has(of.field)`. */
export function has(of: Value, field: string): Result {
  if (of instanceof Optional) return of.value !== undefined && has(of.value, field);
  if (isMap(of)) return of.find(field) !== undefined;
  return isObject(of) && of.field?.(field) !== undefined;
}

/** `of.?field`: an optional again. */
export function optionalSelect(of: Optional, key: Value): Result {
  if (of.value === undefined) return NOTHING;
  const found = member(of.value, key);
  if (found instanceof CelError) return found;
  return found === undefined ? NOTHING : new Optional(found);
}
