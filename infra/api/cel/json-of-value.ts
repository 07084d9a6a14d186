// Values as JSON, for what expressions build. Undefined stands for values JSON has no form for.

import { BuiltObject } from './built-object.ts';
import { elements } from './collections.ts';
import { JsonList, JsonMap } from './json-values.ts';
import { showDuration, showTimestamp } from './time-arithmetic.ts';
import { Duration, isList, isMap, Optional, Timestamp, TypeValue, Uint, type Value } from './values.ts';

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

export function jsonOf(value: Value): Json | undefined {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return value;
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
  if (typeof value === 'bigint') return Number(value);
  if (value instanceof Uint) return Number(value.value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (value instanceof Timestamp) return showTimestamp(value);
  if (value instanceof Duration) return showDuration(value);
  if (value instanceof Optional || value instanceof TypeValue) return undefined;
  if (value instanceof JsonMap || value instanceof JsonList) return value.json as Json;
  if (isList(value)) {
    const items = [...elements(value)].map(jsonOf);
    return items.every((item) => item !== undefined) ? items : undefined;
  }
  if (isMap(value)) return objectOf(value.keys().map((key) => [key, value.find(key) ?? null]));
  return value instanceof BuiltObject ? objectOf([...value.fields]) : undefined;
}

function objectOf(entries: readonly (readonly [Value, Value])[]): Json | undefined {
  const object: Record<string, Json> = {};
  for (const [key, value] of entries) {
    const json = jsonOf(value);
    if (typeof key !== 'string' || json === undefined) return undefined;
    Object.defineProperty(object, key, { value: json, enumerable: true, configurable: true, writable: true });
  }
  return object;
}
