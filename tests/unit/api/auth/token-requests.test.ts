// Tokens from the request to their end: of service accounts, kept in Secrets, and to join the cluster with.

import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose';
import { describe, expect, test } from 'vitest';
import { aPodBody } from '../../../kit/api-objects.ts';
import { type ApiWorld, apiWorld, type Body } from '../../../kit/api-world.ts';

const account = '/api/v1/namespaces/default/serviceaccounts/default';
const whoami = '/apis/authentication.k8s.io/v1/selfsubjectreviews';
const ownAudience = 'https://kubernetes.default.svc.cluster.local';

type Answer = { readonly status: { readonly token: string }; readonly spec: Body };

const request = (world: ApiWorld, spec: Body) =>
  world.ok<Answer>(`${account}/token`, { method: 'POST', body: { spec } });
const refused = (world: ApiWorld, body: Body) => world.refused(`${account}/token`, { method: 'POST', body });
const bearer = (token: string) => ({ user: undefined, headers: { authorization: `Bearer ${token}` } });
const who = async (world: ApiWorld, token: string) => world.ask(whoami, { method: 'POST', body: {}, ...bearer(token) });
const review = (world: ApiWorld, spec: Body) =>
  world.ok<Body>('/apis/authentication.k8s.io/v1/tokenreviews', { method: 'POST', body: { spec } });

async function worldWithAPod(): Promise<ApiWorld> {
  const world = await apiWorld({ roles: true });
  await world.create('nodes', { metadata: { name: 'n' } });
  await world.create('pods', aPodBody('web', { nodeName: 'n' }));
  return world;
}

describe('a token bound to a pod', () => {
  const bound = { boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: 'web' } };

  test('tells the pod and its node', async () => {
    const world = await worldWithAPod();
    const { status, spec } = await request(world, bound);
    expect(spec).toEqual({ audiences: [ownAudience], expirationSeconds: 3600, ...bound });
    const answer = await who(world, status.token);
    expect(answer.json).toMatchObject({
      status: {
        userInfo: {
          username: 'system:serviceaccount:default:default',
          uid: world.get('serviceaccounts', 'default')?.metadata.uid,
          groups: ['system:serviceaccounts', 'system:serviceaccounts:default', 'system:authenticated'],
          extra: {
            'authentication.kubernetes.io/credential-id': [expect.stringMatching(/^JTI=/)],
            'authentication.kubernetes.io/node-name': ['n'],
            'authentication.kubernetes.io/node-uid': [world.get('nodes', 'n')?.metadata.uid],
            'authentication.kubernetes.io/pod-name': ['web'],
            'authentication.kubernetes.io/pod-uid': [world.get('pods', 'web')?.metadata.uid],
          },
        },
      },
    });
  });

  test('ends with the pod', async () => {
    const world = await worldWithAPod();
    const { token } = (await request(world, bound)).status;
    expect((await who(world, token)).status).toBe(201);
    await world.ok('/api/v1/namespaces/default/pods/web?gracePeriodSeconds=0', { method: 'DELETE' });
    expect((await who(world, token)).status).toBe(401);
    expect((await review(world, { token })).status).toEqual({
      user: {},
      error: '[invalid bearer token, service account token has been invalidated]',
    });
    await world.create('pods', aPodBody('web', { nodeName: 'n' }));
    expect((await review(world, { token })).status).toMatchObject({
      error: expect.stringMatching(
        /^\[invalid bearer token, pod UID \(.*\) does not match service account pod ref claim \(.*\)\]$/,
      ),
    });
  });
});

describe('a token request', () => {
  test('is refused for what it is bound to', async () => {
    const world = await worldWithAPod();
    await world.create('serviceaccounts', { metadata: { name: 'other' } });
    await world.create('pods', aPodBody('theirs', { serviceAccountName: 'other' }));
    const bind = (ref: Body) => refused(world, { spec: { boundObjectRef: { apiVersion: 'v1', ...ref } } });
    expect(await bind({ kind: 'Pod', name: 'gone' })).toMatchObject({ code: 404, message: 'pods "gone" not found' });
    expect(await bind({ kind: 'Pod', name: 'theirs' })).toMatchObject({
      code: 400,
      message: 'cannot bind token for serviceaccount "default" to pod running with different serviceaccount name.',
    });
    const uid = world.get('pods', 'web')?.metadata.uid;
    expect(await bind({ kind: 'Pod', name: 'web', uid: 'x' })).toMatchObject({
      code: 409,
      message: `Operation cannot be fulfilled on Pod "web": the UID in the bound object reference (x) does not match the UID in record. The object might have been deleted and then recreated`,
    });
    expect(uid).not.toBe('x');
    expect(await bind({ kind: 'ConfigMap', name: 'a' })).toMatchObject({
      code: 400,
      message: 'cannot bind token to object of type /v1, Kind=ConfigMap',
    });
  });

  test.each([599, 2 ** 32 + 1])('for %i seconds is refused', async (expirationSeconds) => {
    const world = await apiWorld();
    expect(await refused(world, { spec: { expirationSeconds } })).toMatchObject({ code: 422, reason: 'Invalid' });
  });

  test('in another account’s name is refused', async () => {
    const world = await apiWorld();
    expect((await refused(world, { metadata: { name: 'other' }, spec: {} })).message).toBe(
      'TokenRequest.authentication.k8s.io "default" is invalid: metadata.name: Invalid value: "other": must match the service account name if specified',
    );
  });

  test('beyond a year is shortened, with a warning', async () => {
    const world = await apiWorld();
    const answer = await world.ask(`${account}/token`, {
      method: 'POST',
      body: { spec: { expirationSeconds: 40_000_000 } },
    });
    expect(answer.json).toMatchObject({ spec: { expirationSeconds: 31_536_000 } });
    expect(answer.headers.warning).toEqual([
      '299 - "requested expiration of 40000000 seconds shortened to 31536000 seconds"',
    ]);
  });
});

