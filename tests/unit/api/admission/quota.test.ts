// ResourceQuota at the door: what is charged and what is refused, and that a quota is never exceeded, whoever writes
// at the same time, through one server or several.

import { describe, expect, onTestFinished, test } from 'vitest';
import { calculate, quantities } from '../../../../actors/controllers/quota/calculate.ts';
import { quotaControllerUser, resourceQuotaController } from '../../../../actors/controllers/quota/resource-quota.ts';
import { type ApiStack, startApiStack } from '../../../../infra/boot/api-stack.ts';
import { seededRandom } from '../../../../streams/base/random.ts';
import type { AnyObject } from '../../../../streams/resources/meta.ts';
import { resources } from '../../../../streams/resources/names.ts';
import type { ResourceQuota } from '../../../../streams/resources/quota.ts';
import { aPodBody, aServiceBody } from '../../../kit/api-objects.ts';
import { type ApiWorld, apiWorld, type Body, target } from '../../../kit/api-world.ts';
import { LiveCluster } from '../../../kit/live-cluster.ts';

function aQuota(hard: Body, spec: Body = {}): Body {
  return { metadata: { name: 'q' }, spec: { hard, ...spec } };
}

function used(world: ApiWorld): Body {
  return (world.get('resourcequotas', 'q')?.status as { used?: Body } | undefined)?.used ?? {};
}

const asking = (requests: Body, limits: Body = {}) => ({
  containers: [{ name: 'c', image: 'x', resources: { requests, limits } }],
});

