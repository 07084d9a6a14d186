// What one event says. An event is whole: it carries the object after the change, the transition, who did it and why,
// so that any event can be read alone and the last one on a subject is the object's state.

import type { Brand, Revision, Subject } from '../base/brand.ts';

/** The streams events are appended to. HIST mirrors LOG and is only read. */
export const streamNames = ['LOG', 'LEASE', 'EVENT'] as const;
export type StreamName = (typeof streamNames)[number];

/** Identifies one append: a retry of the same append carries the same id and is recorded once. */
export type EventId = Brand<string, 'EventId'>;

/** Who, and for clients from where: with the event it is the audit record of the write. */
export type Author = {
  /** Authenticated user name, e.g. `kubernetes-admin`, `system:kube-scheduler`, `system:node:node-1`. */
  readonly user: string;
  /** The groups that gave the user their rights; of clients only, as what follows. */
  readonly groups?: readonly string[];
  /** Who the user acted as, where they did (Impersonate-User). */
  readonly impersonatedUser?: string;
  /** Field manager or user agent the request came with, e.g. `kubectl-scale`. */
  readonly agent?: string;
  /** The client's `User-Agent`, e.g. `kubectl/v1.36.0 (linux/amd64) kubernetes/59526cd`. */
  readonly userAgent?: string;
  /** The address the request came from. */
  readonly sourceIP?: string;
};

/** The event that made the author act. */
export type Cause = { readonly stream: StreamName; readonly revision: Revision };

export type LogEvent = {
  readonly id: EventId;
  /** The transition in past tense, e.g. `pod.scheduled`. It is the event type the kind's machine accepts. */
  readonly type: string;
  /** The machine's state before; null where the object did not exist. */
  readonly from: string | null;
  /** The machine's state after; null where the object is gone. */
  readonly to: string | null;
  /** The writer's clock, milliseconds since the Unix epoch, never before that of an earlier event the writer had seen. */
  readonly timeMs: number;
  readonly author: Author;
  readonly cause: Cause | null;
  /** The newest revision of the same stream the author had seen when deciding. */
  readonly seen: Revision;
  /** Why the machine does not allow this transition; absent for lawful ones. */
  readonly anomaly?: string;
  /** JSON of the object after the change (before it, for a deletion), without its resourceVersion. */
  readonly object: Uint8Array;
};

export type RecordedEvent = LogEvent & {
  readonly stream: StreamName;
  readonly subject: Subject;
  readonly revision: Revision;
};

/** An event without the object it carries: what is left to keep once the view has the object. */
export type EventFacts = Omit<RecordedEvent, 'object'>;

/** Written out, because leaving one field out of twelve costs as much as reading the other eleven from the log. */
export function factsOf(event: RecordedEvent): EventFacts {
  const { stream, subject, revision, id, type, from, to, timeMs, author, cause, seen, anomaly } = event;
  const facts = { stream, subject, revision, id, type, from, to, timeMs, author, cause, seen };
  return anomaly === undefined ? facts : { ...facts, anomaly };
}

/** True where the event says that the object is gone. */
export function isTombstone(event: Pick<LogEvent, 'to'>): boolean {
  return event.to === null;
}
