import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SortedKeys } from '../../../../streams/views/sorted-keys.ts';

/** Few enough to collide, with the characters that sort around the slash between namespace and name. */
const key = fc
  .tuple(fc.constantFrom('a', 'a-b', 'a.b', 'ab', 'b', ''), fc.stringMatching(/^[a-c0-1.-]{0,3}$/))
  .map(([namespace, name]) => (namespace === '' ? name : `${namespace}/${name}`));

function filled(keys: readonly string[]): SortedKeys {
  const sorted = new SortedKeys();
  for (const each of keys) sorted.add(each);
  return sorted;
}

test('keys come and go as in a sorted array without duplicates', () => {
  const step = fc.record({ add: fc.boolean(), key });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300, size: 'max' }), (steps) => {
      const sorted = new SortedKeys();
      const model = new Set<string>();
      for (const { add, key: each } of steps) {
        if (add) {
          sorted.add(each);
          model.add(each);
        } else {
          sorted.delete(each);
          model.delete(each);
        }
        expect(sorted.size).toBe(model.size);
      }
      expect([...sorted.range()]).toEqual([...model].sort());
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
        expect([...filled(keys).range(after === undefined ? { prefix: start } : { prefix: start, after })]).toEqual(
          expected,
        );
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
    expect([...sorted.range()]).toEqual(expected);
    const paged: string[] = [];
    for (let after: string | undefined; ; ) {
      const page: string[] = [];
      for (const each of sorted.range(after === undefined ? {} : { after })) {
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
    expect([...sorted.range()]).toEqual([]);
    sorted.add('a');
    expect([...sorted.range()]).toEqual(['a']);
  });
});
