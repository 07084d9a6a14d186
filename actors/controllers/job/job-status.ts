// What a job reports: its counters, the conditions by which it stops and ends, and when it began.

import { type Job, type JobStatus, jobEnd } from '../../../streams/resources/batch.ts';
import { type Condition, timestamp } from '../../../streams/resources/meta.ts';
import { findCondition } from '../../kit/conditions.ts';
import type { PlannedNote } from '../../kit/controller.ts';
import { type Census, isSuspended } from './job-pods.ts';
import type { PodPlan } from './job-scaling.ts';
import { finalCondition, newCondition, type Tracked } from './tracking.ts';
import { recordedVerdict, type Verdict } from './verdict.ts';

export type Report = { readonly status: JobStatus; readonly notes: readonly PlannedNote[] };

type Input = {
  readonly verdict: Verdict | undefined;
  readonly pods: PodPlan;
  readonly tracked: Tracked;
  readonly nowMs: number;
};

export function jobReport(census: Census, { verdict, pods, tracked, nowMs }: Input): Report {
  const { job } = census;
  const started = startedAt(job, nowMs);
  const turned = suspension(job, { verdict, nowMs });
  const status: JobStatus = {
    ...given('conditions', withVerdict(turned.conditions, { job, verdict, nowMs })),
    ...given('startTime', turned.resumed ? timestamp(nowMs) : started),
    ...(pods.active === 0 ? undefined : { active: pods.active }),
    ready: pods.ready,
    terminating: pods.terminating,
    ...tracked.counts,
  };
  const standing = recordedVerdict(job);
  const isOver = standing !== undefined && tracked.settled && census.active.length === 0 && census.terminating === 0;
  return isOver ? finished(job, status, { verdict: standing, nowMs }) : { status, notes: turned.notes };
}

/** The clock of a job starts when it may run, and starts anew whenever it is resumed. */
function startedAt(job: Job, nowMs: number): string | undefined {
  const { startTime } = job.status ?? {};
  if (isSuspended(job)) return undefined;
  return startTime ?? timestamp(nowMs);
}

function finished(job: Job, status: JobStatus, { verdict, nowMs }: { verdict: Verdict; nowMs: number }): Report {
  const end = finalCondition(verdict, nowMs);
  const complete = end.type === 'Complete';
  // A job that was suspended after its last pod had been sent is over without ever having been resumed.
  const startTime = job.status?.startTime ?? status.startTime ?? timestamp(nowMs);
  const over: JobStatus = {
    ...status,
    conditions: [...(status.conditions ?? []), end],
    ...(isSuspended(job) && job.spec.completions === 0 ? undefined : { startTime }),
    ...(complete ? { completionTime: timestamp(nowMs) } : undefined),
  };
  const notes: PlannedNote[] = [];
  if (!complete) notes.push(jobNote(job, 'Warning', { reason: verdict.reason, message: verdict.message }));
  else {
    const message = 'Too many succeeded pods running after completion count reached';
    if (job.spec.completions !== undefined && (over.succeeded ?? 0) > job.spec.completions)
      notes.push(jobNote(job, 'Warning', { reason: 'TooManySucceededPods', message }));
    notes.push(jobNote(job, 'Normal', { reason: 'Completed', message: 'Job completed' }));
  }
  return { status: over, notes };
}

type Suspension = {
  readonly conditions: readonly Condition[];
  readonly resumed: boolean;
  readonly notes: readonly PlannedNote[];
};

function suspension(job: Job, { verdict, nowMs }: { verdict: Verdict | undefined; nowMs: number }): Suspension {
  const conditions = job.status?.conditions ?? [];
  const before = findCondition(conditions, 'Suspended');
  const unchanged = { conditions, resumed: false, notes: [] };
  if (verdict !== undefined || job.metadata.deletionTimestamp !== undefined || jobEnd(job) !== undefined)
    return unchanged;
  const suspended = isSuspended(job);
  const status = suspended ? 'True' : 'False';
  // Nobody needs to be told that a job is not suspended that never was.
  if (before?.status === status || (before === undefined && !suspended)) return unchanged;
  const [reason, message] = suspended ? ['JobSuspended', 'Job suspended'] : ['JobResumed', 'Job resumed'];
  const condition = newCondition('Suspended', { status, reason, message }, nowMs);
  return {
    conditions: [...conditions.filter((one) => one !== before), condition],
    resumed: !suspended,
    notes: [jobNote(job, 'Normal', { reason: suspended ? 'Suspended' : 'Resumed', message })],
  };
}

function withVerdict(
  conditions: readonly Condition[],
  { job, verdict, nowMs }: { job: Job; verdict: Verdict | undefined; nowMs: number },
): readonly Condition[] | undefined {
  if (verdict === undefined || recordedVerdict(job) !== undefined)
    return conditions.length === 0 ? undefined : conditions;
  const { step, reason, message } = verdict;
  return [...conditions, newCondition(step, { status: 'True', reason, message }, nowMs)];
}

export function jobNote(
  job: Job,
  type: 'Normal' | 'Warning',
  told: { readonly reason: string; readonly message: string },
): PlannedNote {
  return { regarding: job, type, ...told, component: 'job-controller' };
}

function given<K extends keyof JobStatus>(name: K, value: JobStatus[K] | undefined): Partial<Pick<JobStatus, K>> {
  return value === undefined ? {} : ({ [name]: value } as unknown as Pick<JobStatus, K>);
}
