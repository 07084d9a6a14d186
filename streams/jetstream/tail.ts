// Events of one stream in order, from any revision on. On LOG the order has no holes: revisions that LOG trimmed
// (it keeps the newest of each object) come from HIST, its mirror with the same sequences, which lags a little and is
// waited for. On LEASE and EVENT, which keep one event per object, holes are what the streams are for.

import { sleep } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import { encodeEvent } from '../log/codec.ts';
import { HistoryTrimmed, LogUnavailable } from '../log/errors.ts';
import type { RecordedEvent, StreamName } from '../log/event.ts';
import { consume, type Delivered } from './consume.ts';
import type { Heads } from './heads.ts';
import { eventOfDelivery } from './message.ts';
import type { ConsumerDeps } from './pull-consumer.ts';
import type { RecentEvents } from './restore.ts';
import type { Tombstones } from './tombstones.ts';

export type StreamReader = {
  readonly stream: StreamName;
  /** Name of the stream that holds what this one trimmed. */
  readonly history: string | undefined;
  readonly deps: ConsumerDeps;
  readonly logger: Logger;
  readonly tombstones: Tombstones;
  readonly heads: Heads;
  readonly highWater: HighWater;
  /** What can be put back when the server forgot it; only for streams that are written without fsync. */
  readonly recent: RecentEvents | undefined;
};

/** The newest revision this process has written or read; the log must never end before it. */
export class HighWater {
  #revision = 0;

  get revision(): number {
    return this.#revision;
  }

