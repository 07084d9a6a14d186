// The disruption controller as a table: given these pods and what made them, when the budget is looked at, then this
// is what it allows.

import { describe, expect, test } from 'vitest';
import { disruptionController } from '../../actors/controllers/disruption.ts';
import type { PodDisruptionBudget } from '../../streams/resources/disruption.ts';
import type { KubeObject } from '../../streams/resources/meta.ts';
import { planOf, reconciled, resourceByKind, type When, worldOf } from '../kit/given-world.ts';
import {
  aDeployment,
  aPod,
  aReplicaSet,
  at,
  atMs,
  controlledBy,
  meta,
  type PodTraits,
  somePods,
} from '../kit/workloads.ts';

const controller = disruptionController({ resourceOf: (_, kind) => resourceByKind[kind] });
const selector = { matchLabels: { app: 'web' } };

function aBudget(
  spec: Partial<NonNullable<PodDisruptionBudget['spec']>>,
  status?: Partial<NonNullable<PodDisruptionBudget['status']>>,
): PodDisruptionBudget {
  const none = { disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 0, expectedPods: 0 };
  return {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: meta('web', { generation: 1 }),
    spec: { selector, ...spec },
    ...(status && { status: { ...none, ...status } }),
  };
}

function when(objects: readonly KubeObject[], change: Partial<When> = {}): string[] {
  return reconciled(controller, worldOf(...objects), { key: 'budget/default/web', ...change });
}

/** allowed, healthy, desired, expected */
function counts(objects: readonly KubeObject[], change: Partial<When> = {}) {
  const [write] = planOf(controller, worldOf(...objects), { key: 'budget/default/web', ...change }).writes;
  if (write?.kind !== 'update') return undefined;
  const { disruptionsAllowed, currentHealthy, desiredHealthy, expectedPods } = (write.object as PodDisruptionBudget)
    .status as NonNullable<PodDisruptionBudget['status']>;
  return [disruptionsAllowed, currentHealthy, desiredHealthy, expectedPods];
}

const deployment = aDeployment({ replicas: 4 });
const set = aReplicaSet('web-1', { replicas: 4, owner: deployment });
const ready = (count: number, traits: PodTraits = {}) => somePods('p', count, { owner: set, ...traits });
const unready = (count: number) => somePods('u', count, { owner: set, unready: true });

