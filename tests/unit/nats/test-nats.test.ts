// What the contract and chaos tests take for granted of the server they kill and start again.

import { createServer } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { eventually } from '../../kit/eventually.ts';
import { TestNats } from '../../kit/nats-server.ts';

test('a port that somebody took while the server was down is waited for', async () => {
  const nats = await TestNats.start();
  onTestFinished(() => nats.discard());
  const port = nats.port;
  await nats.stop();
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(port, '127.0.0.1', resolve));
  const restarted = nats.restart();
  await eventually(() => expect(nats.refusals).toBeGreaterThan(0));
  other.close();
  await restarted;
  expect(nats.port).toBe(port);
});
