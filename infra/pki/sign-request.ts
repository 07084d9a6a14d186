// Certificates from requests, signed by the cluster's authority: subject, key and alternative names are the request's,
// everything else is the signer's. Written by hand in DER because a controller signs within its step: the certificate
// library answers with promises and takes longer to load than everything else at a start.

import { createHash, createPrivateKey, type KeyObject, sign, X509Certificate } from 'node:crypto';
import type { Random } from '../../streams/base/random.ts';
import type { CertificateRequest } from './certificate-request.ts';
import { element, elements, sequence, tags, writeBits, writeObjectId, writeSequence, writeTime } from './der.ts';
import type { KeyPair } from './pem-files.ts';
import { serialNumber } from './serial.ts';

export type CertificateWish = {
  readonly request: CertificateRequest;
  /** As certificates.k8s.io names them, e.g. `client auth`. */
  readonly usages: readonly string[];
  readonly notBeforeMs: number;
  /** Never beyond the authority's own end. */
  readonly notAfterMs: number;
};

export type RequestSigner = {
  /** The certificate in PEM. */
  sign(wish: CertificateWish): string;
};

const ecdsaWithSha256 = writeSequence(writeObjectId('1.2.840.10045.4.3.2'));
const version3 = element(0xa0, element(tags.integer, Buffer.from([2])));

/** Bits of keyUsage (RFC 5280 §4.2.1.3), by Kubernetes' names. */
const keyUsageBits: Readonly<Record<string, number>> = {
  signing: 0,
  'digital signature': 0,
  'content commitment': 1,
  'key encipherment': 2,
  'data encipherment': 3,
  'key agreement': 4,
  'cert sign': 5,
  'crl sign': 6,
  'encipher only': 7,
  'decipher only': 8,
};

/** Object ids of extended key usages, by Kubernetes' names. */
const extendedUsages: Readonly<Record<string, string>> = {
  any: '2.5.29.37.0',
  'server auth': '1.3.6.1.5.5.7.3.1',
  'client auth': '1.3.6.1.5.5.7.3.2',
  'code signing': '1.3.6.1.5.5.7.3.3',
  'email protection': '1.3.6.1.5.5.7.3.4',
  's/mime': '1.3.6.1.5.5.7.3.4',
  'ipsec end system': '1.3.6.1.5.5.7.3.5',
  'ipsec tunnel': '1.3.6.1.5.5.7.3.6',
  'ipsec user': '1.3.6.1.5.5.7.3.7',
  timestamping: '1.3.6.1.5.5.7.3.8',
  'ocsp signing': '1.3.6.1.5.5.7.3.9',
  'microsoft sgc': '1.3.6.1.4.1.311.10.3.3',
  'netscape sgc': '2.16.840.1.113730.4.1',
};

/** `authority` has a P-256 key, as the cluster's has. */
export function requestSigner(authority: KeyPair, random: Random): RequestSigner {
  let opened: { readonly key: KeyObject; readonly issuer: Buffer; readonly keyId: Buffer; readonly endMs: number };
  const open = () => {
    const certificate = new X509Certificate(authority.certificate);
    const key = createPrivateKey(authority.key);
    return { key, ...namesOf(certificate.raw), endMs: certificate.validToDate.getTime() };
  };
  return {
    sign(wish) {
      opened ??= open();
      const { key, issuer, keyId, endMs } = opened;
      const end = Math.min(wish.notAfterMs, endMs);
      const { request } = wish;
      const contents = writeSequence(
        version3,
        element(tags.integer, serialNumber(random)),
        ecdsaWithSha256,
        issuer,
        writeSequence(writeTime(wish.notBeforeMs), writeTime(end)),
        request.subject,
        request.publicKey,
        element(0xa3, writeSequence(...extensions(wish, keyId))),
      );
      const signature = sign('sha256', contents, key);
      return pem(writeSequence(contents, ecdsaWithSha256, writeBits(signature)));
    },
  };
}

function extensions({ usages, request }: CertificateWish, keyId: Buffer): Buffer[] {
  const bits = usages.flatMap((usage) => keyUsageBits[usage] ?? []);
  const extended = [...new Set(usages.flatMap((usage) => extendedUsages[usage] ?? []))];
  const written = [extension('2.5.29.19', writeSequence(), { critical: true })];
  if (bits.length > 0) written.unshift(extension('2.5.29.15', bitString(bits), { critical: true }));
  if (extended.length > 0) written.push(extension('2.5.29.37', writeSequence(...extended.map(writeObjectId))));
  written.push(extension('2.5.29.35', writeSequence(element(0x80, keyId))));
  if (request.alternativeNames !== undefined) written.push(extension('2.5.29.17', request.alternativeNames));
  return written;
}

function extension(id: string, content: Buffer, { critical = false } = {}): Buffer {
  const flag = critical ? [element(tags.boolean, Buffer.from([0xff]))] : [];
  return writeSequence(writeObjectId(id), ...flag, element(tags.octetString, content));
}

/** A bit string as short as its highest bit allows, as DER demands of named bits. */
function bitString(bits: readonly number[]): Buffer {
  const highest = Math.max(...bits);
  const bytes = Buffer.alloc((highest >> 3) + 1);
  for (const bit of bits) bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) | (0x80 >> (bit & 7));
  return element(tags.bitString, Buffer.from([7 - (highest & 7)]), bytes);
}

/** DER of the certificate's own name, and the identifier of its key (RFC 5280 §4.2.1.2, method 1). */
function namesOf(certificate: Buffer): { readonly issuer: Buffer; readonly keyId: Buffer } {
  const [contents] = sequence(elements(certificate)[0]);
  const [, , , , , subject, key] = sequence(contents);
  const [, bits] = sequence(key);
  const publicKey = bits?.content.subarray(1) ?? Buffer.alloc(0);
  return { issuer: subject?.whole ?? Buffer.alloc(0), keyId: createHash('sha1').update(publicKey).digest() };
}

function pem(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}
