// One consumer on a stream: ordered, without acknowledgements, kept in the server's memory, gone with its reader.
// Messages are asked for in bounded portions and the next portion only once there is room (back-pressure); a consumer
// that falls silent is declared ended. It never heals itself: the library's ordered consumers, which do, wait for ever
// for a server that died. Whoever reads opens a new one from the last sequence (see consume.ts).

import type { ConsumerConfig } from '@nats-io/jetstream';
import type { Msg, Subscription } from '@nats-io/transport-node';
import type { Clock, Timer } from '../base/clock.ts';
import { limits } from '../base/limits.ts';
import type { Random } from '../base/random.ts';
import type { Connection } from './connection.ts';
import { apiSubject, type JetStreamApi } from './js-api.ts';

export type ConsumerDeps = {
  readonly connection: Connection;
  readonly api: JetStreamApi;
  readonly clock: Clock;
  readonly random: Random;
  /** The server's sign of life while nothing is delivered (ms). */
  readonly heartbeatMs: number;
  /** How long a read that ends may find nothing new (ms). */
  readonly readMs: number;
};

/** Where a consumer begins: at a sequence, or with the last message of every subject. */
export type ConsumerStart =
  | { readonly kind: 'sequence'; readonly sequence: number }
  | { readonly kind: 'lastPerSubject' };

export type Taken =
  | { readonly kind: 'messages'; readonly messages: readonly Msg[] }
  /** Everything there is has been delivered for now. */
  | { readonly kind: 'idle' }
  | { readonly kind: 'ended'; readonly reason: string };

/** The silence a consumer is given up after: two signs of life and a half. */
export const silenceOfHeartbeats = 2.5;
const nanosPerMs = 1e6;
const pullExpiresMs = 30_000;
/** After this time without a reader the server forgets the consumer. */
const inactiveMs = 60_000;

export class PullConsumer {
  /** Messages there were to deliver when the consumer was made. */
  readonly pendingAtStart: number;
  readonly #deps: ConsumerDeps;
  readonly #stream: string;
  readonly #name: string;
  /** Without a sign of life for so long while one is due, the consumer counts as gone. The first may take longer. */
  #silenceMs: number;
  readonly #subscription: Subscription;
  #buffer: Msg[] = [];
  #bufferBytes = 0;
  /** Messages asked for and not delivered yet. */
  #outstanding = 0;
  #idle = false;
  #ended: string | undefined;
  #wake: (() => void) | undefined;
  #heardAt: number;
  #monitor: Timer | undefined;
  readonly #stopListening = new AbortController();

  /** Rejects with ApiRefused or LogUnavailable. */
  static async open(
    deps: ConsumerDeps,
    stream: string,
    { start, silenceMs }: { readonly start: ConsumerStart; readonly silenceMs: number },
  ): Promise<PullConsumer> {
    const name = `shiplog-${deps.random.uuid().replaceAll('-', '').slice(0, 20)}`;
    const info = await deps.api.createConsumer(stream, consumerConfig(name, start));
    return new PullConsumer(deps, { stream, name, pendingAtStart: info.num_pending, silenceMs });
  }

