// Simulated nodes as the cluster sees them: registration, heartbeats, crashes, restarts of machine and process, and what
// their pods go through meanwhile.

import { describe, expect, test } from 'vitest';
import type { Writer } from '../../../infra/host/writer.ts';
import { parseProfile } from '../../../infra/nodes/node-profile.ts';
import { UnknownNode } from '../../../infra/nodes/simulated-nodes.ts';
import { seededRandom } from '../../../streams/base/random.ts';
import { resources } from '../../../streams/resources/names.ts';
import type { Lease, Node } from '../../../streams/resources/node.ts';
import type { Pod } from '../../../streams/resources/pod.ts';
import { NodeCluster } from '../../kit/node-cluster.ts';

function nodeOf(cluster: NodeCluster, name = 'node-1'): Node {
  const node = cluster.view.get<Node>(resources.nodes, { name });
  if (node === undefined) throw new Error(`there is no node ${name}`);
  return node;
}

function leaseOf(cluster: NodeCluster, name = 'node-1'): Lease | undefined {
  return cluster.view.get<Lease>(resources.leases, { namespace: 'kube-node-lease', name });
}

function ready(cluster: NodeCluster, name?: string) {
  return nodeOf(cluster, name).status?.conditions?.find(({ type }) => type === 'Ready');
}

