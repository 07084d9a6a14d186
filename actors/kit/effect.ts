// Effects: what a process actor wants done, as data its host carries out. Machines are closed, so an action only
// emits effects; results come back as ordinary events (invariant: machines are synchronous and closed).

import type { Cause } from '../../streams/log/event.ts';
import type { FailedWrite, Key } from './controller.ts';
import type { Note, Write, WriteOutcome } from './write.ts';

export type Effect =
  /** Ask the API server; the outcome returns as `write.settled` with the same ticket. */
  | { readonly kind: 'write'; readonly ticket: string; readonly write: Write; readonly cause: Cause | null }
  /** Tell people. Nothing returns. */
  | { readonly kind: 'note'; readonly note: Note }
  /** Send `timer.fired` with this name and generation after `ms`; arming a name again replaces it. */
  | { readonly kind: 'arm'; readonly timer: string; readonly generation: number; readonly ms: number }
  | { readonly kind: 'disarm'; readonly timer: string }
  /** Reconcile this key and carry its plan out; the outcome returns as `reconcile.settled`. */
  | {
      readonly kind: 'reconcile';
      readonly key: Key;
      readonly cause: Cause | null;
      readonly sinceMs: number;
      readonly failures: readonly FailedWrite[];
    };

/** How a machine hands an effect to its host: it emits it. */
export type EffectEmitted = { readonly type: 'effect'; readonly effect: Effect };

export type TimerFired = { readonly type: 'timer.fired'; readonly timer: string; readonly generation: number };

export type WriteSettled = { readonly type: 'write.settled'; readonly ticket: string; readonly outcome: WriteOutcome };
