import { generateKeyPairSync } from 'node:crypto';
import { decodeJwt } from 'jose';
import { describe, expect, test } from 'vitest';
import type { Write } from '../../../../actors/kit/write.ts';
import { legacyTokenMint, legacyTokens } from '../../../../infra/api/auth/legacy-tokens.ts';
import type { Writer } from '../../../../infra/host/writer.ts';
import { VirtualClock } from '../../../../streams/base/virtual-clock.ts';
import type { KubeObject } from '../../../../streams/resources/meta.ts';
import { worldOf } from '../../../kit/given-world.ts';

function newKey(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

const privateKey = newKey();
const subject = { namespace: 'd', secret: 'builder-token', account: { name: 'builder', uid: 'u' } };
const token = legacyTokenMint(privateKey)(subject);
const audiences = ['own'];

const account = (uid = 'u'): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ServiceAccount',
  metadata: { namespace: 'd', name: 'builder', uid },
});
const secret = (held = token, labels = {}): KubeObject =>
  ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { namespace: 'd', name: 'builder-token', uid: 's', labels },
    type: 'kubernetes.io/service-account-token',
    data: { token: Buffer.from(held).toString('base64') },
  }) as KubeObject;

function verified(shown: string, objects: readonly KubeObject[], asked = audiences, written: Write[] = []) {
  const writer: Writer = {
    async write(write) {
      written.push(write);
      return { kind: 'failed', reason: 'Unavailable', message: '' };
    },
    note() {},
  };
  const world = worldOf(...objects);
  return legacyTokens({ world, privateKey, audiences, clock: new VirtualClock(), writer }).verify(shown, asked);
}

describe('a token kept in a secret', () => {
  test('says whose it is and where it is kept, and never ends', () => {
    expect(decodeJwt(token)).toEqual({
      iss: 'kubernetes/serviceaccount',
      'kubernetes.io/serviceaccount/namespace': 'd',
      'kubernetes.io/serviceaccount/secret.name': 'builder-token',
      'kubernetes.io/serviceaccount/service-account.name': 'builder',
      'kubernetes.io/serviceaccount/service-account.uid': 'u',
      sub: 'system:serviceaccount:d:builder',
    });
  });

  test('is its account', () => {
    expect(verified(token, [account(), secret()])).toEqual({
      kind: 'authenticated',
      user: {
        username: 'system:serviceaccount:d:builder',
        uid: 'u',
        groups: ['system:serviceaccounts', 'system:serviceaccounts:d', 'system:authenticated'],
        extra: {},
      },
      audiences,
    });
  });

  test.each<[string, KubeObject[], string]>([
    ['the secret is gone', [account()], 'Token has been invalidated'],
    ['the secret holds another', [account(), secret('x')], "Token does not match server's copy"],
    ['the account is gone', [secret()], 'serviceaccounts "builder" not found'],
    ['the account is another', [account('v'), secret()], 'ServiceAccount UID (v) does not match claim (u)'],
  ])('is nobody where %s', (_, objects, message) => {
    expect(verified(token, objects)).toEqual({ kind: 'rejected', message });
  });

  test('is nobody once it is marked as left behind, nor for others than the API server', () => {
    const marked = secret(token, { 'kubernetes.io/legacy-token-invalid-since': '2026-01-01' });
    expect(verified(token, [account(), marked])).toMatchObject({
      kind: 'rejected',
      message: expect.stringContaining('has been marked invalid'),
    });
    expect(verified(token, [account(), secret()], ['vault'])).toMatchObject({ kind: 'rejected' });
  });

  test('signed by somebody else is nobody, whatever the secret holds', () => {
    const forged = legacyTokenMint(newKey())(subject);
    expect(verified(forged, [account(), secret(forged)])).toEqual({ kind: 'rejected', message: 'invalid signature' });
    const [, payload, signature] = token.split('.');
    const none = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${payload}.${signature}`;
    expect(verified(none, [account(), secret(none)])).toEqual({ kind: 'rejected', message: 'invalid signature' });
  });

  test('leaves the day of its use on the secret, once a day', () => {
    const label = 'kubernetes.io/legacy-token-last-used';
    const written: Write[] = [];
    const accepted = { kind: 'authenticated' };
    expect(verified(token, [account(), secret()], audiences, written)).toMatchObject(accepted);
    expect(written).toMatchObject([{ kind: 'update', object: { metadata: { labels: { [label]: '2026-01-01' } } } }]);
    const unwritten: Write[] = [];
    const marked = secret(token, { [label]: '2026-01-01' });
    expect(verified(token, [account(), marked], audiences, unwritten)).toMatchObject(accepted);
    expect(verified(token, [account('v'), secret()], audiences, unwritten)).toMatchObject({ kind: 'rejected' });
    expect(unwritten).toEqual([]);
  });

  test('is told apart from other tokens', () => {
    for (const other of ['', 'a.b', 'a.b.c', 'abcdef.0123456789abcdef', 'e30.e30.'])
      expect(verified(other, [])).toBeUndefined();
  });
});
