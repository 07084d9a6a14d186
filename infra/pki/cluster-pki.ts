// The cluster's certificates: present, valid and renewed in time, whenever the API server starts.
//
// What is on the disk is used as long as it is whole, signed by our authority, good for the names the server is reached
// under and not within 30 days of its end. Anything else is made again; a new authority renews all it had signed.

import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { hostname } from 'node:os';
import type { Clock } from '../../streams/base/clock.ts';
import type { Random } from '../../streams/base/random.ts';
import type { Subject, Validity } from './issue.ts';
import { type CertificateName, type KeyPair, readKeyPair, writeKeyPair } from './pem-files.ts';
import { ensureServiceAccountKey, type ServiceAccountKey } from './service-account-key.ts';

export type ClusterPki = {
  /** PEM of the authority's certificate: what clients trust. */
  readonly ca: string;
  /** The authority with its key: signs certificate requests. */
  readonly authority: KeyPair;
  /** The API server's own certificate. */
  readonly server: KeyPair;
  /** `kubernetes-admin` of `system:masters`, as kubeadm makes it. */
  readonly admin: KeyPair;
  readonly serviceAccount: ServiceAccountKey;
  /** What this call made anew; clients that trusted an older authority need the new kubeconfig. */
  readonly issued: readonly CertificateName[];
};

export type PkiOptions = {
  readonly directory: string;
  readonly clock: Clock;
  readonly random: Random;
  /** Further names or addresses the API server is reached under. */
  readonly hosts?: readonly string[];
};

const DAY_MS = 24 * 3_600_000;
const AUTHORITY_DAYS = 3_650;
const LEAF_DAYS = 365;
const RENEW_WITHIN_MS = 30 * DAY_MS;

/** Certificates begin a little in the past, because the clocks of other machines differ. */
const BACKDATED_MS = 5 * 60_000;

const COMMON_NAMES: Readonly<Record<CertificateName, string>> = {
  ca: 'shiplog-ca',
  apiserver: 'kube-apiserver',
  admin: 'kubernetes-admin',
};

/** Names every API server answers to: from the machine, and from inside the cluster (10.96.0.1 is the first service IP). */
const DNS_NAMES = [
  'localhost',
  'kubernetes',
  'kubernetes.default',
  'kubernetes.default.svc',
  'kubernetes.default.svc.cluster.local',
];
const ADDRESSES = ['127.0.0.1', '::1', '10.96.0.1'];

/** Reads the certificates, making or renewing those that need it. */
export async function ensureClusterPki(options: PkiOptions): Promise<ClusterPki> {
  const { directory, clock } = options;
  const now = clock.now();
  const issued: CertificateName[] = [];
  const knownAuthority = readKeyPair(directory, 'ca');
  const authority =
    knownAuthority?.parsed.ca === true && isCurrent(knownAuthority.parsed, now)
      ? knownAuthority
      : await makeAuthority(options, issued);
  const server = await ensureLeaf({
    name: 'apiserver',
    subject: serverSubject(options.hosts),
    authority,
    options,
    issued,
  });
  const admin = await ensureLeaf({ name: 'admin', subject: adminSubject, authority, options, issued });
  return {
    ca: authority.certificate,
    authority: plain(authority),
    server: plain(server),
    admin: plain(admin),
    serviceAccount: ensureServiceAccountKey(directory),
    issued,
  };
}

const adminSubject: Subject = { kind: 'client', commonName: COMMON_NAMES.admin, organisation: 'system:masters' };

async function makeAuthority(options: PkiOptions, issued: CertificateName[]): Promise<KeyPair> {
  const { issueAuthority } = await import('./issue.ts');
  const pair = await issueAuthority(COMMON_NAMES.ca, validity(options.clock.now(), AUTHORITY_DAYS), options.random);
  writeKeyPair(options.directory, 'ca', pair);
  issued.push('ca');
  return pair;
}

async function ensureLeaf(request: {
  readonly name: CertificateName;
  readonly subject: Subject;
  readonly authority: KeyPair;
  readonly options: PkiOptions;
  readonly issued: CertificateName[];
}): Promise<KeyPair> {
  const { name, subject, authority, options, issued } = request;
  const now = options.clock.now();
  const known = readKeyPair(options.directory, name);
  if (
    known !== undefined &&
    isCurrent(known.parsed, now) &&
    isSignedBy(known.parsed, authority) &&
    suits(known.parsed, subject)
  ) {
    return known;
  }
  const { issueCertificate } = await import('./issue.ts');
  const pair = await issueCertificate({
    authority,
    subject,
    validity: validity(now, LEAF_DAYS),
    random: options.random,
  });
  writeKeyPair(options.directory, name, pair);
  issued.push(name);
  return pair;
}

function serverSubject(hosts: readonly string[] = []): Subject {
  const names = [hostname(), ...hosts].map((name) => name.toLowerCase()).filter((name) => name !== '');
  const dns = [...DNS_NAMES, ...names.filter((name) => isIP(name) === 0 && isDnsName(name))];
  const ips = [...ADDRESSES, ...names.filter((name) => isIP(name) !== 0)];
  return { kind: 'server', commonName: COMMON_NAMES.apiserver, dns: [...new Set(dns)], ips: [...new Set(ips)] };
}

/** Hosts may carry names that a certificate cannot (an underscore, for one); those are left out. */
function isDnsName(name: string): boolean {
  return name.length <= 253 && /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*$/.test(name);
}

function validity(now: number, days: number): Validity {
  return { notBefore: new Date(now - BACKDATED_MS), notAfter: new Date(now + days * DAY_MS) };
}

function isCurrent(certificate: X509Certificate, now: number): boolean {
  return certificate.validFromDate.getTime() <= now && certificate.validToDate.getTime() - now > RENEW_WITHIN_MS;
}

function isSignedBy(certificate: X509Certificate, authority: KeyPair): boolean {
  return certificate.verify(new X509Certificate(authority.certificate).publicKey);
}

function suits(certificate: X509Certificate, subject: Subject): boolean {
  if (subject.kind === 'client') return true;
  return (
    subject.dns.every((name) => certificate.checkHost(name) !== undefined) &&
    subject.ips.every((address) => certificate.checkIP(address) !== undefined)
  );
}

function plain({ certificate, key }: KeyPair): KeyPair {
  return { certificate, key };
}
