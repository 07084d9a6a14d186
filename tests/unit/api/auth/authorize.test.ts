import { describe, expect, it } from 'vitest';
import { accessOf } from '../../../../infra/api/auth/access.ts';
import { type Authorizer, anyOf, forbiddenStatus, mastersAuthorizer } from '../../../../infra/api/auth/authorize.ts';
import { bootstrapPolicy } from '../../../../infra/api/auth/bootstrap/policy.ts';
import { PolicyIndex } from '../../../../infra/api/auth/rbac/policy-index.ts';
import { rbacAuthorizer } from '../../../../infra/api/auth/rbac/rbac-authorizer.ts';
import { anonymousUser, type UserInfo } from '../../../../infra/api/auth/user.ts';
import { type RequestInfo, requestInfoOf } from '../../../../infra/api/http/request-info.ts';
import type { KubeObject } from '../../../../streams/resources/meta.ts';
import { worldOf } from '../../../kit/given-world.ts';

function about(line: string): RequestInfo {
  const [method = '', target = ''] = line.split(' ');
  const [path = '', query = ''] = target.split('?');
  const outcome = requestInfoOf({ method, path, query: new URLSearchParams(query) });
  if (outcome.kind !== 'info') throw new Error(outcome.message);
  return outcome.info;
}

function user(username: string, ...groups: string[]): UserInfo {
  return { username, groups: [...groups, 'system:authenticated'], extra: {} };
}

const admin = user('admin', 'system:masters');
const jane = user('jane', 'devs');

const bootstrap = Object.values(bootstrapPolicy())
  .flat()
  .map((object) => object as KubeObject);
const basicAuthorizer = anyOf([mastersAuthorizer, rbacAuthorizer(new PolicyIndex(worldOf(...bootstrap)))]);

function allows(who: UserInfo, line: string): boolean {
  return basicAuthorizer.authorize({ user: who, request: about(line) }).kind === 'allowed';
}

const everything = [
  'GET /api/v1/pods',
  'POST /api/v1/namespaces/d/pods',
  'DELETE /api/v1/nodes/x',
  'PATCH /apis/apps/v1/namespaces/d/deployments/web/scale',
  'GET /metrics',
  'DELETE /healthz',
  'GET /openid/v1/jwks',
  'OPTIONS /api/v1/pods',
];
const publicReads = ['GET /healthz', 'GET /livez', 'GET /readyz', 'GET /version', 'GET /version/'];
const discovery = [
  'GET /api',
  'GET /api/v1',
  'GET /apis',
  'GET /apis/apps',
  'GET /apis/apps/v1',
  'GET /openapi/v2',
  'GET /openapi/v3/apis/apps/v1',
];
const selfReviews = [
  'POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
  'POST /apis/authorization.k8s.io/v1/selfsubjectrulesreviews',
  'POST /apis/authentication.k8s.io/v1/selfsubjectreviews',
];
const neither = [
  'GET /',
  'HEAD /livez',
  'GET /readyz/log',
  'POST /healthz',
  'GET /healthzz',
  'POST /api',
  'GET /apisx',
  'GET /apis/authentication.k8s.io/v1/selfsubjectreviews',
  'POST /apis/authorization.k8s.io/v1/subjectaccessreviews',
  'POST /apis/apps/v1/selfsubjectreviews',
  'POST /apis/authentication.k8s.io/v1/selfsubjectreviews/x/y',
  'POST /apis/authentication.k8s.io/v1/tokenreviews',
];

describe('what every cluster begins with', () => {
  it.each([...everything, ...publicReads, ...discovery, ...selfReviews, ...neither])('lets masters %s', (line) => {
    expect(allows(admin, line)).toBe(true);
  });

  it.each(publicReads)('lets everybody %s', (line) => {
    expect(allows(anonymousUser, line)).toBe(true);
    expect(allows(jane, line)).toBe(true);
  });

  it.each([...discovery, ...selfReviews])('lets the authenticated, and nobody else, %s', (line) => {
    expect(allows(jane, line)).toBe(true);
    expect(allows(anonymousUser, line)).toBe(false);
  });

  it.each([...everything, ...neither])('lets nobody else %s', (line) => {
    expect(allows(jane, line)).toBe(false);
    expect(allows(anonymousUser, line)).toBe(false);
  });

  it.each(['system:kube-scheduler', 'system:kube-controller-manager', 'system:node:n1'])(
    'gives %s no more than its role',
    (name) => {
      expect(allows(user(name), 'POST /api/v1/namespaces/d/pods')).toBe(false);
    },
  );

  it('lets the scheduler bind, and the controller manager see everything', () => {
    expect(allows(user('system:kube-scheduler'), 'POST /api/v1/namespaces/d/pods/a/binding')).toBe(true);
    expect(allows(user('system:kube-controller-manager'), 'GET /apis/example.com/v1/widgets?watch=1')).toBe(true);
  });
});

