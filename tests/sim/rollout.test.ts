// Deployments in a whole cluster, under random histories: the promises of a rolling update hold at every single event,
// and every history ends with the pods that were asked for.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Deployment, IntOrString, ReplicaSet } from '../../streams/resources/workload.ts';
import { LiveCluster } from '../kit/live-cluster.ts';
import { RolloutWatch } from '../kit/rollout-watch.ts';
import { aDeployment, template } from '../kit/workloads.ts';

const bound: fc.Arbitrary<IntOrString> = fc.oneof(
  fc.integer({ min: 0, max: 4 }),
  fc.constantFrom('0%', '10%', '25%', '50%', '100%'),
);
const strategy = fc.record({ maxSurge: bound, maxUnavailable: bound }).filter(
  // The API refuses a strategy under which nothing could ever move.
  ({ maxSurge, maxUnavailable }) => Number.parseInt(`${maxSurge}`, 10) + Number.parseInt(`${maxUnavailable}`, 10) > 0,
);
const seed = fc.integer({ min: 1, max: 1_000_000 });

async function rolledOut(
  change: Parameters<typeof aDeployment>[0] & { seed: number },
): Promise<{ cluster: LiveCluster; watch: RolloutWatch }> {
  const { seed, ...spec } = change;
  const cluster = await LiveCluster.start({ seed });
  await cluster.create(aDeployment(spec));
  const watch = new RolloutWatch(cluster, 'web');
  await cluster.until('first rollout is complete', () => watch.isComplete());
  watch.restart();
  return { cluster, watch };
}

function setImage(cluster: LiveCluster, image: string): Promise<void> {
  return cluster.change<Deployment>('Deployment', 'web', (deployment) => ({
    ...deployment,
    spec: { ...deployment.spec, template: template(image) },
  }));
}

function setSpec(cluster: LiveCluster, change: Partial<Deployment['spec']>): Promise<void> {
  return cluster.change<Deployment>('Deployment', 'web', (deployment) => ({
    ...deployment,
    spec: { ...deployment.spec, ...change },
  }));
}

async function finished(cluster: LiveCluster): Promise<void> {
  await cluster.stop();
  expect(cluster.anomalies).toEqual([]);
  expect(cluster.complaints).toEqual([]);
}

describe('a rolling update', () => {
  test('never has more than replicas + maxSurge pods, nor fewer than replicas − maxUnavailable available', async () => {
    const images = fc.array(
      fc.record({
        image: fc.constantFrom('nginx:2', 'nginx:3', 'nginx:4', 'nginx:1'),
        afterMs: fc.integer({ min: 0, max: 9_000 }),
      }),
      { minLength: 1, maxLength: 4 },
    );
    const replicas = fc.integer({ min: 0, max: 12 });
    const minReadySeconds = fc.constantFrom(0, 0, 2);
    await fc.assert(
      fc.asyncProperty(
        seed,
        replicas,
        strategy,
        images,
        minReadySeconds,
        async (seed, replicas, rollingUpdate, images, minReadySeconds) => {
          const { cluster, watch } = await rolledOut({
            seed,
            replicas,
            minReadySeconds,
            strategy: { type: 'RollingUpdate', rollingUpdate },
          });
          for (const { image, afterMs } of images) {
            await cluster.clock.advance(afterMs);
            await setImage(cluster, image);
          }
          await cluster.until('the last rollout is complete', () => watch.isComplete());
          expect(watch.broken).toEqual([]);
          await finished(cluster);
        },
      ),
      { numRuns: 60 },
    );
  });

  test('uses the room it is given', async () => {
    const { cluster, watch } = await rolledOut({
      seed: 7,
      replicas: 8,
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 3, maxUnavailable: 2 } },
    });
    await setImage(cluster, 'nginx:2');
    await cluster.until('the rollout is complete', () => watch.isComplete());
    expect(watch.mostActive).toBe(11);
    expect(watch.fewestAvailable).toBe(6);
    expect(watch.broken).toEqual([]);
    await finished(cluster);
  });

  test('to an image that does not start keeps the old pods, stalls, and is undone by the old template', async () => {
    const { cluster, watch } = await rolledOut({ seed: 3, replicas: 4, progressDeadlineSeconds: 30 });
    await setImage(cluster, 'broken:1');
    const reason = () =>
      cluster.get<Deployment>('Deployment', 'web')?.status?.conditions?.find(({ type }) => type === 'Progressing')
        ?.reason;
    await cluster.until('it has stalled', () => reason() === 'ProgressDeadlineExceeded');
    expect(watch.now()?.available).toBe(4);
    await setImage(cluster, 'nginx:1');
    await cluster.until('it is back', () => watch.isComplete() && reason() === 'NewReplicaSetAvailable');
    expect(cluster.list<ReplicaSet>('ReplicaSet').map(revision).sort()).toEqual(['2', '3']);
    expect(watch.broken).toEqual([]);
    await finished(cluster);
  });

  test('keeps as many old replica sets as the history may have', async () => {
    const { cluster, watch } = await rolledOut({ seed: 5, replicas: 2, revisionHistoryLimit: 2 });
    for (const image of ['nginx:2', 'nginx:3', 'nginx:4', 'nginx:5']) {
      await setImage(cluster, image);
      await cluster.until(`${image} is rolled out`, () => watch.isComplete());
    }
    await cluster.pass(5);
    expect(cluster.list<ReplicaSet>('ReplicaSet').map(revision).sort()).toEqual(['3', '4', '5']);
    await finished(cluster);
  });
});

