// The recorded past of one stream, in order and in batches, up to a revision or a moment. Nothing is read ahead of the
// reader beyond what the log itself buffers. An instant the log has not reached, or no longer retains, is an error that
// says so: the past is never made up.

import type { Revision } from '../base/brand.ts';
import { HistoryTrimmed } from '../log/errors.ts';
import type { RecordedEvent } from '../log/event.ts';
import type { EventLog, ReadOptions } from '../log/event-log.ts';

/** What reading the past needs of a log. */
export type PastLog = Pick<EventLog, 'stream' | 'bounds' | 'read' | 'latest'>;

/**
 * A point of the past: a revision, or a moment, milliseconds since the Unix epoch. A moment means the state before the
 * first event that the writers' clock puts later.
 */
export type Instant =
  | { readonly kind: 'revision'; readonly revision: Revision }
  | { readonly kind: 'time'; readonly ms: number };

export type PastRange = ReadOptions & {
  /** The first event is the one after this revision. */
  readonly after: Revision;
  /** Where the past ends; the newest event when left out. */
  readonly until?: Instant | undefined;
};

/** A revision was asked for that has not been recorded. */
export class RevisionNotReached extends Error {
  override readonly name = 'RevisionNotReached';
  readonly last: Revision;

  constructor({ stream, wanted, last }: { stream: string; wanted: Revision; last: Revision }) {
    super(`${stream} ends at revision ${last}; revision ${wanted} has not been recorded`);
    this.last = last;
  }
}

/** The last revision of the range: exact for a revision, the newest there is for a moment. Throws RevisionNotReached. */
export async function endOf(log: Pick<PastLog, 'stream' | 'bounds'>, until: Instant | undefined): Promise<Revision> {
  const { last } = await log.bounds();
  if (until?.kind !== 'revision') return last;
  if (until.revision > last) throw new RevisionNotReached({ stream: log.stream, wanted: until.revision, last });
  return until.revision;
}

/** Ends early, without a word, when the signal aborts. Throws RevisionNotReached, HistoryTrimmed and what the log throws. */
export async function* pastEvents(
  log: PastLog,
  { after, until, signal }: PastRange,
): AsyncGenerator<readonly RecordedEvent[]> {
  const to = await endOf(log, until);
  if (to <= after) return;
  const options: ReadOptions = signal === undefined ? {} : { signal };
  for await (const batch of log.read({ after, to }, options)) {
    const later = until?.kind === 'time' ? batch.findIndex(({ timeMs }) => timeMs > until.ms) : -1;
    if (later < 0) yield batch;
    else {
      if (later > 0) yield batch.slice(0, later);
      return;
    }
  }
}

/** Throws where the instant lies before the oldest state that can still be rebuilt, which is the one after `floor`. */
export function assertRetained(
  until: Instant | undefined,
  floor: { readonly revision: Revision; readonly timeMs: number },
) {
  const before =
    until?.kind === 'revision' ? until.revision < floor.revision : until?.kind === 'time' && until.ms < floor.timeMs;
  if (before && floor.revision > 0) {
    throw new HistoryTrimmed(
      `history begins after revision ${floor.revision} (${new Date(floor.timeMs).toISOString()}); what was before is no longer retained`,
    );
  }
}
