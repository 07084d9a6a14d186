// Values that may be absent.

import { ArrayList, toArray } from '../collections.ts';
import { CelError, type ListValue, NOTHING, Optional, type Result, type Value } from '../values.ts';
import { isZero } from '../zero.ts';
import type { Library } from './signature.ts';

export const OPTIONALS: Library = {
  'optional.of': { 'optional_of(V) optional_type(V)': (value: Value) => new Optional(value) },
  'optional.ofNonZeroValue': {
    'optional_ofNonZeroValue(V) optional_type(V)': (value: Value) => (isZero(value) ? NOTHING : new Optional(value)),
  },
  'optional.none': { 'optional_none() optional_type(V)': () => NOTHING },
  'optional.unwrap': { 'optional_unwrap(list(optional_type(V))) list(V)': unwrap },
  unwrapOpt: { '.optional_unwrapOpt(list(optional_type(V))) list(V)': unwrap },
  value: {
    '.optional_value(optional_type(V)) V': ({ value }: Optional) =>
      value === undefined ? new CelError('optional.none() dereference') : value,
  },
  hasValue: { '.optional_hasValue(optional_type(V)) bool': ({ value }: Optional) => value !== undefined },
  or: { '.optional_or_optional(optional_type(V), optional_type(V)) optional_type(V)': 'special' },
  orValue: { '.optional_orValue_value(optional_type(V), V) V': 'special' },
  first: { '.list_first(list(V)) optional_type(V)': (list: ListValue) => maybeAt(list, 0) },
  last: { '.list_last(list(V)) optional_type(V)': (list: ListValue) => maybeAt(list, list.size - 1) },
};

function maybeAt(list: ListValue, index: number): Optional {
  return list.size === 0 ? NOTHING : new Optional(list.at(index));
}

function unwrap(list: ListValue): Result {
  const values: Value[] = [];
  for (const value of toArray(list)) {
    if (!(value instanceof Optional)) return new CelError('value is not optional');
    if (value.value !== undefined) values.push(value.value);
  }
  return new ArrayList(values);
}
