// Talks to the API server over HTTPS as the kubeconfig says: what commands need of a client, and no more. A Status that
// comes instead of an answer is a `Refused`, a server that does not listen is `ApiServerDown`.

import { Agent, type RequestOptions, request } from 'node:https';
import type { ClusterAccess } from '../pki/find-cluster.ts';

export type Answer = { readonly status: number; readonly text: string };

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export type ApiClient = {
  /** `https://host:port` */
  readonly server: string;
  /** Whatever the server answers, refusals included. */
  ask(method: Method, path: string, body?: Body): Promise<Answer>;
  close(): void;
};

export type Body = { readonly contentType: string; readonly text: string };

/** Nothing listens where the kubeconfig says the API server is. */
export class ApiServerDown extends Error {
  override readonly name = 'ApiServerDown';
}

/** The server answered with something else than success; `code` is the HTTP status, the message is the server's own. */
export class Refused extends Error {
  override readonly name = 'Refused';
  readonly code: number;
  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/** Far beyond what any answer takes: a server that is silent for so long hangs. */
const answerMsMax = 60_000;

export function apiClient({ server, ca, certificate, key, token }: ClusterAccess): ApiClient {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const options: RequestOptions = {
    agent,
    timeout: answerMsMax,
    ...(ca === undefined ? undefined : { ca }),
    ...(certificate === undefined ? undefined : { cert: certificate }),
    ...(key === undefined ? undefined : { key }),
  };
  const headers = {
    accept: 'application/json',
    ...(token === undefined ? undefined : { authorization: `Bearer ${token}` }),
  };
  return {
    server,
    ask: (method, path, body) =>
      ask(new URL(path, server), body, {
        ...options,
        method,
        headers: body === undefined ? headers : { ...headers, ...headersOf(body) },
      }),
    close: () => agent.destroy(),
  };
}

/**
 * The JSON of a successful answer.
 * @throws {Refused}
 * @throws {ApiServerDown}
 */
export async function askJson<T>(client: ApiClient, method: Method, path: string, body?: object): Promise<T> {
  const contentType = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
  const sent = body === undefined ? undefined : { contentType, text: JSON.stringify(body) };
  const { status, text } = await client.ask(method, path, sent);
  if (status < 200 || status > 299) throw new Refused(status, messageOf(text));
  return JSON.parse(text) as T;
}

/** The length is said, because Node sends the body of a DELETE without one as if it were the next request. */
function headersOf({ contentType, text }: Body) {
  return { 'content-type': contentType, 'content-length': String(Buffer.byteLength(text)) };
}

/** The message of the Status that came instead. */
export function messageOf(text: string): string {
  try {
    return (JSON.parse(text) as { readonly message?: string }).message ?? text;
  } catch {
    return text.slice(0, 200);
  }
}

function ask(url: URL, body: Body | undefined, options: RequestOptions): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') });
      });
    });
    outgoing.on('error', (error: NodeJS.ErrnoException) => {
      const down = error.code === 'ECONNREFUSED';
      reject(down ? new ApiServerDown(`nothing listens at ${url.origin}`, { cause: error }) : error);
    });
    outgoing.on('timeout', () =>
      outgoing.destroy(new Error(`${url.origin} has not answered within ${answerMsMax / 1_000} s`)),
    );
    outgoing.end(body?.text);
  });
}
