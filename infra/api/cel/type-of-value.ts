// The type a value has when it is evaluated; what is inside lists and maps is not looked at.

import {
  BOOL,
  BYTES,
  type CelType,
  DOUBLE,
  DURATION,
  DYN,
  INT,
  listOf,
  mapOf,
  NULL,
  opaqueType,
  STRING,
  TIMESTAMP,
  typeOf,
  UINT,
} from './types.ts';
import { isObject, kindOf, type Value, type ValueKind } from './values.ts';

const TYPES: Readonly<Record<Exclude<ValueKind, 'object'>, CelType>> = {
  null: NULL,
  bool: BOOL,
  int: INT,
  uint: UINT,
  double: DOUBLE,
  string: STRING,
  bytes: BYTES,
  timestamp: TIMESTAMP,
  duration: DURATION,
  optional: opaqueType('optional_type', DYN),
  type: typeOf(DYN),
  list: listOf(DYN),
  map: mapOf(DYN, DYN),
};

export function typeOfValue(value: Value): CelType {
  const kind = kindOf(value);
  if (kind === 'object') return isObject(value) ? value.type : DYN;
  return TYPES[kind];
}
