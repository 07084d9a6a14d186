// `npm run churn [-- --minutes N] [--seed S] [--nodes N] [--rate R]`: random churn in real time, against the real program with
// a real nats-server. A subscriber checks every invariant with every event while it happens; then the cluster must come
// to rest, and its log must replay to what the server says. Exits 1 where anything is broken.

import { parseArgs } from 'node:util';
import { type ApiClient, apiClient, askJson } from '../../infra/client/api-client.ts';
import { connect } from '../../infra/library/index.ts';
import { findCluster } from '../../infra/pki/find-cluster.ts';
import { sleep, systemClock } from '../../streams/base/clock.ts';
import { seededRandom } from '../../streams/base/random.ts';
import { RunningCluster } from '../kit/running-cluster.ts';
import { type Answered, type Door, Draw } from './door.ts';
import { Invariants } from './invariants.ts';
import { churn, prepare } from './operations.ts';
import { calm, unrest } from './rest.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    seed: { type: 'string', default: '1' },
    nodes: { type: 'string', default: '10' },
    rate: { type: 'string', default: '5' },
  },
});
const clock = systemClock;
const churnMs = Number(values.minutes) * 60_000;
const pauseMs = 1_000 / Number(values.rate);
/** What a quota refused again and again comes back after 1,000 s at the latest. */
const restMsMax = 1_100_000;
const tellEveryMs = 10_000;

const cluster = new RunningCluster(['--nodes', values.nodes, '--quiet']);
const startMs = clock.monotonic();
let ok = false;
try {
  await cluster.startQuietly();
  console.log(`churn: ${values.minutes} minutes, seed ${values.seed}, ${values.nodes} nodes, process ${cluster.pid}`);
  ok = await run();
} finally {
  await cluster.dispose();
}
process.exit(ok ? 0 : 1);

async function run(): Promise<boolean> {
  const client = apiClient(await findCluster({ kubeconfig: cluster.kubeconfig, dataDir: cluster.dataDir }));
  const shiplog = await connect({ dataDir: cluster.dataDir });
  const invariants = new Invariants();
  let told = 0;
  const subscription = shiplog.events$().subscribe({
    next(event) {
      invariants.take(event);
      for (const wrong of invariants.broken.slice(told)) console.log(`BROKEN ${wrong}`);
      told = invariants.broken.length;
    },
    error: (error) => invariants.broken.push(`the subscription ended: ${String(error)}`),
  });
  const nodes = (await askJson<{ items: readonly { metadata: { name: string } }[] }>(client, 'GET', '/api/v1/nodes'))
    .items;
  const door = doorOf(
    client,
    nodes.map(({ metadata }) => metadata.name),
  );
  const done = await operate(door, invariants);
  console.log('the churn is over; waiting for the cluster to come to rest');
  await calm(door);
  const restless = await rest(door);
  const restedMs = clock.monotonic();
  const verified = await cluster.shiplog(['replay', '--verify', '--data-dir', cluster.dataDir]);
  subscription.unsubscribe();
  await shiplog.close();
  client.close();
  for (const [name, count] of [...done].sort(([, a], [, b]) => b - a))
    console.log(`${String(count).padStart(6)} ${name}`);
  console.log(`${invariants.events} events checked, ${invariants.broken.length} broken invariants`);
  console.log(
    restless.length === 0
      ? `at rest after ${seconds(restedMs - startMs)} in all`
      : `NOT AT REST: ${restless.join('; ')}`,
  );
  console.log(
    `replay --verify: ${verified.code === 0 ? 'clean' : 'NOT CLEAN'}\n${verified.stdout.trim()}${verified.stderr}`,
  );
  return invariants.broken.length === 0 && restless.length === 0 && verified.code === 0;
}

async function operate(door: Door, invariants: Invariants): Promise<ReadonlyMap<string, number>> {
  const draw = new Draw(seededRandom(values.seed).stream('churn'));
  const done = new Map<string, number>();
  await prepare(door);
  const beginMs = clock.monotonic();
  let toldMs = beginMs;
  while (clock.monotonic() - beginMs < churnMs && cluster.alive) {
    const name = await churn(draw, door);
    done.set(name, (done.get(name) ?? 0) + 1);
    await sleep(clock, pauseMs);
    if (clock.monotonic() - toldMs < tellEveryMs) continue;
    toldMs = clock.monotonic();
    const operations = [...done.values()].reduce((sum, count) => sum + count, 0);
    console.log(`${seconds(toldMs - beginMs)}: ${operations} operations, ${invariants.events} events`);
  }
  if (!cluster.alive) invariants.broken.push(`the server died: ${cluster.output.slice(-2_000)}`);
  return done;
}

/** What is still not at rest when nothing more is waited for. */
async function rest(door: Door): Promise<readonly string[]> {
  const endMs = clock.monotonic() + restMsMax;
  for (;;) {
    const restless = await unrest(door);
    if (restless.length === 0 || clock.monotonic() > endMs) return restless;
    await sleep(clock, 1_000);
  }
}

function doorOf(client: ApiClient, nodes: readonly string[]): Door {
  const command = async (action: 'crash' | 'restart', node: string) => {
    const ran = await cluster.shiplog(['nodes', action, node, '--data-dir', cluster.dataDir]);
    if (ran.code !== 0) throw new Error(ran.stderr);
  };
  return {
    async ask(method, path, object): Promise<Answered> {
      const contentType = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
      const body = object === undefined ? undefined : { contentType, text: JSON.stringify(object) };
      const { status, text } = await client.ask(method, path, body);
      return { status, body: JSON.parse(text) as unknown };
    },
    nodes,
    crash: (node) => command('crash', node),
    restart: (node) => command('restart', node),
  };
}

function seconds(ms: number): string {
  return `${Math.round(ms / 1_000)} s`;
}
