// The keyed queue: each key once, never two at a time, later each time it fails. Checked rule by rule, and against a
// simple-minded model under random histories.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type DueHeap, withDue, withoutFirst } from '../../../../actors/kit/due-heap.ts';
import { drop, find, newTable, put } from '../../../../actors/kit/key-table.ts';
import {
  backOff,
  emptyQueue,
  enqueue,
  nextDueMs,
  type ReconcileOutcome,
  settle,
  take,
  type WorkQueue,
  wake,
} from '../../../../actors/kit/work-queue.ts';
import type { Revision } from '../../../../streams/base/brand.ts';
import type { Cause } from '../../../../streams/log/event.ts';

const cause = (revision: number): Cause => ({ stream: 'LOG', revision: revision as Revision });
const done: ReconcileOutcome = { kind: 'done' };
const failed: ReconcileOutcome = { kind: 'failed', failures: [] };

function named(queue: WorkQueue, key: string, { nowMs = 0, revision = 1 } = {}): WorkQueue {
  return enqueue(queue, { key, cause: cause(revision), nowMs });
}

/** All keys that can be taken, in order. */
function drained(queue: WorkQueue): { readonly keys: string[]; readonly queue: WorkQueue } {
  const keys: string[] = [];
  for (let rest = queue; ; ) {
    const taken = take(rest);
    if (taken === undefined) return { keys, queue: rest };
    keys.push(taken.work.key);
    rest = taken.queue;
  }
}

describe('a key', () => {
  test('leaves in the order it came, once, with the newest event that named it', () => {
    let queue = named(named(named(emptyQueue, 'a'), 'b'), 'a', { revision: 9 });
    const taken = take(queue);
    expect(taken?.work).toMatchObject({ key: 'a', cause: { revision: 9 } });
    queue = taken?.queue ?? queue;
    expect(drained(queue).keys).toEqual(['b']);
  });

  test('that is named while it runs comes again afterwards, not before', () => {
    let queue = drained(named(emptyQueue, 'a')).queue;
    queue = named(queue, 'a', { revision: 2 });
    expect(drained(queue).keys).toEqual([]);
    queue = settle(queue, { key: 'a', outcome: done, nowMs: 1 });
    expect(take(queue)?.work).toMatchObject({ key: 'a', cause: { revision: 2 } });
  });

  test('that is done is forgotten', () => {
    const queue = settle(drained(named(emptyQueue, 'a')).queue, { key: 'a', outcome: done, nowMs: 1 });
    expect(queue).toMatchObject({ waiting: 0, running: 0, delayed: 0 });
    expect(find(queue.entries, 'a')).toBeUndefined();
  });

  test('that fails waits 5 ms, then twice as long each time, up to 1000 s, until it succeeds', () => {
    let queue = named(emptyQueue, 'a');
    let nowMs = 0;
    const waits: number[] = [];
    for (let i = 0; i < 20; i++) {
      queue = settle(drained(queue).queue, { key: 'a', outcome: failed, nowMs });
      const dueMs = nextDueMs(queue) ?? 0;
      waits.push(dueMs - nowMs);
      expect(drained(wake(queue, dueMs - 1)).keys).toEqual([]);
      nowMs = dueMs;
      queue = wake(queue, nowMs);
    }
    expect(waits.slice(0, 4)).toEqual([5, 10, 20, 40]);
    expect(waits.slice(-2)).toEqual([backOff.maxMs, backOff.maxMs]);
    queue = settle(drained(queue).queue, { key: 'a', outcome: done, nowMs });
    queue = settle(drained(named(queue, 'a', { nowMs })).queue, { key: 'a', outcome: failed, nowMs });
    expect(nextDueMs(queue)).toBe(nowMs + backOff.firstMs);
  });

  test('that waits out its failures is looked at when something happens to it', () => {
    const queue = settle(drained(named(emptyQueue, 'a')).queue, { key: 'a', outcome: failed, nowMs: 0 });
    expect(drained(named(queue, 'a', { nowMs: 1 })).keys).toEqual(['a']);
  });

  test('that was named while it failed does not wait for longer than a second', () => {
    let queue = named(emptyQueue, 'a');
    for (let i = 0, nowMs = 0; i < 30; i++) {
      queue = settle(named(drained(queue).queue, 'a'), { key: 'a', outcome: failed, nowMs });
      nowMs = nextDueMs(queue) ?? nowMs;
      expect(nowMs - i * 2_000).toBeLessThan(backOff.namedMaxMs * 30);
      queue = wake(queue, nowMs);
    }
    queue = settle(named(drained(queue).queue, 'a'), { key: 'a', outcome: failed, nowMs: 0 });
    expect(nextDueMs(queue)).toBe(backOff.namedMaxMs);
  });

  test('carries what went wrong to its next turn only', () => {
    const failures = [
      {
        write: { kind: 'bind', namespace: 'd', name: 'p', uid: 'u', node: 'n' },
        reason: 'Forbidden',
        message: 'no',
      } as const,
    ];
    let queue = settle(drained(named(emptyQueue, 'a')).queue, {
      key: 'a',
      outcome: { kind: 'failed', failures },
      nowMs: 0,
    });
    const again = take(wake(queue, 5));
    expect(again?.work.failures).toEqual(failures);
    queue = settle(again?.queue ?? queue, { key: 'a', outcome: { kind: 'done', againAfterMs: 1 }, nowMs: 5 });
    expect(take(wake(queue, 6))?.work.failures).toEqual([]);
  });

  test('is looked after since it first came, until a plan asks for nothing more', () => {
    let queue = drained(named(emptyQueue, 'a', { nowMs: 100 })).queue;
    queue = settle(queue, { key: 'a', outcome: { kind: 'done', againAfterMs: 50 }, nowMs: 110 });
    const again = take(wake(queue, 160));
    expect(again?.work.sinceMs).toBe(100);
    queue = settle(again?.queue ?? queue, { key: 'a', outcome: done, nowMs: 160 });
    expect(take(named(queue, 'a', { nowMs: 200 }))?.work.sinceMs).toBe(200);
  });
});

