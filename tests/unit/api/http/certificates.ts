// A throw-away authority for the tests of the HTTP front end: server and client certificates, good and bad ones.

import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const dayMs = 86_400_000;

export type Identity = { readonly key: string; readonly cert: string };

export type ClientSubject = {
  readonly name: string;
  readonly usage?: 'client' | 'server';
  readonly notBefore?: Date;
  readonly notAfter?: Date;
};

export type Authority = {
  readonly ca: string;
  readonly server: Identity;
  client(subject: ClientSubject): Promise<Identity>;
};

export async function newAuthority(): Promise<Authority> {
  const keys = await newKeys();
  const issuer = 'CN=test-ca';
  const ca = await x509.X509CertificateGenerator.createSelfSigned({
    name: issuer,
    keys,
    signingAlgorithm: algorithm,
    notBefore: daysFromNow(-1),
    notAfter: daysFromNow(30),
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
    ],
  });
  const issue = async (subject: ClientSubject): Promise<Identity> => {
    const own = await newKeys();
    const forServer = subject.usage === 'server';
    const certificate = await x509.X509CertificateGenerator.create({
      subject: subject.name,
      issuer,
      publicKey: own.publicKey,
      signingKey: keys.privateKey,
      signingAlgorithm: algorithm,
      notBefore: subject.notBefore ?? daysFromNow(-1),
      notAfter: subject.notAfter ?? daysFromNow(7),
      extensions: [
        new x509.ExtendedKeyUsageExtension([
          forServer ? x509.ExtendedKeyUsage.serverAuth : x509.ExtendedKeyUsage.clientAuth,
        ]),
        new x509.SubjectAlternativeNameExtension([
          { type: 'dns', value: 'localhost' },
          { type: 'ip', value: '127.0.0.1' },
        ]),
      ],
    });
    return { key: await pemOf(own.privateKey), cert: certificate.toString('pem') };
  };
  return { ca: ca.toString('pem'), server: await issue({ name: 'CN=localhost', usage: 'server' }), client: issue };
}

export function daysFromNow(days: number): Date {
  return new Date(Date.now() + days * dayMs);
}

function newKeys(): Promise<CryptoKeyPair> {
  return webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']) as Promise<CryptoKeyPair>;
}

async function pemOf(key: CryptoKey): Promise<string> {
  return x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY');
}

type CryptoKey = webcrypto.CryptoKey;
type CryptoKeyPair = webcrypto.CryptoKeyPair;