describe('a quota', () => {
  test('counts what is recorded and refuses what is too much', async () => {
    const world = await apiWorld();
    await world.create('resourcequotas', aQuota({ pods: '2', 'requests.cpu': '1' }));
    await world.create('pods', aPodBody('a', asking({ cpu: '600m' })));
    expect(used(world)).toEqual({ pods: '1', 'requests.cpu': '600m' });
    await expect(world.create('pods', aPodBody('b', asking({ cpu: '500m' })))).rejects.toMatchObject({
      code: 403,
      message:
        'pods "b" is forbidden: exceeded quota: q, requested: requests.cpu=500m, used: requests.cpu=600m, limited: requests.cpu=1',
    });
    await world.create('pods', aPodBody('b', asking({ cpu: '400m' })));
    await expect(world.create('pods', aPodBody('c', asking({ cpu: '1m' })))).rejects.toMatchObject({
      message:
        'pods "c" is forbidden: exceeded quota: q, requested: pods=1,requests.cpu=1m, used: pods=2,requests.cpu=1, limited: pods=2,requests.cpu=1',
    });
    expect(used(world)).toEqual({ pods: '2', 'requests.cpu': '1' });
  });

  test('of processor or memory wants every container to say how much it takes', async () => {
    const world = await apiWorld();
    await world.create('resourcequotas', aQuota({ 'limits.cpu': '1', memory: '1Gi' }));
    await expect(world.create('pods', aPodBody('a'))).rejects.toMatchObject({
      message: 'pods "a" is forbidden: failed quota: q: must specify limits.cpu for: c; memory for: c',
    });
  });

  test.each<[name: string, resource: string, object: Body, uses: Body]>([
    ['services', 'services', aServiceBody('s'), { services: '2' }],
    ['services.nodeports', 'services', aServiceBody('s', { type: 'NodePort' }), { 'services.nodeports': '1' }],
    [
      'services.loadbalancers',
      'services',
      aServiceBody('s', { type: 'LoadBalancer' }),
      { 'services.loadbalancers': '1' },
    ],
    ['configmaps', 'configmaps', { metadata: { name: 'm' } }, { configmaps: '1' }],
    ['secrets', 'secrets', { metadata: { name: 'm' } }, { secrets: '1' }],
    ['count/configmaps', 'configmaps', { metadata: { name: 'm' } }, { 'count/configmaps': '1' }],
    [
      'count/leases.coordination.k8s.io',
      'leases.coordination.k8s.io',
      { metadata: { name: 'm' } },
      { 'count/leases.coordination.k8s.io': '1' },
    ],
    [
      'requests.example.com/gpu',
      'pods',
      aPodBody('p', asking({ 'example.com/gpu': '2' }, { 'example.com/gpu': '2' })),
      { 'requests.example.com/gpu': '2' },
    ],
    [
      'limits.ephemeral-storage',
      'pods',
      aPodBody('p', asking({}, { 'ephemeral-storage': '1Gi' })),
      { 'limits.ephemeral-storage': '1Gi' },
    ],
    [
      'memory',
      'pods',
      aPodBody('p', {
        ...asking({ memory: '1Gi' }),
        initContainers: [{ name: 'i', image: 'x', resources: { requests: { memory: '2Gi' } } }],
      }),
      { memory: '2Gi' },
    ],
  ])('of %s is used by %s', async (name, resource, object, uses) => {
    const world = await apiWorld();
    await world.create('resourcequotas', aQuota({ [name]: '5Gi' }));
    await world.create(resource, object);
    expect(used(world)).toEqual(uses);
  });

  test.each<[scope: string, spec: Body, pod: Body, counts: boolean]>([
    ['Terminating', { scopes: ['Terminating'] }, { activeDeadlineSeconds: 9 }, true],
    ['Terminating', { scopes: ['Terminating'] }, {}, false],
    ['NotTerminating', { scopes: ['NotTerminating'] }, {}, true],
    ['BestEffort', { scopes: ['BestEffort'] }, {}, true],
    ['BestEffort', { scopes: ['BestEffort'] }, asking({ cpu: '1' }), false],
    ['NotBestEffort', { scopes: ['NotBestEffort'] }, asking({ cpu: '1' }), true],
    ['two at once', { scopes: ['NotBestEffort', 'Terminating'] }, asking({ cpu: '1' }), false],
    ['CrossNamespacePodAffinity', { scopes: ['CrossNamespacePodAffinity'] }, {}, false],
  ])('in scope %s with %j counts the pod %j: %s', async (_, spec, pod, counts) => {
    const world = await apiWorld();
    await world.create('resourcequotas', aQuota({ pods: '5' }, spec));
    await world.create('pods', aPodBody('a', pod));
    expect(used(world).pods).toBe(counts ? '1' : undefined);
  });

  test.each<[operator: string, values: string[], counts: boolean]>([
    ['In', ['system-node-critical'], true],
    ['In', ['other'], false],
    ['NotIn', ['other'], true],
    ['Exists', [], true],
    ['DoesNotExist', [], false],
  ])('for priority classes %s %j counts a critical pod: %s', async (operator, values, counts) => {
    const world = await apiWorld();
    const matchExpressions = [{ scopeName: 'PriorityClass', operator, ...(values.length > 0 && { values }) }];
    await world.create('resourcequotas', aQuota({ pods: '5' }, { scopeSelector: { matchExpressions } }));
    await world.create('pods', aPodBody('a', { priorityClassName: 'system-node-critical' }));
    expect(used(world).pods).toBe(counts ? '1' : undefined);
  });

  test('is charged for what an update uses more, and not for what was there', async () => {
    const world = await apiWorld();
    await world.create('resourcequotas', aQuota({ services: '2', 'services.nodeports': '1' }));
    await world.create('services', aServiceBody('s'));
    await world.update('services', 's', (s) => ({ ...s, spec: { ...(s.spec as object), type: 'NodePort' } }));
    expect(used(world)).toEqual({ services: '2', 'services.nodeports': '1' });
    const more = [
      { name: 'a', port: 80 },
      { name: 'b', port: 81 },
    ];
    await expect(
      world.update('services', 's', (s) => ({ ...s, spec: { ...(s.spec as object), ports: more } })),
    ).rejects.toMatchObject({ message: expect.stringContaining('requested: services.nodeports=1') });
  });

  test('is charged for a pod that grows where it stands', async () => {
    const world = await apiWorld();
    await world.create('resourcequotas', aQuota({ 'requests.cpu': '1' }));
    await world.create('pods', aPodBody('a', asking({ cpu: '500m' })));
    const headers = { 'content-type': 'application/strategic-merge-patch+json' };
    const resize = (cpu: string) => {
      const containers = [{ name: 'c', resources: { requests: { cpu } } }];
      const path = '/api/v1/namespaces/default/pods/a/resize';
      return world.ask(path, { method: 'PATCH', headers, body: { spec: { containers } } });
    };
    expect((await resize('2')).json).toMatchObject({
      code: 403,
      message:
        'pods "a" is forbidden: exceeded quota: q, requested: requests.cpu=1500m, used: requests.cpu=500m, limited: requests.cpu=1',
    });
    expect((await resize('900m')).status).toBe(200);
    expect(used(world)).toEqual({ 'requests.cpu': '900m' });
  });

  test('that nobody has counted yet is counted before it is charged', async () => {
    const world = await apiWorld();
    for (const name of ['a', 'b']) await world.create('configmaps', { metadata: { name } });
    await world.create('resourcequotas', aQuota({ configmaps: '3' }));
    const status = { hard: { configmaps: '3' }, used: {} };
    await world.update('resourcequotas', 'q', (quota) => ({ ...quota, status }), { subresource: 'status' });
    await world.create('configmaps', { metadata: { name: 'c' } });
    expect(used(world)).toEqual({ configmaps: '3' });
    await expect(world.create('configmaps', { metadata: { name: 'd' } })).rejects.toMatchObject({ code: 403 });
  });

  test('is checked and not charged by a dry run', async () => {
    const world = await apiWorld();
    await world.create('resourcequotas', aQuota({ configmaps: '1' }));
    await world.create('configmaps', { metadata: { name: 'a' } }, { dryRun: true });
    expect(used(world)).toEqual({});
    await world.create('configmaps', { metadata: { name: 'a' } });
    await expect(world.create('configmaps', { metadata: { name: 'b' } }, { dryRun: true })).rejects.toMatchObject({
      code: 403,
    });
  });

  test('gets back what a refused write was charged', async () => {
    const world = await apiWorld();
    await world.create('resourcequotas', aQuota({ configmaps: '5' }));
    const same = Array.from({ length: 4 }, () => world.create('configmaps', { metadata: { name: 'a' } }));
    await Promise.allSettled(same);
    await expect.poll(() => used(world)).toEqual({ configmaps: '1' });
  });
});

