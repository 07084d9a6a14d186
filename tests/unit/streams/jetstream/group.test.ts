import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Revision, Subject } from '../../../../streams/base/brand.ts';
import { limits } from '../../../../streams/base/limits.ts';
import type { Append } from '../../../../streams/jetstream/append.ts';
import { takeGroup } from '../../../../streams/jetstream/group.ts';
import { Heads } from '../../../../streams/jetstream/heads.ts';
import type { Expectation } from '../../../../streams/log/event-log.ts';
import { absent, aDeletion, anEvent, at, change, podSubject, range } from '../../../kit/events.ts';

function waiting(
  name: string,
  { expect = absent, bytes = 10, alone = false }: { expect?: Expectation; bytes?: number; alone?: boolean } = {},
): Append {
  const request = change(name, expect);
  return {
    request,
    subject: request.subject,
    payload: new Uint8Array(bytes),
    expected: (expect.kind === 'at' ? expect.revision : 0) as Revision,
    deadline: 0,
    alone,
    refusals: 0,
    attempted: false,
    resolve() {},
    reject() {},
  };
}

const none: ReadonlySet<Subject> = new Set();

const names = (appends: readonly Append[]) => appends.map(({ subject }) => subject.split('.').at(-1));

describe('groups', () => {
  test('keep the order, hold no subject twice and none that is under way, and lose nothing', () => {
    const name = fc.constantFrom('a', 'b', 'c', 'd', 'e');
    const queued = fc.record({ name, alone: fc.boolean() });
    fc.assert(
      fc.property(fc.array(queued, { maxLength: 40 }), fc.array(name, { maxLength: 3 }), (all, others) => {
        const underWay = new Set(others.map(podSubject));
        const appends = all.map(({ name, alone }) => waiting(name, { alone }));
        const queue = [...appends];
        const group = takeGroup(queue, new Heads(), underWay);
        expect(group.some(({ subject }) => underWay.has(subject))).toBe(false);
        expect(new Set(names(group)).size).toBe(group.length);
        expect(group.some(({ alone }) => alone)).toBe(false);
        expect([...group, ...queue].sort((a, b) => appends.indexOf(a) - appends.indexOf(b))).toEqual(appends);
        expect(group).toEqual([...group].sort((a, b) => appends.indexOf(a) - appends.indexOf(b)));
        expect(queue).toEqual([...queue].sort((a, b) => appends.indexOf(a) - appends.indexOf(b)));
        // Of one object the earlier append is always ahead of the later one.
        for (const append of group) {
          const before = appends.slice(0, appends.indexOf(append));
          expect(before.filter(({ subject }) => subject === append.subject)).toEqual([]);
        }
      }),
    );
  });

  test('are bounded in number and in bytes, but a large event alone still goes', () => {
    const many = range(1, 1_000).map((i) => waiting(`n-${i}`));
    expect(takeGroup(many, new Heads(), none)).toHaveLength(limits.batchEventsMax);
    expect(many).toHaveLength(1_000 - limits.batchEventsMax);
    const large = range(1, 20).map((i) => waiting(`n-${i}`, { bytes: 1_500_000 }));
    expect(takeGroup(large, new Heads(), none)).toHaveLength(Math.floor(limits.batchBytesMax / 1_500_000));
    const huge = [waiting('huge', { bytes: limits.batchBytesMax + 1 }), waiting('next')];
    expect(names(takeGroup(huge, new Heads(), none))).toEqual(['huge']);
  });

  test('leave out appends that look lost, and mark them to go alone', () => {
    const heads = new Heads();
    heads.note(podSubject('moved'), 7 as Revision, anEvent());
    heads.note(podSubject('dead'), 8 as Revision, aDeletion());
    const queue = [
      waiting('moved', { expect: at(6) }),
      waiting('fresh'),
      waiting('moved', { expect: at(7) }),
      waiting('dead'),
    ];
    expect(names(takeGroup(queue, heads, none))).toEqual(['fresh', 'dead']);
    expect(queue.map(({ alone }) => alone)).toEqual([true, false]);
    expect(
      names(takeGroup([waiting('moved', { expect: at(7) }), waiting('dead', { expect: at(8) })], heads, none)),
    ).toEqual(['moved', 'dead']);
    expect(names(takeGroup([waiting('moved')], heads, none))).toEqual([]);
  });
});

describe('heads', () => {
  const recorded = (name: string, revision: number) => ({
    ...anEvent(),
    stream: 'LOG' as const,
    subject: podSubject(name),
    revision: revision as Revision,
  });

  test('an older event never replaces what is known', () => {
    const heads = new Heads();
    heads.note(podSubject('a'), 9 as Revision, anEvent());
    heads.note(podSubject('a'), 5 as Revision, anEvent());
    expect(heads.looksLost(podSubject('a'), at(5), 5 as Revision)).toBe(true);
    expect(heads.looksLost(podSubject('a'), at(9), 9 as Revision)).toBe(false);
    expect(heads.looksLost(podSubject('b'), at(1), 1 as Revision)).toBe(false);
  });

  test('they learn from what is new at the head of the log, not from history', () => {
    const heads = new Heads();
    heads.observe([recorded('old', 3)], 10);
    expect(heads.looksLost(podSubject('old'), at(1), 1 as Revision)).toBe(false);
    heads.observe([recorded('new', 11)], 10);
    expect(heads.looksLost(podSubject('new'), at(1), 1 as Revision)).toBe(true);
    heads.observe([recorded('other', 2)], 11);
    expect(heads.looksLost(podSubject('other'), at(1), 1 as Revision)).toBe(false);
  });

  test('their number is bounded', () => {
    const heads = new Heads();
    for (let i = 1; i <= 20_000; i++) heads.note(podSubject(`n-${i}`), i as Revision, anEvent());
    expect(heads.looksLost(podSubject('n-1'), absent, 0 as Revision)).toBe(false);
    expect(heads.looksLost(podSubject('n-20000'), absent, 0 as Revision)).toBe(true);
  });
});
