import { describe, expect, test } from 'vitest';
import type { AnyObject } from '../../../../streams/resources/meta.ts';
import { aConfigMap, aPodBody, aServiceBody } from '../../../kit/api-objects.ts';
import { type ApiWorld, apiWorld, type Body } from '../../../kit/api-world.ts';

const services = '/api/v1/namespaces/default/services';

function specOf(object: AnyObject | undefined): Body & { clusterIP: string; ports: Body[] } {
  return object?.spec as Body & { clusterIP: string; ports: Body[] };
}

function remove(world: ApiWorld, path: string) {
  return world.ok(path, { method: 'DELETE' });
}

describe('namespaces', () => {
  test('that are absent or going take nothing new', async () => {
    const world = await apiWorld();
    await world.create('namespaces', { metadata: { name: 'a' } });
    await world.create('configmaps', { metadata: { name: 'old', namespace: 'a' } });
    await remove(world, '/api/v1/namespaces/a');
    const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'new' } };
    expect(await world.refused('/api/v1/namespaces/a/configmaps', { method: 'POST', body })).toMatchObject({
      code: 403,
      reason: 'Forbidden',
      message:
        'configmaps "new" is forbidden: unable to create new content in namespace a because it is being terminated',
      details: {
        name: 'new',
        kind: 'configmaps',
        causes: [
          { reason: 'NamespaceTerminating', message: 'namespace a is being terminated', field: 'metadata.namespace' },
        ],
      },
    });
    // What is there may still change and go.
    const headers = { 'content-type': 'application/merge-patch+json' };
    await world.ok('/api/v1/namespaces/a/configmaps/old', { method: 'PATCH', headers, body: { data: { a: '2' } } });
    await remove(world, '/api/v1/namespaces/a/configmaps/old');
    expect(await world.refused('/api/v1/namespaces/b/configmaps', { method: 'POST', body })).toMatchObject({
      code: 404,
      message: 'namespaces "b" not found',
    });
  });
});

describe('service accounts', () => {
  test('of a pod must exist', async () => {
    const world = await apiWorld();
    await expect(world.create('pods', aPodBody('a', { serviceAccountName: 'x' }))).rejects.toMatchObject({
      code: 403,
      message: 'pods "a" is forbidden: error looking up service account default/x: serviceaccount "x" not found',
    });
  });

  test('give their pull secrets, and their token unless pod or account decline', async () => {
    const world = await apiWorld();
    await world.create('serviceaccounts', {
      metadata: { name: 's' },
      imagePullSecrets: [{ name: 'p' }],
      automountServiceAccountToken: false,
    });
    const plain = await world.create('pods', aPodBody('a', { serviceAccountName: 's' }));
    expect(plain.spec).toMatchObject({ imagePullSecrets: [{ name: 'p' }] });
    expect(plain.spec).not.toHaveProperty('volumes');
    const own = await world.create(
      'pods',
      aPodBody('b', { serviceAccountName: 's', automountServiceAccountToken: true, imagePullSecrets: [{ name: 'q' }] }),
    );
    expect(own.spec).toMatchObject({ imagePullSecrets: [{ name: 'q' }] });
    expect((own.spec as Body).volumes).toHaveLength(1);
    const declined = await world.create('pods', aPodBody('c', { automountServiceAccountToken: false }));
    expect(declined.spec).not.toHaveProperty('volumes');
  });

  test('mount into every container that has nothing there, init containers too', async () => {
    const world = await apiWorld();
    const mountPath = '/var/run/secrets/kubernetes.io/serviceaccount';
    const containers = [
      { name: 'c', image: 'x' },
      { name: 'd', image: 'x', volumeMounts: [{ name: 'v', mountPath }] },
    ];
    const pod = await world.create(
      'pods',
      aPodBody('a', { containers, initContainers: [{ name: 'i', image: 'x' }], volumes: [{ name: 'v' }] }),
    );
    const spec = pod.spec as { containers: { volumeMounts: Body[] }[]; initContainers: { volumeMounts: Body[] }[] };
    expect(spec.containers.map(({ volumeMounts }) => volumeMounts.length)).toEqual([1, 1]);
    expect(spec.containers[1]?.volumeMounts).toMatchObject([{ name: 'v' }]);
    expect(spec.initContainers[0]?.volumeMounts).toMatchObject([{ mountPath, readOnly: true }]);
  });
});

