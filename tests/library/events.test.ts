// events$ on a real nats-server: nothing is missed and nothing comes twice, whatever happens to the connection; a slow
// subscriber slows reading down; whoever fails knows where to go on.

import { jetstreamManager } from '@nats-io/jetstream';
import { connect as connectNats } from '@nats-io/transport-node';
import { lastValueFrom, take, toArray } from 'rxjs';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  type ClusterEvent,
  connect,
  type EventsOptions,
  type Shiplog,
  SubscriptionFailed,
  type WorkOptions,
} from '../../infra/library/index.ts';
import { openDataDir } from '../../infra/nats/data-dir.ts';
import { systemClock } from '../../streams/base/clock.ts';
import { limits } from '../../streams/base/limits.ts';
import { systemRandom } from '../../streams/base/random.ts';
import { RevisionNotReached } from '../../streams/history/past-events.ts';
import { HistoryTrimmed, LogUnavailable } from '../../streams/log/errors.ts';
import type { ClusterLog } from '../../streams/log/event-log.ts';
import { subjectOf } from '../../streams/log/subjects.ts';
import { absent, anEvent, at, bytesOf, change, leaseSubject, range, record } from '../kit/events.ts';
import { eventually } from '../kit/eventually.ts';
import { openLog } from '../kit/jetstream.ts';
import { TestNats } from '../kit/nats-server.ts';
import { scratchNats } from '../kit/scratch-nats.ts';
import { TcpProxy } from '../kit/tcp-proxy.ts';
import { tempDir } from '../kit/temp-dir.ts';

type World = { readonly nats: TestNats; readonly log: ClusterLog; readonly shiplog: Shiplog };

/** A server, a log to write to and a subscriber's connection, through the given address or directly. */
async function world(through?: (nats: TestNats) => Promise<string>): Promise<World> {
  const nats = await TestNats.start();
  onTestFinished(() => nats.discard());
  const log = await openLog(nats);
  onTestFinished(() => log.close());
  const servers = through === undefined ? nats.address : await through(nats);
  const shiplog = await connect({ servers: `nats://${servers}`, credentials: nats.credentials.reader });
  onTestFinished(() => shiplog.close());
  return { nats, log, shiplog };
}

async function write(log: ClusterLog, first: number, last: number): Promise<void> {
  for (let i = first; i <= last; i++) await record(log.streams.LOG, change(`p${i}`, absent));
}

/** Writes many at once. */
async function fill(log: ClusterLog, count: number): Promise<void> {
  const writes = Array.from({ length: count }, (_, i) => record(log.streams.LOG, change(`p${i}`, absent)));
  await Promise.all(writes);
}

function collect(
  shiplog: Shiplog,
  options: EventsOptions,
): { readonly events: ClusterEvent[]; readonly ended: Promise<void> } {
  const events: ClusterEvent[] = [];
  const ended = shiplog.events$(options).forEach((event) => {
    events.push(event);
  });
  return { events, ended };
}

const revisions = (events: readonly ClusterEvent[]) => events.map(({ revision }) => revision);

async function failureOf(subscription: Promise<unknown>): Promise<SubscriptionFailed> {
  const failure = await subscription.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(failure instanceof SubscriptionFailed)) throw new Error(`not a failed subscription: ${String(failure)}`);
  return failure;
}

