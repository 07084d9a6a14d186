// Who asks: tokens that are none, impersonation of anybody, and the reviews that ask about both.

import type { Draw } from '../draw.ts';
import { mutated } from '../mutate.ts';
import { dryRun, type FuzzRequest, jsonBody, jsonType } from '../request.ts';
import { printable } from './http.ts';

const read = [
  '/api/v1/namespaces/default/pods',
  '/api/v1/nodes',
  '/apis',
  '/version',
  '/api/v1/namespaces/default/secrets/golden',
];

export function tokens(draw: Draw): FuzzRequest {
  if (draw.chance(0.25)) return tokenRequest(draw);
  const token = draw.chance(0.2) ? draw.typo(jwt(draw)) : jwt(draw);
  if (draw.chance(0.3)) {
    const spec = { token, audiences: draw.one([[], ['x'], null, 'x', [5]]) };
    return review(draw, 'authentication.k8s.io', 'TokenReview', 'tokenreviews', spec);
  }
  const scheme = draw.one(['Bearer ', 'Bearer ', 'Bearer ', 'bearer  ', 'Basic ', 'Digest ', '', 'Bearer']);
  return {
    method: 'GET',
    path: draw.one(read),
    headers: { authorization: printable(scheme + token) },
    anonymous: true,
  };
}

export function impersonation(draw: Draw): FuzzRequest {
  if (draw.chance(0.3)) return accessReview(draw);
  const headers = Object.fromEntries(
    draw.some(4, (): [string, string] => {
      const value = draw.one([
        'jane',
        'system:masters',
        'system:anonymous',
        'system:serviceaccount:default:default',
        '',
        'system:node:golden',
        'x'.repeat(500),
        ':',
        'system:serviceaccount:',
      ]);
      const name = draw.one([
        'impersonate-user',
        'impersonate-user',
        'impersonate-group',
        'impersonate-uid',
        'impersonate-extra-scopes',
        'impersonate-extra-',
        'impersonate-extra-%zz',
        'impersonate-extra-a%2fb',
        'impersonate-x',
      ]);
      return [name, printable(draw.chance(0.1) ? draw.typo(value) : value)];
    }),
  );
  const writes = draw.chance(0.3);
  const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'f0' } };
  const path = writes ? '/api/v1/namespaces/default/configmaps?dryRun=All' : draw.one(read);
  return {
    method: writes ? 'POST' : 'GET',
    path,
    headers: writes ? { ...headers, ...jsonType } : headers,
    body: writes ? jsonBody(object) : undefined,
  };
}

function tokenRequest(draw: Draw): FuzzRequest {
  const spec = {
    audiences: draw.one([[], ['x'], ['x', 'x'], '', [5], undefined]),
    expirationSeconds: draw.one([600, 1, -5, 1e12, 1.5, 'x', null]),
    boundObjectRef: draw.one([
      undefined,
      { kind: 'Pod', apiVersion: 'v1', name: 'golden' },
      { kind: 'Secret', name: '' },
      { kind: 'x' },
      { kind: 'Node', apiVersion: 'v1', name: 'golden', uid: 'x' },
    ]),
  };
  const object = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', metadata: {}, spec };
  const path = `/api/v1/namespaces/default/serviceaccounts/${draw.one(['default', 'golden', 'absent'])}/token`;
  return {
    method: 'POST',
    path: path + dryRun(draw, 0.2),
    headers: jsonType,
    body: jsonBody(draw.chance(0.4) ? mutated(draw, object) : object),
  };
}

function accessReview(draw: Draw): FuzzRequest {
  const [kind, resource] = draw.one([
    ['SubjectAccessReview', 'subjectaccessreviews'],
    ['SelfSubjectAccessReview', 'selfsubjectaccessreviews'],
    ['SelfSubjectRulesReview', 'selfsubjectrulesreviews'],
    ['LocalSubjectAccessReview', 'namespaces/default/localsubjectaccessreviews'],
  ] as const);
  const selector = {
    requirements: [
      {
        key: draw.one(['a', '', 'a/b/c']),
        operator: draw.one(['In', 'Exists', 'x']),
        values: draw.one([['a'], [], null]),
      },
    ],
  };
  const spec = {
    user: draw.one(['jane', '', 'system:node:golden', undefined]),
    groups: draw.one([['system:masters'], [], ['system:nodes'], 'x']),
    extra: draw.one([undefined, { a: ['b'] }, { a: 'b' }]),
    namespace: draw.one(['default', '', 'x y']),
    resourceAttributes: draw.one([
      undefined,
      { verb: '*', resource: 'pods', namespace: 'default', labelSelector: selector },
      { verb: 'get', resource: '*', group: '*', name: '../x' },
      { fieldSelector: { rawSelector: '!!' } },
    ]),
    nonResourceAttributes: draw.one([undefined, undefined, { path: '/metrics', verb: 'get' }, { path: '', verb: '' }]),
  };
  return review(draw, 'authorization.k8s.io', kind, resource, spec);
}

function review(draw: Draw, group: string, kind: string, resource: string, spec: unknown): FuzzRequest {
  const object = {
    apiVersion: `${group}/v1`,
    kind,
    metadata: draw.one([{}, {}, { name: 'x' }, { namespace: 'y' }]),
    spec,
  };
  const body = jsonBody(draw.chance(0.4) ? mutated(draw, object) : object);
  return { method: 'POST', path: `/apis/${group}/v1/${resource}${dryRun(draw, 0.1)}`, headers: jsonType, body };
}

function jwt(draw: Draw): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const header = {
    alg: draw.one(['ES256', 'none', 'HS256', 'RS256', 'x', 5]),
    kid: draw.one(['', 'x', '../../x', null]),
    typ: 'JWT',
  };
  const claims = {
    iss: draw.one(['https://kubernetes.default.svc', 'https://kubernetes.default.svc.cluster.local', 'x', 5, null]),
    sub: draw.one(['system:serviceaccount:default:default', 'system:admin', 5]),
    aud: draw.one(['x', ['https://kubernetes.default.svc'], 5]),
    exp: draw.one([0, 1e12, -1, 'x', 1e300]),
    'kubernetes.io': draw.one([
      undefined,
      {},
      { namespace: 'default', serviceaccount: { name: 'default', uid: 'x' } },
      5,
    ]),
  };
  return draw.way([
    [5, () => `${part(header)}.${part(claims)}.${draw.bytes(70).toString('base64url')}`],
    [1, () => `${part(header)}.${part(claims)}.`],
    [1, () => draw.one(['', 'x', 'a.b.c', '...', 'abcdef.0123456789abcdef', 'x'.repeat(9_000), '.'.repeat(500)])],
    [1, () => draw.bytes(60).toString('latin1')],
  ]);
}
