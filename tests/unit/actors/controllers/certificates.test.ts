// Certificate requests: what the signers sign, what is approved by itself, and what is cleaned away. Requests and the
// authority are real ones; what is signed is read with Node's own certificate code.

import 'reflect-metadata';
import { webcrypto, X509Certificate } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import { beforeAll, describe, expect, test } from 'vitest';
import { certificateControllers } from '../../../../actors/controllers/certificates/certificates.ts';
import { signerProblem } from '../../../../actors/controllers/certificates/signer-rules.ts';
import type {
  CertificatePorts,
  CertificateSigningRequest,
  RequestedNames,
} from '../../../../actors/controllers/certificates/signing-request.ts';
import type { Plan } from '../../../../actors/kit/controller.ts';
import { certificatePorts } from '../../../../infra/boot/certificate-ports.ts';
import { issueAuthority } from '../../../../infra/pki/issue.ts';
import type { KeyPair } from '../../../../infra/pki/pem-files.ts';
import { defined } from '../../../../streams/base/assert.ts';
import { seededRandom } from '../../../../streams/base/random.ts';
import { timestamp } from '../../../../streams/resources/meta.ts';
import { resources } from '../../../../streams/resources/names.ts';
import { worldOf } from '../../../kit/given-world.ts';

const nowMs = Date.UTC(2026, 0, 31, 12);
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const bothUsages = ['digital signature', 'client auth'];

let authority: KeyPair;
let ports: CertificatePorts;
/** Subresources that askers may create. */
let granted: readonly string[] = [];
const asked: string[] = [];

beforeAll(async () => {
  const validity = { notBefore: new Date(nowMs - dayMs), notAfter: new Date(nowMs + 3_650 * dayMs) };
  authority = await issueAuthority('test-ca', validity, seededRandom(1));
  ports = certificatePorts({
    authority,
    random: seededRandom(2),
    authorizer: {
      authorize({ user, request: { subresource, resource, verb } }) {
        asked.push(`${user.username} ${verb} ${resource}/${subresource}`);
        return granted.includes(subresource) ? { kind: 'allowed', reason: '' } : { kind: 'denied', reason: '' };
      },
      rulesFor: () => ({ rules: [], incomplete: false }),
    },
  });
});

type Wish = { readonly subject?: string; readonly names?: x509.JsonGeneralNames; readonly rsa?: boolean };

async function pemOf({ subject = 'O=system:nodes,CN=system:node:n', names = [], rsa = false }: Wish): Promise<string> {
  const algorithm = rsa
    ? { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', publicExponent: new Uint8Array([1, 0, 1]), modulusLength: 2048 }
    : { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = (await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])) as webcrypto.CryptoKeyPair;
  const extensions = names.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(names)];
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: subject,
    keys,
    signingAlgorithm: algorithm,
    extensions,
  });
  return Buffer.from(request.toString('pem')).toString('base64');
}

type Given = Partial<CertificateSigningRequest['spec']> & {
  readonly status?: CertificateSigningRequest['status'];
  readonly ageMs?: number;
};

function aRequest({ status, ageMs = 0, ...spec }: Given): CertificateSigningRequest {
  return {
    apiVersion: 'certificates.k8s.io/v1',
    kind: 'CertificateSigningRequest',
    metadata: { name: 'r', uid: 'uid-of-r', creationTimestamp: timestamp(nowMs - ageMs) },
    spec: { request: '', signerName: 'kubernetes.io/kube-apiserver-client', usages: bothUsages, ...spec },
    ...(status && { status }),
  };
}

const approved = { conditions: [{ type: 'Approved', status: 'True', lastUpdateTime: timestamp(nowMs) }] } as const;

function planOf(what: 'signing' | 'approving' | 'cleaner', request: CertificateSigningRequest): Plan {
  const name = `certificatesigningrequest-${what}-controller`;
  const controller = defined(
    certificateControllers(ports).find((one) => one.name === name),
    'there are three of them',
  );
  const world = worldOf(request);
  return controller.reconcile({ world, key: 'r', nowMs, sinceMs: nowMs, failures: [], random: seededRandom(3) });
}

function written({ writes }: Plan): CertificateSigningRequest {
  expect(writes).toHaveLength(1);
  const [write] = writes;
  if (write?.kind !== 'update') throw new Error(`there is a ${write?.kind}, not an update`);
  return write.object as CertificateSigningRequest;
}

