// The yardstick of the creates: a raw Node server that parses a body, puts a field into it, appends the print to a log
// of its own as one event, fsynced, and answers when that is acknowledged. It decides nothing and keeps nothing, so no
// API server on this log and this machine can be faster.

import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { subjectOf } from '../../streams/log/subjects.ts';
import { openLog } from '../kit/jetstream.ts';
import { TestNats } from '../kit/nats-server.ts';
import { anEvent } from './append.ts';

const [keyFile = '', certFile = ''] = process.argv.slice(2);
const nats = await TestNats.start();
const log = await openLog(nats, { timing: {} });
nats.stageInMemory();
let made = 0;

const server = createServer({ key: readFileSync(keyFile), cert: readFileSync(certFile) }, (request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', async () => {
    const object = JSON.parse(Buffer.concat(chunks).toString('utf8')) as { metadata: Record<string, unknown> };
    const name = `bare-${made++}`;
    object.metadata.uid = name;
    const body = Buffer.from(JSON.stringify(object));
    const subject = subjectOf({ group: '', resource: 'configmaps', namespace: 'default', name });
    const event = { ...anEvent(name), object: body };
    const outcome = await log.streams.LOG.append({ subject, expect: { kind: 'absent' }, event });
    response.writeHead(outcome.kind === 'appended' ? 201 : 500, {
      'content-type': 'application/json',
      'content-length': body.length,
    });
    response.end(body);
  });
});
server.keepAliveTimeout = 120_000;
server.listen(0, '127.0.0.1', () => process.stdout.write(`${(server.address() as AddressInfo).port}\n`));
process.on('SIGTERM', async () => {
  server.close();
  server.closeAllConnections();
  await log.close();
  await nats.discard();
  process.exit(0);
});
