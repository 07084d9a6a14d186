// A client that sends whatever bytes a test wants over HTTPS with a client certificate, and gives back what came.

import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { connect } from 'node:http2';
import { request } from 'node:https';

export type WireAccess = { readonly port: number; readonly ca: string; readonly cert?: string; readonly key?: string };

export type WireCall = {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer | undefined;
};

export type WireAnswer = {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
};

/** One request over HTTP/1.1, on a connection of its own. */
export async function overHttp1(access: WireAccess, call: WireCall): Promise<WireAnswer> {
  const response = await opened(access, call);
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return { status: response.statusCode ?? 0, headers: response.headers, text: Buffer.concat(chunks).toString('utf8') };
}

/** The answer's head; its body is read by the caller. */
export function opened(
  access: WireAccess,
  { method = 'GET', path, headers = {}, body }: WireCall,
): Promise<IncomingMessage> {
  const { port, ca, cert, key } = access;
  const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) };
  return new Promise((resolve, reject) => {
    const asked = request({
      host: '127.0.0.1',
      port,
      ca,
      ...(cert === undefined ? {} : { cert, key }),
      agent: false,
      method,
      path,
      headers: { ...length, ...headers },
    });
    // A server that refuses a body early closes while the rest is still being written: its answer counts.
    asked.on('error', (error) => setImmediate(() => reject(error)));
    asked.on('response', resolve);
    asked.end(body);
  });
}

/** One request over HTTP/2, on a connection of its own. */
export function overHttp2(
  access: WireAccess,
  { method = 'GET', path, headers = {}, body }: WireCall,
): Promise<WireAnswer> {
  const { port, ca, cert, key } = access;
  return new Promise((resolve, reject) => {
    const session = connect(`https://127.0.0.1:${port}`, { ca, ...(cert === undefined ? {} : { cert, key }) });
    session.on('error', reject);
    const stream = session.request({ ':method': method, ':path': path, ...headers }, { endStream: body === undefined });
    if (body !== undefined) stream.end(body);
    const chunks: Buffer[] = [];
    let head: IncomingHttpHeaders & { ':status'?: number } = {};
    stream.on('response', (received) => {
      head = received as typeof head;
    });
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('error', reject);
    stream.on('close', () => {
      session.close();
      resolve({ status: head[':status'] ?? 0, headers: head, text: Buffer.concat(chunks).toString('utf8') });
    });
  });
}
