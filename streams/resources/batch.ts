// Job and CronJob as far as the program itself reads them.

import type { Condition, KubeObject, LabelSelector, ObjectMeta } from './meta.ts';
import type { PodTemplate } from './workload.ts';

/** The finalizer that keeps a job's pod until it has been counted. */
export const jobTrackingFinalizer = 'batch.kubernetes.io/job-tracking';
/** Annotation and label of a pod of an indexed job: which index it works on. */
export const completionIndexKey = 'batch.kubernetes.io/job-completion-index';
/** Annotations of a pod of a job with `backoffLimitPerIndex`: how often its index failed before, counted and ignored. */
export const indexFailureCountKey = 'batch.kubernetes.io/job-index-failure-count';
export const indexIgnoredFailureCountKey = 'batch.kubernetes.io/job-index-ignored-failure-count';
/** Annotation of a cron job's job: the time it was scheduled for. */
export const scheduledTimestampKey = 'batch.kubernetes.io/cronjob-scheduled-timestamp';
/** `spec.managedBy` of jobs that are looked after here. */
export const jobControllerName = 'kubernetes.io/job-controller';

export type FailureAction = 'FailJob' | 'FailIndex' | 'Ignore' | 'Count';

export type ExitCodesRequirement = {
  readonly containerName?: string;
  readonly operator: 'In' | 'NotIn';
  readonly values: readonly number[];
};

export type FailureRule = {
  readonly action: FailureAction;
  readonly onExitCodes?: ExitCodesRequirement;
  readonly onPodConditions?: readonly { readonly type: string; readonly status: string }[];
};

export type SuccessRule = { readonly succeededIndexes?: string; readonly succeededCount?: number };

export type JobSpec = {
  readonly parallelism?: number;
  /** Absent: the job is done when any of its pods succeeds and all have ended. */
  readonly completions?: number;
  readonly completionMode?: string;
  readonly activeDeadlineSeconds?: number;
  readonly backoffLimit?: number;
  readonly backoffLimitPerIndex?: number;
  readonly maxFailedIndexes?: number;
  readonly podFailurePolicy?: { readonly rules: readonly FailureRule[] };
  readonly successPolicy?: { readonly rules: readonly SuccessRule[] };
  readonly podReplacementPolicy?: 'TerminatingOrFailed' | 'Failed';
  readonly selector?: LabelSelector;
  readonly manualSelector?: boolean;
  readonly suspend?: boolean;
  readonly ttlSecondsAfterFinished?: number;
  readonly managedBy?: string;
  readonly template: PodTemplate;
};

/** Pods that have ended and whose finalizer may still be on: not counted yet. */
export type UncountedPods = { readonly succeeded?: readonly string[]; readonly failed?: readonly string[] };

export type JobStatus = {
  readonly conditions?: readonly Condition[];
  readonly startTime?: string;
  readonly completionTime?: string;
  readonly active?: number;
  readonly ready?: number;
  readonly terminating?: number;
  readonly succeeded?: number;
  readonly failed?: number;
  readonly completedIndexes?: string;
  readonly failedIndexes?: string;
  readonly uncountedTerminatedPods?: UncountedPods;
};

export type Job = KubeObject & { readonly spec: JobSpec; readonly status?: JobStatus };

export type ObjectReference = {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
};

export type CronJobSpec = {
  readonly schedule: string;
  readonly timeZone?: string;
  readonly startingDeadlineSeconds?: number;
  readonly concurrencyPolicy?: 'Allow' | 'Forbid' | 'Replace';
  readonly suspend?: boolean;
  readonly successfulJobsHistoryLimit?: number;
  readonly failedJobsHistoryLimit?: number;
  readonly jobTemplate: { readonly metadata?: Partial<ObjectMeta>; readonly spec: JobSpec };
};

export type CronJobStatus = {
  readonly active?: readonly ObjectReference[];
  readonly lastScheduleTime?: string;
  readonly lastSuccessfulTime?: string;
};

export type CronJob = KubeObject & { readonly spec: CronJobSpec; readonly status?: CronJobStatus };

/** How the job ended; undefined while it has not. */
export function jobEnd({ status }: Job): Condition | undefined {
  return status?.conditions?.find(
    ({ type, status: is }) => (type === 'Complete' || type === 'Failed') && is === 'True',
  );
}
