// A node falls silent in a whole cluster: what happens when, with Kubernetes' periods, in virtual time.

import { describe, expect, test } from 'vitest';
import { isPodActive, isPodReady, podCondition } from '../../actors/pod/pod-conditions.ts';
import { resources } from '../../streams/resources/names.ts';
import type { Node } from '../../streams/resources/node.ts';
import type { Pod } from '../../streams/resources/pod.ts';
import type { Deployment } from '../../streams/resources/workload.ts';
import { LiveCluster } from '../kit/live-cluster.ts';
import { aDeployment } from '../kit/workloads.ts';

async function running(nodes: number, replicas = 6): Promise<LiveCluster> {
  const cluster = await LiveCluster.start({ seed: 11, nodes });
  await cluster.create(aDeployment({ replicas }));
  await cluster.until('all pods run', () => cluster.list<Pod>('Pod').filter(isPodReady).length === replicas);
  return cluster;
}

function ready(cluster: LiveCluster, node: string): string | undefined {
  return cluster.get<Node>('Node', node)?.status?.conditions?.find(({ type }) => type === 'Ready')?.status;
}

function taints(cluster: LiveCluster, node: string): string[] {
  return (cluster.get<Node>('Node', node)?.spec?.taints ?? []).map(({ key, effect }) => `${key}:${effect}`).sort();
}

function podsOn(cluster: LiveCluster, node: string): Pod[] {
  return cluster.view.podsOnNode<Pod>(node);
}

/** Seconds from now until the condition holds. */
async function secondsUntil(cluster: LiveCluster, what: string, condition: () => boolean): Promise<number> {
  const startMs = cluster.clock.now();
  await cluster.until(what, condition, 900);
  return (cluster.clock.now() - startMs) / 1000;
}

const unreachable = ['node.kubernetes.io/unreachable:NoExecute', 'node.kubernetes.io/unreachable:NoSchedule'];

describe('a silent node', () => {
  test('is Unknown after 50 s, its pods are unready at once, gone after 300 s more, and replaced elsewhere', async () => {
    const cluster = await running(3);
    const lost = podsOn(cluster, 'node-1');
    expect(lost.length).toBeGreaterThan(0);
    cluster.nodes.silence('node-1');
    const silent = await secondsUntil(cluster, 'it is Unknown', () => ready(cluster, 'node-1') === 'Unknown');
    // Part of the grace had gone by since the last renewal.
    expect(silent).toBeGreaterThan(39);
    expect(silent).toBeLessThan(51);
    await cluster.pass(0.1);
    expect(taints(cluster, 'node-1')).toEqual(unreachable);
    expect(podsOn(cluster, 'node-1').some(isPodReady)).toBe(false);
    expect(cluster.notes()).toContain('NodeNotReady: Node node-1 status is now: NodeNotReady');
    expect(cluster.notes()).toContain('NodeNotReady: Node is not ready');
    const evicted = await secondsUntil(cluster, 'its pods are told to go', () =>
      podsOn(cluster, 'node-1').every(({ metadata }) => metadata.deletionTimestamp !== undefined),
    );
    expect(evicted).toBeGreaterThan(298);
    expect(evicted).toBeLessThan(302);
    const pod = podsOn(cluster, 'node-1')[0];
    expect(pod && podCondition(pod, 'DisruptionTarget')).toMatchObject({
      status: 'True',
      reason: 'DeletionByTaintManager',
    });
    expect(cluster.notes()).toContain(
      `TaintManagerEviction: Marking for deletion Pod default/${lost[0]?.metadata.name}`,
    );
    const whole = () => cluster.get<Deployment>('Deployment', 'web')?.status?.availableReplicas === 6;
    await cluster.until('they are replaced', whole, 30);
    const active = cluster.list<Pod>('Pod').filter(isPodActive);
    expect(active.every(({ spec }) => spec.nodeName !== 'node-1')).toBe(true);
    await cluster.stop();
    expect([cluster.anomalies, cluster.complaints]).toEqual([[], []]);
  });

  test('that speaks again in time keeps its pods', async () => {
    const cluster = await running(3);
    const names = podsOn(cluster, 'node-1').map(({ metadata }) => metadata.name);
    expect(names.length).toBeGreaterThan(0);
    cluster.nodes.silence('node-1');
    await cluster.until('it is Unknown', () => ready(cluster, 'node-1') === 'Unknown');
    await cluster.pass(100);
    await cluster.settled(cluster.nodes.revive('node-1'));
    await cluster.pass(10);
    expect(taints(cluster, 'node-1')).toEqual([]);
    await cluster.pass(600);
    const left = podsOn(cluster, 'node-1').filter(isPodReady);
    expect(left.map(({ metadata }) => metadata.name)).toEqual(names);
    await cluster.stop();
    expect([cluster.anomalies, cluster.complaints]).toEqual([[], []]);
  });

  test('that is deleted loses its pods after the quarantine', async () => {
    const cluster = await running(2);
    cluster.nodes.silence('node-1');
    await cluster.remove('Node', 'node-1');
    await cluster.pass(39);
    expect(podsOn(cluster, 'node-1').length).toBeGreaterThan(0);
    await cluster.pass(2);
    expect(podsOn(cluster, 'node-1')).toEqual([]);
    const whole = () => cluster.get<Deployment>('Deployment', 'web')?.status?.availableReplicas === 6;
    await cluster.until('they are replaced', whole);
    await cluster.stop();
    expect([cluster.anomalies, cluster.complaints]).toEqual([[], []]);
  });
});

