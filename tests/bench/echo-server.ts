// The yardstick of the HTTPS rows: a raw Node server that parses a body, puts a field into it and prints it again, or
// serves one cached buffer. It decides nothing and keeps nothing.

import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';

const [keyFile = '', certFile = '', cachedBytes = '3000'] = process.argv.slice(2);
const cached = Buffer.alloc(Number(cachedBytes), 'x');

const server = createServer({ key: readFileSync(keyFile), cert: readFileSync(certFile) }, (request, response) => {
  if (request.method === 'GET') {
    response.writeHead(200, { 'content-length': cached.length });
    response.end(cached);
    return;
  }
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const object = JSON.parse(Buffer.concat(chunks).toString('utf8')) as { metadata: Record<string, unknown> };
    object.metadata.uid = 'a-new-uid';
    const body = Buffer.from(JSON.stringify(object));
    response.writeHead(201, { 'content-type': 'application/json', 'content-length': body.length });
    response.end(body);
  });
});
server.keepAliveTimeout = 120_000;
server.listen(0, '127.0.0.1', () => process.stdout.write(`${(server.address() as AddressInfo).port}\n`));
process.on('SIGTERM', () => process.exit(0));
