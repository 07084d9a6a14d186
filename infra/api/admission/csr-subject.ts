// The organizations in the subject of a certificate request (PKCS #10), read from its DER without loading a library on
// the way of every write: tag, length, value, and nothing else of ASN.1 is needed (RFC 2986, RFC 5280).

const sequence = 0x30;
const objectIdentifier = 0x06;
/** id-at-organizationName, 2.5.4.10 */
const organization = Buffer.from([0x55, 0x04, 0x0a]);

type Element = { readonly tag: number; readonly value: Buffer };

/** `request` is the base64 of a PEM text, as `spec.request` carries it; undefined where it is no certificate request. */
export function csrOrganizations(request: string): readonly string[] | undefined {
  const pem = /-----BEGIN (?:NEW )?CERTIFICATE REQUEST-----([\s\S]+?)-----END/.exec(
    Buffer.from(request, 'base64').toString('latin1'),
  );
  if (pem?.[1] === undefined) return undefined;
  const [outer] = elements(Buffer.from(pem[1], 'base64'));
  const [info] = outer?.tag === sequence ? elements(outer.value) : [];
  const [, subject] = info?.tag === sequence ? elements(info.value) : [];
  if (subject?.tag !== sequence) return undefined;
  const found: string[] = [];
  for (const set of elements(subject.value)) {
    for (const attribute of elements(set.value)) {
      const [type, value] = elements(attribute.value);
      if (type?.tag === objectIdentifier && type.value.equals(organization) && value !== undefined) {
        found.push(value.value.toString('utf8'));
      }
    }
  }
  return found;
}

/** The elements side by side in some bytes; what does not fit is left out. */
function elements(bytes: Buffer): Element[] {
  const found: Element[] = [];
  let at = 0;
  while (at + 2 <= bytes.length) {
    const tag = bytes[at] ?? 0;
    let length = bytes[at + 1] ?? 0;
    at += 2;
    if (length > 0x7f) {
      const size = length & 0x7f;
      if (size === 0 || size > 4 || at + size > bytes.length) return found;
      length = bytes.readUIntBE(at, size);
      at += size;
    }
    if (at + length > bytes.length) return found;
    found.push({ tag, value: bytes.subarray(at, at + length) });
    at += length;
  }
  return found;
}