  private constructor(
    deps: ConsumerDeps,
    created: { stream: string; name: string; pendingAtStart: number; silenceMs: number },
  ) {
    const { stream, name, pendingAtStart, silenceMs } = created;
    this.#deps = deps;
    this.#silenceMs = silenceMs;
    this.pendingAtStart = pendingAtStart;
    this.#stream = stream;
    this.#name = name;
    this.#heardAt = deps.clock.monotonic();
    this.#subscription = deps.connection.nc.subscribe(`${deps.connection.inbox}.c.${name}`, {
      callback: (error, message) => {
        if (error !== null) this.#end(error.message);
        else this.#received(message);
      },
    });
    deps.connection.onStatus(
      (status) => {
        if (status.kind === 'degraded') this.#end(status.reason);
      },
      { signal: this.#stopListening.signal },
    );
    this.#watchHeartbeats();
    this.#refill();
  }

  /** Waits for something to happen; messages come in order, everything that has arrived at once. */
  async take(): Promise<Taken> {
    for (;;) {
      if (this.#buffer.length > 0) {
        const messages = this.#buffer;
        this.#buffer = [];
        this.#bufferBytes = 0;
        this.#idle = false;
        this.#refill();
        return { kind: 'messages', messages };
      }
      if (this.#ended !== undefined) return { kind: 'ended', reason: this.#ended };
      if (this.#idle) {
        this.#idle = false;
        return { kind: 'idle' };
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Messages the server has still to deliver. Rejects with ApiRefused or LogUnavailable. */
  async pending(): Promise<number> {
    return (await this.#deps.api.consumerInfo(this.#stream, this.#name)).num_pending;
  }

  close(): void {
    this.#end('closed by its reader');
    void this.#deps.api.deleteConsumer(this.#stream, this.#name);
  }

  #received(message: Msg): void {
    this.#heardAt = this.#deps.clock.monotonic();
    this.#silenceMs = this.#deps.heartbeatMs * silenceOfHeartbeats;
    // What the server says about the consumer comes with a status and on our own subject, messages on theirs.
    if (message.data.length === 0 && message.subject === this.#subscription.getSubject()) {
      this.#control(message);
      return;
    }
    this.#buffer.push(message);
    this.#bufferBytes += message.data.length;
    this.#outstanding--;
    if (this.#outstanding * 2 < limits.readMessagesMax) this.#refill();
    this.#notify();
  }

  #control(message: Msg): void {
    const headers = message.headers;
    if (headers?.code === 100) {
      this.#idle = this.#buffer.length === 0;
      this.#notify();
      return;
    }
    const left = headers?.get('Nats-Pending-Messages') ?? '';
    // A portion came to its end: its time passed, or the next message exceeds its bytes. 409 without a count, 404 and
    // 503 mean that the consumer itself is gone.
    if (left === '') {
      this.#end(headers?.status ?? 'unexpected message');
      return;
    }
    this.#outstanding -= Number(left);
    this.#refill();
  }

  /** Keeps portions under way as long as the reader keeps up. */
  #refill(): void {
    const { connection, clock, heartbeatMs } = this.#deps;
    if (this.#ended !== undefined || this.#bufferBytes * 2 > limits.readBytesMax) return;
    const room = limits.readMessagesMax - this.#outstanding - this.#buffer.length;
    if (room * 2 < limits.readMessagesMax) return;
    if (this.#outstanding <= 0) this.#heardAt = clock.monotonic();
    this.#outstanding += room;
    const request = {
      batch: room,
      max_bytes: limits.readBytesMax,
      expires: pullExpiresMs * nanosPerMs,
      idle_heartbeat: heartbeatMs * nanosPerMs,
    };
    try {
      connection.nc.publish(apiSubject(`CONSUMER.MSG.NEXT.${this.#stream}.${this.#name}`), JSON.stringify(request), {
        reply: this.#subscription.getSubject(),
      });
    } catch (error) {
      this.#end(String(error));
    }
  }

  #watchHeartbeats(): void {
    const { clock, heartbeatMs } = this.#deps;
    this.#monitor = clock.after(heartbeatMs, () => {
      const silentMs = clock.monotonic() - this.#heardAt;
      if (this.#outstanding <= 0 || silentMs < this.#silenceMs) return this.#watchHeartbeats();
      // When this thread was busy, signs of life may lie unread in the socket: they are read before this runs.
      setImmediate(() => {
        if (this.#ended !== undefined) return;
        if (clock.monotonic() - this.#heardAt < silentMs) return this.#watchHeartbeats();
        this.#end(`no sign of life from the server for ${Math.round(silentMs)} ms`);
      });
    });
  }

  #end(reason: string): void {
    if (this.#ended !== undefined) return;
    this.#ended = reason;
    this.#monitor?.cancel();
    this.#stopListening.abort();
    this.#subscription.unsubscribe();
    this.#notify();
  }

  #notify(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }
}

function consumerConfig(name: string, start: ConsumerStart): Partial<ConsumerConfig> & { name: string } {
  return {
    name,
    ack_policy: 'none',
    replay_policy: 'instant',
    max_deliver: 1,
    mem_storage: true,
    num_replicas: 1,
    inactive_threshold: inactiveMs * nanosPerMs,
    ...(start.kind === 'sequence'
      ? { deliver_policy: 'by_start_sequence', opt_start_seq: start.sequence }
      : { deliver_policy: 'last_per_subject', filter_subject: '>' }),
  };
}
