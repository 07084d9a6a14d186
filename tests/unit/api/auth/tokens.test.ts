import { generateKeyPairSync } from 'node:crypto';
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify, SignJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import {
  defaultIssuer,
  type IssuedToken,
  type TokenIssuer,
  type TokenRequest,
  tokenIssuer,
} from '../../../../infra/api/auth/service-account-tokens.ts';
import { type BoundObjectLookup, tokenVerifier } from '../../../../infra/api/auth/token-verifier.ts';
import type { ApiError } from '../../../../infra/api/errors.ts';
import { seededRandom } from '../../../../streams/base/random.ts';
import { VirtualClock } from '../../../../streams/base/virtual-clock.ts';

const account = { namespace: 'prod', serviceAccount: { name: 'builder', uid: 'uid-1' } };
const hourMs = 3_600_000;

function newKey(): string {
  const { privateKey } = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  return privateKey;
}

/** An issuer and a verifier that share a clock and a world in which objects come and go. */
function setup({ issuer = {}, rememberedMax = 10 }: { issuer?: object; rememberedMax?: number } = {}) {
  const clock = new VirtualClock();
  const privateKey = newKey();
  const tokens = tokenIssuer({ privateKey, clock, random: seededRandom('tokens'), ...issuer });
  const world = new Map<string, { uid: string; deletionTimestampMs?: number }>([
    ['ServiceAccount prod/builder', { uid: 'uid-1' }],
  ]);
  let lookups = 0;
  const lookup: BoundObjectLookup = ({ kind, namespace, name }) => {
    lookups++;
    return world.get(`${kind} ${namespace}/${name}`);
  };
  const { audiences, keys } = tokens;
  const verifier = tokenVerifier({ issuer: defaultIssuer, audiences, keys, clock, lookup, rememberedMax });
  return { clock, privateKey, tokens, world, verifier, lookups: () => lookups };
}

async function issued(tokens: TokenIssuer, request: TokenRequest = account): Promise<IssuedToken> {
  const outcome = await tokens.issue(request);
  if (outcome.kind === 'refused') throw outcome.error;
  return outcome;
}

async function refusal(tokens: TokenIssuer, expirationSeconds: number): Promise<ApiError> {
  const outcome = await tokens.issue({ ...account, expirationSeconds });
  if (outcome.kind === 'issued') throw new Error('a token was issued');
  return outcome.error;
}

