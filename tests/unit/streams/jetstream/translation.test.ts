// The pure parts of the JetStream log: error numbers, positions, markers, versions, epochs.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AssertionFailed } from '../../../../streams/base/assert.ts';
import type { Revision, Subject } from '../../../../streams/base/brand.ts';
import { compareVersions } from '../../../../streams/jetstream/connection.ts';
import { epochMetadata, epochRecordOf, nextEpoch } from '../../../../streams/jetstream/durability.ts';
import { ApiRefused, isTemporary, refusalOf } from '../../../../streams/jetstream/errors.ts';
import { deliveryOf, eventOfStored } from '../../../../streams/jetstream/message.ts';
import { Tombstones } from '../../../../streams/jetstream/tombstones.ts';
import { encodeEvent } from '../../../../streams/log/codec.ts';
import { EventTooLarge, EventUnreadable, LogFull, LogUnavailable } from '../../../../streams/log/errors.ts';
import { aDeletion, anEvent, eventSubject, podSubject } from '../../../kit/events.ts';

describe('refusals', () => {
  const refusal = (err_code: number, description = '') => refusalOf({ code: 400, err_code, description }, 99);

  test('a wrong last sequence is a lost race, with the sequence where the server names it', () => {
    expect(refusal(10071, 'wrong last sequence: 42')).toEqual({ kind: 'wrongSequence', actual: 42 });
    expect(refusal(10071, 'wrong last sequence: 0')).toEqual({ kind: 'wrongSequence', actual: 0 });
    expect(refusal(10164, 'wrong last sequence')).toEqual({ kind: 'wrongSequence' });
  });

  test('a used-up quota is LogFull, another failure of the store is not', () => {
    expect(refusal(10077, 'maximum bytes exceeded')).toMatchObject({ kind: 'failed', error: expect.any(LogFull) });
    expect(refusal(10077, 'disk on fire')).toMatchObject({ kind: 'failed', error: expect.any(LogUnavailable) });
    for (const code of [10002, 10023, 10028, 10047]) {
      expect(refusal(code)).toMatchObject({ kind: 'failed', error: expect.any(LogFull) });
    }
  });

  test('a message beyond the limit is EventTooLarge', () => {
    expect(refusal(10054)).toMatchObject({ kind: 'failed', error: expect.any(EventTooLarge) });
  });

  test('a cluster between leaders is tried again, an unknown number is not', () => {
    for (const code of [10008, 10009]) expect(refusal(code, 'x')).toEqual({ kind: 'later', reason: 'x' });
    for (const code of [10176, 10210])
      expect(refusal(code, 'x')).toEqual({ kind: 'later', reason: 'x', unstaged: true });
    expect(refusal(10999, 'novel')).toMatchObject({ kind: 'failed', error: expect.any(LogUnavailable) });
    expect(isTemporary(new ApiRefused('S', { code: 503, err_code: 10008, description: '' }))).toBe(true);
    expect(isTemporary(new ApiRefused('S', { code: 404, err_code: 10059, description: '' }))).toBe(false);
  });
});

describe('deliveries', () => {
  test('both forms of the subject tell the position', () => {
    const position = { sequence: 42, timeMs: 1_767_225_600_123, pending: 7 };
    expect(deliveryOf('$JS.ACK.LOG.c1.1.42.3.1767225600123456789.7')).toEqual(position);
    expect(deliveryOf('$JS.ACK._.hash.LOG.c1.1.42.3.1767225600123456789.7')).toEqual(position);
    expect(deliveryOf('$JS.ACK._.hash.LOG.c1.1.42.3.1767225600123456789.7.more')).toEqual(position);
  });

  test('anything else is a broken invariant', () => {
    for (const reply of ['', '_INBOX.1', '$JS.ACK.LOG.c1.1.x.3.4.5'])
      expect(() => deliveryOf(reply)).toThrow(AssertionFailed);
  });
});

