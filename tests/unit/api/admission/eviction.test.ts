// Evicting: what a disruption budget lets go, what it holds back and how that is told.

import { describe, expect, test } from 'vitest';
import type { AnyObject } from '../../../../streams/resources/meta.ts';
import { aPodBody } from '../../../kit/api-objects.ts';
import { type ApiWorld, apiWorld, type Body } from '../../../kit/api-world.ts';

const labels = { app: 'web' };
const budgets = 'poddisruptionbudgets.policy';
const refusal = "Cannot evict pod as it would violate the pod's disruption budget.";

async function running(world: ApiWorld, name: string, { ready = true, phase = 'Running' } = {}): Promise<void> {
  await world.create('pods', { ...aPodBody(name, { nodeName: 'n' }), metadata: { name, labels } });
  const conditions = [{ type: 'Ready', status: ready ? 'True' : 'False' }];
  await world.update('pods', name, (pod) => ({ ...pod, status: { phase, conditions } }), { subresource: 'status' });
}

async function budget(world: ApiWorld, status: Body, spec: Body = {}, name = 'web'): Promise<void> {
  await world.create(budgets, {
    metadata: { name },
    spec: { selector: { matchLabels: labels }, minAvailable: 1, ...spec },
  });
  const counted = {
    observedGeneration: 1,
    currentHealthy: 1,
    desiredHealthy: 1,
    expectedPods: 1,
    disruptionsAllowed: 0,
  };
  await world.update(budgets, name, (object) => ({ ...object, status: { ...counted, ...status } }), {
    subresource: 'status',
  });
}

function evict(world: ApiWorld, name: string, deleteOptions: Body = { gracePeriodSeconds: 0 }) {
  const body = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name }, deleteOptions };
  return world.ask(`/api/v1/namespaces/default/pods/${name}/eviction`, { method: 'POST', body });
}

function statusOf(object: AnyObject | undefined): Body {
  return object?.status as Body;
}

describe('a pod', () => {
  test('whose budget allows it goes, and the budget allows one less', async () => {
    const world = await apiWorld();
    await running(world, 'a');
    await running(world, 'b');
    await budget(world, { disruptionsAllowed: 1, currentHealthy: 2 });
    expect((await evict(world, 'a')).status).toBe(201);
    expect(world.get('pods', 'a')).toBeUndefined();
    expect(statusOf(world.get(budgets, 'web'))).toMatchObject({
      disruptionsAllowed: 0,
      disruptedPods: { a: expect.stringMatching(/^\d{4}-/) },
      conditions: [{ type: 'DisruptionAllowed', status: 'False', reason: 'InsufficientPods' }],
    });
    const refused = await evict(world, 'b');
    expect(refused.json).toMatchObject({ code: 429, reason: 'TooManyRequests', message: refusal });
    expect(world.get('pods', 'b')).toBeDefined();
  });

  test('whose budget does not is held back, and told why, without a time to come again', async () => {
    const world = await apiWorld();
    await running(world, 'a');
    await budget(world, {});
    const answer = await evict(world, 'a');
    expect(answer.json).toMatchObject({
      code: 429,
      message: refusal,
      details: {
        causes: [
          { reason: 'DisruptionBudget', message: 'The disruption budget web needs 1 healthy pods and has 1 currently' },
        ],
      },
    });
    expect(answer.headers).not.toHaveProperty('retry-after');
  });

  test('whose budget has changed and is not counted yet is to come again', async () => {
    const world = await apiWorld();
    await running(world, 'a');
    await budget(world, { observedGeneration: 0, disruptionsAllowed: 1 });
    const answer = await evict(world, 'a');
    expect(answer.json).toMatchObject({
      code: 429,
      details: {
        retryAfterSeconds: 10,
        causes: [{ message: 'The disruption budget web is still being processed by the server.' }],
      },
    });
  });

  test('with two budgets is nobody’s to evict', async () => {
    const world = await apiWorld();
    await running(world, 'a');
    await budget(world, { disruptionsAllowed: 1 });
    await budget(world, { disruptionsAllowed: 1 }, {}, 'second');
    expect((await evict(world, 'a')).json).toMatchObject({
      code: 500,
      message: 'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.',
    });
  });

  test.each<[what: string, pod: { ready?: boolean; phase?: string }, status: Body, spec: Body, goes: boolean]>([
    ['that is over', { phase: 'Succeeded', ready: false }, {}, {}, true],
    ['that is pending', { phase: 'Pending', ready: false }, {}, {}, true],
    ['that is not ready, beside enough that are', { ready: false }, { currentHealthy: 1, desiredHealthy: 1 }, {}, true],
    ['that is not ready, beside too few', { ready: false }, { currentHealthy: 0, desiredHealthy: 1 }, {}, false],
    [
      'that is not ready, whatever the others are',
      { ready: false },
      { currentHealthy: 0 },
      { unhealthyPodEvictionPolicy: 'AlwaysAllow' },
      true,
    ],
  ])('%s needs no allowance: %#', async (_, pod, status, spec, goes) => {
    const world = await apiWorld();
    await running(world, 'a', pod);
    await budget(world, status, spec);
    expect((await evict(world, 'a')).status).toBe(goes ? 201 : 429);
    expect(statusOf(world.get(budgets, 'web')).disruptionsAllowed).toBe(0);
  });

  test('that goes says that it was evicted', async () => {
    const world = await apiWorld();
    await running(world, 'a');
    expect((await evict(world, 'a', { gracePeriodSeconds: 30 })).status).toBe(201);
    expect(statusOf(world.get('pods', 'a')).conditions).toContainEqual(
      expect.objectContaining({
        type: 'DisruptionTarget',
        status: 'True',
        reason: 'EvictionByEvictionAPI',
        message: 'Eviction API: evicting',
      }),
    );
  });

  test('stays when it was only asked whether it could go', async () => {
    const world = await apiWorld();
    await running(world, 'a');
    await budget(world, { disruptionsAllowed: 1 });
    expect((await evict(world, 'a', { dryRun: ['All'] })).status).toBe(201);
    expect(world.get('pods', 'a')).toBeDefined();
    expect(statusOf(world.get(budgets, 'web')).disruptionsAllowed).toBe(1);
  });
});

test('evictions at once take each allowance once', async () => {
  const world = await apiWorld();
  for (let i = 0; i < 8; i++) await running(world, `p${i}`);
  await budget(world, { disruptionsAllowed: 3, currentHealthy: 8, desiredHealthy: 5 });
  const answers = await Promise.all(Array.from({ length: 8 }, (_, i) => evict(world, `p${i}`)));
  expect(answers.map(({ status }) => status).sort()).toEqual([201, 201, 201, 429, 429, 429, 429, 429]);
});
