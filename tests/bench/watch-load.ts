// Many watchers of one resource and a paced writer, in a process of its own: raw TLS connections whose answers are only
// counted, so that this side costs less than the server it measures. Of one watcher in ten every event is counted and
// timed: each written object carries the time it was sent at, and the newest one in every piece that arrives is one
// measurement of its delivery. Of the others the bytes are counted, without HTTP's framing: all are told the same.

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { quantile } from './bench.ts';

export type WatchLoadOptions = {
  readonly port: number;
  /** Of the server, whose processor time is told. */
  readonly pid: number;
  /** Files with PEM. */
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  readonly watchers: number;
  readonly watchPath: string;
  readonly createPath: string;
  /** JSON of the object that is written; `%t` is the time it is sent at. */
  readonly body: string;
  readonly perSecond: number;
  readonly seconds: number;
};

export type WatchLoadResult = {
  readonly written: number;
  readonly delivered: number;
  readonly bytes: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly lost: number;
  /** Processor time of the server and of this process, from the first write to the last delivery. */
  readonly serverCpuSeconds: number;
  readonly ownCpuSeconds: number;
};

const mark = Buffer.from('"at":"');
const lineEnd = 0x0a;
const tickMs = 10;
const timedEach = 10;
const options = JSON.parse(process.argv[2] ?? '{}') as WatchLoadOptions;

async function load(asked: WatchLoadOptions): Promise<WatchLoadResult> {
  const tls: ConnectionOptions = {
    port: asked.port,
    host: '127.0.0.1',
    servername: 'localhost',
    ca: readFileSync(asked.ca),
    cert: readFileSync(asked.cert),
    key: readFileSync(asked.key),
  };
  const watchers: Watcher[] = [];
  for (let first = 0; first < asked.watchers; first += 50) {
    const numbers = Array.from({ length: Math.min(50, asked.watchers - first) }, (_, index) => first + index);
    watchers.push(...(await Promise.all(numbers.map((n) => Watcher.open(tls, asked.watchPath, n % timedEach === 0)))));
  }
  const writers = await Promise.all(Array.from({ length: 16 }, () => open(tls)));
  for (const writer of writers) writer.resume();
  const timed = watchers.filter((watcher) => watcher.timed);
  const cpuBefore = [cpuSeconds(asked.pid), cpuSeconds(process.pid)] as const;
  const startedMs = performance.now();
  const written = await write(writers, asked, startedMs);
  // What is still on its way arrives, unless it is lost: nothing new for a few seconds ends the wait.
  const bytes = () => watchers.reduce((sum, watcher) => sum + watcher.bytes, 0);
  const complete = () => {
    const [first] = timed;
    return timed.every(({ events }) => events === written) && watchers.every((each) => each.bytes === first?.bytes);
  };
  for (let before = -1, quiet = 0; !complete() && quiet < 25; quiet = bytes() === before ? quiet + 1 : 0) {
    before = bytes();
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const seconds = (performance.now() - startedMs) / 1_000;
  const serverCpuSeconds = cpuSeconds(asked.pid) - cpuBefore[0];
  const ownCpuSeconds = cpuSeconds(process.pid) - cpuBefore[1];
  for (const { socket } of watchers) socket.destroy();
  for (const writer of writers) writer.destroy();
  const eventBytes =
    timed.reduce((sum, watcher) => sum + watcher.bytes, 0) / timed.reduce((sum, { events }) => sum + events, 0);
  const delivered = Math.round(bytes() / eventBytes);
  const latenciesMs = timed.flatMap((watcher) => watcher.latenciesMs).sort((a, b) => a - b);
  return {
    written,
    delivered,
    bytes: bytes(),
    seconds,
    p50Ms: quantile(latenciesMs, 0.5),
    p99Ms: quantile(latenciesMs, 0.99),
    lost: written * asked.watchers - delivered,
    serverCpuSeconds,
    ownCpuSeconds,
  };
}

async function write(writers: readonly TLSSocket[], asked: WatchLoadOptions, startedMs: number): Promise<number> {
  let sent = 0;
  const total = asked.perSecond * asked.seconds;
  while (sent < total) {
    const due = Math.min(total, Math.floor(((performance.now() - startedMs) / 1_000) * asked.perSecond));
    while (sent < due) {
      const body = asked.body.replace('%t', performance.now().toFixed(3));
      const head = `POST ${asked.createPath} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n`;
      writers[sent % writers.length]?.write(`${head}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
      sent++;
    }
    await new Promise((resolve) => setTimeout(resolve, tickMs));
  }
  return sent;
}

/** Every connection is read into the same memory, piece by piece. */
const received = Buffer.alloc(256 * 1024);

/** One watch: takes the chunked answer apart and counts what is in it. */
class Watcher {
  readonly timed: boolean;
  readonly latenciesMs: number[] = [];
  bytes = 0;
  events = 0;
  socket!: TLSSocket;
  /** Bytes of the chunk still to come; the lines between chunks are collected until they end. */
  #rest = 0;
  #line = '';
  #headed = false;
  #begun: () => void = () => {};

  private constructor(timed: boolean) {
    this.timed = timed;
  }

  /** Resolves with the head of the answer: from there on every change is told. */
  static async open(tls: ConnectionOptions, path: string, timed: boolean): Promise<Watcher> {
    const watcher = new Watcher(timed);
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
    let last = -1;
    for (let at = 0; at < length; ) {
      if (this.#rest > 0) {
        const end = Math.min(length, at + this.#rest);
        this.bytes += end - at;
        this.#rest -= end - at;
        if (this.timed) last = Math.max(last, this.#count(at, end));
        at = end;
        continue;
      }
      const end = received.indexOf(lineEnd, at);
      const until = end < 0 || end >= length ? length : end + 1;
      this.#line += received.toString('latin1', at, until);
      at = until;
      if (this.#line.endsWith('\n')) this.#readLine();
    }
    if (last < 0) return;
    const text = received.toString('latin1', last + mark.length, last + mark.length + 20);
    const end = text.indexOf('"');
    if (end > 0) this.latenciesMs.push(performance.now() - Number(text.slice(0, end)));
  }

  /** Events end with their line; tells where the newest one says when it was sent. */
  #count(from: number, end: number): number {
    for (let at = received.indexOf(lineEnd, from); at >= 0 && at < end; at = received.indexOf(lineEnd, at + 1))
      this.events++;
    const found = received.lastIndexOf(mark, end - 1);
    return found >= from ? found : -1;
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

/** Processor time a process has used, user and system. */
function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond();
}

function ticksPerSecond(): number {
  ticks ??= Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
  return ticks;
}

let ticks: number | undefined;

// Last, because classes are there only below where they are written.
process.stdout.write(JSON.stringify(await load(options)));
