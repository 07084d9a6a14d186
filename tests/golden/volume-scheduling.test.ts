// The volume plugins of the scheduler as tables: given these claims, volumes and nodes, when a pod asks for them, then this
// is what each node answers, what is written before the pod is bound, and what is waited for.

import { describe, expect, test } from 'vitest';
import { CycleState } from '../../actors/scheduler/cycle-state.ts';
import { nodeVolumeLimits } from '../../actors/scheduler/plugins/node-volume-limits.ts';
import { volumeBinding } from '../../actors/scheduler/plugins/volume-binding.ts';
import { volumeRestrictions } from '../../actors/scheduler/plugins/volume-restrictions.ts';
import { volumeZone } from '../../actors/scheduler/plugins/volume-zone.ts';
import { annotations } from '../../actors/volumes/claims.ts';
import type { KubeObject } from '../../streams/resources/meta.ts';
import { resources } from '../../streams/resources/names.ts';
import type { PodVolume } from '../../streams/resources/storage.ts';
import { told, worldOf } from '../kit/given-world.ts';
import { aNode, aPod, aScene, verdicts } from '../kit/scheduling.ts';
import { aClaim, aClass, aVolume, refTo } from '../kit/storage.ts';
import { at } from '../kit/workloads.ts';

const nodes = [aNode('n1', { labels: { zone: 'a' } }), aNode('n2', { labels: { zone: 'b' } })];
const claiming = (...names: string[]) =>
  aPod('web', {
    volumes: names.map((claimName): PodVolume => ({ name: claimName, persistentVolumeClaim: { claimName } })),
  });
const late = aClass('late', { volumeBindingMode: 'WaitForFirstConsumer' });
const manual = aClass('manual', {
  volumeBindingMode: 'WaitForFirstConsumer',
  provisioner: 'kubernetes.io/no-provisioner',
});
const onlyA = [{ matchLabelExpressions: [{ key: 'zone', values: ['a'] }] }];
const data = aClaim('data', { class: 'late' });
const bound = aClaim('data', { bound: 'v' });

const noVolume = "node(s) didn't find available persistent volumes to bind (unresolvable)";
const outOfReach = "node(s) didn't match PersistentVolume's node affinity (unresolvable)";

function ask(objects: readonly KubeObject[], pod = claiming('data')) {
  return verdicts(volumeBinding, pod, { nodes, world: worldOf(...objects) });
}

