// What objects have in common is read once, and each of them is still what JSON.parse makes of its text.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { madeOf } from '../../../../streams/resources/made-of.ts';
import type { Packed } from '../../../../streams/views/cold-storage.ts';
import { DeltaBase, deltaOf } from '../../../../streams/views/delta.ts';
import { SharedValues } from '../../../../streams/views/shared-values.ts';
import { PartReader, TextParts } from '../../../../streams/views/text-parts.ts';

const unbounded = 1024 * 1024;

function packed(base: DeltaBase, text: Buffer): Packed {
  return { base, delta: deltaOf(text, base, unbounded) ?? '' };
}

/** Reads a text of the base after the base has been read often enough to be taken apart. */
function read(values: SharedValues, base: DeltaBase, text: Buffer): unknown {
  const one = packed(base, text);
  for (let i = 0; i < 3; i++) values.reader(one);
  return values.reader(one)?.reader.whole();
}

/** Few keys and values, so that texts have much in common, in the same places and in others. */
const leaf = fc.oneof(
  fc.constantFrom('', 'a', 'né', '"', '\\', '\n', '\ud800', '}', '{"a":1', 'a long text that is a stretch of its own'),
  fc.constantFrom(0, 1, 12, 123, -0, 1.5, -3, 1e21, 2 ** 53, true, false, null),
);
const key = fc.constantFrom('a', 'b', 'name', 'metadata', '', '0', '"', 'constructor', 'é');
const json = fc.letrec((tie) => ({
  value: fc.oneof({ depthSize: 'small', withCrossShrink: true }, leaf, tie('list'), tie('object')),
  list: fc.array(tie('value'), { maxLength: 4 }),
  object: fc.dictionary(key, tie('value'), { maxKeys: 5, noNullPrototype: true }),
}));

const encoded = (value: unknown) => Buffer.from(JSON.stringify(value));

test('a text reads as JSON.parse reads it, whatever its base is', () => {
  fc.assert(
    fc.property(json.object, json.object, (first, second) => {
      const base = new DeltaBase(encoded(first));
      const values = new SharedValues({ basesMax: 2 });
      for (const value of [first, second, { ...first, ...second }, { a: first, b: [second, first] }]) {
        const text = encoded(value);
        expect(read(values, base, text)).toEqual(JSON.parse(text.toString()));
        expect(new TextParts(text).root).toEqual(JSON.parse(text.toString()));
      }
    }),
  );
});

test('numbers at the end of a stretch are read to their own end', () => {
  const base = new DeltaBase(encoded({ spec: { filler: 'x'.repeat(40), replicas: 12 } }));
  const values = new SharedValues({ basesMax: 2 });
  for (const replicas of [1, 12, 123, 129, 12.5])
    expect(read(values, base, encoded({ spec: { filler: 'x'.repeat(40), replicas } }))).toEqual({
      spec: { filler: 'x'.repeat(40), replicas },
    });
});

test('what is the same is the very same, and has a place for what is made of it', () => {
  const pod = (name: string) => ({ name, env: Array.from({ length: 9 }, (_, i) => ({ name: `A${i}`, value: 'b' })) });
  const base = new DeltaBase(encoded(pod('web-1')));
  const values = new SharedValues({ basesMax: 2 });
  const [one, two] = ['web-2', 'web-3'].map((name) => read(values, base, encoded(pod(name))) as ReturnType<typeof pod>);
  expect(one).toEqual(pod('web-2'));
  expect(two?.env).toBe(one?.env);
  expect(madeOf(one?.env ?? [])).toBeDefined();
  expect(madeOf(one ?? {})).toBeUndefined();
  expect(Object.isFrozen(one?.env[0])).toBe(true);
  expect(Object.isFrozen(one)).toBe(false);
});

describe('a member is found where it stands', () => {
  test('among others, without reading what it is', () => {
    fc.assert(
      fc.property(json.object, json.object, json.value, (before, base, value) => {
        const text = encoded({ ...before, wanted: value, after: base });
        const values = new SharedValues({ basesMax: 2 });
        const one = packed(new DeltaBase(encoded({ wanted: value, base })), text);
        for (let i = 0; i < 3; i++) values.reader(one);
        for (const reader of [new PartReader(text, { end: text.length }), values.reader(one)?.reader]) {
          const found = reader?.member('wanted');
          expect(text.toString('utf8', found?.start, found?.end)).toBe(JSON.stringify(value));
        }
      }),
    );
  });
});

test.each(['{"a":1', '{"a" :1}', '{"a":1}x', '[1,2', '{"a":tru}', '{"__proto__":1}', '"', '{"a":"b'])(
  '%s is left to others',
  (text) => {
    expect(() => new TextParts(Buffer.from(text))).toThrow();
    const base = new DeltaBase(Buffer.from(text));
    const values = new SharedValues({ basesMax: 2 });
    for (let i = 0; i < 5; i++) expect(values.reader({ base, delta: '' })).toBeUndefined();
  },
);

test('only so many bases are kept taken apart', () => {
  const values = new SharedValues({ basesMax: 2 });
  const bases = ['a', 'b', 'c'].map((name) => new DeltaBase(encoded({ name })));
  for (const base of bases) for (let i = 0; i < 3; i++) values.reader({ base, delta: '' });
  expect(bases.toReversed().map((base) => values.reader({ base, delta: '' }) !== undefined)).toEqual([
    true,
    true,
    false,
  ]);
});