function signedBy(plan: Plan): X509Certificate {
  const { status } = written(plan);
  return new X509Certificate(Buffer.from(status?.certificate ?? '', 'base64'));
}

describe('signing', () => {
  test('an approved request is signed with its own subject, names and key, and the usages it asks for', async () => {
    const names: x509.JsonGeneralNames = [
      { type: 'dns', value: 'n.example' },
      { type: 'ip', value: '10.0.0.7' },
    ];
    for (const rsa of [false, true]) {
      const request = await pemOf({ names, rsa });
      const usages = ['digital signature', 'key encipherment', 'server auth'];
      const plan = planOf(
        'signing',
        aRequest({ request, usages, signerName: 'kubernetes.io/kubelet-serving', status: approved }),
      );
      const certificate = signedBy(plan);
      expect(certificate.verify(new X509Certificate(authority.certificate).publicKey)).toBe(true);
      expect(certificate.checkIssued(new X509Certificate(authority.certificate))).toBe(true);
      expect(certificate.subject).toBe('O=system:nodes\nCN=system:node:n');
      expect(certificate.subjectAltName).toBe('DNS:n.example, IP Address:10.0.0.7');
      expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
      expect(certificate.ca).toBe(false);
      expect(certificate.publicKey.asymmetricKeyType).toBe(rsa ? 'rsa' : 'ec');
      const read = new x509.X509Certificate(certificate.raw);
      const flags = x509.KeyUsageFlags;
      expect(read.getExtension(x509.KeyUsagesExtension)?.usages).toBe(flags.digitalSignature | flags.keyEncipherment);
    }
  });

  test.each([
    ['a year where nothing is said', undefined, nowMs + 365 * dayMs],
    ['no more than a year', 1_000 * 86_400, nowMs + 365 * dayMs],
    ['as long as was asked for', 10 * 3_600, nowMs + 10 * hourMs],
    ['backdating included where it is short', 3_600, nowMs + hourMs - 300_000],
    ['ten minutes at least', 60, nowMs + 300_000],
  ] as const)('lasts %s', async (_, expirationSeconds, endMs) => {
    const plan = planOf(
      'signing',
      aRequest({
        request: await pemOf({ subject: 'CN=me' }),
        status: approved,
        ...(expirationSeconds !== undefined && { expirationSeconds }),
      }),
    );
    const certificate = signedBy(plan);
    expect(certificate.validFromDate.getTime()).toBe(nowMs - 300_000);
    expect(certificate.validToDate.getTime()).toBe(endMs);
  });

  test('what is not approved, denied, failed, signed already or another signer’s is left alone', async () => {
    const request = await pemOf({ subject: 'CN=me' });
    const denied = { conditions: [...approved.conditions, { type: 'Denied', status: 'True' }] } as const;
    const failed = { conditions: [...approved.conditions, { type: 'Failed', status: 'True' }] } as const;
    for (const given of [
      {},
      { status: denied },
      { status: failed },
      { status: { ...approved, certificate: 'eA==' } },
      { status: approved, signerName: 'example.com/own' },
    ]) {
      expect(planOf('signing', aRequest({ request, ...given })).writes).toEqual([]);
    }
  });

  test('a request the signer does not sign is told to have failed', async () => {
    const request = await pemOf({ subject: 'CN=me' });
    const plan = planOf('signing', aRequest({ request, usages: ['server auth'], status: approved }));
    expect(written(plan).status?.conditions?.at(-1)).toEqual({
      type: 'Failed',
      status: 'True',
      reason: 'SignerValidationFailure',
      message: 'invalid usage for client certificate: server auth',
      lastUpdateTime: timestamp(nowMs),
    });
  });
});

const node: RequestedNames = {
  commonName: 'system:node:n',
  organizations: ['system:nodes'],
  dns: [],
  ips: [],
  emails: [],
  uris: [],
};
const client = ['client auth', 'digital signature'];
const serving = ['server auth', 'digital signature', 'key encipherment'];

