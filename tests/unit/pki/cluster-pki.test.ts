import { createPublicKey, sign, verify, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, get } from 'node:https';
import type { AddressInfo } from 'node:net';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type ClusterPki, ensureClusterPki } from '../../../infra/pki/cluster-pki.ts';
import { ServiceAccountKeyDamaged } from '../../../infra/pki/service-account-key.ts';
import type { Clock } from '../../../streams/base/clock.ts';
import { systemClock } from '../../../streams/base/clock.ts';
import { systemRandom } from '../../../streams/base/random.ts';
import { tempDir } from '../../kit/temp-dir.ts';

const dayMs = 24 * 3_600_000;
const later = (days: number): Clock => ({ ...systemClock, now: () => systemClock.now() + days * dayMs });

const ensure = (directory: string, options: { clock?: Clock; hosts?: readonly string[] } = {}): Promise<ClusterPki> =>
  ensureClusterPki({ directory, clock: systemClock, random: systemRandom(), ...options });

const parsed = (pem: { readonly certificate: string }) => new X509Certificate(pem.certificate);

describe('at a first start', () => {
  test('an authority, a server and an admin certificate are made', async () => {
    const pki = await ensure(tempDir());
    expect(pki.issued).toEqual(['ca', 'apiserver', 'admin']);
    const authority = new X509Certificate(pki.ca);
    expect(authority.ca).toBe(true);
    for (const leaf of [pki.server, pki.admin]) {
      expect(parsed(leaf).ca).toBe(false);
      expect(parsed(leaf).verify(authority.publicKey)).toBe(true);
      expect(parsed(leaf).checkIssued(authority)).toBe(true);
    }
    expect(parsed(pki.admin).subject.split('\n').sort()).toEqual(['CN=kubernetes-admin', 'O=system:masters']);
  });

  test('the server certificate is good for every name the API server is reached under', async () => {
    const certificate = parsed((await ensure(tempDir(), { hosts: ['api.example.test', '192.0.2.7'] })).server);
    const names = ['localhost', 'kubernetes', 'kubernetes.default', 'kubernetes.default.svc'];
    for (const name of [
      ...names,
      'kubernetes.default.svc.cluster.local',
      'api.example.test',
      hostname().toLowerCase(),
    ]) {
      expect(certificate.checkHost(name), name).toBeDefined();
    }
    for (const address of ['127.0.0.1', '::1', '10.96.0.1', '192.0.2.7']) {
      expect(certificate.checkIP(address), address).toBeDefined();
    }
    expect(certificate.checkHost('elsewhere.example.test')).toBeUndefined();
  });

  test('keys are readable by their owner only', async () => {
    const directory = tempDir();
    await ensure(directory);
    const keys = readdirSync(directory).filter((name) => name.endsWith('.key'));
    expect(keys.sort()).toEqual(['admin.key', 'apiserver.key', 'ca.key', 'sa.key']);
    for (const key of keys) expect(statSync(join(directory, key)).mode & 0o777, key).toBe(0o600);
  });

  test('a TLS server and its client trust each other through them', async () => {
    const { server, admin, ca } = await ensure(tempDir());
    const https = createServer(
      { cert: server.certificate, key: server.key, ca, requestCert: true },
      (request, response) => {
        response.end(JSON.stringify((request.socket as TLSSocket).getPeerCertificate().subject));
      },
    );
    onTestFinished(() => void https.close());
    https.listen(0, '127.0.0.1');
    await once(https, 'listening');
    const { port } = https.address() as AddressInfo;
    const request = get({ host: '127.0.0.1', port, ca, cert: admin.certificate, key: admin.key, agent: false });
    const [response] = await once(request, 'response');
    const body = await response.toArray();
    expect(JSON.parse(Buffer.concat(body).toString())).toEqual({ O: 'system:masters', CN: 'kubernetes-admin' });
  });

  test('the service accounts’ key signs what its public half verifies', async () => {
    const { serviceAccount } = await ensure(tempDir());
    const data = Buffer.from('token');
    const signature = sign('sha256', data, serviceAccount.privateKey);
    expect(verify('sha256', data, createPublicKey(serviceAccount.publicKey), signature)).toBe(true);
  });
});

describe('at a later start', () => {
  test('everything is kept', async () => {
    const directory = tempDir();
    const first = await ensure(directory);
    expect(await ensure(directory)).toEqual({ ...first, issued: [] });
  });

  test.each([
    ['335 days later nothing', 334, []],
    ['a month before their end the leaves', 336, ['apiserver', 'admin']],
    ['after their end the leaves', 400, ['apiserver', 'admin']],
    ['a month before its end the authority and all it signed', 3_621, ['ca', 'apiserver', 'admin']],
  ])('%s is renewed', async (_, days, issued) => {
    const directory = tempDir();
    const first = await ensure(directory);
    const second = await ensure(directory, { clock: later(days) });
    expect(second.issued).toEqual(issued);
    expect(second.serviceAccount).toEqual(first.serviceAccount);
    expect(parsed(second.server).verify(new X509Certificate(second.ca).publicKey)).toBe(true);
  });

  test('a new name of the machine renews the server certificate only', async () => {
    const directory = tempDir();
    await ensure(directory);
    expect((await ensure(directory, { hosts: ['new.example.test'] })).issued).toEqual(['apiserver']);
  });

  test('what is damaged, missing or not ours is made again', async () => {
    const directory = tempDir();
    const elsewhere = tempDir();
    await ensure(directory);
    await ensure(elsewhere);
    writeFileSync(join(directory, 'apiserver.crt'), '-----BEGIN CERT');
    rmSync(join(directory, 'admin.key'));
    expect((await ensure(directory)).issued).toEqual(['apiserver', 'admin']);
    const foreign = await ensure(elsewhere);
    writeFileSync(join(directory, 'admin.crt'), foreign.admin.certificate);
    writeFileSync(join(directory, 'admin.key'), foreign.admin.key);
    expect((await ensure(directory)).issued).toEqual(['admin']);
  });

  test('a damaged signing key is never replaced, because all tokens would end with it', async () => {
    const directory = tempDir();
    await ensure(directory);
    writeFileSync(join(directory, 'sa.key'), 'not a key');
    await expect(ensure(directory)).rejects.toBeInstanceOf(ServiceAccountKeyDamaged);
    await expect(ensure(directory)).rejects.toThrow(/sa\.key holds no usable signing key/);
  });
});
