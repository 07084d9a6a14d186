import { describe, expect, test } from 'vitest';
import {
  applyJsonPatch,
  jsonPatchOperationsMax,
  unknownJsonPatchFields,
} from '../../../../infra/api/patch/json-patch.ts';
import type { Json, JsonObject } from '../../../../infra/api/patch/json-value.ts';
import { frozen } from './support.ts';

const patch = (object: JsonObject, ...operations: Json[]) => applyJsonPatch(frozen(object), frozen(operations));

describe('an operation that applies', () => {
  test.each<[string, JsonObject, Json[], JsonObject]>([
    ['add sets a key', { a: 1 }, [{ op: 'add', path: '/b', value: 2 }], { a: 1, b: 2 }],
    ['add replaces a key', { a: 1 }, [{ op: 'add', path: '/a', value: 2 }], { a: 2 }],
    ['add inserts into a list', { a: [1, 3] }, [{ op: 'add', path: '/a/1', value: 2 }], { a: [1, 2, 3] }],
    ['add appends behind a list', { a: [1] }, [{ op: 'add', path: '/a/-', value: 2 }], { a: [1, 2] }],
    [
      'add counts a negative index from behind',
      { a: [1, 2] },
      [{ op: 'add', path: '/a/-1', value: 3 }],
      { a: [1, 2, 3] },
    ],
    ['add without a value adds null', { a: 1 }, [{ op: 'add', path: '/b' }], { a: 1, b: null }],
    ['remove deletes a key', { a: 1, b: 2 }, [{ op: 'remove', path: '/a' }], { b: 2 }],
    ['remove deletes an item', { a: [1, 2, 3] }, [{ op: 'remove', path: '/a/1' }], { a: [1, 3] }],
    ['remove counts a negative index from behind', { a: [1, 2] }, [{ op: 'remove', path: '/a/-1' }], { a: [1] }],
    ['replace sets a key', { a: 1 }, [{ op: 'replace', path: '/a', value: 2 }], { a: 2 }],
    ['replace takes an absent key', { a: 1 }, [{ op: 'replace', path: '/b', value: 2 }], { a: 1, b: 2 }],
    ['replace takes the whole document', { a: 1 }, [{ op: 'replace', path: '', value: { b: 2 } }], { b: 2 }],
    ['move takes a value along', { a: { b: 1 } }, [{ op: 'move', from: '/a/b', path: '/c' }], { a: {}, c: 1 }],
    ['move within a list', { a: [1, 2, 3] }, [{ op: 'move', from: '/a/0', path: '/a/2' }], { a: [2, 3, 1] }],
    ['copy repeats a value', { a: [1] }, [{ op: 'copy', from: '/a', path: '/b' }], { a: [1], b: [1] }],
    [
      'test passes on an equal value',
      { a: { b: [1, 2] } },
      [{ op: 'test', path: '/a', value: { b: [1, 2] } }],
      { a: { b: [1, 2] } },
    ],
    ['test takes an absent key for null', {}, [{ op: 'test', path: '/a', value: null }], {}],
    ['~1 is a slash', { 'a/b': 1 }, [{ op: 'replace', path: '/a~1b', value: 2 }], { 'a/b': 2 }],
    ['~01 is a tilde and a one', { 'a~1b': 1 }, [{ op: 'remove', path: '/a~01b' }], {}],
    [
      'keys of Object.prototype are plain keys',
      {},
      [{ op: 'add', path: '/constructor', value: 1 }],
      JSON.parse('{"constructor":1}'),
    ],
    [
      '__proto__ is a plain key',
      {},
      [{ op: 'add', path: '/__proto__', value: { x: 1 } }],
      JSON.parse('{"__proto__":{"x":1}}'),
    ],
  ])('%s', (_, object, operations, expected) => {
    const outcome = patch(object, ...operations);
    expect(outcome.kind).toBe('patched');
    expect(JSON.stringify(outcome.kind === 'patched' && outcome.object)).toBe(JSON.stringify(expected));
  });

  test('writes to a copied value do not show in the original', () => {
    expect(
      patch(
        { a: { x: [1] } },
        { op: 'add', path: '/a/y', value: 1 },
        { op: 'copy', from: '/a', path: '/b' },
        { op: 'add', path: '/b/x/-', value: 2 },
        { op: 'remove', path: '/a/y' },
      ),
    ).toEqual({ kind: 'patched', object: { a: { x: [1] }, b: { x: [1, 2], y: 1 } } });
  });

  test('shares what it does not touch', () => {
    const object = frozen({ a: { x: 1 }, b: { y: [1] } });
    const outcome = applyJsonPatch(object, [{ op: 'add', path: '/a/z', value: 1 }]);
    expect(outcome.kind === 'patched' && outcome.object.b).toBe(object.b);
  });

  test('returns the object itself when nothing changes', () => {
    const object = frozen({ a: 1 });
    const outcome = applyJsonPatch(object, [
      { op: 'test', path: '/a', value: 1 },
      { op: 'replace', path: '/a', value: 1 },
    ]);
    expect(outcome.kind === 'patched' && outcome.object).toBe(object);
  });
});

