import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { readBody } from '../../../../infra/api/http/body.ts';
import { BodyTooLarge } from '../../../../infra/api/http/exchange.ts';
import { gate, h2Answer, h2Session, protocols, type Started, startFrontEnd, tlsConnection } from './front-end.ts';

describe.each(protocols)('over %s a body', (_, clientOf) => {
  const echo = (bytesMax: number) =>
    startFrontEnd(async (request, response) => {
      response.send({ status: 200, headers: {} }, await request.body(bytesMax));
    });

  it('of the largest size is read, and one byte more is refused with 413', async () => {
    const server = await echo(50_000);
    const client = clientOf(server);
    const largest = 'x'.repeat(50_000);
    expect((await client.call({ method: 'POST', body: largest })).body).toBe(largest);
    const answer = await client.call({ method: 'POST', body: `${largest}x` });
    expect(answer.status).toBe(413);
    expect(JSON.parse(answer.body)).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: 'Request entity too large: limit is 50000',
      reason: 'RequestEntityTooLarge',
      code: 413,
    });
    expect((await client.call({ method: 'POST', body: 'still alive' })).body).toBe('still alive');
  });

  it('of unknown length is refused as soon as it is too large', async () => {
    const server = await echo(10_000);
    const client = clientOf(server);
    const headers: Record<string, string> = client.protocol === 'h1' ? { 'transfer-encoding': 'chunked' } : {};
    const answer = await client.call({ method: 'POST', body: Buffer.alloc(3_000_000), headers });
    expect(answer.status).toBe(413);
  });

  it('in gzip is unpacked', async () => {
    const server = await echo(50_000);
    const body = gzipSync('y'.repeat(50_000));
    const answer = await clientOf(server).call({ method: 'POST', body, headers: { 'content-encoding': 'gzip' } });
    expect(answer.body).toBe('y'.repeat(50_000));
  });

  it('that unpacks to more than the limit is refused with 413', async () => {
    const server = await echo(50_000);
    const body = gzipSync(Buffer.alloc(20_000_000));
    expect(body.length).toBeLessThan(50_000);
    const answer = await clientOf(server).call({ method: 'POST', body, headers: { 'content-encoding': 'gzip' } });
    expect(answer.status).toBe(413);
  });

  it('that is not the gzip it claims to be is a bad request', async () => {
    const server = await echo(50_000);
    const answer = await clientOf(server).call({
      method: 'POST',
      body: 'plain',
      headers: { 'content-encoding': 'gzip' },
    });
    expect(answer.status).toBe(400);
    expect(JSON.parse(answer.body).message).toBe('the request body is not valid gzip');
  });

  it('in an unknown encoding is refused with the way out', async () => {
    const server = await echo(50_000);
    const answer = await clientOf(server).call({ method: 'POST', body: 'x', headers: { 'content-encoding': 'br' } });
    expect(answer.status).toBe(415);
    expect(JSON.parse(answer.body).message).toContain('send the body plain or with gzip');
  });

  it('that nobody reads does not keep the answer or the next request', async () => {
    const server = await startFrontEnd(async (_request, response) => {
      response.send({ status: 403, headers: {} }, 'no');
    });
    const client = clientOf(server);
    expect((await client.call({ method: 'POST', body: Buffer.alloc(2_000_000) })).body).toBe('no');
    expect((await client.call({ method: 'POST', body: 'x' })).status).toBe(403);
  });

  it('that is absent reads as empty', async () => {
    const server = await startFrontEnd(async (request, response) => {
      const body = await request.body(10);
      response.send({ status: 200, headers: {} }, String(body.length));
    });
    expect((await clientOf(server).call({})).body).toBe('0');
    expect((await clientOf(server).call({ method: 'DELETE' })).body).toBe('0');
  });

  it('is read once and given again', async () => {
    const server = await startFrontEnd(async (request, response) => {
      const first = await request.body(100);
      const second = await request.body(100);
      await expect(request.body(2)).rejects.toThrow(BodyTooLarge);
      response.send({ status: 200, headers: {} }, String(first === second));
    });
    expect((await clientOf(server).call({ method: 'POST', body: 'abc' })).body).toBe('true');
  });
});