describe('when many nodes fall silent', () => {
  test('all at once, nothing is evicted', async () => {
    const cluster = await running(3);
    for (const node of ['node-1', 'node-2', 'node-3']) cluster.nodes.silence(node);
    await cluster.pass(900);
    expect(ready(cluster, 'node-2')).toBe('Unknown');
    expect(taints(cluster, 'node-2')).toEqual(['node.kubernetes.io/unreachable:NoSchedule']);
    expect(cluster.list<Pod>('Pod').filter(isPodActive).length).toBe(6);
    await cluster.stop();
  });

  test('one every ten seconds is evicted from', async () => {
    const cluster = await running(8, 8);
    const silenced = ['node-1', 'node-2', 'node-3'];
    for (const node of silenced) cluster.nodes.silence(node);
    const evicting = () => silenced.filter((node) => taints(cluster, node).includes(unreachable[0] ?? '')).length;
    await cluster.until('the first is evicted from', () => evicting() === 1);
    await cluster.pass(8);
    expect(evicting()).toBe(1);
    await cluster.pass(3);
    expect(evicting()).toBe(2);
    await cluster.pass(10);
    expect(evicting()).toBe(3);
    await cluster.stop();
  });

  test('and they are most of a small zone, the last ones keep their pods', async () => {
    const cluster = await running(5, 5);
    for (const node of ['node-1', 'node-2', 'node-3']) cluster.nodes.silence(node);
    await cluster.pass(900);
    expect(taints(cluster, 'node-3')).toEqual(['node.kubernetes.io/unreachable:NoSchedule']);
    await cluster.stop();
  });
});

describe('where nodes are in zones', () => {
  const zoned = async (nodes: number, zoneOf: (index: number) => string) => {
    const cluster = await LiveCluster.start({ seed: 12, nodes });
    for (let i = 1; i <= nodes; i++) {
      const labels = { 'topology.kubernetes.io/zone': zoneOf(i) };
      await cluster.settled(
        cluster.change<Node>('Node', `node-${i}`, (node) => ({ ...node, metadata: { ...node.metadata, labels } })),
      );
    }
    return cluster;
  };
  const silence = (cluster: LiveCluster, count: number) => {
    const silent = Array.from({ length: count }, (_, i) => `node-${i + 1}`);
    for (const node of silent) cluster.nodes.silence(node);
    return () => silent.filter((node) => taints(cluster, node).includes(unreachable[0] ?? '')).length;
  };

  test('a zone that is silent as a whole is evicted from at the usual pace while others are well', async () => {
    const cluster = await zoned(6, (index) => (index <= 3 ? 'a' : 'b'));
    const evicting = silence(cluster, 3);
    await cluster.until('the first is evicted from', () => evicting() === 1);
    await cluster.pass(25);
    expect(evicting()).toBe(3);
    await cluster.stop();
  });

  test('most of a small zone is silent: nothing more is evicted there, and elsewhere as ever', async () => {
    const cluster = await zoned(10, (index) => (index <= 5 ? 'a' : 'b'));
    const evicting = silence(cluster, 3);
    cluster.nodes.silence('node-10');
    await cluster.until('the other zone is evicted from', () =>
      taints(cluster, 'node-10').includes(unreachable[0] ?? ''),
    );
    await cluster.until('all three are Unknown', () => ready(cluster, 'node-3') === 'Unknown');
    const before = evicting();
    await cluster.pass(300);
    expect([before < 3, evicting()]).toEqual([true, before]);
    await cluster.stop();
  });

  test('most of a large zone is silent: one node in a hundred seconds is evicted from', async () => {
    const cluster = await zoned(51, () => 'a');
    const evicting = silence(cluster, 30);
    await cluster.until('enough are Unknown', () => ready(cluster, 'node-30') === 'Unknown');
    await cluster.pass(10);
    const before = evicting();
    await cluster.pass(300);
    expect(evicting() - before).toBe(3);
    await cluster.stop();
  });
});

test('a cluster that was down for a day does not blame its nodes', async () => {
  const cluster = await running(2);
  const beforeMs = cluster.clock.now();
  for (const host of cluster.hosts) await cluster.settled(host.stop());
  for (const node of ['node-1', 'node-2']) cluster.nodes.silence(node);
  await cluster.pass(86_400);
  const again = cluster.restarted();
  for (const host of again) host.start();
  await cluster.pass(20);
  expect(ready(cluster, 'node-1')).toBe('True');
  const lease = cluster.view.stored(resources.leases, { namespace: 'kube-node-lease', name: 'node-1' });
  expect(lease?.timeMs).toBeLessThan(beforeMs + 11_000);
  await cluster.pass(40);
  expect(ready(cluster, 'node-1')).toBe('Unknown');
  for (const host of again) await cluster.settled(host.stop());
});
