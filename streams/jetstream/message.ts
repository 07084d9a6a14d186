// A stored message → a recorded event. Positions and times come from the subject a consumer delivers with; a message
// the server wrote itself when a core Event's time was up becomes a tombstone.

import type { Msg } from '@nats-io/transport-node';
import { assert } from '../base/assert.ts';
import type { Revision, Subject } from '../base/brand.ts';
import { revisionZero } from '../base/brand.ts';
import { decodeEvent } from '../log/codec.ts';
import type { EventId, RecordedEvent, StreamName } from '../log/event.ts';
import type { StoredMessage } from './js-api.ts';

export type Delivery = {
  readonly sequence: number;
  /** When the server stored the message, milliseconds since the Unix epoch. */
  readonly timeMs: number;
  /** Messages of the consumer that come after this one. */
  readonly pending: number;
};

/**
 * Reads what a consumer says beside the message:
 * `$JS.ACK.<stream>.<consumer>.<deliveries>.<sequence>.<consumer sequence>.<time, ns>.<pending>`, and the newer form
 * with domain and account hash before the stream and possibly more tokens at the end.
 */
export function deliveryOf(reply: string): Delivery {
  // Read once for every event there is: without an array and nine texts for each.
  const base = tokenEnd(reply, 0, 9) > reply.length ? 0 : 2;
  const at = tokenEnd(reply, 0, base + 5);
  const sequenceEnd = tokenEnd(reply, at, 1);
  const sequence = numberAt(reply, at, sequenceEnd - 1);
  const time = tokenEnd(reply, sequenceEnd, 1);
  const timeEnd = tokenEnd(reply, time, 1);
  const after = reply.indexOf('.', timeEnd);
  const pending = numberAt(reply, timeEnd, after < 0 ? reply.length : after);
  assert(sequence > 0 && pending >= 0, `a consumer's delivery names its position: ${reply}`);
  return { sequence, timeMs: numberAt(reply, time, timeEnd - 1 - nanosDigits), pending };
}

/** Digits that nanoseconds have beyond milliseconds. */
const nanosDigits = 6;

/** Where the token begins that comes so many tokens later; behind the end where there are fewer. */
function tokenEnd(reply: string, from: number, tokens: number): number {
  let at = from;
  for (let left = tokens; left > 0; left--) {
    const dot = reply.indexOf('.', at);
    if (dot < 0) return reply.length + 1;
    at = dot + 1;
  }
  return at;
}

/** NaN where there is anything but digits, or nothing. */
function numberAt(reply: string, start: number, end: number): number {
  if (start >= end) return Number.NaN;
  let value = 0;
  for (let at = start; at < end; at++) {
    const digit = reply.charCodeAt(at) - 0x30;
    if (!(digit >= 0 && digit <= 9)) return Number.NaN;
    value = value * 10 + digit;
  }
  return value;
}

/**
 * Throws EventUnreadable. `object` is a part of the buffer the message came in, 64 KiB at most with its neighbours:
 * copying it would halve the rate of replay, and readers keep events in runs or turn the bytes into something else.
 */
export function eventOfDelivery(stream: StreamName, message: Msg, delivery: Delivery): RecordedEvent {
  const subject = message.subject as Subject;
  const revision = delivery.sequence as Revision;
  const data = message.data;
  if (data.length === 0 && message.headers?.has(markerHeader) === true) {
    return expired({ stream, subject, revision, timeMs: delivery.timeMs });
  }
  return decodeEvent(data, { stream, subject, revision });
}

/** Throws EventUnreadable. */
export function eventOfStored(stream: StreamName, message: StoredMessage): RecordedEvent {
  const subject = message.subject as Subject;
  const revision = message.sequence as Revision;
  if (message.data.length === 0 && message.headers.includes(markerHeader)) {
    return expired({ stream, subject, revision, timeMs: message.timeMs });
  }
  return decodeEvent(message.data, { stream, subject, revision });
}

/** Header of the marker nats-server leaves when a stream's age limit removed the last message of a subject. */
const markerHeader = 'Nats-Marker-Reason';

/** Type of the tombstone that stands for a server-side expiry. */
export const expiredType = 'event.expired';

/**
 * The server knows neither the object nor its state: `object` is zero bytes, and a reader that needs the object uses
 * the entry it holds for the subject.
 */
function expired(position: {
  stream: StreamName;
  subject: Subject;
  revision: Revision;
  timeMs: number;
}): RecordedEvent {
  const { stream, subject, revision, timeMs } = position;
  return {
    stream,
    subject,
    revision,
    id: `expired-${stream}-${revision}` as EventId,
    type: expiredType,
    from: 'Recorded',
    to: null,
    timeMs,
    author: { user: 'system:shiplog:retention' },
    cause: null,
    seen: revisionZero,
    object: noBytes,
  };
}

const noBytes = new Uint8Array();
