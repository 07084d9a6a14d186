// Where to preempt: of the nodes that were tried out the least harmful one is taken: fewest budgets broken, the least
// important highest victim, the smallest sum of priorities, the fewest victims, and at last those that started latest.
// Source: kubernetes.md §2.7.

import type { PodInfo } from '../pod-shape.ts';
import type { Candidate } from './victims.ts';

/** Makes every priority count as positive, so that many unimportant victims are not better than one. */
const priorityOffset = 2 ** 31;

/** What evicting these would do, the weightiest first: compared one after another, the lower the better. */
export function harmOf(victims: readonly PodInfo[], violations: number): readonly number[] {
  const highest = victims[0]?.shape.priority ?? 0;
  let sum = 0;
  // When the first of the most important victims started.
  let earliestMs = Number.MAX_SAFE_INTEGER;
  for (const { shape, startedAtMs } of victims) {
    sum += shape.priority + priorityOffset;
    if (shape.priority === highest) earliestMs = Math.min(earliestMs, startedAtMs ?? Number.MAX_SAFE_INTEGER);
  }
  return [violations, highest, sum, victims.length, -earliestMs];
}

/** The first of the least harmful; undefined where there is none at all. */
export function leastHarmful(candidates: readonly Candidate[]): Candidate | undefined {
  let [best] = candidates;
  for (const candidate of candidates) if (best !== undefined && isLess(candidate.harm, best.harm)) best = candidate;
  return best;
}

/** How many candidates are enough among so many nodes. */
export function candidatesWanted(nodes: number, { percentage, absolute }: { percentage: number; absolute: number }) {
  return Math.min(nodes, Math.max(absolute, Math.floor((nodes * percentage) / 100)));
}

function isLess(a: readonly number[], b: readonly number[]): boolean {
  for (let i = 0; i < a.length; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}
