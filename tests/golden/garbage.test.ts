// The garbage collectors as tables: of objects that have lost their owners, and of pods nobody else takes away.

import { describe, expect, test } from 'vitest';
import { garbageCollector } from '../../actors/controllers/garbage-collector.ts';
import { podGarbageCollector } from '../../actors/controllers/pod-garbage-collector.ts';
import type { KubeObject, ObjectMeta, OwnerReference } from '../../streams/resources/meta.ts';
import type { Pod } from '../../streams/resources/pod.ts';
import { reconciled, resourceByKind, type When, worldOf } from '../kit/given-world.ts';
import { aConfigMap, aLease, aNode, aPod, aReplicaSet, at, atMs, somePods } from '../kit/workloads.ts';

const collector = garbageCollector({ resourceOf: (_, kind) => resourceByKind[kind] });

function refTo({ apiVersion, kind, metadata: { name, uid } }: KubeObject, blockOwnerDeletion = false): OwnerReference {
  return { apiVersion, kind, name, uid, ...(blockOwnerDeletion && { blockOwnerDeletion }) };
}

function owned(name: string, owners: readonly OwnerReference[], change: Partial<ObjectMeta> = {}): KubeObject {
  return aConfigMap(name, { ownerReferences: owners, ...change });
}

function when(name: string, objects: readonly KubeObject[], change: Partial<When> = {}): string[] {
  return reconciled(collector, worldOf(...objects), { key: `configmaps./default/${name}`, ...change });
}

const owner = aConfigMap('owner');
const other = aConfigMap('other');
const leaving = (finalizer: string) => aConfigMap('owner', { deletionTimestamp: at(0), finalizers: [finalizer] });
const foreground = leaving('foregroundDeletion');

describe('an object', () => {
  test('with its owner there stays', () => {
    expect(when('a', [owner, owned('a', [refTo(owner)])])).toEqual([]);
  });

  test('without its last owner goes', () => {
    expect(when('a', [owned('a', [refTo(owner)])])).toEqual(['delete configmaps a Background']);
  });

  test('whose owner was made anew under the same name goes', () => {
    const again = aConfigMap('owner', { uid: 'another' });
    expect(when('a', [again, owned('a', [refTo(owner)])])).toEqual(['delete configmaps a Background']);
  });

  test('that still has an owner lets go of the ones that are gone', () => {
    const [line] = when('a', [other, owned('a', [refTo(owner), refTo(other)])]);
    expect(line).toMatch(/^update configmaps a: metadata.ownerReferences .* → \[\{[^}]*"name":"other"[^}]*\}\]$/);
  });

  test('with an owner of a kind nobody knows stays', () => {
    const strange = { apiVersion: 'example.com/v1', kind: 'Strange', name: 'x', uid: 'x' };
    expect(when('a', [owned('a', [strange])])).toEqual([]);
  });

  test('may have a cluster-scoped owner', () => {
    const node = aNode('node-1');
    expect(when('a', [node, owned('a', [refTo(node)])])).toEqual([]);
    expect(when('a', [owned('a', [refTo(node)])])).toEqual(['delete configmaps a Background']);
  });

  test('with an owner in another namespace has none', () => {
    const far = aConfigMap('owner', { namespace: 'far' });
    expect(when('a', [far, owned('a', [refTo(far)])])).toEqual(['delete configmaps a Background']);
  });

  test('without a namespace cannot be owned by one in a namespace, and stays', () => {
    const { metadata, ...node } = aNode('node-1');
    const world = worldOf({ ...node, metadata: { ...metadata, ownerReferences: [refTo(owner)] } });
    expect(reconciled(collector, world, { key: 'nodes.//node-1' })).toEqual([]);
  });

  test('that was marked goes as it was marked', () => {
    const orphaning = owned('a', [refTo(owner)], { finalizers: ['orphan'] });
    expect(when('a', [orphaning])).toEqual(['delete configmaps a Orphan']);
  });

  test('kept in another stream than its owner is given time for the owner to appear', () => {
    const lease = aLease('node-1');
    const { metadata } = lease;
    const world = worldOf({ ...lease, metadata: { ...metadata, ownerReferences: [refTo(aNode('node-1'))] } });
    const key = 'leases.coordination.k8s.io/kube-node-lease/node-1';
    expect(reconciled(collector, world, { key, nowMs: atMs(1) })).toEqual(['again after 1000 ms']);
    expect(reconciled(collector, world, { key, nowMs: atMs(2) })).toEqual(['delete leases node-1 Background']);
  });
});

