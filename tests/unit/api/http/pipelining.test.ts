// HTTP/1.1 requests that come before the answer to the one before has left: the server answers all of them, in order,
// and tells none that its client has gone.

import { expect, test } from 'vitest';
import { gate, startFrontEnd, tlsConnection } from './front-end.ts';

const paths = ['/one', '/two', '/three'];
const post = (path: string) => `POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}`;

test.each(['whole', 'streamed'])('requests sent at once have their %s answers in order', async (form) => {
  const server = await startFrontEnd(async (request, response) => {
    const body = await request.body(100);
    const text = `<${request.path} ${body} ${request.signal.aborted ? 'gone' : 'here'}>`;
    if (form === 'whole') return response.send({ status: 200, headers: {} }, text);
    const stream = response.open({ status: 200, headers: {} });
    stream.write(Buffer.from(text));
    stream.end();
  });
  const { secure } = await tlsConnection(server, 'http/1.1');
  let heard = '';
  const answered = new Promise<void>((resolve) => {
    secure.on('data', (chunk: Buffer) => {
      heard += chunk.toString('utf8');
      if (heard.includes('</three')) resolve();
    });
    secure.on('close', () => resolve());
  });
  secure.write(paths.map(post).join(''));
  await answered;
  expect(heard.match(/<[^>]+>/g)).toEqual(paths.map((path) => `<${path} {} here>`));
  secure.destroy();
});

test('a request whose connection closes while its answer waits for another is told', async () => {
  const arrived = gate();
  const told = gate<string>();
  const server = await startFrontEnd(async ({ path, signal }) => {
    const aborted = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
    if (path === '/two') arrived.open();
    await aborted;
    if (path === '/two') told.open(path);
  });
  const { secure } = await tlsConnection(server, 'http/1.1');
  secure.write(['/one', '/two'].map((path) => `GET ${path} HTTP/1.1\r\nhost: x\r\n\r\n`).join(''));
  await arrived.opened;
  secure.destroy();
  expect(await told.opened).toBe('/two');
});
