// The simulated nodes of a cluster as they come and go: added after a profile, created by hand, interrupted, removed, and
// found again by the next process.

import { describe, expect, test } from 'vitest';
import { parseProfile, type SimulationProfile } from '../../../infra/nodes/node-profile.ts';
import { resources } from '../../../streams/resources/names.ts';
import type { Node } from '../../../streams/resources/node.ts';
import { NodeCluster } from '../../kit/node-cluster.ts';

const tiny =
  'name: tiny\ncapacity: { cpu: 1, memory: 1Gi }\nzones: [a, b]\ntaints: [{ key: t, effect: PreferNoSchedule }]\n';

describe('nodes that are added', () => {
  test('have what their profile says, in zones by turns, and addresses nobody else has', async () => {
    const cluster = await NodeCluster.start({ nodes: { count: 2 } });
    expect(cluster.nodes.add(3, { profile: profileOf(tiny) })).toEqual(['tiny-1', 'tiny-2', 'tiny-3']);
    await cluster.clock.advance(1_000);
    const nodes = cluster.view.list<Node>(resources.nodes);
    const added = nodes.filter(({ metadata: { name } }) => name.startsWith('tiny'));
    expect(added.map(({ metadata }) => metadata.labels?.['topology.kubernetes.io/zone'])).toEqual(['a', 'b', 'a']);
    expect(added[0]).toMatchObject({
      metadata: { annotations: { 'simulation.shiplog.dev/profile': 'tiny' } },
      status: { capacity: { cpu: '1', memory: '1Gi', pods: '110' } },
    });
    expect(added[0]?.spec?.taints).toContainEqual({ key: 't', effect: 'PreferNoSchedule' });
    expect(new Set(nodes.map(({ spec }) => spec?.podCIDR)).size).toBe(5);
    expect(cluster.nodes.add(1, { profile: profileOf(tiny), prefix: 'other' })).toEqual(['other-1']);
    expect(cluster.nodes.add(1, { profile: profileOf(tiny) })).toEqual(['tiny-4']);
  });

  test('are there again in the next process, with their addresses and profile', async () => {
    const cluster = await NodeCluster.start();
    const profile = await kept(cluster, tiny);
    cluster.nodes.add(2, { profile });
    await cluster.clock.advance(1_000);
    await cluster.nodes.remove('tiny-1');
    const before = node(cluster, 'tiny-2');
    await cluster.nodes.stop();
    cluster.startNodes();
    await cluster.clock.advance(1_000);
    expect(cluster.nodes.names).toEqual(['node-1', 'tiny-2']);
    expect(cluster.nodes.find('tiny-2')?.profile).toEqual(profile);
    const after = node(cluster, 'tiny-2');
    expect(after?.spec?.podCIDR).toBe(before?.spec?.podCIDR);
    expect(after?.status?.addresses).toEqual(before?.status?.addresses);
    expect(after?.status?.nodeInfo?.bootID).not.toBe(before?.status?.nodeInfo?.bootID);
    // The number that came free is taken by the next one.
    expect(cluster.nodes.add(1, { profile })).toEqual(['tiny-1']);
  });

  test('have no network that a node which is being removed still has', async () => {
    const cluster = await NodeCluster.start();
    const profile = profileOf(tiny);
    cluster.nodes.add(2, { profile });
    await cluster.clock.advance(1_000);
    const twice: string[] = [];
    cluster.view.resource(resources.nodes).listen(() => {
      const networks = cluster.view.list<Node>(resources.nodes).map(({ spec }) => spec?.podCIDR);
      if (new Set(networks).size < networks.length) twice.push(networks.join());
    });
    const freed = node(cluster, 'tiny-1')?.spec?.podCIDR;
    const removed = cluster.nodes.remove('tiny-1');
    cluster.nodes.add(1, { profile, prefix: 'other' });
    await cluster.clock.advance(1_000);
    await removed;
    expect(twice).toEqual([]);
    expect(isReady(node(cluster, 'other-1'))).toBe(true);
    cluster.nodes.add(1, { profile, prefix: 'later' });
    await cluster.clock.advance(1_000);
    expect(node(cluster, 'later-1')?.spec?.podCIDR).toBe(freed);
  });

  test('have no network that somebody else was given meanwhile', async () => {
    const cluster = await NodeCluster.start();
    const podCIDR = '10.244.1.0/24';
    const object = {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name: 'real' },
      spec: { podCIDR, podCIDRs: [podCIDR] },
    };
    await cluster.write({ kind: 'create', resource: resources.nodes, object });
    cluster.nodes.add(1, { profile: profileOf(tiny) });
    await cluster.clock.advance(1_000);
    expect(node(cluster, 'tiny-1')?.spec?.podCIDR).toBe('10.244.2.0/24');
  });

  test('are as many as there are addresses for', async () => {
    const cluster = await NodeCluster.start({ nodes: { nodesMax: 3 } });
    const profile = profileOf(tiny);
    expect(() => cluster.nodes.add(3, { profile })).toThrow(
      'there are addresses for 3 simulated nodes and 2 are left: ask for fewer, or remove some first',
    );
    expect(cluster.nodes.names).toEqual(['node-1']);
    expect(cluster.nodes.add(2, { profile })).toEqual(['tiny-1', 'tiny-2']);
    await cluster.clock.advance(1_000);
    const annotations = { 'simulation.shiplog.dev/profile': 'small' };
    const object = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'by-hand', annotations } };
    await cluster.write({ kind: 'create', resource: resources.nodes, object });
    await cluster.clock.advance(1_000);
    expect(cluster.nodes.names).toEqual(['node-1', 'tiny-1', 'tiny-2']);
    expect(cluster.warnings).toEqual([
      { message: 'a node names a profile, but there are addresses for no further simulated node', node: 'by-hand' },
    ]);
  });

  test('are usual ones where they name a profile that is not there, whatever its name', async () => {
    const cluster = await NodeCluster.start();
    await kept(cluster, tiny);
    const annotations = { 'simulation.shiplog.dev/profile': 'constructor' };
    const object = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'by-hand', annotations } };
    await cluster.write({ kind: 'create', resource: resources.nodes, object });
    await cluster.clock.advance(2_000);
    expect(node(cluster, 'by-hand')?.status?.capacity?.cpu).toBe('8');
  });

  test('are not said to be removed where their object stays', async () => {
    const refuse = { kind: 'failed', reason: 'Unavailable', message: 'the log does not answer' } as const;
    const cluster = await NodeCluster.start({
      between: ({ write, note }) => ({
        write: (what, context) => (what.kind === 'delete' ? Promise.resolve(refuse) : write(what, context)),
        note,
      }),
    });
    await expect(cluster.nodes.remove('node-1')).rejects.toThrow(
      'node "node-1" is ended, but not deleted: the log does not answer; what is left goes with: kubectl delete node node-1',
    );
  });

  test('may be created by anybody who names a profile, and go with their object', async () => {
    const cluster = await NodeCluster.start();
    const annotations = { 'simulation.shiplog.dev/profile': 'small' };
    const object = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'by-hand', annotations } };
    await cluster.write({ kind: 'create', resource: resources.nodes, object });
    await cluster.clock.advance(2_000);
    expect(isReady(node(cluster, 'by-hand'))).toBe(true);
    expect(node(cluster, 'by-hand')?.status?.capacity?.cpu).toBe('2');
    await cluster.write({ kind: 'delete', resource: resources.nodes, namespace: '', name: 'by-hand' });
    await cluster.clock.advance(1_000);
    expect(cluster.nodes.names).toEqual(['node-1']);
  });

  test('keep to one profile of a name', async () => {
    const cluster = await NodeCluster.start();
    cluster.nodes.add(1, { profile: await kept(cluster, tiny) });
    await expect(kept(cluster, `${tiny}seed: 1`)).rejects.toThrow('there are nodes of another profile named tiny');
    await expect(kept(cluster, 'name: tiny\ncapacity: { cpu: x }')).rejects.toThrow('capacity.cpu: must be a quantity');
  });
});