describe('priority', () => {
  test('follows the class; what a client says instead is refused', async () => {
    const world = await apiWorld();
    const critical = await world.create('pods', aPodBody('a', { priorityClassName: 'system-node-critical' }));
    expect(critical.spec).toMatchObject({ priority: 2_000_001_000 });
    for (const priorityClassName of ['mine', 'constructor']) {
      await expect(world.create('pods', aPodBody('b', { priorityClassName }))).rejects.toMatchObject({
        code: 403,
        message: `pods "b" is forbidden: no PriorityClass with name ${priorityClassName} was found`,
      });
    }
    await expect(world.create('pods', aPodBody('b', { priority: 5 }))).rejects.toMatchObject({
      code: 403,
      message:
        'pods "b" is forbidden: the integer value of priority (5) must not be provided in pod spec; priority admission controller computed 0 from the given PriorityClass name',
    });
    expect((await world.create('pods', aPodBody('c', { priority: 0 }))).spec).toMatchObject({ priority: 0 });
  });
});

describe('tolerations', () => {
  test.each([
    [[], ['not-ready', 'unreachable']],
    [[{ key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute' }], ['unreachable']],
    [[{ key: 'node.kubernetes.io/not-ready', operator: 'Exists' }], ['unreachable']],
    [[{ key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoSchedule' }], ['not-ready', 'unreachable']],
    [[{ operator: 'Exists' }], []],
  ])('of %j are joined by %j for five minutes', async (tolerations, added) => {
    const world = await apiWorld();
    const pod = await world.create('pods', aPodBody('a', { tolerations }));
    const more = added.map((name) => ({
      key: `node.kubernetes.io/${name}`,
      operator: 'Exists',
      effect: 'NoExecute',
      tolerationSeconds: 300,
    }));
    const all = (pod.spec as { tolerations?: Body[] }).tolerations ?? [];
    expect(all).toEqual([...tolerations, ...more]);
  });
});

test('a new node takes no pods before its health is known', async () => {
  const world = await apiWorld();
  const taint = { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' };
  expect((await world.create('nodes', { metadata: { name: 'a' } })).spec).toEqual({ taints: [taint] });
  const own = { key: 'x', effect: 'NoExecute' };
  expect((await world.create('nodes', { metadata: { name: 'b' }, spec: { taints: [own, taint] } })).spec).toEqual({
    taints: [own, taint],
  });
  const cleared = await world.update('nodes', 'a', (object) => ({ ...object, spec: {} }));
  expect(cleared.spec).toEqual({});
});

describe('service addresses', () => {
  test('are given once, however many services are created at once', async () => {
    const world = await apiWorld();
    const all = Array.from({ length: 300 }, (_, i) =>
      world.create(
        'services',
        aServiceBody(`s${i}`, {
          type: 'NodePort',
          ports: [
            { port: 1, name: 'a' },
            { port: 2, name: 'b' },
          ],
        }),
      ),
    );
    const made = (await Promise.all(all)).map(specOf);
    expect(new Set(made.map(({ clusterIP }) => clusterIP)).size).toBe(300);
    expect(new Set(made.flatMap(({ ports }) => ports.map(({ nodePort }) => nodePort))).size).toBe(600);
  });

  test.each([
    ['address', { clusterIP: '10.96.7.7' }],
    ['node port', { type: 'NodePort', ports: [{ port: 80, nodePort: 30_007 }] }],
  ])('of the same %s asked for by many at once go to one', async (_, spec) => {
    const world = await apiWorld();
    const all = Array.from({ length: 10 }, (__, i) => world.create('services', aServiceBody(`s${i}`, spec)));
    const outcomes = await Promise.allSettled(all);
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const outcome of outcomes)
      if (outcome.status === 'rejected')
        expect(outcome.reason).toMatchObject({ code: 422, message: expect.stringContaining('is already allocated') });
  });

  test('are free again once their service has gone or was never made', async () => {
    const world = await apiWorld();
    const spec = { type: 'NodePort', clusterIP: '10.96.7.7', ports: [{ port: 80, nodePort: 30_007 }] };
    await expect(
      world.create('services', aServiceBody('a', { ...spec, sessionAffinity: 'None', selector: { a: '-' } })),
    ).rejects.toMatchObject({ code: 422 });
    await world.create('services', aServiceBody('a', spec));
    await expect(world.create('services', aServiceBody('a', { clusterIP: '10.96.7.8' }))).rejects.toMatchObject({
      code: 409,
    });
    await remove(world, `${services}/a`);
    await world.create('services', aServiceBody('b', spec));
    await world.create('services', aServiceBody('c', { clusterIP: '10.96.7.8' }));
    await world.ok(`${services}?dryRun=All`, {
      method: 'POST',
      body: { ...aServiceBody('d', { clusterIP: '10.96.7.9' }) },
    });
    await world.create('services', aServiceBody('e', { clusterIP: '10.96.7.9' }));
  });

  test('stay through updates, with their node ports', async () => {
    const world = await apiWorld();
    const created = specOf(await world.create('services', aServiceBody('a', { type: 'NodePort' })));
    const { metadata } = world.get('services', 'a') as AnyObject;
    const put = (spec: Body) =>
      world.ok(`${services}/a`, {
        method: 'PUT',
        body: { apiVersion: 'v1', kind: 'Service', metadata: { name: 'a', uid: metadata.uid }, spec },
      });
    const again = specOf(
      await put({
        type: 'NodePort',
        selector: { app: 'b' },
        ports: [{ port: 80 }, { port: 81, name: 'b' }].map((p) => ({ name: 'a', ...p })),
      }),
    );
    expect(again.clusterIP).toBe(created.clusterIP);
    expect(again.ports[0]?.nodePort).toBe(created.ports[0]?.nodePort);
    expect(again.ports[1]?.nodePort).not.toBe(again.ports[0]?.nodePort);
    const inside = specOf(await put({ type: 'ClusterIP', ports: [{ port: 80 }] }));
    expect(inside.clusterIP).toBe(created.clusterIP);
    expect(inside.ports[0]).not.toHaveProperty('nodePort');
  });

  test('go with the type that needed them, and come with it', async () => {
    const world = await apiWorld();
    await world.create('services', aServiceBody('a', { type: 'ExternalName', externalName: 'x.y' }));
    const headers = { 'content-type': 'application/merge-patch+json' };
    const patch = (spec: Body) => world.ok(`${services}/a`, { method: 'PATCH', headers, body: { spec } });
    expect(specOf(await patch({ type: 'ClusterIP', externalName: null })).clusterIP).toMatch(/^10\.96\./);
    const outside = specOf(await patch({ type: 'ExternalName', externalName: 'x.y' }));
    expect(outside).not.toHaveProperty('clusterIP');
    expect(outside).not.toHaveProperty('clusterIPs');
  });

  test('one node port may serve two protocols of one service', async () => {
    const world = await apiWorld();
    const ports = [
      { name: 'a', port: 53, protocol: 'TCP', nodePort: 30_053 },
      { name: 'b', port: 53, protocol: 'UDP', nodePort: 30_053 },
    ];
    await world.create('services', aServiceBody('a', { type: 'NodePort', ports }));
  });
});

test('a refusal by admission leaves nothing behind', async () => {
  const world = await apiWorld();
  const before = await world.events();
  await expect(world.create('pods', aPodBody('a', { priorityClassName: 'x' }))).rejects.toThrow();
  expect(await world.events()).toEqual(before);
  await world.create('configmaps', aConfigMap('a'));
});
