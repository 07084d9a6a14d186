// Where to preempt: nodes are tried out from a random place on until there are enough candidates, then the least harmful
// one is taken: fewest budgets broken, the least important highest victim, the smallest sum of priorities, the fewest
// victims, and at last those that started latest. Source: kubernetes.md §2.7.

import type { Candidate } from './victims.ts';
import { startOf } from './victims.ts';

/** Makes every priority count as positive, so that many unimportant victims are not better than one. */
const priorityOffset = 2 ** 31;

/** The lower, the better; compared one after another. */
const harms: readonly ((candidate: Candidate) => number)[] = [
  ({ violations }) => violations,
  ({ victims }) => victims[0]?.shape.priority ?? 0,
  ({ victims }) => victims.reduce((sum, { shape }) => sum + shape.priority + priorityOffset, 0),
  ({ victims }) => victims.length,
  (candidate) => -earliestStart(candidate),
];

/** The first of the least harmful; undefined where there is none at all. */
export function leastHarmful(candidates: readonly Candidate[]): Candidate | undefined {
  let left = candidates;
  for (const harm of harms) {
    if (left.length <= 1) break;
    let least = Number.POSITIVE_INFINITY;
    let kept: Candidate[] = [];
    for (const candidate of left) {
      const value = harm(candidate);
      if (value > least) continue;
      if (value < least) kept = [];
      least = value;
      kept.push(candidate);
    }
    left = kept;
  }
  return left[0];
}

/** When the first of the most important victims started. */
function earliestStart({ victims }: Candidate): number {
  const highest = victims[0]?.shape.priority;
  let earliest = Number.MAX_SAFE_INTEGER;
  for (const victim of victims) if (victim.shape.priority === highest) earliest = Math.min(earliest, startOf(victim));
  return earliest;
}

/** How many candidates are enough among so many nodes. */
export function candidatesWanted(nodes: number, { percentage, absolute }: { percentage: number; absolute: number }) {
  return Math.min(nodes, Math.max(absolute, Math.floor((nodes * percentage) / 100)));
}
