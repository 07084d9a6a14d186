// What the scheduler has done since its start, in numbers: the facts behind its metrics. Plain counting; deciding never
// looks at it.

import type { QueuedPod } from './queued-pod.ts';

export type AttemptResult = 'scheduled' | 'unschedulable' | 'error';

/** Upper bounds of the buckets and how many values fell into each; the last counts what is above all bounds. */
export type Tally = { readonly bounds: readonly number[]; readonly counts: number[]; sum: number; count: number };

export class Statistics {
  /** Attempts by profile and result. */
  readonly attempts = new Map<string, Record<AttemptResult, number>>();
  preemptionAttempts = 0;
  readonly preemptionVictims = tally([1, 2, 4, 8, 16, 32, 64]);
  /** Attempts it took to schedule a pod. */
  readonly attemptsPerPod = tally([1, 2, 4, 8, 16]);

  count(result: AttemptResult, profile: string): void {
    let counts = this.attempts.get(profile);
    if (counts === undefined) {
      counts = { scheduled: 0, unschedulable: 0, error: 0 };
      this.attempts.set(profile, counts);
    }
    counts[result]++;
  }

  total(result: AttemptResult): number {
    let sum = 0;
    for (const counts of this.attempts.values()) sum += counts[result];
    return sum;
  }

  bound({ info, tries }: QueuedPod): void {
    this.count('scheduled', info.shape.schedulerName);
    observe(this.attemptsPerPod, tries);
  }

  preempted(victims: number): void {
    observe(this.preemptionVictims, victims);
  }
}

export function tally(bounds: readonly number[]): Tally {
  return { bounds, counts: new Array<number>(bounds.length + 1).fill(0), sum: 0, count: 0 };
}

export function observe(into: Tally, value: number): void {
  let at = 0;
  while (at < into.bounds.length && value > (into.bounds[at] ?? 0)) at++;
  into.counts[at] = (into.counts[at] ?? 0) + 1;
  into.sum += value;
  into.count++;
}
