import { describe, expect, test } from 'vitest';
import type { DeleteOptions } from '../../../../infra/api/registry/context.ts';
import type { AnyObject } from '../../../../streams/resources/meta.ts';
import { aConfigMap, aDeploymentBody, aPodBody } from '../../../kit/api-objects.ts';
import { type ApiWorld, apiWorld, target } from '../../../kit/api-world.ts';

function remove(world: ApiWorld, resource: string, name: string, options: DeleteOptions = {}) {
  return world.stack.deleter.delete(target(resource, name), options, world.context());
}

async function boundPod(world: ApiWorld, name = 'a', spec: Record<string, unknown> = {}): Promise<AnyObject> {
  return world.create('pods', aPodBody(name, { nodeName: 'n', ...spec }));
}

describe('deleting', () => {
  test('removes an object nothing holds, in one event that carries its last state', async () => {
    const world = await apiWorld();
    await world.create('configmaps', aConfigMap('a'));
    const { gone } = await remove(world, 'configmaps', 'a');
    expect(gone).toBe(true);
    expect(world.get('configmaps', 'a')).toBeUndefined();
    const last = (await world.events()).at(-1);
    expect(last).toMatchObject({ type: 'configmap.deleted', from: 'Present', to: null });
    expect(JSON.parse(Buffer.from(last?.object ?? []).toString())).toMatchObject({ data: { a: '1' } });
  });

  test('what is absent is not found', async () => {
    const world = await apiWorld();
    await expect(remove(world, 'configmaps', 'a')).rejects.toMatchObject({ message: 'configmaps "a" not found' });
  });

  test('marks an object that finalizers hold, and counts as a new generation', async () => {
    const world = await apiWorld();
    const body = aDeploymentBody('a');
    await world.create('deployments.apps', { ...body, metadata: { name: 'a', finalizers: ['example.com/a'] } });
    const { gone, stored } = await remove(world, 'deployments.apps', 'a');
    expect(gone).toBe(false);
    expect(stored.object.metadata).toMatchObject({
      deletionTimestamp: '2026-01-01T00:00:00Z',
      deletionGracePeriodSeconds: 0,
      generation: 2,
      finalizers: ['example.com/a'],
    });
    const events = (await world.events()).length;
    expect((await remove(world, 'deployments.apps', 'a')).gone).toBe(false);
    expect(await world.events()).toHaveLength(events);
  });

  test.each([
    ['uid', { uid: 'other' }],
    ['resourceVersion', { resourceVersion: '1' }],
  ])('is refused where the %s is not the one meant', async (_, preconditions) => {
    const world = await apiWorld();
    const { metadata } = await world.create('configmaps', aConfigMap('a'));
    await expect(remove(world, 'configmaps', 'a', { preconditions })).rejects.toMatchObject({
      code: 409,
      reason: 'Conflict',
    });
    const right = { uid: metadata.uid, resourceVersion: metadata.resourceVersion };
    expect((await remove(world, 'configmaps', 'a', { preconditions: right })).gone).toBe(true);
  });

  test('many at once remove it once', async () => {
    const world = await apiWorld();
    await world.create('configmaps', aConfigMap('a'));
    const all = await Promise.allSettled(Array.from({ length: 10 }, () => remove(world, 'configmaps', 'a')));
    expect(all.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const deleted = (await world.events()).filter(({ type }) => type === 'configmap.deleted');
    expect(deleted).toHaveLength(1);
  });

  test('goes on after losing a race to an update', async () => {
    const world = await apiWorld();
    await world.create('configmaps', aConfigMap('a'));
    const updating = world.update('configmaps', 'a', (object) => ({ ...object, data: { a: '2' } }));
    const [, deleted] = await Promise.all([updating, remove(world, 'configmaps', 'a')]);
    expect(deleted.gone).toBe(true);
    expect(deleted.stored.object.data).toEqual({ a: '2' });
  });
});

describe('a pod on a node', () => {
  test('ends gracefully: marked now, gone when its node says so', async () => {
    const world = await apiWorld();
    await boundPod(world);
    const { gone, stored } = await remove(world, 'pods', 'a');
    expect(gone).toBe(false);
    expect(stored.object.metadata).toMatchObject({
      deletionTimestamp: '2026-01-01T00:00:30Z',
      deletionGracePeriodSeconds: 30,
      generation: 2,
    });
    expect((await remove(world, 'pods', 'a', { gracePeriodSeconds: 0 })).gone).toBe(true);
    expect(world.get('pods', 'a')).toBeUndefined();
  });

  test.each([
    ['its own', { terminationGracePeriodSeconds: 7 }, undefined, 7],
    ['what was asked for', { terminationGracePeriodSeconds: 7 }, 3, 3],
    ['one second where less than nothing was asked for', {}, -1, 1],
  ])('has %s as grace', async (_, spec, gracePeriodSeconds, seconds) => {
    const world = await apiWorld();
    await boundPod(world, 'a', spec);
    const { stored } = await remove(world, 'pods', 'a', { gracePeriodSeconds });
    expect(stored.object.metadata.deletionGracePeriodSeconds).toBe(seconds);
  });

  test('may have its grace shortened, counted from the first request, never lengthened', async () => {
    const world = await apiWorld();
    await boundPod(world);
    await remove(world, 'pods', 'a');
    await world.clock.advance(4_000);
    const shorter = await remove(world, 'pods', 'a', { gracePeriodSeconds: 10 });
    expect(shorter.stored.object.metadata).toMatchObject({
      deletionTimestamp: '2026-01-01T00:00:10Z',
      deletionGracePeriodSeconds: 10,
    });
    const { resourceVersion } = shorter.stored.object.metadata;
    for (const gracePeriodSeconds of [10, 60, undefined]) {
      const { stored } = await remove(world, 'pods', 'a', { gracePeriodSeconds });
      expect(stored.object.metadata.resourceVersion).toBe(resourceVersion);
    }
  });

  test('that has ended waits for its node when asked to go twice', async () => {
    const world = await apiWorld();
    await boundPod(world);
    await remove(world, 'pods', 'a');
    await world.update('pods', 'a', (object) => ({ ...object, status: { phase: 'Succeeded' } }), {
      subresource: 'status',
    });
    expect((await remove(world, 'pods', 'a')).gone).toBe(false);
    expect((await remove(world, 'pods', 'a', { gracePeriodSeconds: 0 })).gone).toBe(true);
  });

  test('with finalizers stays after its grace, without grace left', async () => {
    const world = await apiWorld();
    await world.create('pods', {
      ...aPodBody('a', { nodeName: 'n' }),
      metadata: { name: 'a', finalizers: ['example.com/a'] },
    });
    expect((await remove(world, 'pods', 'a', { gracePeriodSeconds: 0 })).gone).toBe(false);
    expect(world.get('pods', 'a')?.metadata.deletionGracePeriodSeconds).toBe(0);
    await world.update('pods', 'a', (object) => ({ ...object, metadata: { ...object.metadata, finalizers: [] } }));
    expect(world.get('pods', 'a')).toBeUndefined();
  });

  test('that loses its finalizers during its grace is still waited for', async () => {
    const world = await apiWorld();
    await world.create('pods', {
      ...aPodBody('a', { nodeName: 'n' }),
      metadata: { name: 'a', finalizers: ['example.com/a'] },
    });
    await remove(world, 'pods', 'a');
    await world.update('pods', 'a', (object) => ({ ...object, metadata: { ...object.metadata, finalizers: [] } }));
    expect(world.get('pods', 'a')).toBeDefined();
  });
});

describe('a pod', () => {
  test('that no node has goes at once', async () => {
    const world = await apiWorld();
    await world.create('pods', aPodBody('a'));
    expect((await remove(world, 'pods', 'a')).gone).toBe(true);
  });

  test.each(['Succeeded', 'Failed'])('that has %s goes at once', async (phase) => {
    const world = await apiWorld();
    await boundPod(world);
    await world.update('pods', 'a', (object) => ({ ...object, status: { phase } }), { subresource: 'status' });
    expect((await remove(world, 'pods', 'a')).gone).toBe(true);
  });
});

describe('the propagation policy', () => {
  test.each([
    ['Foreground', ['foregroundDeletion']],
    ['Orphan', ['orphan']],
  ] as const)(
    '%s holds the object with a finalizer until the collector is done',
    async (propagationPolicy, finalizers) => {
      const world = await apiWorld();
      await world.create('deployments.apps', aDeploymentBody('a'));
      const { gone, stored } = await remove(world, 'deployments.apps', 'a', { propagationPolicy });
      expect(gone).toBe(false);
      expect(stored.object.metadata.finalizers).toEqual(finalizers);
      expect(stored.object.metadata.deletionTimestamp).toBeDefined();
    },
  );

  test('is to orphan where none is named and the kind is older than the collector', async () => {
    const world = await apiWorld();
    const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'x' }] } };
    await world.create('replicationcontrollers', { metadata: { name: 'a' }, spec: { template } });
    const { gone, stored } = await remove(world, 'replicationcontrollers', 'a');
    expect({ gone, finalizers: stored.object.metadata.finalizers }).toEqual({ gone: false, finalizers: ['orphan'] });
    expect((await remove(world, 'replicationcontrollers', 'a', { propagationPolicy: 'Background' })).gone).toBe(true);
  });

  test('Background, as none, holds nothing', async () => {
    const world = await apiWorld();
    for (const propagationPolicy of ['Background', undefined] as const) {
      await world.create('deployments.apps', aDeploymentBody('a'));
      expect((await remove(world, 'deployments.apps', 'a', { propagationPolicy })).gone).toBe(true);
    }
  });

  test('of a second request replaces that of the first', async () => {
    const world = await apiWorld();
    await world.create('deployments.apps', aDeploymentBody('a'));
    await remove(world, 'deployments.apps', 'a', { propagationPolicy: 'Foreground' });
    const orphaning = await remove(world, 'deployments.apps', 'a', { propagationPolicy: 'Orphan' });
    expect(orphaning.stored.object.metadata.finalizers).toEqual(['orphan']);
    expect((await remove(world, 'deployments.apps', 'a', { propagationPolicy: 'Background' })).gone).toBe(true);
  });
});

