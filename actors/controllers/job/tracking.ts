// Counts every pod of a job exactly once, whatever crashes between the writes. A pod that has ended goes through three
// steps, each of which is read off what is recorded:
//
//   1. its uid is written into `status.uncountedTerminatedPods` (or its index into `completedIndexes`),
//   2. the pod's finalizer is taken off, from when on the pod may vanish,
//   3. the uid leaves the list and the counter goes up, in one write.
//
// No finalizer goes before the status that accounts for the pod is on record; the end of the job is told last.

import type { Job, JobStatus, UncountedPods } from '../../../streams/resources/batch.ts';
import { type Condition, timestamp } from '../../../streams/resources/meta.ts';
import type { Pod } from '../../../streams/resources/pod.ts';
import { isPodActive } from '../../pod/pod-conditions.ts';
import { matchFailure } from './failure-policy.ts';
import { countOf, formatIndexes, hasIndex, type Indexes, indexesOf, union } from './indexes.ts';
import {
  type Census,
  completionIndex,
  isIndexed,
  isPodFailed,
  isTracked,
  isValidIndex,
  recordedIndexes,
} from './job-pods.ts';
import { recordedVerdict, type Verdict } from './verdict.ts';

/** Pods that are on their way to being counted at one time: their uids are in the status. */
const uncountedMax = 500;

export type Tracked = {
  readonly counts: Pick<
    JobStatus,
    'succeeded' | 'failed' | 'completedIndexes' | 'failedIndexes' | 'uncountedTerminatedPods'
  >;
  /** Pods whose finalizer may go: what is recorded accounts for them. */
  readonly accounted: readonly Pod[];
  /** Nothing is left to count. */
  readonly settled: boolean;
};

export type Tracking = {
  readonly verdict: Verdict | undefined;
  /** Failed pods that keep their finalizer until their successors are there. */
  readonly awaiting: ReadonlyMap<number, Pod>;
};

export function tracked(census: Census, { verdict, awaiting }: Tracking): Tracked {
  const { job, pods } = census;
  const carrying = pods.filter(isTracked);
  const cleaned = withoutCounted(job, new Set(carrying.map(({ metadata }) => metadata.uid)));
  const [succeeded, failed] = [[...cleaned.uncounted.succeeded], [...cleaned.uncounted.failed]];
  const newIndexes: number[] = [];
  const accounted: Pod[] = [];
  const verdictStands = verdict === undefined || recordedVerdict(job) !== undefined;
  for (const pod of isIndexed(job) ? carrying.sort(byIndex) : carrying) {
    if (!mayBeCounted(job, pod, { verdict, awaiting })) continue;
    const { uid } = pod.metadata;
    const account = accountOf(census, pod, verdict);
    // A full list takes in nobody more, but those who stand in it go on: nothing else would ever empty it.
    if (account !== undefined && succeeded.length + failed.length + newIndexes.length >= uncountedMax) continue;
    if (account === 'succeeded') succeeded.push(uid);
    else if (account === 'failed') failed.push(uid);
    else if (account === 'index') newIndexes.push(completionIndex(pod));
    // A pod that still runs is deleted first, or let go, or belongs to a job that is itself going away.
    else if (verdictStands && (verdict === undefined || !isPodActive(pod))) accounted.push(pod);
  }
  const uncountedLeft = succeeded.length + failed.length;
  return {
    counts: {
      ...countsOf(census, cleaned, newIndexes),
      uncountedTerminatedPods: { ...listed('succeeded', succeeded), ...listed('failed', failed) },
    },
    accounted,
    settled: carrying.length === 0 && uncountedLeft === 0,
  };
}

type Cleaned = {
  readonly succeeded: number;
  readonly failed: number;
  readonly uncounted: { readonly succeeded: readonly string[]; readonly failed: readonly string[] };
};

/** Step 3: what has lost its finalizer is counted. */
function withoutCounted({ status = {} }: Job, carrying: ReadonlySet<string>): Cleaned {
  const { succeeded = [], failed = [] } = status.uncountedTerminatedPods ?? {};
  const left = {
    succeeded: succeeded.filter((uid) => carrying.has(uid)),
    failed: failed.filter((uid) => carrying.has(uid)),
  };
  return {
    succeeded: (status.succeeded ?? 0) + succeeded.length - left.succeeded.length,
    failed: (status.failed ?? 0) + failed.length - left.failed.length,
    uncounted: left,
  };
}

function mayBeCounted(job: Job, pod: Pod, { verdict, awaiting }: Tracking): boolean {
  if (job.metadata.deletionTimestamp !== undefined || verdict !== undefined) return true;
  if (pod.status?.phase === 'Succeeded') return true;
  return isPodFailed(job, pod) && awaiting.get(completionIndex(pod))?.metadata.uid !== pod.metadata.uid;
}

/** What is to be recorded of the pod before its finalizer goes; undefined where nothing is, or where it is on record. */
function accountOf(
  { job, uncountedSucceeded, uncountedFailed }: Census,
  pod: Pod,
  verdict: Verdict | undefined,
): 'succeeded' | 'failed' | 'index' | undefined {
  const { uid } = pod.metadata;
  if (uncountedFailed.has(uid)) return undefined;
  const index = completionIndex(pod);
  if (pod.status?.phase === 'Succeeded') {
    if (!isIndexed(job)) return uncountedSucceeded.has(uid) ? undefined : 'succeeded';
    return isValidIndex(job, index) && !hasIndex(recordedIndexes(job), index) ? 'index' : undefined;
  }
  // In a job that has failed, whatever has not ended counts as failed.
  if (!isPodFailed(job, pod) && verdict?.step !== 'FailureTarget') return undefined;
  if (isIndexed(job) && !isValidIndex(job, index)) return undefined;
  return matchFailure(job, pod).counts ? 'failed' : undefined;
}

function countsOf(census: Census, cleaned: Cleaned, newIndexes: readonly number[]): Tracked['counts'] {
  const { job, succeededIndexes, failedIndexes } = census;
  const failed = cleaned.failed === 0 ? undefined : { failed: cleaned.failed };
  if (!isIndexed(job))
    return { ...(cleaned.succeeded === 0 ? undefined : { succeeded: cleaned.succeeded }), ...failed };
  const done: Indexes = union(succeededIndexes, indexesOf(newIndexes));
  return {
    ...(done.length === 0 ? undefined : { succeeded: countOf(done), completedIndexes: formatIndexes(done) }),
    ...failed,
    ...(failedIndexes === undefined ? undefined : { failedIndexes: formatIndexes(failedIndexes) }),
  };
}

/** The condition by which the job is over, and what is told of it. */
export function finalCondition({ step, reason, message }: Verdict, nowMs: number): Condition {
  return newCondition(step === 'FailureTarget' ? 'Failed' : 'Complete', { status: 'True', reason, message }, nowMs);
}

export function newCondition(
  type: string,
  told: Pick<Condition, 'status' | 'reason' | 'message'>,
  nowMs: number,
): Condition {
  const now = timestamp(nowMs);
  return { type, ...told, lastProbeTime: now, lastTransitionTime: now };
}

function listed(name: keyof UncountedPods, uids: readonly string[]): UncountedPods {
  return uids.length === 0 ? {} : { [name]: uids };
}

function byIndex(a: Pod, b: Pod): number {
  return completionIndex(a) - completionIndex(b);
}