describe('VolumeBinding', () => {
  test.each<[what: string, objects: KubeObject[], answer: string]>([
    ['a claim that is not there', [], 'persistentvolumeclaim "data" not found'],
    [
      'a claim that is going',
      [aClaim('data', { meta: { deletionTimestamp: at(0) } })],
      'persistentvolumeclaim "data" is being deleted',
    ],
    [
      'a claim that lost its volume',
      [aClaim('data', { bound: 'v', status: { phase: 'Lost' } })],
      'persistentvolumeclaim "data" bound to non-existent persistentvolume "v"',
    ],
    ['a claim the binder is to bind', [aClaim('data')], 'pod has unbound immediate PersistentVolumeClaims'],
    ['a claim of a class that is not there', [data], 'pod has unbound immediate PersistentVolumeClaims'],
    [
      'a claim that asks for a volume by name',
      [aClaim('data', { class: 'late', volumeName: 'v' }), late],
      'pod has unbound immediate PersistentVolumeClaims',
    ],
  ])('%s keeps the pod from all nodes', (_, objects, answer) => {
    expect(ask(objects)).toBe(answer);
  });

  test("an ephemeral volume waits for its claim, which must be the pod's own", () => {
    const pod = aPod('web', { volumes: [{ name: 'scratch', ephemeral: {} }] });
    expect(ask([], pod)).toBe(
      'waiting for ephemeral volume controller to create the persistentvolumeclaim "web-scratch"',
    );
    expect(ask([aClaim('web-scratch')], pod)).toBe(
      'PVC default/web-scratch was not created for pod default/web (pod is not owner)',
    );
  });

  test.each<[what: string, objects: KubeObject[], n1: string, n2: string]>([
    [
      'a bound claim, where its volume can be used',
      [bound, aVolume('v', { claim: bound, node: 'n1' })],
      'ok',
      outOfReach,
    ],
    ['a bound claim whose volume is everywhere', [bound, aVolume('v', { claim: bound })], 'ok', 'ok'],
    [
      'a bound claim whose volume is gone',
      [bound],
      'node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s) (unresolvable)',
      'node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s) (unresolvable)',
    ],
    [
      'a claim, where a free volume can be used',
      [aClaim('data', { class: 'manual' }), manual, aVolume('v', { class: 'manual', node: 'n2' })],
      noVolume,
      'ok',
    ],
    [
      'a claim, where its own volume is',
      [
        aClaim('data', { class: 'manual' }),
        manual,
        aVolume('v', { class: 'manual', node: 'n1' }),
        aVolume('own', { class: 'manual', node: 'n2', claimRef: refTo(aClaim('data')) }),
      ],
      noVolume,
      'ok',
    ],
    ['a claim for which a volume can be made', [data, late], 'ok', 'ok'],
    [
      'a claim, where its class makes volumes',
      [data, { ...late, allowedTopologies: onlyA } as KubeObject],
      'ok',
      noVolume,
    ],
    [
      'a claim for which a node was selected',
      [aClaim('data', { class: 'late', annotations: { [annotations.selectedNode]: 'n2' } }), late],
      noVolume,
      'ok',
    ],
  ])('%s', (_, objects, n1, n2) => {
    expect(ask(objects)).toEqual({ n1, n2 });
  });

  test('two claims never get one volume', () => {
    const claims = [aClaim('data', { class: 'manual' }), aClaim('more', { class: 'manual' })];
    const volume = aVolume('v', { class: 'manual' });
    const pod = claiming('data', 'more');
    expect(ask([...claims, manual, volume], pod)).toEqual({ n1: noVolume, n2: noVolume });
    expect(ask([...claims, manual, volume, aVolume('w', { class: 'manual' })], pod)).toEqual({ n1: 'ok', n2: 'ok' });
  });

  test('a driver that tells its room makes volumes only where there is enough of it', () => {
    const driver = {
      apiVersion: 'storage.k8s.io/v1',
      kind: 'CSIDriver',
      metadata: { name: 'example.com/disk', uid: 'd' },
      spec: { storageCapacity: true },
    };
    const room = (name: string, zone: string, change: object) => ({
      apiVersion: 'storage.k8s.io/v1',
      kind: 'CSIStorageCapacity',
      metadata: { name, namespace: 'kube-system', uid: name },
      storageClassName: 'late',
      nodeTopology: { matchLabels: { zone } },
      ...change,
    });
    const noSpace = 'node(s) did not have enough free storage (unresolvable)';
    const objects = [data, late, driver];
    expect(ask(objects)).toEqual({ n1: noSpace, n2: noSpace });
    expect(ask([...objects, room('a', 'a', { capacity: '10Gi' }), room('b', 'b', { capacity: '1Mi' })])).toEqual({
      n1: 'ok',
      n2: noSpace,
    });
    expect(ask([...objects, room('a', 'a', { capacity: '10Gi', maximumVolumeSize: '1Mi' })])).toEqual({
      n1: noSpace,
      n2: noSpace,
    });
  });
});

