// HTTP/2 through the stream API, because Node's compatibility API was measured at 1.5–2 times the CPU per request.
// Invariant: nothing a client does to its stream surfaces as an uncaught error.

import {
  constants,
  type Http2Session,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';
import type { StreamSink } from './batched-stream.ts';
import type { BodySource } from './body.ts';
import type { Peer, ResponseHead } from './exchange.ts';
import { type ExchangeHost, type RequestHeaders, ServerExchange } from './server-exchange.ts';

export type H2Request = {
  readonly stream: ServerHttp2Stream;
  readonly headers: IncomingHttpHeaders;
  /** The request ended with its headers. */
  readonly bodiless: boolean;
  readonly peer: Peer;
};

export class H2Exchange extends ServerExchange {
  readonly #stream: ServerHttp2Stream;
  readonly #bodiless: boolean;
  #bodyStarted = false;

  constructor(host: ExchangeHost, { stream, headers, bodiless, peer }: H2Request) {
    super(host, {
      method: headers[':method'] ?? '',
      target: headers[':path'] ?? '',
      // Node joins repeated headers; only `set-cookie`, which no client sends, would be an array.
      headers: headers as RequestHeaders,
      peer,
    });
    this.#stream = stream;
    this.#bodiless = bodiless;
    // A reset by the client is reported as an error of the stream; `close` follows and tells all there is to know.
    stream.on('error', ignore);
  }

  get session(): Http2Session | undefined {
    return this.#stream.session;
  }

  protected override get gone(): boolean {
    return this.#stream.closed || this.#stream.destroyed;
  }

  protected override onClose(closed: () => void): void {
    this.#stream.once('close', closed);
  }

  protected override bodySource(): BodySource | undefined {
    if (this.#bodiless) return undefined;
    this.#bodyStarted = true;
    if (this.headers.expect?.toLowerCase() === '100-continue') this.#stream.additionalHeaders({ ':status': 100 });
    return this.#stream;
  }

  protected override sendWhole(head: ResponseHead, body: Buffer | string): void {
    const stream = this.#stream;
    stream.respond(outgoing(head, Buffer.byteLength(body)));
    if (this.method !== 'HEAD') stream.end(body);
    this.#refuseRestOfBody();
  }

  protected override sendHead(head: ResponseHead): void {
    this.#stream.respond({ ...head.headers, ':status': head.status } as OutgoingHttpHeaders, { endStream: true });
    this.#refuseRestOfBody();
  }

  protected override openSink(head: ResponseHead): StreamSink {
    this.#stream.respond({ ...head.headers, ':status': head.status } as OutgoingHttpHeaders);
    return new H2Sink(this.#stream);
  }

  /**
   * Once a body has been read in part, Node no longer resets the stream after the answer by itself, and the client
   * would wait for window to send the rest (RFC 9113, 8.1: a complete answer may be followed by NO_ERROR).
   */
  #refuseRestOfBody(): void {
    if (this.#bodyStarted && !this.#stream.readableEnded) this.#stream.close(constants.NGHTTP2_NO_ERROR);
  }
}

class H2Sink implements StreamSink {
  readonly #stream: ServerHttp2Stream;

  constructor(stream: ServerHttp2Stream) {
    this.#stream = stream;
  }

  write(chunks: readonly Buffer[], taken: (failure?: unknown) => void): void {
    const stream = this.#stream;
    const last = chunks.length - 1;
    if (last > 0) stream.cork();
    for (let i = 0; i <= last; i++) stream.write(chunks[i], i === last ? taken : undefined);
    if (last > 0) stream.uncork();
  }

  end(): void {
    this.#stream.end();
  }

  cut(): void {
    // `close(code)` would end the stream before it resets it, and the client would take the answer for complete.
    this.#stream.destroy(new AnswerCut());
  }
}

/** Becomes RST_STREAM with INTERNAL_ERROR. */
class AnswerCut extends Error {
  override readonly name = 'AnswerCut';
}

function outgoing(head: ResponseHead, contentLength: number): OutgoingHttpHeaders {
  return { ...head.headers, ':status': head.status, 'content-length': contentLength } as OutgoingHttpHeaders;
}

function ignore(): void {}
