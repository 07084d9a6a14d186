// What every EventLog does, whatever stands behind it.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Revision } from '../../streams/base/brand.ts';
import { limits } from '../../streams/base/limits.ts';
import { EventTooLarge, LogClosed } from '../../streams/log/errors.ts';
import { isTombstone } from '../../streams/log/event.ts';
import type { AppendOutcome, ClusterLog, EventLog } from '../../streams/log/event-log.ts';
import { parseSubject, subjectOf } from '../../streams/log/subjects.ts';
import {
  absent,
  aDeletion,
  anEvent,
  at,
  bytesOf,
  change,
  collect,
  follow,
  leaseSubject,
  podSubject,
  range,
  record,
  revisionsOf,
} from '../kit/events.ts';

export type LogUnderTest = { readonly cluster: ClusterLog; discard(): Promise<void> };

export function eventLogContract(name: string, open: () => Promise<LogUnderTest>): void {
  describe(`${name}: the EventLog contract`, () => {
    let subject: LogUnderTest;
    let log: EventLog;
    beforeAll(async () => {
      subject = await open();
      log = subject.cluster.streams.LOG;
    });
    afterAll(() => subject.discard());
    const last = async () => (await log.bounds()).last;

    emptyLog(() => log);
    appending(() => log, last);
    racing(() => log, last);
    reading(() => log, last);
    tailing(() => log, last);
    otherStreams(() => subject.cluster);
    closing(open);
  });
}

type Log = () => EventLog;
type Last = () => Promise<Revision>;

function emptyLog(log: Log): void {
  test('an empty log begins at 1, ends at 0 and holds nothing', async () => {
    expect(await log().bounds()).toEqual({ first: 1, last: 0 });
    expect(await collect(log().latest())).toEqual([]);
    expect(await collect(log().read({ after: 0 as Revision }))).toEqual([]);
    expect(await log().lastOn(podSubject('nobody'))).toBeUndefined();
  });
}

