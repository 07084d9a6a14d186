// Many watchers of one resource and a paced writer, in a process of its own: raw TLS connections whose answers are only
// counted, so that this side costs less than the server it measures. Each written object carries the time it was sent
// at; the newest one in every piece that arrives is one measurement of its delivery.

import { readFileSync } from 'node:fs';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { quantile } from './bench.ts';

export type WatchLoadOptions = {
  readonly port: number;
  /** Files with PEM. */
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  readonly watchers: number;
  /** Path of each watch; `%d` is the watcher's number. */
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
};

const mark = '"at":"';
const tickMs = 10;
const options = JSON.parse(process.argv[2] ?? '{}') as WatchLoadOptions;
process.stdout.write(JSON.stringify(await load(options)));

async function load(asked: WatchLoadOptions): Promise<WatchLoadResult> {
  const tls: ConnectionOptions = {
    port: asked.port,
    host: '127.0.0.1',
    servername: 'localhost',
    ca: readFileSync(asked.ca),
    cert: readFileSync(asked.cert),
    key: readFileSync(asked.key),
  };
  const tally = { events: 0, bytes: 0, latenciesMs: [] as number[], closed: 0 };
  const watchers: TLSSocket[] = [];
  for (let first = 0; first < asked.watchers; first += 50) {
    const batch = Array.from({ length: Math.min(50, asked.watchers - first) }, (_, index) => first + index);
    watchers.push(...(await Promise.all(batch.map((number) => watch(tls, { asked, number, tally })))));
  }
  const writers = await Promise.all(Array.from({ length: 16 }, () => open(tls)));
  for (const writer of writers) writer.resume();
  const startedMs = performance.now();
  const written = await write(writers, asked, startedMs);
  const expected = written * asked.watchers;
  // What is still on its way arrives, unless it is lost: nothing new for a second ends the wait.
  for (let before = -1; tally.events < expected && tally.events !== before; ) {
    before = tally.events;
    await new Promise((resolve) => setTimeout(resolve, 1_000));
  }
  const seconds = (performance.now() - startedMs) / 1_000;
  for (const socket of [...watchers, ...writers]) socket.destroy();
  tally.latenciesMs.sort((a, b) => a - b);
  return {
    written,
    delivered: tally.events,
    bytes: tally.bytes,
    seconds,
    p50Ms: quantile(tally.latenciesMs, 0.5),
    p99Ms: quantile(tally.latenciesMs, 0.99),
    lost: expected - tally.events,
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

type Tally = { events: number; bytes: number; latenciesMs: number[]; closed: number };

async function watch(
  tls: ConnectionOptions,
  { asked, number, tally }: { asked: WatchLoadOptions; number: number; tally: Tally },
): Promise<TLSSocket> {
  const socket = await open(tls);
  socket.write(`GET ${asked.watchPath.replace('%d', String(number))} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  // The head of the answer: from here on every change is told.
  await new Promise<void>((resolve) => socket.once('data', () => resolve()));
  socket.on('data', (chunk: Buffer) => {
    tally.bytes += chunk.length;
    for (let at = chunk.indexOf('}\n'); at >= 0; at = chunk.indexOf('}\n', at + 2)) tally.events++;
    const last = chunk.lastIndexOf(mark);
    if (last < 0) return;
    const text = chunk.toString('latin1', last + mark.length, last + mark.length + 20);
    const end = text.indexOf('"');
    if (end > 0) tally.latenciesMs.push(performance.now() - Number(text.slice(0, end)));
  });
  return socket;
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
