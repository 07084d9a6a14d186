import { describe, expect, test } from 'vitest';
import type { Revision } from '../../../../streams/base/brand.ts';
import type { Cause } from '../../../../streams/log/event.ts';
import { aConfigMap, aDeploymentBody, aPodBody, aServiceBody } from '../../../kit/api-objects.ts';
import { apiWorld } from '../../../kit/api-world.ts';

describe('a recorded event', () => {
  test('says who did it, with what, and why', async () => {
    const world = await apiWorld();
    const cause: Cause = { stream: 'LOG', revision: 3 as Revision };
    await world.create('configmaps', aConfigMap('a'), {
      user: { username: 'jane', groups: [] },
      agent: 'kubectl-create',
      cause,
    });
    const last = (await world.events()).at(-1);
    expect(last).toMatchObject({
      type: 'configmap.created',
      from: null,
      to: 'Present',
      author: { user: 'jane', agent: 'kubectl-create' },
      cause,
      subject: 'log._.configmaps.default.a',
    });
    expect(last?.seen).toBe((last?.revision ?? 0) - 1);
  });

  test('says what had been seen when it was decided, whatever was waited for since', async () => {
    const world = await apiWorld();
    await world.create('resourcequotas', { metadata: { name: 'q' }, spec: { hard: { pods: '1' } } });
    await world.create('pods', aPodBody('a'));
    const [charged, created] = (await world.events()).slice(-2);
    expect([charged?.type, created?.type]).toEqual(['resourcequota.updated', 'pod.created']);
    expect(created?.seen).toBe((charged?.revision ?? 0) - 1);
  });

  test('of a request over HTTP names the certificate’s user and the field manager', async () => {
    const world = await apiWorld();
    const post = (query: string) =>
      world.ok(`/api/v1/namespaces/default/configmaps${query}`, {
        method: 'POST',
        body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { generateName: 'a-' } },
        headers: { 'user-agent': 'kubectl/v1.36.0 (linux/amd64)' },
      });
    const client = {
      user: 'kubernetes-admin',
      groups: ['system:masters', 'system:authenticated'],
      userAgent: 'kubectl/v1.36.0 (linux/amd64)',
      sourceIP: '127.0.0.1',
    };
    await post('');
    expect((await world.events()).at(-1)?.author).toEqual({ ...client, agent: 'kubectl' });
    await post('?fieldManager=mine');
    expect((await world.events()).at(-1)?.author).toEqual({ ...client, agent: 'mine' });
  });

  test('of a request that acts as somebody else names both', async () => {
    const world = await apiWorld();
    await world.ok('/api/v1/namespaces/default/configmaps', {
      method: 'POST',
      body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' } },
      headers: { 'impersonate-user': 'jane', 'impersonate-group': 'system:masters' },
    });
    expect((await world.events()).at(-1)?.author).toMatchObject({
      user: 'kubernetes-admin',
      groups: ['system:masters', 'system:authenticated'],
      impersonatedUser: 'jane',
    });
  });

  test('carries the whole object without its resourceVersion', async () => {
    const world = await apiWorld();
    const created = await world.create('configmaps', aConfigMap('a'));
    const last = (await world.events()).at(-1);
    const { resourceVersion: _, ...metadata } = created.metadata;
    expect(JSON.parse(Buffer.from(last?.object ?? []).toString())).toEqual({ ...created, metadata });
  });

  test('of every ordinary change is a lawful transition', async () => {
    const world = await apiWorld();
    await world.create('nodes', { metadata: { name: 'n' } });
    await world.create('namespaces', { metadata: { name: 'x' } });
    await world.create('secrets', { metadata: { name: 'a' }, stringData: { a: 'b' } });
    await world.create('services', aServiceBody('a'));
    await world.create('deployments.apps', aDeploymentBody('a'));
    await world.create('pods', aPodBody('a'));
    await world.create('leases.coordination.k8s.io', { metadata: { name: 'a' }, spec: { holderIdentity: 'x' } });
    const context = { user: 'system:kube-scheduler', agent: '', cause: null };
    const uid = world.get('pods', 'a')?.metadata.uid ?? '';
    await world.stack.writer.write({ kind: 'bind', namespace: 'default', name: 'a', uid, node: 'n' }, context);
    const status = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] };
    await world.update('pods', 'a', (object) => ({ ...object, status }), { subresource: 'status' });
    for (const name of ['pods/a', 'services/a', 'secrets/a']) {
      await world.ok(`/api/v1/namespaces/default/${name}`, { method: 'DELETE' });
    }
    await world.ok('/api/v1/namespaces/default/pods/a?gracePeriodSeconds=0', { method: 'DELETE' });
    await world.ok('/api/v1/namespaces/x', { method: 'DELETE' });
    await world.ok('/apis/apps/v1/namespaces/default/deployments/a', { method: 'DELETE' });
    const events = [...(await world.events('LOG')), ...(await world.events('LEASE'))];
    expect(events.length).toBeGreaterThan(20);
    expect(events.filter(({ anomaly }) => anomaly !== undefined)).toEqual([]);
  });

  test('of an unlawful change a client makes is accepted and says so', async () => {
    const world = await apiWorld();
    await world.create('pods', aPodBody('a', { nodeName: 'n' }));
    const phase = (value: string) =>
      world.update('pods', 'a', (object) => ({ ...object, status: { phase: value } }), { subresource: 'status' });
    await phase('Succeeded');
    await phase('Running');
    expect((await world.events()).at(-1)?.anomaly).toMatch(/is not allowed in Succeeded|leads from Succeeded/);
  });
});