describe('a node', () => {
  test('registers itself with what Kubernetes tells of nodes', async () => {
    const cluster = await NodeCluster.start({ nodes: { count: 2 } });
    const node = nodeOf(cluster, 'node-2');
    expect(node.metadata.labels).toEqual({
      'beta.kubernetes.io/arch': 'amd64',
      'beta.kubernetes.io/os': 'linux',
      'kubernetes.io/arch': 'amd64',
      'kubernetes.io/hostname': 'node-2',
      'kubernetes.io/os': 'linux',
      'shiplog.dev/simulated': 'true',
    });
    expect(node.spec).toMatchObject({ podCIDR: '10.244.1.0/24', podCIDRs: ['10.244.1.0/24'] });
    expect(node.status).toMatchObject({
      capacity: { cpu: '8', memory: '32Gi', pods: '110' },
      allocatable: { cpu: '8', memory: '32Gi', pods: '110' },
      addresses: [
        { type: 'InternalIP', address: '172.18.0.3' },
        { type: 'Hostname', address: 'node-2' },
      ],
      nodeInfo: { kubeletVersion: 'v1.36.0', operatingSystem: 'linux' },
      daemonEndpoints: { kubeletEndpoint: { Port: 10250 } },
    });
    expect(node.status?.conditions?.map(({ type, status, reason }) => `${type}=${status} ${reason}`)).toEqual([
      'MemoryPressure=False KubeletHasSufficientMemory',
      'DiskPressure=False KubeletHasNoDiskPressure',
      'PIDPressure=False KubeletHasSufficientPID',
      'Ready=True KubeletReady',
    ]);
    expect(ready(cluster)?.message).toBe('kubelet is posting ready status');
  });

  test('renews its lease every ten seconds and its status every five minutes', async () => {
    const cluster = await NodeCluster.start();
    expect(leaseOf(cluster)).toMatchObject({
      spec: { holderIdentity: 'node-1', leaseDurationSeconds: 40 },
      metadata: { ownerReferences: [{ kind: 'Node', name: 'node-1', uid: nodeOf(cluster).metadata.uid }] },
    });
    await cluster.clock.advance(630_000);
    const renewals = cluster.times('lease.renewed', 'node-1');
    const gaps = renewals.slice(1).map((at, index) => at - (renewals[index] ?? 0));
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(10_000);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(10_400);
    expect(new Set(gaps).size).toBe(1);
    expect(cluster.story('node-1', 'nodes')).toEqual(['node.statusReported', 'node.statusReported']);
    expect(ready(cluster)?.lastTransitionTime).toBe('2026-01-01T00:00:00Z');
  });

  test('says what a node has to say of itself when it joins, and when it was lost', async () => {
    const cluster = await NodeCluster.start({ nodes: { count: 0 } });
    const outcome = parseProfile('name: tiny');
    if (outcome.kind !== 'profile') throw new Error('it is one');
    cluster.nodes.add(1, { profile: outcome.profile });
    await cluster.clock.advance(2_000);
    const enough = ['NodeHasSufficientMemory', 'NodeHasNoDiskPressure', 'NodeHasSufficientPID'];
    const status = (reason: string) => `${reason} Node tiny-1 status is now: ${reason}`;
    expect(cluster.told('tiny-1')).toEqual(['Starting Starting kubelet.', ...enough.map(status), status('NodeReady')]);
    cluster.notes.length = 0;
    await cluster.clock.advance(60_000);
    expect(cluster.told('tiny-1')).toEqual([]);
    const node = cluster.view.get<Node>(resources.nodes, { name: 'tiny-1' });
    const conditions = node?.status?.conditions?.map((condition) => ({ ...condition, status: 'Unknown' as const }));
    const object = { ...node, status: { ...node?.status, conditions } } as Node;
    await cluster.write({ kind: 'update', resource: resources.nodes, object, subresource: 'status' });
    await cluster.clock.advance(100);
    expect(cluster.told('tiny-1')).toEqual([...enough, 'NodeReady'].map(status));
  });

  test('says that it takes no pods any more, and that it does again', async () => {
    const cluster = await NodeCluster.start();
    const cordon = async (unschedulable: boolean) => {
      const node = nodeOf(cluster);
      const object = { ...node, spec: { ...node.spec, unschedulable } };
      await cluster.write({ kind: 'update', resource: resources.nodes, object });
      await cluster.clock.advance(100);
    };
    await cordon(true);
    await cordon(false);
    await cordon(true);
    const status = (reason: string) => `${reason} Node node-1 status is now: ${reason}`;
    expect(cluster.told('node-1')).toEqual(['NodeNotSchedulable', 'NodeSchedulable', 'NodeNotSchedulable'].map(status));
    cluster.notes.length = 0;
    cluster.nodes.restartKubelet('node-1');
    await cluster.clock.advance(100);
    expect(cluster.told('node-1')).toContain(status('NodeNotSchedulable'));
  });

  test('corrects a status that others have changed, but not in a loop', async () => {
    const cluster = await NodeCluster.start();
    await cluster.clock.advance(60_000);
    const lose = async () => {
      const node = nodeOf(cluster);
      const conditions = node.status?.conditions?.map((c) =>
        c.type === 'Ready' ? { ...c, status: 'Unknown' as const } : c,
      );
      const object = { ...node, status: { ...node.status, ...(conditions && { conditions }) } };
      await cluster.write({ kind: 'update', resource: resources.nodes, object, subresource: 'status' });
    };
    await lose();
    await cluster.clock.advance(100);
    expect(ready(cluster)?.status).toBe('True');
    expect(cluster.told('node-1')).toContain('NodeReady Node node-1 status is now: NodeReady');
    await lose();
    await cluster.clock.advance(5_000);
    expect(ready(cluster)?.status).toBe('Unknown');
    await cluster.clock.advance(6_000);
    expect(ready(cluster)?.status).toBe('True');
    expect(cluster.story('node-1', 'nodes')).toEqual(['node.lost', 'node.ready', 'node.lost', 'node.ready']);
  });

  test('makes its lease anew where somebody deletes it', async () => {
    const cluster = await NodeCluster.start();
    const gone = { kind: 'delete', resource: resources.leases, namespace: 'kube-node-lease', name: 'node-1' } as const;
    await cluster.write(gone);
    await cluster.clock.advance(11_000);
    expect(leaseOf(cluster)?.spec?.holderIdentity).toBe('node-1');
  });

  test('beats no more once it was deleted, until its machine is started again', async () => {
    const cluster = await NodeCluster.start();
    const uid = nodeOf(cluster).metadata.uid;
    await cluster.write({ kind: 'delete', resource: resources.nodes, namespace: '', name: 'node-1' });
    await cluster.clock.advance(60_000);
    expect(cluster.view.get(resources.nodes, { name: 'node-1' })).toBeUndefined();
    expect(cluster.times('lease.renewed', 'node-1')).toEqual([]);
    cluster.nodes.restart('node-1');
    await cluster.clock.advance(1_000);
    expect(ready(cluster)?.status).toBe('True');
    expect(leaseOf(cluster)?.metadata.ownerReferences?.[0]?.uid).toBe(nodeOf(cluster).metadata.uid);
    expect(nodeOf(cluster).metadata.uid).not.toBe(uid);
  });

  test('takes no more pods than it has room for', async () => {
    const cluster = await NodeCluster.start({ nodes: { capacity: { cpu: '1', memory: '1Gi', pods: '2' } } });
    const asking = (requests: Record<string, string>) => ({
      spec: { containers: [{ name: 'c', image: 'nginx:1.27', resources: { requests } }] },
    });
    await cluster.run({ name: 'one', ...asking({ cpu: '600m' }) });
    await cluster.run({ name: 'two', ...asking({ cpu: '600m' }) });
    await cluster.run({ name: 'three', ...asking({ memory: '2Gi' }) });
    await cluster.run({ name: 'four' });
    await cluster.run({ name: 'five' });
    await cluster.clock.advance(1_000);
    const outcome = (name: string) => {
      const { phase, reason, message } = cluster.pod(name).status ?? {};
      return [phase, reason, message].filter((text) => text !== undefined).join(' ');
    };
    expect(['one', 'two', 'three', 'four', 'five'].map(outcome)).toEqual([
      'Running',
      "Failed OutOfcpu Pod was rejected: Node didn't have enough resource: cpu, requested: 600, used: 600, capacity: 1000",
      "Failed OutOfmemory Pod was rejected: Node didn't have enough resource: memory, requested: 2147483648, used: 0, capacity: 1073741824",
      'Running',
      "Failed OutOfpods Pod was rejected: Node didn't have enough resource: pods, requested: 1, used: 2, capacity: 2",
    ]);
    expect(cluster.story('two').at(-1)).toBe('pod.rejected');
    await cluster.delete('one');
    await cluster.clock.advance(1_000);
    await cluster.run({ name: 'six' });
    await cluster.clock.advance(1_000);
    expect(outcome('six')).toBe('Running');
  });
});

