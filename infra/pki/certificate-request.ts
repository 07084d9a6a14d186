// PKCS#10 certificate requests, read from their DER: whose key it is, what names it asks for, and whether the asker holds
// the key. Only what a Kubernetes API server and its signers ask of a request; what comes of it is in sign-request.ts.

import { createPublicKey, verify } from 'node:crypto';
import type { RequestedNames } from '../../actors/controllers/certificates/signing-request.ts';
import { type Element, elements, Malformed, objectId, sequence, tags } from './der.ts';

export type CertificateRequest = RequestedNames & {
  /** DER of the subject. */
  readonly subject: Buffer;
  /** DER of the asker's public key (SubjectPublicKeyInfo). */
  readonly publicKey: Buffer;
  /** Content of the subjectAltName extension; undefined where none is asked for. */
  readonly alternativeNames: Buffer | undefined;
};

export type ParsedRequest =
  | { readonly kind: 'parsed'; readonly request: CertificateRequest }
  | { readonly kind: 'malformed'; readonly message: string };

const pemBlock = /-----BEGIN ([^-\n]+)-----\s*\n([\s\S]*?)-----END \1-----/;
const blockTypeText = 'PEM block type must be CERTIFICATE REQUEST';
const commonNameId = '2.5.4.3';
const organizationId = '2.5.4.10';
const extensionRequestId = '1.2.840.113549.1.9.14';
const subjectAltNameId = '2.5.29.17';

/** GeneralName's context tags (RFC 5280 §4.2.1.6). */
const generalNames = { email: 0x81, dns: 0x82, uri: 0x86, ip: 0x87 } as const;

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
    if (error instanceof Malformed) return malformed(error.message);
    throw error;
  }
}

function parseDer(der: Buffer): ParsedRequest {
  const [outer] = elements(der);
  const [info, algorithm, signature] = sequence(outer);
  const [, subject, key, wishes] = sequence(info);
  if (info === undefined || key === undefined || signature?.tag !== tags.bitString)
    return malformed("asn1: structure error: tags don't match");
  const digest = digests[objectId(sequence(algorithm)[0])];
  if (digest === undefined) return malformed('x509: cannot verify signature: algorithm unimplemented');
  if (!isSigned({ info, key, signature: signature.content.subarray(1), digest }))
    return malformed('x509: invalid signature: the key does not fit');
  const names = attributes(sequence(subject));
  const organizations = names.filter(([id]) => id === organizationId).map(([, value]) => value);
  const commonName = names.findLast(([id]) => id === commonNameId)?.[1] ?? '';
  const alternativeNames = alternativeNamesOf(wishes);
  const request = {
    commonName,
    organizations,
    ...namesIn(alternativeNames),
    subject: subject?.whole ?? Buffer.alloc(0),
    publicKey: key.whole,
    alternativeNames,
  };
  return { kind: 'parsed', request };
}

/** The subjectAltName among the extensions that the request wishes for. */
function alternativeNamesOf(wishes: Element | undefined): Buffer | undefined {
  for (const attribute of wishes === undefined ? [] : elements(wishes.content)) {
    const [type, values] = sequence(attribute);
    if (objectId(type) !== extensionRequestId || values === undefined) continue;
    for (const extension of sequence(elements(values.content)[0])) {
      const parts = sequence(extension);
      if (objectId(parts[0]) === subjectAltNameId) return parts.at(-1)?.content;
    }
  }
  return undefined;
}

function namesIn(alternativeNames: Buffer | undefined): Omit<RequestedNames, 'commonName' | 'organizations'> {
  const all = alternativeNames === undefined ? [] : sequence(elements(alternativeNames)[0]);
  const texts = (tag: number, text = (content: Buffer) => content.toString('latin1')) =>
    all.filter((name) => name.tag === tag).map(({ content }) => text(content));
  return {
    dns: texts(generalNames.dns),
    emails: texts(generalNames.email),
    uris: texts(generalNames.uri),
    ips: texts(generalNames.ip, (content) => content.toString('hex')),
  };
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
function attributes(subject: readonly Element[]): readonly (readonly [id: string, value: string])[] {
  return subject
    .flatMap((set) => elements(set.content))
    .map((attribute) => {
      const [id, value] = elements(attribute.content);
      return [objectId(id), value?.content.toString('utf8') ?? ''] as const;
    });
}

function malformed(message: string): ParsedRequest {
  return { kind: 'malformed', message };
}
