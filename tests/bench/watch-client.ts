// The two kinds of clients of the watch load, over raw TLS. A watcher counts the bytes of what it is told; a timed one
// also finds the time each object was sent at, so that every event is one measurement of its delivery. A writer sends
// creates without waiting and counts what it is answered.

import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';

const mark = Buffer.from('"at":"');
const lineEnd = 0x0a;
const quote = 0x22;
/** Longer than a mark with its time. */
const markedMax = 32;
/** Every watcher's connection is read into the same memory, piece by piece. */
const received = Buffer.alloc(256 * 1024);

/** Called for each event with the time its object was sent at, in ms. */
export type Hear = (sentMs: number) => void;

/** One watch: takes the chunked answer apart and counts what is in it. */
export class Watcher {
  readonly #hear: Hear | undefined;
  bytes = 0;
  events = 0;
  socket!: TLSSocket;
  /** Bytes of the chunk still to come; the lines between chunks are collected until they end. */
  #rest = 0;
  #line = '';
  #headed = false;
  #begun: () => void = () => {};
  /** The end of what has been looked through, where a mark may have begun. */
  #carried = '';

  private constructor(hear: Hear | undefined) {
    this.#hear = hear;
  }

  /** Resolves with the head of the answer: from there on every change is told. */
  static async open(tls: ConnectionOptions, path: string, hear: Hear | undefined): Promise<Watcher> {
    const watcher = new Watcher(hear);
    const onread = {
      buffer: received,
      callback: (length: number) => {
        watcher.#take(length);
        return true;
      },
    };
    const begun = new Promise<void>((resolve) => {
      watcher.#begun = resolve;
    });
    watcher.socket = await open({ ...tls, onread } as ConnectionOptions);
    watcher.socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    await begun;
    return watcher;
  }

  #take(length: number): void {
    for (let at = 0; at < length; ) {
      if (this.#rest > 0) {
        const end = Math.min(length, at + this.#rest);
        this.bytes += end - at;
        this.#rest -= end - at;
        if (this.#hear !== undefined) this.#find(this.#hear, at, end);
        at = end;
        continue;
      }
      const end = received.indexOf(lineEnd, at);
      const until = end < 0 || end >= length ? length : end + 1;
      this.#line += received.toString('latin1', at, until);
      at = until;
      if (this.#line.endsWith('\n')) this.#readLine();
    }
  }

  /** Hears of each mark that ends here; one that has only begun is carried on. */
  #find(hear: Hear, from: number, end: number): void {
    const carried = this.#carried;
    if (carried !== '') {
      const text = carried + received.toString('latin1', from, Math.min(end, from + markedMax));
      const at = text.indexOf('"at":"');
      const close = at < 0 ? -1 : text.indexOf('"', at + mark.length);
      if (at >= 0 && at < carried.length && close >= 0) this.#count(hear, text.slice(at + mark.length, close));
    }
    let next = from;
    for (;;) {
      const at = received.indexOf(mark, next);
      if (at < 0 || at + mark.length > end) {
        this.#carried = received.toString('latin1', Math.max(next, end - mark.length + 1), end);
        return;
      }
      const close = received.indexOf(quote, at + mark.length);
      if (close < 0 || close >= end) {
        this.#carried = received.toString('latin1', at, end);
        return;
      }
      this.#count(hear, received.toString('latin1', at + mark.length, close));
      next = close + 1;
    }
  }

  #count(hear: Hear, sentMs: string): void {
    this.events++;
    hear(Number(sentMs));
  }

  /** The answer's head ends with an empty line; later ones are chunk sizes and the ends of chunks. */
  #readLine(): void {
    const line = this.#line.trim();
    this.#line = '';
    if (this.#headed) this.#rest = line === '' ? 0 : Number.parseInt(line, 16);
    else if (line === '') {
      this.#headed = true;
      this.#begun();
    }
  }
}

export class Writer {
  created = 0;
  refused = 0;
  readonly socket: TLSSocket;
  readonly #path: string;
  #carried = '';

  private constructor(socket: TLSSocket, path: string) {
    this.socket = socket;
    this.#path = path;
    socket.on('data', (chunk: Buffer) => this.#take(chunk.toString('latin1')));
  }

  static async open(tls: ConnectionOptions, path: string): Promise<Writer> {
    return new Writer(await open(tls), path);
  }

  create(body: string): void {
    const head = `POST ${this.#path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n`;
    this.socket.write(`${head}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
  }

  /** Only status lines matter; one of them may arrive in two pieces. */
  #take(chunk: string): void {
    const text = this.#carried + chunk;
    let end = 0;
    for (const { 1: status, index } of text.matchAll(/HTTP\/1\.1 (\d{3})/g)) {
      if (status === '201') this.created++;
      else this.refused++;
      end = index + 12;
    }
    this.#carried = text.slice(Math.max(end, text.length - 11));
  }
}

async function open(tls: ConnectionOptions): Promise<TLSSocket> {
  const socket = connect(tls);
  await new Promise<void>((resolve, reject) => {
    socket.once('secureConnect', resolve);
    socket.once('error', reject);
  });
  socket.setNoDelay(true);
  socket.on('error', () => {});
  return socket;
}
