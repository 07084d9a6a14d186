import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { aConfigMap } from '../../../kit/api-objects.ts';
import { servedWorld } from '../../../kit/served-world.ts';
import { opened, overHttp1, overHttp2 } from '../../../kit/wire-client.ts';

const path = '/api/v1/namespaces/default/configmaps';
const headers = { 'content-type': 'application/json' };
const body = JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', ...aConfigMap('a') });

describe.each([
  ['HTTP/1.1', overHttp1],
  ['HTTP/2', overHttp2],
])('over %s', (_, send) => {
  test('the administrator’s certificate writes and reads', async () => {
    const { admin, world } = await servedWorld();
    const created = await send(admin, { method: 'POST', path, headers, body });
    expect(created.status).toBe(201);
    expect(created.headers['content-type']).toBe('application/json');
    expect(JSON.parse(created.text)).toEqual(world.get('configmaps', 'a'));
    expect((await send(admin, { path: `${path}/a` })).text).toBe(created.text);
    expect((await world.events()).at(-1)?.author.user).toBe('kubernetes-admin');
    const read = await send(admin, { path });
    expect(JSON.parse(read.text)).toMatchObject({ kind: 'ConfigMapList', items: [{ metadata: { name: 'a' } }] });
  });

  test('nobody may ask after health and version, and nothing else', async () => {
    const { nobody } = await servedWorld({ roles: true });
    expect((await send(nobody, { path: '/livez' })).text).toBe('ok');
    expect((await send(nobody, { path: '/version' })).status).toBe(200);
    const refused = await send(nobody, { path });
    expect(JSON.parse(refused.text)).toMatchObject({
      kind: 'Status',
      code: 403,
      message: expect.stringContaining('User "system:anonymous"'),
    });
  });

  test('a body beyond 3 MiB is 413, said or not', async () => {
    const { admin, world } = await servedWorld();
    const large = JSON.stringify({ metadata: { name: 'a' }, data: { a: 'x'.repeat(3_200_000) } });
    const answer = await send(admin, { method: 'POST', path, headers, body: large });
    expect(JSON.parse(answer.text)).toMatchObject({
      code: 413,
      reason: 'RequestEntityTooLarge',
      message: 'Request entity too large: limit is 3145728',
    });
    expect(world.get('configmaps', 'a')).toBeUndefined();
  });

  test('a list of thousands arrives whole', async () => {
    const { admin, world } = await servedWorld();
    for (let i = 0; i < 2_000; i++) await world.create('configmaps', aConfigMap(`c${i}`));
    const list = JSON.parse((await send(admin, { path })).text) as { items: unknown[] };
    expect(list.items).toHaveLength(2_000);
  });
});

test('a watch tells changes as they happen, and ends as a whole answer when the server closes', async () => {
  const { admin, world, server } = await servedWorld();
  const response = await opened(admin, { path: `${path}?watch=1` });
  const chunks: Buffer[] = [];
  response.on('data', (chunk: Buffer) => chunks.push(chunk));
  await world.create('configmaps', aConfigMap('a'));
  await once(response, 'data');
  const ended = once(response, 'end');
  // The clock stands still: nothing but the watch's own end can let the server close.
  await server.close({ drainMs: 1 });
  await ended;
  expect(response.complete).toBe(true);
  const lines = Buffer.concat(chunks).toString('utf8').trimEnd().split('\n');
  expect(lines.map((line) => (JSON.parse(line) as { type: string }).type)).toEqual(['ADDED']);
});