describe('a profile of trouble', () => {
  test('takes machines away and brings them back, the same way for the same seed', async () => {
    const text =
      'name: spot\ninterruption: { after: { exponential: { mean: 10m } }, down: { uniform: [30s, 90s] } }\nseed: 5\n';
    const histories: string[][] = [];
    for (const seed of ['one', 'two']) {
      const cluster = await NodeCluster.start({ seed });
      cluster.nodes.add(2, { profile: profileOf(text) });
      const history: string[] = [];
      for (let second = 0; second < 3_600; second++) {
        await cluster.clock.advance(1_000);
        const up = ['spot-1', 'spot-2'].map((name) => (cluster.nodes.find(name)?.host.isUp === true ? 'up' : 'down'));
        if (history.at(-1)?.endsWith(up.join()) !== true) history.push(`${second} ${up.join()}`);
      }
      histories.push(history);
      expect(history.length).toBeGreaterThan(6);
    }
    expect(histories[0]).toEqual(histories[1]);
  });

  test('fails pulls and crashes containers as often as it says', async () => {
    const cluster = await NodeCluster.start();
    const profile = profileOf('name: flaky\nfailures: { pull: 0.5, crash: { exponential: { mean: 10s } } }\nseed: 3\n');
    cluster.nodes.add(1, { profile });
    await cluster.clock.advance(500);
    for (let i = 0; i < 20; i++)
      await cluster.run({ name: `p${i}`, node: 'flaky-1', spec: { containers: [{ name: 'c', image: `app:${i}` }] } });
    await cluster.clock.advance(60_000);
    const pulls = cluster.notes.filter(
      ({ reason, message }) => reason === 'Failed' && message.startsWith('Failed to pull'),
    );
    expect(pulls.length).toBeGreaterThan(5);
    const restarts = Array.from(
      { length: 20 },
      (_, i) => cluster.pod(`p${i}`).status?.containerStatuses?.[0]?.restartCount ?? 0,
    );
    expect(restarts.reduce((sum, count) => sum + count, 0)).toBeGreaterThan(10);
    expect(cluster.anomalies).toEqual([]);
  });
});

