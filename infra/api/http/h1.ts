// HTTP/1.1 through Node's own server objects. Invariant: after the server began to close, no answer leaves its
// connection open for a next request.

import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { StreamSink } from './batched-stream.ts';
import type { BodySource } from './body.ts';
import type { Peer, ResponseHead } from './exchange.ts';
import { type ExchangeHost, type RequestHeaders, ServerExchange } from './server-exchange.ts';

export type H1Request = {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** The client waits for `100 Continue` before it sends the body. */
  readonly expectsContinue: boolean;
  readonly peer: Peer;
};

export class H1Exchange extends ServerExchange {
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #expectsContinue: boolean;

  constructor(host: ExchangeHost, { request, response, expectsContinue, peer }: H1Request) {
    super(host, {
      method: request.method ?? '',
      target: originForm(request.url ?? ''),
      // Node joins repeated headers; only `set-cookie`, which no client sends, would be an array.
      headers: request.headers as RequestHeaders,
      peer,
    });
    this.#request = request;
    this.#response = response;
    this.#expectsContinue = expectsContinue;
  }

  protected override get gone(): boolean {
    // The answer has no socket while the one before it on the connection is on its way: its client is there all the same.
    return this.#response.destroyed || this.#request.socket.destroyed;
  }

  protected override onClose(closed: () => void): void {
    this.#response.once('close', closed);
    if (this.#response.socket !== null) return;
    // An answer that still waits for its socket is not told when that closes.
    const { socket } = this.#request;
    socket.once('close', closed);
    this.#response.once('close', () => socket.off('close', closed));
  }

  protected override bodySource(): BodySource | undefined {
    const { 'content-length': length, 'transfer-encoding': transfer } = this.headers;
    if (transfer === undefined && (length === undefined || length === '0')) return undefined;
    if (this.#expectsContinue) this.#response.writeContinue();
    return this.#request;
  }

  protected override sendWhole(head: ResponseHead, body: Buffer | string): void {
    this.#writeHead(head.status, { ...head.headers, 'content-length': Buffer.byteLength(body) } as OutgoingHttpHeaders);
    this.#response.end(body);
  }

  protected override sendHead(head: ResponseHead): void {
    this.#writeHead(head.status, { ...head.headers } as OutgoingHttpHeaders);
    this.#response.end();
  }

  protected override openSink(head: ResponseHead): StreamSink {
    this.#writeHead(head.status, { ...head.headers } as OutgoingHttpHeaders);
    // A watch without events is still a started answer: the client must see the head now.
    this.#response.flushHeaders();
    return new H1Sink(this.#response, this.host);
  }

  #writeHead(status: number, headers: OutgoingHttpHeaders): void {
    if (this.host.draining) headers.connection = 'close';
    this.#response.writeHead(status, headers);
  }
}

class H1Sink implements StreamSink {
  readonly #response: ServerResponse;
  readonly #host: ExchangeHost;

  constructor(response: ServerResponse, host: ExchangeHost) {
    this.#response = response;
    this.#host = host;
    // Writing to a connection that has just gone is reported here; `close` follows and tells all there is to know.
    response.on('error', ignore);
  }

  write(chunks: readonly Buffer[], taken: (failure?: unknown) => void, lent = false): void {
    const response = this.#response;
    const last = chunks.length - 1;
    const [only] = chunks;
    if (last === 0 && only !== undefined && response.chunkedEncoding && response.socket?.writableCorked === 0) {
      response.socket.write(lent ? framedInPlace(only) : framed(only), taken);
      return;
    }
    // The response's own cork joins the chunks into one HTTP chunk, but lets go of the socket's cork before it
    // writes; holding the socket's as well makes the whole batch one write, hence as few TLS records as it fits.
    const socket = response.socket;
    socket?.cork();
    if (last > 0) response.cork();
    for (let i = 0; i <= last; i++) response.write(chunks[i], i === last ? taken : undefined);
    if (last > 0) response.uncork();
    socket?.uncork();
  }

  end(): void {
    const socket = this.#response.socket;
    this.#response.end(() => {
      // The head promised keep-alive before the server began to close.
      if (this.#host.draining) socket?.destroySoon();
    });
  }

  cut(): void {
    this.#response.req.socket.destroy();
  }
}

/**
 * The bytes as an HTTP chunk in one piece, which goes to the encryption as it is, where Node's own framing would make
 * it copy several. What many watchers are told they are told one after the other: it is framed once.
 */
function framed(chunk: Buffer): Buffer {
  if (lately.chunk === chunk) return lately.framed;
  const bytes = Buffer.concat([Buffer.from(`${chunk.length.toString(16)}\r\n`, 'latin1'), chunk, lineEnd]);
  lately = { chunk, framed: bytes };
  return bytes;
}

/** The same in the room that a lent chunk has around it. */
function framedInPlace(chunk: Buffer): Buffer {
  const size = `${chunk.length.toString(16)}\r\n`;
  const whole = Buffer.from(chunk.buffer, chunk.byteOffset - size.length, size.length + chunk.length + lineEnd.length);
  whole.write(size, 0, 'latin1');
  lineEnd.copy(whole, size.length + chunk.length);
  return whole;
}

const lineEnd = Buffer.from('\r\n');
let lately: { readonly chunk: Buffer | undefined; readonly framed: Buffer } = { chunk: undefined, framed: lineEnd };

/** RFC 9112, 3.2.2: a server must accept the absolute form, which proxies send. */
function originForm(target: string): string {
  if (target.startsWith('/') || target === '*') return target;
  const scheme = /^https?:\/\/[^/?#]*/i.exec(target);
  return scheme === null ? target : target.slice(scheme[0].length) || '/';
}

function ignore(): void {}
