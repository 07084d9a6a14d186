import { describe, expect, test } from 'vitest';
import type { AnyObject } from '../../../../streams/resources/meta.ts';
import { aConfigMap, aDeploymentBody, aPodBody } from '../../../kit/api-objects.ts';
import { type ApiWorld, apiWorld, target } from '../../../kit/api-world.ts';

function unlocked(object: AnyObject): AnyObject {
  const { resourceVersion: _, ...metadata } = object.metadata;
  return { ...object, metadata } as AnyObject;
}

function put(world: ApiWorld, path: string, body: object) {
  return world.ask(path, { method: 'PUT', body: body as Record<string, unknown> });
}

const configMaps = '/api/v1/namespaces/default/configmaps';

describe('an update at the version the client read', () => {
  test('is recorded at a new, greater revision', async () => {
    const world = await apiWorld();
    const before = await world.create('configmaps', aConfigMap('a'));
    const after = await world.update('configmaps', 'a', (object) => ({ ...object, data: { a: '2' } }));
    expect(after.data).toEqual({ a: '2' });
    expect(Number(after.metadata.resourceVersion)).toBeGreaterThan(Number(before.metadata.resourceVersion));
    expect(world.get('configmaps', 'a')).toEqual(after);
  });

  test('is refused where the object has changed meanwhile', async () => {
    const world = await apiWorld();
    const read = await world.create('configmaps', aConfigMap('a'));
    await world.update('configmaps', 'a', (object) => ({ ...object, data: { a: '2' } }));
    const answer = await put(world, `${configMaps}/a`, { ...read, data: { a: '3' } });
    expect(answer.json).toMatchObject({
      code: 409,
      reason: 'Conflict',
      message:
        'Operation cannot be fulfilled on configmaps "a": the object has been modified; please apply your changes to the latest version and try again',
      details: { name: 'a', kind: 'configmaps' },
    });
    expect(world.get('configmaps', 'a')?.data).toEqual({ a: '2' });
  });

  test('wins exactly once, however many try', async () => {
    const world = await apiWorld();
    await world.create('configmaps', aConfigMap('a'));
    const writes = Array.from({ length: 20 }, (_, i) =>
      world.update('configmaps', 'a', (object) => ({ ...object, data: { by: String(i) } })),
    );
    const outcomes = await Promise.allSettled(writes);
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const outcome of outcomes)
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ reason: 'Conflict' });
  });
});

describe('an update without resourceVersion', () => {
  test('replaces the newest version, whatever it is; all of many at once go through', async () => {
    const world = await apiWorld();
    const read = unlocked(await world.create('configmaps', aConfigMap('a')));
    const before = (await world.events()).length;
    const writes = Array.from({ length: 20 }, (_, i) =>
      put(world, `${configMaps}/a`, { ...read, data: { by: String(i) } }),
    );
    const answers = await Promise.all(writes);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    const revisions = answers.map(({ json }) => (json as unknown as AnyObject).metadata.resourceVersion);
    expect(new Set(revisions).size).toBe(20);
    expect(await world.events()).toHaveLength(before + 20);
  });

  test('is the same with resourceVersion 0', async () => {
    const world = await apiWorld();
    const { metadata, ...rest } = await world.create('configmaps', aConfigMap('a'));
    const answer = await put(world, `${configMaps}/a`, {
      ...rest,
      metadata: { ...metadata, resourceVersion: '0' },
      data: { a: '2' },
    });
    expect(answer.status).toBe(200);
  });

  test('is refused for a lease', async () => {
    const world = await apiWorld();
    const lease = unlocked(await world.create('leases.coordination.k8s.io', { metadata: { name: 'a' }, spec: {} }));
    const answer = await put(world, '/apis/coordination.k8s.io/v1/namespaces/default/leases/a', lease);
    expect(answer.json).toMatchObject({
      code: 422,
      reason: 'Invalid',
      message:
        'Lease.coordination.k8s.io "a" is invalid: metadata.resourceVersion: Invalid value: 0: must be specified for an update',
    });
  });
});