test('whatever happens to a deployment, it ends with the pods its spec asks for', async () => {
  const step = fc.oneof(
    fc.record({
      kind: fc.constant('image' as const),
      image: fc.constantFrom('nginx:1', 'nginx:2', 'broken:1', 'nginx:3'),
    }),
    fc.record({ kind: fc.constant('replicas' as const), replicas: fc.integer({ min: 0, max: 9 }) }),
    fc.record({ kind: fc.constant('paused' as const), paused: fc.boolean() }),
    fc.record({
      kind: fc.constant('strategy' as const),
      type: fc.constantFrom('RollingUpdate' as const, 'Recreate' as const),
    }),
  );
  const steps = fc.array(fc.tuple(step, fc.integer({ min: 0, max: 6_000 })), { minLength: 1, maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(seed, strategy, steps, async (seed, rollingUpdate, steps) => {
      const { cluster, watch } = await rolledOut({ seed, strategy: { type: 'RollingUpdate', rollingUpdate } });
      for (const [step, afterMs] of steps) {
        await cluster.clock.advance(afterMs);
        if (step.kind === 'image') await setImage(cluster, step.image);
        else if (step.kind === 'replicas') await setSpec(cluster, { replicas: step.replicas });
        else if (step.kind === 'paused') await setSpec(cluster, { paused: step.paused });
        else
          await setSpec(cluster, {
            strategy: step.type === 'Recreate' ? { type: step.type } : { type: step.type, rollingUpdate },
          });
      }
      await setSpec(cluster, { paused: false, replicas: 3 });
      await setImage(cluster, 'nginx:9');
      await cluster.until('all is as the spec says', () => watch.isComplete());
      await finished(cluster);
    }),
    { numRuns: 60 },
  );
});

test('under Recreate pods of two templates never run side by side', async () => {
  await fc.assert(
    fc.asyncProperty(seed, fc.integer({ min: 1, max: 6 }), async (seed, replicas) => {
      const { cluster, watch } = await rolledOut({ seed, replicas, strategy: { type: 'Recreate' } });
      const mixed: string[] = [];
      cluster.view.listen(() => {
        const images = new Set(
          cluster
            .list('Pod')
            .map((pod) => (pod as unknown as { spec: { containers: { image: string }[] } }).spec.containers[0]?.image),
        );
        if (images.size > 1) mixed.push([...images].join());
      });
      await setImage(cluster, 'nginx:2');
      await cluster.until('the rollout is complete', () => watch.isComplete());
      expect(mixed).toEqual([]);
      await finished(cluster);
    }),
    { numRuns: 15 },
  );
});

function revision({ metadata }: ReplicaSet): string | undefined {
  return metadata.annotations?.['deployment.kubernetes.io/revision'];
}
