// Pruning and defaulting against their laws, on generated schemas and objects.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { defaulted, withoutNulls } from '../../../../infra/api/crd/defaulting.ts';
import type { JsonSchema } from '../../../../infra/api/crd/definition.ts';
import { prune } from '../../../../infra/api/crd/prune.ts';
import { structuralOf } from '../../../../infra/api/crd/structural.ts';
import { valueProblems } from '../../../../infra/api/crd/value-check.ts';

const names = ['a', 'b', 'c', '__proto__', 'constructor'];
const name = fc.constantFrom(...names);

const scalar = fc.oneof(fc.integer(), fc.boolean(), fc.string({ maxLength: 3 }), fc.constant(null));
const json = fc.letrec((tie) => ({
  value: fc.oneof({ maxDepth: 4, withCrossShrink: true }, scalar, tie('list'), tie('object')),
  list: fc.array(tie('value'), { maxLength: 3 }),
  object: fc.array(fc.tuple(name, tie('value')), { maxLength: 4 }).map((entries) => Object.fromEntries(entries)),
}));

const schema = fc.letrec<{
  schema: JsonSchema;
  leaf: JsonSchema;
  object: JsonSchema;
  map: JsonSchema;
  list: JsonSchema;
}>((tie) => ({
  schema: fc.oneof({ maxDepth: 3 }, tie('leaf'), tie('object'), tie('map'), tie('list')),
  leaf: fc.oneof(
    fc.record(
      { type: fc.constant('integer'), default: fc.integer(), nullable: fc.boolean() },
      { requiredKeys: ['type'] },
    ),
    fc.record({ type: fc.constant('string'), nullable: fc.boolean() }),
    fc.constant<JsonSchema>({ 'x-kubernetes-preserve-unknown-fields': true }),
  ),
  object: fc.record(
    {
      type: fc.constant('object'),
      properties: fc.array(fc.tuple(name, tie('schema')), { maxLength: 4 }).map((all) => Object.fromEntries(all)),
      'x-kubernetes-preserve-unknown-fields': fc.constant(true as const),
      default: fc.constant({}),
      nullable: fc.boolean(),
    },
    { requiredKeys: ['type', 'properties'] },
  ),
  map: fc.record({ type: fc.constant('object'), additionalProperties: tie('schema') }),
  list: fc.record({ type: fc.constant('array'), items: tie('schema') }),
}));

const shaped = (value: unknown, given: JsonSchema) => {
  const structural = structuralOf(given);
  return defaulted(withoutNulls(prune(value, structural, { root: true }), structural), structural);
};

const pair = fc.tuple(schema.object, json.object);

test('pruning an object that is pruned changes nothing, and returns the object itself', () => {
  fc.assert(
    fc.property(pair, ([given, value]) => {
      const structural = structuralOf(given);
      const once = prune(value, structural, { root: true });
      expect(prune(once, structural, { root: true })).toBe(once);
    }),
  );
});

test('filling in defaults twice changes nothing, and neither does all of it together', () => {
  fc.assert(
    fc.property(pair, ([given, value]) => {
      const structural = structuralOf(given);
      const once = defaulted(value, structural);
      expect(defaulted(once, structural)).toBe(once);
      const whole = shaped(value, given);
      expect(shaped(whole, given)).toBe(whole);
    }),
  );
});

test('pruning reports exactly what goes', () => {
  fc.assert(
    fc.property(pair, ([given, value]) => {
      const paths: string[] = [];
      const pruned = prune(value, structuralOf(given), { root: false, report: (path) => paths.push(path) });
      expect(paths.length > 0).toBe(pruned !== value);
    }),
  );
});

test('inputs are left alone', () => {
  fc.assert(
    fc.property(pair, ([given, value]) => {
      const before = structuredClone(
        Object.fromEntries(Object.entries(value as object).filter(([key]) => key !== '__proto__')),
      );
      shaped(value, given);
      valueProblems(value, structuralOf(given));
      const after = Object.fromEntries(Object.entries(value as object).filter(([key]) => key !== '__proto__'));
      expect(after).toEqual(before);
    }),
  );
});

test('a value is never told against itself', () => {
  fc.assert(
    fc.property(pair, ([given, value]) => {
      expect(valueProblems(value, structuralOf(given), { before: { value } })).toEqual([]);
    }),
  );
});
