// Events for tests of the log: whole, valid, and told apart by their ids.

import type { Revision, Subject } from '../../streams/base/brand.ts';
import { revisionZero } from '../../streams/base/brand.ts';
import type { EventId, LogEvent, RecordedEvent } from '../../streams/log/event.ts';
import type { AppendOutcome, AppendRequest, EventLog, Expectation } from '../../streams/log/event-log.ts';
import { subjectOf } from '../../streams/log/subjects.ts';

let ids = 0;

export function anEvent(change: Partial<LogEvent> = {}): LogEvent {
  ids++;
  return {
    id: `event-${process.pid}-${ids}` as EventId,
    type: 'pod.updated',
    from: 'Pending',
    to: 'Running',
    timeMs: 1_767_225_600_000 + ids,
    author: { user: 'system:serviceaccount:default:tester', agent: 'kubectl-edit' },
    cause: null,
    seen: revisionZero,
    object: bytesOf({ kind: 'Pod', metadata: { name: `p${ids}` }, note: 'ä \u{1F6A2}' }),
    ...change,
  };
}

export function aDeletion(change: Partial<LogEvent> = {}): LogEvent {
  return anEvent({ type: 'pod.deleted', from: 'Running', to: null, ...change });
}

export function bytesOf(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}

export function podSubject(name: string): Subject {
  return subjectOf({ group: '', resource: 'pods', namespace: 'default', name });
}

export function leaseSubject(name: string): Subject {
  return subjectOf({ group: 'coordination.k8s.io', resource: 'leases', namespace: 'kube-node-lease', name });
}

export function eventSubject(name: string): Subject {
  return subjectOf({ group: '', resource: 'events', namespace: 'default', name });
}

export const absent: Expectation = { kind: 'absent' };

export function at(revision: number): Expectation {
  return { kind: 'at', revision: revision as Revision };
}

/** A request to append a new event about a pod. */
export function change(name: string, expect: Expectation, event: LogEvent = anEvent()): AppendRequest {
  return { subject: podSubject(name), expect, event };
}

/** Appends and returns the revision; fails where the append does not go through. */
export async function record(log: EventLog, request: AppendRequest): Promise<Revision> {
  const outcome: AppendOutcome = await log.append(request);
  if (outcome.kind !== 'appended') throw new Error(`conflict on ${request.subject}: ${JSON.stringify(outcome)}`);
  return outcome.revision;
}

export async function collect(batches: AsyncIterable<readonly RecordedEvent[]>): Promise<RecordedEvent[]> {
  const events: RecordedEvent[] = [];
  for await (const batch of batches) events.push(...batch);
  return events;
}

/**
 * Reads a tail until `enough` says so, then ends it. What `enough` looks for must be known before it is recorded: a tail may
 * read an event before its writer hears of it, and asks only when something was read.
 */
export async function follow(
  log: Pick<EventLog, 'tail'>,
  after: number,
  enough: (events: readonly RecordedEvent[]) => boolean,
): Promise<RecordedEvent[]> {
  const events: RecordedEvent[] = [];
  const ending = new AbortController();
  for await (const batch of log.tail({ after: after as Revision }, { signal: ending.signal })) {
    events.push(...batch);
    if (enough(events)) ending.abort();
  }
  return events;
}

export function revisionsOf(events: readonly RecordedEvent[]): number[] {
  return events.map(({ revision }) => revision);
}

/** first, first + 1, … last */
export function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}
