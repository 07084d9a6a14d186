// A pod right behind its namespace waits for the namespace's service account.

import { expect, test } from 'vitest';
import { aPodBody } from '../../../kit/api-objects.ts';
import { type ApiWorld, apiWorld, settled } from '../../../kit/api-world.ts';

async function withNamespace(): Promise<ApiWorld> {
  const world = await apiWorld();
  await world.create('namespaces', { metadata: { name: 'fresh' } });
  return world;
}

function post(world: ApiWorld, spec = {}) {
  const body = { apiVersion: 'v1', kind: 'Pod', ...aPodBody('p', spec) };
  return world.ask('/api/v1/namespaces/fresh/pods', { method: 'POST', body });
}

test('a pod waits for the account that is about to be made', async () => {
  const world = await withNamespace();
  const answer = post(world);
  await settled();
  await world.create('serviceaccounts', { metadata: { name: 'default', namespace: 'fresh' } });
  expect((await answer).status).toBe(201);
});

test('a pod whose account does not come is refused after a second', async () => {
  const world = await withNamespace();
  const answer = post(world);
  await settled();
  await world.clock.advance(1_000);
  expect((await answer).json).toMatchObject({
    code: 403,
    message:
      'pods "p" is forbidden: error looking up service account fresh/default: serviceaccount "default" not found',
  });
});

test('a pod that names another account, or comes to a namespace that is no longer young, is refused at once', async () => {
  const world = await withNamespace();
  expect((await post(world, { serviceAccountName: 'x' })).status).toBe(403);
  await world.clock.advance(11_000);
  expect((await post(world)).status).toBe(403);
});
