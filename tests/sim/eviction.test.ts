// A whole cluster whose pods are evicted at random, several at once: never fewer are healthy than their budget wants,
// and in the end all are there again.

import { describe, expect, test } from 'vitest';
import { ApiError } from '../../infra/api/errors.ts';
import { kindOf } from '../../infra/api/kinds/kinds.ts';
import { evict } from '../../infra/api/registry/eviction.ts';
import { seededRandom } from '../../streams/base/random.ts';
import type { PodDisruptionBudget } from '../../streams/resources/disruption.ts';
import type { Pod } from '../../streams/resources/pod.ts';
import { LiveCluster } from '../kit/live-cluster.ts';
import { aDeployment, meta } from '../kit/workloads.ts';

const minAvailable = 3;

const budget: PodDisruptionBudget = {
  apiVersion: 'policy/v1',
  kind: 'PodDisruptionBudget',
  metadata: meta('web'),
  spec: { selector: { matchLabels: { app: 'web' } }, minAvailable },
};

function healthy(cluster: LiveCluster): number {
  return cluster
    .list<Pod>('Pod', 'default')
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    .filter(({ status }) => status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True'))
    .length;
}

async function tryToEvict(cluster: LiveCluster, name: string): Promise<'gone' | 'held'> {
  const [pods, budgets] = [kindOf('', 'pods'), kindOf('policy', 'poddisruptionbudgets')];
  if (pods === undefined || budgets === undefined) throw new Error('pods and budgets are served');
  const { registry, deleter } = cluster.stack;
  const user = { username: 'kubernetes-admin', groups: ['system:masters'] };
  const context = { user, agent: 'kubectl', cause: null, dryRun: false, tracksOwnership: false, warn() {} };
  const target = { kind: pods, namespace: 'default', name };
  try {
    await evict({ registry, deleter, budgets }, { target, options: {} }, context);
    return 'gone';
  } catch (error) {
    if (error instanceof ApiError && (error.code === 429 || error.code === 404)) return 'held';
    throw error;
  }
}

describe('evictions', () => {
  test.each([1, 2, 3])('never take more than the budget allows (seed %i)', async (seed) => {
    const cluster = await LiveCluster.start({ seed });
    await cluster.create(aDeployment({ replicas: 5 }));
    await cluster.create(budget);
    const allows = () => cluster.get<PodDisruptionBudget>('PodDisruptionBudget', 'web')?.status?.disruptionsAllowed;
    await cluster.until('the budget allows two', () => allows() === 2);
    let fewest = healthy(cluster);
    cluster.view.listen(({ ref }) => {
      if (ref.resource === 'pods') fewest = Math.min(fewest, healthy(cluster));
    });
    const random = seededRandom(seed);
    const outcomes: Promise<'gone' | 'held'>[] = [];
    for (let step = 0; step < 40; step++) {
      const pods = cluster.list<Pod>('Pod', 'default');
      for (let i = random.int(4); i >= 0; i--) {
        const pod = pods[random.int(pods.length)];
        if (pod !== undefined) outcomes.push(tryToEvict(cluster, pod.metadata.name));
      }
      await cluster.clock.advance(random.int(3_000));
    }
    const settled = await cluster.settled(Promise.all(outcomes));
    expect(fewest).toBe(minAvailable);
    expect(settled.filter((outcome) => outcome === 'gone').length).toBeGreaterThan(5);
    expect(settled).toContain('held');
    await cluster.until('all are there again', () => healthy(cluster) === 5 && allows() === 2);
    await cluster.stop();
    expect([cluster.anomalies, cluster.complaints]).toEqual([[], []]);
  });
});
