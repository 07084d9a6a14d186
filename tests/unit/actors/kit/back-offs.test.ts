// Waiting longer with every try, and being forgiven.

import { expect, test } from 'vitest';
import { BackOffs } from '../../../../actors/kit/back-offs.ts';

const bounds = { firstMs: 1_000, mostMs: 8_000 };

/** Tries as soon as it may, so many times, and tells the waits in between. */
function waits(backOffs: BackOffs, times: number): number[] {
  let nowMs = 0;
  return Array.from({ length: times }, () => {
    backOffs.tried('a', nowMs);
    const waitMs = backOffs.waitMs('a', nowMs);
    nowMs += waitMs;
    return waitMs;
  });
}

test('every try waits twice as long as the one before, up to the longest wait', () => {
  expect(waits(new BackOffs(bounds), 6)).toEqual([1_000, 2_000, 4_000, 8_000, 8_000, 8_000]);
});

test('nobody waits for another key, nor before the first try', () => {
  const backOffs = new BackOffs(bounds);
  backOffs.tried('a', 0);
  expect(backOffs.waitMs('b', 0)).toBe(0);
  expect([0, 400, 1_000, 5_000].map((nowMs) => backOffs.waitMs('a', nowMs))).toEqual([1_000, 600, 0, 0]);
});

test('what was left alone for twice the longest wait begins anew', () => {
  const backOffs = new BackOffs(bounds);
  backOffs.tried('a', 0);
  backOffs.tried('a', 16_000);
  expect(backOffs.waitMs('a', 16_000)).toBe(2_000);
  backOffs.tried('a', 32_001);
  expect(backOffs.waitMs('a', 32_001)).toBe(1_000);
});
