import { describe, expect, test } from 'vitest';
import { impersonate, wantedUserOf } from '../../../../infra/api/auth/impersonation.ts';
import { PolicyIndex } from '../../../../infra/api/auth/rbac/policy-index.ts';
import { rbacAuthorizer } from '../../../../infra/api/auth/rbac/rbac-authorizer.ts';
import type { UserInfo } from '../../../../infra/api/auth/user.ts';
import type { PolicyRule } from '../../../../streams/resources/rbac.ts';
import { worldOf } from '../../../kit/given-world.ts';
import { aBinding, about, aClusterRole, user } from '../../../kit/rbac.ts';

const authentication = 'authentication.k8s.io';
const request = about('GET /api/v1/namespaces/d/pods');

/** What becomes of these headers, sent by jane with these rules. */
function outcome(headers: Readonly<Record<string, string>>, rules: readonly PolicyRule[], requestor = user('jane')) {
  const wanted = wantedUserOf(headers);
  if (wanted === undefined) return undefined;
  const bound = aBinding('b', 'ClusterRole r', `User ${requestor.username}`);
  const authorizer = rbacAuthorizer(new PolicyIndex(worldOf(aClusterRole('r', rules), bound)));
  const result = impersonate(wanted, { requestor, request, authorizer });
  return result.kind === 'granted' ? result.user : result.status.message;
}

const legacy = (resources: string[], resourceNames?: string[], apiGroups = ['']): PolicyRule => ({
  verbs: ['impersonate'],
  apiGroups,
  resources,
  ...(resourceNames && { resourceNames }),
});
const everybody = [
  legacy(['users', 'groups', 'serviceaccounts']),
  legacy(['uids', 'userextras/scopes'], undefined, [authentication]),
];

describe('acting as somebody else', () => {
  test.each<[string, Readonly<Record<string, string>>, UserInfo]>([
    [
      'a user is authenticated',
      { 'impersonate-user': 'bob' },
      { username: 'bob', groups: ['system:authenticated'], extra: {} },
    ],
    [
      'groups come as they are sent',
      { 'impersonate-user': 'bob', 'impersonate-group': 'a, b' },
      { username: 'bob', groups: ['a', 'b', 'system:authenticated'], extra: {} },
    ],
    [
      'a service account has its groups',
      { 'impersonate-user': 'system:serviceaccount:d:default' },
      {
        username: 'system:serviceaccount:d:default',
        groups: ['system:serviceaccounts', 'system:serviceaccounts:d', 'system:authenticated'],
        extra: {},
      },
    ],
    [
      'a service account has the groups that are sent instead',
      { 'impersonate-user': 'system:serviceaccount:d:default', 'impersonate-group': 'a' },
      { username: 'system:serviceaccount:d:default', groups: ['a', 'system:authenticated'], extra: {} },
    ],
    [
      'nobody is not authenticated',
      { 'impersonate-user': 'system:anonymous' },
      { username: 'system:anonymous', groups: ['system:unauthenticated'], extra: {} },
    ],
    [
      'who is sent as unauthenticated stays so',
      { 'impersonate-user': 'bob', 'impersonate-group': 'system:unauthenticated' },
      { username: 'bob', groups: ['system:unauthenticated'], extra: {} },
    ],
    [
      'uid and extra come along, keys unescaped',
      { 'impersonate-user': 'bob', 'impersonate-uid': 'u', 'impersonate-extra-sc%6fpes': 'x, y' },
      { username: 'bob', uid: 'u', groups: ['system:authenticated'], extra: { scopes: ['x', 'y'] } },
    ],
  ])('%s', (_, headers, expected) => {
    expect(outcome(headers, everybody)).toEqual(expected);
  });

  test.each<[string, Readonly<Record<string, string>>, PolicyRule[], string]>([
    [
      'nothing may be',
      { 'impersonate-user': 'bob' },
      [],
      'pods is forbidden: User "jane" cannot impersonate-on:user-info:list resource "pods" in API group "" in the namespace "d"',
    ],
    [
      'this user may, and that group may not be',
      { 'impersonate-user': 'bob', 'impersonate-group': 'a' },
      [legacy(['users']), { verbs: ['impersonate-on:user-info:list'], apiGroups: [''], resources: ['pods'] }],
      'users.authentication.k8s.io "bob" is forbidden: User "jane" cannot impersonate:user-info resource "users" in API group "authentication.k8s.io" at the cluster scope',
    ],
    [
      'a service account of another namespace is meant',
      { 'impersonate-user': 'system:serviceaccount:d:default', 'impersonate-group': 'a' },
      [],
      'serviceaccounts "default" is forbidden: User "jane" cannot impersonate resource "serviceaccounts" in API group "" in the namespace "d"',
    ],
  ])('is refused where %s', (_, headers, rules, text) => {
    expect(outcome(headers, rules)).toBe(text);
  });

  test('in the constrained way needs the right to do just this', () => {
    const rules: PolicyRule[] = [
      {
        verbs: ['impersonate:user-info'],
        apiGroups: [authentication],
        resources: ['users', 'groups'],
        resourceNames: ['bob', 'system:masters'],
      },
      { verbs: ['impersonate-on:user-info:list'], apiGroups: [''], resources: ['pods'] },
    ];
    expect(outcome({ 'impersonate-user': 'bob' }, rules)).toMatchObject({ username: 'bob' });
    expect(outcome({ 'impersonate-user': 'bob', 'impersonate-group': 'system:masters' }, rules)).toBe(
      'groups.authentication.k8s.io "system:masters" is forbidden: User "jane" cannot impersonate:user-info resource "groups" in API group "authentication.k8s.io" at the cluster scope: impersonating the system:masters group is not allowed',
    );
  });

  test('a pod’s account may be the node it runs on, and no other', () => {
    const rules: PolicyRule[] = [
      { verbs: ['impersonate:associated-node'], apiGroups: [authentication], resources: ['nodes'] },
      { verbs: ['impersonate-on:associated-node:list'], apiGroups: [''], resources: ['pods'] },
    ];
    const agent: UserInfo = {
      ...user('system:serviceaccount:kube-system:agent'),
      extra: { 'authentication.kubernetes.io/node-name': ['n1'] },
    };
    expect(outcome({ 'impersonate-user': 'system:node:n1' }, rules, agent)).toEqual({
      username: 'system:node:n1',
      groups: ['system:nodes', 'system:authenticated'],
      extra: {},
    });
    expect(outcome({ 'impersonate-user': 'system:node:n2' }, rules, agent)).toContain(
      'impersonate-on:arbitrary-node:list',
    );
  });

  test('groups, uid or extra alone are a bad request', () => {
    expect(() => wantedUserOf({ 'impersonate-group': 'a' })).toThrow(
      'requested &user.DefaultInfo{Name:"", UID:"", Groups:[]string{"a"}, Extra:map[string][]string(nil)} without impersonating a user name',
    );
    expect(wantedUserOf({ accept: '*/*' })).toBeUndefined();
  });
});
