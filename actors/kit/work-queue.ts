// The keys a controller has yet to look at, as plain data. Each key is there once; none is handed out twice at a time;
// a key that comes while it is being reconciled comes again afterwards; one that failed waits twice as long each time.
// Time is passed in, so the same calls always give the same queue.

import { assert, assertNever } from '../../streams/base/assert.ts';
import type { Cause } from '../../streams/log/event.ts';
import type { FailedWrite, Key } from './controller.ts';
import { type DueHeap, withDue, withoutFirst } from './due-heap.ts';
import { drop, find, type KeyTable, newTable, put } from './key-table.ts';

export type WorkQueue = {
  readonly entries: KeyTable<Entry>;
  /** Waiting keys in the order they came: `front` from `frontAt` on, then `back` from its end. */
  readonly front: readonly Key[];
  readonly frontAt: number;
  readonly back: Back | null;
  /** Delayed and resting keys. A key that was moved to the front meanwhile is still in here and is passed over. */
  readonly due: DueHeap;
  readonly dueSize: number;
  readonly order: number;
  readonly waiting: number;
  readonly running: number;
  /** Keys that are delayed or resting. */
  readonly delayed: number;
};

type Back = { readonly key: Key; readonly next: Back | null };

type Entry = {
  readonly state: 'waiting' | 'running' | 'delayed' | 'resting';
  /** The newest event that named the key. */
  readonly cause: Cause | null;
  readonly sinceMs: number;
  /** It was named while it was running or resting. */
  readonly named: boolean;
  readonly failuresInARow: number;
  readonly failures: readonly FailedWrite[];
  /** When a delayed or resting key is due. */
  readonly dueMs: number;
  /** When a resting key is to be looked at even if nothing named it; null: not at all. */
  readonly againAtMs: number | null;
};

export type Work = {
  readonly key: Key;
  readonly cause: Cause | null;
  readonly sinceMs: number;
  readonly failures: readonly FailedWrite[];
};

export type ReconcileOutcome =
  | { readonly kind: 'done'; readonly againAfterMs?: number; readonly pauseMs?: number }
  | { readonly kind: 'failed'; readonly failures: readonly FailedWrite[] };

export const backOff = { firstMs: 5, maxMs: 1_000_000, namedMaxMs: 1_000 } as const;

export const emptyQueue: WorkQueue = {
  entries: newTable(),
  front: [],
  frontAt: 0,
  back: null,
  due: null,
  dueSize: 0,
  order: 0,
  waiting: 0,
  running: 0,
  delayed: 0,
};

/** Takes a key in. One that is waiting out a delay is looked at now, because something has changed. */
export function enqueue(
  queue: WorkQueue,
  { key, cause, nowMs }: { key: Key; cause: Cause | null; nowMs: number },
): WorkQueue {
  const entry = find(queue.entries, key);
  if (entry === undefined) return line(queue, key, { ...fresh, cause, sinceMs: nowMs });
  switch (entry.state) {
    case 'waiting':
      return set(queue, key, { ...entry, cause });
    case 'running':
    case 'resting':
      return set(queue, key, { ...entry, cause, named: true });
    case 'delayed':
      return line({ ...queue, delayed: queue.delayed - 1 }, key, { ...entry, cause });
    default:
      return assertNever(entry.state);
  }
}

/** Hands out the key that has waited longest. */
export function take(queue: WorkQueue): { readonly queue: WorkQueue; readonly work: Work } | undefined {
  if (queue.waiting === 0) return undefined;
  const { front, frontAt, back } = queue.frontAt < queue.front.length ? queue : { ...turned(queue.back), back: null };
  const key = front[frontAt];
  assert(key !== undefined, 'a queue that counts waiting keys has one');
  const entry = find(queue.entries, key);
  assert(entry?.state === 'waiting', 'a key in line is waiting');
  const rest = { ...queue, front, frontAt: frontAt + 1, back, waiting: queue.waiting - 1, running: queue.running + 1 };
  return {
    queue: set(rest, key, { ...entry, state: 'running', named: false }),
    work: { key, cause: entry.cause, sinceMs: entry.sinceMs, failures: entry.failures },
  };
}