describe('a kubelet that is restarted', () => {
  test('leaves alone what runs, and goes on with what was under way', async () => {
    const cluster = await NodeCluster.start();
    await cluster.run({ name: 'runs' });
    await cluster.clock.advance(1_000);
    await cluster.run({ name: 'starts', simulation: { 'pull-latency': '5s' } });
    await cluster.clock.advance(1_000);
    const before = cluster.pod('runs').status?.containerStatuses?.[0]?.containerID;
    cluster.nodes.restartKubelet('node-1');
    await cluster.clock.advance(30_000);
    expect(cluster.pod('runs').status?.containerStatuses?.[0]).toMatchObject({ containerID: before, restartCount: 0 });
    expect(cluster.pod('starts').status).toMatchObject({ phase: 'Running', containerStatuses: [{ restartCount: 0 }] });
    await cluster.delete('runs');
    await cluster.clock.advance(2_000);
    expect(cluster.find('runs')).toBeUndefined();
    expect(cluster.anomalies).toEqual([]);
  });
});

describe('usage', () => {
  test('is a fraction of what was asked for, or what is scripted, and no more than the limit', async () => {
    const cluster = await NodeCluster.start();
    const requests = { cpu: '1', memory: '1000Mi' };
    const container = { name: 'c', image: 'app', resources: { requests, limits: { cpu: '2' } } };
    await cluster.run({ name: 'plain', spec: { containers: [container] } });
    await cluster.run({
      name: 'busy',
      spec: { containers: [container] },
      simulation: { cpu: '5', memory: '1Gi, 2Gi@10s' },
    });
    await cluster.clock.advance(5_000);
    const { usage } = cluster.nodes;
    const plain = usage.usageOfPod(cluster.pod('plain'))?.containers[0];
    expect(plain?.cpuNanocores).toBeGreaterThan(0.1e9);
    expect(plain?.cpuNanocores).toBeLessThan(0.5e9);
    expect(plain?.memoryBytes).toBeGreaterThan(300 * 1_048_576);
    expect(plain?.memoryBytes).toBeLessThan(800 * 1_048_576);
    const busy = () => usage.usageOfPod(cluster.pod('busy'))?.containers[0];
    expect(busy()).toEqual({ name: 'c', cpuNanocores: 2e9, memoryBytes: 2 ** 30 });
    await cluster.clock.advance(10_000);
    expect(busy()?.memoryBytes).toBe(2 ** 31);
    const node = usage.usageOf('node-1');
    expect(node?.pods.map(({ name }) => name).sort()).toEqual(['busy', 'plain']);
    expect(node?.usage.memoryBytes).toBeGreaterThan(2 ** 31);
    cluster.nodes.crash('node-1');
    expect(usage.usageOf('node-1')).toBeUndefined();
  });

  test('that is shared is dealt out among the pods of one controller', async () => {
    const cluster = await NodeCluster.start();
    const owner = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web', uid: 'rs', controller: true };
    for (const name of ['a', 'b', 'c', 'd']) {
      await cluster.run({ name, simulation: { cpu: 'shared 2' } });
      await cluster.change(name, (pod) => ({ ...pod, metadata: { ...pod.metadata, ownerReferences: [owner] } }));
    }
    await cluster.clock.advance(2_000);
    expect(cluster.nodes.usage.usageOfPod(cluster.pod('a'))?.containers[0]?.cpuNanocores).toBe(0.5e9);
    await cluster.delete('d', 0);
    await cluster.delete('c', 0);
    await cluster.clock.advance(2_000);
    expect(cluster.nodes.usage.usageOfPod(cluster.pod('a'))?.containers[0]?.cpuNanocores).toBe(1e9);
  });
});

async function kept(cluster: NodeCluster, text: string): Promise<SimulationProfile> {
  return cluster.nodes.shelf.keep(text, { isUsed: (name) => cluster.nodes.uses(name) });
}

function node(cluster: NodeCluster, name: string): Node | undefined {
  return cluster.view.get<Node>(resources.nodes, { name });
}

function isReady(of: Node | undefined): boolean {
  return of?.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true;
}

function profileOf(text: string): SimulationProfile {
  const outcome = parseProfile(text);
  if (outcome.kind === 'malformed') throw new Error(outcome.problems.join('\n'));
  return outcome.profile;
}
