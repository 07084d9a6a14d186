import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isObject, type Json, type JsonObject, jsonEqual } from '../../../../infra/api/patch/json-value.ts';
import { applyMergePatch } from '../../../../infra/api/patch/merge-patch.ts';
import { frozen } from './support.ts';

const merge = (object: JsonObject, patch: Json): JsonObject => {
  const outcome = applyMergePatch(frozen(object), frozen(patch));
  if (outcome.kind === 'invalid') throw new Error(outcome.message);
  return outcome.object;
};

describe('RFC 7386, appendix A', () => {
  test.each<[JsonObject, JsonObject, JsonObject]>([
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    [{ a: 'b' }, { a: null }, {}],
    [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ])('%j with %j is %j', (object, patch, expected) => {
    expect(merge(object, patch)).toEqual(expected);
  });
});

describe('as the API server reads it', () => {
  test('a null inside a new list goes with its key', () => {
    expect(merge({}, { a: [{ b: null, c: 1 }, null] })).toEqual({ a: [{ c: 1 }, null] });
  });

  test('a list that replaces an object keeps its nulls', () => {
    expect(merge({ a: {} }, { a: [{ b: null }] })).toEqual({ a: [{ b: null }] });
  });

  test.each<[Json, string]>([
    [null, 'Invalid JSON Patch'],
    [[1], 'error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}'],
    ['x', 'error decoding patch: json: cannot unmarshal string into Go value of type map[string]interface {}'],
    [true, 'error decoding patch: json: cannot unmarshal bool into Go value of type map[string]interface {}'],
    [1, 'error decoding patch: json: cannot unmarshal number into Go value of type map[string]interface {}'],
  ])('%j is a bad request', (patch, message) => {
    expect(applyMergePatch({}, patch)).toEqual({ kind: 'invalid', reason: 'BadRequest', code: 400, message });
  });

  test('a key named __proto__ changes the object and nobody else', () => {
    const merged = merge({ data: { a: '1' } }, JSON.parse('{"data":{"__proto__":"x","constructor":{"y":1}}}'));
    expect(JSON.stringify(merged)).toBe('{"data":{"a":"1","__proto__":"x","constructor":{"y":1}}}');
    expect(Object.getPrototypeOf(merged.data)).toBe(Object.prototype);
  });
});

describe('laws', () => {
  /** Objects without null: a merge patch cannot say null. */
  const objects = fc.dictionary(
    fc.constantFrom('a', 'b', 'c', '__proto__', 'toString'),
    fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 3 },
        fc.integer({ min: 0, max: 2 }),
        fc.constantFrom('x', 'y'),
        fc.boolean(),
        fc.array(tie('value'), { maxLength: 2 }),
        fc.dictionary(fc.constantFrom('a', 'b', 'c'), tie('value'), { maxKeys: 3 }),
      ),
    })).value,
  ) as fc.Arbitrary<JsonObject>;

  const diff = (from: JsonObject, to: JsonObject): JsonObject => {
    const entries: [string, Json][] = [];
    for (const key of Object.keys(from)) if (!Object.hasOwn(to, key)) entries.push([key, null]);
    for (const key of Object.keys(to)) {
      const [left, right] = [Object.hasOwn(from, key) ? from[key] : undefined, to[key] as Json];
      if (isObject(left) && isObject(right)) entries.push([key, diff(left, right)]);
      else if (!jsonEqual(left, right)) entries.push([key, right]);
    }
    return Object.fromEntries(entries);
  };

  test('the difference of two objects, applied to the first, gives the second', () => {
    fc.assert(
      fc.property(objects, objects, (a, b) => {
        expect(merge(a, diff(a, b))).toEqual(b);
      }),
    );
  });

  test('a patch applied again changes nothing', () => {
    fc.assert(
      fc.property(objects, objects, (a, b) => {
        const once = merge(a, diff(a, b));
        expect(merge(once, diff(a, b))).toEqual(once);
      }),
    );
  });

  test('a patch that says what is already so returns the object itself', () => {
    fc.assert(
      fc.property(objects, (a) => {
        expect(merge(a, {})).toBe(a);
        expect(merge(a, diff(a, a))).toBe(a);
      }),
    );
  });

  test('untouched subtrees are shared', () => {
    const object = frozen({ metadata: { name: 'x' }, spec: { replicas: 1 } });
    expect(merge(object, { spec: { replicas: 2 } }).metadata).toBe(object.metadata);
  });
});
