// What LOG trims comes from its mirror; what nobody holds any more is said, not skipped; core Events end as tombstones;
// readers ask for no more than they can take.

import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { expect, test } from 'vitest';
import type { Revision } from '../../streams/base/brand.ts';
import { limits } from '../../streams/base/limits.ts';
import { Connection } from '../../streams/jetstream/connection.ts';
import { JetStreamApi } from '../../streams/jetstream/js-api.ts';
import { PullConsumer } from '../../streams/jetstream/pull-consumer.ts';
import { HistoryTrimmed } from '../../streams/log/errors.ts';
import { isTombstone } from '../../streams/log/event.ts';
import type { EventLog } from '../../streams/log/event-log.ts';
import {
  absent,
  aDeletion,
  anEvent,
  at,
  change,
  collect,
  eventSubject,
  follow,
  podSubject,
  range,
  record,
  revisionsOf,
} from '../kit/events.ts';
import { optionsFor, withLog } from '../kit/jetstream.ts';
import type { TestNats } from '../kit/nats-server.ts';

async function manage<T>(nats: TestNats, use: (manager: Awaited<ReturnType<typeof jetstreamManager>>) => Promise<T>) {
  const { user, password } = nats.credentials.api;
  const nc = await connect({ servers: nats.address, user, pass: password });
  try {
    return await use(await jetstreamManager(nc));
  } finally {
    await nc.close();
  }
}

/** 300 changes of one object, of which LOG keeps 64, and some of others between them. */
async function writeMuch(log: EventLog): Promise<Revision> {
  let revision = await record(log, change('hot', absent));
  for (let i = 1; i < 300; i++) {
    if (i % 37 === 0) await record(log, change(`cool-${i}`, absent));
    revision = await record(log, change('hot', at(revision)));
  }
  return revision;
}

test('a tail and a range from before what LOG keeps are complete', async () => {
  await withLog(async ({ nats, cluster }) => {
    const { LOG } = cluster.streams;
    const last = await writeMuch(LOG);
    const kept = await manage(nats, async (manager) => (await manager.streams.info('LOG')).state.messages);
    expect(kept).toBeLessThan(last);
    expect(revisionsOf(await follow(LOG, 0, (events) => events.at(-1)?.revision === last))).toEqual(range(1, last));
    expect(revisionsOf(await collect(LOG.read({ after: 0 as Revision })))).toEqual(range(1, last));
    const part = LOG.read({ after: 17 as Revision, to: 150 as Revision });
    expect(revisionsOf(await collect(part))).toEqual(range(18, 150));
    expect(await LOG.bounds()).toEqual({ first: 1, last });
  });
});

test('a range whose end was purged from LOG ends where it was asked to', async () => {
  await withLog(async ({ nats, cluster }) => {
    const { LOG } = cluster.streams;
    await record(LOG, change('stays', absent));
    await record(LOG, change('goes', absent));
    const last = await record(LOG, change('goes', at(2), aDeletion()));
    await manage(nats, async (manager) => {
      while ((await manager.streams.info('HIST')).state.last_seq < last);
      await manager.streams.purge('LOG', { filter: podSubject('goes') });
    });
    expect(revisionsOf(await collect(LOG.read({ after: 0 as Revision })))).toEqual([1, 2, 3]);
    expect(revisionsOf(await collect(LOG.latest()))).toEqual([1]);
    // The janitor's purge is no obstacle to a new object of that name, and its revision is a new one.
    expect(await record(LOG, change('goes', absent))).toBe(4);
  });
});

test('what neither LOG nor history holds is an error for those who need it', async () => {
  await withLog(async ({ nats, cluster }) => {
    const { LOG } = cluster.streams;
    const last = await writeMuch(LOG);
    await manage(nats, async (manager) => {
      while ((await manager.streams.info('HIST')).state.last_seq < last);
      await manager.streams.purge('HIST', { seq: 101 });
    });
    expect((await LOG.bounds()).first).toBe(101);
    await expect(collect(LOG.read({ after: 50 as Revision }))).rejects.toThrow(HistoryTrimmed);
    await expect(follow(LOG, 50, () => false)).rejects.toThrow(HistoryTrimmed);
    expect(revisionsOf(await collect(LOG.read({ after: 100 as Revision })))).toEqual(range(101, last));
  });
});

test('a core Event whose time is up reaches readers as a tombstone, and its name is free again', async () => {
  await withLog(
    async ({ cluster }) => {
      const { EVENT } = cluster.streams;
      const subject = eventSubject('pod-1.17a');
      await record(EVENT, { subject, expect: absent, event: anEvent({ type: 'event.recorded' }) });
      const [recorded, expired] = await follow(EVENT, 0, (events) => events.length === 2);
      expect(recorded && isTombstone(recorded)).toBe(false);
      expect(expired).toMatchObject({ stream: 'EVENT', subject, revision: 2, type: 'event.expired', to: null });
      expect(expired?.object.byteLength).toBe(0);
      expect(expired?.timeMs).toBeGreaterThan(1_600_000_000_000);
      expect(await EVENT.lastOn(subject)).toMatchObject({ type: 'event.expired', revision: 2 });
      expect(await record(EVENT, { subject, expect: absent, event: anEvent() })).toBe(3);
    },
    { eventTtlMs: 1_000 },
  );
});

test('a reader that does not read is sent a bounded portion and no more', async () => {
  await withLog(async ({ nats, cluster }) => {
    const object = new Uint8Array(10_000);
    const count = 3_000;
    await Promise.all(
      range(1, count).map((i) => record(cluster.streams.LOG, change(`n-${i}`, absent, anEvent({ object })))),
    );
    const options = optionsFor(nats);
    const connection = await Connection.open(options);
    const api = new JetStreamApi(connection, { timeoutMs: 5_000 });
    const deps = { connection, api, clock: options.clock, random: options.random, heartbeatMs: 500, readMs: 5_000 };
    const start = { kind: 'sequence', sequence: 1 } as const;
    const consumer = await PullConsumer.open(deps, 'LOG', { start, silenceMs: 1_250 });
    // Once no request of the reader is open any more, the server has nothing left to send.
    const [info] = await manage(nats, async (manager) => {
      for (;;) {
        const consumers = await manager.consumers.list('LOG').next();
        const ours = consumers.filter(({ num_waiting, delivered }) => num_waiting === 0 && delivered.consumer_seq > 0);
        if (ours.length > 0) return ours;
      }
    });
    const sent = info?.delivered.stream_seq ?? 0;
    expect(sent).toBeLessThanOrEqual(limits.readMessagesMax);
    expect(sent * object.length).toBeLessThanOrEqual(limits.readBytesMax);
    // What it left is not lost: reading on gives everything.
    let taken = 0;
    while (taken < count) {
      const next = await consumer.take();
      if (next.kind === 'messages') taken += next.messages.length;
    }
    expect(taken).toBe(count);
    consumer.close();
    await connection.close();
  });
});

test('a deep backlog of large events is read without the server dropping the reader', async () => {
  await withLog(async ({ cluster, logger }) => {
    const { LOG } = cluster.streams;
    const object = new Uint8Array(1_000_000);
    await Promise.all(range(1, 100).map((i) => record(LOG, change(`big-${i}`, absent, anEvent({ object })))));
    expect(revisionsOf(await follow(LOG, 0, (events) => events.length === 100))).toEqual(range(1, 100));
    expect(logger.entries.map(({ message }) => message)).not.toContain('reader of a stream starts anew');
  });
});
