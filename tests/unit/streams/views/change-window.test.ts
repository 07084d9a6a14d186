import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Revision, revision } from '../../../../streams/base/brand.ts';
import type { Change } from '../../../../streams/views/change.ts';
import { ChangeWindow } from '../../../../streams/views/change-window.ts';
import { StoredObject } from '../../../../streams/views/stored-object.ts';
import { eventAt } from './history.ts';

const ref = { group: '', resource: 'pods', namespace: 'a', name: 'x' };

function changeAt(at: number): Change {
  const event = eventAt(ref, at);
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
        const window = new ChangeWindow(changesMax, revision(floor));
        const all: number[] = [];
        for (const distance of distances) {
          all.push((all.at(-1) ?? floor) + distance);
          window.push(changeAt(all.at(-1) ?? 0));
        }
        const kept = all.slice(-changesMax);
        expect(window.size).toBe(kept.length);
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

describe('a window without changes', () => {
  test('covers everything from where it began', () => {
    const window = new ChangeWindow(3, revision(7));
    expect(window.after(revision(7))).toEqual([]);
    expect(window.after(revision(1_000))).toEqual([]);
    expect(window.after(revision(6))).toBeUndefined();
  });
});
