// What can be read of a stream besides its tail: the last event of every subject (how a process boots), ranges of
// history, one subject's last event, and where the stream begins and ends.

import { type Revision, revision, revisionZero, type Subject } from '../base/brand.ts';
import { EventUnreadable, HistoryTrimmed, LogUnavailable } from '../log/errors.ts';
import type { RecordedEvent } from '../log/event.ts';
import type { Bounds } from '../log/event-log.ts';
import { consume } from './consume.ts';
import { ApiRefused } from './errors.ts';
import { eventOfStored } from './message.ts';
import { decoded, type StreamReader, sequence } from './tail.ts';

/**
 * The last event of every subject in revision order, as of some instant while it is read: a subject written to
 * meanwhile may come with its newer event, or with both. Throws EventUnreadable where LOG has lost some.
 */
export async function* latest(reader: StreamReader, signal?: AbortSignal): AsyncGenerator<readonly RecordedEvent[]> {
  const { deps, stream, history, logger, highWater } = reader;
  // The server passes over messages its store cannot read. LOG has an event of every object there ever was: count them.
  const expected = history === undefined ? 0 : ((await answered(deps.api.streamInfo(stream))).state.num_subjects ?? 0);
  let count = 0;
  const portions = consume(deps, {
    stream,
    start: { kind: 'lastPerSubject' },
    end: 'exhausted',
    highWater: () => highWater.revision,
    logger,
    signal,
  });
  for await (const portion of portions) {
    count += portion.length;
    yield decoded(reader, portion);
  }
  if (count >= expected || signal?.aborted) return;
  throw new EventUnreadable(
    `${stream} holds ${expected} objects, of which ${expected - count} cannot be read: its store is damaged. Restore it from a backup`,
  );
}

/** Throws HistoryTrimmed where the range begins before the oldest retained event of LOG. */
export async function* read(
  reader: StreamReader,
  range: { readonly after: Revision; readonly to?: Revision | undefined },
  signal?: AbortSignal,
): AsyncGenerator<readonly RecordedEvent[]> {
  const { first, last } = await bounds(reader);
  const to = Math.min(range.to ?? last, last);
  if (range.after >= to) return;
  if (reader.history !== undefined && range.after + 1 < first) {
    throw new HistoryTrimmed(`history begins at revision ${first}; revision ${range.after + 1} is no longer retained`);
  }
  yield* sequence(reader, { after: range.after, to, hole: 'pass', signal });
}

/** Rejects with LogUnavailable or EventUnreadable. */
export async function lastOn(reader: StreamReader, subject: Subject): Promise<RecordedEvent | undefined> {
  const message = await answered(reader.deps.api.lastOn(reader.stream, subject));
  return message === undefined ? undefined : eventOfStored(reader.stream, message);
}

/** Rejects with LogUnavailable. */
export async function bounds({ deps, stream, history }: StreamReader): Promise<Bounds> {
  const [log, mirror] = await answered(
    Promise.all([deps.api.streamInfo(stream), history === undefined ? undefined : deps.api.streamInfo(history)]),
  );
  const last = revision(log.state.last_seq);
  if (last === revisionZero) return { first: revision(1), last };
  const first = mirror !== undefined && mirror.state.messages > 0 ? mirror.state.first_seq : log.state.first_seq;
  return { first: revision(first), last };
}

async function answered<T>(call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof ApiRefused) throw new LogUnavailable(`the log refused: ${error.message}`, { cause: error });
    throw error;
  }
}
