import fc from 'fast-check';
import { Packr } from 'msgpackr';
import { describe, expect, test } from 'vitest';
import { AssertionFailed } from '../../../../streams/base/assert.ts';
import type { Revision } from '../../../../streams/base/brand.ts';
import { limits } from '../../../../streams/base/limits.ts';
import { decodeEvent, encodeEvent } from '../../../../streams/log/codec.ts';
import { EventTooLarge, EventUnreadable } from '../../../../streams/log/errors.ts';
import type { EventId, LogEvent } from '../../../../streams/log/event.ts';
import { anEvent, podSubject } from '../../../kit/events.ts';

const position = { stream: 'LOG', subject: podSubject('p'), revision: 7 as Revision } as const;
const revision = fc.maxSafeNat().map((n) => n as Revision);
const state = fc.string({ unit: 'grapheme' });

const event: fc.Arbitrary<LogEvent> = fc.record(
  {
    id: fc.uuid().map((id) => id as EventId),
    type: fc.string({ unit: 'grapheme', minLength: 1 }),
    from: fc.option(state),
    to: state,
    timeMs: fc.maxSafeNat(),
    author: fc.oneof(fc.record({ user: state }), fc.record({ user: state, agent: state })),
    cause: fc.option(fc.record({ stream: fc.constantFrom('LOG', 'LEASE', 'EVENT'), revision })),
    seen: revision,
    anomaly: fc.string(),
    object: fc.uint8Array({ maxLength: 300 }),
  },
  { requiredKeys: ['id', 'type', 'from', 'to', 'timeMs', 'author', 'cause', 'seen', 'object'] },
);

const plain = (value: LogEvent) => ({ ...value, object: [...value.object] });
const packed = (value: unknown) => new Packr({ useRecords: false }).pack(value);

describe('codec', () => {
  test('every event survives encoding', () => {
    fc.assert(
      fc.property(event, (original) => {
        const { stream, subject, revision: at, ...decoded } = decodeEvent(encodeEvent(original), position);
        expect({ stream, subject, revision: at }).toEqual(position);
        expect(plain(decoded)).toEqual(plain(original));
      }),
      { numRuns: 1_000 },
    );
  });

  test('an event is a msgpack map with a version that any msgpack library reads', () => {
    const encoded = packed({
      v: 1,
      id: 'i',
      type: 't',
      from: null,
      to: 's',
      time: 5,
      author: { user: 'u' },
      cause: null,
      seen: 3,
      object: new Uint8Array([1, 2]),
    });
    expect(decodeEvent(encoded, position)).toMatchObject({ id: 'i', timeMs: 5, seen: 3, author: { user: 'u' } });
    expect(new Packr({ useRecords: false }).unpack(encodeEvent(anEvent()))).toMatchObject({
      v: 1,
      author: { user: expect.any(String) },
    });
  });

  test('an event without a transition is a bug of the writer', () => {
    expect(() => encodeEvent(anEvent({ from: null, to: null }))).toThrow(AssertionFailed);
    expect(() => encodeEvent(anEvent({ type: '' }))).toThrow(AssertionFailed);
  });

  test('the largest object fits, an event beyond the message limit does not', () => {
    encodeEvent(anEvent({ object: new Uint8Array(limits.objectBytesMax) }));
    const object = new Uint8Array(limits.messageBytesMax - 4_096);
    expect(() => encodeEvent(anEvent({ object }))).toThrow(EventTooLarge);
  });

  test('bytes that are no event are refused as such, never taken for one', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(() => decodeEvent(bytes, position)).toThrow(EventUnreadable);
      }),
      { numRuns: 2_000 },
    );
    for (const value of [
      null,
      1,
      'text',
      [],
      {},
      { v: 1 },
      { v: '1', object: new Uint8Array() },
      { object: new Uint8Array() },
    ]) {
      expect(() => decodeEvent(packed(value), position)).toThrow(EventUnreadable);
    }
  });

  test('a cut event is refused', () => {
    const bytes = encodeEvent(anEvent());
    for (let length = 0; length < bytes.length; length += 7) {
      expect(() => decodeEvent(bytes.subarray(0, length), position)).toThrow(EventUnreadable);
    }
  });

  test('an event of a newer version names the version and the way out', () => {
    const bytes = packed({ v: 2, object: new Uint8Array() });
    expect(() => decodeEvent(bytes, position)).toThrow(/event 7 of LOG has envelope version 2.*newer Shiplog/);
  });
});