describe('a resting key', () => {
  const rest = (againAfterMs?: number) =>
    settle(drained(named(emptyQueue, 'a')).queue, {
      key: 'a',
      outcome: { kind: 'done', pauseMs: 20, ...(againAfterMs === undefined ? {} : { againAfterMs }) },
      nowMs: 0,
    });

  test('is not looked at before it has rested, whatever happens', () => {
    const queue = named(named(rest(), 'a', { revision: 2 }), 'a', { revision: 3 });
    expect(drained(wake(queue, 19)).keys).toEqual([]);
    expect(take(wake(queue, 20))?.work).toMatchObject({ key: 'a', cause: { revision: 3 } });
  });

  test('is forgotten when nothing happens', () => {
    expect(find(wake(rest(), 20).entries, 'a')).toBeUndefined();
  });

  test('is looked at again when its plan asked for it', () => {
    const queue = wake(rest(100), 20);
    expect(drained(queue).keys).toEqual([]);
    expect(drained(wake(queue, 100)).keys).toEqual(['a']);
  });
});

test('the queue never changes: the same queue can be taken from twice', () => {
  const queue = named(named(emptyQueue, 'a'), 'b');
  expect(drained(queue).keys).toEqual(['a', 'b']);
  expect(drained(queue).keys).toEqual(['a', 'b']);
  expect(JSON.parse(JSON.stringify(queue))).toEqual(queue);
});

test('deadlines that nobody waits for any more are swept out', () => {
  let queue = emptyQueue;
  for (let i = 0; i < 20_000; i++) {
    queue = drained(named(queue, 'a', { nowMs: i })).queue;
    queue = settle(queue, { key: 'a', outcome: { kind: 'done', againAfterMs: 600_000 }, nowMs: i });
  }
  expect(queue.dueSize).toBeLessThan(1_100);
});

type Step =
  | { readonly kind: 'name'; readonly key: string }
  | { readonly kind: 'take' }
  | { readonly kind: 'settle'; readonly key: string; readonly outcome: ReconcileOutcome }
  | { readonly kind: 'pass'; readonly ms: number };

const key = fc.constantFrom('a', 'b', 'c', 'd');
const outcome: fc.Arbitrary<ReconcileOutcome> = fc.oneof(
  fc.constant<ReconcileOutcome>(done),
  fc.constant<ReconcileOutcome>(failed),
  fc.nat({ max: 30 }).map((againAfterMs): ReconcileOutcome => ({ kind: 'done', againAfterMs })),
  fc.nat({ max: 30 }).map((pauseMs): ReconcileOutcome => ({ kind: 'done', pauseMs })),
);
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('name' as const), key }),
  fc.record({ kind: fc.constant('take' as const) }),
  fc.record({ kind: fc.constant('settle' as const), key, outcome }),
  fc.record({ kind: fc.constant('pass' as const), ms: fc.nat({ max: 20 }) }),
);

test('under every history: nothing named is lost, nothing runs twice at a time, and the counts are true', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      let queue = emptyQueue;
      let nowMs = 0;
      const running = new Set<string>();
      /** Keys that something happened to since they were last handed out. */
      const owed = new Set<string>();
      for (const next of steps) {
        if (next.kind === 'pass') nowMs += next.ms;
        else if (next.kind === 'name') {
          owed.add(next.key);
          queue = named(queue, next.key, { nowMs });
        } else if (next.kind === 'settle') {
          if (!running.delete(next.key)) continue;
          queue = settle(queue, { key: next.key, outcome: next.outcome, nowMs });
        } else {
          const taken = take(wake(queue, nowMs));
          if (taken === undefined) continue;
          expect(running.has(taken.work.key)).toBe(false);
          running.add(taken.work.key);
          owed.delete(taken.work.key);
          queue = taken.queue;
        }
        expect(queue.running).toBe(running.size);
      }
      for (const key of running) queue = settle(queue, { key, outcome: done, nowMs });
      const { keys } = drained(wake(queue, nowMs + 10_000));
      for (const key of owed) expect(keys).toContain(key);
      expect(new Set(keys).size).toBe(keys.length);
    }),
    { numRuns: 2_000 },
  );
});

test('the key table is a map that never changes', () => {
  const entry = fc.record({ key: fc.string({ maxLength: 6 }), value: fc.option(fc.nat()) });
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 200 }), (entries) => {
      let table = newTable<number>();
      const model = new Map<string, number>();
      for (const { key, value } of entries) {
        const before = find(table, key);
        const next = value === null ? drop(table, key) : put(table, key, value);
        expect(find(table, key)).toBe(before);
        table = next;
        if (value === null) model.delete(key);
        else model.set(key, value);
      }
      for (const { key } of entries) expect(find(table, key)).toBe(model.get(key));
    }),
  );
});

test('the due heap gives keys by their time, and those of one time in the order they came', () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 9 }), { maxLength: 100 }), (times) => {
      let heap: DueHeap = null;
      for (const [order, dueMs] of times.entries()) heap = withDue(heap, { key: `k${order}`, dueMs, order });
      const given: { dueMs: number; order: number }[] = [];
      for (; heap !== null; heap = withoutFirst(heap)) given.push({ dueMs: heap.dueMs, order: heap.order });
      const wanted = times
        .map((dueMs, order) => ({ dueMs, order }))
        .sort((a, b) => a.dueMs - b.dueMs || a.order - b.order);
      expect(given).toEqual(wanted);
    }),
  );
});
