// A node goes down, at Kubernetes' default times, in virtual time: 50 s until it is Unknown, 300 s until its pods are
// evicted, and the deployment is whole again without it.

import { expect, test } from 'vitest';
import { podLifecycle } from '../../actors/pod/pod-machine.ts';
import { resources } from '../../streams/resources/names.ts';
import type { Node } from '../../streams/resources/node.ts';
import type { Pod } from '../../streams/resources/pod.ts';
import { aDeployment, type SimulatedCluster, simulatedCluster } from '../kit/simulated-cluster.ts';

const second = 1_000;

function ready(cluster: SimulatedCluster, name: string): string | undefined {
  const node = cluster.view.get<Node>(resources.nodes, { name });
  return node?.status?.conditions?.find(({ type }) => type === 'Ready')?.status;
}

function pods(cluster: SimulatedCluster): Pod[] {
  return cluster.view.list<Pod>(resources.pods);
}

const running = (pod: Pod) => podLifecycle.stateOf(pod) === 'Running.Ready';

test('a node whose lease stops becomes Unknown, is tainted, and its pods are evicted and replaced', async () => {
  const cluster = await simulatedCluster({ seed: 1 });
  await cluster.create(resources.deployments, aDeployment('web', 6));
  await cluster.clock.advance(5 * second);
  expect(pods(cluster).filter(running)).toHaveLength(6);
  const onNode = pods(cluster).filter((pod) => pod.spec.nodeName === 'node-1');
  expect(onNode.length).toBeGreaterThan(0);

  cluster.plane.nodes?.crash('node-1');
  await cluster.clock.advance(39 * second);
  expect(ready(cluster, 'node-1')).toBe('True');
  await cluster.clock.advance(30 * second);
  expect(ready(cluster, 'node-1')).toBe('Unknown');
  const taints = cluster.view.get<Node>(resources.nodes, { name: 'node-1' })?.spec?.taints ?? [];
  expect(taints.map(({ key, effect }) => `${key}:${effect}`).sort()).toEqual([
    'node.kubernetes.io/unreachable:NoExecute',
    'node.kubernetes.io/unreachable:NoSchedule',
  ]);
  for (const { metadata } of onNode) {
    const pod = cluster.view.get<Pod>(resources.pods, { namespace: 'default', name: metadata.name });
    expect(pod?.status?.conditions?.find(({ type }) => type === 'Ready')?.status).toBe('False');
  }
  const events = await cluster.events();
  expect(events.find(({ type }) => type === 'node.lost')).toMatchObject({ from: 'Ready', to: 'Unknown' });

  await cluster.clock.advance(270 * second);
  expect(pods(cluster).filter((pod) => pod.spec.nodeName !== 'node-1' && running(pod))).toHaveLength(6 - onNode.length);
  await cluster.clock.advance(40 * second);
  expect(pods(cluster).filter((pod) => pod.spec.nodeName !== 'node-1' && running(pod))).toHaveLength(6);
  const evicted = pods(cluster).filter((pod) => pod.spec.nodeName === 'node-1');
  for (const pod of evicted) {
    expect(pod.metadata.deletionTimestamp).toBeDefined();
    expect(pod.status?.conditions?.find(({ type }) => type === 'DisruptionTarget')?.reason).toBe(
      'DeletionByTaintManager',
    );
  }
});

test('a node that comes back is Ready and loses its taints', async () => {
  const cluster = await simulatedCluster({ seed: 2 });
  cluster.plane.nodes?.crash('node-2');
  await cluster.clock.advance(80 * second);
  expect(ready(cluster, 'node-2')).toBe('Unknown');
  cluster.plane.nodes?.restart('node-2');
  await cluster.clock.advance(20 * second);
  expect(ready(cluster, 'node-2')).toBe('True');
  expect(cluster.view.get<Node>(resources.nodes, { name: 'node-2' })?.spec?.taints ?? []).toEqual([]);
});

test('a day without news changes nothing but heartbeats', async () => {
  const cluster = await simulatedCluster({ seed: 3 });
  await cluster.create(resources.deployments, aDeployment('web', 3));
  await cluster.clock.advance(60 * second);
  const before = (await cluster.events()).length;
  await cluster.clock.advance(24 * 3_600 * second);
  const later = (await cluster.events()).slice(before);
  expect(later.filter(({ type }) => type !== 'node.statusReported').map(({ type }) => type)).toEqual([]);
});
