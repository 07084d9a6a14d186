// Many watchers of one resource and a paced writer, in a process of its own: raw TLS connections whose answers are only
// counted, so that this side costs less than the server it measures. Of one watcher in twenty every event is timed from
// the moment its object was sent; of the others the bytes are counted, without HTTP's framing: all are told the same.
// What is sent while the server is still compiling its code is told apart, and how late this process itself was.

import { readFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { ConnectionOptions } from 'node:tls';
import { quantile } from './bench.ts';
import { cpuSeconds } from './process-costs.ts';
import { Watcher, Writer } from './watch-client.ts';

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
  readonly warmUpSeconds: number;
  readonly seconds: number;
};

export type Delays = { readonly p50Ms: number; readonly p99Ms: number; readonly maxMs: number };

export type WatchLoadResult = {
  /** Creates that were not answered with 201. */
  readonly refused: number;
  readonly lost: number;
  readonly eventBytes: number;
  /** By when the object was sent: during the warm-up, after it, and in each second of it all. */
  readonly warmUp: Delays;
  readonly measured: Delays;
  readonly p99MsOfSeconds: readonly number[];
  /** From the end of the warm-up to the last delivery: events told to all, processor time of the server and of this process. */
  readonly seconds: number;
  readonly delivered: number;
  readonly serverCpuSeconds: number;
  readonly ownCpuSeconds: number;
  /** How late timers of this process were. */
  readonly ownLateP99Ms: number;
};

type Point = {
  readonly atMs: number;
  readonly bytes: number;
  readonly serverCpuSeconds: number;
  readonly ownCpuSeconds: number;
};

const tickMs = 10;
const timedEach = 20;
const writersCount = 16;
/** Nothing new for so long means that the rest is lost. */
const quietMsMax = 2_500;

async function load(asked: WatchLoadOptions): Promise<WatchLoadResult> {
  const tls: ConnectionOptions = {
    port: asked.port,
    host: '127.0.0.1',
    servername: 'localhost',
    ca: readFileSync(asked.ca),
    cert: readFileSync(asked.cert),
    key: readFileSync(asked.key),
  };
  let startedMs = 0;
  const delaysMs: number[][] = Array.from({ length: asked.warmUpSeconds + asked.seconds }, () => []);
  const hear = (sentMs: number) => delaysMs[Math.floor((sentMs - startedMs) / 1_000)]?.push(performance.now() - sentMs);
  const watchers: Watcher[] = [];
  for (let first = 0; first < asked.watchers; first += 50) {
    const numbers = Array.from({ length: Math.min(50, asked.watchers - first) }, (_, index) => first + index);
    const opened = numbers.map((n) => Watcher.open(tls, asked.watchPath, n % timedEach === 0 ? hear : undefined));
    watchers.push(...(await Promise.all(opened)));
  }
  const writers = await Promise.all(Array.from({ length: writersCount }, () => Writer.open(tls, asked.createPath)));
  const point = (): Point => ({
    atMs: performance.now(),
    bytes: watchers.reduce((sum, watcher) => sum + watcher.bytes, 0),
    serverCpuSeconds: cpuSeconds(asked.pid),
    ownCpuSeconds: cpuSeconds(process.pid),
  });
  const late = monitorEventLoopDelay({ resolution: 5 });
  startedMs = performance.now();
  await write(writers, asked, { startedMs, seconds: asked.warmUpSeconds });
  late.enable();
  const before = point();
  await write(writers, asked, { startedMs: startedMs + asked.warmUpSeconds * 1_000, seconds: asked.seconds });
  const timed = watchers.filter((_, n) => n % timedEach === 0);
  await allTold(watchers, timed, writers);
  const after = point();
  late.disable();
  for (const { socket } of [...watchers, ...writers]) socket.destroy();

  const sum = (of: (watcher: Watcher) => number) => timed.reduce((total, watcher) => total + of(watcher), 0);
  const eventBytes = sum(({ bytes }) => bytes) / sum(({ events }) => events);
  const created = writers.reduce((total, writer) => total + writer.created, 0);
  return {
    refused: writers.reduce((total, { refused }) => total + refused, 0),
    lost: created * asked.watchers - Math.round(after.bytes / eventBytes),
    eventBytes,
    warmUp: delays(delaysMs.slice(0, asked.warmUpSeconds).flat()),
    measured: delays(delaysMs.slice(asked.warmUpSeconds).flat()),
    p99MsOfSeconds: delaysMs.map((each) => delays(each).p99Ms),
    seconds: (after.atMs - before.atMs) / 1_000,
    delivered: Math.round((after.bytes - before.bytes) / eventBytes),
    serverCpuSeconds: after.serverCpuSeconds - before.serverCpuSeconds,
    ownCpuSeconds: after.ownCpuSeconds - before.ownCpuSeconds,
    ownLateP99Ms: late.percentile(99) / 1e6,
  };
}

/** Sends what is due, each object with the time it is sent at, whether or not the ones before have been answered. */
async function write(
  writers: readonly Writer[],
  { body, perSecond }: WatchLoadOptions,
  { startedMs, seconds }: { readonly startedMs: number; readonly seconds: number },
): Promise<void> {
  const total = perSecond * seconds;
  for (let sent = 0; sent < total; ) {
    const due = Math.min(total, Math.floor(((performance.now() - startedMs) / 1_000) * perSecond));
    for (; sent < due; sent++) writers[sent % writers.length]?.create(body.replace('%t', performance.now().toFixed(3)));
    await pause(tickMs);
  }
}

/** What is still on its way arrives, unless it is lost. */
async function allTold(
  watchers: readonly Watcher[],
  timed: readonly Watcher[],
  writers: readonly Writer[],
): Promise<void> {
  const told = () => watchers.reduce((sum, { bytes }) => sum + bytes, 0);
  const complete = () => {
    const created = writers.reduce((sum, writer) => sum + writer.created, 0);
    return timed.every(({ events }) => events === created) && watchers.every(({ bytes }) => bytes === timed[0]?.bytes);
  };
  let before = -1;
  for (let quietMs = 0; !complete() && quietMs < quietMsMax; ) {
    const now = told();
    quietMs = now === before ? quietMs + tickMs : 0;
    before = now;
    await pause(tickMs);
  }
}

function delays(ms: readonly number[]): Delays {
  const sorted = Float64Array.from(ms).sort();
  return { p50Ms: quantile(sorted, 0.5), p99Ms: quantile(sorted, 0.99), maxMs: quantile(sorted, 1) };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

process.stdout.write(JSON.stringify(await load(JSON.parse(process.argv[2] ?? '{}') as WatchLoadOptions)));
