// Event ↔ message bytes: a msgpack map with a version, readable by any msgpack library. The object inside is its JSON,
// byte for byte: what the log holds is what clients are served, nothing is re-encoded, and odd keys or numbers that a
// second encoding would bend (`__proto__`, -0) stay as they were.

import { Packr, Unpackr } from 'msgpackr';
import { assert } from '../base/assert.ts';
import type { Revision, Subject } from '../base/brand.ts';
import { limits } from '../base/limits.ts';
import { EventTooLarge, EventUnreadable } from './errors.ts';
import type { Author, Cause, EventId, LogEvent, RecordedEvent, StreamName } from './event.ts';

/** Version of the envelope. Older ones are upcast here, at the read edge; recorded events are never edited. */
export const envelopeVersion = 1;

type Envelope = {
  readonly v: number;
  readonly id: string;
  readonly type: string;
  readonly from: string | null;
  readonly to: string | null;
  readonly time: number;
  readonly author: Author;
  readonly cause: Cause | null;
  readonly seen: number;
  readonly anomaly?: string;
  readonly object: Uint8Array;
};

const packr = new Packr({ useRecords: false });
const unpackr = new Unpackr({ useRecords: false });

export function encodeEvent(event: LogEvent): Uint8Array {
  assert(event.type !== '' && (event.from !== null || event.to !== null), 'an event names a transition');
  const envelope: Envelope = {
    v: envelopeVersion,
    id: event.id,
    type: event.type,
    from: event.from,
    to: event.to,
    time: event.timeMs,
    author: event.author,
    cause: event.cause,
    seen: event.seen,
    ...(event.anomaly === undefined ? undefined : { anomaly: event.anomaly }),
    object: event.object,
  };
  const bytes = packr.pack(envelope);
  if (bytes.length > limits.messageBytesMax - 4_096) {
    throw new EventTooLarge({ bytes: bytes.length, bytesMax: limits.messageBytesMax - 4_096 });
  }
  return bytes;
}

export type Position = { readonly stream: StreamName; readonly subject: Subject; readonly revision: Revision };

/** Throws EventUnreadable for bytes that are no event or come from a newer program. */
export function decodeEvent(bytes: Uint8Array, position: Position): RecordedEvent {
  const envelope = unpack(bytes, position);
  if (envelope.v !== envelopeVersion) {
    throw new EventUnreadable(
      `event ${position.revision} of ${position.stream} has envelope version ${envelope.v}; this program reads version ${envelopeVersion}: use a newer Shiplog`,
    );
  }
  const event = {
    stream: position.stream,
    subject: position.subject,
    revision: position.revision,
    id: envelope.id as EventId,
    type: envelope.type,
    from: envelope.from,
    to: envelope.to,
    timeMs: envelope.time,
    author: envelope.author,
    cause: envelope.cause,
    seen: envelope.seen as Revision,
    object: envelope.object,
  };
  return envelope.anomaly === undefined ? event : { ...event, anomaly: envelope.anomaly };
}

function unpack(bytes: Uint8Array, { stream, subject, revision }: Position): Envelope {
  let value: unknown;
  try {
    value = unpackr.unpack(bytes);
  } catch (cause) {
    throw new EventUnreadable(`message ${revision} of ${stream} (${subject}) is not msgpack`, { cause });
  }
  const envelope = value as Partial<Envelope> | null;
  if (typeof envelope !== 'object' || typeof envelope?.v !== 'number' || !(envelope.object instanceof Uint8Array)) {
    throw new EventUnreadable(`message ${revision} of ${stream} (${subject}) is not an event`);
  }
  return envelope as Envelope;
}
