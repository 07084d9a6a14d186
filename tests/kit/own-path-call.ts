// A call to one of the server's own paths (`/shiplog/v1/…`) without a socket, as the path's handler is given it.

import type { ApiRequest, ApiResponse } from '../../infra/api/http/exchange.ts';
import { requestInfoOf } from '../../infra/api/http/request-info.ts';
import type { Call } from '../../infra/api/server/call.ts';

/** `answered` hears the body of the answer; nothing is streamed. */
export function ownPathCall(
  asked: { readonly method: 'GET' | 'POST'; readonly path: string; readonly body?: unknown },
  answered: (body: string) => void = () => {},
): Call {
  const line = { method: asked.method, path: asked.path, query: new URLSearchParams() };
  const outcome = requestInfoOf(line);
  if (outcome.kind !== 'info') throw new Error(`${line.path} is a path`);
  const body = Buffer.from(asked.body === undefined ? '' : JSON.stringify(asked.body));
  const request: ApiRequest = {
    ...line,
    headers: {},
    peer: { address: '' },
    signal: new AbortController().signal,
    body: () => Promise.resolve(body),
  };
  const response: ApiResponse = {
    send: (_, text) => answered(String(text)),
    open() {
      throw new Error('nothing is streamed here');
    },
  };
  return { request, response, info: outcome.info, user: { username: 'a', groups: [] }, warnings: [] };
}
