// Starts real servers on free ports and speaks to them as a client would, over either protocol, for the tests of the
// HTTP front end. Whatever was started is stopped after each test.

import { once } from 'node:events';
import type { IncomingHttpHeaders } from 'node:http';
import { type ClientHttp2Session, type ClientHttp2Stream, connect, type SecureClientSessionOptions } from 'node:http2';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import { type Socket, connect as tcpConnect } from 'node:net';
import { type TLSSocket, connect as tlsConnect } from 'node:tls';
import { afterEach } from 'vitest';
import type { ApiHandler } from '../../../../infra/api/http/exchange.ts';
import { type HttpServer, type HttpServerOptions, startHttpServer } from '../../../../infra/api/http/server.ts';
import { systemClock } from '../../../../streams/base/clock.ts';
import type { Logger } from '../../../../streams/base/logger.ts';
import { type Authority, newAuthority } from './certificates.ts';

export type Reported = { readonly message: string; readonly fields: Readonly<Record<string, unknown>> };

export type Started = HttpServer & { readonly authority: Authority; readonly reported: Reported[] };

export type Answer = {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly bytes: Buffer;
};

export type Call = {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Record<string, string>;
  readonly body?: Buffer | string;
};

/** One client connection that may carry many calls. */
export type Client = {
  readonly protocol: 'h1' | 'h2';
  call(call: Call): Promise<Answer>;
  close(): void;
};

const cleanups: (() => Promise<void> | void)[] = [];
let authority: Promise<Authority> | undefined;

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

export function onCleanup(cleanup: () => Promise<void> | void): void {
  cleanups.push(cleanup);
}

export function testAuthority(): Promise<Authority> {
  authority ??= newAuthority();
  return authority;
}

export async function startFrontEnd(
  handler: ApiHandler,
  overrides: Partial<Omit<HttpServerOptions, 'handler'>> = {},
): Promise<Started> {
  const made = await testAuthority();
  const reported: Reported[] = [];
  const report = (message: string, fields = {}) => {
    reported.push({ message, fields });
  };
  const logger: Logger = { debug() {}, info() {}, warn: report, error: report };
  const server = await startHttpServer({
    handler,
    port: 0,
    host: '127.0.0.1',
    tls: { ...made.server, ca: made.ca },
    clock: systemClock,
    logger,
    ...overrides,
  });
  onCleanup(() => server.close({ drainMs: 0 }));
  return { ...server, authority: made, reported };
}

type ClientOptions = Pick<SecureClientSessionOptions, 'cert' | 'key' | 'session' | 'settings'>;

export function h2Session(server: Started, options: ClientOptions = {}): ClientHttp2Session {
  const session = connect(`https://127.0.0.1:${server.port}`, { ca: server.authority.ca, ...options });
  session.on('error', () => {});
  onCleanup(() => session.destroy());
  return session;
}

export function h2Client(server: Started, options: ClientOptions = {}): Client {
  const session = h2Session(server, options);
  return {
    protocol: 'h2',
    call: ({ method = 'GET', path = '/', headers = {}, body }) => {
      const stream = session.request(
        { ':method': method, ':path': path, ...headers },
        { endStream: body === undefined },
      );
      if (body !== undefined) stream.end(body);
      return h2Answer(stream);
    },
    close: () => session.close(),
  };
}

export function h2Answer(stream: ClientHttp2Stream): Promise<Answer> {
  return new Promise((resolve, reject) => {
    let headers: IncomingHttpHeaders & { ':status'?: number } = {};
    const chunks: Buffer[] = [];
    stream.on('response', (received) => {
      headers = received as typeof headers;
    });
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('error', reject);
    stream.on('close', () => {
      if (stream.rstCode !== 0) reject(new Error(`stream was reset with code ${stream.rstCode}`));
      const bytes = Buffer.concat(chunks);
      resolve({ status: headers[':status'] ?? 0, headers, body: bytes.toString(), bytes });
    });
  });
}

export function h1Client(server: Started, options: RequestOptions = {}): Client {
  return {
    protocol: 'h1',
    call: ({ method = 'GET', path = '/', headers = {}, body }) => {
      const request = httpsRequest({
        host: '127.0.0.1',
        port: server.port,
        ca: server.authority.ca,
        agent: false,
        method,
        path,
        headers,
        ...options,
      });
      request.end(body);
      return new Promise((resolve, reject) => {
        request.on('error', reject);
        request.on('response', (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('error', reject);
          response.on('end', () => {
            const bytes = Buffer.concat(chunks);
            resolve({ status: response.statusCode ?? 0, headers: response.headers, body: bytes.toString(), bytes });
          });
        });
      });
    },
    close() {},
  };
}

export const protocols = [
  ['HTTP/1.1', (server: Started): Client => h1Client(server)],
  ['HTTP/2', (server: Started): Client => h2Client(server)],
] as const;

/** A promise and its resolver: a gate a handler waits at until the test opens it. */
export function gate<T = void>(): { readonly opened: Promise<T>; open(value: T): void } {
  const { promise, resolve } = Promise.withResolvers<T>();
  return { opened: promise, open: resolve };
}

/** A TLS connection together with the socket below it, whose byte count shows the records. */
export async function tlsConnection(server: Started, protocol: string): Promise<{ below: Socket; secure: TLSSocket }> {
  const below = tcpConnect(server.port, '127.0.0.1');
  const secure = tlsConnect({
    socket: below,
    ca: server.authority.ca,
    servername: 'localhost',
    ALPNProtocols: [protocol],
    minVersion: 'TLSv1.3',
  });
  onCleanup(() => void secure.destroy());
  await once(secure, 'secureConnect');
  return { below, secure };
}
