// Work that costs do not count. Comparing two large objects costs as little as comparing two small ones, so that a loop
// of comparisons could keep the server busy for hours within its cost limit. What an evaluation really does is bounded
// here as well, far above what any sensible expression needs.

import { LIMIT_EXCEEDED } from './frame.ts';

/** Elements looked at, or as many dozens of characters: well below a second. */
const WORK_MAX = 5_000_000;

let left = WORK_MAX;

/** Runs an evaluation with a work budget of its own; evaluations may nest. */
export function withinWork<T>(evaluate: () => T): T {
  const outer = left;
  left = WORK_MAX;
  try {
    return evaluate();
  } finally {
    left = outer;
  }
}

/** Ends the evaluation when it has done too much. */
export function work(units: number): void {
  left -= units;
  if (left < 0) throw LIMIT_EXCEEDED;
}
