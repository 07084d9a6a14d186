// Sets of completion indexes: intervals say what plain sets say, and their text is Kubernetes' own.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { remainingMs } from '../../../../actors/controllers/job/back-off.ts';
import {
  countOf,
  firstOutside,
  formatIndexes,
  hasIndex,
  indexesOf,
  overlapOf,
  parseIndexes,
  union,
} from '../../../../actors/controllers/job/indexes.ts';

const completions = 30;
const numbers = fc.uniqueArray(fc.nat({ max: completions - 1 }), { maxLength: 20 });

test('intervals are sets', () => {
  fc.assert(
    fc.property(numbers, numbers, fc.nat({ max: 10 }), (one, other, count) => {
      const [a, b] = [indexesOf(one), indexesOf(other)];
      const both = new Set([...one, ...other]);
      expect(union(a, b)).toEqual(indexesOf(both));
      expect(countOf(union(a, b))).toBe(both.size);
      expect(overlapOf(a, b)).toBe(one.filter((index) => other.includes(index)).length);
      expect(parseIndexes(formatIndexes(a), completions)).toEqual(a);
      const all = Array.from({ length: completions }, (_, index) => index);
      expect(all.filter((index) => hasIndex(a, index))).toEqual([...one].sort((x, y) => x - y));
      expect(firstOutside(a, count, completions)).toEqual(all.filter((index) => !one.includes(index)).slice(0, count));
    }),
  );
});

describe('the text', () => {
  test.each([
    [[], ''],
    [[3], '3'],
    [[3, 4], '3,4'],
    [[0, 1, 2, 5, 7, 8], '0-2,5,7,8'],
  ])('of %j is "%s"', (indexes, text) => {
    expect(formatIndexes(indexesOf(indexes))).toBe(text);
  });

  test.each([
    // What is beyond the completions has been dropped.
    ['0-2,5', 2, '0,1'],
    ['1,x,3', 9, '1,3'],
    ['1-y,3', 9, '3'],
    ['1,2,3', 9, '1-3'],
    ['', 9, ''],
  ])('"%s" of %i completions is %s', (text, size, read) => {
    expect(formatIndexes(parseIndexes(text, size))).toBe(read);
  });
});

test.each([
  [0, 0],
  [1, 10_000],
  [2, 20_000],
  [4, 80_000],
  [6, 320_000],
  [7, 600_000],
  [1_000, 600_000],
])('after %i failures in a row a job waits for %i ms', (count, ms) => {
  expect(remainingMs({ count, lastMs: 5_000 }, 5_000)).toBe(ms);
  expect(remainingMs({ count, lastMs: 5_000 }, 5_000 + ms)).toBe(0);
});