describe('what is allowed', () => {
  test.each<[what: string, spec: Parameters<typeof aBudget>[0], pods: readonly KubeObject[], expected: number[]]>([
    ['a number that must be there', { minAvailable: 2 }, ready(4), [2, 4, 2, 4]],
    ['a number that must be there, of fewer pods', { minAvailable: 2 }, ready(1), [0, 1, 2, 1]],
    ['a percentage that must be there, rounded up', { minAvailable: '51%' }, ready(4), [1, 4, 3, 4]],
    ['a number that may be away', { maxUnavailable: 1 }, ready(4), [1, 4, 3, 4]],
    ['a number that may be away, with one away', { maxUnavailable: 1 }, [...ready(3), ...unready(1)], [0, 3, 3, 4]],
    ['a percentage that may be away, rounded up', { maxUnavailable: '30%' }, ready(4), [2, 4, 2, 4]],
    ['more than there are', { maxUnavailable: 9 }, ready(4), [4, 4, 0, 4]],
    ['nothing where there are no pods', { minAvailable: 0 }, [], [0, 0, 0, 0]],
    [
      'pods that are going do not count',
      { minAvailable: 1 },
      ready(4, { meta: { deletionTimestamp: at(0) } }),
      [0, 0, 1, 4],
    ],
  ])('%s', (_, spec, pods, expected) => {
    expect(counts([aBudget(spec), deployment, set, ...pods])).toEqual(expected);
  });

  test('is counted of the scale of everything that made the pods, a deployment once', () => {
    const second = aReplicaSet('web-2', { replicas: 9, owner: deployment });
    const lone = aReplicaSet('lone', { replicas: 3 });
    const pods = [aPod('a', { owner: set }), aPod('b', { owner: second }), aPod('c', { owner: lone })];
    expect(counts([aBudget({ maxUnavailable: 5 }), deployment, set, second, lone, ...pods])).toEqual([1, 3, 2, 7]);
  });

  test('is said in a condition', () => {
    expect(when([aBudget({ minAvailable: 1 }), deployment, set, ...ready(2)])[0]).toMatch(
      /^update poddisruptionbudgets\/status web: status none → .*"disruptionsAllowed":1.*"DisruptionAllowed","status":"True".*"SufficientPods"/,
    );
    expect(when([aBudget({ minAvailable: 2 }), deployment, set, ...ready(2)])[0]).toContain('"InsufficientPods"');
  });

  test('is not written twice', () => {
    const objects = [deployment, set, ...ready(2)];
    const [write] = planOf(controller, worldOf(aBudget({ minAvailable: 1 }), ...objects), {
      key: 'budget/default/web',
    }).writes;
    if (write?.kind !== 'update') throw new Error('nothing was written');
    expect(when([write.object, ...objects])).toEqual([]);
  });

  test('is nothing where what made a pod cannot be scaled or is not there', () => {
    const daemons = { apiVersion: 'apps/v1', kind: 'DaemonSet', metadata: meta('d') };
    const lines = when([aBudget({ maxUnavailable: 1 }), daemons, aPod('a', { owner: daemons })]);
    expect(lines[0]).toContain('daemonsets.apps does not implement the scale subresource');
    expect(lines[1]).toMatch(/^note Warning CalculateExpectedPodCountFailed/);
    expect(when([aBudget({ maxUnavailable: 1 }), aPod('a', { owner: set })])[0]).toContain(
      'found no controllers for pod \\"a\\"',
    );
  });

  test('counts pods nobody made where a number must be there, and warns otherwise', () => {
    expect(counts([aBudget({ minAvailable: 1 }), aPod('a'), aPod('b')])).toEqual([1, 2, 1, 2]);
    expect(when([aBudget({ maxUnavailable: 1 }), aPod('a')])[1]).toMatch(/^note Warning UnmanagedPods: /);
  });
});

describe('a pod that was promised to go', () => {
  const promised = aBudget({ minAvailable: 1 }, { disruptedPods: { 'p-0': at(0) } });
  const objects = [promised, deployment, set, ...ready(3)];

  test('counts as gone for two minutes', () => {
    expect(counts(objects, { nowMs: atMs(10) })).toEqual([1, 2, 1, 3]);
    expect(when(objects, { nowMs: atMs(10) }).at(-1)).toBe('again after 111000 ms');
  });

  test('counts again when it is still there after that', () => {
    expect(counts(objects, { nowMs: atMs(121) })).toEqual([2, 3, 1, 3]);
    expect(when(objects, { nowMs: atMs(121) }).join()).toContain('note Warning NotDeleted');
  });

  test('and says so, says so no longer after two minutes', () => {
    const target = {
      type: 'DisruptionTarget',
      status: 'True',
      reason: 'EvictionByEvictionAPI',
      lastTransitionTime: at(0),
    } as const;
    const pod = aPod('a', { conditions: [target] });
    const key = 'pod/default/a';
    expect(reconciled(controller, worldOf(pod), { key, nowMs: atMs(60) })).toEqual(['again after 60000 ms']);
    expect(reconciled(controller, worldOf(pod), { key, nowMs: atMs(120) })).toEqual([
      'update pods/status a: DisruptionTarget=False',
    ]);
    const going = aPod('a', { conditions: [target], meta: { deletionTimestamp: at(1) } });
    expect(reconciled(controller, worldOf(going), { key, nowMs: atMs(999) })).toEqual([]);
  });
});

test('owners of another incarnation are not asked', () => {
  const other = { ...deployment, metadata: { ...deployment.metadata, uid: 'another' } };
  const pods = [aPod('a', { meta: { ownerReferences: [controlledBy(set)] } })];
  expect(when([aBudget({ maxUnavailable: 1 }), other, set, ...pods])[0]).toContain('found no controllers');
});