describe('a body announced with Expect: 100-continue', () => {
  /** Sends the body once it is asked for. Says whether it was, and the status. */
  async function announced(protocol: string, server: Started, length: number) {
    const headers = { expect: '100-continue', 'content-length': String(length) };
    let asked = false;
    if (protocol === 'HTTP/2') {
      const stream = h2Session(server).request({ ':path': '/', ':method': 'POST', ...headers });
      stream.on('continue', () => {
        asked = true;
        stream.end(Buffer.alloc(length));
      });
      const { status } = await h2Answer(stream);
      return { asked, status };
    }
    const options = { port: server.port, host: '127.0.0.1', ca: server.authority.ca, agent: false, headers };
    const request = httpsRequest({ ...options, method: 'POST' });
    request.flushHeaders();
    request.on('continue', () => {
      asked = true;
      request.end(Buffer.alloc(length));
    });
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    request.destroy();
    return { asked, status: response.statusCode };
  }

  it.each(protocols)('is asked for over %s when it is read, and not when it is refused', async (protocol) => {
    const server = await startFrontEnd(async (request, response) => {
      response.send({ status: 200, headers: {} }, String((await request.body(1_000)).length));
    });
    expect(await announced(protocol, server, 1_000)).toEqual({ asked: true, status: 200 });
    expect(await announced(protocol, server, 1_001)).toEqual({ asked: false, status: 413 });
  });
});

describe('reading', () => {
  const read = (chunks: readonly Buffer[], bytesMax: number, encoding?: string) =>
    readBody(Readable.from(chunks, { objectMode: false }), { bytesMax, encoding }).bytes;

  it('holds to the limit by itself', async () => {
    expect((await read([Buffer.alloc(60), Buffer.alloc(40)], 100)).length).toBe(100);
    await expect(read([Buffer.alloc(60), Buffer.alloc(41)], 100)).rejects.toThrow(BodyTooLarge);
    await expect(read([gzipSync(Buffer.alloc(101))], 100, 'gzip')).rejects.toThrow(BodyTooLarge);
  });

  it('gives a body that came as one chunk without a copy', async () => {
    const chunk = Buffer.from('whole');
    expect(await read([chunk], 100)).toBe(chunk);
  });
});

describe('over HTTP/2 a body', () => {
  it.each([
    ['in part', 10_000],
    ['not at all', undefined],
  ])('that goes on for ever and is read %s is cut off behind the answer', async (_, bytesMax) => {
    const server = await startFrontEnd(async (request, response) => {
      if (bytesMax !== undefined) await request.body(bytesMax);
      response.send({ status: 403, headers: {} }, 'no');
    });
    const stream = h2Session(server).request({ ':path': '/', ':method': 'POST' });
    stream.write(Buffer.alloc(20_000));
    expect((await h2Answer(stream)).status).toBe(bytesMax === undefined ? 403 : 413);
  });

  it.each([
    ['while it is read', true],
    ['before it is read', false],
  ])('that is broken off without an error code %s is not taken for whole', async (_, readFirst) => {
    const reading = gate();
    const outcome = gate<string>();
    const server = await startFrontEnd(async (request) => {
      if (!readFirst) await once(request.signal, 'abort');
      const body = request.body(100).then(
        (bytes) => `whole: ${bytes}`,
        (error: Error) => error.name,
      );
      reading.open();
      outcome.open(await body);
    });
    const { secure } = await tlsConnection(server, 'h2');
    secure.resume();
    const post = Buffer.from([0x83, 0x87, 0x84, 0x01, 0x01, 0x78]);
    const half = Buffer.concat([frame(4, 0, 0), frame(1, 4, 1, post), frame(0, 0, 1, Buffer.from('half'))]);
    const reset = frame(3, 0, 1, Buffer.alloc(4));
    secure.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
    if (readFirst) {
      secure.write(half);
      await reading.opened;
      secure.write(reset);
    } else {
      secure.write(Buffer.concat([half, reset]));
    }
    expect(await outcome.opened).toBe('RequestAborted');
  });
});

/** An HTTP/2 frame (RFC 9113, 4.1): 0 DATA, 1 HEADERS, 3 RST_STREAM, 4 SETTINGS. */
function frame(type: number, flags: number, streamId: number, payload = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(streamId, 5);
  return Buffer.concat([head, payload]);
}