test.each([
  ['kube-apiserver-client-kubelet', node, client, undefined],
  ['kube-apiserver-client-kubelet', node, [...client, 'key encipherment'], undefined],
  ['kube-apiserver-client-kubelet', { ...node, organizations: [] }, client, 'subject organization is not system:nodes'],
  ['kube-apiserver-client-kubelet', { ...node, dns: ['n'] }, client, 'DNS subjectAltNames are not allowed'],
  ['kube-apiserver-client-kubelet', { ...node, ips: ['0a000007'] }, client, 'IP subjectAltNames are not allowed'],
  [
    'kube-apiserver-client-kubelet',
    { ...node, commonName: 'n' },
    client,
    'subject common name does not begin with system:node:',
  ],
  [
    'kube-apiserver-client-kubelet',
    node,
    serving,
    'usages did not match [client auth digital signature key encipherment]',
  ],
  ['kubelet-serving', { ...node, dns: ['n'] }, serving, undefined],
  ['kubelet-serving', node, serving, 'DNS or IP subjectAltName is required'],
  ['kubelet-serving', { ...node, dns: ['n'], emails: ['a@b'] }, serving, 'Email subjectAltNames are not allowed'],
  ['kubelet-serving', { ...node, dns: ['n'], uris: ['a:b'] }, serving, 'URI subjectAltNames are not allowed'],
  ['kube-apiserver-client', node, ['digital signature'], 'missing required usage for client certificate: client auth'],
  ['legacy-unknown', { ...node, organizations: [] }, ['any'], undefined],
] as const)('%s says of %j with %j: %s', (signer, names, usages, message) => {
  expect(signerProblem(`kubernetes.io/${signer}`, names, usages)).toEqual(
    message === undefined ? { kind: 'signs' } : { kind: 'refuses', message },
  );
});

describe('approving', () => {
  const signerName = 'kubernetes.io/kube-apiserver-client-kubelet';

  test.each([
    [['nodeclient'], 'system:bootstrap:abc', 'Auto approving kubelet client certificate after SubjectAccessReview.'],
    [
      ['selfnodeclient', 'nodeclient'],
      'system:node:n',
      'Auto approving self kubelet client certificate after SubjectAccessReview.',
    ],
    [['selfnodeclient'], 'system:bootstrap:abc', undefined],
    [[], 'system:node:n', undefined],
  ] as const)('askers who may create %j, asking as %s, are told %s', async (rights, username, message) => {
    granted = rights;
    asked.length = 0;
    const plan = planOf('approving', aRequest({ request: await pemOf({}), signerName, username }));
    if (message === undefined) expect(plan.writes).toEqual([]);
    else {
      expect(plan.writes[0]).toMatchObject({ kind: 'update', subresource: 'approval' });
      expect(written(plan).status?.conditions).toEqual([
        { type: 'Approved', status: 'True', reason: 'AutoApproved', message },
      ]);
    }
    expect(asked[0]).toMatch(new RegExp(`^${username} create certificatesigningrequests/(self)?nodeclient$`));
  });

  test('a request for anything but a kubelet’s own client certificate is nobody’s to approve by itself', async () => {
    granted = ['nodeclient', 'selfnodeclient'];
    for (const wish of [{ subject: 'CN=me' }, { names: [{ type: 'dns', value: 'n' }] } satisfies Wish]) {
      expect(planOf('approving', aRequest({ request: await pemOf(wish), signerName })).writes).toEqual([]);
    }
  });
});

describe('cleaning', () => {
  const deleted = { kind: 'delete', resource: resources.certificateSigningRequests, name: 'r' };
  const decided = (type: string, ageMs: number) =>
    ({ conditions: [{ type, status: 'True', lastUpdateTime: timestamp(nowMs - ageMs) }] }) as const;

  test.each([
    ['pending for a day', { ageMs: dayMs }, true],
    ['pending for less', { ageMs: dayMs - 1_000 }, false],
    ['denied for an hour', { status: decided('Denied', hourMs) }, true],
    ['denied for less', { status: decided('Denied', hourMs - 1_000) }, false],
    ['approved for long and not signed', { ageMs: 2 * dayMs, status: decided('Approved', dayMs) }, false],
    ['signed an hour ago', { status: { ...decided('Approved', hourMs), certificate: 'eA==' } }, true],
  ] as const)('a request %s', (_, given, gone) => {
    const { writes, againAfterMs } = planOf('cleaner', aRequest(given));
    expect(writes).toEqual(gone ? [expect.objectContaining(deleted)] : []);
    if (!gone) expect(againAfterMs).toBeGreaterThan(0);
  });
});
