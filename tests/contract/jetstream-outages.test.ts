// What happens to writers and readers when the server dies, hangs, or its answers get lost.

import { expect, test } from 'vitest';
import type { Revision, Subject } from '../../streams/base/brand.ts';
import { LogRewound, LogUnavailable } from '../../streams/log/errors.ts';
import type { AppendOutcome, EventLog } from '../../streams/log/event-log.ts';
import {
  absent,
  anEvent,
  at,
  change,
  collect,
  eventSubject,
  follow,
  leaseSubject,
  podSubject,
  range,
  record,
  revisionsOf,
} from '../kit/events.ts';
import { HastyClock } from '../kit/hasty-clock.ts';
import { openLog, withLog } from '../kit/jetstream.ts';
import { ListeningLogger } from '../kit/listening-logger.ts';
import { TestNats } from '../kit/nats-server.ts';
import { TcpProxy } from '../kit/tcp-proxy.ts';

test('kill -9 while writing and tailing: nothing acknowledged is lost, nothing is recorded twice, no gap, no duplicate', async () => {
  await withLog(async ({ nats, cluster }) => {
    const { LOG } = cluster.streams;
    const acknowledged = new Map<string, Revision>();
    let last = Number.POSITIVE_INFINITY;
    const tail = follow(LOG, 0, (events) => (events.at(-1)?.revision ?? 0) >= last);
    let crashes = 0;
    const crashAt = [200, 600, 1_000];
    const writer = async (name: string) => {
      let revision: Revision | undefined;
      while (acknowledged.size < 1_400) {
        const request = change(name, revision === undefined ? absent : at(revision));
        revision = await record(LOG, request);
        acknowledged.set(request.event.id, revision);
        if (acknowledged.size >= (crashAt[crashes] ?? Number.POSITIVE_INFINITY)) {
          crashes++;
          nats.kill();
          await nats.restart();
        }
      }
    };
    await Promise.all(range(1, 24).map((i) => writer(`writer-${i}`)));
    expect(crashes).toBe(crashAt.length);
    // The last one, which ends the tail.
    last = (await LOG.bounds()).last + 1;
    await record(LOG, change('end', absent));
    expect(revisionsOf(await tail)).toEqual(range(1, last));
    const events = await collect(LOG.read({ after: 0 as Revision }));
    expect(revisionsOf(events)).toEqual(range(1, last));
    expect(new Set(events.map(({ id }) => id)).size).toBe(events.length);
    const recorded = new Map(events.map(({ id, revision }) => [id as string, revision]));
    for (const [id, revision] of acknowledged) expect(recorded.get(id)).toBe(revision);
  });
});

test('the history follows through a kill -9: every revision is in it', async () => {
  await withLog(async ({ nats, cluster }) => {
    const { LOG } = cluster.streams;
    const write = async (from: number, to: number) => {
      for (let i = from; i <= to; i++) {
        await record(LOG, change('hot', i === 1 ? absent : at(i - 1)));
      }
    };
    await write(1, 150);
    nats.kill();
    await nats.restart();
    await write(151, 300);
    // LOG has kept the newest 64 only: the rest can come from history alone.
    expect(revisionsOf(await collect(LOG.read({ after: 0 as Revision })))).toEqual(range(1, 300));
  });
});

/** A log behind a proxy, and one straight on the server to see what really happened. */
async function withProxy(
  use: (context: { proxy: TcpProxy; proxied: EventLog; direct: EventLog }) => Promise<void>,
  timing: { answerMs: number; appendMs?: number } = { answerMs: 60_000 },
): Promise<void> {
  const nats = await TestNats.start();
  const direct = await openLog(nats);
  const proxy = await TcpProxy.start(nats);
  const proxied = await openLog(nats, { servers: [proxy.address], timing });
  try {
    await use({ proxy, proxied: proxied.streams.LOG, direct: direct.streams.LOG });
  } finally {
    await proxied.close();
    await direct.close();
    await proxy.close();
    await nats.discard();
  }
}

test('an append whose acknowledgement is lost is answered rightly and recorded once', async () => {
  await withProxy(async ({ proxy, proxied, direct }) => {
    proxy.swallowAnswers();
    const request = change('lost-ack', absent);
    const outcome = proxied.append(request);
    const [recorded] = await follow(direct, 0, (events) => events.length === 1);
    proxy.cut();
    expect(await outcome).toEqual({ kind: 'appended', revision: recorded?.revision });
    expect((await direct.bounds()).last).toBe(1);
  });
});

