// The clock port and its system end. Everything that waits or reads the time does so through a Clock, so that a
// simulation can run hours in seconds and replay them exactly (invariant: time comes in through ports).

export type Timer = { cancel(): void };

export type Clock = {
  /** Milliseconds since the Unix epoch. May jump with the machine's clock: never use it to measure. */
  now(): number;
  /** Milliseconds from an arbitrary start, never going back: for durations and deadlines. */
  monotonic(): number;
  /** Calls `fn` once after at least `ms` milliseconds. Never calls it synchronously. */
  after(ms: number, fn: () => void): Timer;
};

const timeoutMsMax = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms, fn) {
    // A longer time-out would fire at once: it is waited for in pieces.
    let left = Math.max(0, ms);
    const arm = () => {
      const piece = Math.min(left, timeoutMsMax);
      left -= piece;
      return setTimeout(left > 0 ? () => (timer = arm()) : fn, piece);
    };
    let timer = arm();
    return { cancel: () => clearTimeout(timer) };
  },
};

/** Resolves after `ms`, or early when the signal aborts. */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const done = () => {
      timer.cancel();
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = clock.after(ms, done);
    signal?.addEventListener('abort', done, { once: true });
  });
}
