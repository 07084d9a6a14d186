// Plays the past again in time: every event is handed on when it is due, N times as fast as it happened. The first one
// is due at once; where the machine is slower than the past, events come as fast as they can.

import { type Clock, sleep } from '../../streams/base/clock.ts';
import { type Instant, type PastLog, pastEvents } from '../../streams/history/past-events.ts';
import { beginningOf } from '../../streams/history/replay.ts';
import type { ReplayedState } from '../../streams/history/replayed-state.ts';
import type { RecordedEvent } from '../../streams/log/event.ts';

export type PlayBackOptions = {
  readonly until?: Instant | undefined;
  /** How many times faster than it happened, e.g. 0.5 or 60. */
  readonly speed: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly onEvent: (event: RecordedEvent) => void;
};

/** Resolves with the state at the end. Rejects with the signal's reason, and as reading the past does. */
export async function playBack(log: PastLog, options: PlayBackOptions): Promise<ReplayedState> {
  const { until, speed, clock, signal, onEvent } = options;
  const state = await beginningOf(log);
  let origin: { readonly eventMs: number; readonly clockMs: number } | undefined;
  for await (const batch of pastEvents(log, { after: state.revision, until, signal })) {
    for (const event of batch) {
      origin ??= { eventMs: event.timeMs, clockMs: clock.monotonic() };
      const dueMs = origin.clockMs + (event.timeMs - origin.eventMs) / speed;
      // One timer cannot span more than some weeks.
      while (clock.monotonic() < dueMs && !signal.aborted) await sleep(clock, dueMs - clock.monotonic(), signal);
      signal.throwIfAborted();
      onEvent(event);
      state.apply(event);
    }
  }
  signal.throwIfAborted();
  return state;
}
