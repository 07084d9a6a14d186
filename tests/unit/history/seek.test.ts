import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Revision } from '../../../streams/base/brand.ts';
import { revisionBefore } from '../../../streams/history/seek.ts';
import { MemoryLog } from '../../../streams/log/memory-log.ts';
import { absent, anEvent, change, record } from '../../kit/events.ts';

const minute = 60_000;

/** An event a minute, the first at minute 0. */
async function aLog(events: number): Promise<MemoryLog> {
  const log = new MemoryLog('LOG', { keepHistory: true });
  for (let i = 0; i < events; i++) await record(log, change(`p${i}`, absent, anEvent({ timeMs: i * minute })));
  return log;
}

test('reading on from where a moment is looked for meets every event of it and later ones', async () => {
  const log = await aLog(6_000);
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: -10, max: 6_010 }), async (m) => {
      const after = await revisionBefore(log, m * minute);
      // The event of minute m has revision m + 1.
      expect(after).toBeLessThanOrEqual(Math.max(0, m));
    }),
  );
});

test('the recent past is found without reading the distant one', async () => {
  const log = await aLog(6_000);
  const reads: number[] = [];
  const counted = {
    bounds: () => log.bounds(),
    read(range: { after: Revision; to?: Revision }) {
      reads.push(range.after);
      return log.read(range);
    },
  };
  expect(await revisionBefore(counted, 5_990 * minute)).toBe(5_000);
  expect(reads).toEqual([5_000]);
  expect(await revisionBefore(counted, 3_000 * minute)).toBe(2_000);
  expect(reads).toEqual([5_000, 5_000, 2_000]);
});

test('an event that is a little older than one before it is not missed', async () => {
  const log = await aLog(1_500);
  await record(log, change('late', absent, anEvent({ timeMs: 1_499 * minute - 30_000 })));
  expect(await revisionBefore(log, 500 * minute + 30_000)).toBe(0);
});

test('an empty log begins at its beginning', async () => {
  expect(await revisionBefore(new MemoryLog('LOG', { keepHistory: true }), 0)).toBe(0);
});
