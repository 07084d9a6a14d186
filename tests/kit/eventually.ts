// Waits for the world to become so: asks again until the check passes, and fails with the last reason it did not.

import { sleep, systemClock } from '../../streams/base/clock.ts';

const deadlineMsDefault = 60_000;
const pauseMs = 25;

export async function eventually<T>(check: () => Promise<T> | T, deadlineMs = deadlineMsDefault): Promise<T> {
  const end = systemClock.monotonic() + deadlineMs;
  for (;;) {
    try {
      return await check();
    } catch (reason) {
      if (systemClock.monotonic() > end) throw reason;
      await sleep(systemClock, pauseMs);
    }
  }
}