describe('a refusal', () => {
  const u = user('u');
  it.each([
    [
      'GET /api/v1/namespaces/default/pods',
      'pods is forbidden: User "u" cannot list resource "pods" in API group "" in the namespace "default"',
    ],
    [
      'GET /api/v1/namespaces/default/pods/web',
      'pods "web" is forbidden: User "u" cannot get resource "pods" in API group "" in the namespace "default"',
    ],
    [
      'GET /api/v1/nodes',
      'nodes is forbidden: User "u" cannot list resource "nodes" in API group "" at the cluster scope',
    ],
    [
      'GET /api/v1/pods?watch=1',
      'pods is forbidden: User "u" cannot watch resource "pods" in API group "" at the cluster scope',
    ],
    [
      'PATCH /apis/apps/v1/namespaces/prod/deployments/web/scale',
      'deployments.apps "web" is forbidden: User "u" cannot patch resource "deployments/scale" in API group "apps" in the namespace "prod"',
    ],
    [
      'DELETE /apis/apps/v1/namespaces/prod/deployments',
      'deployments.apps is forbidden: User "u" cannot deletecollection resource "deployments" in API group "apps" in the namespace "prod"',
    ],
    [
      'DELETE /api/v1/namespaces/prod',
      'namespaces "prod" is forbidden: User "u" cannot delete resource "namespaces" in API group "" in the namespace "prod"',
    ],
    ['GET /metrics', 'forbidden: User "u" cannot get path "/metrics"'],
    ['POST /healthz', 'forbidden: User "u" cannot post path "/healthz"'],
  ])('of %s says what Kubernetes says', (line, message) => {
    const status = forbiddenStatus(u, about(line));
    expect(status).toMatchObject({ message, reason: 'Forbidden', code: 403, status: 'Failure' });
  });

  it('has the details of the resource', () => {
    const details = (line: string) => forbiddenStatus(u, about(line)).details;
    expect(details('GET /api/v1/namespaces/default/pods')).toEqual({ kind: 'pods' });
    expect(details('GET /apis/apps/v1/namespaces/d/deployments/web')).toEqual({
      name: 'web',
      group: 'apps',
      kind: 'deployments',
    });
    expect(details('GET /metrics')).toEqual({});
  });

  it('quotes names and appends the reason of the authorizer', () => {
    const status = forbiddenStatus(user('a"b'), about('GET /metrics'), 'no rule');
    expect(status.message).toBe('forbidden: User "a\\"b" cannot get path "/metrics": no rule');
  });
});

describe('access', () => {
  const request = about('GET /api/v1/pods');
  const open: Authorizer = {
    authorize: () => ({ kind: 'allowed', reason: '' }),
    rulesFor: () => ({ rules: [], incomplete: false }),
  };

  it('without credentials is that of system:anonymous', () => {
    expect(accessOf({ kind: 'anonymous' }, { request, authorizer: open })).toEqual({
      kind: 'granted',
      user: { username: 'system:anonymous', groups: ['system:unauthenticated'], extra: {} },
    });
  });

  it('denied to the anonymous is 403', () => {
    expect(accessOf({ kind: 'anonymous' }, { request, authorizer: basicAuthorizer })).toMatchObject({
      kind: 'refused',
      status: {
        code: 403,
        message:
          'pods is forbidden: User "system:anonymous" cannot list resource "pods" in API group "" at the cluster scope',
      },
    });
  });

  it('with credentials that prove nobody is 401, even where everything is allowed', () => {
    const access = accessOf({ kind: 'rejected', message: 'expired' }, { request, authorizer: open });
    expect(access).toEqual({
      kind: 'refused',
      status: {
        kind: 'Status',
        apiVersion: 'v1',
        metadata: {},
        status: 'Failure',
        message: 'Unauthorized',
        reason: 'Unauthorized',
        code: 401,
      },
    });
  });

  it('of an allowed user is granted to that user', () => {
    const access = accessOf({ kind: 'authenticated', user: admin }, { request, authorizer: basicAuthorizer });
    expect(access).toEqual({ kind: 'granted', user: admin });
  });
});