describe('an event', () => {
  test('tells revision, time, transition, author, cause, and the object when it is looked at', async () => {
    const { log, shiplog } = await world();
    const timeMs = Date.UTC(2026, 5, 1, 12);
    const object = bytesOf({ kind: 'Pod', apiVersion: 'v1', metadata: { name: 'p1', namespace: 'default' }, spec: {} });
    const cause = { stream: 'LOG', revision: 1 } as const;
    await write(log, 0, 0);
    const event = anEvent({ timeMs, object, type: 'pod.created', from: null, to: 'Pending', cause: cause as never });
    await record(log.streams.LOG, change('p1', absent, event));
    const [told] = await lastValueFrom(shiplog.events$({ from: 2, to: 2 }).pipe(toArray()));
    expect(told).toMatchObject({
      ...{ stream: 'LOG', revision: 2, time: new Date(timeMs), type: 'pod.created', from: null, to: 'Pending', cause },
      ...{ author: event.author, group: '', resource: 'pods', namespace: 'default', name: 'p1', anomaly: undefined },
    });
    expect(told?.object).toEqual({
      kind: 'Pod',
      apiVersion: 'v1',
      metadata: { resourceVersion: '2', name: 'p1', namespace: 'default' },
      spec: {},
    });
    expect(told?.object).toBe(told?.object);
    expect(JSON.parse(JSON.stringify(told))).toMatchObject({
      revision: 2,
      time: '2026-06-01T12:00:00.000Z',
      name: 'p1',
    });
  });
});

describe('what is wanted', () => {
  async function mixed(): Promise<World> {
    const here = await world();
    const put = (group: string, resource: string, namespace: string, name: string) =>
      record(here.log.streams.LOG, {
        subject: subjectOf({ group, resource, namespace, name }),
        expect: absent,
        event: anEvent(),
      });
    await put('apps', 'deployments', 'default', 'web');
    await put('apps', 'deployments', 'prod', 'web');
    await put('', 'pods', 'default', 'web');
    await put('', 'nodes', '', 'web');
    await put('apps', 'deployments', 'default', 'shop');
    return here;
  }

  test.each<[EventsOptions, readonly number[]]>([
    [{}, [1, 2, 3, 4, 5]],
    [{ from: 3 }, [3, 4, 5]],
    [{ from: 2, to: 4 }, [2, 3, 4]],
    [{ kind: 'Deployment' }, [1, 2, 5]],
    [{ kind: 'deploy', namespace: 'default' }, [1, 5]],
    [{ kind: 'deployments.apps', namespace: 'default', name: 'web' }, [1]],
    [{ name: 'web' }, [1, 2, 3, 4]],
    [{ namespace: '' }, [4]],
    [{ from: 4, to: 3 }, []],
  ])('%j: %j', async (options, expected) => {
    const { shiplog } = await mixed();
    const events = await lastValueFrom(shiplog.events$({ to: 5, ...options }).pipe(toArray()));
    expect(revisions(events)).toEqual(expected);
  });

  test('leases are told where they are asked for', async () => {
    const { log, shiplog } = await world();
    const lease = leaseSubject('node-1');
    const revision = await record(log.streams.LEASE, { subject: lease, expect: absent, event: anEvent() });
    const { events } = collect(shiplog, { kind: 'lease' });
    await eventually(() => expect(revisions(events)).toEqual([1]));
    await record(log.streams.LEASE, { subject: lease, expect: at(revision), event: anEvent() });
    await eventually(() => expect(revisions(events)).toEqual([1, 2]));
    for (const event of events) expect(event).toMatchObject({ stream: 'LEASE', resource: 'leases', name: 'node-1' });
  });

  test.each<[EventsOptions & Partial<WorkOptions<void>>, RegExp]>([
    [{ kind: 'widget' }, /^no kind is called widget; there are apiservices, certificatesigningrequests/],
    [{ from: 1.5 }, /^from must be a revision, not 1\.5$/],
    [{ to: -1 }, /^to must be a revision, not -1$/],
    [{ work: async () => {}, concurrency: 0 }, /^concurrency must be a whole number from 1 on, not 0$/],
  ])('%j is refused at once', async (options, message) => {
    const { shiplog } = await world();
    expect(() => shiplog.events$(options as EventsOptions)).toThrow(message);
  });
});

