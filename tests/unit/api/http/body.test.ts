import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { BodyTooLarge } from '../../../../infra/api/http/exchange.ts';
import { protocols, startFrontEnd } from './front-end.ts';

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

  it('announced with Expect: 100-continue is asked for when it is read', async () => {
    const server = await echo(100);
    const answer = await clientOf(server).call({
      method: 'POST',
      body: 'abc',
      headers: { expect: '100-continue' },
    });
    expect(answer).toMatchObject({ status: 200, body: 'abc' });
  });
});
