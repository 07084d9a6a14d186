import { describe, expect, test } from 'vitest';
import { aConfigMap, aDeploymentBody, aPodBody } from '../../../kit/api-objects.ts';
import { apiWorld } from '../../../kit/api-world.ts';

describe('a created object', () => {
  test('gets its identity from the server, whatever the client says of it', async () => {
    const world = await apiWorld();
    const created = await world.create('configmaps', {
      metadata: {
        name: 'a',
        uid: 'mine',
        creationTimestamp: '2001-01-01T00:00:00Z',
        generation: 7,
        deletionTimestamp: '2001-01-01T00:00:00Z',
        deletionGracePeriodSeconds: 5,
      },
    });
    expect(created.metadata).toMatchObject({
      name: 'a',
      namespace: 'default',
      creationTimestamp: '2026-01-01T00:00:00Z',
      resourceVersion: String(world.stack.view.revision('LOG')),
    });
    expect(created.metadata.uid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(created.metadata).not.toHaveProperty('generation');
    expect(created.metadata).not.toHaveProperty('deletionTimestamp');
    expect(created.metadata).not.toHaveProperty('deletionGracePeriodSeconds');
    expect(world.get('configmaps', 'a')).toEqual(created);
  });

  test('counts its spec from 1 where the kind counts', async () => {
    const world = await apiWorld();
    expect((await world.create('deployments.apps', aDeploymentBody('a'))).metadata.generation).toBe(1);
    expect((await world.create('pods', aPodBody('a'))).metadata.generation).toBe(1);
    expect(
      (await world.create('services', { metadata: { name: 'a' }, spec: { ports: [{ port: 1 }] } })).metadata,
    ).not.toHaveProperty('generation');
  });

  test('has no status but its first one', async () => {
    const world = await apiWorld();
    const deployment = await world.create('deployments.apps', { ...aDeploymentBody('a'), status: { replicas: 9 } });
    expect(deployment.status).toEqual({});
    const pod = await world.create('pods', { ...aPodBody('a'), status: { phase: 'Running', podIP: '1.2.3.4' } });
    expect(pod.status).toEqual({ phase: 'Pending', qosClass: 'BestEffort' });
  });

  test('that is a node keeps the status its kubelet registers it with', async () => {
    const world = await apiWorld();
    const node = await world.create('nodes', { metadata: { name: 'n' }, status: { capacity: { cpu: '4' } } });
    expect(node.status).toEqual({ capacity: { cpu: '4' }, allocatable: { cpu: '4' } });
  });

  test('is named by generateName where it has no name', async () => {
    const world = await apiWorld();
    const created = await world.create('configmaps', { metadata: { generateName: 'web-' } });
    expect(created.metadata.name).toMatch(/^web-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
    expect(created.metadata.generateName).toBe('web-');
    const long = await world.create('configmaps', { metadata: { generateName: 'x'.repeat(100) } });
    expect(long.metadata.name).toMatch(/^x{58}[bcdfghjklmnpqrstvwxz2456789]{5}$/);
    const named = await world.create('configmaps', { metadata: { name: 'own', generateName: 'web-' } });
    expect(named.metadata.name).toBe('own');
  });

  test('of cluster scope lies in no namespace', async () => {
    const world = await apiWorld();
    const created = await world.create('namespaces', { metadata: { name: 'a', namespace: 'elsewhere' } });
    expect(created.metadata).not.toHaveProperty('namespace');
  });
});

describe('a creation is refused', () => {
  test('where the name is taken', async () => {
    const world = await apiWorld();
    await world.create('configmaps', aConfigMap('a'));
    await expect(world.create('configmaps', aConfigMap('a'))).rejects.toMatchObject({
      code: 409,
      reason: 'AlreadyExists',
      message: 'configmaps "a" already exists',
    });
    await world.create('deployments.apps', aDeploymentBody('a'));
    await expect(world.create('deployments.apps', aDeploymentBody('a'))).rejects.toMatchObject({
      message: 'deployments.apps "a" already exists',
    });
  });

  test('where the object of that name is on its way out', async () => {
    const world = await apiWorld();
    await world.create('configmaps', { metadata: { name: 'a', finalizers: ['example.com/hold'] } });
    await world.ok('/api/v1/namespaces/default/configmaps/a', { method: 'DELETE' });
    await expect(world.create('configmaps', aConfigMap('a'))).rejects.toMatchObject({
      message: 'object is being deleted: configmaps "a" already exists',
    });
  });

  test('with a resourceVersion', async () => {
    const world = await apiWorld();
    const body = { metadata: { name: 'a', resourceVersion: '5' } };
    await expect(world.create('configmaps', body)).rejects.toMatchObject({
      code: 400,
      message: 'resourceVersion should not be set on objects to be created',
    });
  });

  test('without a name', async () => {
    const world = await apiWorld();
    await expect(world.create('configmaps', { metadata: {} })).rejects.toMatchObject({
      code: 422,
      message: 'ConfigMap "" is invalid: metadata.name: Required value: name or generateName is required',
    });
  });

  test.each([
    [
      'of another namespace',
      { metadata: { name: 'a', namespace: 'kube-system' } },
      'the namespace of the provided object does not match the namespace sent on the request',
    ],
    [
      'of another kind',
      { kind: 'Secret', metadata: { name: 'a' } },
      'Secret in version "v1" cannot be handled as a ConfigMap: converting (v1.Secret) to (v1.ConfigMap): unknown conversion',
    ],
  ])('%s', async (_, body, message) => {
    const world = await apiWorld();
    const refused = await world.refused('/api/v1/namespaces/default/configmaps', {
      method: 'POST',
      body: { apiVersion: 'v1', kind: 'ConfigMap', ...body },
    });
    expect(refused).toMatchObject({ code: 400, reason: 'BadRequest', message });
  });

  test('and leaves no event behind', async () => {
    const world = await apiWorld();
    const before = (await world.events()).length;
    await expect(world.create('configmaps', { metadata: { name: 'Bad Name' } })).rejects.toThrow();
    await expect(world.create('configmaps', { metadata: { name: 'a', namespace: 'absent' } })).rejects.toMatchObject({
      code: 404,
      message: 'namespaces "absent" not found',
    });
    expect(await world.events()).toHaveLength(before);
  });
});

test('eight names are generated before a collision is told', async () => {
  const world = await apiWorld();
  // Every name that could be generated is taken by a view that always finds something there.
  const { registry } = world.stack;
  const stored = registry.view.stored.bind(registry.view);
  const asked: string[] = [];
  registry.view.stored = (name, key) => {
    if (name.resource !== 'configmaps') return stored(name, key);
    asked.push(key.name);
    return stored({ group: '', resource: 'namespaces' }, { name: 'default' });
  };
  await expect(world.create('configmaps', { metadata: { generateName: 'web-' } })).rejects.toMatchObject({
    reason: 'AlreadyExists',
  });
  expect(new Set(asked).size).toBe(8);
});

test('of two creations of one name at once exactly one wins', async () => {
  const world = await apiWorld();
  const all = Array.from({ length: 20 }, (_, i) => world.create('configmaps', aConfigMap('a', { by: String(i) })));
  const outcomes = await Promise.allSettled(all);
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  for (const outcome of outcomes)
    if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ reason: 'AlreadyExists' });
});