/** Takes a key back after it was reconciled. */
export function settle(
  queue: WorkQueue,
  { key, outcome, nowMs }: { key: Key; outcome: ReconcileOutcome; nowMs: number },
): WorkQueue {
  const entry = find(queue.entries, key);
  assert(entry?.state === 'running', `key ${key} is settled once and only after it was handed out`);
  const rest = { ...queue, running: queue.running - 1 };
  if (outcome.kind === 'failed') {
    const failuresInARow = entry.failuresInARow + 1;
    const ms = Math.min(backOff.firstMs * 2 ** entry.failuresInARow, entry.named ? backOff.namedMaxMs : backOff.maxMs);
    const failed = { ...entry, failuresInARow, failures: outcome.failures };
    return delay(rest, key, { ...failed, state: 'delayed', named: false, dueMs: nowMs + ms });
  }
  const done = { ...entry, failuresInARow: 0, failures: [] };
  const againAtMs = outcome.againAfterMs === undefined ? null : nowMs + outcome.againAfterMs;
  if (outcome.pauseMs !== undefined && outcome.pauseMs > 0) {
    return delay(rest, key, { ...done, state: 'resting', dueMs: nowMs + outcome.pauseMs, againAtMs });
  }
  return rested(rest, key, { ...done, againAtMs });
}

/** Puts the keys that are due in line. */
export function wake(queue: WorkQueue, nowMs: number): WorkQueue {
  let woken = queue;
  for (let first = woken.due; first !== null && first.dueMs <= nowMs; first = woken.due) {
    woken = { ...woken, due: withoutFirst(first), dueSize: woken.dueSize - 1 };
    const entry = find(woken.entries, first.key);
    if (!isDue(entry, first)) continue;
    woken = { ...woken, delayed: woken.delayed - 1 };
    woken = entry.state === 'delayed' ? line(woken, first.key, entry) : rested(woken, first.key, entry);
  }
  return woken;
}

/** When the next key is due, as far as the clock decides it. */
export function nextDueMs(queue: WorkQueue): number | undefined {
  return queue.due?.dueMs;
}

const fresh: Omit<Entry, 'cause' | 'sinceMs'> = {
  state: 'waiting',
  named: false,
  failuresInARow: 0,
  failures: [],
  dueMs: 0,
  againAtMs: null,
};

/** What follows once a key is neither running nor resting any more. */
function rested(queue: WorkQueue, key: Key, entry: Entry): WorkQueue {
  if (entry.named) return line(queue, key, { ...entry, named: false });
  if (entry.againAtMs === null) return { ...queue, entries: drop(queue.entries, key) };
  return delay(queue, key, { ...entry, state: 'delayed', dueMs: entry.againAtMs, againAtMs: null });
}

function line(queue: WorkQueue, key: Key, entry: Entry): WorkQueue {
  const back = { key, next: queue.back };
  return set({ ...queue, back, waiting: queue.waiting + 1 }, key, { ...entry, state: 'waiting' });
}

function delay(queue: WorkQueue, key: Key, entry: Entry): WorkQueue {
  const due = withDue(queue.due, { key, dueMs: entry.dueMs, order: queue.order });
  const delayed = queue.delayed + 1;
  const later = set({ ...queue, due, dueSize: queue.dueSize + 1, order: queue.order + 1, delayed }, key, entry);
  return later.dueSize > staleMax + 4 * later.delayed ? swept(later) : later;
}

const staleMax = 1_000;

/** The queue without the deadlines of keys that were looked at before they were due. */
function swept(queue: WorkQueue): WorkQueue {
  let due: DueHeap = null;
  let dueSize = 0;
  for (let rest = queue.due; rest !== null; rest = withoutFirst(rest)) {
    if (!isDue(find(queue.entries, rest.key), rest)) continue;
    due = withDue(due, { key: rest.key, dueMs: rest.dueMs, order: rest.order });
    dueSize++;
  }
  return { ...queue, due, dueSize };
}

function isDue(entry: Entry | undefined, { dueMs }: { dueMs: number }): entry is Entry {
  return (entry?.state === 'delayed' || entry?.state === 'resting') && entry.dueMs === dueMs;
}

function set(queue: WorkQueue, key: Key, entry: Entry): WorkQueue {
  return { ...queue, entries: put(queue.entries, key, entry) };
}

/** The back of the line as a new front. */
function turned(back: Back | null): { readonly front: readonly Key[]; readonly frontAt: number } {
  const front: Key[] = [];
  for (let at = back; at !== null; at = at.next) front.push(at.key);
  return { front: front.reverse(), frontAt: 0 };
}
