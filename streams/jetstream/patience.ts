// How long a reader waits, and for what. A tail waits outages out. A read that promised an end fails once it has heard
// nothing new for too long: whoever waits for it must hear that. Attempts that fail come ever more slowly, and a server
// that was silent is given ever more time before it counts as gone: one that is only slow would otherwise be asked anew
// for ever, before it can answer.

import { type Clock, sleep } from '../base/clock.ts';
import { LogClosed, LogUnavailable } from '../log/errors.ts';
import type { Connection } from './connection.ts';
import { silenceOfHeartbeats } from './pull-consumer.ts';
import { restoreMsMax } from './restore.ts';

export type PatienceOptions = {
  readonly connection: Connection;
  readonly clock: Clock;
  /** The server's sign of life while nothing is delivered (ms). */
  readonly heartbeatMs: number;
  /** How long nothing new may be read (ms); undefined for tails. */
  readonly readMs: number | undefined;
  readonly stream: string;
  readonly signal: AbortSignal | undefined;
};

const backoffMsMin = 20;
const backoffMsMax = 1_000;
const silenceMsMax = 30_000;

export class Patience {
  readonly #options: PatienceOptions;
  #backoffMs = backoffMsMin;
  #silenceMs: number;
  #giveUpAt = Number.POSITIVE_INFINITY;
  #restoredAt = 0;

  constructor(options: PatienceOptions) {
    this.#options = options;
    this.#silenceMs = options.heartbeatMs * silenceOfHeartbeats;
    this.progressed();
    this.#expectRestoring();
  }

  /** The silence (ms) after which a consumer that was never heard is given up. */
  get silenceMs(): number {
    return this.#silenceMs;
  }

  /** Whether writers have had the time they need to put back what a killed server forgot. */
  get restoringIsOver(): boolean {
    return this.#options.clock.monotonic() >= this.#restoredAt;
  }

  /** The server gave a sign of life. */
  alive(): void {
    this.#backoffMs = backoffMsMin;
    this.#silenceMs = this.#options.heartbeatMs * silenceOfHeartbeats;
  }

  /** The consumer is gone, the server maybe too. */
  interrupted(): void {
    this.#silenceMs = Math.min(this.#silenceMs * 2, silenceMsMax);
    this.#expectRestoring();
  }

  /** Something new was read, or nothing was asked for until now. */
  progressed(): void {
    const { clock, readMs } = this.#options;
    this.alive();
    if (readMs !== undefined) this.#giveUpAt = clock.monotonic() + readMs;
  }

  /** Throws LogUnavailable where nothing new was read for too long. */
  check(): void {
    const { clock, connection, stream, readMs } = this.#options;
    if (clock.monotonic() < this.#giveUpAt) return;
    const status = connection.status();
    const reason = status.kind === 'degraded' ? status.reason : 'the server answers too slowly or not at all';
    throw new LogUnavailable(`the log gave nothing more of ${stream} to read for ${readMs} ms: ${reason}`);
  }

  /** Waits before the next attempt, and until the connection is back where it is lost. Throws like `check`. */
  async untilNextAttempt(): Promise<void> {
    const { connection, clock, signal } = this.#options;
    this.check();
    await sleep(clock, this.#backoffMs, signal);
    this.#backoffMs = Math.min(this.#backoffMs * 2, backoffMsMax);
    if (connection.usable) return;
    await connection.settled({ signal, limitMs: this.#giveUpAt - clock.monotonic() });
    this.#expectRestoring();
  }

  /** A tail ends quietly when the log is closed; a read that promised an end must not look complete. */
  closed(): void {
    const { stream, readMs, signal } = this.#options;
    if (readMs !== undefined && !signal?.aborted) throw new LogClosed(`the log was closed while ${stream} was read`);
  }

  #expectRestoring(): void {
    this.#restoredAt = this.#options.clock.monotonic() + restoreMsMax;
  }
}
