// An hour of random churn in virtual time: every invariant is checked with every event, and then the cluster comes to
// rest. `npm run churn` does the same in real time, against a real server on a real log. SHIPLOG_CHURN_SEEDS=3,4,5 tries
// other histories.

import { generateKeyPairSync } from 'node:crypto';
import { expect, test } from 'vitest';
import { localProvisionerName } from '../../actors/controllers/volumes/local-provisioner.ts';
import { annotations } from '../../actors/volumes/claims.ts';
import { apiHandler } from '../../infra/boot/serve.ts';
import { ClusterEvent } from '../../infra/library/cluster-event.ts';
import { silentLogger } from '../../streams/base/logger.ts';
import { seededRandom } from '../../streams/base/random.ts';
import { admin } from '../kit/api-world.ts';
import { MemoryHost } from '../kit/memory-exchange.ts';
import { type SimulatedCluster, simulatedCluster } from '../kit/simulated-cluster.ts';
import { type Door, Draw } from './door.ts';
import { Invariants } from './invariants.ts';
import { churn, prepare } from './operations.ts';
import { calm, unrest } from './rest.ts';

function doorOf(cluster: SimulatedCluster): Door {
  const { clock, log, stack, plane } = cluster;
  const { privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  const handler = apiHandler({
    stack,
    log,
    clock,
    random: seededRandom('requests'),
    signingKey: privateKey,
    logs: plane.logs,
    checks: [],
    address: () => '127.0.0.1:6443',
  });
  const host = new MemoryHost(clock);
  const peer = { address: '127.0.0.1', certificate: admin };
  return {
    async ask(method, path, object) {
      const body = object === undefined ? undefined : Buffer.from(JSON.stringify(object));
      const contentType = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
      const headers = body === undefined ? {} : { 'content-type': contentType, 'content-length': String(body.length) };
      const exchange = host.run(handler, { method, target: path, headers, body, peer }, silentLogger);
      const { status } = await passing(cluster, exchange.opened);
      await passing(cluster, exchange.ended);
      return { status, body: JSON.parse(exchange.received.toString('utf8')) as unknown };
    },
    nodes: plane.nodes?.names ?? [],
    crash: async (node) => plane.nodes?.crash(node),
    restart: async (node) => plane.nodes?.restart(node),
  };
}

/** Time goes on while somebody waits. */
async function passing<T>(cluster: SimulatedCluster, work: Promise<T>): Promise<T> {
  let over = false;
  void work.finally(() => {
    over = true;
  });
  while (!over) await cluster.clock.advance(1);
  return work;
}

/** The class every new cluster has (infra/boot/default-storage.ts). */
const localClass = {
  apiVersion: 'storage.k8s.io/v1',
  kind: 'StorageClass',
  metadata: { name: 'local', annotations: { [annotations.defaultClass]: 'true' } },
  provisioner: localProvisionerName,
  volumeBindingMode: 'WaitForFirstConsumer',
};

const seeds = (process.env.SHIPLOG_CHURN_SEEDS ?? '1').split(',').map(Number);

test.each(seeds)('an hour of churn with seed %i breaks nothing, and the cluster comes to rest', async (seed) => {
  const cluster = await simulatedCluster({ seed, nodes: 5 });
  const invariants = new Invariants();
  let read = 0;
  const door = doorOf(cluster);
  const draw = new Draw(seededRandom(seed).stream('churn'));
  await door.ask('POST', '/apis/storage.k8s.io/v1/storageclasses', localClass);
  await prepare(door);
  const check = async () => {
    const all = await cluster.events();
    for (const event of all.slice(read)) invariants.take(new ClusterEvent(event));
    read = all.length;
    expect(invariants.broken).toEqual([]);
  };
  for (let operation = 0; operation < 400; operation++) {
    await churn(draw, door);
    await cluster.clock.advance(draw.below(18_000));
    if (operation % 25 === 24) await check();
  }
  await calm(door);
  // What a quota refused comes again after 1,000 s at the latest.
  await cluster.clock.advance(1_100_000);
  await check();
  expect(await unrest(door)).toEqual([]);
  const { events, budgets, storage, namespaces, autoscalers } = invariants;
  expect(events).toBeGreaterThan(3_000);
  // An hour need not hold everything; the one that is always run does.
  if (seed !== 1) return;
  for (const count of [budgets.evictions, storage.bound, namespaces.ended, autoscalers.scalings])
    expect(count).toBeGreaterThan(0);
});