describe('a machine that crashes', () => {
  test('is silent, and its pods stay as they were', async () => {
    const cluster = await NodeCluster.start();
    await cluster.run();
    await cluster.clock.advance(1_000);
    cluster.nodes.crash('node-1');
    const before = cluster.changes.length;
    await cluster.clock.advance(600_000);
    expect(cluster.changes).toHaveLength(before);
    expect(cluster.pod().status?.phase).toBe('Running');
    expect(cluster.nodes.logs('default', 'web', 'c', {})).toEqual({
      kind: 'unavailable',
      message: 'node node-1 is down',
    });
  });

  test('starts its pods again when it comes up: the exit is told, the restart is counted', async () => {
    const cluster = await NodeCluster.start();
    await cluster.run();
    await cluster.clock.advance(1_000);
    const bootID = nodeOf(cluster).status?.nodeInfo?.bootID;
    cluster.nodes.restart('node-1');
    await cluster.clock.advance(1_000);
    expect(nodeOf(cluster).status?.nodeInfo?.bootID).not.toBe(bootID);
    expect(cluster.story().slice(4)).toEqual(['pod.crashed', 'pod.recovered']);
    expect(cluster.pod().status).toMatchObject({
      podIP: '10.244.0.1',
      containerStatuses: [
        { restartCount: 1, ready: true, lastState: { terminated: { exitCode: 255, reason: 'Unknown' } } },
      ],
    });
    expect(cluster.anomalies).toEqual([]);
  });

  test('lets pods that run once stay as they ended, and fails those that were not to be restarted', async () => {
    const cluster = await NodeCluster.start();
    const once = { spec: { restartPolicy: 'Never' as const } };
    await cluster.run({ name: 'done', ...once, simulation: { run: 'complete' } });
    await cluster.run({ name: 'running', ...once });
    await cluster.clock.advance(3_000);
    cluster.nodes.restart('node-1');
    await cluster.clock.advance(3_000);
    expect(cluster.pod('done').status?.phase).toBe('Succeeded');
    expect(cluster.pod('running').status?.phase).toBe('Failed');
    expect(cluster.story('done').at(-1)).toBe('pod.succeeded');
  });

  test('runs the init containers of its pods again', async () => {
    const cluster = await NodeCluster.start();
    await cluster.run({ spec: { initContainers: [{ name: 'setup', image: 'busybox:1' }] } });
    await cluster.clock.advance(2_000);
    cluster.nodes.restart('node-1');
    await cluster.clock.advance(2_000);
    expect(cluster.pod().status).toMatchObject({
      phase: 'Running',
      initContainerStatuses: [{ restartCount: 1, state: { terminated: { exitCode: 0 } } }],
      containerStatuses: [{ restartCount: 1, ready: true }],
    });
    expect(cluster.anomalies).toEqual([]);
  });

  test('ends what was to be deleted meanwhile', async () => {
    const cluster = await NodeCluster.start();
    await cluster.run();
    await cluster.clock.advance(1_000);
    cluster.nodes.crash('node-1');
    await cluster.delete();
    await cluster.clock.advance(120_000);
    expect(cluster.find()).toBeDefined();
    cluster.nodes.restart('node-1');
    await cluster.clock.advance(1_000);
    expect(cluster.find()).toBeUndefined();
    expect(cluster.anomalies).toEqual([]);
  });

  test('is told by name, and an unknown name is refused with those there are', async () => {
    const cluster = await NodeCluster.start({ nodes: { count: 2, names: ['alpha', 'beta'] } });
    expect(cluster.nodes.names).toEqual(['alpha', 'beta']);
    expect(() => cluster.nodes.crash('gamma')).toThrow(UnknownNode);
    expect(() => cluster.nodes.crash('gamma')).toThrow('there is no simulated node "gamma"; there are: alpha, beta');
  });
});

