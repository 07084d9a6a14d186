import { describe, expect, test } from 'vitest';
import { evaluateRules } from '../../../../infra/api/cel/rules/evaluate-rules.ts';
import type { JsonSchema, ValidationRule } from '../../../../infra/api/crd/definition.ts';
import { ruleDefinitions } from '../../../../infra/api/crd/rule-definitions.ts';
import { structuralOf } from '../../../../infra/api/crd/structural.ts';
import { describe as told } from '../../../../infra/api/errors.ts';
import { problemsOf, type Rule } from '../../../../infra/api/validation/check.ts';

type Schemas = Readonly<Record<string, JsonSchema>>;

const integer: JsonSchema = { type: 'integer' };
const short: JsonSchema = { type: 'string', maxLength: 10 };

function object(properties: Schemas, ...rules: readonly (ValidationRule | string)[]): JsonSchema {
  const all = rules.map((rule) => (typeof rule === 'string' ? { rule } : rule));
  return { type: 'object', properties, ...(all.length > 0 && { 'x-kubernetes-validations': all }) };
}

/** A whole object whose spec has these fields and rules. */
function withSpec(properties: Schemas, ...rules: readonly (ValidationRule | string)[]): JsonSchema {
  return object({ spec: object(properties, ...rules) });
}

function problems(schema: JsonSchema, spec: object, before?: object): readonly string[] {
  const old = before === undefined ? undefined : { spec: before };
  return evaluateRules(structuralOf(schema), { spec }, { before: old }).problems.map(told);
}

function definitionProblems(schema: JsonSchema): readonly string[] {
  return problemsOf(ruleDefinitions as unknown as Rule<JsonSchema>, schema).map(told);
}

describe('a rule that does not hold', () => {
  const schema = (rule: Partial<ValidationRule>) =>
    withSpec({ min: integer, max: integer }, { rule: 'self.min <= self.max', ...rule });
  const cases: readonly (readonly [string, Partial<ValidationRule>, string])[] = [
    ['is told as it is written', {}, 'spec: Invalid value: failed rule: self.min <= self.max'],
    ['by its message', { message: ' too small ' }, 'spec: Invalid value: too small'],
    [
      'by its message expression',
      { messageExpression: '"min " + string(self.min)', message: 'x' },
      'spec: Invalid value: min 3',
    ],
    [
      'by its message where the expression fails',
      { messageExpression: 'string(1/0)', message: 'x' },
      'spec: Invalid value: x',
    ],
    [
      'by its message where the expression says nothing',
      { messageExpression: '"  "', message: 'x' },
      'spec: Invalid value: x',
    ],
    ['at the field it blames', { fieldPath: '.min', message: 'x' }, 'spec.min: Invalid value: x'],
    ['as forbidden', { reason: 'FieldValueForbidden', message: 'x' }, 'spec: Forbidden: x'],
    ['as required', { reason: 'FieldValueRequired', message: 'x' }, 'spec: Required value: x'],
  ];

  test.each(cases)('%s', (_, rule, text) => {
    expect(problems(schema(rule), { min: 3, max: 1 })).toEqual([text]);
    expect(problems(schema(rule), { min: 1, max: 1 })).toEqual([]);
  });

  test('shows the value where it is a simple one', () => {
    const rules = [{ rule: 'self > 3' }];
    expect(problems(withSpec({ size: { ...integer, 'x-kubernetes-validations': rules } }), { size: 2 })).toEqual([
      'spec.size: Invalid value: 2: failed rule: self > 3',
    ]);
  });

  test('of what is absent or null is not asked', () => {
    const rules = [{ rule: 'false' }];
    const schema = withSpec({ size: { ...integer, nullable: true, 'x-kubernetes-validations': rules } });
    expect(problems(schema, {})).toEqual([]);
    expect(problems(schema, { size: null })).toEqual([]);
  });
});