describe('an update keeps', () => {
  test('what the server owns of the metadata', async () => {
    const world = await apiWorld();
    const before = await world.create('deployments.apps', aDeploymentBody('a'));
    const after = await world.update('deployments.apps', 'a', (object) => ({
      ...object,
      metadata: {
        ...object.metadata,
        labels: { app: 'a', more: 'yes' },
        creationTimestamp: '2001-01-01T00:00:00Z',
        generation: 99,
        deletionTimestamp: '2001-01-01T00:00:00Z',
      },
    }));
    expect(after.metadata.labels).toEqual({ app: 'a', more: 'yes' });
    expect(after.metadata.creationTimestamp).toBe(before.metadata.creationTimestamp);
    expect(after.metadata.generation).toBe(1);
    expect(after.metadata).not.toHaveProperty('deletionTimestamp');
  });

  test('the uid: another one is a conflict', async () => {
    const world = await apiWorld();
    const { metadata, ...rest } = await world.create('configmaps', aConfigMap('a'));
    const answer = await put(world, `${configMaps}/a`, { ...rest, metadata: { ...metadata, uid: 'other' } });
    expect(answer.json).toMatchObject({ code: 409, reason: 'Conflict' });
    expect((answer.json as { message: string }).message).toContain(
      `Precondition failed: UID in precondition: other, UID in object meta: ${metadata.uid}`,
    );
  });

  test.each([
    ['name', { name: 'b' }, 'the name of the object (b) does not match the name on the URL (a)'],
    [
      'namespace',
      { namespace: 'kube-system' },
      'the namespace of the provided object does not match the namespace sent on the request',
    ],
    [
      'name: none is not one',
      { name: '' },
      'the name of the object (a based on URL) was undeterminable: name must be provided',
    ],
  ])('the %s', async (_, change, message) => {
    const world = await apiWorld();
    const { metadata, ...rest } = await world.create('configmaps', aConfigMap('a'));
    const answer = await put(world, `${configMaps}/a`, { ...rest, metadata: { ...metadata, ...change } });
    expect(answer.json).toMatchObject({ code: 400, reason: 'BadRequest', message });
  });
});

describe('a write that changes nothing', () => {
  test('appends nothing and keeps the resourceVersion', async () => {
    const world = await apiWorld();
    const before = await world.create('deployments.apps', aDeploymentBody('a'));
    const events = (await world.events()).length;
    world.clock.jump(60_000);
    const path = '/apis/apps/v1/namespaces/default/deployments/a';
    expect((await put(world, path, before)).json).toEqual(before);
    expect((await put(world, path, unlocked(before))).json).toEqual(before);
    expect((await put(world, `${path}/status`, before)).json).toEqual(before);
    for (const type of ['merge-patch', 'strategic-merge-patch', 'json-patch']) {
      const patched = await world.ok(path, {
        method: 'PATCH',
        headers: { 'content-type': `application/${type}+json` },
        body: type === 'json-patch' ? [{ op: 'replace', path: '/spec/replicas', value: 3 }] : { spec: { replicas: 3 } },
      });
      expect(patched).toEqual(before);
    }
    expect(await world.events()).toHaveLength(events);
  });

  test('is recognised where only the order of fields differs', async () => {
    const world = await apiWorld();
    const before = await world.create('configmaps', aConfigMap('a', { x: '1', y: '2' }));
    const answer = await put(world, `${configMaps}/a`, { ...before, data: { y: '2', x: '1' } });
    expect((answer.json as unknown as AnyObject).metadata.resourceVersion).toBe(before.metadata.resourceVersion);
  });
});