describe('what is decided', () => {
  /** The scene of a pod that was given n1, told to go on again and again in changing worlds. */
  function decide(...objects: KubeObject[]) {
    const world = worldOf(...objects);
    const { cluster, shapes } = aScene({ nodes, world });
    const pod = shapes.acquire(claiming('data'));
    const state = new CycleState();
    const result = volumeBinding.scope === 'cluster' && volumeBinding.preFilter(pod, cluster, state);
    const node = cluster.node('n1');
    if (result === false || result.kind !== 'filter' || node === undefined) throw new Error('the pod has no claims');
    expect(result.filter(node)).toBeUndefined();
    return { world, cluster, shapes, pod, node, state };
  }

  type Decision = ReturnType<typeof decide>;

  function prepare({ pod, node, state, cluster }: Decision, ...objects: KubeObject[]) {
    const world = objects.length === 0 ? cluster.world : worldOf(...objects);
    const then = objects.length === 0 ? cluster : aScene({ nodes, world }).cluster;
    const progress = volumeBinding.preBind(pod, node, { cluster: then, state, nowMs: 0 });
    return progress.kind === 'write' ? told(world as ReturnType<typeof worldOf>, progress) : progress;
  }

  const message = 'binding volumes: context deadline exceeded';
  const theClaim = { resource: resources.persistentVolumeClaims, namespace: 'default', name: 'data' };
  const theVolume = { resource: resources.persistentVolumes, name: 'v' };
  const waitFor = (...on: object[]) => ({ kind: 'wait', timeoutMs: 600_000, message, on });

  test('a volume that is there is bound first, and the claim waited for', () => {
    const claim = aClaim('data', { class: 'manual' });
    const scene = decide(claim, manual, aVolume('v', { class: 'manual' }));
    expect(prepare(scene)).toEqual([
      expect.stringMatching(/^update persistentvolumes v: .*bound-by-controller.*spec.claimRef none → .*"uid-of-data"/),
    ]);
    const named = aVolume('v', { class: 'manual', claim, annotations: { [annotations.boundByController]: 'yes' } });
    expect(prepare(scene, claim, named)).toEqual(waitFor(theClaim, theVolume));
    expect(prepare(scene, claim, aVolume('v', { class: 'manual' }))).toEqual({
      kind: 'failed',
      message: 'binding volumes: ClaimRef got reset for pv "v"',
    });
    const done = aClaim('data', { class: 'manual', bound: 'v' });
    expect(prepare(scene, done, named)).toEqual({ kind: 'done' });
  });

  test('a volume that is to be made is asked for on the node, and the claim waited for', () => {
    const scene = decide(data, late);
    expect(prepare(scene)).toEqual([
      'update persistentvolumeclaims data: metadata.annotations none → {"volume.kubernetes.io/selected-node":"n1"}',
    ]);
    const selected = { [annotations.selectedNode]: 'n1' };
    const asking = aClaim('data', { class: 'late', annotations: selected });
    expect(prepare(scene, asking, late)).toEqual(waitFor(theClaim));
    const named = { ...asking, spec: { ...asking.spec, volumeName: 'v' } };
    expect(prepare(scene, named, late)).toEqual(waitFor(theClaim, theVolume));
    expect(prepare(scene, data, late)).toEqual({
      kind: 'failed',
      message: 'binding volumes: provisioning failed for PVC "data"',
    });
    const done = aClaim('data', { class: 'late', bound: 'v', annotations: selected });
    expect(prepare(scene, done, late, aVolume('v', { claim: done, node: 'n2' }))).toEqual({
      kind: 'failed',
      message: `binding volumes: pv "v" node affinity doesn't match node "n1": no matching NodeSelectorTerms`,
    });
    expect(prepare(scene, done, late, aVolume('v', { claim: done, node: 'n1' }))).toEqual({ kind: 'done' });
  });

  test('is not given to the next pod until it is given back', () => {
    const claim = aClaim('data', { class: 'manual' });
    const scene = decide(claim, aClaim('more', { class: 'manual' }), manual, aVolume('v', { class: 'manual' }));
    const { cluster, pod, node, state, shapes } = scene;
    const other = shapes.acquire({
      ...claiming('more'),
      metadata: { ...claiming().metadata, name: 'other', uid: 'other' },
    });
    const asks = () => {
      const result = volumeBinding.scope === 'cluster' && volumeBinding.preFilter(other, cluster, new CycleState());
      return result !== false && result.kind === 'filter' ? result.filter(node)?.reasons : undefined;
    };
    expect(asks()).toBeUndefined();
    volumeBinding.reserve(pod, node, { cluster, state, nowMs: 0 });
    expect(asks()).toEqual(["node(s) didn't find available persistent volumes to bind"]);
    volumeBinding.unreserve(pod, node, { cluster, state, nowMs: 0 });
    expect(asks()).toBeUndefined();
  });

  const refused = "node(s) didn't find available persistent volumes to bind";
  test.each([
    // The volume is not another claim's, and the claim's volume is made for one node only.
    ['manual', 'more', [refused, refused]],
    ['late', 'data', ['ok', refused]],
  ])('of a claim that two pods use stays promised while one is on its way (class %s)', (name, asked, held) => {
    const claims = ['data', 'more'].map((claim) => aClaim(claim, { class: name }));
    const volumes = name === 'manual' ? [aVolume('v', { class: 'manual' })] : [];
    const { cluster, shapes } = decide(...claims, late, manual, ...volumes);
    const asks = (uid: string, claim = 'data') => {
      const state = new CycleState();
      const pod = shapes.acquire({ ...claiming(claim), metadata: { ...claiming().metadata, name: uid, uid } });
      const result = volumeBinding.scope === 'cluster' && volumeBinding.preFilter(pod, cluster, state);
      if (result === false || result.kind !== 'filter') throw new Error('it has claims');
      const answers = cluster.nodes.map((node) => result.filter(node)?.reasons[0] ?? 'ok');
      const [node] = cluster.nodes;
      const at = { cluster, state, nowMs: 0 };
      return {
        answers,
        reserve: () => node && volumeBinding.reserve(pod, node, at),
        unreserve: () => node && volumeBinding.unreserve(pod, node, at),
        prepare: () => node && volumeBinding.preBind(pod, node, at),
      };
    };
    const first = asks('first');
    first.reserve();
    const second = asks('second');
    second.reserve();
    expect(second.prepare()).toEqual(first.prepare());
    expect(asks('third', asked).answers).toEqual(held);
    first.unreserve();
    // What a pod gives back twice is given back once.
    first.unreserve();
    expect(asks('third', asked).answers).toEqual(held);
    second.unreserve();
    expect(asks('third', asked).answers).toEqual(['ok', 'ok']);
  });
});

