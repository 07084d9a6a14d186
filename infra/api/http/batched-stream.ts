// A streamed answer over either protocol: chunks written within one turn of the event loop leave as one batch (one
// HTTP/1.1 chunk, one TLS record as long as it fits), because an encryption and a system call per watch event would
// dominate its cost. Owns the count of waiting bytes: what was written and not yet taken by the socket.

import type { ResponseStream } from './exchange.ts';

/** What a protocol does with the batches. */
export type StreamSink = {
  /**
   * Sends the chunks in order, without copying, and calls `taken` when the socket has taken all of them, or with what
   * went wrong. Around a lent chunk, which comes alone, is `framingRoom` that may be written to.
   */
  write(chunks: readonly Buffer[], taken: (failure?: unknown) => void, lent?: boolean): void;
  end(): void;
  /** Breaks the answer off so that the client cannot mistake it for a complete one. */
  cut(): void;
};

export class BatchedStream implements ResponseStream {
  readonly #sink: StreamSink;
  readonly #highWaterMarkBytes: number;
  #queue: Buffer[] = [];
  #pendingBytes = 0;
  #scheduled = false;
  #state: 'open' | 'ended' | 'gone' = 'open';
  #waiting: (() => void)[] = [];

  constructor(sink: StreamSink, highWaterMarkBytes: number) {
    this.#sink = sink;
    this.#highWaterMarkBytes = highWaterMarkBytes;
  }

  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  get closed(): boolean {
    return this.#state !== 'open';
  }

  /** True when the answer was ended from this side, whether or not the client has taken all of it. */
  get ended(): boolean {
    return this.#state === 'ended';
  }

  write(chunk: Buffer, takenBack?: () => void): boolean {
    if (this.#state !== 'open') return false;
    if (takenBack !== undefined) this.#lend(chunk, takenBack);
    else if (chunk.length > 0) {
      this.#queue.push(chunk);
      this.#pendingBytes += chunk.length;
      if (!this.#scheduled) {
        this.#scheduled = true;
        process.nextTick(flushOf, this);
      }
    }
    return this.#pendingBytes <= this.#highWaterMarkBytes;
  }

  drained(): Promise<void> {
    if (this.#state !== 'open' || this.#pendingBytes <= this.#highWaterMarkBytes) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  end(): void {
    if (this.#state !== 'open') return;
    this.flush();
    this.#state = 'ended';
    this.#sink.end();
    this.#wake();
  }

  abort(): void {
    if (this.#state === 'gone') return;
    this.#sink.cut();
    this.peerGone();
  }

  flush(): void {
    this.#scheduled = false;
    const chunks = this.#queue;
    if (chunks.length === 0 || this.#state === 'gone') return;
    this.#queue = [];
    let bytes = 0;
    for (const chunk of chunks) bytes += chunk.length;
    this.#sink.write(chunks, () => this.#taken(bytes));
  }

  /** The protocol says that the client, or the connection, is no more. */
  peerGone(): void {
    if (this.#state === 'open') this.#state = 'gone';
    this.#queue = [];
    this.#pendingBytes = 0;
    this.#wake();
  }

  #lend(chunk: Buffer, takenBack: () => void): void {
    this.flush();
    const bytes = chunk.length;
    this.#pendingBytes += bytes;
    const taken = (failure?: unknown) => {
      if (this.#state !== 'gone' && (failure === undefined || failure === null)) takenBack();
      this.#taken(bytes);
    };
    this.#sink.write([chunk], taken, true);
  }

  #taken(bytes: number): void {
    this.#pendingBytes = Math.max(0, this.#pendingBytes - bytes);
    // Waking at half gives the writer time to refill before the socket runs dry.
    if (this.#waiting.length > 0 && this.#pendingBytes <= this.#highWaterMarkBytes / 2) this.#wake();
  }

  #wake(): void {
    if (this.#waiting.length === 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}

/** The stream of an answer without a body (HEAD, 204, 304): the head is all there is. */
export const bodilessStream: ResponseStream = {
  pendingBytes: 0,
  closed: true,
  write: () => false,
  flush() {},
  drained: () => Promise.resolve(),
  end() {},
  abort() {},
};

function flushOf(stream: BatchedStream): void {
  stream.flush();
}