describe('a namespace', () => {
  test('is held by its kubernetes finalizer until /finalize takes it away', async () => {
    const world = await apiWorld();
    const created = await world.create('namespaces', { metadata: { name: 'a' } });
    expect(created).toMatchObject({ spec: { finalizers: ['kubernetes'] }, status: { phase: 'Active' } });
    const { gone, stored } = await remove(world, 'namespaces', 'a');
    expect(gone).toBe(false);
    const finalize = { ...stored.object, spec: { finalizers: [] } };
    await world.ok('/api/v1/namespaces/a/finalize', { method: 'PUT', body: finalize });
    expect(world.get('namespaces', 'a')).toBeUndefined();
  });

  test('keeps its finalizers through ordinary updates', async () => {
    const world = await apiWorld();
    await world.create('namespaces', { metadata: { name: 'a' } });
    const after = await world.update('namespaces', 'a', (object) => ({
      ...object,
      metadata: { ...object.metadata, labels: { x: 'y' } },
      spec: { finalizers: [] },
    }));
    expect(after.spec).toEqual({ finalizers: ['kubernetes'] });
    expect(after.metadata.labels).toEqual({ x: 'y', 'kubernetes.io/metadata.name': 'a' });
  });

  test('may have finalizers of its owner beside kubernetes', async () => {
    const world = await apiWorld();
    const created = await world.create('namespaces', {
      metadata: { name: 'a' },
      spec: { finalizers: ['example.com/a'] },
    });
    expect(created.spec).toEqual({ finalizers: ['example.com/a', 'kubernetes'] });
  });

  test.each(['default', 'kube-system', 'kube-public'])('%s cannot be deleted', async (name) => {
    const world = await apiWorld();
    await expect(remove(world, 'namespaces', name)).rejects.toMatchObject({
      code: 403,
      reason: 'Forbidden',
      message: `namespaces "${name}" is forbidden: this namespace may not be deleted`,
    });
  });
});
