import { expect, test } from 'vitest';
import { lossOf } from '../../../infra/boot/open-reader.ts';
import { VirtualClock } from '../../../streams/base/virtual-clock.ts';
import { LogUnavailable } from '../../../streams/log/errors.ts';
import type { LogStatus } from '../../../streams/log/event-log.ts';

/** A log whose status the test decides. */
function lossy(first: LogStatus = { kind: 'ok' }) {
  const clock = new VirtualClock();
  const done = new AbortController();
  let status = first;
  let tell: (status: LogStatus) => void = () => {};
  const log = {
    status: () => status,
    onStatus: (listener: (status: LogStatus) => void) => {
      tell = listener;
    },
  };
  const loss = lossOf(log, { clock, patienceMs: 15_000, signal: done.signal });
  const become = (next: LogStatus) => {
    status = next;
    tell(next);
  };
  return { clock, done, loss, become };
}

const gone: LogStatus = { kind: 'degraded', reason: 'the connection is lost' };

test('a log that stays away is given up after a while, with the reason', async () => {
  const { clock, loss, become } = lossy();
  become(gone);
  await clock.advance(14_999);
  expect(loss.aborted).toBe(false);
  await clock.advance(1);
  expect(loss.reason).toEqual(new LogUnavailable('the connection is lost, and it has not come back within 15 s'));
});

test('a log that comes back is waited for, as often as it goes', async () => {
  const { clock, loss, become } = lossy();
  for (let i = 0; i < 3; i++) {
    become(gone);
    await clock.advance(10_000);
    become({ kind: 'ok' });
    await clock.advance(10_000);
  }
  expect(loss.aborted).toBe(false);
});

test('a log that was away from the beginning counts', async () => {
  const { clock, loss } = lossy(gone);
  await clock.advance(15_000);
  expect(loss.aborted).toBe(true);
});

test('what is done is not given up any more', async () => {
  const { clock, done, loss, become } = lossy();
  become(gone);
  done.abort();
  become(gone);
  await clock.advance(60_000);
  expect(loss.aborted).toBe(false);
});
