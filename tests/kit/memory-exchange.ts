// One HTTP exchange without a socket: the server's own exchange and stream code on top of memory. Requests are answered
// as over the wire; a stream's reader may stop reading, go on, or leave.

import { Readable } from 'node:stream';
import type { StreamSink } from '../../infra/api/http/batched-stream.ts';
import type { BodySource } from '../../infra/api/http/body.ts';
import type { ApiHandler, Peer, ResponseHead } from '../../infra/api/http/exchange.ts';
import { httpLimits } from '../../infra/api/http/limits.ts';
import { runHandler } from '../../infra/api/http/run-handler.ts';
import { type ExchangeHost, ServerExchange } from '../../infra/api/http/server-exchange.ts';
import type { Clock } from '../../streams/base/clock.ts';
import type { Logger } from '../../streams/base/logger.ts';

export type Asked = {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | undefined;
  readonly peer: Peer;
};

export class MemoryExchange extends ServerExchange {
  /** Resolves when the head of the answer is there. */
  readonly opened: Promise<ResponseHead>;
  /** Resolves when the answer is over, one way or another. */
  readonly ended: Promise<void>;
  /** Broken off by the server: a client would see a broken connection, not a short answer. */
  cut = false;
  readonly #body: Buffer | undefined;
  readonly #chunks: Buffer[] = [];
  readonly #open: (head: ResponseHead) => void;
  readonly #end: () => void;
  #closed: (() => void)[] = [];
  #left = false;
  #reading = true;
  #waiting: (() => void)[] = [];

  constructor(host: ExchangeHost, { method, target, headers, body, peer }: Asked) {
    super(host, { method, target, headers, peer });
    this.#body = body;
    const opened = Promise.withResolvers<ResponseHead>();
    const ended = Promise.withResolvers<void>();
    this.opened = opened.promise;
    this.ended = ended.promise;
    this.#open = opened.resolve;
    this.#end = ended.resolve;
  }

  /** What the client has taken so far. */
  get received(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  /** The client stops taking bytes: they pile up on the server's side. */
  stopReading(): void {
    this.#reading = false;
  }

  readOn(): void {
    this.#reading = true;
    for (const taken of this.#waiting.splice(0)) taken();
  }

  /** The client goes away. */
  leave(): void {
    this.#left = true;
    for (const closed of this.#closed.splice(0)) closed();
    this.#end();
  }

  protected override get gone(): boolean {
    return this.#left;
  }

  protected override onClose(closed: () => void): void {
    this.#closed.push(closed);
  }

  protected override bodySource(): BodySource | undefined {
    return this.#body === undefined ? undefined : Readable.from([this.#body]);
  }

  protected override sendWhole(head: ResponseHead, body: Buffer | string): void {
    if (this.method !== 'HEAD') this.#chunks.push(Buffer.from(body));
    this.#open(head);
    this.#end();
  }

  protected override sendHead(head: ResponseHead): void {
    this.#open(head);
    this.#end();
  }

  protected override openSink(head: ResponseHead): StreamSink {
    this.#open(head);
    return {
      write: (chunks, taken) => {
        const take = () => {
          for (const chunk of chunks) this.#chunks.push(Buffer.from(chunk));
          taken();
        };
        if (this.#reading) take();
        else this.#waiting.push(take);
      },
      end: () => this.#end(),
      cut: () => {
        this.cut = true;
        this.leave();
      },
    };
  }
}

/** What exchanges share: the server they come in at. */
export class MemoryHost implements ExchangeHost {
  readonly limits = httpLimits;
  readonly clock: Clock;
  readonly open = new Set<ServerExchange>();
  draining = false;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  run(handler: ApiHandler, asked: Asked, logger: Logger): MemoryExchange {
    const exchange = new MemoryExchange(this, asked);
    runHandler(handler, exchange, logger);
    return exchange;
  }

  /** Asks streams to end, as a server that shuts down does. */
  drain(): void {
    this.draining = true;
    for (const exchange of this.open) exchange.drain();
  }
}
