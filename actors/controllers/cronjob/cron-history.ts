// A cron job's jobs: which of them run, what their ends are told as, and which of those that are over are kept.

import {
  type CronJob,
  type CronJobStatus,
  type Job,
  jobEnd,
  scheduledTimestampKey,
} from '../../../streams/resources/batch.ts';
import { controllerOf, timestamp } from '../../../streams/resources/meta.ts';
import { resources } from '../../../streams/resources/names.ts';
import type { ObjectReader } from '../../../streams/views/object-reader.ts';
import type { PlannedNote } from '../../kit/controller.ts';
import type { DeleteWrite } from '../../kit/write.ts';

export const component = 'cronjob-controller';

export function note(
  cronJob: CronJob,
  type: 'Normal' | 'Warning',
  told: { readonly reason: string; readonly message: string; readonly after?: PlannedNote['after'] },
): PlannedNote {
  const { after, ...rest } = told;
  return { regarding: cronJob, type, ...rest, component, ...(after === undefined ? undefined : { after }) };
}

export function jobsOf(world: ObjectReader, { metadata: { uid } }: CronJob): readonly Job[] {
  return world.ownedBy<Job>(resources.jobs, uid).filter((job) => controllerOf(job)?.uid === uid);
}

export type Seen = { readonly status: CronJobStatus; readonly notes: readonly PlannedNote[] };

/**
 * The status after a look at the jobs: those that are over or gone leave the list, those that were made for a time join.
 * `createdMs`: the newest time a job is known to have been made for, though it may be gone by now.
 */
export function seen(cronJob: CronJob, jobs: readonly Job[], createdMs: number | undefined): Seen {
  const { active = [], ...status } = cronJob.status ?? {};
  let { lastSuccessfulTime, lastScheduleTime } = status;
  if (createdMs !== undefined) lastScheduleTime = later(lastScheduleTime, timestamp(createdMs));
  const notes: PlannedNote[] = [];
  const tell = (type: 'Normal' | 'Warning', reason: string, message: string) =>
    notes.push(note(cronJob, type, { reason, message }));
  const byUid = new Map(jobs.map((job) => [job.metadata.uid, job]));
  const running = active.filter(({ uid, name }) => {
    const job = byUid.get(uid ?? '');
    if (job === undefined) tell('Normal', 'MissingJob', `Active job went missing: ${name}`);
    const end = job === undefined ? undefined : jobEnd(job);
    if (end !== undefined) tell('Normal', 'SawCompletedJob', `Saw completed job: ${name}, condition: ${end.type}`);
    return job !== undefined && end === undefined;
  });
  const listed = new Set(active.map(({ uid }) => uid));
  for (const job of jobs) {
    const { metadata } = job;
    const end = jobEnd(job);
    const scheduled = scheduledTime(cronJob, job);
    if (scheduled !== undefined) lastScheduleTime = later(lastScheduleTime, scheduled);
    if (end?.type === 'Complete') lastSuccessfulTime = later(lastSuccessfulTime, job.status?.completionTime);
    if (end !== undefined || listed.has(metadata.uid) || metadata.deletionTimestamp !== undefined) continue;
    if (scheduled !== undefined) running.push(referenceTo(job));
    else tell('Warning', 'UnexpectedJob', `Saw a job that the controller did not create or forgot: ${metadata.name}`);
  }
  return {
    status: {
      ...(running.length === 0 ? undefined : { active: running }),
      ...(lastScheduleTime === undefined ? undefined : { lastScheduleTime }),
      ...(lastSuccessfulTime === undefined ? undefined : { lastSuccessfulTime }),
    },
    notes,
  };
}

/** Jobs that are over and more than are to be kept, the oldest first. */
export function surplus({ spec }: CronJob, jobs: readonly Job[]): readonly Job[] {
  const { successfulJobsHistoryLimit, failedJobsHistoryLimit } = spec;
  const beyond = (type: 'Complete' | 'Failed', limit: number | undefined) => {
    if (limit === undefined) return [];
    const over = jobs.filter((job) => jobEnd(job)?.type === type && job.metadata.deletionTimestamp === undefined);
    return over.sort(byStart).slice(0, Math.max(0, over.length - limit));
  };
  return [...beyond('Complete', successfulJobsHistoryLimit), ...beyond('Failed', failedJobsHistoryLimit)];
}

export function deleteJob({ metadata: { namespace = '', name, uid } }: Job): DeleteWrite {
  return { kind: 'delete', resource: resources.jobs, namespace, name, uid, propagationPolicy: 'Background' };
}

/** Each time has its name, so that no time makes two jobs. */
export function jobName({ metadata }: CronJob, timeMs: number): string {
  return `${metadata.name}-${Math.floor(timeMs / 60_000)}`;
}

/** The time a job was made for; undefined for jobs that others made, such as `kubectl create job --from`. */
function scheduledTime(cronJob: CronJob, { metadata }: Job): string | undefined {
  const ms = Date.parse(metadata.annotations?.[scheduledTimestampKey] ?? '');
  if (Number.isNaN(ms) || metadata.name !== jobName(cronJob, ms)) return undefined;
  return timestamp(ms);
}

function referenceTo({ metadata }: Job): NonNullable<CronJobStatus['active']>[number] {
  const { namespace = '', name, uid, resourceVersion } = metadata;
  const version = resourceVersion === undefined ? undefined : { resourceVersion };
  return { kind: 'Job', namespace, name, uid, apiVersion: 'batch/v1', ...version };
}

function later(a: string | undefined, b: string | undefined): string | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return Date.parse(b) > Date.parse(a) ? b : a;
}

/** Jobs that never started are the youngest. */
function byStart(a: Job, b: Job): number {
  const [one, other] = [a, b].map(({ status }) => Date.parse(status?.startTime ?? '9999-12-31T00:00:00Z'));
  return (one ?? 0) - (other ?? 0) || (a.metadata.name < b.metadata.name ? -1 : 1);
}
