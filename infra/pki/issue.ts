// Makes certificates: the cluster's own authority and what it signs (P-256, SHA-256).
//
// Loading the certificate library takes longer than everything else at a start, so only this file imports it, and this
// file is imported only when a certificate must be made.

import 'reflect-metadata';
import type { webcrypto } from 'node:crypto';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  cryptoProvider,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  type PublicKeyType,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';
import type { Random } from '../../streams/base/random.ts';
import type { KeyPair } from './pem-files.ts';
import { serialNumber } from './serial.ts';

export type Validity = { readonly notBefore: Date; readonly notAfter: Date };

/** Who a certificate is for: a server known under some names, or a client with a user name and groups. */
export type Subject =
  | {
      readonly kind: 'server';
      readonly commonName: string;
      readonly dns: readonly string[];
      readonly ips: readonly string[];
    }
  | { readonly kind: 'client'; readonly commonName: string; readonly organisation: string };

const KEY = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const SIGNATURE = { name: 'ECDSA', hash: 'SHA-256' } as const;

/** A new authority that signs itself. */
export async function issueAuthority(commonName: string, validity: Validity, random: Random): Promise<KeyPair> {
  const keys = await generateKeys();
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(random).toString('hex'),
    name: [{ CN: [commonName] }],
    ...validity,
    signingAlgorithm: SIGNATURE,
    keys,
    extensions: [
      new BasicConstraintsExtension(true, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature | KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return exportPair(certificate, keys.privateKey);
}

/** A certificate for `subject`, signed by `authority`. */
export async function issueCertificate(options: {
  readonly authority: KeyPair;
  readonly subject: Subject;
  readonly validity: Validity;
  readonly random: Random;
}): Promise<KeyPair> {
  const { authority, subject, validity, random } = options;
  const issuer = new X509Certificate(authority.certificate);
  const keys = await generateKeys();
  const certificate = await X509CertificateGenerator.create({
    serialNumber: serialNumber(random).toString('hex'),
    subject:
      subject.kind === 'client'
        ? [{ O: [subject.organisation] }, { CN: [subject.commonName] }]
        : [{ CN: [subject.commonName] }],
    issuer: issuer.subjectName,
    ...validity,
    signingAlgorithm: SIGNATURE,
    publicKey: keys.publicKey,
    signingKey: await importKey(authority.key),
    extensions: await extensionsOf(subject, keys.publicKey, issuer),
  });
  return exportPair(certificate, keys.privateKey);
}

async function extensionsOf(subject: Subject, publicKey: PublicKeyType, issuer: X509Certificate): Promise<Extension[]> {
  const usage = subject.kind === 'server' ? ExtendedKeyUsage.serverAuth : ExtendedKeyUsage.clientAuth;
  const extensions: Extension[] = [
    new BasicConstraintsExtension(false, undefined, true),
    new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
    new ExtendedKeyUsageExtension([usage]),
    await SubjectKeyIdentifierExtension.create(publicKey),
    await AuthorityKeyIdentifierExtension.create(issuer.publicKey),
  ];
  if (subject.kind === 'server') {
    extensions.push(
      new SubjectAlternativeNameExtension([
        ...subject.dns.map((value) => ({ type: 'dns' as const, value })),
        ...subject.ips.map((value) => ({ type: 'ip' as const, value })),
      ]),
    );
  }
  return extensions;
}

async function generateKeys(): Promise<webcrypto.CryptoKeyPair> {
  return await cryptoProvider.get().subtle.generateKey(KEY, true, ['sign', 'verify']);
}

async function importKey(pem: string): Promise<webcrypto.CryptoKey> {
  return await cryptoProvider.get().subtle.importKey('pkcs8', PemConverter.decodeFirst(pem), KEY, false, ['sign']);
}

async function exportPair(certificate: X509Certificate, privateKey: webcrypto.CryptoKey): Promise<KeyPair> {
  const pkcs8 = await cryptoProvider.get().subtle.exportKey('pkcs8', privateKey);
  return { certificate: `${certificate.toString('pem')}\n`, key: `${PemConverter.encode(pkcs8, 'PRIVATE KEY')}\n` };
}
