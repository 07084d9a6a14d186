// One priority level: how many of its requests run at once, and who waits where. Requests of one flow wait in one of
// a few queues that are dealt to the flow by shuffle sharding, and queues take turns, so that a flow that floods its
// queues leaves the others nearly alone (KEP-1040). The clock comes in; nothing here is asynchronous by itself.

import type { Clock, Timer } from '../../../streams/base/clock.ts';

export type LevelLimits = {
  readonly name: string;
  readonly uid: string;
  /** Exempt levels neither count nor wait. */
  readonly exempt: boolean;
  /** Seats the level always has. */
  readonly nominalSeats: number;
  /** Seats of those that others may use while they are free. */
  readonly lendableSeats: number;
  /** Seats it may borrow; undefined is without bound. */
  readonly borrowableSeats: number | undefined;
  /** Undefined: what cannot run at once is refused. */
  readonly queuing: { readonly queues: number; readonly handSize: number; readonly queueLength: number } | undefined;
};

export type Refusal = 'queue-full' | 'concurrency-limit' | 'time-out';

/** Asks the others for a free seat; undefined where there is none. */
export type Lender = (borrower: PriorityLevel) => boolean;

type Waiting = { readonly admit: () => void; readonly timer: Timer };

export class PriorityLevel {
  limits: LevelLimits;
  executing = 0;
  waiting = 0;
  readonly #clock: Clock;
  readonly #lend: Lender;
  readonly #queues = new Map<number, Waiting[]>();

  constructor(limits: LevelLimits, { clock, lend }: { clock: Clock; lend: Lender }) {
    this.limits = limits;
    this.#clock = clock;
    this.#lend = lend;
  }

  /** Seats in use beyond its own. */
  get borrowed(): number {
    return Math.max(0, this.executing - this.limits.nominalSeats);
  }

  /** Own seats that others may use now. */
  get lendable(): number {
    return Math.max(0, Math.min(this.limits.lendableSeats, this.limits.nominalSeats - this.executing));
  }

  /** Takes a seat now, waits for one, or is refused. Every seat taken is given back by `leave`. */
  enter(flow: string, waitMsMax: number): 'seated' | Refusal | Promise<'seated' | Refusal> {
    if (this.limits.exempt || (this.waiting === 0 && this.#hasSeat())) {
      this.executing++;
      return 'seated';
    }
    const { queuing } = this.limits;
    if (queuing === undefined) return 'concurrency-limit';
    const queue = this.#shortestOf(dealt(flow, queuing.queues, queuing.handSize));
    if (queue.length >= queuing.queueLength) return 'queue-full';
    return new Promise((resolve) => {
      const entry: Waiting = {
        admit: () => {
          entry.timer.cancel();
          this.executing++;
          resolve('seated');
        },
        timer: this.#clock.after(waitMsMax, () => {
          queue.splice(queue.indexOf(entry), 1);
          this.waiting--;
          resolve('time-out');
        }),
      };
      queue.push(entry);
      this.waiting++;
    });
  }

  leave(): void {
    this.executing--;
  }

  /** Admits whoever waits, as long as there are seats; queues take turns. */
  dispatch(): void {
    while (this.waiting > 0 && (this.limits.exempt || this.#hasSeat())) {
      const [index, queue] = this.#queues.entries().next().value ?? [];
      if (index === undefined || queue === undefined) return;
      // Taken out and put back at the end: the next turn is another queue's.
      this.#queues.delete(index);
      const next = queue.shift();
      if (queue.length > 0) this.#queues.set(index, queue);
      if (next === undefined) continue;
      this.waiting--;
      next.admit();
    }
  }

  #hasSeat(): boolean {
    const { nominalSeats, borrowableSeats } = this.limits;
    if (this.executing < nominalSeats) return true;
    return (borrowableSeats === undefined || this.borrowed < borrowableSeats) && this.#lend(this);
  }

  #shortestOf(indexes: readonly number[]): Waiting[] {
    let best: { readonly index: number; readonly queue: Waiting[] } | undefined;
    for (const index of indexes) {
      const queue = this.#queues.get(index) ?? [];
      if (best === undefined || queue.length < best.queue.length) best = { index, queue };
    }
    const { index, queue } = best ?? { index: 0, queue: [] };
    if (!this.#queues.has(index)) this.#queues.set(index, queue);
    return queue;
  }
}

/** The queues a flow may wait in: the same for the same flow, different hands for different flows. */
export function dealt(flow: string, queues: number, handSize: number): readonly number[] {
  const hand: number[] = [];
  let hash = 0x811c9dc5;
  for (let card = 0; hand.length < Math.min(handSize, queues) && card < 8 * handSize; card++) {
    for (let i = 0; i < flow.length; i++) hash = Math.imul(hash ^ flow.charCodeAt(i), 0x01000193);
    hash = Math.imul(hash ^ card, 0x01000193);
    const queue = ((hash ^ (hash >>> 15)) >>> 0) % queues;
    if (!hand.includes(queue)) hand.push(queue);
  }
  return hand;
}
