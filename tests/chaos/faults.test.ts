// What a cluster promises when its parts fail: nats-server and the program run in containers of their own; in the
// middle of a rollout and of many clients' writes one is killed, frozen or cut off, and comes back. Afterwards nothing
// that was acknowledged is missing, no revision was issued twice, and the rollout finishes.
// The choices of a run follow from its seed, which is printed; SHIPLOG_CHAOS_SEED repeats them.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Random, seededRandom, systemRandom } from '../../streams/base/random.ts';
import type { ApiClient } from '../kit/api-client.ts';
import { eventually } from '../kit/eventually.ts';
import {
  type ConfigMap,
  lawless,
  readAll,
  wrongWithAttempts,
  wrongWithPresent,
  wrongWithRevisions,
  wrongWithWatch,
} from './audit.ts';
import { ContainerCluster } from './container-cluster.ts';
import { type Engine, findEngine, removeLeftovers, removeOwn } from './engine.ts';
import { buildImage } from './image.ts';
import { ResumingWatch } from './resuming-watch.ts';
import { Rollout } from './rollout.ts';
import { Writers } from './writers.ts';

const writerCount = 12;
const replicas = 20;
const scenarioMs = 180_000;
const collection = '/api/v1/namespaces/default/configmaps';

const engine = await findEngine();
const seed = process.env.SHIPLOG_CHAOS_SEED ?? String(systemRandom().int(1_000_000));
if (typeof engine === 'string') {
  console.warn(`\n${'#'.repeat(100)}\n# tests/chaos are SKIPPED: ${engine}.\n${'#'.repeat(100)}\n`);
} else console.info(`chaos seed: ${seed} (SHIPLOG_CHAOS_SEED=${seed} repeats this run's choices)`);

type World = { readonly cluster: ContainerCluster; readonly writers: Writers; readonly random: Random };

type Fault = {
  readonly name: string;
  /** What happens to the cluster; resolves when it is over. */
  readonly strike: (world: World) => Promise<void>;
  /** Whether each process lives through it. */
  readonly survives: { readonly nats: boolean; readonly api: boolean };
};

const faults: readonly Fault[] = [
  {
    name: 'nats-server is killed and started again',
    survives: { nats: false, api: true },
    strike: killNats,
  },
  {
    name: 'the program is killed and started again',
    survives: { nats: true, api: false },
    strike: killApi,
  },
  {
    name: 'nats-server stands still for seconds and goes on',
    survives: { nats: true, api: true },
    strike: pauseNats,
  },
  {
    name: 'nats-server stands still until writes are refused and goes on',
    survives: { nats: true, api: true },
    async strike({ cluster, writers }) {
      await cluster.nats.pause();
      await refused(writers);
      await stillServes(cluster);
      await cluster.nats.unpause();
    },
  },
  {
    name: 'the network between them is cut until writes are refused and healed',
    survives: { nats: true, api: true },
    async strike({ cluster, writers }) {
      await cluster.nats.cutOff();
      await refused(writers);
      await stillServes(cluster);
      await cluster.nats.reconnect();
    },
  },
  {
    name: 'both are killed at once and started again',
    survives: { nats: false, api: false },
    strike: killBoth,
  },
  {
    name: 'one thing after another breaks and heals',
    survives: { nats: false, api: false },
    async strike(world) {
      for (const next of shuffled([killNats, killApi, pauseNats, cutNetwork, killBoth], world.random)) {
        await next(world);
        await world.cluster.ready();
        await written(world.writers, 1 + world.random.int(50));
      }
    },
  },
];

