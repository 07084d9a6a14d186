// What a client is told about a TLS secret whose certificate and key cannot serve: the texts are those of Go's
// tls.X509KeyPair, which clients of Kubernetes see.

import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import type { AnyObject } from '../../../streams/resources/meta.ts';

type Data = Readonly<Record<string, string | undefined>>;
const block = /-----BEGIN ([A-Z0-9 ]+)-----[\s\S]+?-----END \1-----/g;

export function tlsWarnings(secret: AnyObject): readonly string[] {
  if (secret.type !== 'kubernetes.io/tls') return [];
  const { 'tls.crt': crt = '', 'tls.key': key = '' } = (secret.data ?? {}) as Data;
  const problem = pairProblem(Buffer.from(crt, 'base64').toString(), Buffer.from(key, 'base64').toString());
  return problem === undefined ? [] : [problem];
}

function pairProblem(certificatePem: string, keyPem: string): string | undefined {
  const certificates = blocksOf(certificatePem);
  if (certificates.length === 0) return 'tls: failed to find any PEM data in certificate input';
  const leaf = certificates.find(({ type }) => type === 'CERTIFICATE');
  if (leaf === undefined)
    return `tls: failed to find "CERTIFICATE" PEM block in certificate input after skipping PEM blocks of the following types: [${typesOf(certificates)}]`;
  const keys = blocksOf(keyPem);
  if (keys.length === 0) return 'tls: failed to find any PEM data in key input';
  const own = keys.find(({ type }) => type === 'PRIVATE KEY' || type.endsWith(' PRIVATE KEY'));
  if (own === undefined)
    return keys.every(({ type }) => type === 'CERTIFICATE')
      ? 'tls: found a certificate rather than a key in the PEM for the private key'
      : `tls: failed to find PEM block with type ending in "PRIVATE KEY" in key input after skipping PEM blocks of the following types: [${typesOf(keys)}]`;
  return mismatch(leaf.pem, own.pem);
}

function mismatch(certificatePem: string, keyPem: string): string | undefined {
  const certificate = attempt(() => new X509Certificate(certificatePem));
  if (certificate === undefined) return 'x509: malformed certificate';
  const key = attempt(() => createPrivateKey(keyPem));
  if (key === undefined) return 'tls: failed to parse private key';
  if (!isOfType(certificate, key)) return 'tls: private key type does not match public key type';
  return certificate.checkPrivateKey(key) ? undefined : 'tls: private key does not match public key';
}

function isOfType(certificate: X509Certificate, key: KeyObject): boolean {
  return certificate.publicKey.asymmetricKeyType === key.asymmetricKeyType;
}

function blocksOf(text: string): readonly { readonly type: string; readonly pem: string }[] {
  return [...text.matchAll(block)].map(([pem, type = '']) => ({ type, pem }));
}

function typesOf(blocks: readonly { readonly type: string }[]): string {
  return blocks.map(({ type }) => type).join(' ');
}

function attempt<T>(make: () => T): T | undefined {
  try {
    return make();
  } catch {
    return undefined;
  }
}
