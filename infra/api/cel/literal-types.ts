// The types of literals.

import { BOOL, BYTES, type CelType, DOUBLE, DYN, INT, NULL, STRING, UINT } from './types.ts';
import { kindOf, type Value, type ValueKind } from './values.ts';

const TYPES: Partial<Record<ValueKind, CelType>> = {
  null: NULL,
  bool: BOOL,
  int: INT,
  uint: UINT,
  double: DOUBLE,
  string: STRING,
  bytes: BYTES,
};

export function typeOfLiteral(value: Value): CelType {
  return TYPES[kindOf(value)] ?? DYN;
}
