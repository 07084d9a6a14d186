// Turns signals into one orderly stop.
//
// One Ctrl-C may arrive several times at once: from the terminal, from npm and from the launcher. All of that is one
// wish. A second Ctrl-C a second later is impatience, and is obeyed.

import type { Clock } from '../../streams/base/clock.ts';

const stopSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const sameWishMs = 1_000;

export type StopHandlers = {
  /** Called once, with the first signal. */
  readonly stop: (signal: string) => void;
  /** Called when somebody asks again. */
  readonly force: (signal: string) => void;
};

/** Returns what removes the handlers again. */
export function onStopSignals(clock: Clock, { stop, force }: StopHandlers): () => void {
  let askedAt: number | undefined;
  const handle = (signal: string) => {
    const now = clock.monotonic();
    if (askedAt === undefined) {
      askedAt = now;
      stop(signal);
    } else if (now - askedAt >= sameWishMs) force(signal);
  };
  for (const signal of stopSignals) process.on(signal, handle);
  return () => {
    for (const signal of stopSignals) process.off(signal, handle);
  };
}