describe('a subscription', () => {
  test('goes on with what happens, without gap or duplicate, through cut connections and a killed server', async () => {
    let proxy: TcpProxy | undefined;
    const { nats, log, shiplog } = await world(async (server) => {
      const started = await TcpProxy.start({ port: server.port });
      onTestFinished(() => started.close());
      proxy = started;
      return started.address;
    });
    await write(log, 1, 20);
    const { events, ended } = collect(shiplog, { from: 1, to: 100 });
    await eventually(() => expect(events.length).toBe(20));
    for (const last of [40, 60]) {
      proxy?.cut();
      await write(log, last - 19, last);
      await eventually(() => expect(events.length).toBe(last));
    }
    proxy?.swallowAnswers();
    await write(log, 61, 80);
    proxy?.cut();
    nats.kill();
    await nats.restart();
    await write(log, 81, 100);
    await ended;
    expect(revisions(events)).toEqual(range(1, 100));
  });

  test('takes up where another one ended', async () => {
    const { log, shiplog } = await world();
    await write(log, 1, 10);
    const first = await lastValueFrom(shiplog.events$({ from: 1 }).pipe(take(4), toArray()));
    const from = (first.at(-1)?.revision ?? 0) + 1;
    const second = await lastValueFrom(shiplog.events$({ from, to: 10 }).pipe(toArray()));
    expect(revisions([...first, ...second])).toEqual(range(1, 10));
  });

  test('is cold: each subscriber reads for itself', async () => {
    const { log, shiplog } = await world();
    await write(log, 1, 3);
    const events$ = shiplog.events$({ from: 2, to: 3 });
    const both = [lastValueFrom(events$.pipe(toArray())), lastValueFrom(events$.pipe(toArray()))];
    for (const events of await Promise.all(both)) expect(revisions(events)).toEqual([2, 3]);
  });

  test('leaves no reader on the server once it is over', async () => {
    const { nats, log, shiplog } = await world();
    await write(log, 1, 3);
    const subscription = shiplog.events$().subscribe();
    await eventually(async () => expect(await readersOf(nats)).toHaveLength(1));
    subscription.unsubscribe();
    await eventually(async () => expect(await readersOf(nats)).toEqual([]));
  });

  test('completes when the connection is closed by its owner', async () => {
    const { log, shiplog } = await world();
    await write(log, 1, 3);
    const { events, ended } = collect(shiplog, {});
    await eventually(() => expect(events.length).toBe(3));
    await shiplog.close();
    await ended;
  });
});

describe('back-pressure', () => {
  test('a subscriber that has not finished its work keeps the log from being read further than a bound', async () => {
    const { nats, log, shiplog } = await world();
    const count = 4 * limits.readMessagesMax;
    await fill(log, count);
    const gate = Promise.withResolvers<void>();
    const worked: number[] = [];
    const done = shiplog
      .events$({
        from: 1,
        to: count,
        async work({ revision }) {
          if (revision === 10) await gate.promise;
          return revision;
        },
      })
      .forEach((revision) => {
        worked.push(revision);
      });
    // The reader has asked for all it may hold, and the server has sent it: nothing is under way any more.
    const ahead = await eventually(async () => {
      expect(worked).toEqual(range(1, 9));
      const [reader] = await readersOf(nats);
      expect(reader?.num_waiting).toBe(0);
      expect(reader?.delivered.stream_seq).toBeGreaterThanOrEqual(limits.readMessagesMax);
      return reader?.delivered.stream_seq ?? 0;
    });
    expect(ahead).toBeLessThanOrEqual(2 * limits.readMessagesMax);
    gate.resolve();
    await done;
    expect(worked).toEqual(range(1, count));
  });

  test('as many events are worked on at a time as were asked for, and results keep their order', async () => {
    const { log, shiplog } = await world();
    await fill(log, 50);
    let underWay = 0;
    let most = 0;
    const results = await lastValueFrom(
      shiplog
        .events$({
          from: 1,
          to: 50,
          concurrency: 4,
          async work({ revision }) {
            most = Math.max(most, ++underWay);
            // The later of two neighbours ends first.
            for (let turns = revision % 2 === 0 ? 1 : 5; turns > 0; turns--) await new Promise(setImmediate);
            underWay--;
            return revision;
          },
        })
        .pipe(toArray()),
    );
    expect(results).toEqual(range(1, 50));
    expect(most).toBe(4);
  });

  test('a subscriber that leaves in the middle of its work is given nothing more', async () => {
    const { log, shiplog } = await world();
    await fill(log, 20);
    const begun: number[] = [];
    const gate = Promise.withResolvers<void>();
    const emitted: number[] = [];
    const subscription = shiplog
      .events$({
        async work({ revision }) {
          begun.push(revision);
          if (revision === 5) await gate.promise;
          return revision;
        },
      })
      .subscribe((revision) => emitted.push(revision));
    await eventually(() => expect(begun).toHaveLength(5));
    subscription.unsubscribe();
    gate.resolve();
    await shiplog.close();
    expect(begun).toEqual([1, 2, 3, 4, 5]);
    expect(emitted).toEqual([1, 2, 3, 4]);
  });
});