test('a new process takes up the nodes and pods it finds', async () => {
  const cluster = await NodeCluster.start({ nodes: { count: 3 } });
  for (const name of ['a', 'b', 'c']) await cluster.run({ name, node: `node-${'abc'.indexOf(name) + 1}` });
  await cluster.clock.advance(1_000);
  await cluster.nodes.stop();
  await cluster.run({ name: 'd', node: 'node-2' });
  await cluster.clock.advance(30_000);
  expect(cluster.pod('d').status?.phase).toBe('Pending');
  cluster.startNodes();
  await cluster.clock.advance(2_000);
  for (const name of ['a', 'b', 'c']) {
    expect(cluster.pod(name).status).toMatchObject({ phase: 'Running', containerStatuses: [{ restartCount: 1 }] });
  }
  expect(cluster.pod('d').status).toMatchObject({ phase: 'Running', containerStatuses: [{ restartCount: 0 }] });
  expect(new Set(['a', 'b', 'c', 'd'].map((name) => cluster.pod(name).status?.podIP)).size).toBe(4);
  expect(cluster.anomalies).toEqual([]);
});

test('a thousand pods that are bound at once all run', async () => {
  const capacity = { cpu: '100', memory: '100Gi', pods: '600' };
  const cluster = await NodeCluster.start({ nodes: { count: 2, capacity } });
  for (let i = 0; i < 1_000; i++) {
    const object = { apiVersion: 'v1', kind: 'Pod', metadata: { name: `p${i}`, namespace: 'default' } };
    const spec = { containers: [{ name: 'c', image: 'nginx:1.27' }], nodeName: `node-${(i % 2) + 1}` };
    void cluster.write({ kind: 'create', resource: resources.pods, object: { ...object, spec } as typeof object });
  }
  await cluster.clock.advance(2_000);
  const pods = cluster.view.list<Pod>(resources.pods);
  expect(pods.filter(({ status }) => status?.phase === 'Running')).toHaveLength(508);
  const addresses = pods.flatMap(({ status }) => status?.podIP ?? []);
  expect(new Set(addresses).size).toBe(addresses.length);
  const waiting = cluster.notes.filter(({ reason }) => reason === 'FailedCreatePodSandBox');
  expect(waiting[0]?.message).toBe("Failed to create pod sandbox: no free address in the node's pod network");
});

test('writes that are refused, or answered too late, are made again until they hold', async () => {
  // Drawn, because faults that come in turns may meet the same writer each time.
  const fates = seededRandom('refusing');
  const refusing = (writer: Writer): Writer => ({
    note: writer.note,
    async write(write, context) {
      const turn = fates.int(4);
      if (turn === 1) return { kind: 'failed', reason: 'Unavailable', message: 'the log does not answer' };
      if (turn === 2) return { kind: 'failed', reason: 'Conflict', message: 'somebody else was first' };
      const outcome = await writer.write(write, context);
      // The acknowledgement is lost: the write holds, and its author does not know.
      return turn === 3 ? { kind: 'failed', reason: 'Unavailable', message: 'no answer in time' } : outcome;
    },
  });
  const cluster = await NodeCluster.start({ between: refusing, nodes: { count: 2 } });
  for (let i = 0; i < 6; i++) await cluster.run({ name: `p${i}`, node: `node-${(i % 2) + 1}` });
  await cluster.clock.advance(150_000);
  for (let i = 0; i < 6; i++) expect(cluster.pod(`p${i}`).status?.phase).toBe('Running');
  for (let i = 0; i < 6; i++) await cluster.delete(`p${i}`);
  await cluster.clock.advance(120_000);
  expect(cluster.view.list(resources.pods)).toEqual([]);
  expect(ready(cluster)?.status).toBe('True');
  expect(cluster.anomalies).toEqual([]);
});

test("somebody else's changes in between cost a retry and nothing else", async () => {
  const cluster = await NodeCluster.start();
  await cluster.run({ simulation: { run: 'crash-loop', duration: '300ms' } });
  for (let i = 0; i < 40; i++) {
    await cluster.change('web', (pod) => ({ ...pod, metadata: { ...pod.metadata, labels: { i: `${i}` } } }));
    await cluster.clock.advance(37);
  }
  await cluster.clock.advance(2_000);
  expect(cluster.pod().status?.containerStatuses?.[0]).toMatchObject({ restartCount: 1 });
  expect(cluster.story().filter((type) => type === 'pod.crashed')).toHaveLength(2);
  expect(cluster.anomalies).toEqual([]);
});
