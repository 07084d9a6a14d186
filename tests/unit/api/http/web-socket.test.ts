import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import type { TLSSocket } from 'node:tls';
import { describe, expect, test } from 'vitest';
import type { ApiHandler } from '../../../../infra/api/http/exchange.ts';
import { onCleanup, type Started, startFrontEnd } from './front-end.ts';

const upgrade = {
  connection: 'Upgrade',
  upgrade: 'websocket',
  'sec-websocket-version': '13',
  'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
};

/** Sends a request that would rather be a WebSocket; resolves with the event its answer came as. */
function asked(server: Started, path: string): Promise<['upgrade' | 'response', IncomingMessage, TLSSocket]> {
  const sent = request({
    host: '127.0.0.1',
    port: server.port,
    ca: server.authority.ca,
    path,
    headers: upgrade,
    agent: false,
  });
  onCleanup(() => void sent.destroy());
  sent.end();
  return new Promise((resolve, reject) => {
    sent.on('error', reject);
    sent.on('upgrade', (response, socket) => resolve(['upgrade', response, socket as TLSSocket]));
    sent.on('response', (response) => resolve(['response', response, response.socket as TLSSocket]));
  });
}

const streams =
  (...events: readonly string[]): ApiHandler =>
  async (_request, response) => {
    const stream = response.open({ status: 200, headers: {} });
    for (const text of events) stream.write(Buffer.from(text));
    stream.end();
  };

async function readAll(socket: TLSSocket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  await once(socket, 'end');
  return Buffer.concat(chunks);
}

/** A frame of a client, which must be masked. */
const fromClient = (opcode: number, payload: string) =>
  Buffer.concat([Buffer.from([0x80 | opcode, 0x80 | payload.length, 0, 0, 0, 0]), Buffer.from(payload)]);

describe('a watch as a WebSocket', () => {
  test('is agreed on as RFC 6455 has it, and is a text frame for each event', async () => {
    const long = 'x'.repeat(300);
    const server = await startFrontEnd(streams('{"a":1}\n{"b"', ':2}\n', `${long}\n`));
    const [kind, { headers }, socket] = await asked(server, '/api/v1/pods?watch=true');
    expect([kind, headers['sec-websocket-accept']]).toEqual(['upgrade', 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=']);
    const all = await readAll(socket);
    const frames = [
      Buffer.from([0x81, 7]),
      Buffer.from('{"a":1}'),
      Buffer.from([0x81, 7]),
      Buffer.from('{"b":2}'),
      Buffer.from([0x81, 126, 1, 44]),
      Buffer.from(long),
      Buffer.from([0x88, 0]),
    ];
    expect(all).toEqual(Buffer.concat(frames));
  });

  test('answers a ping, and ends when the client ends it', async () => {
    let over: Promise<void> | undefined;
    const server = await startFrontEnd(async ({ signal }, response) => {
      response.open({ status: 200, headers: {} });
      over = new Promise((resolve) => signal.addEventListener('abort', () => resolve()));
    });
    const [, , socket] = await asked(server, '/api/v1/pods?watch=1');
    socket.write(Buffer.concat([fromClient(9, 'hi'), fromClient(8, '')]));
    expect(await readAll(socket)).toEqual(Buffer.from([0x8a, 2, 0x68, 0x69, 0x88, 0]));
    socket.destroy();
    await over;
  });

  test('is refused as any request is', async () => {
    const server = await startFrontEnd(async (_request, response) => {
      response.send({ status: 403, headers: {} }, 'no');
    });
    const [kind, response] = await asked(server, '/api/v1/pods?watch=true');
    expect([kind, response.statusCode, response.headers.connection]).toEqual(['response', 403, 'close']);
  });

  test('is for watches alone: a list is answered as ever', async () => {
    const server = await startFrontEnd(async (_request, response) => {
      response.send({ status: 200, headers: {} }, 'a list');
    });
    const [kind, response] = await asked(server, '/api/v1/pods');
    expect([kind, response.statusCode]).toEqual(['response', 200]);
  });
});