test('two batches under way whose acknowledgements are lost are answered rightly and recorded once', async () => {
  await withProxy(async ({ proxy, proxied, direct }) => {
    proxy.swallowAnswers();
    const requests = range(1, 64).map((i) => change(`lost-batch-${i}`, absent));
    const outcomes = Promise.all(requests.map((request) => proxied.append(request)));
    const recorded = await follow(direct, 0, (events) => events.length === 64);
    proxy.cut();
    const revisions = new Map(recorded.map(({ id, revision }) => [id, revision]));
    expect(await outcomes).toEqual(
      requests.map(({ event }) => ({ kind: 'appended', revision: revisions.get(event.id) })),
    );
    expect((await direct.bounds()).last).toBe(64);
  });
});

test('an append whose acknowledgement is lost is known as recorded even when others have written since', async () => {
  await withProxy(async ({ proxy, proxied, direct }) => {
    proxy.swallowAnswers();
    const outcome = proxied.append(change('overtaken', absent));
    await follow(direct, 0, (events) => events.length === 1);
    let revision = await record(direct, change('overtaken', at(1), anEvent({ to: null })));
    revision = await record(direct, change('overtaken', absent));
    proxy.cut();
    expect(await outcome).toEqual({ kind: 'appended', revision: 1 });
    expect((await direct.bounds()).last).toBe(revision);
  });
});

test('a caller that gave up and appends the same event again learns the first outcome', async () => {
  await withProxy(
    async ({ proxy, proxied, direct }) => {
      proxy.swallowAnswers();
      const request = change('gave-up', absent);
      const refused = expect(proxied.append(request)).rejects.toThrow(LogUnavailable);
      const [recorded] = await follow(direct, 0, (events) => events.length === 1);
      await refused;
      proxy.cut();
      let outcome: AppendOutcome | undefined;
      while (outcome === undefined) {
        outcome = await proxied.append(request).catch((error: unknown) => {
          expect(error).toBeInstanceOf(LogUnavailable);
          return undefined;
        });
      }
      expect(outcome).toEqual({ kind: 'appended', revision: recorded?.revision });
      expect((await direct.bounds()).last).toBe(1);
    },
    { answerMs: 50, appendMs: 100 },
  );
});

test('a lost race whose answer is lost stays a lost race', async () => {
  await withProxy(async ({ proxy, proxied, direct }) => {
    const revision = await record(direct, change('lost-race', absent));
    const winner = await record(direct, change('lost-race', at(revision)));
    proxy.swallowAnswers();
    const outcome = proxied.append(change('lost-race', at(revision)));
    // Once the server has handled this one, it has handled the stale one before it.
    const marker = proxied.append(change('marker', absent));
    await follow(direct, winner, (events) => events.length === 1);
    proxy.cut();
    expect(await outcome).toEqual({ kind: 'conflict', actual: winner });
    expect((await marker).kind).toBe('appended');
  });
});

test('a reader outlives a server that hangs', async () => {
  await withLog(async ({ nats, cluster, logger }) => {
    const { LOG } = cluster.streams;
    await record(LOG, change('before', absent));
    const tail = follow(LOG, 0, (events) => events.at(-1)?.revision === 3);
    await follow(LOG, 0, (events) => events.length === 1);
    const noticed = logger.next('reader of a stream starts anew');
    nats.pause();
    await noticed;
    nats.resume();
    await record(LOG, change('after', absent));
    await record(LOG, change('later', absent));
    expect(revisionsOf(await tail)).toEqual([1, 2, 3]);
  });
});

test('while the server is gone the status says so, appends wait, and reads fail with a clear error', async () => {
  await withLog(async ({ nats, cluster }) => {
    const { LOG } = cluster.streams;
    const changes: string[] = [];
    const listening = new AbortController();
    const lost = new Promise<void>((resolve) =>
      cluster.onStatus(
        ({ kind }) => {
          changes.push(kind);
          if (kind === 'degraded') resolve();
        },
        { signal: listening.signal },
      ),
    );
    nats.kill();
    await lost;
    expect(cluster.status()).toMatchObject({ kind: 'degraded', reason: expect.stringContaining('lost') });
    await expect(LOG.bounds()).rejects.toThrow(LogUnavailable);
    await expect(LOG.lastOn(podSubject('x'))).rejects.toThrow(LogUnavailable);
    const waiting = LOG.append(change('waits', absent));
    await nats.restart();
    expect(await waiting).toEqual({ kind: 'appended', revision: 1 });
    expect(changes).toEqual(['degraded', 'ok']);
    listening.abort();
  });
});

test('when the server stays away, an append ends with an error that says its outcome is unknown', async () => {
  await withLog(
    async ({ nats, cluster }) => {
      nats.kill();
      await expect(cluster.streams.LOG.append(change('lonely', absent))).rejects.toThrow(/unknown.*lost/);
    },
    { timing: { answerMs: 100, appendMs: 200, heartbeatMs: 100 } },
  );
});

