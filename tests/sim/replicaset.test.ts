// Replica sets, and replication controllers alike, under random histories: pods die, fail, are relabelled, made by hand, and the size changes; once it is
// quiet there are exactly as many pods as wanted, and they are the replica set's own.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isPodActive } from '../../actors/pod/pod-conditions.ts';
import { seededRandom } from '../../streams/base/random.ts';
import { controllerOf } from '../../streams/resources/meta.ts';
import type { Pod } from '../../streams/resources/pod.ts';
import type { ReplicaSet } from '../../streams/resources/workload.ts';
import { LiveCluster } from '../kit/live-cluster.ts';
import { aPod, aReplicaSet, aReplicationController } from '../kit/workloads.ts';

const labels = { app: 'web' };
const step = fc.constantFrom('delete', 'fail', 'relabel', 'resize', 'make', 'strand', 'wait');
const history = fc.array(fc.tuple(step, fc.integer({ min: 0, max: 3_000 })), { maxLength: 25 });

test.each(['ReplicaSet', 'ReplicationController'] as const)(
  'a %s ends with the pods it wants, whatever happens to them',
  async (owner) => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 1_000_000 }), history, async (seed, steps) => {
        const cluster = await LiveCluster.start({ seed });
        const random = seededRandom(`${seed}/steps`);
        const make = owner === 'ReplicaSet' ? aReplicaSet : aReplicationController;
        await cluster.create(make('web', { replicas: 4 }));
        for (const [kind, afterMs] of steps) {
          await cluster.clock.advance(afterMs);
          await play(cluster, { owner, kind }, (bound) => random.int(bound));
        }
        const set = () => cluster.get<ReplicaSet>(owner, 'web');
        const pods = () =>
          cluster.list<Pod>('Pod').filter((pod) => isPodActive(pod) && pod.metadata.labels?.app === 'web');
        await cluster.until('it is settled', () => {
          const { spec, status, metadata } = set() ?? {};
          return (
            status?.replicas === spec?.replicas &&
            (status?.availableReplicas ?? 0) === spec?.replicas &&
            status?.observedGeneration === metadata?.generation &&
            (status?.terminatingReplicas ?? 0) === 0
          );
        });
        await cluster.pass(10);
        expect(pods().length).toBe(set()?.spec.replicas);
        expect(pods().every((pod) => controllerOf(pod)?.uid === set()?.metadata.uid)).toBe(true);
        await cluster.stop();
        expect(cluster.anomalies).toEqual([]);
        expect(cluster.complaints).toEqual([]);
      }),
      { numRuns: 60 },
    );
  },
);

test('three thousand pods are made in bursts, and the status is told a few times, not once for every pod', async () => {
  const cluster = await LiveCluster.start({ seed: 1, nodes: 30 });
  let reports = 0;
  cluster.view.listen(({ ref, type }) => {
    if (ref.resource === 'replicasets' && type === 'MODIFIED') reports++;
  });
  await cluster.create(aReplicaSet('web', { replicas: 3_000 }));
  await cluster.until(
    'all are there',
    () => cluster.get<ReplicaSet>('ReplicaSet', 'web')?.status?.availableReplicas === 3_000,
  );
  expect(cluster.list<Pod>('Pod').length).toBe(3_000);
  expect(reports).toBeLessThan(200);
  await cluster.stop();
  expect(cluster.complaints).toEqual([]);
});

async function play(
  cluster: LiveCluster,
  { owner, kind }: { owner: string; kind: string },
  pick: (bound: number) => number,
): Promise<void> {
  const own = cluster.list<Pod>('Pod').filter((pod) => isPodActive(pod) && pod.metadata.labels?.app === 'web');
  const victim = own[pick(own.length)];
  if (kind === 'resize') {
    const replicas = pick(8);
    await cluster.change<ReplicaSet>(owner, 'web', (set) => ({ ...set, spec: { ...set.spec, replicas } }));
  } else if (kind === 'make') {
    const name = `hand-made-${cluster.view.revision('LOG')}`;
    const { status: _, ...pod } = aPod(name, { node: '', meta: { labels } });
    await cluster.create(pod);
  } else if (victim === undefined) return;
  else if (kind === 'delete') await cluster.remove('Pod', victim.metadata.name);
  else if (kind === 'fail') {
    const fail = (pod: Pod): Pod => ({ ...pod, status: { ...pod.status, phase: 'Failed' } });
    await cluster.change<Pod>('Pod', victim.metadata.name, fail, 'status');
  } else if (kind === 'relabel') {
    const relabel = (pod: Pod): Pod => ({ ...pod, metadata: { ...pod.metadata, labels: { app: 'other' } } });
    await cluster.change<Pod>('Pod', victim.metadata.name, relabel);
  } else if (kind === 'strand') {
    const strand = ({ metadata: { ownerReferences: _, ...metadata }, ...pod }: Pod): Pod => ({ ...pod, metadata });
    await cluster.change<Pod>('Pod', victim.metadata.name, strand);
  }
}
