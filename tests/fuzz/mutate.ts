// Values gone wrong: an object with a few things in it replaced, left out or joined by others, and random values that fit
// a schema, so that requests fail late as well as early.

import type { Field, ObjectSchema, ScalarType, Schema } from '../../infra/api/kinds/schema.ts';
import type { Body } from '../kit/api-world.ts';
import type { Draw } from './draw.ts';

/** The value with something somewhere in it changed, a few times over. */
export function mutated(draw: Draw, value: unknown, times = 1 + draw.int(3)): unknown {
  let result = value;
  for (let i = 0; i < times; i++) result = mutate(draw, result, 0);
  return result;
}

function mutate(draw: Draw, value: unknown, depth: number): unknown {
  const stop = depth > 0 && draw.chance(0.2);
  if (typeof value === 'string' && depth > 0 && draw.chance(0.4)) return draw.typo(value);
  if (stop || typeof value !== 'object' || value === null) return draw.one(junk);
  if (Array.isArray(value)) {
    if (value.length === 0 || draw.chance(0.15)) return [...value, draw.one(junk)];
    if (draw.chance(0.1)) return [...value, ...value];
    const at = draw.int(value.length);
    return value.map((item, index) => (index === at ? mutate(draw, item, depth + 1) : item));
  }
  const keys = Object.keys(value);
  if (keys.length === 0 || draw.chance(0.15)) return { ...value, [draw.one(fields)]: draw.one(junk) };
  const key = draw.one(keys);
  if (draw.chance(0.1)) return Object.fromEntries(Object.entries(value).filter(([name]) => name !== key));
  return { ...value, [key]: mutate(draw, (value as Body)[key], depth + 1) };
}

/** A value the schema allows, a few fields wide. */
export function fitting(draw: Draw, schema: Schema, depth = 5): unknown {
  switch (schema.kind) {
    case 'scalar':
      if (schema.enum !== undefined && draw.chance(0.9)) return draw.one(schema.enum);
      return draw.one(scalars[schema.type]);
    case 'any':
      return draw.one(junk);
    case 'list':
      return depth <= 0 ? [] : draw.some(3, () => fitting(draw, schema.item, depth - 1));
    case 'map':
      return depth <= 0
        ? {}
        : Object.fromEntries(draw.some(2, () => [draw.one(keys), fitting(draw, schema.value, depth - 1)]));
    case 'object':
      return fittingObject(draw, schema, depth);
  }
}

export function fittingObject(draw: Draw, schema: ObjectSchema, depth = 5): Body {
  const all: readonly Field[] = [...schema.fields.values()];
  if (depth <= 0 || all.length === 0) return {};
  return Object.fromEntries(
    draw.some(4, () => {
      const field = draw.one(all);
      return [field.name, fitting(draw, field.schema, depth - 1)];
    }),
  );
}

export const junk: readonly unknown[] = [
  ...[null, 0, -1, 1.5, 1e30, -0, 2 ** 53, 2 ** 31, true, false],
  ...[
    '',
    'x',
    'A B',
    '💥💥',
    '-5Gi',
    '1e999',
    'x'.repeat(300),
    '9999-99-99T99:99:99Z',
    '\u0000',
    '\ud800',
    '*',
    '%d%s',
  ],
  ...[[], [null], [[]], [{}], {}, { a: null }, { name: 'c' }, { type: 5 }, { '': '' }, { constructor: {} }],
  ...[
    { $patch: 'replace' },
    [{ $patch: 'delete', name: 'c' }],
    { $retainKeys: ['a'] },
    { $patch: 5 },
    { k: { k: {} } },
  ],
  JSON.parse('{"__proto__":{"a":1}}'),
];

const fields = [
  ...['spec', 'status', 'data', 'stringData', 'binaryData', 'metadata', 'x', '__proto__', 'constructor', 'type', ''],
  ...['finalizers', '$patch', '$setElementOrder/containers', '$deleteFromPrimitiveList/finalizers', 'toString'],
  ...['containers', 'ports', 'labels', 'ownerReferences', 'managedFields', 'selector', 'target', 'deleteOptions'],
  ...['subsets', 'endpoints', 'involvedObject', 'immutable', 'generateName', 'deletionTimestamp', 'resourceVersion'],
];
const keys = ['app', 'kubernetes.io/name', '__proto__', 'constructor', 'ключ', '', 'a/b/c', 'x'.repeat(70)];
const texts = [
  '',
  'a',
  'golden',
  'a.b',
  'A B',
  '💥',
  '10.0.0.1',
  'x'.repeat(260),
  '::1/64',
  '50%',
  '*',
  '-',
  '/a/../b',
];
const numbers = [0, 1, -1, 80, 65_536, 2_147_483_647, -2_147_483_648];

const scalars: Readonly<Record<ScalarType, readonly unknown[]>> = {
  string: texts,
  boolean: [true, false],
  int32: numbers,
  int64: [...numbers, Number.MAX_SAFE_INTEGER],
  double: [0.5, -1e300, 0],
  bytes: ['', 'MQ==', 'AAAA', 'MQ'],
  quantity: ['0', '500m', '1Gi', '-3', '1e3', '999999999999999999999', 1, 0.1],
  'int-or-string': [0, 1, -1, '50%', 'web', '', '101%', '-5%'],
  time: ['2020-01-01T00:00:00Z', '9999-12-31T23:59:59Z', null, '0001-01-01T00:00:00Z'],
  'micro-time': ['2020-01-01T00:00:00.000001Z', null, '9999-12-31T23:59:59.999999Z'],
  duration: ['0s', '1h', '-5m', '2562047h'],
};