describe('recorded time', () => {
  test('stands still while the machine’s clock is behind', async () => {
    const world = await apiWorld();
    const first = await world.create('configmaps', aConfigMap('a'));
    world.clock.jump(-3_600_000);
    const second = await world.create('configmaps', aConfigMap('b'));
    expect(second.metadata.creationTimestamp).toBe(first.metadata.creationTimestamp);
    const times = (await world.events()).map(({ timeMs }) => timeMs);
    expect(times).toEqual([...times].sort((a, b) => a - b));
  });

  test('does not go back where the clock was set back between two starts', async () => {
    const world = await apiWorld();
    await world.create('configmaps', aConfigMap('a'));
    await world.clock.advance(60_000);
    await world.ok('/api/v1/namespaces/default/configmaps/a', { method: 'DELETE' });
    world.clock.jump(-3_600_000);
    await world.restart();
    await world.create('configmaps', aConfigMap('b'));
    const times = (await world.events()).map(({ timeMs }) => timeMs);
    expect(times.at(-1)).toBe(times.at(-2));
  });
});

describe('a dry run', () => {
  const path = '/api/v1/namespaces/default/configmaps';
  const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, data: { a: '2' } };

  test.each([
    ['POST', `${path}?dryRun=All`, { ...body, metadata: { name: 'b' } }],
    ['PUT', `${path}/a?dryRun=All`, body],
    ['PATCH', `${path}/a?dryRun=All`, { data: { a: '2' } }],
    ['DELETE', `${path}/a?dryRun=All`, undefined],
    ['DELETE', `${path}/a`, { kind: 'DeleteOptions', apiVersion: 'v1', dryRun: ['All'] }],
    ['DELETE', `${path}?dryRun=All`, undefined],
    ['DELETE', path, { kind: 'DeleteOptions', apiVersion: 'v1', dryRun: ['All'] }],
  ])('%s %s decides and appends nothing', async (method, target, sent) => {
    const world = await apiWorld();
    const created = await world.create('configmaps', aConfigMap('a'));
    const events = await world.events();
    const headers = method === 'PATCH' ? { 'content-type': 'application/merge-patch+json' } : {};
    const answer = await world.ask(target, { method, headers, body: sent });
    expect(answer.status).toBeLessThan(300);
    expect(await world.events()).toEqual(events);
    expect(world.get('configmaps', 'a')).toEqual(created);
    expect(world.get('configmaps', 'b')).toBeUndefined();
  });

  test('answers as the real one would', async () => {
    const world = await apiWorld();
    await world.create('configmaps', aConfigMap('a'));
    const put = await world.ok(`${path}/a?dryRun=All`, { method: 'PUT', body });
    expect(put).toMatchObject({ data: { a: '2' } });
    const invalid = { ...body, data: { 'not a key': '' } };
    expect(await world.refused(`${path}/a?dryRun=All`, { method: 'PUT', body: invalid })).toMatchObject({ code: 422 });
    expect(await world.refused(`${path}?dryRun=All`, { method: 'POST', body })).toMatchObject({ code: 409 });
  });

  test('of an eviction leaves the pod alone', async () => {
    const world = await apiWorld();
    await world.create('pods', aPodBody('a'));
    const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'a' } };
    const target = '/api/v1/namespaces/default/pods/a/eviction';
    await world.ok(target, { method: 'POST', body: { ...eviction, deleteOptions: { dryRun: ['All'] } } });
    expect(world.get('pods', 'a')).toBeDefined();
    await world.ok(target, { method: 'POST', body: eviction });
    expect(world.get('pods', 'a')).toBeUndefined();
  });

  test('is All or nothing', async () => {
    const world = await apiWorld();
    expect(await world.refused(`${path}?dryRun=Some`, { method: 'POST', body })).toMatchObject({
      code: 422,
      reason: 'Invalid',
      message: 'CreateOptions.meta.k8s.io "" is invalid: dryRun: Unsupported value: "Some": supported values: "All"',
    });
  });
});

test('an outage of the log refuses writes with 503 and serves reads', async () => {
  let down = false;
  const { LogUnavailable } = await import('../../../../streams/log/errors.ts');
  const world = await apiWorld({
    faults: {
      beforeAppend() {
        if (down) throw new LogUnavailable('no connection');
      },
    },
  });
  await world.create('configmaps', aConfigMap('a'));
  down = true;
  const answer = await world.ask('/api/v1/namespaces/default/configmaps', {
    method: 'POST',
    body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'b' } },
  });
  expect(answer.status).toBe(503);
  expect(answer.headers['retry-after']).toBe('1');
  expect(answer.json).toMatchObject({ reason: 'ServiceUnavailable' });
  expect((await world.ok('/api/v1/namespaces/default/configmaps/a')).data).toEqual({ a: '1' });
  down = false;
  await world.create('configmaps', aConfigMap('b'));
});
