// One pod in the scheduling queue: where it is, how often it was tried, and when it may be tried again.

import type { Cause } from '../../streams/log/event.ts';
import type { Queued } from './framework.ts';
import type { HeapItem } from './indexed-heap.ts';
import type { WaitingPod } from './pod-shape.ts';

export type Place = 'active' | 'backoff' | 'unschedulable' | 'gated' | 'out';

export type QueuedPod = Queued &
  HeapItem & {
    info: WaitingPod;
    /** When it last took its place in the queue, by the log writer's clock. */
    queuedAtMs: number;
    /** When it first came. */
    readonly addedAtMs: number;
    order: number;
    place: Place;
    /** Times a node was sought for it. */
    tries: number;
    /** Of these, the times that none was found. */
    attempts: number;
    /** Times in a row that binding failed. */
    errors: number;
    /** Whether its back-off is for an error: these are never cut short. */
    erred: boolean;
    readyAtMs: number;
    /** Plugins that turned it away; empty: anything may help. */
    rejectedBy: readonly string[];
    /** Others are being evicted for it: it is not tried before all of that is asked for. */
    held: boolean;
    /** Something would have made it ready while it was held. */
    missedWake: boolean;
    /** What made it ready. */
    cause: Cause | null;
  };

/** How long a pod rests after its first failure, and at most. */
export type Backoff = { readonly minMs: number; readonly maxMs: number };

const usualBackoff: Backoff = { minMs: 1_000, maxMs: 10_000 };

export function newlyQueued(
  info: WaitingPod,
  { nowMs, cause, order }: { nowMs: number; cause: Cause | null; order: number },
): QueuedPod {
  return {
    info,
    queuedAtMs: nowMs,
    addedAtMs: nowMs,
    order,
    heapIndex: -1,
    place: 'out',
    tries: 0,
    attempts: 0,
    errors: 0,
    erred: false,
    readyAtMs: nowMs,
    rejectedBy: [],
    held: false,
    missedWake: false,
    cause,
  };
}

/** 1 s after the first failure, twice as long after each further one, 10 s at most, unless told otherwise. */
export function backoffMs(failures: number, { minMs, maxMs } = usualBackoff): number {
  return Math.min(maxMs, minMs * 2 ** Math.max(0, failures - 1));
}

export function readyEarlier(a: QueuedPod, b: QueuedPod): boolean {
  return a.readyAtMs < b.readyAtMs || (a.readyAtMs === b.readyAtMs && a.order < b.order);
}
