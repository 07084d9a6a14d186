// Who may write roles and bindings: only rights one has oneself, unless one may escalate or bind.

import { describe, expect, test } from 'vitest';
import type { PolicyRule } from '../../../../../streams/resources/rbac.ts';
import { type ApiWorld, apiWorld } from '../../../../kit/api-world.ts';

const group = 'rbac.authorization.k8s.io';
const api = `/apis/${group}/v1`;
const roles = `${api}/namespaces/default/roles`;
const bindings = `${api}/namespaces/default/rolebindings`;
const jane = { commonName: 'jane', organizations: ['devs'] };

const writesRbac: PolicyRule = {
  verbs: ['*'],
  apiGroups: [group],
  resources: ['roles', 'rolebindings', 'clusterroles', 'clusterrolebindings'],
};
const plainVerbs = ['create', 'update', 'patch', 'get', 'delete'];
const getsPods: PolicyRule = { verbs: ['get'], apiGroups: [''], resources: ['pods'] };
const getsSecrets: PolicyRule = { verbs: ['get', 'list'], apiGroups: [''], resources: ['secrets'] };

/** A world in which jane has these rules everywhere, and may write roles and bindings. */
async function worldWhereJaneMay(...rules: readonly PolicyRule[]): Promise<ApiWorld> {
  const world = await apiWorld();
  const all = [{ ...writesRbac, verbs: plainVerbs }, ...rules];
  await world.create(`clusterroles.${group}`, { metadata: { name: 'of-jane' }, rules: all });
  await world.create(`clusterrolebindings.${group}`, {
    metadata: { name: 'of-jane' },
    subjects: [{ kind: 'User', apiGroup: group, name: 'jane' }],
    roleRef: { apiGroup: group, kind: 'ClusterRole', name: 'of-jane' },
  });
  await world.create(`clusterroles.${group}`, { metadata: { name: 'secrets' }, rules: [getsSecrets] });
  return world;
}

const post = (body: object) => ({ method: 'POST', user: jane, body: body as Record<string, unknown> });
const aRole = (...rules: PolicyRule[]) => ({ metadata: { name: 'r' }, rules });
const binds = (kind: string, name: string) => ({
  metadata: { name: 'b' },
  subjects: [{ kind: 'User', apiGroup: group, name: 'bob' }],
  roleRef: { apiGroup: group, kind, name },
});

const who =
  'user "jane" (groups=["devs" "system:authenticated"]) is attempting to grant RBAC permissions not currently held:';

describe('a role', () => {
  test('with rights its author has is written', async () => {
    const world = await worldWhereJaneMay(getsPods);
    await world.ok(roles, post(aRole(getsPods)));
  });

  test('with rights its author lacks is refused, which are named', async () => {
    const world = await worldWhereJaneMay(getsPods);
    expect(await world.refused(roles, post(aRole(getsPods, getsSecrets)))).toMatchObject({
      code: 403,
      reason: 'Forbidden',
      message: `roles.${group} "r" is forbidden: ${who}\n{APIGroups:[""], Resources:["secrets"], Verbs:["get" "list"]}`,
      details: { name: 'r', group, kind: 'roles' },
    });
  });

  test('is not widened by an update or a patch either', async () => {
    const world = await worldWhereJaneMay(getsPods);
    await world.ok(roles, post(aRole(getsPods)));
    const patch = { rules: [getsSecrets] };
    const headers = { 'content-type': 'application/merge-patch+json' };
    const refused = await world.refused(`${roles}/r`, { method: 'PATCH', user: jane, headers, body: patch });
    expect(refused.message).toContain(who);
    const labelled = { metadata: { labels: { a: 'b' } } };
    await world.ok(`${roles}/r`, { method: 'PATCH', user: jane, headers, body: labelled });
  });

  test('of rights its author lacks may lose a finalizer', async () => {
    const world = await worldWhereJaneMay();
    await world.create(`roles.${group}`, {
      metadata: { name: 'r', finalizers: ['example.com/a'] },
      rules: [getsSecrets],
    });
    const headers = { 'content-type': 'application/merge-patch+json' };
    const body = { metadata: { finalizers: null } };
    await world.ok(`${roles}/r`, { method: 'PATCH', user: jane, headers, body });
  });

  test('is written by who may escalate it', async () => {
    const escalate = { verbs: ['escalate'], apiGroups: [group], resources: ['roles'] };
    const world = await worldWhereJaneMay(escalate);
    await world.ok(roles, post(aRole(getsSecrets)));
  });

  test('that aggregates needs the rights of an administrator', async () => {
    const world = await worldWhereJaneMay();
    const body = {
      metadata: { name: 'all' },
      aggregationRule: { clusterRoleSelectors: [{ matchLabels: { a: 'b' } }] },
    };
    expect((await world.refused(`${api}/clusterroles`, post(body))).message).toBe(
      `clusterroles.${group} "all" is forbidden: must have cluster-admin privileges to use the aggregationRule`,
    );
  });
});

