// What one attempt to write holds from its admission until its outcome is known: an address given out is nobody else's
// while the write is on its way, and free again as soon as it has failed, because nothing else remembers it.

import { ApiError } from '../errors.ts';

export type Outcome = 'settled' | 'unknown';

export type Holds = {
  /** Called once, when the attempt is over. `unknown`: it failed, and may have been recorded all the same. */
  onEnd(release: (outcome: Outcome) => void): void;
};

/** Runs one attempt and ends its holds, whatever becomes of it. */
export async function whileHeld<T>(attempt: (holds: Holds) => Promise<T>): Promise<T> {
  const releases: ((outcome: Outcome) => void)[] = [];
  let outcome: Outcome = 'unknown';
  try {
    const result = await attempt({ onEnd: (release) => releases.push(release) });
    outcome = 'settled';
    return result;
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== 503) outcome = 'settled';
    throw error;
  } finally {
    for (const release of releases) release(outcome);
  }
}
