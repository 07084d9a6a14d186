// Same seed, same bytes: the whole cluster is a function of its seed and what was asked of it.

import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { check, type Transition } from '../../actors/kit/lifecycle.ts';
import { lifecycleOf } from '../../actors/lifecycles.ts';
import { encodeEvent } from '../../streams/log/codec.ts';
import { parseSubject } from '../../streams/log/subjects.ts';
import { resources } from '../../streams/resources/names.ts';
import { aDeployment, type SimulatedCluster, simulatedCluster } from '../kit/simulated-cluster.ts';

async function anHourOfLife(seed: number): Promise<SimulatedCluster> {
  const cluster = await simulatedCluster({ seed, nodes: 5 });
  await cluster.create(resources.deployments, aDeployment('web', 8));
  await cluster.clock.advance(30_000);
  cluster.plane.nodes?.crash('node-3');
  await cluster.clock.advance(600_000);
  cluster.plane.nodes?.restart('node-3');
  await cluster.create(resources.deployments, aDeployment('shop', 4));
  await cluster.clock.advance(3_000_000);
  return cluster;
}

async function fingerprint(cluster: SimulatedCluster): Promise<string> {
  const hash = createHash('sha256');
  for (const event of await cluster.events()) hash.update(encodeEvent(event));
  return hash.digest('hex');
}

test('the same seed records the same events, byte for byte, and another seed does not', async () => {
  const first = await fingerprint(await anHourOfLife(7));
  expect(await fingerprint(await anHourOfLife(7))).toBe(first);
  expect(await fingerprint(await anHourOfLife(8))).not.toBe(first);
});

test("every transition of the control plane's own making is lawful, and has an author", async () => {
  const events = await (await anHourOfLife(9)).events();
  expect(events.length).toBeGreaterThan(100);
  for (const event of events) {
    const ref = parseSubject(event.subject);
    const again = ref === undefined ? undefined : check(lifecycleOf(ref), event as Transition);
    expect(again).toEqual({ type: event.type, from: event.from, to: event.to });
    expect(event.anomaly).toBeUndefined();
    expect(event.author.user).not.toBe('');
  }
});