describe('VolumeZone', () => {
  const zone = 'topology.kubernetes.io/zone';
  const zoned = [aNode('n1', { labels: { [zone]: 'a' } }), aNode('n2', { labels: { [zone]: 'b' } }), aNode('n3')];
  const none = 'node(s) had no available volume zone (unresolvable)';
  const at = (labels: Record<string, string>) =>
    verdicts(volumeZone, claiming('data'), {
      nodes: zoned,
      world: worldOf(bound, aVolume('v', { claim: bound, meta: { labels } })),
    });

  test('holds pods to the zones of their volumes', () => {
    expect(at({ [zone]: 'a' })).toEqual({ n1: 'ok', n2: none, n3: 'ok' });
    expect(at({ [zone]: 'b__c' })).toEqual({ n1: none, n2: 'ok', n3: 'ok' });
    expect(at({ 'failure-domain.beta.kubernetes.io/zone': 'a' })).toEqual({ n1: 'ok', n2: none, n3: 'ok' });
    expect(at({ [zone]: 'a', 'topology.kubernetes.io/region': 'r' })).toEqual({ n1: none, n2: none, n3: 'ok' });
    expect(at({})).toEqual({ n1: 'ok', n2: 'ok', n3: 'ok' });
  });

  test.each<[KubeObject[], unknown]>([
    [[], 'persistentvolumeclaim "data" not found'],
    [[aClaim('data')], 'PersistentVolumeClaim had no pv name and storageClass name'],
    [[data], 'storageclass.storage.k8s.io "late" not found'],
    [[aClaim('data', { class: 'fast' }), aClass('fast')], 'PersistentVolume had no name'],
    [[data, late], { n1: 'ok', n2: 'ok', n3: 'ok' }],
    [[bound], 'persistentvolume "v" not found'],
  ])('says what it cannot tell: %#', (objects, answer) => {
    expect(verdicts(volumeZone, claiming('data'), { nodes: zoned, world: worldOf(...objects) })).toEqual(answer);
  });
});

