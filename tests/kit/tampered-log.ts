// Logs as verification reads them, made of recorded events: whole, or tampered with as no program of ours would.

import type { Revision } from '../../streams/base/brand.ts';
import type { PastLog } from '../../streams/history/past-events.ts';
import type { RecordedEvent, StreamName } from '../../streams/log/event.ts';

export type Streams = Readonly<Record<StreamName, PastLog>>;

/**
 * LOG tells these events, in this order whatever their revisions say; its last event of every subject is looked for in
 * `present`, which is another matter where somebody tampered with history only.
 */
export function streamsOf(events: readonly RecordedEvent[], present: readonly RecordedEvent[] = events): Streams {
  return { LOG: told('LOG', events, present), LEASE: told('LEASE', [], []), EVENT: told('EVENT', [], []) };
}

/** JSON of the event's object, changed. */
export function withObject(event: RecordedEvent, change: (object: Json) => void): RecordedEvent {
  const object = JSON.parse(new TextDecoder().decode(event.object)) as Json;
  change(object);
  return { ...event, object: new TextEncoder().encode(JSON.stringify(object)) };
}

export type Json = Record<string, never> & {
  metadata: Record<string, unknown>;
  spec: Record<string, unknown>;
  status: Record<string, unknown>;
};

function told(stream: StreamName, events: readonly RecordedEvent[], present: readonly RecordedEvent[]): PastLog {
  const last = Math.max(0, ...events.map(({ revision }) => revision), ...present.map(({ revision }) => revision));
  return {
    stream,
    bounds: async () => ({ first: 1 as Revision, last: last as Revision }),
    async *read({ after, to = last as Revision }) {
      // What was read before is not told again, whatever its revision: tampered events have no order of their own.
      const from = after === 0 ? 0 : events.findIndex(({ revision }) => revision === after) + 1;
      const rest = events.slice(from);
      const end = to >= last ? rest.length : rest.findIndex(({ revision }) => revision > to);
      yield rest.slice(0, end < 0 ? rest.length : end);
    },
    async *latest() {
      yield [...new Map(present.map((event) => [event.subject, event])).values()];
    },
  };
}