describe('a token review', () => {
  test('answers for the audiences it asks about', async () => {
    const world = await apiWorld({ roles: true });
    const { token } = (await request(world, { audiences: ['vault', 'other'] })).status;
    expect((await review(world, { token, audiences: ['vault', 'api'] })).status).toMatchObject({
      authenticated: true,
      audiences: ['vault'],
      user: { username: 'system:serviceaccount:default:default' },
    });
    expect((await review(world, { token })).status).toEqual({
      user: {},
      error: `[invalid bearer token, token audiences ["vault" "other"] is invalid for the target audiences ["${ownAudience}"]]`,
    });
    expect((await who(world, token)).status).toBe(401);
  });

  test('of nonsense says no more than that', async () => {
    const world = await apiWorld();
    expect((await review(world, { token: 'nonsense' })).status).toEqual({ user: {}, error: 'invalid bearer token' });
    const path = '/apis/authentication.k8s.io/v1/tokenreviews';
    expect(await world.refused(path, { method: 'POST', body: { spec: {} } })).toMatchObject({
      code: 400,
      message: 'token is required for TokenReview in authentication',
    });
  });

  test('of a token that has expired says so', async () => {
    const world = await apiWorld();
    const { token } = (await request(world, {})).status;
    await world.clock.advance(3_700_000);
    expect((await review(world, { token })).status).toMatchObject({
      error: '[invalid bearer token, service account token has expired]',
    });
  });
});

describe('a bootstrap token', () => {
  const token = 'abcdef.0123456789abcdef';
  const data = {
    'token-id': 'abcdef',
    'token-secret': '0123456789abcdef',
    'usage-bootstrap-authentication': 'true',
    'auth-extra-groups': 'system:bootstrappers:kubeadm:default-node-token',
  };

  async function worldWith(stringData: Body, type = 'bootstrap.kubernetes.io/token'): Promise<ApiWorld> {
    const world = await apiWorld({ roles: true });
    const metadata = { name: 'bootstrap-token-abcdef', namespace: 'kube-system' };
    await world.create('secrets', { metadata, type, stringData });
    return world;
  }

  test('is the user it is named after, in its groups', async () => {
    const world = await worldWith(data);
    expect((await who(world, token)).json).toMatchObject({
      status: {
        userInfo: {
          username: 'system:bootstrap:abcdef',
          groups: ['system:bootstrappers', 'system:bootstrappers:kubeadm:default-node-token', 'system:authenticated'],
        },
      },
    });
  });

  test.each<[string, Body]>([
    ['with another secret', { 'token-secret': '0123456789abcdeg' }],
    ['for another id', { 'token-id': 'abcdeg' }],
    ['that is not for authentication', { 'usage-bootstrap-authentication': 'false' }],
    ['that has expired', { expiration: '2025-12-31T23:59:59Z' }],
    ['whose end cannot be read', { expiration: 'soon' }],
    ['with a group of somebody else', { 'auth-extra-groups': 'system:masters' }],
  ])('%s proves nobody', async (_, change) => {
    const world = await worldWith({ ...data, ...change });
    expect((await who(world, token)).status).toBe(401);
  });

  test('in a secret of another type proves nobody', async () => {
    const world = await worldWith(data, 'Opaque');
    expect((await who(world, token)).status).toBe(401);
  });
});

test('what others verify tokens with is read by service accounts, and by nobody unknown', async () => {
  const world = await apiWorld({ roles: true });
  const { token } = (await request(world, {})).status;
  const document = await world.ask('/.well-known/openid-configuration', bearer(token));
  expect(document.json).toEqual({
    issuer: ownAudience,
    jwks_uri: 'https://127.0.0.1:6443/openid/v1/jwks',
    response_types_supported: ['id_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['ES256'],
  });
  const keys = await world.ask('/openid/v1/jwks', bearer(token));
  expect(keys.headers).toMatchObject({
    'content-type': 'application/jwk-set+json',
    'cache-control': 'public, max-age=3600',
  });
  const jwks = createLocalJWKSet(keys.json as unknown as JSONWebKeySet);
  const currentDate = new Date(world.clock.now());
  expect((await jwtVerify(token, jwks, { issuer: ownAudience, currentDate })).payload.sub).toBe(
    'system:serviceaccount:default:default',
  );
  expect(await world.refused('/openid/v1/jwks', { user: undefined })).toMatchObject({ code: 403 });
});
