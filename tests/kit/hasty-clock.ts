// The system's clock, until it is told to go faster: what takes long passes quickly, and what must not be hurried before
// that has all its time.

import { type Clock, systemClock, type Timer } from '../../streams/base/clock.ts';

export class HastyClock implements Clock {
  #rate = 1;
  #since = systemClock.monotonic();
  #reached = this.#since;

  /** How many times faster than the system's clock it goes from now on. Timers that run already keep their time. */
  goAt(rate: number): void {
    this.#reached = this.monotonic();
    this.#since = systemClock.monotonic();
    this.#rate = rate;
  }

  now(): number {
    return systemClock.now();
  }

  monotonic(): number {
    return this.#reached + (systemClock.monotonic() - this.#since) * this.#rate;
  }

  after(ms: number, fn: () => void): Timer {
    return systemClock.after(ms / this.#rate, fn);
  }
}