describe('an issued token', () => {
  it('has the claims of Kubernetes', async () => {
    const { clock, tokens } = setup();
    const { token, expirationTimestamp, audiences, expirationSeconds } = await issued(tokens);
    const iat = clock.now() / 1_000;
    expect(decodeJwt(token)).toEqual({
      iss: 'https://kubernetes.default.svc.cluster.local',
      sub: 'system:serviceaccount:prod:builder',
      aud: ['https://kubernetes.default.svc.cluster.local'],
      exp: iat + 3_600,
      iat,
      nbf: iat,
      jti: expect.stringMatching(/^[0-9a-f-]{36}$/),
      'kubernetes.io': { namespace: 'prod', serviceaccount: { name: 'builder', uid: 'uid-1' } },
    });
    expect({ expirationTimestamp, audiences, expirationSeconds }).toEqual({
      expirationTimestamp: '2026-01-01T01:00:00Z',
      audiences: [defaultIssuer],
      expirationSeconds: 3_600,
    });
  });

  it('can be verified by others with the published keys', async () => {
    const { clock, tokens } = setup();
    const { token } = await issued(tokens, { ...account, audiences: ['vault'] });
    const keySet = createLocalJWKSet(JSON.parse(JSON.stringify(tokens.keys)));
    const currentDate = new Date(clock.now());
    const { payload } = await jwtVerify(token, keySet, { issuer: tokens.issuer, audience: 'vault', currentDate });
    expect(payload.sub).toBe('system:serviceaccount:prod:builder');
    expect(decodeProtectedHeader(token)).toEqual({ alg: 'ES256', kid: tokens.keys.keys[0]?.kid });
    expect(Object.keys(tokens.keys.keys[0] ?? {}).sort()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']);
  });

  it('names the object it is bound to', async () => {
    const { tokens } = setup();
    const ref = { name: 'web', uid: 'u' };
    const claims = async (boundTo: NonNullable<TokenRequest['boundTo']>) => {
      const { token } = await issued(tokens, { ...account, boundTo });
      const { namespace, serviceaccount, ...bound } = decodeJwt(token)['kubernetes.io'] as Record<string, unknown>;
      return bound;
    };
    expect(await claims({ kind: 'Pod', ref, node: { name: 'n', uid: 'nu' } })).toEqual({
      pod: ref,
      node: { name: 'n', uid: 'nu' },
    });
    expect(await claims({ kind: 'Secret', ref })).toEqual({ secret: ref });
    expect(await claims({ kind: 'Node', ref })).toEqual({ node: ref });
  });

  it('lives ten minutes at least', async () => {
    const { tokens } = setup();
    expect((await refusal(tokens, 599)).toStatus()).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message:
        'TokenRequest.authentication.k8s.io "" is invalid: spec.expirationSeconds: Invalid value: 599: ' +
        'may not specify a duration less than 10 minutes',
      reason: 'Invalid',
      details: {
        group: 'authentication.k8s.io',
        kind: 'TokenRequest',
        causes: [
          {
            reason: 'FieldValueInvalid',
            message: 'Invalid value: 599: may not specify a duration less than 10 minutes',
            field: 'spec.expirationSeconds',
          },
        ],
      },
      code: 422,
    });
    expect((await issued(tokens, { ...account, expirationSeconds: 600 })).expirationSeconds).toBe(600);
  });

  it('lives a year at most, which longer wishes are shortened to with a warning', async () => {
    const { tokens } = setup();
    const year = 365 * 24 * 3_600;
    expect((await issued(tokens, { ...account, expirationSeconds: year })).warning).toBeUndefined();
    const long = await issued(tokens, { ...account, expirationSeconds: year + 1 });
    expect(long).toMatchObject({
      expirationSeconds: year,
      expirationTimestamp: '2027-01-01T00:00:00Z',
      warning: 'requested expiration of 31536001 seconds shortened to 31536000 seconds',
    });
    expect((await refusal(tokens, 2 ** 32 + 1)).message).toContain(
      'may not specify a duration larger than 2^32 seconds',
    );
  });

  it('for a pod that does not renew lives a year, and says when it should have been renewed', async () => {
    const { clock, tokens } = setup();
    const boundTo = { kind: 'Pod', ref: { name: 'web', uid: 'u' } } as const;
    const lifetime = async (request: Partial<TokenRequest>) => {
      const { token, expirationTimestamp } = await issued(tokens, { ...account, expirationSeconds: 3_607, ...request });
      const { exp = 0, iat = 0, 'kubernetes.io': kubernetes } = decodeJwt(token);
      return { seconds: exp - iat, expirationTimestamp, warnafter: (kubernetes as { warnafter?: number }).warnafter };
    };
    const expirationTimestamp = '2026-01-01T01:00:07Z';
    expect(await lifetime({ boundTo })).toEqual({
      seconds: 365 * 24 * 3_600,
      expirationTimestamp,
      warnafter: clock.now() / 1_000 + 3_607,
    });
    const plain = { seconds: 3_607, expirationTimestamp, warnafter: undefined };
    expect(await lifetime({})).toEqual(plain);
    expect(await lifetime({ boundTo, audiences: ['vault'] })).toEqual(plain);
  });

  it('is discoverable', () => {
    expect(setup().tokens.openidConfiguration('https://10.96.0.1:443/openid/v1/jwks')).toEqual({
      issuer: 'https://kubernetes.default.svc.cluster.local',
      jwks_uri: 'https://10.96.0.1:443/openid/v1/jwks',
      response_types_supported: ['id_token'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['ES256'],
    });
  });
});

