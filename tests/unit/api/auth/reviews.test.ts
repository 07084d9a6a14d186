// The kinds that are questions, as clients ask them.

import { describe, expect, test } from 'vitest';
import { type ApiWorld, apiWorld, type Body } from '../../../kit/api-world.ts';

const authorization = '/apis/authorization.k8s.io/v1';
const authentication = '/apis/authentication.k8s.io/v1';
const jane = { commonName: 'jane', organizations: ['devs'] };
const group = 'rbac.authorization.k8s.io';

/** A world with upstream's roles, in which jane may view the default namespace. */
async function worldWithAViewer(): Promise<ApiWorld> {
  const world = await apiWorld({ roles: true });
  await world.create(`roles.${group}`, {
    metadata: { name: 'reader' },
    rules: [{ verbs: ['get', 'list'], apiGroups: [''], resources: ['pods'], resourceNames: ['web'] }],
  });
  await world.create(`rolebindings.${group}`, {
    metadata: { name: 'readers' },
    subjects: [{ kind: 'User', apiGroup: group, name: 'jane' }],
    roleRef: { apiGroup: group, kind: 'Role', name: 'reader' },
  });
  return world;
}

const ask = (world: ApiWorld, path: string, body: Body, user: typeof jane | undefined = undefined) =>
  world.ok<Body>(path, { method: 'POST', body, ...(user !== undefined && { user }) });
const resource = (name: string) => ({ verb: 'get', resource: 'pods', namespace: 'default', name });
const allowedBy = 'RBAC: allowed by RoleBinding "readers/default" of Role "reader" to User "jane"';

describe('an access review', () => {
  test('of oneself says whether, and why', async () => {
    const world = await worldWithAViewer();
    const review = (name: string) =>
      ask(world, `${authorization}/selfsubjectaccessreviews`, { spec: { resourceAttributes: resource(name) } }, jane);
    expect(await review('web')).toMatchObject({
      kind: 'SelfSubjectAccessReview',
      apiVersion: 'authorization.k8s.io/v1',
      spec: { resourceAttributes: resource('web') },
      status: { allowed: true, reason: allowedBy },
    });
    expect((await review('db')).status).toEqual({ allowed: false });
  });

  test('of somebody else asks for them, in no group but those it names', async () => {
    const world = await worldWithAViewer();
    const path = `${authorization}/subjectaccessreviews`;
    const spec = { user: 'jane', resourceAttributes: resource('web') };
    expect((await ask(world, path, { spec })).status).toEqual({ allowed: true, reason: allowedBy });
    const version = { nonResourceAttributes: { path: '/version', verb: 'get' } };
    expect((await ask(world, path, { spec: { user: 'jane', ...version } })).status).toEqual({ allowed: false });
    expect((await ask(world, path, { spec: { groups: ['system:authenticated'], ...version } })).status).toMatchObject({
      allowed: true,
    });
  });

  test('of a namespace is for that namespace', async () => {
    const world = await worldWithAViewer();
    const path = (namespace: string) => `${authorization}/namespaces/${namespace}/localsubjectaccessreviews`;
    const spec = { user: 'jane', resourceAttributes: resource('web') };
    expect(await ask(world, path('default'), { spec })).toMatchObject({
      metadata: { namespace: 'default' },
      status: { allowed: true },
    });
    const refused = await world.refused(path('kube-system'), { method: 'POST', body: { spec } });
    expect(refused.message).toBe(
      '.authorization.k8s.io "" is invalid: spec.resourceAttributes.namespace: Invalid value: "default": must match metadata.namespace',
    );
    const wrong = { metadata: { namespace: 'other' }, spec };
    expect(await world.refused(path('default'), { method: 'POST', body: wrong })).toMatchObject({ code: 400 });
  });

  test('asks with its selectors, and tells what of them it left out', async () => {
    const world = await worldWithAViewer();
    const path = `${authorization}/subjectaccessreviews`;
    const node = { user: 'system:node:n', groups: ['system:nodes'] };
    const list = { verb: 'list', resource: 'pods' };
    const own = { requirements: [{ key: 'spec.nodeName', operator: 'In', values: ['n'] }] };
    const review = async (fieldSelector: object) =>
      (await ask(world, path, { spec: { ...node, resourceAttributes: { ...list, fieldSelector } } })).status;
    expect(await review(own)).toEqual({ allowed: true });
    expect(await review({ rawSelector: 'spec.nodeName=n' })).toEqual({ allowed: true });
    expect(await review({ rawSelector: '!!' })).toEqual({
      allowed: false,
      reason: 'can only list/watch pods with spec.nodeName field selector',
      evaluationError: 'spec.resourceAttributes.fieldSelector ignored due to parse error',
    });
  });

  test.each<[string, Body, string]>([
    [
      'nothing',
      {},
      'spec.resourceAttributes: Invalid value: null: exactly one of nonResourceAttributes or resourceAttributes must be specified, spec.user: Invalid value: "": at least one of user or group must be specified',
    ],
    [
      'both',
      { spec: { user: 'u', resourceAttributes: {}, nonResourceAttributes: { path: '/' } } },
      'spec.nonResourceAttributes: Invalid value: {"path":"/"}: cannot be specified in combination with resourceAttributes',
    ],
    [
      'with a name',
      { metadata: { name: 'x' }, spec: { user: 'u', resourceAttributes: {} } },
      'metadata: Invalid value: {"name":"x"}: must be empty',
    ],
    [
      'with an empty selector',
      { spec: { user: 'u', resourceAttributes: { labelSelector: {} } } },
      'spec.resourceAttributes.labelSelector.requirements: Required value: when spec.resourceAttributes.labelSelector is specified, requirements or rawSelector is required',
    ],
  ])('that asks %s is invalid', async (_, body, text) => {
    const world = await apiWorld();
    const refused = await world.refused(`${authorization}/subjectaccessreviews`, { method: 'POST', body });
    expect(refused.message.replace(/[[\]]/g, '')).toBe(`.authorization.k8s.io "" is invalid: ${text}`);
  });
});