function appending(log: Log, last: Last): void {
  test('an event on a new subject is recorded whole at the next revision', async () => {
    const before = await last();
    const request = change(
      'whole',
      absent,
      anEvent({ anomaly: 'because', cause: { stream: 'LOG', revision: 1 as Revision } }),
    );
    const revision = await record(log(), request);
    expect(revision).toBe(before + 1);
    const recorded = await log().lastOn(request.subject);
    expect(recorded && { ...recorded, object: Buffer.from(recorded.object) }).toEqual({
      ...request.event,
      object: Buffer.from(request.event.object),
      stream: 'LOG',
      subject: request.subject,
      revision,
    });
  });

  test('absent conflicts where an object is', async () => {
    const revision = await record(log(), change('taken', absent));
    expect(await log().append(change('taken', absent))).toEqual({ kind: 'conflict', actual: revision });
  });

  test('at the last revision an event is appended, at an earlier or a later one it conflicts', async () => {
    const first = await record(log(), change('moving', absent));
    const second = await record(log(), change('moving', at(first)));
    expect(await log().append(change('moving', at(first)))).toEqual({ kind: 'conflict', actual: second });
    expect(await log().append(change('moving', at(second + 1)))).toEqual({ kind: 'conflict', actual: second });
    expect((await log().lastOn(podSubject('moving')))?.revision).toBe(second);
  });

  test('at a revision of a subject that was never written conflicts with 0', async () => {
    expect(await log().append(change('never', at(1)))).toEqual({ kind: 'conflict', actual: 0 });
  });

  test('a deleted object can be made again, and no revision is used twice', async () => {
    const revisions = [await record(log(), change('phoenix', absent))];
    for (let life = 0; life < 3; life++) {
      revisions.push(await record(log(), change('phoenix', at(revisions.at(-1) ?? 0), aDeletion())));
      revisions.push(await record(log(), change('phoenix', absent)));
    }
    expect(revisions).toEqual([...new Set(revisions)].sort((a, b) => a - b));
    expect(await log().append(change('phoenix', absent))).toEqual({ kind: 'conflict', actual: revisions.at(-1) });
  });

  test('an append that is repeated with the same event is recorded once and answered alike', async () => {
    const request = change('again', absent);
    const revision = await record(log(), request);
    expect(await log().append(request)).toEqual({ kind: 'appended', revision });
    const update = change('again', at(revision));
    const next = await record(log(), update);
    expect(await log().append(update)).toEqual({ kind: 'appended', revision: next });
    expect(await last()).toBe(next);
  });

  test('an event that is too large is refused and the log goes on', async () => {
    const object = new Uint8Array(limits.messageBytesMax + 1);
    await expect(log().append(change('giant', absent, anEvent({ object })))).rejects.toThrow(EventTooLarge);
    await record(log(), change('giant', absent));
  });

  test('the largest object comes back byte for byte', async () => {
    const object = new Uint8Array(limits.objectBytesMax).map((_, i) => (i * 31) & 0xff);
    const before = await last();
    await record(log(), change('large', absent, anEvent({ object })));
    const [read] = await collect(log().read({ after: before }));
    expect(Buffer.compare(object, read?.object ?? new Uint8Array())).toBe(0);
    const looked = await log().lastOn(podSubject('large'));
    expect(Buffer.compare(object, looked?.object ?? new Uint8Array())).toBe(0);
  });

  test('bytes that a second encoding would bend stay as they are', async () => {
    const object = new TextEncoder().encode('{"__proto__":{"a":-0},"b":1e400,"c":"\\ud800"}');
    await record(log(), change('odd', absent, anEvent({ object })));
    expect(Buffer.from((await log().lastOn(podSubject('odd')))?.object ?? []).toString()).toBe(
      Buffer.from(object).toString(),
    );
  });

  test('names with every legal and illegal character keep their identity', async () => {
    const names = ['a.b.c', 'system:node:n1', '*', '>', '100%', 'a b', 'größe', '船', '_', '_x', 'a/b', '\u{1F6A2}'];
    const refs = names.map((name) => ({
      group: 'rbac.authorization.k8s.io',
      resource: 'clusterroles',
      namespace: '',
      name,
    }));
    const before = await last();
    for (const ref of refs) await record(log(), { subject: subjectOf(ref), expect: absent, event: anEvent() });
    const events = await collect(log().read({ after: before }));
    expect(events.map(({ subject }) => parseSubject(subject))).toEqual(refs);
    for (const ref of refs) expect((await log().lastOn(subjectOf(ref)))?.subject).toBe(subjectOf(ref));
  });
}

