// What happened while pods were out of the queue: the events since each was given out. A pod that comes back with "no
// node suits" may have been helped meanwhile, and would wait for an event that is already over. Invariant: an event is
// kept as long as a pod is out that was given out before it.

import type { ClusterEvent } from './framework.ts';

export type SeenEvent = {
  readonly event: ClusterEvent;
  /** The pod that caused it by being placed or taken back: it does not help itself. */
  readonly except: string | undefined;
};

export class InFlightEvents {
  /** Pod → number of the first event it has not seen; in the order pods were given out, so the first is the oldest. */
  readonly #since = new Map<string, number>();
  #events: SeenEvent[] = [];
  /** Number of the first event kept. */
  #first = 0;

  get size(): number {
    return this.#events.length;
  }

  begin(uid: string): void {
    this.#since.delete(uid);
    this.#since.set(uid, this.#first + this.#events.length);
  }

  record(event: ClusterEvent, except: string | undefined): void {
    if (this.#since.size > 0) this.#events.push({ event, except });
  }

  /** The pod is back, or will not come back as unschedulable: what happened while it was out. */
  end(uid: string): readonly SeenEvent[] {
    const since = this.#since.get(uid);
    if (since === undefined) return none;
    this.#since.delete(uid);
    const missed = since - this.#first < this.#events.length ? this.#events.slice(since - this.#first) : none;
    this.#trim();
    return missed;
  }

  #trim(): void {
    const [oldest] = this.#since.values();
    if (oldest === undefined) {
      this.#first += this.#events.length;
      if (this.#events.length > 0) this.#events = [];
      return;
    }
    const over = oldest - this.#first;
    // Not one by one: the rest is moved.
    if (over < 64 || over < this.#events.length / 2) return;
    this.#events = this.#events.slice(over);
    this.#first = oldest;
  }
}

const none: readonly SeenEvent[] = [];
