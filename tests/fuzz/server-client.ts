// Sends the fuzz's requests to a real server over real TLS: several HTTP/2 connections with many requests under way on
// each, and HTTP/1.1 beside them. A request without an answer is told as status 0.

import { type ClientHttp2Session, connect } from 'node:http2';
import { Agent, request as requestHttp1 } from 'node:https';
import type { ClusterKeys } from '../kit/kubeconfig.ts';
import { type FuzzAnswer, mayStream } from './judge.ts';
import type { FuzzRequest } from './request.ts';

const answeredWithinMs = 30_000;
/** A stream has been answered with its head; this much of it is taken. */
const streamMs = 50;
const sessionsMax = 4;

export class ServerClient {
  readonly #keys: ClusterKeys;
  readonly #sessions: (ClientHttp2Session | undefined)[] = [];
  readonly #agents: Readonly<Record<'admin' | 'nobody', Agent>>;
  #sent = 0;

  constructor(keys: ClusterKeys) {
    this.#keys = keys;
    const { ca, cert, key } = keys;
    const pool = { keepAlive: true, maxSockets: 4, ca };
    this.#agents = { admin: new Agent({ ...pool, cert, key }), nobody: new Agent(pool) };
  }

  /** Every fourth request goes over HTTP/1.1. */
  send(request: FuzzRequest): Promise<FuzzAnswer> {
    const turn = this.#sent++;
    return turn % 4 === 3 ? this.#overHttp1(request) : this.#overHttp2(request, turn % sessionsMax);
  }

  close(): void {
    for (const open of this.#sessions) open?.destroy();
    for (const agent of Object.values(this.#agents)) agent.destroy();
  }

  #overHttp1(request: FuzzRequest): Promise<FuzzAnswer> {
    const { method, path, headers, body, anonymous } = request;
    const { hostname, port } = new URL(this.#keys.server);
    const agent = anonymous === true ? this.#agents.nobody : this.#agents.admin;
    const length = body === undefined ? undefined : { 'content-length': String(body.length) };
    return answered('HTTP/1.1', (done) => {
      const asked = requestHttp1({ hostname, port, agent, method, path, headers: { ...length, ...headers } });
      const chunks: Buffer[] = [];
      let status = 0;
      const finish = () => done({ status, text: Buffer.concat(chunks).toString('utf8') });
      asked.on('response', (response) => {
        status = response.statusCode ?? 0;
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('close', finish);
        if (mayStream(request)) setTimeout(() => asked.destroy(), streamMs);
      });
      // A server that refuses a body early closes while the rest is still being written: its answer counts.
      asked.on('error', (error) => setImmediate(() => (status === 0 ? done(silent(error)) : finish())));
      asked.end(body);
      return () => asked.destroy();
    });
  }

  #overHttp2(request: FuzzRequest, slot: number): Promise<FuzzAnswer> {
    const { method, path, headers, body, anonymous } = request;
    const session = this.#session(anonymous === true ? sessionsMax : slot, anonymous === true);
    return answered('HTTP/2', (done) => {
      const stream = session.request(
        { ':method': method, ':path': path, ...headers },
        { endStream: body === undefined },
      );
      if (body !== undefined) stream.end(body);
      const chunks: Buffer[] = [];
      let status = 0;
      let failure: Error | undefined;
      stream.on('response', (head) => {
        status = head[':status'] ?? 0;
        if (mayStream(request)) setTimeout(() => stream.close(), streamMs);
      });
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('error', (error: Error) => {
        failure = error;
      });
      stream.on('close', () => {
        done(status === 0 ? silent(failure) : { status, text: Buffer.concat(chunks).toString('utf8') });
      });
      return () => stream.close();
    });
  }

  #session(slot: number, anonymous: boolean): ClientHttp2Session {
    const open = this.#sessions[slot];
    if (open !== undefined && !open.closed && !open.destroyed) return open;
    const { server, ca, cert, key } = this.#keys;
    const session = connect(server, anonymous ? { ca } : { ca, cert, key });
    session.setMaxListeners(100);
    // Each request on it hears of the failure itself.
    session.on('error', () => {});
    this.#sessions[slot] = session;
    return session;
  }
}

/** Resolves with the answer, or says that there was none in time. */
function answered(protocol: string, start: (done: (answer: FuzzAnswer) => void) => () => void): Promise<FuzzAnswer> {
  return new Promise((resolve) => {
    let cancel = () => {};
    const late = setTimeout(() => {
      resolve({ status: 0, text: `nothing within ${answeredWithinMs / 1000} s over ${protocol}` });
      cancel();
    }, answeredWithinMs);
    const done = (answer: FuzzAnswer) => {
      clearTimeout(late);
      resolve(answer);
    };
    try {
      cancel = start(done);
    } catch (error) {
      done(silent(error));
    }
  });
}

function silent(error: unknown): FuzzAnswer {
  return { status: 0, text: error instanceof Error ? error.message : 'the stream was closed' };
}
