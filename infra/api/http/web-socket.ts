// A watch over a WebSocket (RFC 6455), which some clients prefer: one text frame for each event. Only an answer that
// streams makes use of it, a refusal is an ordinary HTTP answer. Invariant: of what the client sends only its pings and
// its end matter, and whoever sends larger frames is cut off.

import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { StreamSink } from './batched-stream.ts';
import type { ResponseHead } from './exchange.ts';
import { H1Exchange, type H1Request } from './h1.ts';
import type { ExchangeHost } from './server-exchange.ts';

const acceptSalt = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const opcodes = { text: 0x1, close: 0x8, ping: 0x9, pong: 0xa } as const;
const newline = 0x0a;

/** Whether a request asks for a watch as a WebSocket. */
export function asksForWebSocket({ method, headers, url = '' }: IncomingMessage): boolean {
  const asks = headers.upgrade?.toLowerCase() === 'websocket' && headers['sec-websocket-key'] !== undefined;
  return asks && method === 'GET' && /[?&]watch=(true|1)(&|$)/.test(url);
}

export class WebSocketExchange extends H1Exchange {
  readonly #socket: Duplex;

  constructor(host: ExchangeHost, request: H1Request, socket: Duplex) {
    // Frames are not to be compressed as a body would be.
    delete request.request.headers['accept-encoding'];
    super(host, request);
    this.#socket = socket;
  }

  protected override openSink(_head: ResponseHead): StreamSink {
    const { 'sec-websocket-key': key = '', 'sec-websocket-protocol': protocol } = this.headers;
    const lines = [
      'HTTP/1.1 101 Switching Protocols',
      'Upgrade: websocket',
      'Connection: Upgrade',
      `Sec-WebSocket-Accept: ${createHash('sha1').update(`${key}${acceptSalt}`).digest('base64')}`,
      ...(protocol === undefined ? [] : [`Sec-WebSocket-Protocol: ${protocol}`]),
    ];
    this.#socket.write(`${lines.join('\r\n')}\r\n\r\n`);
    listen(this.#socket);
    return new WebSocketSink(this.#socket);
  }
}

class WebSocketSink implements StreamSink {
  readonly #socket: Duplex;
  /** The beginning of an event whose end has not been written yet. */
  #rest: Buffer[] = [];

  constructor(socket: Duplex) {
    this.#socket = socket;
  }

  write(chunks: readonly Buffer[], taken: () => void): void {
    this.#socket.cork();
    for (const chunk of chunks) this.#frames(chunk);
    this.#socket.write('', taken);
    this.#socket.uncork();
  }

  end(): void {
    this.#socket.end(frame(opcodes.close, 0));
  }

  cut(): void {
    this.#socket.destroy();
  }

  #frames(chunk: Buffer): void {
    let from = 0;
    for (let at = chunk.indexOf(newline); at >= 0; at = chunk.indexOf(newline, from)) {
      const event = [...this.#rest, chunk.subarray(from, at)];
      this.#rest = [];
      this.#socket.write(
        frame(
          opcodes.text,
          event.reduce((sum, { length }) => sum + length, 0),
        ),
      );
      for (const part of event) this.#socket.write(part);
      from = at + 1;
    }
    if (from < chunk.length) this.#rest.push(chunk.subarray(from));
  }
}

/** The head of an unmasked, final frame. */
function frame(opcode: number, length: number): Buffer {
  if (length < 126) return Buffer.from([0x80 | opcode, length]);
  const short = length < 65_536;
  const head = Buffer.alloc(short ? 4 : 10);
  head[0] = 0x80 | opcode;
  head[1] = short ? 126 : 127;
  if (short) head.writeUInt16BE(length, 2);
  else head.writeBigUInt64BE(BigInt(length), 2);
  return head;
}

/** Answers pings and the end. Frames of clients are masked. */
function listen(socket: Duplex): void {
  let received = Buffer.alloc(0);
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
    for (;;) {
      const size = (received[1] ?? 0) & 0x7f;
      if (received.length < 2 || (size < 126 && received.length < 6 + size)) break;
      if (size >= 126) return socket.destroy();
      const opcode = (received[0] ?? 0) & 0x0f;
      const mask = received.subarray(2, 6);
      const payload = received.subarray(6, 6 + size).map((byte, i) => byte ^ (mask[i & 3] ?? 0));
      received = received.subarray(6 + size);
      if (opcode === opcodes.ping) socket.write(Buffer.concat([frame(opcodes.pong, size), payload]));
      if (opcode === opcodes.close) return socket.end(Buffer.concat([frame(opcodes.close, size), payload]));
    }
  });
  socket.resume();
}
