// A small HTTPS client of the API server with a client certificate, for tests that must know what became of a request:
// every answer is given as it came, and a request without one says whether it can have been received.

import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import type { ClusterAccess } from '../../infra/pki/find-cluster.ts';

export type Answer = {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Parsed where it is JSON, else text. */
  readonly body: unknown;
};

export type Asked = {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly body?: unknown;
  readonly contentType?: string;
  /** After this time the client gives up, as kubectl would. */
  readonly timeoutMs?: number;
};

export type WatchFrame = { readonly type: string; readonly object: Readonly<Record<string, unknown>> };

/** No answer came. Where `sent` is false the server cannot have received the request. */
export class Unanswered extends Error {
  override readonly name = 'Unanswered';
  readonly sent: boolean;
  constructor(what: string, sent: boolean, cause: unknown) {
    super(`no answer to ${what}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    this.sent = sent;
  }
}

const timeoutMsDefault = 30_000;

export class ApiClient {
  readonly #agent: Agent;
  readonly #where: () => { readonly host: string; readonly port: number };

  /** `where` is asked anew for every request: a restarted server may be reached elsewhere. */
  constructor(
    access: Pick<ClusterAccess, 'ca' | 'certificate' | 'key'>,
    where: () => { readonly host: string; readonly port: number },
  ) {
    const { ca, certificate: cert, key } = access;
    this.#agent = new Agent({ ca, cert, key, servername: 'localhost', keepAlive: true });
    this.#where = where;
  }

  /** Rejects with Unanswered. */
  async send(asked: Asked): Promise<Answer> {
    const signal = AbortSignal.timeout(asked.timeoutMs ?? timeoutMsDefault);
    const response = await this.#open(asked, signal);
    const text = await textOf(response, `${asked.method} ${asked.path}`);
    const json = response.headers['content-type']?.includes('json') === true;
    return { status: response.statusCode ?? 0, headers: response.headers, body: json ? JSON.parse(text) : text };
  }

  /** As `send`, for requests whose success the caller takes for granted. */
  async ok<T>(asked: Asked): Promise<T> {
    const { status, body } = await this.send(asked);
    if (status < 200 || status > 299)
      throw new Error(`${asked.method} ${asked.path}: ${status} ${JSON.stringify(body)}`);
    return body as T;
  }

  /** Resolves when the server ends the stream or the signal aborts; rejects with Unanswered where the stream breaks. */
  async watch(path: string, onFrame: (frame: WatchFrame) => void, signal: AbortSignal): Promise<void> {
    try {
      const response = await this.#open({ method: 'GET', path }, signal);
      if (response.statusCode !== 200)
        throw new Error(`${path}: ${response.statusCode} ${await textOf(response, path)}`);
      let rest = '';
      for await (const chunk of response.setEncoding('utf8')) {
        const lines = (rest + chunk).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) onFrame(JSON.parse(line) as WatchFrame);
      }
    } catch (error) {
      if (!signal.aborted)
        throw error instanceof Unanswered || !isBroken(error) ? error : new Unanswered(path, true, error);
    }
  }

  close(): void {
    this.#agent.destroy();
  }

  #open({ method, path, body, contentType }: Asked, signal: AbortSignal): Promise<IncomingMessage> {
    const { host, port } = this.#where();
    return new Promise((resolve, reject) => {
      let sent = false;
      const asking = request({ agent: this.#agent, host, port, method, path, signal }, resolve);
      // Nothing of a request leaves before the handshake is over; a socket that is used again has it behind it.
      asking.on('socket', (socket) => {
        if (socket.connecting)
          socket.once('secureConnect', () => {
            sent = true;
          });
        else sent = true;
      });
      asking.on('error', (error) => reject(new Unanswered(`${method} ${path}`, sent, error)));
      if (body === undefined) return asking.end();
      const bytes = Buffer.from(JSON.stringify(body));
      // Node sends no length with a DELETE unless told.
      asking.setHeader('content-length', bytes.length);
      asking.setHeader('content-type', contentType ?? 'application/json');
      asking.end(bytes);
    });
  }
}

async function textOf(response: IncomingMessage, what: string): Promise<string> {
  let text = '';
  try {
    for await (const chunk of response.setEncoding('utf8')) text += chunk;
  } catch (error) {
    throw new Unanswered(what, true, error);
  }
  return text;
}

/** A connection that ended in the middle, as opposed to a frame that is no frame. */
function isBroken(error: unknown): boolean {
  return error instanceof Error && 'code' in error;
}
