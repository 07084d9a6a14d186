import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Range, SortedObjects } from '../../../../streams/views/sorted-objects.ts';

/** Few enough to collide, with the characters that sort around the slash between namespace and name. */
const key = fc
  .tuple(fc.constantFrom('a', 'a-b', 'a.b', 'ab', 'b', ''), fc.stringMatching(/^[a-c0-1.-]{0,3}$/))
  .map(([namespace, name]) => (namespace === '' ? name : `${namespace}/${name}`));

type Thing = { readonly key: string; readonly version: number };

const thing = (each: string, version = 0): Thing => ({ key: each, version });
const keysOf = (sorted: SortedObjects<Thing>, range?: Range) =>
  Array.from(sorted.snapshot().range(range), (t) => t.key);

function filled(keys: readonly string[]): SortedObjects<Thing> {
  const sorted = new SortedObjects<Thing>();
  for (const each of keys) sorted.set(thing(each));
  return sorted;
}

test('keys come and go as in a sorted array without duplicates', () => {
  const step = fc.record({ add: fc.boolean(), key });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300, size: 'max' }), (steps) => {
      const sorted = new SortedObjects<Thing>();
      const model = new Set<string>();
      for (const { add, key: each } of steps) {
        if (add) {
          sorted.set(thing(each));
          model.add(each);
        } else {
          sorted.delete(each);
          model.delete(each);
        }
        expect(sorted.size).toBe(model.size);
      }
      expect(keysOf(sorted)).toEqual([...model].sort());
    }),
  );
});

test('a range begins with its prefix and goes on behind the key it is told', () => {
  const prefix = fc.oneof(fc.constant(''), fc.constantFrom('a/', 'a-b/', 'b/', 'zz/', 'a'));
  fc.assert(
    fc.property(
      fc.array(key, { maxLength: 60, size: 'max' }),
      prefix,
      fc.option(key, { nil: undefined }),
      (keys, start, after) => {
        const expected = [...new Set(keys)]
          .sort()
          .filter((each) => each.startsWith(start) && (after === undefined || each > after));
        expect(keysOf(filled(keys), { prefix: start, after })).toEqual(expected);
        expect(filled(keys).snapshot().count({ prefix: start, after })).toBe(expected.length);
      },
    ),
    { numRuns: 500 },
  );
});

describe('tens of thousands of keys', () => {
  const names = Array.from({ length: 20_000 }, (_, i) => `ns-${i % 7}/pod-${(i * 7_919) % 20_000}`);

  test('stay in order, and pages cover them all once', () => {
    const sorted = filled(names);
    const expected = [...names].sort();
    expect(keysOf(sorted)).toEqual(expected);
    const paged: string[] = [];
    for (let after: string | undefined; ; ) {
      const page: string[] = [];
      for (const { key: each } of sorted.snapshot().range({ after })) {
        if (page.length === 500) break;
        page.push(each);
      }
      if (page.length === 0) break;
      paged.push(...page);
      after = page.at(-1);
    }
    expect(paged).toEqual(expected);
  });

  test('can all go again', () => {
    const sorted = filled(names);
    for (const each of names) sorted.delete(each);
    expect(sorted.size).toBe(0);
    expect(keysOf(sorted)).toEqual([]);
    sorted.set(thing('a'));
    expect(keysOf(sorted)).toEqual(['a']);
  });
});

test('a snapshot stays as it was while objects come, change and go', () => {
  const step = fc.record({ to: fc.constantFrom('set', 'delete', 'look'), key, version: fc.nat(9) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200, size: 'max' }), (steps) => {
      const sorted = filled(Array.from({ length: 600 }, (_, i) => `b/${i}`));
      const taken: { readonly seen: () => Thing[]; readonly expected: Thing[] }[] = [];
      for (const { to, key: each, version } of steps) {
        if (to === 'set') sorted.set(thing(each, version));
        else if (to === 'delete') sorted.delete(each);
        else {
          const snapshot = sorted.snapshot();
          taken.push({ seen: () => [...snapshot.range()], expected: [...snapshot.range()] });
        }
      }
      for (const { seen, expected } of taken) expect(seen()).toEqual(expected);
    }),
  );
});