describe('a binding', () => {
  test('to a role whose rights its author lacks is refused', async () => {
    const world = await worldWhereJaneMay(getsPods);
    expect(await world.refused(bindings, post(binds('ClusterRole', 'secrets')))).toMatchObject({
      code: 403,
      message: `rolebindings.${group} "b" is forbidden: ${who}\n{APIGroups:[""], Resources:["secrets"], Verbs:["get" "list"]}`,
    });
  });

  test('to a role whose rights its author has is written', async () => {
    const world = await worldWhereJaneMay(getsSecrets);
    await world.ok(bindings, post(binds('ClusterRole', 'secrets')));
  });

  test('is written by who may bind that very role', async () => {
    const bind = { verbs: ['bind'], apiGroups: [group], resources: ['clusterroles'], resourceNames: ['secrets'] };
    const world = await worldWhereJaneMay(bind);
    await world.ok(bindings, post(binds('ClusterRole', 'secrets')));
    await world.ok(`${api}/clusterrolebindings`, post(binds('ClusterRole', 'secrets')));
    await world.create(`clusterroles.${group}`, { metadata: { name: 'other' }, rules: [getsPods] });
    expect(
      (await world.refused(bindings, post({ ...binds('ClusterRole', 'other'), metadata: { name: 'c' } }))).code,
    ).toBe(403);
  });

  test('to a role that is not there is not found, but for who may bind it', async () => {
    const world = await worldWhereJaneMay();
    expect(await world.refused(bindings, post(binds('Role', 'gone')))).toMatchObject({
      code: 404,
      message: `role.${group} "gone" not found`,
    });
    await world.ok(bindings, {
      ...post(binds('Role', 'gone')),
      user: { commonName: 'root', organizations: ['system:masters'] },
    });
  });

  test('never changes its role', async () => {
    const world = await worldWhereJaneMay(getsSecrets, getsPods);
    await world.create(`clusterroles.${group}`, { metadata: { name: 'other' }, rules: [getsPods] });
    await world.ok(bindings, post(binds('ClusterRole', 'secrets')));
    const refused = await world.refused(`${bindings}/b`, {
      method: 'PUT',
      user: jane,
      body: binds('ClusterRole', 'other'),
    });
    expect(refused).toMatchObject({ code: 422, message: expect.stringContaining('cannot change roleRef') });
  });
});

test('who applies or puts what is not there needs the right to create', async () => {
  const world = await worldWhereJaneMay();
  await world.update(`clusterroles.${group}`, 'of-jane', (role) => ({
    ...role,
    rules: [{ ...writesRbac, verbs: ['update', 'patch'] }],
  }));
  const told = `roles.${group} "r" is forbidden: User "jane" cannot create resource "roles" in API group "${group}" in the namespace "default"`;
  const put = await world.refused(`${roles}/r`, { method: 'PUT', user: jane, body: aRole() });
  expect(put).toMatchObject({ code: 403, message: told });
  const headers = { 'content-type': 'application/apply-patch+yaml' };
  const body = { apiVersion: `${group}/v1`, kind: 'Role', ...aRole() };
  const applied = await world.refused(`${roles}/r?fieldManager=x`, { method: 'PATCH', user: jane, headers, body });
  expect(applied).toMatchObject({ code: 403, message: told });
});
