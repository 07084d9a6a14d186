// What becomes of reads when the server, the connection or the log itself goes away in the middle of them, and when the
// server is slower than it should be.

import { expect, onTestFinished, test } from 'vitest';
import type { Revision } from '../../streams/base/brand.ts';
import { LogClosed, LogUnavailable } from '../../streams/log/errors.ts';
import type { RecordedEvent } from '../../streams/log/event.ts';
import type { EventLog } from '../../streams/log/event-log.ts';
import { absent, change, collect, follow, range, record, revisionsOf } from '../kit/events.ts';
import { HastyClock } from '../kit/hasty-clock.ts';
import { openLog, withLog } from '../kit/jetstream.ts';
import { TestNats } from '../kit/nats-server.ts';
import { TcpProxy } from '../kit/tcp-proxy.ts';

type Batches = AsyncGenerator<readonly RecordedEvent[]>;

/** Three times what a reader asks for at a time, so that its middle is not its end. */
const count = 6_000;
/** Half a minute of patience in a moment. */
const haste = 100;

const reads: Readonly<Record<string, (log: EventLog) => AsyncIterable<readonly RecordedEvent[]>>> = {
  'a read of a range': (log) => log.read({ after: 0 as Revision }),
  'a read of the latest events': (log) => log.latest(),
};

async function fill(log: EventLog): Promise<void> {
  await Promise.all(range(1, count).map((i) => record(log, change(`object-${i}`, absent))));
}

/** A reader that has read something and has more before it. */
async function inTheMiddle(batches: AsyncIterable<readonly RecordedEvent[]>): Promise<{ seen: number; rest: Batches }> {
  const rest = batches[Symbol.asyncIterator]() as Batches;
  const first = await rest.next();
  return { seen: first.done === true ? 0 : first.value.length, rest };
}

for (const [what, begin] of Object.entries(reads)) {
  test(`${what} goes on when the server dies in the middle of it and comes back`, async () => {
    await withLog(async ({ nats, cluster }) => {
      await fill(cluster.streams.LOG);
      const { seen, rest } = await inTheMiddle(begin(cluster.streams.LOG));
      nats.kill();
      await nats.restart();
      expect(revisionsOf(await collect(rest))).toEqual(range(seen + 1, count));
    });
  });

  test(`${what} fails when the server dies in the middle of it and stays away`, async () => {
    const clock = new HastyClock();
    await withLog(
      async ({ nats, cluster }) => {
        await fill(cluster.streams.LOG);
        const { rest } = await inTheMiddle(begin(cluster.streams.LOG));
        nats.kill();
        clock.goAt(haste);
        await expect(collect(rest)).rejects.toThrow(LogUnavailable);
      },
      { clock },
    );
  });

  test(`${what} fails when the server hangs in the middle of it`, async () => {
    const clock = new HastyClock();
    await withLog(
      async ({ nats, cluster }) => {
        await fill(cluster.streams.LOG);
        const { rest } = await inTheMiddle(begin(cluster.streams.LOG));
        nats.pause();
        clock.goAt(haste);
        await expect(collect(rest).finally(() => nats.resume())).rejects.toThrow(LogUnavailable);
      },
      { clock },
    );
  });

  test(`${what} that is cut off because the log is closed does not look complete`, async () => {
    await withLog(async ({ cluster }) => {
      await fill(cluster.streams.LOG);
      const { rest } = await inTheMiddle(begin(cluster.streams.LOG));
      await cluster.close();
      await expect(collect(rest)).rejects.toThrow(LogClosed);
    });
  });
}

test('a tail waits longer than any read', async () => {
  const clock = new HastyClock();
  await withLog(
    async ({ nats, cluster }) => {
      const { LOG } = cluster.streams;
      await fill(LOG);
      const tail = follow(LOG, count - 1, (events) => events.length === 2);
      const { rest } = await inTheMiddle(LOG.read({ after: 0 as Revision }));
      nats.kill();
      clock.goAt(haste);
      await expect(collect(rest)).rejects.toThrow(LogUnavailable);
      clock.goAt(1);
      await nats.restart();
      await record(LOG, change('after', absent));
      expect(revisionsOf(await tail)).toEqual([count, count + 1]);
    },
    { clock },
  );
});

test('a server that answers later than its signs of life are due is read from all the same', async () => {
  const nats = await TestNats.start();
  onTestFinished(() => nats.discard());
  const proxy = await TcpProxy.start(nats);
  onTestFinished(() => proxy.close());
  const timing = { answerMs: 10_000, heartbeatMs: 20 };
  const cluster = await openLog(nats, { servers: [proxy.address], timing });
  onTestFinished(() => cluster.close());
  const { LOG } = cluster.streams;
  await record(LOG, change('first', absent));
  proxy.delayAnswers(120);
  expect(revisionsOf(await follow(LOG, 0, (events) => events.length === 1))).toEqual([1]);
  expect(revisionsOf(await collect(LOG.read({ after: 0 as Revision })))).toEqual([1]);
});
