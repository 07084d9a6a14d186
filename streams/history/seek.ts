// Finds where in a stream to begin reading for a moment, without reading everything before it: jumps back from the end
// in growing steps until it stands before the moment.

import type { Revision } from '../base/brand.ts';
import type { RecordedEvent } from '../log/event.ts';
import type { ReadOptions } from '../log/event-log.ts';
import type { PastLog } from './past-events.ts';

const spanFirst = 1_000;
const spanGrowth = 4;
/** Writers' clocks may differ, so an event may be older than one before it; by more than this it is not looked for. */
const clockSkewMs = 60_000;

/** A revision after which every event of that moment or later comes; reading on from it also meets some earlier ones. */
export async function revisionBefore(
  log: Pick<PastLog, 'bounds' | 'read'>,
  ms: number,
  options: ReadOptions = {},
): Promise<Revision> {
  const { first, last } = await log.bounds();
  for (let span = spanFirst; ; span *= spanGrowth) {
    const after = Math.max(first - 1, last - span) as Revision;
    if (after <= first - 1) return after;
    const next = await firstAfter(log, after, options);
    if (next === undefined || next.timeMs < ms - clockSkewMs) return after;
  }
}

async function firstAfter(
  log: Pick<PastLog, 'read'>,
  after: Revision,
  options: ReadOptions,
): Promise<RecordedEvent | undefined> {
  for await (const [event] of log.read({ after, to: (after + 1) as Revision }, options)) return event;
  return undefined;
}
