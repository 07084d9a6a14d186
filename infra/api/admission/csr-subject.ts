// The organizations in the subject of a certificate request (PKCS #10), read from its DER without checking its signature:
// admission asks who somebody wants to be before validation says whether the request is good for anything.

import { type Element, elements, Malformed, objectId, sequence, tags } from '../../pki/der.ts';

const organizationId = '2.5.4.10';

/** `request` is the base64 of a PEM text, as `spec.request` carries it; undefined where it is no certificate request. */
export function csrOrganizations(request: string): readonly string[] | undefined {
  const pem = /-----BEGIN (?:NEW )?CERTIFICATE REQUEST-----([\s\S]+?)-----END/.exec(
    Buffer.from(request, 'base64').toString('latin1'),
  );
  if (pem?.[1] === undefined) return undefined;
  try {
    const [outer] = elements(Buffer.from(pem[1], 'base64'));
    const [info] = sequence(outer);
    const [, subject] = sequence(info);
    return sequence(subject).flatMap((set) => elements(set.content).flatMap(organization));
  } catch (error) {
    if (error instanceof Malformed) return undefined;
    throw error;
  }
}

function organization(attribute: Element): string[] {
  if (attribute.tag !== tags.sequence) return [];
  const [type, value] = elements(attribute.content);
  return objectId(type) === organizationId && value !== undefined ? [value.content.toString('utf8')] : [];
}
