// How the streams come into being, and what is refused: foreign streams, settings that cannot be changed, full quotas.

import { jetstreamManager, type StreamConfig } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Revision } from '../../streams/base/brand.ts';
import { ServerUnfit, StreamUnfit } from '../../streams/jetstream/errors.ts';
import { openJetStreamReader } from '../../streams/jetstream/jetstream-cluster-log.ts';
import { LogClosed, LogFull, LogUnavailable } from '../../streams/log/errors.ts';
import { absent, anEvent, at, change, collect, follow, podSubject, range, record, revisionsOf } from '../kit/events.ts';
import { openLog, optionsFor } from '../kit/jetstream.ts';
import { ListeningLogger } from '../kit/listening-logger.ts';
import { TestNats } from '../kit/nats-server.ts';

let nats: TestNats;
beforeEach(async () => {
  nats = await TestNats.start();
});
afterEach(() => nats.discard());

async function manage<T>(use: (manager: Awaited<ReturnType<typeof jetstreamManager>>) => Promise<T>): Promise<T> {
  const { user, password } = nats.credentials.api;
  const nc = await connect({ servers: nats.address, user, pass: password });
  try {
    return await use(await jetstreamManager(nc));
  } finally {
    await nc.close();
  }
}

const configOf = (name: string): Promise<StreamConfig> =>
  manage(async (manager) => (await manager.streams.info(name)).config);

