// The key pair that signs the tokens of service accounts (ES256), made once per cluster.
//
// It does not expire: every token that is in use was signed with it, so a new one would lock every workload out.

import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { join } from 'node:path';
import { writeDurably } from '../files/durable-file.ts';
import { readText } from './pem-files.ts';

export type ServiceAccountKey = {
  /** PEM, PKCS #8. */
  readonly privateKey: string;
  /** PEM, SubjectPublicKeyInfo. */
  readonly publicKey: string;
};

/** The signing key cannot be used; the message names the cause and the way out. */
export class ServiceAccountKeyDamaged extends Error {
  override readonly name = 'ServiceAccountKeyDamaged';
}

/**
 * Reads the key pair, making it on a first start.
 *
 * @throws {ServiceAccountKeyDamaged} never replaced silently, because that would invalidate all tokens
 */
export function ensureServiceAccountKey(directory: string): ServiceAccountKey {
  const file = join(directory, 'sa.key');
  const text = readText(file);
  if (text !== undefined) return { privateKey: text, publicKey: publicKeyOf(text, file) };
  const { privateKey } = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  const publicKey = publicKeyOf(privateKey, file);
  writeDurably(file, privateKey);
  writeDurably(join(directory, 'sa.pub'), publicKey, 0o644);
  return { privateKey, publicKey };
}

function publicKeyOf(privateKey: string, file: string): string {
  try {
    const key = createPrivateKey(privateKey);
    if (key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') throw new Error('it is not a P-256 key');
    return createPublicKey(key).export({ type: 'spki', format: 'pem' }).toString();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ServiceAccountKeyDamaged(
      `${file} holds no usable signing key (${reason}). Restore it from a backup; deleting it makes a new one, which makes every token issued so far invalid.`,
      { cause },
    );
  }
}