test('kill -9 while leases are renewed and Events recorded: no acknowledged one is lost, no revision means two things', async () => {
  await withLog(async ({ nats, cluster }) => {
    const { LEASE, EVENT } = cluster.streams;
    let done = false;
    const acknowledged = new Map<string, Revision>();
    const heads = { LEASE: Number.POSITIVE_INFINITY, EVENT: Number.POSITIVE_INFINITY };
    const tails = ([LEASE, EVENT] as const).map((log) =>
      follow(log, 0, (events) => (events.at(-1)?.revision ?? 0) >= heads[log.stream as 'LEASE' | 'EVENT']),
    );
    const renew = async (log: EventLog, subject: Subject) => {
      let revision: Revision | undefined;
      while (!done) {
        const event = anEvent({ type: 'lease.renewed' });
        revision = await record(log, { subject, expect: revision === undefined ? absent : at(revision), event });
        acknowledged.set(event.id, revision);
      }
    };
    const writers = range(1, 20).flatMap((i) => [
      renew(LEASE, leaseSubject(`node-${i}`)),
      renew(EVENT, eventSubject(`event-${i}`)),
    ]);
    const written = Promise.all(writers);
    let failure: unknown;
    written.catch((error: unknown) => {
      failure = error;
    });
    for (let crash = 1; crash <= 3; crash++) {
      const enough = acknowledged.size + 400;
      while (acknowledged.size < enough && failure === undefined) {
        await new Promise((resolve) => setImmediate(resolve));
      }
      nats.kill();
      await nats.restart();
    }
    done = true;
    await written;
    for (const log of [LEASE, EVENT]) {
      heads[log.stream as 'LEASE' | 'EVENT'] = (await log.bounds()).last + 1;
      const subject = log === LEASE ? leaseSubject('end') : eventSubject('end');
      await record(log, { subject, expect: absent, event: anEvent() });
    }
    for (const events of await Promise.all(tails)) {
      const revisions = revisionsOf(events);
      expect(revisions).toEqual([...new Set(revisions)].sort((a, b) => a - b));
      for (const { id, revision } of events) expect(acknowledged.get(id) ?? revision).toBe(revision);
    }
    for (const log of [LEASE, EVENT]) {
      const latest = await collect(log.latest());
      expect(latest).toHaveLength(21);
      for (const { id, revision } of latest) expect(acknowledged.get(id) ?? revision).toBe(revision);
    }
  });
});

test('leases a server forgot are put back at their revisions before anything new is written', async () => {
  const nats = await TestNats.start();
  const first = await openLog(nats);
  await record(first.streams.LEASE, { subject: leaseSubject('old'), expect: absent, event: anEvent() });
  await first.close();
  await nats.stop();
  nats.backUp();
  await nats.restart();
  const logger = new ListeningLogger();
  const cluster = await openLog(nats, { logger });
  const { LEASE } = cluster.streams;
  const tail = follow(LEASE, 0, (events) => events.at(-1)?.revision === 8);
  const revisions: Revision[] = [];
  for (let i = 2; i <= 7; i++) {
    const expect = i === 2 ? absent : at(i - 1);
    revisions.push(await record(LEASE, { subject: leaseSubject('new'), expect, event: anEvent() }));
  }
  await nats.stop();
  nats.restore();
  const restored = logger.next('events the server had lost are back');
  await nats.restart();
  const renewal = record(LEASE, { subject: leaseSubject('new'), expect: at(7), event: anEvent() });
  await restored;
  expect(await renewal).toBe(8);
  expect(revisions).toEqual(range(2, 7));
  const seen = revisionsOf(await tail);
  expect(seen).toEqual([...new Set(seen)].sort((a, b) => a - b));
  await cluster.close();
  await nats.discard();
});

test('a log that lost its end is noticed: tails fail instead of mixing two histories', async () => {
  const nats = await TestNats.start();
  const first = await openLog(nats);
  for (let i = 1; i <= 5; i++) await record(first.streams.LOG, change(`kept-${i}`, absent));
  await first.close();
  await nats.stop();
  nats.backUp();
  await nats.restart();
  const clock = new HastyClock();
  const cluster = await openLog(nats, { clock });
  const { LOG } = cluster.streams;
  const tail = follow(LOG, 0, () => false);
  const failed = expect(tail).rejects.toThrow(LogRewound);
  for (let i = 1; i <= 5; i++) await record(LOG, change(`lost-${i}`, absent));
  await nats.stop();
  nats.restore();
  await nats.restart();
  clock.goAt(10);
  await failed;
  clock.goAt(1);
  // Nor may it be written to: those revisions would mean two things.
  await expect(LOG.append(change('anew', absent))).rejects.toThrow(/had been read or acknowledged/);
  await cluster.close();
  await nats.discard();
});
