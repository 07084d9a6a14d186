import { describe, expect, test } from 'vitest';
import type { Revision } from '../../../../streams/base/brand.ts';
import { sleep } from '../../../../streams/base/clock.ts';
import { VirtualClock } from '../../../../streams/base/virtual-clock.ts';
import { LogUnavailable } from '../../../../streams/log/errors.ts';
import { MemoryLog, memoryClusterLog } from '../../../../streams/log/memory-log.ts';
import {
  absent,
  anEvent,
  at,
  change,
  collect,
  follow,
  leaseSubject,
  podSubject,
  range,
  record,
  revisionsOf,
} from '../../../kit/events.ts';

describe('memory log', () => {
  test('an outage before the append leaves no trace', async () => {
    const log = new MemoryLog('LOG', {
      keepHistory: true,
      faults: {
        beforeAppend: () => {
          throw new LogUnavailable('down');
        },
      },
    });
    await expect(log.append(change('a', absent))).rejects.toThrow(LogUnavailable);
    expect((await log.bounds()).last).toBe(0);
  });

  test('a lost acknowledgement leaves the event recorded, and repeating the append finds it', async () => {
    let losing = true;
    const log = new MemoryLog('LOG', {
      keepHistory: true,
      faults: {
        beforeAck: () => {
          if (losing) throw new LogUnavailable('lost');
        },
      },
    });
    const request = change('a', absent);
    await expect(log.append(request)).rejects.toThrow(LogUnavailable);
    losing = false;
    expect(await log.append(request)).toEqual({ kind: 'appended', revision: 1 });
    expect((await log.bounds()).last).toBe(1);
  });

  test('appends that wait in a fault are decided in the order they come out of it', async () => {
    const clock = new VirtualClock(0);
    const delays = [30, 10, 20];
    const log = new MemoryLog('LOG', {
      keepHistory: true,
      faults: { beforeAppend: () => sleep(clock, delays.shift() ?? 0) },
    });
    const outcomes = Promise.all(['a', 'b', 'c'].map((name) => record(log, change(name, absent))));
    await clock.advance(30);
    expect(await outcomes).toEqual([3, 1, 2]);
  });

  test('batches hold no more than they may', async () => {
    const log = new MemoryLog('LOG', { keepHistory: true, batchMax: 3 });
    for (let i = 1; i <= 8; i++) await record(log, change(`n-${i}`, absent));
    const sizes: number[] = [];
    for await (const batch of log.read({ after: 0 as Revision })) sizes.push(batch.length);
    for await (const batch of log.latest()) sizes.push(batch.length);
    expect(sizes).toEqual([3, 3, 2, 3, 3, 2]);
  });

  test('a reader that stops in the middle and a slow tail miss nothing that is appended meanwhile', async () => {
    const log = new MemoryLog('LOG', { keepHistory: true, batchMax: 4 });
    for (let i = 1; i <= 10; i++) await record(log, change(`n-${i}`, absent));
    const seen: number[] = [];
    const ending = new AbortController();
    for await (const batch of log.tail({ after: 0 as Revision }, { signal: ending.signal })) {
      seen.push(...revisionsOf(batch));
      if (seen.length < 20) await record(log, change(`during-${seen.length}`, absent));
      if (seen.at(-1) === (await log.bounds()).last) ending.abort();
    }
    expect(seen).toEqual(range(1, (await log.bounds()).last));
  });

  test('a stream without history keeps what is newest of each subject and forgets the rest', async () => {
    const log = new MemoryLog('LEASE', { keepHistory: false });
    const revisions = new Map<string, number>();
    for (let i = 0; i < 3_000; i++) {
      const subject = leaseSubject(`node-${i % 7}`);
      const known = revisions.get(subject);
      const revision = await record(log, {
        subject,
        expect: known === undefined ? absent : at(known),
        event: anEvent(),
      });
      revisions.set(subject, revision);
    }
    expect(revisionsOf(await collect(log.latest()))).toEqual(range(2_994, 3_000));
    const retained = await collect(log.read({ after: 0 as Revision }));
    expect(retained.length).toBeLessThan(1_100);
    expect(revisionsOf(await follow(log, 2_999, (events) => events.length > 0))).toEqual([3_000]);
  });

  test('the streams of a cluster are apart, and closing ends them all', async () => {
    const cluster = memoryClusterLog();
    await record(cluster.streams.LOG, change('a', absent));
    expect((await cluster.streams.LEASE.bounds()).last).toBe(0);
    const tails = Object.values(cluster.streams).map((log) => collect(log.tail({ after: 0 as Revision })));
    await cluster.close();
    expect((await Promise.all(tails)).map((events) => events.length)).toEqual([1, 0, 0]);
    await expect(cluster.streams.EVENT.append(change('b', absent))).rejects.toThrow('the log is closed');
    expect(await cluster.streams.LOG.lastOn(podSubject('a'))).toBeDefined();
  });
});
