import { expect, test } from 'vitest';
import { playBack } from '../../../infra/replay/play-back.ts';
import type { Revision } from '../../../streams/base/brand.ts';
import { VirtualClock } from '../../../streams/base/virtual-clock.ts';
import { MemoryLog } from '../../../streams/log/memory-log.ts';
import { absent, anEvent, change, record } from '../../kit/events.ts';

const start = Date.UTC(2026, 5, 1);

/** Events at the given seconds after the start. */
async function aLog(...seconds: readonly number[]): Promise<MemoryLog> {
  const log = new MemoryLog('LOG', { keepHistory: true });
  for (const [i, second] of seconds.entries()) {
    await record(log, change(`p${i}`, absent, anEvent({ timeMs: start + second * 1_000 })));
  }
  return log;
}

function play(log: MemoryLog, { speed, to }: { speed: number; to?: number }) {
  const clock = new VirtualClock();
  const stop = new AbortController();
  const shown: string[] = [];
  const until = to === undefined ? undefined : ({ kind: 'revision', revision: to as Revision } as const);
  const onEvent = ({ revision }: { revision: number }) => void shown.push(`${revision} at ${clock.monotonic()}`);
  const playing = playBack(log, { until, speed, clock, signal: stop.signal, onEvent });
  return { clock, stop, shown, playing };
}

test('events come as far apart as they happened, divided by the speed', async () => {
  const { clock, shown, playing } = play(await aLog(0, 10, 10, 60), { speed: 5 });
  await clock.advance(1_999);
  expect(shown).toEqual(['1 at 0']);
  await clock.advance(20_000);
  expect(shown).toEqual(['1 at 0', '2 at 2000', '3 at 2000', '4 at 12000']);
  expect(await playing).toMatchObject({ revision: 4, size: 4 });
});

test('a speed below one is slow motion', async () => {
  const { clock, shown } = play(await aLog(0, 1), { speed: 0.25 });
  await clock.advance(4_000);
  expect(shown).toEqual(['1 at 0', '2 at 4000']);
});

test('a writer whose clock was behind holds nothing up', async () => {
  const { clock, shown } = play(await aLog(0, 10, 4, 11), { speed: 1 });
  await clock.advance(11_000);
  expect(shown).toEqual(['1 at 0', '2 at 10000', '3 at 10000', '4 at 11000']);
});

test('it ends where it is told to, with the state of then', async () => {
  const { clock, shown, playing } = play(await aLog(0, 1, 2), { speed: 1, to: 2 });
  await clock.advance(10_000);
  expect(shown).toHaveLength(2);
  expect(await playing).toMatchObject({ revision: 2, size: 2 });
});

test('a wait of weeks is waited for, and ended at once by the signal', async () => {
  const { clock, stop, shown, playing } = play(await aLog(0, 3_000_000), { speed: 1 });
  await clock.advance(2_999_999_999);
  expect(shown).toEqual(['1 at 0']);
  stop.abort(new Error('enough'));
  await expect(playing).rejects.toThrow('enough');
  expect(shown).toEqual(['1 at 0']);
});
