// What the scheduler has done since its start, in numbers: the facts behind its metrics. Plain counting; deciding never
// looks at it.

import type { QueuedPod } from './queued-pod.ts';
import type { ExtensionPointWatch } from './scheduling-cycle.ts';

export type AttemptResult = 'scheduled' | 'unschedulable' | 'error';

/** One attempt in so many is measured point by point. */
const sampled = 10;
const attemptBounds = doubling(0.001, 15);
const secondBounds = doubling(0.01, 20);
const pointBounds = doubling(0.0001, 12);

/** Upper bounds of the buckets and how many values fell into each; the last counts what is above all bounds. */
export type Tally = { readonly bounds: readonly number[]; readonly counts: number[]; sum: number; count: number };

export class Statistics {
  /** Attempts by profile and result. */
  readonly attempts = new Map<string, Record<AttemptResult, number>>();
  preemptionAttempts = 0;
  readonly preemptionVictims = tally([1, 2, 4, 8, 16, 32, 64]);
  /** Attempts it took to schedule a pod. */
  readonly attemptsPerPod = tally([1, 2, 4, 8, 16]);

  /** Seconds from giving a pod out to having found a node or none, by result and profile. */
  readonly attemptSeconds = new Map<string, Tally>();
  /** Seconds a pod passed at an extension point, by point and profile; of every tenth attempt. */
  readonly pointSeconds = new Map<string, Tally>();
  /** Seconds from a pod's first coming to its binding, by the attempts that took. */
  readonly seconds = new Map<string, Tally>();
  #attempts = 0;

  attempted(kind: 'found' | 'none', profile: string, ms: number): void {
    const result = kind === 'found' ? 'scheduled' : 'unschedulable';
    observe(tallyAt(this.attemptSeconds, `${result} ${profile}`, attemptBounds), ms / 1_000);
  }

  /** Measures every tenth attempt of a profile. */
  points(profile: string, stopwatch: () => number): ExtensionPointWatch {
    let sinceMs: number | undefined;
    return {
      begin: () => {
        sinceMs = this.#attempts++ % sampled === 0 ? stopwatch() : undefined;
      },
      passed: (point) => {
        if (sinceMs === undefined) return;
        const nowMs = stopwatch();
        observe(tallyAt(this.pointSeconds, `${point} ${profile}`, pointBounds), (nowMs - sinceMs) / 1_000);
        sinceMs = nowMs;
      },
    };
  }

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

  bound({ info, tries, addedAtMs }: QueuedPod, nowMs: number): void {
    this.count('scheduled', info.shape.schedulerName);
    const attempts = tries >= 15 ? '15+' : String(tries);
    observe(tallyAt(this.seconds, attempts, secondBounds), Math.max(0, nowMs - addedAtMs) / 1_000);
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

function tallyAt(tallies: Map<string, Tally>, key: string, bounds: readonly number[]): Tally {
  let found = tallies.get(key);
  if (found === undefined) {
    found = tally(bounds);
    tallies.set(key, found);
  }
  return found;
}

function doubling(start: number, count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => start * 2 ** index);
}
