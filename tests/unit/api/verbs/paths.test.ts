import { describe, expect, test } from 'vitest';
import { aConfigMap, aPodBody } from '../../../kit/api-objects.ts';
import { apiWorld } from '../../../kit/api-world.ts';

const core = '/api/v1/namespaces/default';

describe('a path that is nothing is 404', () => {
  test.each([
    '/nothing',
    '/api/v2',
    '/api/v1/nothings',
    '/apis/apps',
    '/apis/nothing/v1',
    '/apis/apps/v2/deployments',
    `${core}/nothings/a`,
    `${core}/pods/a/nothing`,
    `${core}/pods/a/status/more`,
    `${core}/nodes`,
    `${core}/nodes/n`,
    `${core}/namespaces`,
    `${core}/namespaces/kube-system`,
    '/api/v1/pods/a',
    '/openapi/v4',
    '/openapi/v3/apis/nothing/v1',
    '/healthz/nothing',
  ])('%s', async (path) => {
    const world = await apiWorld();
    await world.create('pods', aPodBody('a'));
    await world.create('nodes', { metadata: { name: 'n' } });
    const answer = await world.ask(path);
    // A group is described by its own path.
    expect(answer.status).toBe(path === '/apis/apps' ? 200 : 404);
    if (answer.status === 404) expect(answer.json).toMatchObject({ kind: 'Status', reason: 'NotFound' });
  });
});

describe('a method a path does not have is 405', () => {
  test.each([
    ['POST', `${core}/configmaps/a`],
    ['PUT', `${core}/configmaps`],
    ['PATCH', `${core}/configmaps`],
    ['POST', '/api/v1/configmaps'],
    ['DELETE', '/api/v1/pods'],
    ['OPTIONS', `${core}/configmaps`],
    ['TRACE', `${core}/configmaps/a`],
    ['BREW', `${core}/configmaps/a`],
    ['POST', `${core}/pods/a/status`],
    ['DELETE', `${core}/pods/a/status`],
    ['GET', `${core}/pods/a/binding`],
    ['GET', '/api/v1/namespaces/default/finalize'],
    ['GET', `${core}/bindings`],
    ['GET', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews'],
    ['POST', '/api/v1/watch/namespaces/default/configmaps'],
  ])('%s %s', async (method, path) => {
    const world = await apiWorld();
    await world.create('configmaps', aConfigMap('a'));
    await world.create('pods', aPodBody('a'));
    expect(await world.refused(path, { method, body: {} })).toMatchObject({
      code: 405,
      reason: 'MethodNotAllowed',
      message: 'the server does not allow this method on the requested resource',
    });
  });
});

describe('escapes in a path', () => {
  test.each([
    [`${core}/configmaps/%61`, 200],
    [`${core}/configmaps/a%2Fstatus`, 404],
    [`${core}/configmaps/%zz`, 400],
    [`${core}/configmaps/%`, 400],
    [`${core}/configmaps/%ff`, 400],
    [`${core}/configmaps/a%00`, 404],
    ['/api/v1/namespaces/default%2Fconfigmaps/a', 200],
    [`${core}/configmaps/..`, 404],
    [`${core}/configmaps/__proto__`, 404],
    [`${core}/__proto__`, 404],
    ['/apis/__proto__/constructor/x', 404],
    ['/api/v1/namespaces/__proto__/configmaps', 200],
  ])('%s answers %i', async (path, code) => {
    const world = await apiWorld();
    await world.create('configmaps', aConfigMap('a'));
    expect((await world.ask(path)).status).toBe(code);
    expect(world.reported).toEqual([]);
  });
});

test('HEAD answers as GET without a body', async () => {
  const world = await apiWorld();
  await world.create('configmaps', aConfigMap('a'));
  const answer = await world.ask(`${core}/configmaps/a`, { method: 'HEAD' });
  expect(answer.status).toBe(200);
  expect(answer.bytes).toHaveLength(0);
});

describe('who may not', () => {
  const jane = { commonName: 'jane', organizations: [] };

  test('is told what, with 403; nobody knows nothing', async () => {
    const world = await apiWorld();
    expect(await world.refused(`${core}/configmaps/a`, { user: jane })).toMatchObject({
      code: 403,
      reason: 'Forbidden',
      message:
        'configmaps "a" is forbidden: User "jane" cannot get resource "configmaps" in API group "" in the namespace "default"',
    });
    expect(await world.refused(`${core}/configmaps`, { user: undefined })).toMatchObject({ code: 403 });
    const token = { headers: { authorization: 'Bearer nonsense' }, user: undefined };
    expect(await world.refused(`${core}/configmaps`, token)).toMatchObject({ code: 401, reason: 'Unauthorized' });
  });

  test('may ask who they are and what they may', async () => {
    const world = await apiWorld({ roles: true });
    const who = await world.ok('/apis/authentication.k8s.io/v1/selfsubjectreviews', {
      method: 'POST',
      user: jane,
      body: {},
    });
    expect(who.status).toEqual({ userInfo: { username: 'jane', groups: ['system:authenticated'] } });
    const spec = { resourceAttributes: { verb: 'get', resource: 'pods', namespace: 'default' } };
    const may = (user: { commonName: string; organizations: string[] }) =>
      world.ok('/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', { method: 'POST', user, body: { spec } });
    expect((await may(jane)).status).toMatchObject({ allowed: false });
    expect((await may({ commonName: 'root', organizations: ['system:masters'] })).status).toMatchObject({
      allowed: true,
    });
  });
});
