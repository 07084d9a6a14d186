// Owners and dependents under random histories: a random forest of objects is deleted here and there, with every
// propagation policy. In the end nothing is left whose owners are all gone, and nothing went that still had one.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { garbageCollector } from '../../actors/controllers/garbage-collector.ts';
import type { KubeObject, OwnerReference } from '../../streams/resources/meta.ts';
import { resourceByKind } from '../kit/given-world.ts';
import { LiveCluster } from '../kit/live-cluster.ts';
import { aConfigMap } from '../kit/workloads.ts';

type Policy = 'Background' | 'Foreground' | 'Orphan';

const size = 14;
/** For each object the earlier ones that own it, and whether it blocks their deletion. */
const forest = fc.array(
  fc.record({
    owners: fc.uniqueArray(fc.nat({ max: 100 }), { maxLength: 3 }),
    blocks: fc.boolean(),
    held: fc.boolean(),
  }),
  { minLength: size, maxLength: size },
);
const deletions = fc.array(
  fc.record({
    target: fc.nat({ max: size - 1 }),
    policy: fc.constantFrom<Policy>('Background', 'Foreground', 'Orphan'),
    afterMs: fc.integer({ min: 0, max: 20 }),
  }),
  { minLength: 1, maxLength: 6 },
);

const collector = garbageCollector({ resourceOf: (_, kind) => resourceByKind[kind] });

test('nothing is left behind, and nothing with a live owner goes', async () => {
  await fc.assert(
    fc.asyncProperty(forest, deletions, async (forest, deletions) => {
      const cluster = await LiveCluster.start({ seed: 1, nodes: 0, only: [collector] });
      const made: KubeObject[] = [];
      for (const [index, { owners, blocks, held }] of forest.entries()) {
        const references = index === 0 ? [] : [...new Set(owners.map((owner) => owner % index))].map((at) => made[at]);
        const ownerReferences = references.flatMap((owner) =>
          owner === undefined ? [] : [referenceTo(owner, blocks)],
        );
        const meta = { ownerReferences, ...(held ? { finalizers: ['test/held'] } : undefined) };
        made.push(await cluster.create(aConfigMap(`o${index}`, meta)));
      }
      const wronged: string[] = [];
      watchDeletions(cluster, wronged);
      for (const { target, policy, afterMs } of deletions) {
        await cluster.clock.advance(afterMs);
        if (cluster.get('ConfigMap', `o${target}`) === undefined) continue;
        await cluster.remove('ConfigMap', `o${target}`, { propagationPolicy: policy });
      }
      await cluster.pass(30);
      // What others hold goes once they let go.
      for (const { metadata } of ours(cluster)) {
        if (!metadata.finalizers?.includes('test/held')) continue;
        await cluster.change('ConfigMap', metadata.name, withoutHold);
        await cluster.pass(5);
      }
      await cluster.pass(30);
      expect(wronged).toEqual([]);
      const left = ours(cluster);
      expect(left.filter(({ metadata }) => metadata.deletionTimestamp !== undefined)).toEqual([]);
      const uids = new Set(left.map(({ metadata }) => metadata.uid));
      for (const { metadata } of left) {
        for (const owner of metadata.ownerReferences ?? [])
          expect(uids.has(owner.uid), `${metadata.name} has lost ${owner.name}`).toBe(true);
      }
      await cluster.stop();
      expect(cluster.anomalies).toEqual([]);
      expect(cluster.complaints).toEqual([]);
    }),
    { numRuns: 100 },
  );
});

test('owners that own each other in a circle can all go in the foreground', async () => {
  const cluster = await LiveCluster.start({ seed: 1, nodes: 0, only: [collector] });
  const a = await cluster.create(aConfigMap('a'));
  const b = await cluster.create(aConfigMap('b', { ownerReferences: [referenceTo(a, true)] }));
  await cluster.change('ConfigMap', 'a', (object) => ({
    ...object,
    metadata: { ...object.metadata, ownerReferences: [referenceTo(b, true)] },
  }));
  await cluster.remove('ConfigMap', 'a', { propagationPolicy: 'Foreground' });
  await cluster.pass(10);
  expect(ours(cluster)).toEqual([]);
  await cluster.stop();
});

test('an object that comes when its owner is gone, or loses it by a change, goes', async () => {
  const cluster = await LiveCluster.start({ seed: 1, nodes: 0, only: [collector] });
  const owner = await cluster.create(aConfigMap('owner'));
  await cluster.remove('ConfigMap', 'owner');
  await cluster.create(aConfigMap('late', { ownerReferences: [referenceTo(owner, false)] }));
  await cluster.create(aConfigMap('free'));
  await cluster.pass(1);
  expect(ours(cluster).map(({ metadata }) => metadata.name)).toEqual(['free']);
  await cluster.change('ConfigMap', 'free', (object) => ({
    ...object,
    metadata: { ...object.metadata, ownerReferences: [referenceTo(owner, false)] },
  }));
  await cluster.pass(1);
  expect(ours(cluster)).toEqual([]);
  await cluster.stop();
});

test('an owner that is to leave orphans after all lets go of a dependent that waits for its own', async () => {
  const cluster = await LiveCluster.start({ seed: 1, nodes: 0, only: [collector] });
  const owner = await cluster.create(aConfigMap('owner'));
  const middle = await cluster.create(aConfigMap('middle', { ownerReferences: [referenceTo(owner, true)] }));
  await cluster.create(aConfigMap('leaf', { ownerReferences: [referenceTo(middle, true)], finalizers: ['test/held'] }));
  await cluster.remove('ConfigMap', 'owner', { propagationPolicy: 'Foreground' });
  await cluster.pass(1);
  await cluster.remove('ConfigMap', 'owner', { propagationPolicy: 'Orphan' });
  await cluster.pass(1);
  expect(ours(cluster).map(({ metadata }) => metadata.name)).toEqual(['leaf', 'middle']);
  await cluster.stop();
});

/** Whoever is deleted by the collector had no owner left but such as take their dependents along. */
function watchDeletions(cluster: LiveCluster, wronged: string[]): void {
  const takingAlong = new Set<string>();
  cluster.view.listen(({ type, ref, current, previous, event }) => {
    if (ref.resource !== 'configmaps') return;
    const before = previous?.object.metadata;
    const now = current.object.metadata;
    if (now.finalizers?.includes('foregroundDeletion')) takingAlong.add(now.uid);
    const began =
      before?.deletionTimestamp === undefined && (type === 'DELETED' || now.deletionTimestamp !== undefined);
    if (!began || event.author.user !== collector.user) return;
    for (const owner of now.ownerReferences ?? []) {
      const live = cluster.get('ConfigMap', owner.name)?.metadata.uid === owner.uid;
      if (live && !takingAlong.has(owner.uid)) wronged.push(`${ref.name} went while ${owner.name} was there`);
    }
  });
}

function ours(cluster: LiveCluster): KubeObject[] {
  return cluster.list('ConfigMap', 'default');
}

function referenceTo({ apiVersion, kind, metadata: { name, uid } }: KubeObject, blocks: boolean): OwnerReference {
  return { apiVersion, kind, name, uid, blockOwnerDeletion: blocks };
}

function withoutHold(object: KubeObject): KubeObject {
  const finalizers = (object.metadata.finalizers ?? []).filter((finalizer) => finalizer !== 'test/held');
  return { ...object, metadata: { ...object.metadata, finalizers } };
}
