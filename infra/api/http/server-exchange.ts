// What both protocols share of one request and its answer. Owns two invariants: a request is answered at most once,
// and `signal` aborts exactly when nobody will read the rest of the answer or the server asks streams to end.
// One object plays request and response, because an allocation less per request shows at 50,000 requests/s.
// Answers are compressed between `send`/`open` here and the protocols' own writing.

import type { Clock } from '../../../streams/base/clock.ts';
import { BatchedStream, bodilessStream, type StreamSink } from './batched-stream.ts';
import { type BodyRead, type BodySource, BodyTimeout, readBody } from './body.ts';
import { acceptsGzip, compressed, compressedHead, GzipSink, isCompressible } from './compression.ts';
import {
  type ApiRequest,
  type ApiResponse,
  BodyTooLarge,
  type Peer,
  type ResponseHead,
  type ResponseStream,
} from './exchange.ts';
import type { HttpLimits } from './limits.ts';

/** What an exchange needs to know of its server. */
export type ExchangeHost = {
  readonly limits: HttpLimits;
  readonly clock: Clock;
  /** Whether large answers to this client may be compressed. */
  readonly compresses?: (peer: Peer) => boolean;
  /** True once the server has begun to close. */
  readonly draining: boolean;
  /** Exchanges that are not answered yet or stream. */
  readonly open: Set<ServerExchange>;
};

export type RequestHeaders = ApiRequest['headers'];

export abstract class ServerExchange implements ApiRequest, ApiResponse {
  readonly method: string;
  readonly path: string;
  readonly headers: RequestHeaders;
  readonly peer: Peer;
  protected readonly host: ExchangeHost;
  readonly #queryText: string;
  #query: URLSearchParams | undefined;
  #abort: AbortController | undefined;
  #body: BodyRead | undefined;
  #bodySinceMs: number | undefined;
  #stream: BatchedStream | undefined;
  #answered = false;

  constructor(host: ExchangeHost, request: { method: string; target: string; headers: RequestHeaders; peer: Peer }) {
    const { method, target, headers, peer } = request;
    const mark = target.indexOf('?');
    this.host = host;
    this.method = method;
    this.path = mark < 0 ? target : target.slice(0, mark);
    this.#queryText = mark < 0 ? '' : target.slice(mark + 1);
    this.headers = headers;
    this.peer = peer;
    host.open.add(this);
  }

  /** The socket or HTTP/2 stream is closed, or a write to it would be lost. */
  protected abstract get gone(): boolean;
  /** Calls `closed` once when the socket or HTTP/2 stream closes, for whatever reason. */
  protected abstract onClose(closed: () => void): void;
  /** Undefined where the request has no body. */
  protected abstract bodySource(): BodySource | undefined;
  protected abstract sendWhole(head: ResponseHead, body: Buffer | string): void;
  protected abstract openSink(head: ResponseHead): StreamSink;
  protected abstract sendHead(head: ResponseHead): void;

  get query(): URLSearchParams {
    this.#query ??= this.#queryText === '' ? noQuery : new URLSearchParams(this.#queryText);
    return this.#query;
  }

