// Large answers go compressed to clients on other machines that ask for it; watches and small answers never do.

import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { acceptsGzip } from '../../../../infra/api/http/compression.ts';
import type { ApiHandler } from '../../../../infra/api/http/exchange.ts';
import { protocols, startFrontEnd } from './front-end.ts';

const json = { 'content-type': 'application/json' };
const accept = { 'accept-encoding': 'gzip' };
const line = Buffer.from(`${JSON.stringify({ a: 'x'.repeat(200) })}\n`);

const whole =
  (bytes: number): ApiHandler =>
  async (_, response) =>
    response.send({ status: 200, headers: json }, Buffer.alloc(bytes, line));

const streamed =
  (contentType: string, more: { uncompressed?: true } = {}): ApiHandler =>
  async (_, response) => {
    const stream = response.open({ status: 200, headers: { 'content-type': contentType }, ...more });
    for (let i = 0; i < 5_000; i++) if (!stream.write(line)) await stream.drained();
    stream.end();
  };

const elsewhere = { compresses: () => true };

describe.each(protocols)('over %s', (_, clientOf) => {
  test('a large answer is compressed', async () => {
    const server = await startFrontEnd(whole(300_000), elsewhere);
    const answer = await clientOf(server).call({ headers: accept });
    expect(answer.headers).toMatchObject({ 'content-encoding': 'gzip', vary: 'Accept-Encoding' });
    expect(gunzipSync(answer.bytes)).toEqual(Buffer.alloc(300_000, line));
    expect(answer.bytes.length).toBeLessThan(30_000);
  });

  test('a streamed list is compressed as it goes', async () => {
    const server = await startFrontEnd(streamed('application/json'), elsewhere);
    const answer = await clientOf(server).call({ headers: accept });
    expect(answer.headers['content-encoding']).toBe('gzip');
    expect(gunzipSync(answer.bytes)).toEqual(Buffer.alloc(line.length * 5_000, line));
  });

  test.each([
    ['a small answer', whole(1_000), accept, elsewhere],
    ['a watch', streamed('application/json', { uncompressed: true }), accept, elsewhere],
    ['an answer to a client that does not ask', whole(300_000), {}, elsewhere],
    ['an answer to a client on this machine', whole(300_000), accept, {}],
  ] as const)('%s is sent as it is', async (_what, handler, headers, options) => {
    const server = await startFrontEnd(handler, options);
    const answer = await clientOf(server).call({ headers });
    expect(answer.headers['content-encoding']).toBeUndefined();
    expect(answer.body.startsWith('{"a":"xxx')).toBe(true);
  });
});

test.each([
  ['gzip', true],
  ['deflate, gzip;q=0.5', true],
  ['gzip;q=0', false],
  ['br', false],
  ['', false],
])('Accept-Encoding %j accepts gzip: %s', (header, accepts) => {
  expect(acceptsGzip({ method: 'GET', headers: { 'accept-encoding': header } })).toBe(accepts);
});