describe('values are what their schemas say', () => {
  const holds: readonly (readonly [string, JsonSchema, unknown, string])[] = [
    ['an integer', integer, 3, 'self.v == 3 && type(self.v) == int'],
    ['a number without a fraction', { type: 'number' }, 3, 'self.v == 3.0 && type(self.v) == double'],
    ['a time', { type: 'string', format: 'date-time' }, '2024-01-02T03:04:05Z', 'self.v.getDayOfYear() == 1'],
    ['a date', { type: 'string', format: 'date' }, '2024-01-02', "self.v < timestamp('2024-01-03T00:00:00Z')"],
    ['a duration', { type: 'string', format: 'duration' }, '90s', "self.v > duration('1m')"],
    ['bytes', { type: 'string', format: 'byte' }, 'YWI=', "self.v == b'ab' && size(self.v) == 2"],
    ['an integer or a string', { 'x-kubernetes-int-or-string': true }, '50%', "self.v == '50%' && self.v != 50"],
    [
      'a map',
      { type: 'object', additionalProperties: integer },
      { a: 1, 'b-c': 2 },
      "self.v['b-c'] == 2 && self.v.all(k, self.v[k] > 0)",
    ],
    ['a list', { type: 'array', items: short }, ['a', 'b'], "self.v.exists(x, x == 'b') && self.v.size() == 2"],
    [
      'a set, whatever its order',
      { type: 'array', items: short, 'x-kubernetes-list-type': 'set' },
      ['a', 'b'],
      "self.v == ['b', 'a'] && (self.v + ['a', 'c']).size() == 3",
    ],
    [
      'a name that is no identifier',
      object({ 'a-b': integer, namespace: integer }),
      { 'a-b': 1, namespace: 2 },
      'self.v.a__dash__b == 1 && self.v.__namespace__ == 2 && self.v.namespace == 2',
    ],
    ['an absent field', object({ a: integer }), {}, '!has(self.v.a) && self.v.?a.orValue(7) == 7'],
  ];

  test.each(holds)('%s', (_, schema, value, rule) => {
    expect(definitionProblems(withSpec({ v: schema }, rule)).filter((text) => text.includes('compilation'))).toEqual(
      [],
    );
    expect(problems(withSpec({ v: schema }, rule), { v: value })).toEqual([]);
  });

  test('a whole object has its kind, version and name, and no other metadata', () => {
    const schema = {
      ...object({}),
      'x-kubernetes-validations': [{ rule: "self.metadata.name == 'a' && self.kind == 'K'" }],
    };
    expect(definitionProblems(schema)).toEqual([]);
    expect(evaluateRules(structuralOf(schema), { kind: 'K', metadata: { name: 'a' } }).problems).toEqual([]);
    const labels = { ...object({}), 'x-kubernetes-validations': [{ rule: 'has(self.metadata.labels)' }] };
    expect(definitionProblems(labels)[0]).toContain("undefined field 'labels'");
  });
});

describe('rules about changes', () => {
  const shrinking = withSpec({ size: integer }, { rule: 'self.size >= oldSelf.size', message: 'shrinks' });

  test('are asked about updates alone', () => {
    expect(problems(shrinking, { size: 1 })).toEqual([]);
    expect(problems(shrinking, { size: 1 }, { size: 2 })).toEqual(['spec: Invalid value: shrinks']);
    expect(problems(shrinking, { size: 3 }, { size: 2 })).toEqual([]);
  });

  test('find the old item of a map list by its key', () => {
    const item = object({ key: short, size: integer }, { rule: 'self.size >= oldSelf.size', message: 'shrinks' });
    const list: JsonSchema = {
      type: 'array',
      items: { ...item, required: ['key'] },
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['key'],
    };
    const schema = withSpec({ list });
    const before = {
      list: [
        { key: 'a', size: 2 },
        { key: 'b', size: 5 },
      ],
    };
    expect(
      problems(
        schema,
        {
          list: [
            { key: 'b', size: 4 },
            { key: 'new', size: 0 },
            { key: 'a', size: 2 },
          ],
        },
        before,
      ),
    ).toEqual(['spec.list[0]: Invalid value: shrinks']);
  });

  test('with an optional old value are asked about creations too', () => {
    const rule = { rule: 'oldSelf.hasValue() || self.size == 1', optionalOldSelf: true, message: 'starts at one' };
    expect(problems(withSpec({ size: integer }, rule), { size: 2 })).toEqual(['spec: Invalid value: starts at one']);
    expect(problems(withSpec({ size: integer }, rule), { size: 2 }, { size: 9 })).toEqual([]);
  });

  test('are never forgiven; others are for what stays as it was', () => {
    const schema = withSpec({ a: integer, b: integer }, { rule: 'self.a > 5', message: 'small' });
    expect(problems(schema, { a: 1, b: 2 }, { a: 1, b: 2 })).toEqual([]);
    expect(problems(schema, { a: 1, b: 3 }, { a: 1, b: 2 })).toEqual(['spec: Invalid value: small']);
  });
});

