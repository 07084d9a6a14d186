// Keeps the history whole: LOG drops an object's older revisions by itself, whether or not the mirror has them yet, and
// the mirror starts some 200 ms after the server and may pause for seconds. So a writer holds back an object that
// changes faster than history follows: never more revisions on their way to history than LOG keeps for one object.
// Objects that change at a human pace never notice. History that does not follow at all must not stop the cluster:
// after a while the writer goes on without it, says so, and takes care again once history is back.

import type { Subject } from '../base/brand.ts';
import { type Clock, sleep } from '../base/clock.ts';
import { limits } from '../base/limits.ts';
import type { Logger } from '../base/logger.ts';
import type { JetStreamApi } from './js-api.ts';
import type { HighWater } from './tail.ts';

export type HistoryGuardOptions = {
  readonly api: JetStreamApi;
  readonly history: string;
  readonly highWater: HighWater;
  readonly clock: Clock;
  readonly logger: Logger;
};

/** Leaves room for appends under way and for other writers of the same object. */
const unmirroredMax = Math.floor((limits.revisionsPerSubject * 3) / 4);
/** Until history has what was there at the start: an earlier process may have left `unmirroredMax` behind. */
const unmirroredMaxAtStart = limits.revisionsPerSubject - unmirroredMax - 4;
/** Subjects counted before history is asked how far it is. */
const subjectsPerCheck = 4_096;
const pollMsMin = 5;
const pollMsMax = 160;
/** Less than an append is tried; a mirror comes back within some ten seconds after its origin's leader died. */
const waitMsMax = 10_000;

export class HistoryGuard {
  readonly #options: HistoryGuardOptions;
  /** Appends per subject since the last question to history, and those the question is about. */
  #counts = new Map<Subject, number>();
  #asked = new Map<Subject, number>();
  #answer: Promise<void> | undefined;
  #caughtUp = false;
  #suspended = false;

  constructor(options: HistoryGuardOptions) {
    this.#options = options;
  }

  /** Counts an append. Undefined where it may go at once, else the moment it may. */
  admit(subject: Subject): Promise<void> | undefined {
    if (this.#suspended) {
      if (this.#answer === undefined) void this.#ask();
      return undefined;
    }
    const count = (this.#counts.get(subject) ?? 0) + 1;
    this.#counts.set(subject, count);
    const total = count + (this.#asked.get(subject) ?? 0);
    const max = this.#caughtUp ? unmirroredMax : unmirroredMaxAtStart;
    if (total > max) return this.#hold(subject);
    if (this.#answer === undefined && (total * 2 > max || this.#counts.size > subjectsPerCheck)) void this.#ask();
    return undefined;
  }

  async #hold(subject: Subject): Promise<void> {
    const { clock, logger } = this.#options;
    const giveUpAt = clock.monotonic() + waitMsMax;
    const released = new AbortController();
    const patience = sleep(clock, waitMsMax, released.signal);
    while (!this.#suspended && (this.#total(subject) > unmirroredMax || !this.#caughtUp)) {
      if (clock.monotonic() >= giveUpAt) {
        logger.warn('history does not follow the log: it will miss revisions of objects that change fast', { subject });
        this.#suspended = true;
        break;
      }
      await Promise.race([this.#ask(), patience]);
    }
    released.abort();
  }

  #total(subject: Subject): number {
    return (this.#counts.get(subject) ?? 0) + (this.#asked.get(subject) ?? 0);
  }

  /** Resolves when history has everything that was recorded until now, or cannot be asked. One question at a time. */
  #ask(): Promise<void> {
    this.#answer ??= this.#await(this.#options.highWater.revision).finally(() => {
      this.#answer = undefined;
    });
    return this.#answer;
  }

  async #await(revision: number): Promise<void> {
    const { api, history, clock, logger } = this.#options;
    for (const [subject, count] of this.#counts) this.#asked.set(subject, (this.#asked.get(subject) ?? 0) + count);
    this.#counts = new Map();
    try {
      for (
        let ms = pollMsMin;
        (await api.streamInfo(history)).state.last_seq < revision;
        ms = Math.min(ms * 2, pollMsMax)
      ) {
        await sleep(clock, ms);
      }
      this.#asked = new Map();
      // What was appended uncounted since the question may still be on its way: the next answer tells of that.
      this.#caughtUp = !this.#suspended;
      if (this.#suspended) logger.info('history follows the log again');
      this.#suspended = false;
    } catch (error) {
      logger.debug('the history does not answer', { error: String(error) });
      await sleep(clock, pollMsMax);
    }
  }
}
