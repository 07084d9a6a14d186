// The variables the tables of expressions are about.

import type { Bindings } from '../../../../infra/api/cel/cel.ts';
import { type Environment, NO_STRUCTURES } from '../../../../infra/api/cel/environment.ts';
import { dynamicValue } from '../../../../infra/api/cel/json-values.ts';
import { BOOL, type CelType, DYN, INT, listOf, mapOf, STRING } from '../../../../infra/api/cel/types.ts';

const types: readonly (readonly [string, CelType])[] = [
  ['self', DYN],
  ['i', INT],
  ['s', STRING],
  ['l', listOf(INT)],
  ['m', mapOf(STRING, INT)],
  ['b', BOOL],
];

export const environment: Environment = { variables: new Map(types), structures: NO_STRUCTURES };

export const bindings: Bindings = {
  self: dynamicValue({ a: 1, s: 'str', l: [3, 1], m: { k: 'v' } }),
  i: 5n,
  s: 'hello',
  l: dynamicValue([1, 2, 3]),
  m: dynamicValue({ a: 1, b: 2 }),
  b: true,
};