describe('what rules may cost', () => {
  test('in a definition is bounded by what lists, maps and texts may hold', () => {
    const all = 'self.list.all(a, self.list.all(b, a == b))';
    const open = withSpec({ list: { type: 'array', items: { type: 'string' } } }, all);
    const bounded = withSpec({ list: { type: 'array', maxItems: 10, items: short } }, all);
    const field = 'properties[spec].x-kubernetes-validations[0].rule: Forbidden:';
    const advice =
      '(try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)';
    expect(definitionProblems(open)[0]).toBe(
      `${field} estimated rule cost exceeds budget by factor of more than 100x ${advice}`,
    );
    expect(definitionProblems(bounded)).toEqual([]);
  });

  test('counts a rule as often as its schema can stand in an object', () => {
    const item = { ...short, 'x-kubernetes-validations': [{ rule: "self.matches('^a+$') && self != 'b'" }] };
    const many = (maxItems: number) => withSpec({ list: { type: 'array', maxItems, items: item } });
    expect(definitionProblems(many(1000))).toEqual([]);
    expect(definitionProblems(many(2_000_000))[0]).toContain('estimated rule cost exceeds budget by factor of');
  });

  test('in an object is bounded for one rule and for all', () => {
    const list = Array.from({ length: 2000 }, (_, at) => `${at}`);
    const strings: JsonSchema = { type: 'array', items: { type: 'string' } };
    const slow = withSpec({ list: strings }, 'self.list.all(a, self.list.all(b, a == b || a != b))');
    expect(problems(slow, { list })).toEqual([
      `spec: Invalid value: "object": 'operation cancelled: actual cost limit exceeded': no further validation rules will be run due to call cost exceeds limit for rule: self.list.all(a, self.list.all(b, a == b || a != b))`,
    ]);
    const busy = Array.from({ length: 30 }, () => 'self.list.all(a, self.list.exists(b, a == b))');
    expect(problems(withSpec({ list: strings }, ...busy), { list: list.slice(0, 350) })).toEqual([
      'spec: Invalid value: "object": validation failed due to running out of cost budget, no further validation rules will be run',
    ]);
  });
});

describe('a definition is told', () => {
  const wrong: readonly (readonly [string, ValidationRule, string])[] = [
    [
      'of fields there are none of',
      { rule: 'self.x == 1' },
      "compilation failed: ERROR: <input>:1:5: undefined field 'x'\n | self.x == 1\n | ....^",
    ],
    ['of rules that are no bool', { rule: 'self.a' }, 'cel expression must evaluate to a bool'],
    [
      'of messages that are no text',
      { rule: 'true', messageExpression: '1' },
      'messageExpression must evaluate to a string',
    ],
    [
      'of constants that fail',
      { rule: "self.a == int('x')" },
      "program instantiation failed: type conversion error from 'string' to 'int'",
    ],
    [
      'of optionalOldSelf without oldSelf',
      { rule: 'true', optionalOldSelf: false },
      'may not be set if oldSelf is not used in rule',
    ],
  ];

  test.each(wrong)('%s', (_, rule, text) => {
    const found = definitionProblems(withSpec({ a: integer }, rule));
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(text);
  });

  test('of old values that cannot be found', () => {
    const rules = [{ rule: 'self == oldSelf' }];
    const list: JsonSchema = { type: 'array', maxItems: 3, items: { ...short, 'x-kubernetes-validations': rules } };
    expect(definitionProblems(withSpec({ list }))).toEqual([
      'properties[spec].properties[list].items.x-kubernetes-validations[0].rule: Invalid value: "self == oldSelf": oldSelf cannot be used on the uncorrelatable portion of the schema within properties[spec].properties[list]',
    ]);
  });
});
