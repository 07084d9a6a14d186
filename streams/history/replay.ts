// Rebuilds the state of a past instant from the log alone, by folding its events in order. Reading sets the pace: a
// batch is taken in before the next one is asked for.

import type { Revision } from '../base/brand.ts';
import { assertRetained, endOf, type Instant, type PastLog, pastEvents } from './past-events.ts';
import { ReplayedState } from './replayed-state.ts';

export type ReplayProgress = {
  /** Position of the newest event taken in. */
  readonly revision: Revision;
  /** Where the replay ends at the latest. */
  readonly to: Revision;
};

export type ReplayOptions = {
  /** The instant to rebuild; the present when left out. */
  readonly until?: Instant | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called after every batch. */
  readonly onProgress?: ((progress: ReplayProgress) => void) | undefined;
};

/** Rejects with RevisionNotReached, HistoryTrimmed, the signal's reason, and what the log rejects with. */
export async function replay(log: PastLog, options: ReplayOptions = {}): Promise<ReplayedState> {
  const { until, signal, onProgress } = options;
  const to = await endOf(log, until);
  const state = await beginningOf(log);
  assertRetained(until, state);
  const range = { after: state.revision, until, ...(signal === undefined ? undefined : { signal }) };
  for await (const batch of pastEvents(log, range)) {
    for (const event of batch) state.apply(event);
    onProgress?.({ revision: state.revision, to });
  }
  signal?.throwIfAborted();
  return state;
}

/**
 * The state right before the oldest retained event: empty for a whole history. Where the beginning was given up, objects
 * that have not changed since are known from the last event of their subject; those that have are not known until they
 * appear.
 */
export async function beginningOf(log: PastLog): Promise<ReplayedState> {
  const { first } = await log.bounds();
  const state = new ReplayedState();
  if (first <= 1) return state;
  for await (const batch of log.latest()) {
    for (const event of batch) if (event.revision < first) state.load(event);
  }
  state.moveTo((first - 1) as Revision);
  return state;
}
