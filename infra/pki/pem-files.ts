// The files of the cluster's keys and certificates, under the names kubeadm gives them.
//
// A certificate counts only together with its key: a pair of which one half is missing or damaged, or that does not
// belong together, is treated as absent and made again.

import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeDurably } from '../files/durable-file.ts';

export type CertificateName = 'ca' | 'apiserver' | 'admin';

/** A certificate and its private key, both as PEM text. */
export type KeyPair = { readonly certificate: string; readonly key: string };

const PUBLIC_MODE = 0o644;

export function readKeyPair(
  directory: string,
  name: CertificateName,
): (KeyPair & { parsed: X509Certificate }) | undefined {
  const certificate = readText(join(directory, `${name}.crt`));
  const key = readText(join(directory, `${name}.key`));
  if (certificate === undefined || key === undefined) return undefined;
  try {
    const parsed = new X509Certificate(certificate);
    return parsed.checkPrivateKey(createPrivateKey(key)) ? { certificate, key, parsed } : undefined;
  } catch {
    return undefined;
  }
}

/** The key goes first: a certificate on the disk always finds its key. */
export function writeKeyPair(directory: string, name: CertificateName, pair: KeyPair): void {
  writeDurably(join(directory, `${name}.key`), pair.key);
  writeDurably(join(directory, `${name}.crt`), pair.certificate, PUBLIC_MODE);
}

export function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