test('a rules review lists what one may in a namespace', async () => {
  const world = await worldWithAViewer();
  const path = `${authorization}/selfsubjectrulesreviews`;
  const { status } = await ask(world, path, { spec: { namespace: 'default' } }, jane);
  expect(status).toMatchObject({
    incomplete: false,
    resourceRules: [
      {
        verbs: ['create'],
        apiGroups: ['authorization.k8s.io'],
        resources: ['selfsubjectaccessreviews', 'selfsubjectrulesreviews'],
      },
      { verbs: ['create'], apiGroups: ['authentication.k8s.io'], resources: ['selfsubjectreviews'] },
      { verbs: ['get', 'list'], apiGroups: [''], resources: ['pods'], resourceNames: ['web'] },
    ],
  });
  const paths = (status as { nonResourceRules: { nonResourceURLs: string[] }[] }).nonResourceRules;
  expect(paths.map(({ nonResourceURLs }) => nonResourceURLs.length)).toEqual([11, 5]);
  expect(await world.refused(path, { method: 'POST', body: { spec: {} } })).toMatchObject({
    code: 400,
    message: 'no namespace on request',
  });
});

test('whoever asks who they are is told, also as somebody else', async () => {
  const world = await worldWithAViewer();
  const path = `${authentication}/selfsubjectreviews`;
  expect(await ask(world, path, {}, jane)).toMatchObject({
    kind: 'SelfSubjectReview',
    metadata: { creationTimestamp: expect.stringMatching(/Z$/) },
    status: { userInfo: { username: 'jane', groups: ['devs', 'system:authenticated'] } },
  });
  const headers = { 'impersonate-user': 'bob', 'impersonate-extra-team': 'blue' };
  const { status } = await world.ok<Body>(path, { method: 'POST', body: {}, headers });
  expect(status).toEqual({
    userInfo: { username: 'bob', groups: ['system:authenticated'], extra: { team: ['blue'] } },
  });
});
