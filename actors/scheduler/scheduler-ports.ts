// What the scheduler is given, told and asked: its options, the moment of an event, and its counts.

import type { Random } from '../../streams/base/random.ts';
import type { Cause } from '../../streams/log/event.ts';
import type { ObjectReader } from '../../streams/views/object-reader.ts';
import type { ClusterEvent, Profile } from './framework.ts';
import type { Backoff } from './queued-pod.ts';
import type { QueueCounts } from './scheduling-queue.ts';

export type SchedulerOptions = {
  /** Breaks ties between nodes. */
  readonly random: Random;
  /** One per scheduler name; they share one queue, sorted as the first says. */
  readonly profiles?: readonly Profile[];
  /** Bindings asked for and not yet answered, at most. */
  readonly bindingsMax?: number;
  /** All objects, for plugins that look beyond nodes and pods. Its changes are told as `objectRecorded`. */
  readonly world?: ObjectReader;
  readonly backoff?: Backoff | undefined;
  /** Milliseconds of some clock that only runs forward, to measure attempts with; deciding never looks at it. */
  readonly stopwatch?: (() => number) | undefined;
};

/** When something was recorded and which event it was. */
export type Moment = { readonly nowMs: number; readonly cause: Cause | null; readonly except?: string };

export type ObjectChange = Omit<Extract<ClusterEvent, { kind: 'objectChanged' }>, 'kind'>;

export type SchedulerCounts = QueueCounts & {
  readonly nodes: number;
  /** Bindings asked for and not yet answered. */
  readonly binding: number;
  /** Since the start: pods bound, attempts that found no node, bindings refused. */
  readonly bound: number;
  readonly failed: number;
  readonly refused: number;
};