  get signal(): AbortSignal {
    if (this.#abort === undefined) {
      this.#abort = new AbortController();
      if (this.gone || this.#endsByDraining) this.#abort.abort();
      else if (this.#stream === undefined) this.onClose(() => this.#peerClosed());
    }
    return this.#abort.signal;
  }

  get answered(): boolean {
    return this.#answered;
  }

  async body(bytesMax: number): Promise<Buffer> {
    if (this.#body === undefined) {
      if (Number(this.headers['content-length']) > bytesMax) throw new BodyTooLarge(bytesMax);
      const source = this.bodySource();
      if (source === undefined) return emptyBody;
      this.#body = readBody(source, { bytesMax, encoding: this.headers['content-encoding'] });
      this.#bodySinceMs = this.host.clock.monotonic();
    }
    const bytes = await this.#body.bytes;
    this.#bodySinceMs = undefined;
    if (bytes.length > bytesMax) throw new BodyTooLarge(bytesMax);
    return bytes;
  }

  send(head: ResponseHead, body: Buffer | string): void {
    this.#claim();
    if (this.gone) return;
    try {
      if (!hasBody(head.status)) this.sendHead(head);
      else if (body.length >= this.host.limits.compressedBytesMin && this.#compresses(head))
        void this.#sendCompressed(head, body);
      else this.sendWhole(head, body);
    } catch (error) {
      // A head the protocol refuses (an illegal header value) left nothing on the wire: a failure can be answered.
      this.#answered = false;
      throw error;
    }
  }

  open(head: ResponseHead): ResponseStream {
    this.#claim();
    if (this.method === 'HEAD' || !hasBody(head.status)) {
      if (!this.gone) this.sendHead(head);
      return bodilessStream;
    }
    const stream = new BatchedStream(this.gone ? lostSink : this.#sink(head), this.host.limits.highWaterMarkBytes);
    this.#stream = stream;
    if (this.gone) {
      stream.peerGone();
    } else {
      if (this.#abort === undefined) this.onClose(() => this.#peerClosed());
      if (this.host.draining) this.#abort?.abort();
    }
    return stream;
  }

  /** The handler has finished. An open stream outlives it; everything else is over. */
  handlerDone(): void {
    if (this.#stream === undefined || this.#stream.closed) this.host.open.delete(this);
  }

  /** Cuts an answer that is being streamed; false when there is none. */
  cutStream(): boolean {
    if (this.#stream === undefined || this.#stream.closed) return false;
    this.#stream.abort();
    return true;
  }

  /** Called when the server begins to close: streams end by their signal, short requests are left to finish. */
  drain(): void {
    if (this.#endsByDraining) this.#abort?.abort();
  }

  /** Gives up on a body that has been coming for too long. */
  checkDeadlines(nowMs: number): void {
    const { bodyTimeoutMs } = this.host.limits;
    if (this.#bodySinceMs === undefined || nowMs - this.#bodySinceMs < bodyTimeoutMs) return;
    this.#bodySinceMs = undefined;
    this.#body?.fail(new BodyTimeout(bodyTimeoutMs));
  }

  get #endsByDraining(): boolean {
    return this.host.draining && this.#stream !== undefined && !this.#stream.ended;
  }

  #compresses(head: ResponseHead): boolean {
    return this.host.compresses?.(this.peer) === true && acceptsGzip(this) && isCompressible(head);
  }

  async #sendCompressed(head: ResponseHead, body: Buffer | string): Promise<void> {
    const bytes = await compressed(body);
    if (!this.gone) this.sendWhole(compressedHead(head), bytes);
  }

  #sink(head: ResponseHead): StreamSink {
    return this.#compresses(head) ? new GzipSink(this.openSink(compressedHead(head))) : this.openSink(head);
  }

  #claim(): void {
    if (this.#answered) throw new AnsweredTwice(this.method, this.path);
    this.#answered = true;
  }

  #peerClosed(): void {
    const complete = this.#stream === undefined ? this.#answered : this.#stream.ended;
    this.#stream?.peerGone();
    this.host.open.delete(this);
    if (!complete) this.#abort?.abort();
  }
}

/** A handler's mistake: it answered one request a second time. The first answer stands. */
export class AnsweredTwice extends Error {
  override readonly name = 'AnsweredTwice';
  constructor(method: string, path: string) {
    super(`${method} ${path} was answered twice`);
  }
}

/** RFC 9110: these statuses never carry content. */
function hasBody(status: number): boolean {
  return status !== 204 && status !== 304;
}

const emptyBody = Buffer.alloc(0);

/** Shared: never change it. */
const noQuery = new URLSearchParams();

const lostSink: StreamSink = { write() {}, end() {}, cut() {} };
