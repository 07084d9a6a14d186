// What the strategies of small kinds drop, count and warn about.

import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { AnyObject } from '../../../../streams/resources/meta.ts';
import { created, updated } from '../../../kit/written.ts';

const metadata = { name: 'a', namespace: 'default' };
const pem = (type: string, text = 'AAAA') => `-----BEGIN ${type}-----\n${text}\n-----END ${type}-----\n`;
const key = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

describe('a secret that cannot serve as a certificate', () => {
  test.each([
    ['', '', 'tls: failed to find any PEM data in certificate input'],
    [
      key,
      key,
      'tls: failed to find "CERTIFICATE" PEM block in certificate input after skipping PEM blocks of the following types: [PRIVATE KEY]',
    ],
    [pem('CERTIFICATE'), 'x', 'tls: failed to find any PEM data in key input'],
    [
      pem('CERTIFICATE'),
      pem('CERTIFICATE'),
      'tls: found a certificate rather than a key in the PEM for the private key',
    ],
    [pem('CERTIFICATE'), key, 'x509: malformed certificate'],
  ])('%#: %j with %j', (certificate, privateKey, warning) => {
    const data = { 'tls.crt': base64(certificate), 'tls.key': base64(privateKey) };
    const secret = { apiVersion: 'v1', kind: 'Secret', metadata, type: 'kubernetes.io/tls', data };
    expect(created(secret)).toMatchObject({ problems: [], warnings: [warning] });
    expect(created({ ...secret, type: 'Opaque' }).warnings).toEqual([]);
  });
});

test('a service account keeps the names of its secrets alone, and is warned about what is deprecated', () => {
  const annotated = { ...metadata, annotations: { 'kubernetes.io/enforce-mountable-secrets': 'true' } };
  const secrets = [{ kind: 'Secret', name: 's', namespace: 'other' }, { name: 't' }];
  const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata, secrets };
  const { object } = created(account);
  expect(object.secrets).toEqual([{ name: 's' }, { name: 't' }]);
  const { object: next, warnings } = updated(object, { ...object, metadata: { ...object.metadata, ...annotated } });
  expect(warnings).toEqual([expect.stringContaining('deprecated in v1.32+; prefer separate namespaces')]);
  expect(updated(next, next).warnings).toEqual([]);
});

test('a lease leaves out what elections would need', () => {
  const spec = { holderIdentity: 'x', strategy: 'OldestEmulationVersion', preferredHolder: 'y' };
  expect(created({ apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata, spec }).object.spec).toEqual({
    holderIdentity: 'x',
  });
});

test('an endpoint slice drops the topology of v1beta1', () => {
  const slice = {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata,
    addressType: 'FQDN',
    endpoints: [{ addresses: ['a.example'], deprecatedTopology: { a: 'b' } }],
  };
  const { object, warnings } = created(slice);
  expect(object.endpoints).toEqual([{ addresses: ['a.example'], conditions: {} }]);
  expect(warnings).toEqual(['spec.addressType: FQDN endpoints are deprecated']);
});

test('a service that is no balancer any more shows no balancer’s address', () => {
  const ports = [{ port: 80 }];
  const service = { apiVersion: 'v1', kind: 'Service', metadata, spec: { type: 'LoadBalancer', ports } };
  const before = {
    ...created(service).object,
    status: { loadBalancer: { ingress: [{ ip: '1.2.3.4' }] } },
  } as AnyObject;
  const next = (type: string) => updated(before, { ...before, spec: { ...(before.spec as object), type } }).object;
  expect(next('ClusterIP').status).toEqual({ loadBalancer: {} });
  expect(next('LoadBalancer').status).toEqual(before.status);
});

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