describe('VolumeRestrictions', () => {
  const alone = aClaim('data', { modes: ['ReadWriteOncePod'] });
  const inUse =
    'node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod';
  const there = (pod: ReturnType<typeof aPod>, nodeName: string) => ({
    ...pod,
    metadata: { ...pod.metadata, name: 'there', uid: 'there' },
    spec: { ...pod.spec, nodeName },
  });

  test('a claim for one pod is used by one pod', () => {
    const world = worldOf(alone);
    expect(verdicts(volumeRestrictions, claiming('data'), { nodes, world })).toEqual({ n1: 'ok', n2: 'ok' });
    const placed = [there(claiming('data'), 'n1')];
    expect(verdicts(volumeRestrictions, claiming('data'), { nodes, world, placed })).toEqual({ n1: inUse, n2: inUse });
    const shared = worldOf(aClaim('data'));
    expect(verdicts(volumeRestrictions, claiming('data'), { nodes, world: shared, placed })).toEqual({
      n1: 'ok',
      n2: 'ok',
    });
  });

  const noDisk = 'node(s) had no available disk';

  test.each<[string, object, object, string]>([
    ['a disk', { gcePersistentDisk: { pdName: 'd' } }, { gcePersistentDisk: { pdName: 'd' } }, noDisk],
    [
      'a disk that is only read',
      { gcePersistentDisk: { pdName: 'd', readOnly: true } },
      { gcePersistentDisk: { pdName: 'd', readOnly: true } },
      'ok',
    ],
    ['another disk', { gcePersistentDisk: { pdName: 'd' } }, { gcePersistentDisk: { pdName: 'e' } }, 'ok'],
    [
      'a block store, though only read',
      { awsElasticBlockStore: { volumeID: 'd', readOnly: true } },
      { awsElasticBlockStore: { volumeID: 'd', readOnly: true } },
      noDisk,
    ],
    ['a target', { iscsi: { iqn: 'd' } }, { iscsi: { iqn: 'd', readOnly: true } }, noDisk],
    [
      'an image',
      { rbd: { monitors: ['a', 'b'], image: 'd' } },
      { rbd: { monitors: ['b'], image: 'd', pool: 'rbd' } },
      noDisk,
    ],
    ['an image elsewhere', { rbd: { monitors: ['a'], image: 'd' } }, { rbd: { monitors: ['b'], image: 'd' } }, 'ok'],
  ])('%s on a node where a pod has it', (_, mine, theirs, answer) => {
    const pod = aPod('web', { volumes: [{ name: 'd', ...mine }] });
    const placed = [there(aPod('x', { volumes: [{ name: 'd', ...theirs }] }), 'n1')];
    expect(verdicts(volumeRestrictions, pod, { nodes, world: worldOf(), placed })).toEqual({ n1: answer, n2: 'ok' });
  });
});

describe('NodeVolumeLimits', () => {
  const csi = (volumeHandle: string) => ({ driver: 'example.com', volumeHandle });
  const limit = (name: string, count: number) => ({
    apiVersion: 'storage.k8s.io/v1',
    kind: 'CSINode',
    metadata: { name, uid: name },
    spec: { drivers: [{ name: 'example.com', nodeID: name, allocatable: { count } }] },
  });
  const others = ['x', 'y'].map((name) => aClaim(name, { bound: `v-${name}` }));
  const volumes = others.map((claim) => aVolume(`v-${claim.metadata.name}`, { claim, csi: csi(claim.metadata.name) }));
  const on = (nodeName: string, ...names: string[]) => {
    const pod = claiming(...names);
    return { ...pod, metadata: { ...pod.metadata, name: 'there', uid: 'there' }, spec: { ...pod.spec, nodeName } };
  };
  const tooMany = 'node(s) exceed max volume count';
  const objects = [bound, aVolume('v', { claim: bound, csi: csi('data') }), ...others, ...volumes];

  test('a node takes no more volumes than its driver can attach', () => {
    const placed = [on('n1', 'x', 'y')];
    const answer = (count: number, pod = claiming('data')) =>
      verdicts(nodeVolumeLimits, pod, { nodes, placed, world: worldOf(...objects, limit('n1', count)) });
    expect(answer(3)).toEqual({ n1: 'ok', n2: 'ok' });
    expect(answer(2)).toEqual({ n1: tooMany, n2: 'ok' });
    expect(answer(2, claiming('x'))).toEqual({ n1: 'ok', n2: 'ok' });
  });

  test('what is still attached counts, and what is yet to be made', () => {
    const attached = {
      apiVersion: 'storage.k8s.io/v1',
      kind: 'VolumeAttachment',
      metadata: { name: 'a', uid: 'a' },
      spec: { attacher: 'example.com', nodeName: 'n1', source: { persistentVolumeName: 'v-x' } },
    };
    const world = worldOf(...objects, attached, limit('n1', 1));
    expect(verdicts(nodeVolumeLimits, claiming('data'), { nodes, world })).toEqual({ n1: tooMany, n2: 'ok' });
    const make = aClass('late', { provisioner: 'example.com', volumeBindingMode: 'WaitForFirstConsumer' });
    expect(verdicts(nodeVolumeLimits, claiming('data'), { nodes, world: worldOf(data, make, limit('n1', 0)) })).toEqual(
      {
        n1: tooMany,
        n2: 'ok',
      },
    );
  });
});