function racing(log: Log, last: Last): void {
  test('of many writers at one revision exactly one wins', async () => {
    let revision = await record(log(), change('contended', absent));
    for (let round = 0; round < 5; round++) {
      const outcomes = await Promise.all(range(1, 32).map(() => log().append(change('contended', at(revision)))));
      const won = outcomes.filter((outcome) => outcome.kind === 'appended');
      expect(won).toHaveLength(1);
      revision = (won[0] as { revision: Revision }).revision;
      for (const outcome of outcomes) {
        if (outcome.kind === 'conflict') expect(outcome.actual).toBe(revision);
      }
    }
    expect(await last()).toBe(revision);
  });

  test('of many writers of one new object exactly one wins', async () => {
    const outcomes = await Promise.all(range(1, 32).map(() => log().append(change('newcomer', absent))));
    expect(outcomes.filter(({ kind }) => kind === 'appended')).toHaveLength(1);
  });

  test('two writes to one object in flight: one is recorded, the other conflicts', async () => {
    const revision = await record(log(), change('twice', absent));
    const outcomes = await Promise.all([1, 2].map(() => log().append(change('twice', at(revision)))));
    expect(outcomes.map(({ kind }) => kind).sort()).toEqual(['appended', 'conflict']);
  });

  test('a crowd of appends gets a revision each, without holes', async () => {
    const before = await last();
    const revisions = await Promise.all(range(1, 1_000).map((i) => record(log(), change(`crowd-${i}`, absent))));
    expect([...revisions].sort((a, b) => a - b)).toEqual(range(before + 1, before + 1_000));
    const events = await collect(log().read({ after: before }));
    expect(events.map(({ subject, revision }) => [subject, revision])).toEqual(
      revisions
        .map((revision, i) => [podSubject(`crowd-${i + 1}`), revision])
        .sort((a, b) => Number(a[1]) - Number(b[1])),
    );
  });

  test('of crowds that come one after another for the same objects, each object has one winner', async () => {
    const names = range(1, 40).map((i) => `wanted-${i}`);
    const waves = await Promise.all(
      range(1, 6).map(async (wave) => {
        for (let turn = 1; turn < wave; turn++) await new Promise((resolve) => setImmediate(resolve));
        return Promise.all(names.map((name) => log().append(change(name, absent))));
      }),
    );
    for (let i = 0; i < names.length; i++) {
      const outcomes = waves.map((wave) => (wave[i] as AppendOutcome).kind).sort();
      expect(outcomes).toEqual(['appended', 'conflict', 'conflict', 'conflict', 'conflict', 'conflict']);
    }
  });

  test('stale appends in a crowd conflict and spoil nothing for the others', async () => {
    const revision = await record(log(), change('stale', absent));
    await record(log(), change('stale', at(revision)));
    const outcomes: AppendOutcome[] = await Promise.all(
      range(1, 200).map((i) =>
        log().append(i % 50 === 0 ? change('stale', at(revision)) : change(`beside-${i}`, absent)),
      ),
    );
    expect(outcomes.filter(({ kind }) => kind === 'appended')).toHaveLength(196);
    expect(outcomes.map(({ kind }, i) => (kind === 'conflict' ? i + 1 : 0)).filter(Boolean)).toEqual([
      50, 100, 150, 200,
    ]);
  });
}

function reading(log: Log, last: Last): void {
  test('a range is what lies after its beginning up to its end, in order', async () => {
    const first = await record(log(), change('ranged-1', absent));
    for (let i = 2; i <= 9; i++) await record(log(), change(`ranged-${i}`, absent));
    const read = async (after: number, to: number) =>
      revisionsOf(await collect(log().read({ after: after as Revision, to: to as Revision })));
    expect(await read(first + 1, first + 4)).toEqual(range(first + 2, first + 4));
    expect(await read(first - 1, first)).toEqual([first]);
    expect(await read(first, first)).toEqual([]);
    expect(await read(first + 3, first + 1)).toEqual([]);
    expect(await read(first + 6, first + 1_000)).toEqual(range(first + 7, first + 8));
    expect(revisionsOf(await collect(log().read({ after: (first + 6) as Revision })))).toEqual(
      range(first + 7, first + 8),
    );
  });

  test('the whole log is read in order, each revision once', async () => {
    expect(revisionsOf(await collect(log().read({ after: 0 as Revision })))).toEqual(range(1, await last()));
  });

  test('latest holds the last event of every subject, deletions too, in revision order', async () => {
    const dead = await record(log(), change('dead', absent));
    await record(log(), change('dead', at(dead), aDeletion()));
    const expected = new Map<string, number>();
    for (const { subject, revision } of await collect(log().read({ after: 0 as Revision })))
      expected.set(subject, revision);
    const events = await collect(log().latest());
    expect(revisionsOf(events)).toEqual([...expected.values()].sort((a, b) => a - b));
    expect(new Map(events.map(({ subject, revision }) => [subject as string, revision as number]))).toEqual(expected);
    expect(events.filter(({ subject }) => subject === podSubject('dead')).map(isTombstone)).toEqual([true]);
  });

  test('reading hands out batches of bounded size', async () => {
    const sizes: number[] = [];
    for await (const batch of log().read({ after: 0 as Revision })) sizes.push(batch.length);
    expect(sizes.length).toBeGreaterThan(1);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(limits.readMessagesMax);
    expect(Math.min(...sizes)).toBeGreaterThan(0);
  });
}

