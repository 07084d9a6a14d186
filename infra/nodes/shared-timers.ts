// A clock for thousands of nodes: their timers share one heap and one timer of the clock underneath, so a heartbeat costs
// a heap operation and not a timer of the system. Deadlines fall into steps of a few milliseconds that fire together.

import type { Clock, Timer } from '../../streams/base/clock.ts';
import { DeadlineHeap } from '../../streams/base/deadline-heap.ts';

type Armed = { readonly fn: () => void; cancelled: boolean };

export class SharedTimers implements Clock {
  readonly #clock: Clock;
  readonly #heap = new DeadlineHeap<Armed>();
  #timer: Timer | undefined;
  #dueAt = Number.POSITIVE_INFINITY;
  #stopped = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  now(): number {
    return this.#clock.now();
  }

  monotonic(): number {
    return this.#clock.monotonic();
  }

  after(ms: number, fn: () => void): Timer {
    const armed: Armed = { fn, cancelled: false };
    const deadline = this.#clock.monotonic() + Math.max(0, ms);
    this.#heap.push(deadline, armed);
    if (deadline < this.#dueAt) this.#wait();
    return {
      cancel: () => {
        armed.cancelled = true;
      },
    };
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  #wait(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#dueAt = Number.POSITIVE_INFINITY;
    let next = this.#heap.peek();
    while (next?.value.cancelled === true) {
      this.#heap.pop();
      next = this.#heap.peek();
    }
    if (next === undefined || this.#stopped) return;
    this.#dueAt = next.deadline;
    this.#timer = this.#clock.after(next.deadline - this.#clock.monotonic(), () => this.#fire());
  }

  #fire(): void {
    // What is armed meanwhile waits for the next round, so that a chain of empty waits cannot hold up the loop.
    this.#dueAt = Number.NEGATIVE_INFINITY;
    const nowMs = this.#clock.monotonic();
    const due: Armed[] = [];
    for (let next = this.#heap.peek(); next !== undefined && next.deadline <= nowMs; next = this.#heap.peek()) {
      this.#heap.pop();
      due.push(next.value);
    }
    for (const armed of due) if (!armed.cancelled) armed.fn();
    this.#wait();
  }
}
