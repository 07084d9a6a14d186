import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Revision, revision } from '../../../../streams/base/brand.ts';
import type { Change } from '../../../../streams/views/change.ts';
import { ChangeWindow } from '../../../../streams/views/change-window.ts';
import { StoredObject } from '../../../../streams/views/stored-object.ts';
import { eventAt } from './history.ts';

const ref = { group: '', resource: 'pods', namespace: 'a', name: 'x' };

const textBytes = 100;

function changeAt(at: number): Change {
  const event = { ...eventAt(ref, at), object: new Uint8Array(textBytes) };
  return { type: 'ADDED', ref, current: new StoredObject(ref, event), previous: undefined, event };
}

const revisions = (changes: readonly Change[] | undefined) => changes?.map(({ event }) => Number(event.revision));

test('a window tells the changes after any revision it still covers, and owns up to the others', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 8 }),
      fc.integer({ min: 0, max: 5 }),
      fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 30, size: 'max' }),
      (changesMax, floor, distances) => {
        const window = new ChangeWindow({ changesMax, bytesMax: Number.POSITIVE_INFINITY }, revision(floor));
        const left: Change[] = [];
        const all: number[] = [];
        for (const distance of distances) {
          all.push((all.at(-1) ?? floor) + distance);
          window.push(changeAt(all.at(-1) ?? 0), (change) => left.push(change));
        }
        const kept = all.slice(-changesMax);
        expect(window.size).toBe(kept.length);
        expect(revisions(left)).toEqual(all.slice(0, -changesMax));
        const covered = all.length > changesMax ? (all.at(-changesMax - 1) ?? 0) : floor;
        expect(window.floor).toBe(covered);
        for (let asked = 0; asked <= (all.at(-1) ?? floor) + 1; asked++) {
          const expected = asked < covered ? undefined : all.filter((at) => at > asked);
          expect(revisions(window.after(asked as Revision))).toEqual(expected);
        }
      },
    ),
    { numRuns: 500 },
  );
});

test('a window holds no more bytes than it may, save for a single change', () => {
  for (const [bytesMax, kept] of [
    [textBytes * 3, 3],
    [textBytes * 3 - 1, 2],
    [1, 1],
  ] as const) {
    const window = new ChangeWindow({ changesMax: 100, bytesMax }, revision(0));
    for (let at = 1; at <= 9; at++) window.push(changeAt(at), () => {});
    expect(window.size).toBe(kept);
    expect(window.floor).toBe(9 - kept);
    expect(window.after(revision(8 - kept))).toBeUndefined();
  }
});

describe('a window without changes', () => {
  test('covers everything from where it began', () => {
    const window = new ChangeWindow({ changesMax: 3, bytesMax: 1_000 }, revision(7));
    expect(window.after(revision(7))).toEqual([]);
    expect(window.after(revision(1_000))).toEqual([]);
    expect(window.after(revision(6))).toBeUndefined();
  });
});
