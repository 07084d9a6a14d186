// Requests to NATS: one inbox subscription and a map of who waits for which reply. The client library's own request and
// publish calls do the same with more promises and timers and are half as fast (measured), and this is the hot path of
// every append. Time-outs go through the Clock port; a lost connection answers everybody at once.

import type { Msg, MsgHdrs, NatsConnection } from '@nats-io/transport-node';
import type { Clock, Timer } from '../base/clock.ts';

export type Reply =
  | { readonly kind: 'message'; readonly message: Msg }
  /** Nobody took the request: it certainly had no effect. */
  | { readonly kind: 'notTaken'; readonly reason: string }
  /** No answer: the request may or may not have had its effect. */
  | { readonly kind: 'unanswered'; readonly reason: string };

export type RequestOptions = { readonly timeoutMs: number; readonly headers?: MsgHdrs | undefined };

type Waiting = { readonly subject: string; readonly settle: (reply: Reply) => void; readonly timer: Timer };

export class Requests {
  readonly #nc: NatsConnection;
  readonly #clock: Clock;
  readonly #inbox: string;
  readonly #waiting = new Map<string, Waiting>();
  #next = 0;

  /** `inbox` is a subject prefix of this client alone; replies arrive on `<inbox>.<n>`. */
  constructor({ nc, clock, inbox }: { nc: NatsConnection; clock: Clock; inbox: string }) {
    this.#nc = nc;
    this.#clock = clock;
    this.#inbox = `${inbox}.`;
    nc.subscribe(`${this.#inbox}*`, {
      callback: (error, message) => {
        if (error === null) this.#received(message);
      },
    });
  }

  /** Never rejects. */
  send(subject: string, payload: Uint8Array | string, { timeoutMs, headers }: RequestOptions): Promise<Reply> {
    return new Promise((settle) => {
      const token = (this.#next++).toString(36);
      const timer = this.#clock.after(timeoutMs, () =>
        this.#settle(token, { kind: 'unanswered', reason: `no answer within ${timeoutMs} ms` }),
      );
      this.#waiting.set(token, { subject, settle, timer });
      const reply = this.#inbox + token;
      try {
        this.#nc.publish(subject, payload, headers === undefined ? { reply } : { reply, headers });
      } catch (error) {
        this.#settle(token, { kind: 'notTaken', reason: String(error) });
      }
    });
  }

  /** Publishes without asking for an answer; false where the client cannot send at all. */
  publish(subject: string, payload: Uint8Array, headers: MsgHdrs): boolean {
    try {
      this.#nc.publish(subject, payload, { headers });
      return true;
    } catch {
      return false;
    }
  }

  /** The connection is gone, and with it every answer under way. */
  abandon(reason: string): void {
    for (const token of [...this.#waiting.keys()]) this.#settle(token, { kind: 'unanswered', reason });
  }

  /** The server forbids this client to publish on the subject. */
  forbid(subject: string, reason: string): void {
    for (const [token, waiting] of [...this.#waiting]) {
      if (waiting.subject === subject) this.#settle(token, { kind: 'notTaken', reason });
    }
  }

  #received(message: Msg): void {
    const token = message.subject.slice(this.#inbox.length);
    if (message.data.length === 0 && message.headers?.code === 503) {
      this.#settle(token, { kind: 'notTaken', reason: 'nobody listens: JetStream is not ready' });
    } else this.#settle(token, { kind: 'message', message });
  }

  #settle(token: string, reply: Reply): void {
    const waiting = this.#waiting.get(token);
    if (waiting === undefined) return;
    this.#waiting.delete(token);
    waiting.timer.cancel();
    waiting.settle(reply);
  }
}