describe('a presented token', () => {
  it('is its service account', async () => {
    const { tokens, verifier } = setup();
    const { token } = await issued(tokens);
    expect(await verifier.verify(token)).toMatchObject({
      kind: 'authenticated',
      user: {
        username: 'system:serviceaccount:prod:builder',
        uid: 'uid-1',
        groups: ['system:serviceaccounts', 'system:serviceaccounts:prod', 'system:authenticated'],
        extra: { 'authentication.kubernetes.io/credential-id': [`JTI=${decodeJwt(token).jti}`] },
      },
    });
  });

  it('bound to a pod says which, and where it runs', async () => {
    const { tokens, verifier, world } = setup();
    world.set('Pod prod/web', { uid: 'p' });
    const boundTo = { kind: 'Pod', ref: { name: 'web', uid: 'p' }, node: { name: 'n1', uid: 'n' } } as const;
    const outcome = await verifier.verify((await issued(tokens, { ...account, boundTo })).token);
    expect(outcome.kind === 'authenticated' && outcome.user.extra).toMatchObject({
      'authentication.kubernetes.io/pod-name': ['web'],
      'authentication.kubernetes.io/pod-uid': ['p'],
      'authentication.kubernetes.io/node-name': ['n1'],
      'authentication.kubernetes.io/node-uid': ['n'],
    });
  });

  it('is verified once, and answered at once after that', async () => {
    const { tokens, verifier } = setup();
    const { token } = await issued(tokens);
    const first = verifier.verify(token);
    expect(first).toBeInstanceOf(Promise);
    await first;
    expect(verifier.verify(token)).toMatchObject({ kind: 'authenticated' });
  });

  it('is forgotten when too many others were used since', async () => {
    const { tokens, verifier } = setup({ rememberedMax: 3 });
    const all = await Promise.all(Array.from({ length: 4 }, async () => (await issued(tokens)).token));
    const [first = '', second = '', third = '', fourth = ''] = all;
    for (const token of [first, second, third]) await verifier.verify(token);
    await verifier.verify(first);
    await verifier.verify(fourth);
    expect(verifier.verify(first)).not.toBeInstanceOf(Promise);
    expect(verifier.verify(second)).toBeInstanceOf(Promise);
  });

  describe.each([
    ['for the first time', false],
    ['again', true],
  ])('%s', (_, known) => {
    const presented = async (
      request: TokenRequest,
      change: (scene: ReturnType<typeof setup>) => void | Promise<void>,
    ) => {
      const scene = setup();
      scene.world.set('Pod prod/web', { uid: 'p' }).set('Secret prod/web', { uid: 's' }).set('Node /web', { uid: 'n' });
      const { token } = await issued(scene.tokens, request);
      if (known) expect(await scene.verifier.verify(token)).toMatchObject({ kind: 'authenticated' });
      await change(scene);
      return scene.verifier.verify(token);
    };

    it('is good for a minute behind its end, and no longer', async () => {
      const kindAt = async (ms: number) => (await presented(account, ({ clock }) => clock.advance(ms))).kind;
      expect(await kindAt(hourMs + 59_000)).toBe('authenticated');
      expect(await kindAt(hourMs + 61_000)).toBe('rejected');
    });

    it('is not good long before its beginning', async () => {
      const outcome = await presented(account, ({ clock }) => clock.jump(-2 * 60_000));
      expect(outcome.kind).toBe('rejected');
    });

    const pod: TokenRequest = { ...account, boundTo: { kind: 'Pod', ref: { name: 'web', uid: 'p' } } };
    const secret: TokenRequest = { ...account, boundTo: { kind: 'Secret', ref: { name: 'web', uid: 's' } } };
    const node: TokenRequest = { ...account, boundTo: { kind: 'Node', ref: { name: 'web', uid: 'n' } } };
    it.each([
      ['service account', account, 'ServiceAccount prod/builder'],
      ['pod', pod, 'Pod prod/web'],
      ['secret', secret, 'Secret prod/web'],
      ['node', node, 'Node /web'],
    ])('ends with its %s: deleted, made anew, or long in deletion', async (_what, request, key) => {
      const kindIf = async (state: { uid: string; deletionTimestampMs?: number } | undefined, passMs = 0) => {
        const outcome = await presented(request, async ({ world, clock }) => {
          if (state === undefined) world.delete(key);
          else world.set(key, state);
          await clock.advance(passMs);
        });
        return outcome.kind;
      };
      const uid = { ServiceAccount: 'uid-1', Pod: 'p', Secret: 's', Node: 'n' }[key.split(' ')[0] ?? ''] ?? '';
      const startMs = new VirtualClock().now();
      expect(await kindIf({ uid })).toBe('authenticated');
      expect(await kindIf(undefined)).toBe('rejected');
      expect(await kindIf({ uid: 'another' })).toBe('rejected');
      expect(await kindIf({ uid, deletionTimestampMs: startMs }, 59_000)).toBe('authenticated');
      expect(await kindIf({ uid, deletionTimestampMs: startMs }, 61_000)).toBe('rejected');
    });
  });

  it('for another audience is rejected, except where that audience is asked for', async () => {
    const { tokens, verifier } = setup();
    const { token } = await issued(tokens, { ...account, audiences: ['vault'] });
    expect((await verifier.verify(token)).kind).toBe('rejected');
    expect((await verifier.verify(token, ['vault'])).kind).toBe('authenticated');
    expect((await verifier.verify(token)).kind).toBe('rejected');
  });

  describe('that we did not issue is rejected:', () => {
    const claims = {
      sub: 'system:serviceaccount:prod:builder',
      'kubernetes.io': { namespace: 'prod', serviceaccount: { name: 'builder', uid: 'uid-1' } },
    };
    const sign = (payload: object, key: Parameters<SignJWT['sign']>[0], header: object, nowMs: number) =>
      new SignJWT({ iss: defaultIssuer, aud: [defaultIssuer], exp: nowMs / 1_000 + 600, ...payload })
        .setProtectedHeader({ alg: 'ES256', ...header })
        .sign(key);

    it('nonsense', async () => {
      const { verifier } = setup();
      for (const token of ['x', 'a.b.c', '', 'e30.e30.', '..']) {
        expect((await verifier.verify(token)).kind).toBe('rejected');
      }
    });

    it('signed with another key', async () => {
      const { clock, verifier, tokens } = setup();
      const other = tokenIssuer({ privateKey: newKey(), clock, random: seededRandom('other') });
      expect((await verifier.verify((await issued(other)).token)).kind).toBe('rejected');
      const { createPrivateKey } = await import('node:crypto');
      const kid = tokens.keys.keys[0]?.kid;
      const forged = await sign(claims, createPrivateKey(newKey()), { kid }, clock.now());
      expect((await verifier.verify(forged)).kind).toBe('rejected');
    });

    it('with its payload changed', async () => {
      const { tokens, verifier } = setup();
      const [header, payload = '', signature] = (await issued(tokens)).token.split('.');
      const changed = Buffer.from(payload, 'base64url').toString().replaceAll('builder', 'admin00');
      const token = [header, Buffer.from(changed).toString('base64url'), signature].join('.');
      expect((await verifier.verify(token)).kind).toBe('rejected');
    });

    it('unsigned, or signed with the public key as a shared secret', async () => {
      const { clock, verifier, tokens } = setup();
      const head = Buffer.from('{"alg":"none"}').toString('base64url');
      const body = Buffer.from(JSON.stringify({ iss: defaultIssuer, aud: defaultIssuer, exp: 9e9, ...claims }));
      expect((await verifier.verify(`${head}.${body.toString('base64url')}.`)).kind).toBe('rejected');
      const secret = Buffer.from(JSON.stringify(tokens.keys.keys[0]));
      const mixed = await sign(claims, secret, { alg: 'HS256', kid: tokens.keys.keys[0]?.kid }, clock.now());
      expect((await verifier.verify(mixed)).kind).toBe('rejected');
    });

    it.each([
      ['of another issuer', { ...claims, iss: 'https://elsewhere' }],
      ['without a service account', { sub: claims.sub }],
      ['whose subject is somebody else', { ...claims, sub: 'system:serviceaccount:kube-system:root' }],
      ['that never ends', { ...claims, exp: undefined }],
      ['whose pod cannot be read', { ...claims, 'kubernetes.io': { ...claims['kubernetes.io'], pod: 'web' } }],
    ])('a well-signed token %s', async (_what, payload) => {
      const { clock, privateKey, verifier } = setup();
      const { createPrivateKey } = await import('node:crypto');
      const token = await sign(payload, createPrivateKey(privateKey), {}, clock.now());
      expect((await verifier.verify(token)).kind).toBe('rejected');
      const good = await sign(claims, createPrivateKey(privateKey), {}, clock.now());
      expect((await verifier.verify(good)).kind).toBe('authenticated');
    });
  });
});
