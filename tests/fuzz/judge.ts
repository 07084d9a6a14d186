// What an answer to a malformed request may be: taken, where what went wrong happens to be legal, or refused with a 4xx
// and a Status that says why. The 5xx Kubernetes itself answers with are told apart by their words.

import type { FuzzRequest } from './request.ts';

export type FuzzAnswer = { readonly status: number; readonly text: string };

/** Why the answer is wrong; undefined where it is right. */
export function verdict(request: FuzzRequest, { status, text }: FuzzAnswer): string | undefined {
  if (status === 0) return `no answer: ${text}`;
  if (status >= 500) return isUpstreams(text) ? undefined : `${status}: ${text}`;
  if (status < 400 || request.method === 'HEAD' || !text.startsWith('{"kind":"Status"')) return undefined;
  const said = JSON.parse(text) as { readonly code?: number; readonly message?: string };
  if (said.code !== status) return `${status} is told as ${said.code}: ${text}`;
  return said.message ? undefined : `${status} without a word of why`;
}

/**
 * A revision of the future is waited for in vain (504), and some errors of patches are not classified by Kubernetes
 * (500 without a reason, which clients print as they are).
 */
function isUpstreams(text: string): boolean {
  if (!text.startsWith('{')) return false;
  const status = JSON.parse(text) as { readonly reason?: string; readonly message?: string };
  return status.reason === '' || status.message?.startsWith('Timeout: Too large resource version') === true;
}

/** The request as a command for a shell, with the administrator's files in the variables it begins with. */
export function asCurl({ method, path, headers, body, anonymous }: FuzzRequest): string {
  const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;
  const words = [
    body === undefined ? '' : `echo ${quoted(body.toString('base64'))} | base64 -d |`,
    'curl -sk --path-as-is',
    anonymous === true ? '' : '--cert "$CERT" --key "$KEY"',
    method === 'HEAD' ? '-I' : `-X ${method}`,
    ...Object.entries(headers).map(([name, value]) => `-H ${quoted(value === '' ? `${name};` : `${name}: ${value}`)}`),
    body === undefined ? '' : '--data-binary @-',
    `"$SERVER"${quoted(path)}`,
  ];
  return words.filter(Boolean).join(' ');
}

/** A path that may be answered with a stream. */
export function mayStream({ path }: FuzzRequest): boolean {
  return /[?&](watch|follow)=|\/watch\//i.test(path);
}
