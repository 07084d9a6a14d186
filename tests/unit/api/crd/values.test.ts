import { expect, test } from 'vitest';
import type { JsonSchema } from '../../../../infra/api/crd/definition.ts';
import { structuralOf } from '../../../../infra/api/crd/structural.ts';
import { valueProblems } from '../../../../infra/api/crd/value-check.ts';
import { describe } from '../../../../infra/api/errors.ts';
import { specOf } from './given-definition.ts';

const text: JsonSchema = { type: 'string' };

/** What is wrong with a value as the field `a` of the spec. */
function problems(schema: JsonSchema, a: unknown, before?: unknown): readonly string[] {
  const structural = structuralOf(specOf({ a: schema }));
  const old = before === undefined ? undefined : { value: { spec: { a: before } } };
  return valueProblems({ spec: { a } }, structural, { before: old }).map(describe);
}

const cases: [what: string, schema: JsonSchema, value: unknown, ...problems: string[]][] = [
  ['a text', text, 'x'],
  [
    'a number for a text',
    text,
    1.5,
    'spec.a: Invalid value: "number": spec.a in body must be of type string: "number"',
  ],
  ['null', text, null, 'spec.a: Invalid value: "null": spec.a in body must be of type string: "null"'],
  ['null where it is allowed', { type: 'string', nullable: true }, null],
  ['a whole number for a number', { type: 'number' }, 1],
  [
    'a fraction for a whole number',
    { type: 'integer' },
    1.5,
    'spec.a: Invalid value: "number": spec.a in body must be of type integer: "number"',
    '<nil>: Invalid value: "": Checked value must be of type integer (default format) in spec.a',
  ],
  [
    'a whole number beyond int32',
    { type: 'integer', format: 'int32' },
    2 ** 31,
    '<nil>: Invalid value: "": Checked value must be of type integer with format int32 in spec.a',
  ],
  ['too long a text', { type: 'string', maxLength: 2 }, 'äöü', 'spec.a: Too long: may not be more than 2 bytes'],
  ['characters, not units of UTF-16', { type: 'string', maxLength: 1 }, '🚢'],
  [
    'too short a text',
    { type: 'string', minLength: 2 },
    'x',
    'spec.a: Invalid value: "x": spec.a in body should be at least 2 chars long',
  ],
  [
    'a text of another pattern',
    { type: 'string', pattern: '^a+$' },
    'b',
    'spec.a: Invalid value: "b": spec.a in body should match \'^a+$\'',
  ],
  [
    'a text of another format',
    { type: 'string', format: 'ipv4' },
    '1.2.3',
    'spec.a: Invalid value: "1.2.3": spec.a in body must be of type ipv4: "1.2.3"',
  ],
  ['a format nobody knows', { type: 'string', format: 'poem' }, 'x'],
  [
    'too large a number',
    { type: 'integer', maximum: 3 },
    4,
    'spec.a: Invalid value: 4: spec.a in body should be less than or equal to 3',
  ],
  [
    'a number that is the excluded bound',
    { type: 'integer', minimum: 3, exclusiveMinimum: true },
    3,
    'spec.a: Invalid value: 3: spec.a in body should be greater than 3',
  ],
  [
    'no multiple',
    { type: 'integer', multipleOf: 3 },
    4,
    'spec.a: Invalid value: 4: spec.a in body should be a multiple of 3',
  ],
  ['a multiple of a fraction', { type: 'number', multipleOf: 0.1 }, 0.3],
  [
    'nothing of the choice',
    { type: 'string', enum: ['x', 'y'] },
    'z',
    'spec.a: Unsupported value: "z": supported values: "x", "y"',
  ],
  [
    'a value that is no text where texts and objects are allowed',
    { 'x-kubernetes-preserve-unknown-fields': true, enum: ['<', { b: '"', a: 1 }] },
    { b: '<', a: 2 },
    'spec.a: Unsupported value: {"a":2,"b":"\\u003c"}: supported values: "<", "{\\"a\\":1,\\"b\\":\\"\\\\\\"\\"}"',
  ],
  [
    'null, which no list of values has',
    { type: 'string', nullable: true, enum: ['x', null] },
    null,
    'spec.a: Unsupported value: null: supported values: "x", "null"',
  ],
  [
    'a text that is too long, and no date either',
    { type: 'string', maxLength: 1, format: 'date' },
    'xy',
    'spec.a: Too long: may not be more than 1 byte',
    'spec.a: Invalid value: "xy": spec.a in body must be of type date: "xy"',
  ],
  [
    'a number that Go reads as a float64',
    { type: 'integer' },
    1e21,
    'spec.a: Invalid value: "number": spec.a in body must be of type integer: "number"',
    '<nil>: Invalid value: "": Checked value must be of type integer (default format) in spec.a',
  ],
  [
    'what two alternatives miss, told once',
    { type: 'object', 'x-kubernetes-preserve-unknown-fields': true, allOf: [{ required: ['b'] }, { required: ['b'] }] },
    {},
    'spec.a.b: Required value',
    '<nil>: Invalid value: "": "spec.a" must validate all the schemas (allOf). None validated',
  ],
  [
    'too many items',
    { type: 'array', items: text, maxItems: 1 },
    ['x', 'y'],
    'spec.a: Too many: 2: must have at most 1 item',
  ],
  [
    'too few items',
    { type: 'array', items: text, minItems: 2 },
    ['x'],
    'spec.a: Invalid value: 1: spec.a in body should have at least 2 items',
  ],
  [
    'an item of the wrong type',
    { type: 'array', items: text },
    ['x', 1],
    'spec.a[1]: Invalid value: "integer": spec.a[1] in body must be of type string: "integer"',
  ],
  [
    'too many keys',
    { type: 'object', additionalProperties: text, maxProperties: 1 },
    { x: '1', y: '2' },
    'spec.a: Too many: 2: must have at most 1 item',
  ],
  [
    'a value of a map',
    { type: 'object', additionalProperties: text },
    { k: 1 },
    'spec.a.k: Invalid value: "integer": spec.a.k in body must be of type string: "integer"',
  ],
  [
    'nothing where there must be something',
    { type: 'object', required: ['b'], properties: { b: text } },
    {},
    'spec.a.b: Required value',
  ],
  [
    'none of several',
    { type: 'integer', anyOf: [{ minimum: 5 }, { maximum: 1 }] },
    3,
    '<nil>: Invalid value: "": "spec.a" must validate at least one schema (anyOf)',
    'spec.a: Invalid value: 3: spec.a in body should be greater than or equal to 5',
  ],
  [
    'two where one is asked for',
    { type: 'integer', oneOf: [{ minimum: 1 }, { minimum: 2 }] },
    3,
    '<nil>: Invalid value: "": "spec.a" must validate one and only one schema (oneOf). Found 2 valid alternatives',
  ],
  [
    'not all',
    { type: 'integer', allOf: [{ minimum: 1 }, { minimum: 5 }] },
    3,
    'spec.a: Invalid value: 3: spec.a in body should be greater than or equal to 5',
    '<nil>: Invalid value: "": "spec.a" must validate all the schemas (allOf)',
  ],
  [
    'what must not be',
    { type: 'integer', not: { minimum: 1 } },
    3,
    '<nil>: Invalid value: "": "spec.a" must not validate the schema (not)',
  ],
];

test.each(cases)('%s', (_what, schema, value, ...expected) => {
  expect(problems(schema, value)).toEqual(expected);
});

test('what an update leaves as it was is forgiven, and only that', () => {
  const list: JsonSchema = {
    type: 'array',
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': ['k'],
    items: { type: 'object', properties: { k: text, v: { type: 'integer', minimum: 5 } } },
  };
  const [old, other] = [
    { k: 'old', v: 1 },
    { k: 'other', v: 7 },
  ];
  expect(problems(list, [other, old], [old])).toEqual([]);
  expect(problems(list, [{ ...old, v: 2 }], [old])).toHaveLength(1);
  expect(problems(list, [{ ...old, k: 'new' }], [old])).toHaveLength(1);
  const { 'x-kubernetes-list-type': _, 'x-kubernetes-list-map-keys': _keys, ...atomic } = list;
  expect(problems(atomic, [old, other], [old])).toHaveLength(1);
  expect(problems(atomic, [old], [old])).toEqual([]);
});

test('a pattern that would keep a backtracking matcher busy for ever is answered at once', () => {
  const schema: JsonSchema = { type: 'string', pattern: '^(a+)+$' };
  expect(problems(schema, `${'a'.repeat(5_000)}!`)).toHaveLength(1);
});