describe.skipIf(typeof engine === 'string')('in the middle of a rollout and of concurrent writes', () => {
  let image: string;
  const docker = engine as Engine;

  beforeAll(async () => {
    await removeLeftovers(docker);
    image = await buildImage(docker);
  });
  afterAll(() => removeOwn(docker));

  // A loop and not test.for, which cuts long names.
  for (const fault of faults) {
    test(`${fault.name}: what was acknowledged is there`, { timeout: scenarioMs }, async ({ onTestFinished, task }) => {
      const random = seededRandom(seed).stream(fault.name);
      const cluster = await ContainerCluster.start(docker, image);
      const clients: { stop(): Promise<void> }[] = [];
      onTestFinished(async () => {
        if (task.result?.state === 'fail') console.error(await cluster.lastWords());
        await cluster.dispose();
        await Promise.all(clients.map((client) => client.stop()));
      });
      const { client } = cluster;
      const rollout = new Rollout(client, { replicas });
      await rollout.create();
      const after = await presentRevision(client);
      const watch = new ResumingWatch(client, { path: collection, after });
      const writers = new Writers({ client, random: random.stream('writers'), count: writerCount });
      clients.push(watch, writers);
      await written(writers, 100);
      const born = await processRuns(cluster);

      const updated = await rollout.reachMiddle(random);
      expect(updated, 'updated replicas of a rollout under way').toBeLessThan(replicas);
      await fault.strike({ cluster, writers, random });

      await cluster.ready();
      await written(writers, 100);
      await rollout.finished();
      await writers.stop();
      const lived = await processRuns(cluster);
      const reader = await cluster.openLog();
      const events = await readAll(reader.streams.LOG).finally(() => reader.close());
      const failures = [...writers.failures].map(([kind, count]) => `${count} × ${kind}`);
      console.info(
        `${fault.name} (${updated} of ${replicas} replicas updated): ${writers.acknowledged} writes acknowledged, ` +
          `${writers.unknown} of unknown outcome (${failures.join(', ') || 'no failures'}), ${events.length} events, ` +
          `watch opened ${watch.opened} times`,
      );

      expect({ nats: lived.nats === born.nats, api: lived.api === born.api }, 'lives on').toEqual(fault.survives);
      expect(writers.surprises, 'answers no client should get').toEqual([]);
      expect(wrongWithRevisions(events)).toEqual([]);
      expect(wrongWithAttempts(writers.attempts, events)).toEqual([]);
      const shown = await client.ok<{ readonly items: readonly ConfigMap[] }>({ method: 'GET', path: collection });
      expect(wrongWithPresent(shown.items, events)).toEqual([]);
      expect(lawless(events), 'transitions no machine allows').toEqual([]);
      expect(await cluster.shiplog(['replay', '--verify'])).toMatchObject({ code: 0 });
      const late = new ResumingWatch(client, { path: collection, after });
      clients.push(late);
      const to = writers.lastRevision;
      for (const each of [watch, late]) {
        await eventually(() => expect(each.last).toBeGreaterThanOrEqual(to));
        await each.stop();
        const who = each === watch ? 'the watch that went on through it' : 'a watch from before the fault';
        expect(each.complaints, who).toEqual([]);
        expect(wrongWithWatch(each.seen, { after, to, events }), who).toEqual([]);
      }
    });
  }
});

async function presentRevision(client: ApiClient): Promise<number> {
  const { metadata } = await client.ok<{ readonly metadata: { readonly resourceVersion: string } }>({
    method: 'GET',
    path: collection,
  });
  return Number(metadata.resourceVersion);
}

async function processRuns({ nats, api }: ContainerCluster): Promise<{ readonly nats: string; readonly api: string }> {
  return { nats: await nats.processRun(), api: await api.processRun() };
}

async function killNats({ cluster: { nats }, writers, random }: World): Promise<void> {
  await nats.kill();
  await stalled(writers, random.int(2_000));
  await nats.start();
}

async function killApi({ cluster: { api } }: World): Promise<void> {
  await api.kill();
  await api.start();
}

async function killBoth({ cluster: { nats, api } }: World): Promise<void> {
  await Promise.all([nats.kill(), api.kill()]);
  await nats.start();
  await api.start();
}

async function pauseNats({ cluster: { nats }, writers, random }: World): Promise<void> {
  await nats.pause();
  await stalled(writers, 1_000 + random.int(4_000));
  await nats.unpause();
}

async function cutNetwork({ cluster: { nats }, writers, random }: World): Promise<void> {
  await nats.cutOff();
  await stalled(writers, random.int(4_000));
  await nats.reconnect();
}

function shuffled<T>(items: readonly T[], random: Random): T[] {
  return items
    .map((item) => ({ item, at: random.float() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
}

/** That many more writes are acknowledged. */
async function written(writers: Writers, more: number): Promise<void> {
  const wanted = writers.acknowledged + more;
  await eventually(() => expect(writers.acknowledged, 'acknowledged writes').toBeGreaterThanOrEqual(wanted));
}

/** Some client has waited that long for the answer to a write. */
async function stalled(writers: Writers, ms: number): Promise<void> {
  await eventually(() => expect(writers.longestWaitMs, 'time without an answer').toBeGreaterThanOrEqual(ms));
}

/** Every writer has been told that the log does not answer. */
async function refused(writers: Writers): Promise<void> {
  await eventually(() => {
    expect(writers.failures.get('503 with Retry-After') ?? 0, 'refused writes').toBeGreaterThanOrEqual(writerCount);
  });
}

/** Without its log the program is alive, says why it is not ready, and answers reads. */
async function stillServes({ client }: ContainerCluster): Promise<void> {
  expect(await client.send({ method: 'GET', path: '/livez' })).toMatchObject({ status: 200 });
  await eventually(async () => {
    const { status, body } = await client.send({ method: 'GET', path: '/readyz' });
    expect({ status, body }).toEqual({
      status: 500,
      body: expect.stringMatching(/^\[-\]log failed: the connection to NATS at .* is lost$/m),
    });
  });
  expect(await client.send({ method: 'GET', path: collection })).toMatchObject({ status: 200 });
}