describe('provisioning', () => {
  test('the streams are what their promises need', async () => {
    await (await openLog(nats, { quotaBytes: 1_000_000_000 })).close();
    expect(await configOf('LOG')).toMatchObject({
      subjects: ['log.>'],
      storage: 'file',
      compression: 'none',
      allow_atomic: true,
      allow_direct: false,
      max_msgs_per_subject: 64,
      max_bytes: 1_000_000_000,
      discard: 'new',
      max_age: 0,
      deny_delete: true,
    });
    expect(await configOf('HIST')).toMatchObject({ mirror: { name: 'LOG' }, compression: 's2', allow_direct: true });
    expect(await configOf('LEASE')).toMatchObject({ max_msgs_per_subject: 1, persist_mode: 'async', max_age: 0 });
    expect(await configOf('EVENT')).toMatchObject({
      max_msgs_per_subject: 1,
      persist_mode: 'async',
      max_age: 3_600_000_000_000,
    });
  });

  test('opening again keeps events, epoch and settings that were not named', async () => {
    const first = await openLog(nats, { quotaBytes: 50_000_000 });
    await record(first.streams.LOG, change('kept', absent));
    await first.close();
    const second = await openLog(nats);
    expect(second.epoch).toBe(first.epoch);
    expect((await second.streams.LOG.lastOn(podSubject('kept')))?.revision).toBe(1);
    expect((await configOf('LOG')).max_bytes).toBe(50_000_000);
    await second.close();
  });

  test('settings that drifted are put right', async () => {
    await (await openLog(nats)).close();
    await manage((manager) => manager.streams.update('LOG', { allow_direct: true, max_msgs_per_subject: 5 }));
    await (await openLog(nats)).close();
    expect(await configOf('LOG')).toMatchObject({ allow_direct: false, max_msgs_per_subject: 64 });
  });

  test('two processes that open a new log at once agree on one epoch', async () => {
    const logs = await Promise.all(range(1, 4).map(() => openLog(nats)));
    expect(new Set(logs.map(({ epoch }) => epoch)).size).toBe(1);
    for (const log of logs) await log.close();
  });

  test('a stream of ours with settings that cannot be changed is refused by name', async () => {
    const { metadata, ...config } = await configOfFresh('LEASE');
    await manage(async (manager) => {
      await manager.streams.delete('LEASE');
      await manager.streams.add({
        name: 'LEASE',
        subjects: config.subjects,
        storage: 'memory',
        metadata: ours(metadata),
      });
    });
    await expect(openLog(nats)).rejects.toThrow(/LEASE has .*storage: "memory"/);
  });

  test('a foreign stream of the same name is left alone', async () => {
    await manage((manager) => manager.streams.add({ name: 'LOG', subjects: ['other.>'] }));
    await expect(openLog(nats)).rejects.toThrow(/a stream named LOG that is not Shiplog's/);
    expect((await configOf('LOG')).subjects).toEqual(['other.>']);
  });

  test('a foreign stream on our subjects is refused with the way out', async () => {
    await manage((manager) => manager.streams.add({ name: 'SOMEBODY', subjects: ['log.>'] }));
    await expect(openLog(nats)).rejects.toThrow(/Another stream takes the subjects log\.>/);
  });

  test('a quota beyond what the server may store is refused with the way out', async () => {
    await expect(openLog(nats, { quotaBytes: 2 ** 50 })).rejects.toThrow(/choose a smaller quota/);
  });

  test('a mirror without its log is refused', async () => {
    const log = await openLog(nats);
    await record(log.streams.LOG, change('orphaned', absent));
    await follow(log.streams.LOG, 0, (events) => events.length === 1);
    await collect(log.streams.LOG.read({ after: 0 as Revision }));
    await log.close();
    await manage(async (manager) => {
      while ((await manager.streams.info('HIST')).state.last_seq < 1);
      await manager.streams.delete('LOG');
    });
    await expect(openLog(nats)).rejects.toThrow(StreamUnfit);
  });

  async function configOfFresh(name: string): Promise<StreamConfig> {
    await (await openLog(nats)).close();
    return await configOf(name);
  }

  function ours(metadata: Record<string, string> = {}): Record<string, string> {
    return Object.fromEntries(Object.entries(metadata).filter(([key]) => key.startsWith('shiplog.')));
  }
});

describe('durability', () => {
  test('a server that syncs now and then is refused unless that is chosen by name', async () => {
    await nats.stop();
    await nats.restart('relaxed');
    await expect(openLog(nats, { monitorUrl: nats.monitorUrl })).rejects.toThrow(ServerUnfit);
    await (await openLog(nats, { monitorUrl: nats.monitorUrl, durability: 'relaxed' })).close();
  });

  test('a server that syncs always is accepted, a monitoring port that does not answer is passed over', async () => {
    await (await openLog(nats, { monitorUrl: nats.monitorUrl })).close();
    const logger = new ListeningLogger();
    await (await openLog(nats, { monitorUrl: 'http://127.0.0.1:1', logger })).close();
    expect(logger.entries.map(({ message }) => message)).toContain('cannot ask the NATS server how it syncs');
  });

  test('always: the epoch survives restarts; relaxed: it lasts as long as the server process', async () => {
    const epochOf = async (durability: 'always' | 'relaxed') => {
      const log = await openLog(nats, { durability });
      await log.close();
      return log.epoch;
    };
    const restart = async () => {
      await nats.stop();
      await nats.restart();
    };
    const first = await epochOf('always');
    await restart();
    expect(await epochOf('always')).toBe(first);
    expect(await epochOf('relaxed')).toBe(first);
    expect(await epochOf('relaxed')).toBe(first);
    await restart();
    const second = await epochOf('relaxed');
    expect(second).not.toBe(first);
    await restart();
    // The relaxed run before may have lost its end.
    const third = await epochOf('always');
    expect(third).not.toBe(second);
    await restart();
    expect(await epochOf('always')).toBe(third);
  });

  test('relaxed: a process that lives through a restart and misses nothing vouches for it', async () => {
    const log = await openLog(nats, { durability: 'relaxed' });
    await record(log.streams.LOG, change('vouched', absent));
    const run = async () => (await configOf('LOG')).metadata?.['shiplog.run'];
    const before = await run();
    nats.kill();
    await nats.restart();
    while ((await run()) === before);
    await log.close();
    const again = await openLog(nats, { durability: 'relaxed' });
    expect(again.epoch).toBe(log.epoch);
    await again.close();
  });
});

describe('limits', () => {
  test('a full quota refuses what comes with LogFull, loses nothing and lets go when it is raised', async () => {
    const small = await openLog(nats, { quotaBytes: 200_000 });
    const object = new Uint8Array(10_000);
    const outcomes = await Promise.allSettled(
      range(1, 60).map((i) => small.streams.LOG.append(change(`full-${i}`, absent, anEvent({ object })))),
    );
    const accepted = outcomes.filter(({ status }) => status === 'fulfilled').length;
    expect(accepted).toBeGreaterThan(10);
    expect(accepted).toBeLessThan(20);
    for (const outcome of outcomes) if (outcome.status === 'rejected') expect(outcome.reason).toBeInstanceOf(LogFull);
    expect(revisionsOf(await collect(small.streams.LOG.latest()))).toEqual(range(1, accepted));
    await small.close();
    const large = await openLog(nats, { quotaBytes: 10_000_000 });
    expect(await record(large.streams.LOG, change('full-more', absent, anEvent({ object })))).toBe(accepted + 1);
    await large.close();
  });

  test('a name that makes the subject too long is refused and costs nobody the connection', async () => {
    const log = await openLog(nats);
    await expect(log.streams.LOG.append(change('x'.repeat(5_000), absent))).rejects.toThrow(/name is too long/);
    await record(log.streams.LOG, change('x'.repeat(2_900), absent));
    await log.close();
  });
});

describe('connecting', () => {
  test('no server, and wrong credentials, are clear errors', async () => {
    await expect(openLog(nats, { servers: ['127.0.0.1:1'] })).rejects.toThrow(/cannot connect to NATS at 127.0.0.1:1/);
    const credentials = { kind: 'password', user: 'shiplog-api', password: 'wrong' } as const;
    await expect(openLog(nats, { credentials })).rejects.toThrow(/are the credentials right/);
  });

  test('the read-only user reads everything and appends nothing', async () => {
    const writer = await openLog(nats);
    const reader = await openJetStreamReader(optionsFor(nats, { credentials: nats.credentials.reader }));
    const revision = await record(writer.streams.LOG, change('seen', absent));
    await record(writer.streams.LOG, change('seen', at(revision)));
    const { LOG } = reader.streams;
    expect(revisionsOf(await follow(LOG, 0, (events) => events.length === 2))).toEqual([1, 2]);
    expect(revisionsOf(await collect(LOG.latest()))).toEqual([2]);
    expect(revisionsOf(await collect(LOG.read({ after: 0 as Revision })))).toEqual([1, 2]);
    expect((await LOG.lastOn(podSubject('seen')))?.revision).toBe(2);
    expect(await LOG.bounds()).toEqual({ first: 1, last: 2 });
    expect(reader.epoch).toBe(writer.epoch);
    await expect((LOG as typeof writer.streams.LOG).append(change('seen', at(2)))).rejects.toThrow(LogClosed);
    await reader.close();
    await writer.close();
  });

  test('a reader of a server without a cluster is told so', async () => {
    await expect(openJetStreamReader(optionsFor(nats))).rejects.toThrow(LogUnavailable);
  });
});