describe('an operation that does not apply is refused with 422', () => {
  test.each<[string, Json, string]>([
    ['remove of an absent key', { op: 'remove', path: '/x' }, 'Unable to remove nonexistent key: x: missing value'],
    [
      'remove of an absent index',
      { op: 'remove', path: '/list/5' },
      'Unable to access invalid index: 5: invalid index referenced',
    ],
    [
      'add below an absent key',
      { op: 'add', path: '/x/y', value: 1 },
      'add operation does not apply: doc is missing path: "/x/y": missing value',
    ],
    [
      'add below a scalar',
      { op: 'add', path: '/a/y', value: 1 },
      'add operation does not apply: doc is missing path: "/a/y": missing value',
    ],
    ['add at a word', { op: 'add', path: '/list/x', value: 1 }, "value was not a proper array index: 'x'"],
    [
      'add beyond the end',
      { op: 'add', path: '/list/3', value: 1 },
      'Unable to access invalid index: 3: invalid index referenced',
    ],
    ['a failed test', { op: 'test', path: '/a', value: 2 }, 'testing value /a failed: test failed'],
    ['an unknown operation', { op: 'merge', path: '/a' }, 'Unexpected kind: merge'],
    ['a missing path', { op: 'add', value: 1 }, 'add operation failed to decode path: missing value'],
    ['a missing from', { op: 'move', path: '/a' }, 'move operation failed to decode from: missing value'],
    [
      'replacing the document by a scalar',
      { op: 'replace', path: '', value: 1 },
      'replace operation value must be object or array',
    ],
    [
      'replacing the document by a list',
      { op: 'replace', path: '', value: [] },
      'the patch replaces the object with something else',
    ],
    [
      'moving into itself',
      { op: 'move', from: '/object', path: '/object/x' },
      `error in move for path: '/object/x': add operation does not apply: doc is missing path: "/object/x": missing value`,
    ],
  ])('%s', (_, operation, detail) => {
    expect(patch({ a: 1, list: [1, 2], object: {} }, operation)).toEqual({
      kind: 'invalid',
      reason: 'Invalid',
      code: 422,
      message: 'the server rejected our request due to an error in our request',
      detail,
    });
  });

  test('a copy beyond the limit counts what all copies of the patch add', () => {
    const operations = [
      { op: 'copy', from: '/a', path: '/b' },
      { op: 'copy', from: '/a', path: '/c' },
    ];
    expect(applyJsonPatch({ a: 'x'.repeat(98) }, operations, 200).kind).toBe('patched');
    expect(applyJsonPatch({ a: 'x'.repeat(99) }, operations, 200)).toMatchObject({
      kind: 'invalid',
      detail: 'Unable to complete the copy, the accumulated size increase of copy is 202, exceeding the limit 200',
    });
  });

  test('the size of a copied value is that of its JSON', () => {
    const value: Json = { ключ: [1, true, null, 'é"', {}, []], n: { deep: [[1.5]] } };
    const bytes = Buffer.byteLength(JSON.stringify(value));
    const operations = [{ op: 'copy', from: '/a', path: '/b' }];
    expect(applyJsonPatch({ a: value }, operations, bytes).kind).toBe('patched');
    expect(applyJsonPatch({ a: value }, operations, bytes - 1).kind).toBe('invalid');
  });
});

describe('a malformed patch is a bad request', () => {
  test.each<[Json, string]>([
    [{ op: 'add' }, 'error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp'],
    ['add', 'error decoding patch: json: cannot unmarshal string into Go value of type []handlers.jsonPatchOp'],
    [[1], 'error decoding patch: json: cannot unmarshal number into Go value of type handlers.jsonPatchOp'],
    [
      [{ op: true }],
      'error decoding patch: json: cannot unmarshal bool into Go struct field jsonPatchOp.op of type string',
    ],
    [
      [{ op: 'add', path: ['a'] }],
      'error decoding patch: json: cannot unmarshal array into Go struct field jsonPatchOp.path of type string',
    ],
  ])('%j', (malformed, message) => {
    expect(applyJsonPatch({}, malformed)).toEqual({ kind: 'invalid', reason: 'BadRequest', code: 400, message });
  });

  test('null is a patch without operations', () => {
    expect(applyJsonPatch({ a: 1 }, null)).toEqual({ kind: 'patched', object: { a: 1 } });
  });

  test('more operations than the maximum are too large', () => {
    const operations = Array.from({ length: jsonPatchOperationsMax + 1 }, () => ({ op: 'test', path: '/a', value: 1 }));
    expect(applyJsonPatch({ a: 1 }, operations.slice(1)).kind).toBe('patched');
    expect(applyJsonPatch({ a: 1 }, operations)).toEqual({
      kind: 'invalid',
      reason: 'RequestEntityTooLarge',
      code: 413,
      message: 'The allowed maximum operations in a JSON patch is 10000, got 10001',
    });
  });

  test('members strict validation does not know are named with their operation', () => {
    expect(
      unknownJsonPatchFields([
        { op: 'add', path: '/a', value: 1 },
        { op: 'add', path: '/a', foo: 1 },
      ]),
    ).toEqual(['json patch unknown field "[1].foo"']);
  });
});
