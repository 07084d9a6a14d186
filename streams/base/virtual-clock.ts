// A clock that stands still until it is told to advance. Timers fire in deadline order, ties in the order they were
// armed; between two deadlines every pending promise settles, so a whole cluster can run on it deterministically.

import { assert } from './assert.ts';
import type { Clock, Timer } from './clock.ts';
import { DeadlineHeap } from './deadline-heap.ts';

type Armed = { readonly fn: () => void; cancelled: boolean };

export class VirtualClock implements Clock {
  #now: number;
  #start: number;
  readonly #heap = new DeadlineHeap<Armed>();

  constructor(startMs = Date.UTC(2026, 0, 1)) {
    this.#now = startMs;
    this.#start = startMs;
  }

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#now - this.#start;
  }

  after(ms: number, fn: () => void): Timer {
    const armed: Armed = { fn, cancelled: false };
    this.#heap.push(this.#now + Math.max(0, ms), armed);
    return {
      cancel: () => {
        armed.cancelled = true;
      },
    };
  }

  /** Lets `ms` of cluster time pass: fires each due timer at its own instant and settles promises in between. */
  async advance(ms: number): Promise<void> {
    assert(ms >= 0, 'time does not go back');
    const target = this.#now + ms;
    await settle();
    for (;;) {
      const next = this.#heap.peek();
      if (next === undefined || next.deadline > target) break;
      this.#heap.pop();
      if (next.value.cancelled) continue;
      this.#now = Math.max(this.#now, next.deadline);
      next.value.fn();
      await settle();
    }
    this.#now = target;
  }

  /** Advances in steps of at most `stepMs` until the condition holds; false when `limitMs` passed first. */
  async advanceUntil(condition: () => boolean, { limitMs, stepMs = 100 }: { limitMs: number; stepMs?: number }) {
    const end = this.#now + limitMs;
    await settle();
    while (!condition()) {
      if (this.#now >= end) return false;
      await this.advance(Math.min(stepMs, end - this.#now));
    }
    return true;
  }

  /**
   * The machine's clock is set to another time (tests of clock jumps). Armed timers keep their remaining time, and
   * `monotonic` does not notice.
   */
  jump(ms: number): void {
    const pending = this.#heap.drain();
    this.#now += ms;
    this.#start += ms;
    for (const { deadline, value } of pending) this.#heap.push(deadline + ms, value);
  }
}

/** The event loop runs every queued microtask before an immediate: afterwards no promise is left to settle. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
