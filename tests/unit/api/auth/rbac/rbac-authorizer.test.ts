import { describe, expect, test } from 'vitest';
import { PolicyIndex } from '../../../../../infra/api/auth/rbac/policy-index.ts';
import { rbacAuthorizer } from '../../../../../infra/api/auth/rbac/rbac-authorizer.ts';
import type { UserInfo } from '../../../../../infra/api/auth/user.ts';
import type { KubeObject } from '../../../../../streams/resources/meta.ts';
import { apiWorld } from '../../../../kit/api-world.ts';
import { worldOf } from '../../../../kit/given-world.ts';
import { aBinding, about, aClusterRole, aRole, user } from '../../../../kit/rbac.ts';

const reads = [{ verbs: ['get', 'list'], apiGroups: [''], resources: ['pods'] }];
const pods = (namespace: string) => about(`GET /api/v1/namespaces/${namespace}/pods`);

function decision(who: UserInfo, request: ReturnType<typeof about>, ...objects: KubeObject[]): string {
  const { kind, reason } = rbacAuthorizer(new PolicyIndex(worldOf(...objects))).authorize({ user: who, request });
  return reason === '' ? kind : `${kind}: ${reason}`;
}

const account = user('system:serviceaccount:d:builder', 'system:serviceaccounts', 'system:serviceaccounts:d');
const role = aClusterRole('reader', reads);

describe('a request is allowed', () => {
  test.each<[string, UserInfo, KubeObject[], string]>([
    [
      'by a binding of the cluster to a group',
      user('jane', 'devs'),
      [role, aBinding('devs-read', 'ClusterRole reader', 'Group devs')],
      'RBAC: allowed by ClusterRoleBinding "devs-read" of ClusterRole "reader" to Group "devs"',
    ],
    [
      'by a binding of the namespace to a cluster role',
      user('jane'),
      [role, aBinding('d/jane-reads', 'ClusterRole reader', 'User jane')],
      'RBAC: allowed by RoleBinding "jane-reads/d" of ClusterRole "reader" to User "jane"',
    ],
    [
      'by a role of the namespace',
      user('jane'),
      [aRole('d/reader', reads), aBinding('d/jane-reads', 'Role reader', 'User bob', 'User jane')],
      'RBAC: allowed by RoleBinding "jane-reads/d" of Role "reader" to User "jane"',
    ],
    [
      'to a service account',
      account,
      [role, aBinding('builders', 'ClusterRole reader', 'ServiceAccount d/builder')],
      'RBAC: allowed by ClusterRoleBinding "builders" of ClusterRole "reader" to ServiceAccount "builder/d"',
    ],
    [
      'to a service account of the binding’s own namespace',
      account,
      [role, aBinding('d/builders', 'ClusterRole reader', 'ServiceAccount builder')],
      'RBAC: allowed by RoleBinding "builders/d" of ClusterRole "reader" to ServiceAccount "builder/d"',
    ],
  ])('%s', (_, who, objects, reason) => {
    expect(decision(who, pods('d'), ...objects)).toBe(`allowed: ${reason}`);
  });
});

describe('a request is denied', () => {
  test.each<[string, UserInfo, KubeObject[], string]>([
    ['without any binding', user('jane'), [role], 'denied'],
    ['to somebody else', user('jane'), [role, aBinding('b', 'ClusterRole reader', 'User bob', 'Group ops')], 'denied'],
    [
      'by a binding of another namespace',
      user('jane'),
      [role, aBinding('e/b', 'ClusterRole reader', 'User jane')],
      'denied',
    ],
    [
      'by a role of another namespace',
      user('jane'),
      [aRole('e/reader', reads), aBinding('d/b', 'Role reader', 'User jane')],
      'denied: RBAC: role.rbac.authorization.k8s.io "reader" not found',
    ],
    [
      'to a group that is called as the user',
      user('devs'),
      [role, aBinding('b', 'ClusterRole reader', 'Group devs')],
      'denied',
    ],
    [
      'to a service account without a namespace, cluster-wide',
      account,
      [role, aBinding('b', 'ClusterRole reader', 'ServiceAccount builder')],
      'denied',
    ],
    [
      'where the role is not there, and says so',
      user('jane', 'devs'),
      [aBinding('a', 'ClusterRole gone', 'User jane'), aBinding('b', 'ClusterRole gone', 'Group devs')],
      'denied: RBAC: clusterrole.rbac.authorization.k8s.io "gone" not found',
    ],
    [
      'where several are not there',
      user('jane'),
      [aBinding('a', 'ClusterRole gone', 'User jane'), aBinding('d/b', 'Role lost', 'User jane')],
      'denied: RBAC: [clusterrole.rbac.authorization.k8s.io "gone" not found, role.rbac.authorization.k8s.io "lost" not found]',
    ],
  ])('%s', (_, who, objects, told) => {
    expect(decision(who, pods('d'), ...objects)).toBe(told);
  });

  test('at the cluster scope by a binding of a namespace', () => {
    const objects = [role, aBinding('d/b', 'ClusterRole reader', 'User jane')];
    expect(decision(user('jane'), about('GET /api/v1/pods'), ...objects)).toBe('denied');
  });
});

test('every rule of a user is listed, of the cluster first', () => {
  const index = new PolicyIndex(
    worldOf(
      role,
      aRole('d/more', [{ verbs: ['get'], nonResourceURLs: ['/x'] }]),
      aBinding('b', 'ClusterRole reader', 'User jane'),
      aBinding('d/b', 'Role more', 'User jane'),
      aBinding('d/c', 'Role gone', 'User jane'),
    ),
  );
  expect(rbacAuthorizer(index).rulesFor(user('jane'), 'd')).toEqual({
    rules: [...reads, { verbs: ['get'], nonResourceURLs: ['/x'] }],
    incomplete: false,
    error: 'role.rbac.authorization.k8s.io "gone" not found',
  });
});

test('a change of a role or binding counts from the next decision on', async () => {
  const world = await apiWorld();
  const who = user('jane');
  const { authorizer } = world.stack;
  const may = () => authorizer.authorize({ user: who, request: pods('default') }).kind;
  const rbac = (kind: string) => `${kind}.rbac.authorization.k8s.io`;
  const told: string[] = [may()];
  const { apiVersion: _, kind: __, metadata, ...binding } = aBinding('default/b', 'ClusterRole reader', 'User jane');
  await world.create(rbac('rolebindings'), { metadata: { name: metadata.name }, ...binding });
  told.push(may());
  await world.create(rbac('clusterroles'), { metadata: { name: 'reader' }, rules: reads });
  told.push(may());
  await world.update(rbac('clusterroles'), 'reader', (object) => ({ ...object, rules: [] }));
  told.push(may());
  await world.update(rbac('clusterroles'), 'reader', (object) => ({ ...object, rules: reads }));
  await world.update(rbac('rolebindings'), 'b', (object) => ({ ...object, subjects: [{ kind: 'User', name: 'bob' }] }));
  told.push(may());
  expect(told).toEqual(['denied', 'denied', 'allowed', 'denied', 'denied']);
});
