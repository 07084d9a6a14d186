// JSON Web Signatures with a shared key whose payload travels apart (RFC 7515, appendix F), as kubeadm joins check them.

import { createHmac } from 'node:crypto';

/** `header..signature`, HMAC-SHA-256; `id` names the key. */
export function signDetached(
  content: string,
  { id, secret }: { readonly id: string; readonly secret: string },
): string {
  const header = base64url(JSON.stringify({ alg: 'HS256', kid: id }));
  const signature = createHmac('sha256', secret)
    .update(`${header}.${base64url(content)}`)
    .digest('base64url');
  return `${header}..${signature}`;
}

function base64url(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64url');
}