describe('a subscription that fails', () => {
  test('in its work says how far it came, and the event comes again for who goes on', async () => {
    const { log, shiplog } = await world();
    await write(log, 1, 9);
    const done: number[] = [];
    let broken = true;
    const run = (from: number) =>
      shiplog
        .events$({
          from,
          to: 9,
          concurrency: 3,
          async work({ revision }) {
            if (revision === 6 && broken) throw new Error('disk full');
            return revision;
          },
        })
        .forEach((revision) => {
          done.push(revision);
        });
    const failure = await failureOf(run(1));
    expect(failure).toMatchObject({ revision: 5, cause: new Error('disk full') });
    expect(failure.message).toBe('disk full (delivered up to revision 5; subscribe again from 6)');
    broken = false;
    await run(failure.revision + 1);
    expect(done).toEqual(range(1, 9));
  });

  test('in its work fails at once, although nothing further happens', async () => {
    const { log, shiplog } = await world();
    await write(log, 1, 2);
    const failing = shiplog.events$({ work: async () => Promise.reject(new Error('no')) }).forEach(() => {});
    expect(await failureOf(failing)).toMatchObject({ revision: 0 });
  });

  test('does not count as delivered what was passed over behind the failure', async () => {
    const { log, shiplog } = await world();
    await write(log, 1, 3);
    const failing = shiplog
      .events$({ name: 'p2', to: 3, work: async () => Promise.reject(new Error('no')) })
      .forEach(() => {});
    expect(await failureOf(failing)).toMatchObject({ revision: 1 });
  });

  test('because its beginning is no longer retained', async () => {
    const { nats, log, shiplog } = await world();
    await write(log, 1, 5);
    await manage(nats, async (manager) => {
      while ((await manager.streams.info('HIST')).state.last_seq < 5);
      for (const stream of ['HIST', 'LOG']) await manager.streams.purge(stream, { seq: 4 });
    });
    const failure = await failureOf(collect(shiplog, { from: 2 }).ended);
    expect(failure.cause).toBeInstanceOf(HistoryTrimmed);
    expect(failure.revision).toBe(1);
    expect(revisions(await lastValueFrom(shiplog.events$({ to: 5 }).pipe(toArray())))).toEqual([4, 5]);
  });

  test('because the revision was recorded in another cluster: this one never came so far', async () => {
    const { log, shiplog } = await world();
    await write(log, 1, 2);
    const { cause } = await failureOf(collect(shiplog, { from: 4 }).ended);
    expect(cause).toBeInstanceOf(RevisionNotReached);
    const next = lastValueFrom(shiplog.events$({ from: 3, to: 3 }).pipe(toArray()));
    await write(log, 3, 3);
    expect(revisions(await next)).toEqual([3]);
  });

  test('because it was closed before the end it was to reach', async () => {
    const { log, shiplog } = await world();
    await write(log, 1, 3);
    const { events, ended } = collect(shiplog, { to: 9 });
    await eventually(() => expect(events.length).toBe(3));
    void shiplog.close();
    expect(await failureOf(ended)).toMatchObject({ revision: 3 });
  });

  test('because its cluster was started again at another address', async () => {
    const dataDir = openDataDir({ path: tempDir(), clock: systemClock, random: systemRandom() });
    dataDir.release();
    const { server, credentials } = await scratchNats({ paths: dataDir.paths });
    const writer = await openLog({ address: new URL(server.url).host, credentials } as TestNats);
    await write(writer, 1, 3);
    await writer.close();
    const shiplog = await connect({ dataDir: dataDir.paths.root });
    onTestFinished(() => shiplog.close());
    const { events, ended } = collect(shiplog, {});
    await eventually(() => expect(events.length).toBe(3));
    await server.stop();
    await scratchNats({ paths: dataDir.paths });
    const failure = await failureOf(ended);
    expect(failure).toMatchObject({ revision: 3, cause: expect.any(LogUnavailable) });
    expect(failure.message).toMatch(/the cluster was started again and its log is now at nats:.*: connect again/);
    const again = await connect({ dataDir: dataDir.paths.root });
    onTestFinished(() => again.close());
    expect(revisions(await lastValueFrom(again.events$({ from: 2, to: 3 }).pipe(toArray())))).toEqual([2, 3]);
  });
});