describe('the generation', () => {
  test('goes up with the spec and with nothing else', async () => {
    const world = await apiWorld();
    await world.create('deployments.apps', aDeploymentBody('a'));
    const step = (change: (object: AnyObject) => object, subresource?: string) =>
      world.update('deployments.apps', 'a', change, subresource === undefined ? {} : { subresource });
    const spec = (object: AnyObject) => object.spec as object;
    expect((await step((o) => ({ ...o, spec: { ...spec(o), replicas: 5 } }))).metadata.generation).toBe(2);
    expect((await step((o) => ({ ...o, status: { replicas: 5 } }), 'status')).metadata.generation).toBe(2);
    expect((await step((o) => ({ ...o, metadata: { ...o.metadata, labels: { x: 'y' } } }))).metadata.generation).toBe(
      2,
    );
    expect((await step((o) => ({ ...o, spec: { ...spec(o), paused: true } }))).metadata.generation).toBe(3);
  });

  test('of a deployment also goes up with its annotations', async () => {
    const world = await apiWorld();
    await world.create('deployments.apps', aDeploymentBody('a'));
    const annotated = await world.update('deployments.apps', 'a', (object) => ({
      ...object,
      metadata: { ...object.metadata, annotations: { a: 'b' } },
    }));
    expect(annotated.metadata.generation).toBe(2);
  });

  test('goes up when the replicas are scaled', async () => {
    const world = await apiWorld();
    await world.create('deployments.apps', aDeploymentBody('a'));
    await world.ok('/apis/apps/v1/namespaces/default/deployments/a/scale', {
      method: 'PUT',
      body: { apiVersion: 'autoscaling/v1', kind: 'Scale', metadata: { name: 'a' }, spec: { replicas: 7 } },
    });
    expect(world.get('deployments.apps', 'a')).toMatchObject({ metadata: { generation: 2 }, spec: { replicas: 7 } });
  });

  test('of a pod stays when it is bound', async () => {
    const world = await apiWorld();
    await world.create('pods', aPodBody('a'));
    await world.stack.writer.write(
      { kind: 'bind', namespace: 'default', name: 'a', uid: world.get('pods', 'a')?.metadata.uid ?? '', node: 'n' },
      { user: 'system:kube-scheduler', agent: '', cause: null },
    );
    expect(world.get('pods', 'a')).toMatchObject({ metadata: { generation: 1 }, spec: { nodeName: 'n' } });
  });
});

describe('the main endpoint and /status', () => {
  test('each change what is theirs', async () => {
    const world = await apiWorld();
    await world.create('deployments.apps', aDeploymentBody('a'));
    const both = (object: AnyObject) => ({
      ...object,
      spec: { ...(object.spec as object), replicas: 8 },
      status: { replicas: 8 },
    });
    const main = await world.update('deployments.apps', 'a', both);
    expect(main.spec).toMatchObject({ replicas: 8 });
    expect(main.status).toEqual({});
    const status = await world.update(
      'deployments.apps',
      'a',
      (object) => ({ ...object, spec: { ...(object.spec as object), replicas: 1 }, status: { replicas: 4 } }),
      { subresource: 'status' },
    );
    expect(status.spec).toMatchObject({ replicas: 8 });
    expect(status.status).toEqual({ replicas: 4 });
  });

  test('a status write may annotate; labels change with it too, but not those of a deployment', async () => {
    const world = await apiWorld();
    await world.create('pods', { ...aPodBody('a'), metadata: { name: 'a', labels: { app: 'a' } } });
    await world.create('deployments.apps', aDeploymentBody('a'));
    const change = (object: AnyObject) => ({
      ...object,
      metadata: { ...object.metadata, annotations: { seen: 'yes' }, labels: { app: 'b' } },
      status: { ...(object.status as object), reason: 'x', replicas: 1 },
    });
    const pod = await world.update('pods', 'a', change, { subresource: 'status' });
    expect(pod.metadata).toMatchObject({ annotations: { seen: 'yes' }, labels: { app: 'b' } });
    const deployment = await world.update('deployments.apps', 'a', change, { subresource: 'status' });
    expect(deployment.metadata).toMatchObject({ annotations: { seen: 'yes' }, labels: { app: 'a' } });
    expect(deployment.metadata.generation).toBe(1);
  });

  test('a status write takes no finalizers, owners or deletion', async () => {
    const world = await apiWorld();
    await world.create('pods', aPodBody('a'));
    const owner = { apiVersion: 'v1', kind: 'Pod', name: 'x', uid: 'y' };
    const pod = await world.update(
      'pods',
      'a',
      (object) => ({
        ...object,
        metadata: { ...object.metadata, ownerReferences: [owner], deletionTimestamp: '2026-01-01T00:00:00Z' },
      }),
      { subresource: 'status' },
    );
    expect(pod.metadata).not.toHaveProperty('ownerReferences');
    expect(pod.metadata).not.toHaveProperty('deletionTimestamp');
  });
});