describe('an owner deleted in the foreground', () => {
  test('has its dependents deleted, and waits for those that block it', () => {
    const blocking = owned('a', [refTo(owner, true)]);
    expect(when('owner', [foreground, blocking, owned('b', [refTo(owner)])])).toEqual([
      'delete configmaps a Background',
      'delete configmaps b Background',
    ]);
    const ending = owned('a', [refTo(owner, true)], { deletionTimestamp: at(0), finalizers: ['x/y'] });
    expect(when('owner', [foreground, ending])).toEqual([]);
  });

  test('goes once nothing blocks it', () => {
    const line = 'update configmaps owner: metadata.finalizers ["foregroundDeletion"] → none';
    expect(when('owner', [foreground])).toEqual([line]);
    expect(when('owner', [foreground, owned('b', [refTo(owner)])])).toEqual([line]);
  });

  test('has dependents with dependents of their own deleted in the foreground too', () => {
    const middle = owned('middle', [refTo(owner, true)]);
    expect(when('owner', [foreground, middle, owned('leaf', [refTo(middle, true)])])).toEqual([
      'delete configmaps middle Foreground',
    ]);
  });

  test('lets a dependent that has another owner stay with it', () => {
    const [line] = when('owner', [foreground, other, owned('a', [refTo(owner, true), refTo(other)])]);
    expect(line).toMatch(/^update configmaps a: metadata.ownerReferences .* → \[\{[^}]*"name":"other"[^}]*\}\]$/);
  });
});

describe('an owner that leaves orphans', () => {
  test('lets go of its dependents first, and then goes', () => {
    const orphaning = leaving('orphan');
    expect(when('owner', [orphaning, owned('a', [refTo(owner)])])[0]).toMatch(/^update configmaps a: .* → none$/);
    expect(when('owner', [orphaning])).toEqual(['update configmaps owner: metadata.finalizers ["orphan"] → none']);
  });
});

describe('pods', () => {
  const pods = podGarbageCollector();
  const collect = (key: string, objects: readonly KubeObject[], change: Partial<When> = {}) =>
    reconciled(pods, worldOf(...objects), { key, ...change });

  test('of a node that is gone are failed after 40 s, and then go', () => {
    expect(collect('node/node-1', [aPod('a')], { nowMs: atMs(10) })).toEqual(['again after 30000 ms']);
    expect(collect('node/node-1', [aPod('a')], { nowMs: atMs(40) })[0]).toBe(
      'update pods/status a: status.phase "Running" → "Failed"; DisruptionTarget=True(DeletionByPodGC)',
    );
    expect(collect('node/node-1', [aPod('a', { phase: 'Failed' })], { nowMs: atMs(40) })[0]).toBe(
      'delete pods a grace 0',
    );
  });

  test('of a node that has come back stay', () => {
    expect(collect('node/node-1', [aNode('node-1'), aPod('a')], { nowMs: atMs(60) })).toEqual([]);
  });

  test('on their way out need not wait for a node out of service', () => {
    const out = aNode('node-1', {
      ready: 'Unknown',
      taints: [{ key: 'node.kubernetes.io/out-of-service', effect: 'NoExecute' }],
    });
    const ending = aPod('a', { phase: 'Failed', meta: { deletionTimestamp: at(0) } });
    expect(collect('node/node-1', [out, ending, aPod('b')])).toEqual(['delete pods a grace 0']);
  });

  test('that were to go before they had a node go', () => {
    const pod = aPod('a', { node: '', phase: 'Pending', meta: { deletionTimestamp: at(0) } });
    expect(collect('pod/default/a', [pod])).toEqual(['update pods/status a: status.phase "Pending" → "Failed"']);
    expect(collect('pod/default/a', [aPod('a')])).toEqual([]);
  });

  test('that have finished are kept up to a number, the oldest go first, and evicted ones before them', () => {
    const few = podGarbageCollector({ terminatedPodsMax: 2, quarantineMs: 40_000, periodMs: 20_000 });
    const finished = ['b', 'c', 'd'].map((name, i) =>
      aPod(name, { phase: 'Succeeded', meta: { creationTimestamp: at(i) } }),
    );
    const failed = aPod('a', { phase: 'Failed', meta: { creationTimestamp: at(9) } });
    const evicted: Pod = { ...failed, status: { ...failed.status, reason: 'Evicted' } };
    const world = worldOf(...finished, evicted, ...somePods('r', 5));
    expect(reconciled(few, world, { key: 'finished' })).toEqual(['delete pods a grace 0', 'delete pods b grace 0']);
    expect(collect('finished', [...finished, aReplicaSet('web')])).toEqual([]);
  });
});