function tailing(log: Log, last: Last): void {
  test('a tail gives what is there and then what comes, without gap or duplicate', async () => {
    const head = await last();
    const from = head - 5;
    const tail = follow(log(), from, (events) => events.at(-1)?.revision === head + 20);
    for (let i = 0; i < 20; i++) await record(log(), change(`tailed-${i}`, absent));
    expect(revisionsOf(await tail)).toEqual(range(from + 1, head + 20));
  });

  test('a tail at the head gives only what comes', async () => {
    const head = await last();
    const tail = follow(log(), head, (events) => events.length === 1);
    const revision = await record(log(), change('headed', absent));
    expect(revisionsOf(await tail)).toEqual([revision]);
  });

  test('a waiting tail ends when it is aborted, one that is aborted from the start at once', async () => {
    const ending = new AbortController();
    const head = await last();
    const events: number[] = [];
    const tail = (async () => {
      for await (const batch of log().tail({ after: (head - 1) as Revision }, { signal: ending.signal })) {
        events.push(...revisionsOf(batch));
        // The reader is waiting for more by then.
        setImmediate(() => ending.abort());
      }
    })();
    await tail;
    expect(events).toEqual([head]);
    const aborted = log().tail({ after: 0 as Revision }, { signal: AbortSignal.abort() });
    expect(await collect(aborted)).toEqual([]);
  });

  test('tails do not disturb one another', async () => {
    const head = await last();
    const tails = range(1, 5).map((i) => follow(log(), head - i, (events) => events.at(-1)?.revision === head + 50));
    await Promise.all(range(1, 50).map((i) => record(log(), change(`shared-${i}`, absent))));
    for (const [i, events] of (await Promise.all(tails)).entries()) {
      expect(revisionsOf(events)).toEqual(range(head - i, head + 50));
    }
  });
}

function otherStreams(cluster: () => ClusterLog): void {
  test('streams count their revisions apart, and LEASE keeps one event per object', async () => {
    const { LEASE } = cluster().streams;
    const subject = leaseSubject('node-1');
    const renew = (expect: typeof absent | ReturnType<typeof at>) =>
      record(LEASE, { subject, expect, event: anEvent({ type: 'lease.renewed', object: bytesOf({ n: 1 }) }) });
    let revision = await renew(absent);
    expect(revision).toBe(1);
    for (let i = 0; i < 30; i++) revision = await renew(at(revision));
    expect(revision).toBe(31);
    const latest = await collect(LEASE.latest());
    expect(latest.map((event) => [event.stream, event.revision])).toEqual([['LEASE', 31]]);
    expect((await follow(LEASE, 30, (events) => events.length > 0)).map((event) => event.revision)).toEqual([31]);
    expect(await LEASE.append({ subject, expect: at(30), event: anEvent() })).toEqual({ kind: 'conflict', actual: 31 });
  });

  test('the cluster has an epoch and says that it is well', () => {
    expect(cluster().epoch).not.toBe('');
    expect(cluster().status()).toEqual({ kind: 'ok' });
  });
}

function closing(open: () => Promise<LogUnderTest>): void {
  test('closing settles what was accepted, refuses what comes and ends tails', async () => {
    const { cluster, discard } = await open();
    const { LOG } = cluster.streams;
    const tail = collect(LOG.tail({ after: 0 as Revision }));
    const accepted = Promise.all(range(1, 100).map((i) => LOG.append(change(`late-${i}`, absent))));
    await cluster.close();
    expect((await accepted).map(({ kind }) => kind)).toEqual(range(1, 100).map(() => 'appended'));
    await expect(LOG.append(change('too-late', absent))).rejects.toThrow(LogClosed);
    const seen = revisionsOf(await tail);
    expect(seen).toEqual(range(1, seen.length));
    await discard();
  });
}
