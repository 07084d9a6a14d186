// What a simulated container has said. Its lines follow from when it started, how often it speaks and how it ended, so
// nothing is stored: they are made when somebody reads them, the same each time.

import type { Clock } from '../../streams/base/clock.ts';
import { sleep } from '../../streams/base/clock.ts';
import type { LogOptions } from './container-runtime.ts';

/** One run of a container. */
export type ContainerRun = {
  /** Its first line. */
  readonly greeting: string;
  readonly startedAtMs: number;
  /** Time between two lines; undefined where it only says how it starts and ends. */
  readonly everyMs: number | undefined;
  /** Said at these times, besides. */
  readonly remarks: readonly LogLine[];
  readonly endedAtMs: number | undefined;
};

export type LogLine = { readonly atMs: number; readonly text: string };

/** Older lines are lost, as a rotated log loses them. */
const linesMax = 100_000;

/**
 * The log as text, in pieces. `run` reads the run anew each time, because it goes on; `news` resolves when it changes,
 * and undefined stands for a run that was removed.
 */
export async function* readLog(
  run: () => ContainerRun | undefined,
  { options, clock, news }: { options: LogOptions; clock: Clock; news(signal: AbortSignal): Promise<void> },
): AsyncGenerator<string> {
  const { follow = false, signal } = options;
  let budget = options.limitBytes ?? Number.POSITIVE_INFINITY;
  let current = run();
  let told: Told | undefined;
  while (current !== undefined) {
    const nowMs = clock.now();
    const all = linesOf(current, { told, nowMs });
    const lines: readonly LogLine[] = told === undefined ? chosen(all, options) : all;
    told = { untilMs: nowMs, remarks: current.remarks.length };
    const over = current.endedAtMs !== undefined;
    for (const chunk of chunksOf(lines, options)) {
      const piece = cut(chunk, budget);
      if (piece !== '') yield piece;
      budget -= Buffer.byteLength(piece);
      if (budget <= 0 || piece !== chunk) return;
    }
    if (!follow || signal?.aborted || over) return;
    await nextLine(current, { clock, news, signal });
    current = run();
  }
}

/** What was read of a run: its clockwork up to a time, and so many of its remarks. */
export type Told = { readonly untilMs: number; readonly remarks: number };

/** The run's lines up to now that were not told yet, in order. */
export function linesOf(run: ContainerRun, { told, nowMs }: { told: Told | undefined; nowMs: number }): LogLine[] {
  const { startedAtMs, everyMs, endedAtMs = Number.POSITIVE_INFINITY } = run;
  const toldMs = told?.untilMs ?? startedAtMs - 1;
  const lines: LogLine[] = [];
  if (startedAtMs > toldMs) lines.push({ atMs: startedAtMs, text: run.greeting });
  if (everyMs !== undefined) {
    const last = Math.floor((Math.min(nowMs, endedAtMs) - startedAtMs) / everyMs);
    const first = Math.max(1, Math.floor((toldMs - startedAtMs) / everyMs) + 1, last - linesMax + 1);
    for (let n = first; n <= last; n++) lines.push({ atMs: startedAtMs + n * everyMs, text: `line ${n}` });
  }
  lines.push(...run.remarks.slice(told?.remarks ?? 0));
  return lines.sort((a, b) => a.atMs - b.atMs);
}

function chosen(lines: LogLine[], options: LogOptions): LogLine[] {
  const { sinceMs, tailLines } = options;
  const recent = sinceMs === undefined ? lines : lines.filter(({ atMs }) => atMs >= sinceMs);
  if (tailLines === undefined) return recent;
  return tailLines <= 0 ? [] : recent.slice(-tailLines);
}

/** Waits for the next line the run is due to say, or for news of it. */
async function nextLine(
  { startedAtMs, everyMs }: ContainerRun,
  waiting: { clock: Clock; news(signal: AbortSignal): Promise<void>; signal: AbortSignal | undefined },
): Promise<void> {
  const { clock, news, signal } = waiting;
  const done = new AbortController();
  const abort = () => done.abort();
  signal?.addEventListener('abort', abort, { once: true });
  const races = [news(done.signal)];
  if (everyMs !== undefined) {
    const next = startedAtMs + (Math.floor((clock.now() - startedAtMs) / everyMs) + 1) * everyMs;
    races.push(sleep(clock, next - clock.now(), done.signal));
  }
  if (signal?.aborted !== true) await Promise.race(races);
  done.abort();
  signal?.removeEventListener('abort', abort);
}

const chunkLines = 500;

function* chunksOf(lines: readonly LogLine[], { timestamps = false }: LogOptions): Generator<string> {
  for (let at = 0; at < lines.length; at += chunkLines) {
    let chunk = '';
    for (const { atMs, text } of lines.slice(at, at + chunkLines)) {
      chunk += timestamps ? `${nanoTimestamp(atMs)} ${text}\n` : `${text}\n`;
    }
    yield chunk;
  }
}

/** The part of the text that fits the budget, whole characters only. */
function cut(text: string, bytes: number): string {
  if (Buffer.byteLength(text) <= bytes) return text;
  const piece = Buffer.from(text).subarray(0, bytes).toString('utf8');
  return piece.endsWith('�') ? piece.slice(0, -1) : piece;
}

/** RFC 3339 with nanoseconds, as container logs carry. */
function nanoTimestamp(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 23)}000000Z`;
}
