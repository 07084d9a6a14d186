// PKCS#10 certificate requests, read from their DER: whose key it is, what name it asks for, and whether the asker holds
// the key. Only what a Kubernetes API server asks of a request; certificates themselves are issued elsewhere.

import { createPublicKey, verify } from 'node:crypto';

export type CertificateRequest = {
  readonly commonName: string;
  readonly organizations: readonly string[];
  /** DER of the asker's public key (SubjectPublicKeyInfo). */
  readonly publicKey: Buffer;
};

export type ParsedRequest =
  | { readonly kind: 'parsed'; readonly request: CertificateRequest }
  | { readonly kind: 'malformed'; readonly message: string };

type Element = { readonly tag: number; readonly content: Buffer; readonly whole: Buffer };

const pemBlock = /-----BEGIN ([^-\n]+)-----\s*\n([\s\S]*?)-----END \1-----/;
const blockTypeText = 'PEM block type must be CERTIFICATE REQUEST';
const commonNameId = '2.5.4.3';
const organizationId = '2.5.4.10';

/** Object id of a signature algorithm → digest; Ed25519 has none of its own. */
const digests: Readonly<Record<string, string | null>> = {
  '1.2.840.113549.1.1.11': 'sha256',
  '1.2.840.113549.1.1.12': 'sha384',
  '1.2.840.113549.1.1.13': 'sha512',
  '1.2.840.10045.4.3.2': 'sha256',
  '1.2.840.10045.4.3.3': 'sha384',
  '1.2.840.10045.4.3.4': 'sha512',
  '1.3.101.112': null,
};

/** The request in PEM, its signature checked with the key in it. */
export function parseCertificateRequest(pem: Buffer): ParsedRequest {
  const block = pemBlock.exec(pem.toString('latin1'));
  if (block?.[1] !== 'CERTIFICATE REQUEST') return malformed(blockTypeText);
  const der = Buffer.from((block[2] ?? '').replace(/^(.*: .*\n)+\n/, ''), 'base64');
  try {
    return parseDer(der);
  } catch (error) {
    if (error instanceof Truncated) return malformed('asn1: syntax error: data truncated');
    throw error;
  }
}

function parseDer(der: Buffer): ParsedRequest {
  const [outer] = elements(der);
  const [info, algorithm, signature] = elements(sequence(outer));
  const [, subject, key] = elements(sequence(info));
  if (info === undefined || key === undefined || signature === undefined || signature.tag !== 0x03)
    return malformed("asn1: structure error: tags don't match");
  const digest = digests[objectId(elements(sequence(algorithm))[0])];
  if (digest === undefined) return malformed('x509: cannot verify signature: algorithm unimplemented');
  if (!isSigned({ info, key, signature: signature.content.subarray(1), digest }))
    return malformed('x509: invalid signature: the key does not fit');
  const names = attributes(sequence(subject));
  const organizations = names.filter(([id]) => id === organizationId).map(([, value]) => value);
  const commonName = names.findLast(([id]) => id === commonNameId)?.[1] ?? '';
  return { kind: 'parsed', request: { commonName, organizations, publicKey: key.whole } };
}

function isSigned({
  info,
  key,
  signature,
  digest,
}: {
  info: Element;
  key: Element;
  signature: Buffer;
  digest: string | null;
}): boolean {
  try {
    const publicKey = createPublicKey({ key: key.whole, format: 'der', type: 'spki' });
    return verify(digest, info.whole, publicKey, signature);
  } catch {
    // A key of a kind nobody knows signs nothing.
    return false;
  }
}

/** The subject's attributes in order: object id and text. */
function attributes(subject: Buffer): readonly (readonly [id: string, value: string])[] {
  return elements(subject)
    .flatMap((set) => elements(set.content))
    .map((attribute) => {
      const [id, value] = elements(attribute.content);
      return [objectId(id), value?.content.toString('utf8') ?? ''] as const;
    });
}

function malformed(message: string): ParsedRequest {
  return { kind: 'malformed', message };
}

class Truncated extends Error {}

function sequence(element: Element | undefined): Buffer {
  if (element?.tag !== 0x30) throw new Truncated();
  return element.content;
}

function elements(der: Buffer): readonly Element[] {
  const found: Element[] = [];
  let at = 0;
  while (at < der.length) {
    const { length, start } = lengthAt(der, at + 1);
    const end = start + length;
    if (end > der.length) throw new Truncated();
    found.push({ tag: der[at] ?? 0, content: der.subarray(start, end), whole: der.subarray(at, end) });
    at = end;
  }
  return found;
}

function lengthAt(der: Buffer, at: number): { length: number; start: number } {
  const first = der[at];
  if (first === undefined) throw new Truncated();
  if (first < 0x80) return { length: first, start: at + 1 };
  const bytes = first & 0x7f;
  if (bytes === 0 || bytes > 4 || at + 1 + bytes > der.length) throw new Truncated();
  return { length: der.readUIntBE(at + 1, bytes), start: at + 1 + bytes };
}

function objectId(element: Element | undefined): string {
  if (element?.tag !== 0x06) return '';
  const [first = 0, ...rest] = element.content;
  const parts = [Math.min(2, Math.floor(first / 40))];
  parts.push(first - (parts[0] ?? 0) * 40);
  let value = 0;
  for (const byte of rest) {
    value = value * 128 + (byte & 0x7f);
    if ((byte & 0x80) !== 0) continue;
    parts.push(value);
    value = 0;
  }
  return parts.join('.');
}
