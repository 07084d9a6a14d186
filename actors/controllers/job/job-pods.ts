// A job's pods as it counts them: which run, which are going away, which have ended and whether that has been counted.
// A pod is counted as long as it carries the tracking finalizer; its uid (or its index) in the status says that it was.

import {
  completionIndexKey,
  indexFailureCountKey,
  indexIgnoredFailureCountKey,
  type Job,
  jobTrackingFinalizer,
} from '../../../streams/resources/batch.ts';
import type { Pod } from '../../../streams/resources/pod.ts';
import { isPodActive, isPodReady, isPodTerminating } from '../../pod/pod-conditions.ts';
import { type Failures, failuresInARow, finishedMs } from './back-off.ts';
import { matchFailure } from './failure-policy.ts';
import { countOf, type Indexes, indexesOf, noIndexes, parseIndexes, union } from './indexes.ts';

/** What the pods and the recorded status amount to. */
export type Census = {
  readonly job: Job;
  readonly pods: readonly Pod[];
  readonly active: readonly Pod[];
  readonly ready: number;
  readonly terminating: number;
  /** With those that are not in the status yet. */
  readonly succeeded: number;
  readonly failed: number;
  readonly succeededIndexes: Indexes;
  /** undefined for jobs without `backoffLimitPerIndex`. */
  readonly failedIndexes: Indexes | undefined;
  /** Whether pods with these uids stand in the status as ended and not counted. */
  readonly uncountedSucceeded: ReadonlySet<string>;
  readonly uncountedFailed: ReadonlySet<string>;
  readonly failuresInARow: Failures;
};

export function censusOf(job: Job, pods: readonly Pod[]): Census {
  const { status = {} } = job;
  const active = pods.filter(isPodActive);
  const uncountedSucceeded = new Set(status.uncountedTerminatedPods?.succeeded);
  const uncountedFailed = new Set(status.uncountedTerminatedPods?.failed);
  const valid = pods.filter((pod) => !isIndexed(job) || isValidIndex(job, completionIndex(pod)));
  const succeeded = valid.filter(({ status: { phase } = {} }) => phase === 'Succeeded');
  const failed = valid.filter((pod) => isPodFailed(job, pod));
  const newlySucceeded = succeeded.filter((pod) => isTracked(pod) && !uncountedSucceeded.has(pod.metadata.uid));
  const newlyFailed = failed.filter(
    (pod) => isTracked(pod) && !uncountedFailed.has(pod.metadata.uid) && matchFailure(job, pod).counts,
  );
  const indexes = isIndexed(job)
    ? union(recordedIndexes(job), indexesOf(succeeded.filter(isTracked).map(completionIndex)))
    : noIndexes;
  return {
    job,
    pods,
    active,
    ready: active.filter(isPodReady).length,
    terminating: pods.filter(isPodTerminating).length,
    // Of an index several pods may have succeeded: it counts once.
    succeeded: isIndexed(job)
      ? countOf(indexes)
      : (status.succeeded ?? 0) + newlySucceeded.length + uncountedSucceeded.size,
    failed: (status.failed ?? 0) + newlyFailed.length + uncountedFailed.size,
    succeededIndexes: indexes,
    failedIndexes: hasLimitPerIndex(job) ? failedIndexes(job, failed.filter(isTracked)) : undefined,
    uncountedSucceeded,
    uncountedFailed,
    // Pods that were let go before they ended say nothing about the job.
    failuresInARow: failuresInARow(
      succeeded,
      failed.filter((pod) => isTracked(pod) || pod.metadata.deletionTimestamp === undefined),
    ),
  };
}

export function isIndexed({ spec }: Job): boolean {
  return spec.completionMode === 'Indexed';
}

export function isSuspended({ spec }: Job): boolean {
  return spec.suspend === true;
}

export function hasLimitPerIndex(job: Job): boolean {
  return isIndexed(job) && job.spec.backoffLimitPerIndex !== undefined;
}

/** A pod that is going away is replaced only once it has ended. */
export function replacesFailedOnly({ spec }: Job): boolean {
  return spec.podReplacementPolicy === 'Failed' || spec.podFailurePolicy !== undefined;
}

export function isTracked({ metadata }: Pod): boolean {
  return metadata.finalizers?.includes(jobTrackingFinalizer) === true;
}

/** It failed, or it is going away and nobody waits to see how it ends. */
export function isPodFailed(job: Job, { metadata, status }: Pod): boolean {
  if (status?.phase === 'Failed') return true;
  if (replacesFailedOnly(job)) return false;
  return metadata.deletionTimestamp !== undefined && status?.phase !== 'Succeeded';
}

/** -1 where the pod names none. */
export function completionIndex({ metadata }: Pod): number {
  const text = metadata.annotations?.[completionIndexKey] ?? '';
  return /^[0-9]+$/.test(text) ? Number(text) : -1;
}

export function isValidIndex({ spec }: Job, index: number): boolean {
  return index >= 0 && index < (spec.completions ?? 0);
}

/** The indexes that stand in the status as succeeded. */
export function recordedIndexes({ spec, status }: Job): Indexes {
  return parseIndexes(status?.completedIndexes, spec.completions ?? 0);
}

export type IndexFailures = { readonly counted: number; readonly ignored: number };

/** How often the pod's index had failed before the pod was made. */
export function indexFailures({ metadata }: Pod): IndexFailures {
  const count = (key: string) => {
    const text = metadata.annotations?.[key] ?? '';
    return /^[0-9]{1,10}$/.test(text) ? Number(text) : 0;
  };
  return { counted: count(indexFailureCountKey), ignored: count(indexIgnoredFailureCountKey) };
}

/** With those that stand in the status. */
function failedIndexes(job: Job, failed: readonly Pod[]): Indexes {
  const { backoffLimitPerIndex = 0, completions = 0 } = job.spec;
  const over = failed.filter((pod) => {
    const { action, counts } = matchFailure(job, pod);
    return action === 'FailIndex' || (counts && indexFailures(pod).counted >= backoffLimitPerIndex);
  });
  return union(parseIndexes(job.status?.failedIndexes, completions), indexesOf(over.map(completionIndex)));
}

/**
 * For each index that waits for another try, the pod that failed last. It keeps its finalizer until its successor is
 * there, because only it tells how often the index has failed.
 */
export function awaitingReplacement(census: Census, isDone: (index: number) => boolean): ReadonlyMap<number, Pod> {
  const { job, pods, active } = census;
  const latest = new Map<number, Pod>();
  if (!hasLimitPerIndex(job)) return latest;
  const running = new Set(active.map(completionIndex));
  for (const pod of pods) {
    const index = completionIndex(pod);
    if (!isTracked(pod) || !isPodFailed(job, pod) || !isValidIndex(job, index)) continue;
    if (running.has(index) || isDone(index)) continue;
    const before = latest.get(index);
    if (before === undefined || isLater(pod, before)) latest.set(index, pod);
  }
  return latest;
}

function isLater(pod: Pod, before: Pod): boolean {
  const [tries, triesBefore] = [pod, before].map((one) => indexFailures(one).counted + indexFailures(one).ignored);
  return (triesBefore ?? 0) <= (tries ?? 0) && finishedMs(pod) >= finishedMs(before);
}