describe('connect', () => {
  test('refuses a data directory whose cluster does not run: a subscriber must not be in its way', async () => {
    const dataDir = openDataDir({ path: tempDir(), clock: systemClock, random: systemRandom() });
    dataDir.release();
    await expect(connect({ dataDir: dataDir.paths.root })).rejects.toThrow(/is not running\. Start it with: npm start/);
  });

  test('says what it asked where nothing answers', async () => {
    await expect(connect({ servers: 'nats://127.0.0.1:1' })).rejects.toThrow(/^cannot connect to NATS at nats:\/\/127/);
  });
});

describe('state', () => {
  test('is the cluster after any revision, by kind and name', async () => {
    const { log, shiplog } = await world();
    const stored = (name: string, step: number) => ({ kind: 'Pod', metadata: { name, namespace: 'default' }, step });
    const pod = (name: string, step: number) => anEvent({ object: bytesOf(stored(name, step)), timeMs: step * 1_000 });
    const first = await record(log.streams.LOG, change('a', absent, pod('a', 1)));
    await record(log.streams.LOG, change('b', absent, pod('b', 2)));
    await record(log.streams.LOG, change('a', at(first), pod('a', 3)));
    const steps = async (when?: number | Date) => {
      const state = await shiplog.state(when === undefined ? {} : { at: when });
      return state.list('pods').map(({ metadata, step }) => `${metadata.name}${step}@${metadata.resourceVersion}`);
    };
    expect(await steps()).toEqual(['a3@3', 'b2@2']);
    expect(await steps(2)).toEqual(['a1@1', 'b2@2']);
    expect(await steps(new Date(1_500))).toEqual(['a1@1']);
    const state = await shiplog.state({ at: 1 });
    expect(state).toMatchObject({ revision: 1, time: new Date(1_000) });
    expect(state.get('po', { namespace: 'default', name: 'a' })).toMatchObject({ step: 1 });
    expect(state.get('po', { namespace: 'default', name: 'b' })).toBeUndefined();
    expect(state.list('pods', { namespace: 'elsewhere' })).toEqual([]);
    expect(state.objects()).toHaveLength(1);
    expect(() => state.list('widget')).toThrow(/^no kind is called widget/);
  });
});

type Manager = Awaited<ReturnType<typeof jetstreamManager>>;

async function manage<T>(nats: TestNats, use: (manager: Manager) => Promise<T>): Promise<T> {
  const { user, password } = nats.credentials.api;
  const nc = await connectNats({ servers: nats.address, user, pass: password });
  try {
    return await use(await jetstreamManager(nc));
  } finally {
    await nc.close();
  }
}

/** The consumers on LOG: one for each reader that reads on. */
function readersOf(nats: TestNats) {
  return manage(nats, (manager) => manager.consumers.list('LOG').next());
}
