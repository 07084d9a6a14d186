// Who may approve and sign certificate requests, and what nobody gets by asking.

import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import { describe, expect, test } from 'vitest';
import { csrOrganizations } from '../../../../infra/api/admission/csr-subject.ts';
import type { Peer } from '../../../../infra/api/http/exchange.ts';
import { type ApiWorld, apiWorld, type Body } from '../../../kit/api-world.ts';

const requests = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
const merge = { 'content-type': 'application/merge-patch+json' };
const clientSigner = 'kubernetes.io/kube-apiserver-client';

async function csr(subject: string): Promise<string> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = (await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])) as webcrypto.CryptoKeyPair;
  const made = await x509.Pkcs10CertificateRequestGenerator.create({
    name: subject,
    keys,
    signingAlgorithm: algorithm,
  });
  return Buffer.from(made.toString('pem')).toString('base64');
}

async function ask(world: ApiWorld, signerName: string, request: string) {
  const spec = { request, signerName, usages: ['client auth'] };
  const body = {
    apiVersion: 'certificates.k8s.io/v1',
    kind: 'CertificateSigningRequest',
    metadata: { name: 'r' },
    spec,
  };
  return world.ask(requests, { method: 'POST', body });
}

describe('the organizations in a request', () => {
  test.each([
    ['CN=a', []],
    ['CN=a,O=one', ['one']],
    ['O=one,O=two,CN=a', ['one', 'two']],
    ['CN=a,O=Größe', ['Größe']],
  ])('of %s', async (subject, expected) => {
    expect(csrOrganizations(await csr(subject))).toEqual(expected);
  });

  test.each(['', 'AAAA', Buffer.from('-----BEGIN CERTIFICATE REQUEST-----\nMIIB\n-----END').toString('base64')])(
    'of what is none: %j',
    (text) => {
      expect(csrOrganizations(text) ?? []).toEqual([]);
    },
  );
});

test('nobody gets a certificate of the administrators by asking the client signer', async () => {
  const world = await apiWorld();
  const refused = await ask(world, clientSigner, await csr('CN=me,O=system:masters'));
  expect(refused.json).toMatchObject({
    code: 403,
    message:
      'certificatesigningrequests.certificates.k8s.io "r" is forbidden: use of kubernetes.io/kube-apiserver-client signer with system:masters group is not allowed',
  });
  expect((await ask(world, 'example.com/own', await csr('CN=me,O=system:masters'))).status).toBe(201);
});

describe('signing', () => {
  const signer: Peer['certificate'] = { commonName: 'signer', organizations: [] };

  /** A user who may write the status of requests, and has the rights of these rules beside. */
  async function withRights(...rules: readonly Body[]): Promise<ApiWorld> {
    const world = await apiWorld();
    const write = {
      apiGroups: ['certificates.k8s.io'],
      resources: ['certificatesigningrequests/status'],
      verbs: ['*'],
    };
    const roles = 'clusterroles.rbac.authorization.k8s.io';
    await world.create(roles, { metadata: { name: 'signer' }, rules: [write, ...rules] });
    await world.create('clusterrolebindings.rbac.authorization.k8s.io', {
      metadata: { name: 'signer' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'signer' },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'signer' }],
    });
    await ask(world, 'example.com/own', await csr('CN=me'));
    return world;
  }
  const sign = (world: ApiWorld) => {
    const status = { conditions: [{ type: 'Failed', status: 'True', reason: 'x', message: 'y' }] };
    return world.ask(`${requests}/r/status`, { method: 'PATCH', headers: merge, body: { status }, user: signer });
  };
  const right = (resourceNames: readonly string[]): Body => ({
    apiGroups: ['certificates.k8s.io'],
    resources: ['signers'],
    resourceNames,
    verbs: ['sign'],
  });

  test('is a right to the signer, or to all of its domain', async () => {
    expect((await sign(await withRights(right(['example.com/own'])))).status).toBe(200);
    expect((await sign(await withRights(right(['example.com/*'])))).status).toBe(200);
  });

  test('is refused to who may only write the status', async () => {
    const refused = await sign(await withRights(right(['example.com/other'])));
    expect(refused.json).toMatchObject({
      code: 403,
      message: expect.stringContaining('user not permitted to sign requests with signerName "example.com/own"'),
    });
  });
});

test('approving is a right to the signer as well', async () => {
  const world = await apiWorld();
  await ask(world, 'example.com/own', await csr('CN=me'));
  const write = {
    apiGroups: ['certificates.k8s.io'],
    resources: ['certificatesigningrequests/approval'],
    verbs: ['*'],
  };
  const roles = 'clusterroles.rbac.authorization.k8s.io';
  await world.create(roles, { metadata: { name: 'approver' }, rules: [write] });
  await world.create('clusterrolebindings.rbac.authorization.k8s.io', {
    metadata: { name: 'approver' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'approver' },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'approver' }],
  });
  const approve = (user: Peer['certificate']) => {
    const status = { conditions: [{ type: 'Approved', status: 'True', reason: 'x', message: 'y' }] };
    return world.ask(`${requests}/r/approval`, { method: 'PATCH', headers: merge, body: { status }, user });
  };
  expect((await approve({ commonName: 'approver', organizations: [] })).json).toMatchObject({
    code: 403,
    message: expect.stringContaining('user not permitted to approve requests with signerName "example.com/own"'),
  });
  expect((await approve({ commonName: 'kubernetes-admin', organizations: ['system:masters'] })).status).toBe(200);
});