  note(revision: number): void {
    if (revision > this.#revision) this.#revision = revision;
  }
}

export type SequenceOptions = {
  readonly after: number;
  /** Last revision wanted; unbounded for a tail. */
  readonly to: number;
  /** A revision that neither LOG nor HIST holds: fails a tail, is passed over by a reader of what is retained. */
  readonly hole: 'fail' | 'pass';
  readonly signal?: AbortSignal | undefined;
};

const historyPollMs = 20;
const historyWaitMsMax = 30_000;

/** Throws HistoryTrimmed, LogRewound, LogUnavailable or EventUnreadable. */
export async function* sequence(
  reader: StreamReader,
  options: SequenceOptions,
): AsyncGenerator<readonly RecordedEvent[]> {
  const { to, signal } = options;
  const tails = isTail(options);
  let at = options.after;
  while (at < to) {
    let trimmedTo: number | undefined;
    for await (const portion of fromStream(reader, { ...options, after: at })) {
      const cut = reader.history === undefined ? -1 : firstHole(portion, at);
      const whole = until(cut < 0 ? portion : portion.slice(0, cut), to);
      const last = whole.at(-1);
      if (last !== undefined) {
        at = last.sequence;
        yield decoded(reader, whole);
      }
      if (at >= to) return;
      if (cut >= 0) {
        trimmedTo = Math.min(to, (portion[cut]?.sequence ?? 0) - 1);
        break;
      }
      if (whole.length < portion.length) return;
    }
    // LOG has nothing more, yet a bounded range goes on: its end was trimmed.
    if (trimmedTo === undefined && !tails && reader.history !== undefined) trimmedTo = to;
    if (trimmedTo === undefined || signal?.aborted) return;
    for await (const portion of fromHistory(reader, { ...options, after: at, reach: trimmedTo })) {
      const last = portion.at(-1);
      if (last !== undefined) at = last.sequence;
      yield decoded(reader, portion);
    }
    if (signal?.aborted || (tails && reader.deps.connection.closed)) return;
    if (at < trimmedTo) at = passHole(reader, options, { after: at, to: trimmedTo });
  }
}

function isTail({ to }: Pick<SequenceOptions, 'to'>): boolean {
  return to === Number.POSITIVE_INFINITY;
}

function fromStream(
  reader: StreamReader,
  { after, to, signal }: SequenceOptions,
): AsyncGenerator<readonly Delivered[]> {
  return consume(reader.deps, {
    stream: reader.stream,
    start: { kind: 'after', revision: after },
    end: isTail({ to }) ? 'never' : 'exhausted',
    highWater: () => reader.highWater.revision,
    logger: reader.logger,
    signal,
  });
}

/** Everything history holds after `after`, at least up to `reach` where it holds that. */
async function* fromHistory(
  reader: StreamReader,
  options: SequenceOptions & { readonly reach: number },
): AsyncGenerator<readonly Delivered[]> {
  const { logger, deps } = reader;
  const { signal, to } = options;
  const stream = reader.history ?? '';
  await historyReaches(reader, options);
  let at = options.after;
  const start = { kind: 'after', revision: at } as const;
  for await (const portion of consume(deps, {
    stream,
    start,
    end: 'exhausted',
    ofTail: isTail(options),
    logger,
    signal,
  })) {
    const hole = firstHole(portion, at);
    if (hole >= 0) {
      if (hole > 0) yield until(portion.slice(0, hole), to);
      const before = portion[hole - 1]?.sequence ?? at;
      passHole(reader, options, { after: before, to: (portion[hole]?.sequence ?? 0) - 1 });
    }
    const rest = until(hole > 0 ? portion.slice(hole) : portion, to);
    const last = rest.at(-1);
    if (last === undefined) return;
    at = last.sequence;
    yield rest;
    if (at >= to) return;
  }
}

/** The mirror follows by itself; what it does not have yet is a matter of milliseconds. */
async function historyReaches(
  { deps, history, logger }: StreamReader,
  { reach, signal }: { readonly reach: number; readonly signal?: AbortSignal | undefined },
): Promise<void> {
  const giveUpAt = deps.clock.monotonic() + historyWaitMsMax;
  while (!signal?.aborted && !deps.connection.closed) {
    try {
      const { state } = await deps.api.streamInfo(history ?? '');
      if (state.last_seq >= reach) return;
    } catch (error) {
      logger.debug('the history does not answer yet', { stream: history, error: String(error) });
    }
    if (deps.clock.monotonic() >= giveUpAt) {
      throw new LogUnavailable(
        `${history} has not reached revision ${reach} within ${historyWaitMsMax} ms: is its mirroring of LOG broken?`,
      );
    }
    await sleep(deps.clock, historyPollMs, signal);
  }
}

function passHole(
  { stream, logger }: StreamReader,
  { hole }: SequenceOptions,
  range: { readonly after: number; readonly to: number },
): number {
  const text = `revisions ${range.after + 1} to ${range.to} of ${stream} are no longer retained`;
  if (hole === 'fail') throw new HistoryTrimmed(text);
  logger.warn('history has a hole', { stream, after: range.after, to: range.to });
  return range.to;
}

/** Index of the first message that does not follow its predecessor directly, or -1. */
function firstHole(portion: readonly Delivered[], after: number): number {
  let at = after;
  for (let i = 0; i < portion.length; i++) {
    const { sequence } = portion[i] as Delivered;
    if (sequence !== at + 1) return i;
    at = sequence;
  }
  return -1;
}

function until(portion: readonly Delivered[], to: number): readonly Delivered[] {
  const last = portion.at(-1);
  return last === undefined || last.sequence <= to ? portion : portion.filter(({ sequence }) => sequence <= to);
}

/** Decodes and lets the writer learn from what was read. */
export function decoded(reader: StreamReader, portion: readonly Delivered[]): readonly RecordedEvent[] {
  const events = portion.map((delivered) => eventOfDelivery(reader.stream, delivered.message, delivered));
  reader.tombstones.observe(events);
  reader.heads.observe(events, reader.highWater.revision);
  if (reader.recent !== undefined) keepRecent(reader.recent, { events, portion });
  reader.highWater.note(events.at(-1)?.revision ?? 0);
  return events;
}

/** An expiry, which the server wrote as an empty message, is put back as the event it was read as. */
function keepRecent(
  recent: RecentEvents,
  { events, portion }: { events: readonly RecordedEvent[]; portion: readonly Delivered[] },
): void {
  for (let i = 0; i < events.length; i++) {
    const event = events[i] as RecordedEvent;
    const data = portion[i]?.message.data ?? new Uint8Array();
    recent.note(event.revision, {
      subject: event.subject,
      payload: data.length > 0 ? data : encodeEvent(event),
    });
  }
}