describe('an update of an object that is being deleted', () => {
  async function deleting(world: ApiWorld, finalizers: readonly string[]) {
    await world.create('configmaps', { metadata: { name: 'a', finalizers } });
    await world.ok(`${configMaps}/a`, { method: 'DELETE' });
  }

  test('removes it with the last finalizer', async () => {
    const world = await apiWorld();
    await deleting(world, ['example.com/a', 'example.com/b']);
    const without = (count: number) => (object: AnyObject) => ({
      ...object,
      metadata: { ...object.metadata, finalizers: object.metadata.finalizers?.slice(count) },
    });
    await world.update('configmaps', 'a', without(1));
    expect(world.get('configmaps', 'a')?.metadata.finalizers).toEqual(['example.com/b']);
    await world.update('configmaps', 'a', without(1));
    expect(world.get('configmaps', 'a')).toBeUndefined();
    expect((await world.events()).at(-1)).toMatchObject({ type: 'configmap.deleted', from: 'Terminating', to: null });
  });

  test('may not add finalizers', async () => {
    const world = await apiWorld();
    await deleting(world, ['example.com/a']);
    const adding = world.update('configmaps', 'a', (object) => ({
      ...object,
      metadata: { ...object.metadata, finalizers: ['example.com/a', 'example.com/c'] },
    }));
    await expect(adding).rejects.toMatchObject({
      code: 422,
      message:
        'ConfigMap "a" is invalid: metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{"example.com/c"}',
    });
  });

  test('keeps it marked', async () => {
    const world = await apiWorld();
    await deleting(world, ['example.com/a']);
    const was = world.get('configmaps', 'a')?.metadata.deletionTimestamp;
    const after = await world.update(
      'configmaps',
      'a',
      ({ metadata: { deletionTimestamp: _, ...metadata }, ...rest }) => ({
        ...rest,
        metadata,
        data: { a: '2' },
      }),
    );
    expect(after.metadata.deletionTimestamp).toBe(was);
    expect(was).toBeDefined();
  });
});

describe('a PUT of a name that is absent', () => {
  test('creates leases, services, endpoints and events, nothing else', async () => {
    const world = await apiWorld();
    const lease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name: 'a' }, spec: {} };
    expect((await put(world, '/apis/coordination.k8s.io/v1/namespaces/default/leases/a', lease)).status).toBe(201);
    const endpoints = { apiVersion: 'v1', kind: 'Endpoints', metadata: { name: 'a' } };
    expect((await put(world, '/api/v1/namespaces/default/endpoints/a', endpoints)).status).toBe(201);
    const service = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'a' }, spec: { ports: [{ port: 1 }] } };
    expect((await put(world, '/api/v1/namespaces/default/services/a', service)).status).toBe(201);
    const answer = await put(world, `${configMaps}/a`, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'a' },
    });
    expect(answer.json).toMatchObject({ code: 404, reason: 'NotFound', message: 'configmaps "a" not found' });
  });
});

test('updates through the registry find objects by kind, namespace and name', async () => {
  const world = await apiWorld();
  const absent = world.stack.registry.update(target('pods', 'x'), { change: ({ object }) => object }, world.context());
  await expect(absent).rejects.toMatchObject({ code: 404, reason: 'NotFound', message: 'pods "x" not found' });
});