test('creations at once through two servers on one log never exceed a quota', async () => {
  const world = await apiWorld();
  const other = await anotherServer(world);
  await world.create('resourcequotas', aQuota({ configmaps: '10', 'count/configmaps': '12' }));
  const create = (stack: ApiStack, name: string) => {
    const { kind, namespace } = target('configmaps', name);
    const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } } as AnyObject;
    return stack.registry.create({ kind, namespace, body }, world.context());
  };
  const outcomes = await Promise.allSettled(
    Array.from({ length: 40 }, (_, i) => create(i % 2 === 0 ? world.stack : other, `m${i}`)),
  );
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(10);
  for (const outcome of outcomes) {
    if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 403 });
  }
  expect(used(world)).toEqual({ configmaps: '10', 'count/configmaps': '10' });
});

test('a count that is made when a charge has just been recorded does not forget what it is for', async () => {
  const world = await apiWorld();
  await world.create('resourcequotas', aQuota({ configmaps: '2' }));
  await world.create('configmaps', { metadata: { name: 'a' } });
  const { view, writer } = world.stack;
  let counting: Promise<unknown> | undefined;
  view.resource(resources.resourceQuotas).listen(({ current: { object } }) => {
    const write = { kind: 'update', resource: resources.resourceQuotas, subresource: 'status', object } as const;
    counting ??= writer.write(write, { user: quotaControllerUser, cause: null });
  });
  await world.create('configmaps', { metadata: { name: 'b' } });
  expect(await counting).toMatchObject({ kind: 'done' });
  expect(used(world)).toEqual({ configmaps: '2' });
});

async function anotherServer(world: ApiWorld): Promise<ApiStack> {
  const logger = { debug() {}, info() {}, warn() {}, error() {} };
  const stack = await startApiStack({ log: world.log, clock: world.clock, random: seededRandom('other'), logger });
  onTestFinished(() => stack.feed.stop());
  return stack;
}

describe('with the controller', () => {
  test.each([1, 2, 3])(
    'random creations and deletions never exceed a quota and end with the truth (seed %i)',
    async (seed) => {
      const cluster = await LiveCluster.start({ seed, nodes: 0, only: [resourceQuotaController()], latencyMsMax: 20 });
      onTestFinished(() => cluster.stop());
      const hard = { configmaps: '7', 'count/secrets': '5' };
      const quota = {
        apiVersion: 'v1',
        kind: 'ResourceQuota',
        metadata: { name: 'q', namespace: 'default' },
        spec: { hard },
      };
      const write = (
        kind: 'create' | 'delete',
        resource: typeof resources.configMaps | typeof resources.secrets,
        name: string,
      ) =>
        cluster.writer.write(
          kind === 'delete'
            ? { kind, resource, namespace: 'default', name }
            : {
                kind,
                resource,
                object: {
                  apiVersion: 'v1',
                  kind: resource === resources.secrets ? 'Secret' : 'ConfigMap',
                  metadata: { name, namespace: 'default' },
                },
              },
          { user: 'kubernetes-admin', cause: null },
        );
      await cluster.settled(
        cluster.writer.write(
          { kind: 'create', resource: resources.resourceQuotas, object: quota },
          { user: 'kubernetes-admin', cause: null },
        ),
      );
      const exceeded: string[] = [];
      cluster.view.listen(({ ref, type }) => {
        if (type !== 'ADDED') return;
        const count = cluster.view.list(ref, { namespace: 'default' }).length;
        const limit = ref.resource === 'configmaps' ? 7 : ref.resource === 'secrets' ? 5 : count;
        if (count > limit) exceeded.push(`${count} ${ref.resource}`);
      });
      const random = seededRandom(seed);
      let created = 0;
      const pending: Promise<unknown>[] = [];
      for (let step = 0; step < 300; step++) {
        const resource = random.int(2) === 0 ? resources.configMaps : resources.secrets;
        pending.push(
          write(random.int(3) === 0 ? 'delete' : 'create', resource, `n${random.int(12)}`).then(({ kind }) => {
            if (kind === 'done') created++;
          }),
        );
        if (random.int(4) === 0) await cluster.clock.advance(random.int(30));
      }
      await cluster.settled(Promise.all(pending));
      await cluster.pass(3);
      expect(exceeded).toEqual([]);
      expect(created).toBeGreaterThan(30);
      const now = cluster.view.get<ResourceQuota>(resources.resourceQuotas, { namespace: 'default', name: 'q' });
      expect(now?.status).toEqual({
        hard,
        used: quantities(calculate(cluster.view, now as ResourceQuota, cluster.clock.now())),
      });
      // All that may be used can be used: nothing was charged for good.
      await cluster.settled(
        Promise.all(Array.from({ length: 12 }, (_, i) => write('create', resources.configMaps, `n${i}`))),
      );
      expect(cluster.view.list(resources.configMaps, { namespace: 'default' })).toHaveLength(7);
    },
  );
});
