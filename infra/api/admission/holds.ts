// What one attempt to write holds from its admission until its outcome is known: an address given out is nobody else's
// while the write is on its way, and free again as soon as it has failed, because nothing else remembers it.

import { ApiError } from '../errors.ts';

/** `unknown`: the attempt failed, and its object may have been recorded all the same. */
export type Outcome = 'recorded' | 'refused' | 'unknown';

export type Holds = {
  /** Called once, when the attempt is over; its writer is answered after what a release has still to do. */
  onEnd(release: (outcome: Outcome) => Promise<void> | undefined | void): void;
};

export type Attempt = Holds & {
  /** The object is on the log. Not called for what only looked like a write: a dry run, a change of nothing. */
  recorded(): void;
};

/** Runs one attempt and ends its holds, whatever becomes of it. */
export async function whileHeld<T>(run: (attempt: Attempt) => Promise<T>): Promise<T> {
  const releases: Parameters<Holds['onEnd']>[0][] = [];
  let outcome: Outcome = 'refused';
  const attempt: Attempt = {
    onEnd: (release) => releases.push(release),
    recorded() {
      outcome = 'recorded';
    },
  };
  try {
    return await run(attempt);
  } catch (error) {
    if (!(error instanceof ApiError) || error.code === 503) outcome = 'unknown';
    throw error;
  } finally {
    for (const release of releases) {
      const released = release(outcome);
      if (released instanceof Promise) await released;
    }
  }
}
