// A connection that stays open while nothing gets through any more, as when a network is cut: no system says so, only
// unanswered pings do.

import { expect, onTestFinished, test } from 'vitest';
import { absent, anEvent, bytesOf, change, range } from '../kit/events.ts';
import { openLog } from '../kit/jetstream.ts';
import { TestNats } from '../kit/nats-server.ts';
import { TcpProxy } from '../kit/tcp-proxy.ts';

test('a connection too full to send is given up: what waited is recorded over a new one', async () => {
  const nats = await TestNats.start();
  onTestFinished(() => nats.discard());
  const proxy = await TcpProxy.start(nats);
  onTestFinished(() => proxy.close());
  const timing = { answerMs: 200, appendMs: 60_000 };
  const cluster = await openLog(nats, { servers: [proxy.address], timing, pingMs: 1_000 });
  onTestFinished(() => cluster.close());

  proxy.stall();
  // With their repetitions far more than the buffers of both ends take.
  const large = bytesOf({ kind: 'ConfigMap', filler: 'x'.repeat(1_300_000) });
  const outcomes = await Promise.all(
    range(1, 8).map((i) => cluster.streams.LOG.append(change(`large-${i}`, absent, anEvent({ object: large })))),
  );
  expect(outcomes.map(({ kind }) => kind)).toEqual(Array(8).fill('appended'));
  expect(cluster.status()).toEqual({ kind: 'ok' });
});
