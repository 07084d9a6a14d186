// Whether a job is at its end, and how. The end comes in two steps: `FailureTarget` or `SuccessCriteriaMet` is recorded
// first and is final from then on; `Failed` or `Complete` follows once every pod has ended and been counted.

import { type Job, jobTrackingFinalizer } from '../../../streams/resources/batch.ts';
import type { Condition } from '../../../streams/resources/meta.ts';
import type { Pod } from '../../../streams/resources/pod.ts';
import { findCondition } from '../../kit/conditions.ts';
import { matchFailure } from './failure-policy.ts';
import { countOf } from './indexes.ts';
import { type Census, isIndexed, isPodFailed, isSuspended } from './job-pods.ts';
import { metRule } from './success-policy.ts';

export type Verdict = {
  readonly step: 'FailureTarget' | 'SuccessCriteriaMet';
  readonly reason: string;
  readonly message: string;
};

export const completionsReached: Verdict = {
  step: 'SuccessCriteriaMet',
  reason: 'CompletionsReached',
  message: 'Reached expected number of succeeded pods',
};

/** What stands in the status already. */
export function recordedVerdict({ status }: Job): Verdict | undefined {
  for (const step of ['SuccessCriteriaMet', 'FailureTarget'] as const) {
    const condition = findCondition(status?.conditions, step);
    if (condition?.status === 'True') return verdict(step, condition);
  }
  return undefined;
}

/** undefined: the job goes on, as far as its limits and policies are concerned. */
export function verdictOf(census: Census, nowMs: number): Verdict | undefined {
  return recordedVerdict(census.job) ?? failure(census, nowMs) ?? success(census);
}

/** How long until the job has been active for as long as it may be; undefined where it may for ever, or does not run. */
export function deadlineInMs({ spec, status }: Job, nowMs: number): number | undefined {
  const { activeDeadlineSeconds } = spec;
  if (activeDeadlineSeconds === undefined || spec.suspend === true) return undefined;
  const startMs = status?.startTime === undefined ? nowMs : Date.parse(status.startTime);
  return Math.max(0, startMs + activeDeadlineSeconds * 1000 - nowMs);
}

function failure(census: Census, nowMs: number): Verdict | undefined {
  const { job, pods, failedIndexes, succeededIndexes } = census;
  const { spec, status } = job;
  const message = failJobMessage(job, pods);
  if (message !== undefined) return failed('PodFailurePolicy', message);
  if (census.failed > (spec.backoffLimit ?? 6) || restartsExceedLimit(job, pods))
    return failed('BackoffLimitExceeded', 'Job has reached the specified backoff limit');
  if (status?.startTime !== undefined && !isSuspended(job) && deadlineInMs(job, nowMs) === 0)
    return failed('DeadlineExceeded', 'Job was active longer than specified deadline');
  if (failedIndexes === undefined) return undefined;
  const count = countOf(failedIndexes);
  if (spec.maxFailedIndexes !== undefined && count > spec.maxFailedIndexes)
    return failed('MaxFailedIndexesExceeded', 'Job has exceeded the specified maximal number of failed indexes');
  if (count > 0 && count + countOf(succeededIndexes) >= (spec.completions ?? 0))
    return failed('FailedIndexes', 'Job has failed indexes');
  return undefined;
}

function success({ job, succeededIndexes }: Census): Verdict | undefined {
  const message = isIndexed(job) ? metRule(job, succeededIndexes) : undefined;
  return message === undefined ? undefined : { step: 'SuccessCriteriaMet', reason: 'SuccessPolicy', message };
}

function failJobMessage(job: Job, pods: readonly Pod[]): string | undefined {
  if (job.spec.podFailurePolicy === undefined) return undefined;
  for (const pod of pods) {
    // A pod that was let go before it ended says nothing about the job.
    if (!isPodFailed(job, pod) || wasLetGo(pod)) continue;
    const { message } = matchFailure(job, pod);
    if (message !== undefined) return message;
  }
  return undefined;
}

function wasLetGo({ metadata }: Pod): boolean {
  return metadata.deletionTimestamp !== undefined && metadata.finalizers?.includes(jobTrackingFinalizer) !== true;
}

/** Containers that are restarted in place count too, while their pods run. */
function restartsExceedLimit({ spec }: Job, pods: readonly Pod[]): boolean {
  if (spec.template.spec.restartPolicy !== 'OnFailure') return false;
  const { backoffLimit = 6 } = spec;
  let restarts = 0;
  for (const { status } of pods) {
    if (status?.phase !== 'Running' && status?.phase !== 'Pending') continue;
    for (const { restartCount } of status.initContainerStatuses ?? []) restarts += restartCount;
    for (const { restartCount } of status.containerStatuses ?? []) restarts += restartCount;
  }
  return backoffLimit === 0 ? restarts > 0 : restarts >= backoffLimit;
}

function failed(reason: string, message: string): Verdict {
  return { step: 'FailureTarget', reason, message };
}

function verdict(step: Verdict['step'], { reason = '', message = '' }: Condition): Verdict {
  return { step, reason, message };
}
