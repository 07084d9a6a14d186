// Values as texts, for tables of expressions.

import { elements } from '../../../../infra/api/cel/collections.ts';
import { doubleText } from '../../../../infra/api/cel/double-text.ts';
import { showDuration, showTimestamp } from '../../../../infra/api/cel/time-arithmetic.ts';
import {
  isList,
  isMap,
  isObject,
  Optional,
  Timestamp,
  TypeValue,
  Uint,
  type Value,
} from '../../../../infra/api/cel/values.ts';

export function showValue(value: Value): string {
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'number')
    return /^-?\d+$/.test(doubleText(value)) ? `${doubleText(value)}.0` : doubleText(value);
  if (value instanceof Uint) return `${value.value}u`;
  if (value instanceof Uint8Array) return `b${JSON.stringify(Buffer.from(value).toString())}`;
  if (value instanceof Timestamp) return showTimestamp(value);
  if (value instanceof Optional) return value.value === undefined ? 'none' : `optional(${showValue(value.value)})`;
  if (value instanceof TypeValue) return `type ${value.type.name}`;
  if (isList(value)) return `[${[...elements(value)].map(showValue).join(', ')}]`;
  if (isMap(value)) {
    const entries = value.keys().map((key) => `${showValue(key)}: ${showValue(value.find(key) ?? null)}`);
    return `{${entries.sort().join(', ')}}`;
  }
  return isObject(value) ? value.type.name : showDuration(value);
}
