// One append from its request to its outcome: which sequence it must expect on its subject, and what a refusal means.
// The rule that makes a lost acknowledgement harmless: an attempt is only ever repeated with the same expected
// sequence, or with a new one once the old can never hold again. So of all attempts at most one is recorded, and the
// first event after the expected sequence tells whose it was.

import { type Revision, revisionZero } from '../base/brand.ts';
import { EventUnreadable } from '../log/errors.ts';
import { isTombstone, type RecordedEvent, type StreamName } from '../log/event.ts';
import type { AppendOutcome, AppendRequest } from '../log/event-log.ts';
import type { Heads } from './heads.ts';
import type { JetStreamApi, StoredMessage } from './js-api.ts';
import { eventOfStored } from './message.ts';
import type { Outgoing } from './publisher.ts';
import type { Tombstones } from './tombstones.ts';

export type Append = Outgoing & {
  readonly request: AppendRequest;
  /** On the monotonic clock: afterwards the caller is told that the outcome is unknown. */
  readonly deadline: number;
  expected: Revision;
  /** Not to be part of a batch (any more). */
  alone: boolean;
  /** Batches that were refused with this append among them. */
  refusals: number;
  /** An attempt is or was under way: the event may be recorded. */
  attempted: boolean;
  readonly resolve: (outcome: AppendOutcome) => void;
  readonly reject: (error: Error) => void;
};

/** The sequence a first attempt expects on the subject. */
export function firstExpected({ expect, subject }: AppendRequest, tombstones: Tombstones): Revision {
  return expect.kind === 'at' ? expect.revision : (tombstones.get(subject) ?? revisionZero);
}

export type ConflictResolution =
  | { readonly kind: 'decided'; readonly outcome: AppendOutcome }
  /** The expectation holds, but at this sequence. */
  | { readonly kind: 'again'; readonly expected: Revision };

/**
 * One append of a refused batch lost its race; the server names the sequence that was in its way, and the message there
 * names the object. Undefined where that cannot be found out.
 */
export async function blamedFor(
  actual: Revision | undefined,
  { api, stream }: { readonly api: JetStreamApi; readonly stream: StreamName },
): Promise<string | undefined> {
  if (actual === undefined || actual === revisionZero) return undefined;
  try {
    return (await api.messageAt(stream, actual))?.subject;
  } catch {
    return undefined;
  }
}

/**
 * The server refused an attempt for its expected sequence: looks what happened on the subject since then.
 * Rejects with LogUnavailable where it cannot look.
 */
export async function resolveConflict(
  append: Append,
  { api, stream, tombstones, heads }: { api: JetStreamApi; stream: StreamName; tombstones: Tombstones; heads: Heads },
): Promise<ConflictResolution> {
  const { request, subject, expected } = append;
  const [next, last] = await Promise.all([api.nextOn(stream, subject, expected + 1), api.lastOn(stream, subject)]);
  for (const message of [next, last]) {
    if (message !== undefined && readable(stream, message)?.id === request.event.id) {
      return { kind: 'decided', outcome: { kind: 'appended', revision: message.sequence as Revision } };
    }
  }
  const actual = (last?.sequence ?? 0) as Revision;
  const event = last === undefined ? undefined : readable(stream, last);
  if (event !== undefined) heads.note(subject, actual, event);
  if (request.expect.kind === 'at') {
    // The expected sequence is still the last one: another write to the subject was under way and failed.
    if (actual === expected) return { kind: 'again', expected };
    return { kind: 'decided', outcome: { kind: 'conflict', actual } };
  }
  if (last === undefined) {
    tombstones.delete(subject);
    return { kind: 'again', expected: revisionZero };
  }
  if (event === undefined || !isTombstone(event)) {
    return { kind: 'decided', outcome: { kind: 'conflict', actual } };
  }
  tombstones.set(subject, actual);
  return { kind: 'again', expected: actual };
}

/** Undefined for a message of a newer program: it is somebody else's and no deletion we could build upon. */
function readable(stream: StreamName, message: StoredMessage): RecordedEvent | undefined {
  try {
    return eventOfStored(stream, message);
  } catch (error) {
    if (error instanceof EventUnreadable) return undefined;
    throw error;
  }
}