describe('stored messages', () => {
  const stored = { subject: podSubject('a') as string, sequence: 9, timeMs: 5, headers: '', data: new Uint8Array() };

  test('an event is decoded at its position', () => {
    const event = anEvent();
    expect(eventOfStored('LOG', { ...stored, data: encodeEvent(event) })).toMatchObject({ id: event.id, revision: 9 });
  });

  test('the server\u2019s expiry marker becomes a tombstone without an object', () => {
    const headers = 'NATS/1.0\r\nNats-Marker-Reason: MaxAge\r\nNats-TTL: 60s\r\n\r\n';
    const marker = { ...stored, subject: eventSubject('e') as string, headers };
    const event = eventOfStored('EVENT', marker);
    expect(event).toMatchObject({ type: 'event.expired', to: null, revision: 9, timeMs: 5 });
    expect(event.object).toHaveLength(0);
  });

  test('an empty message of anybody else is not an event', () => {
    expect(() => eventOfStored('LOG', stored)).toThrow(EventUnreadable);
  });
});

describe('tombstones', () => {
  const subject = (i: number) => podSubject(`t-${i}`) as Subject;

  test('the newest deletion of a subject counts, in whatever order they are seen', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 100 }), { minLength: 1 }), (revisions) => {
        const tombstones = new Tombstones();
        for (const revision of revisions) tombstones.set(subject(0), revision as Revision);
        expect(tombstones.get(subject(0))).toBe(Math.max(...revisions));
      }),
    );
  });

  test('they learn from deletions that are read, and from nothing else', () => {
    const tombstones = new Tombstones();
    const at = { stream: 'LOG', revision: 3 as Revision } as const;
    tombstones.observe([
      { ...aDeletion(), ...at, subject: subject(1) },
      { ...anEvent(), ...at, subject: subject(2) },
    ]);
    expect([tombstones.get(subject(1)), tombstones.get(subject(2))]).toEqual([3, undefined]);
    tombstones.delete(subject(1));
    expect(tombstones.get(subject(1))).toBeUndefined();
  });

  test('their number is bounded: the oldest are forgotten', () => {
    const tombstones = new Tombstones();
    for (let i = 0; i < 70_000; i++) tombstones.set(subject(i), 1 as Revision);
    expect(tombstones.get(subject(0))).toBeUndefined();
    expect(tombstones.get(subject(69_999))).toBe(1);
  });
});

describe('versions', () => {
  test('are compared number by number', () => {
    const sorted = ['2.9.25', '2.10.0', '2.15.0', '2.15.1', 'v2.15.2', '2.16.0-RC.1', '3.0.0'];
    for (const [i, a] of sorted.entries()) {
      for (const [j, b] of sorted.entries()) expect(Math.sign(compareVersions(a, b))).toBe(Math.sign(i - j));
    }
    expect(compareVersions('garbage', '2.15.1')).toBeLessThan(0);
  });
});

describe('epochs', () => {
  const fresh = () => 'new';
  const record = { epoch: 'old', durability: 'always', run: '' } as const;

  test('a new log gets a new epoch', () => {
    expect(nextEpoch({ remembered: undefined, durability: 'always', serverRun: 's1', fresh })).toEqual({
      ...record,
      epoch: 'new',
    });
  });

  test('what an always run left keeps its epoch in either mode', () => {
    expect(nextEpoch({ remembered: record, durability: 'always', serverRun: 's2', fresh })).toEqual(record);
    expect(nextEpoch({ remembered: record, durability: 'relaxed', serverRun: 's2', fresh })).toEqual({
      epoch: 'old',
      durability: 'relaxed',
      run: 's2',
    });
  });

  test('what a relaxed run left keeps its epoch only while the server process is the same', () => {
    const relaxed = { epoch: 'old', durability: 'relaxed', run: 's1' } as const;
    expect(nextEpoch({ remembered: relaxed, durability: 'relaxed', serverRun: 's1', fresh }).epoch).toBe('old');
    expect(nextEpoch({ remembered: relaxed, durability: 'relaxed', serverRun: 's2', fresh }).epoch).toBe('new');
    expect(nextEpoch({ remembered: relaxed, durability: 'always', serverRun: 's2', fresh }).epoch).toBe('new');
    expect(nextEpoch({ remembered: relaxed, durability: 'always', serverRun: 's1', fresh }).epoch).toBe('old');
  });

  test('the record survives the stream\u2019s metadata', () => {
    for (const durability of ['always', 'relaxed'] as const) {
      const kept = { epoch: 'e', durability, run: durability === 'relaxed' ? 's1' : '' };
      expect(epochRecordOf(epochMetadata(kept))).toEqual(kept);
    }
    expect(epochRecordOf(undefined)).toBeUndefined();
    expect(epochRecordOf({ other: 'x' })).toBeUndefined();
  });
});
