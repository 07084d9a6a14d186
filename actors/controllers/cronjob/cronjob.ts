// The cron job controller: makes a job whenever the schedule says so. A job's name is made of its time, which makes the
// time a lock: whatever crashes, and however often it is tried, a time has one job. The lock is gone with the job, so what a
// job tells is recorded before the job goes, and whoever made a job knows its time until that is so.

import { type CronJob, type Job, scheduledTimestampKey } from '../../../streams/resources/batch.ts';
import { isTimeZone } from '../../../streams/resources/cron.ts';
import { controllerOf, type Draft, type KubeObject } from '../../../streams/resources/meta.ts';
import { resources } from '../../../streams/resources/names.ts';
import { rfc3339 } from '../../../streams/resources/time-zone.ts';
import type {
  Controller,
  FailedWrite,
  Key,
  Plan,
  PlannedNote,
  ReconcileInput,
  WatchedChange,
} from '../../kit/controller.ts';
import { keyOfObject, parseKey } from '../../kit/object-key.ts';
import { controllerReference } from '../../kit/owners.ts';
import { sameJson } from '../../kit/same-json.ts';
import type { CreateWrite, UpdateWrite, Write } from '../../kit/write.ts';
import { isTerminating } from '../namespace-phase.ts';
import { deleteJob, jobName, jobsOf, note, seen, surplus } from './cron-history.ts';
import { dueTime, nextInMs, type Timetable, timetableOf } from './due-times.ts';

export function cronJobController(): Controller<Created> {
  return {
    name: 'cronjob-controller',
    user: 'system:serviceaccount:kube-system:cronjob-controller',
    workers: 5,
    watches: [
      { resource: resources.cronJobs, keys: ({ current }) => [keyOfObject(current.object)] },
      { resource: resources.jobs, keys: keysOfJob },
    ],
    reconcile,
  };
}

/** For which time (milliseconds since the Unix epoch) the last job of a cron job was made. */
type Created = { readonly uid: string; readonly timeMs: number };

type Step = Pick<Plan<Created>, 'againAfterMs' | 'remember'> & {
  readonly writes: readonly Write[];
  readonly notes: readonly PlannedNote[];
  /** Jobs that are replaced leave the list at once. */
  readonly replaced?: ReadonlySet<string>;
};

const rest: Step = { writes: [], notes: [] };

function reconcile({ world, key, nowMs, failures, memory }: ReconcileInput<Created>): Plan<Created> {
  const cronJob = world.get<CronJob>(resources.cronJobs, parseKey(key));
  if (cronJob === undefined) return { writes: [], remember: { memory: undefined } };
  const jobs = jobsOf(world, cronJob);
  const { status, notes } = seen(cronJob, jobs, memory?.uid === cronJob.metadata.uid ? memory.timeMs : undefined);
  const current: CronJob = { ...cronJob, status };
  const step = started(current, { world, jobs, nowMs });
  const active = status.active?.filter(({ uid }) => step.replaced?.has(uid ?? '') !== true);
  const { active: _, ...others } = status;
  const reported = active === undefined || active.length === 0 ? others : { ...others, active };
  const report = statusWrites(cronJob, reported);
  const old = report.length > 0 ? [] : surplus(cronJob, jobs).map(deleteJob);
  return {
    writes: [...old, ...step.writes, ...report],
    notes: [
      ...notes,
      ...[...old, ...step.writes].filter(({ kind }) => kind === 'delete').map((write) => deletedNote(cronJob, write)),
      ...step.notes,
      ...failureNotes(cronJob, failures),
    ],
    ...(step.againAfterMs === undefined ? undefined : { againAfterMs: step.againAfterMs }),
    ...(step.remember && { remember: step.remember }),
  };
}

type Surroundings = { readonly world: ReconcileInput['world']; readonly jobs: readonly Job[]; readonly nowMs: number };

/** What the schedule asks for now. */
function started(cronJob: CronJob, { world, jobs, nowMs }: Surroundings): Step {
  const { metadata, spec } = cronJob;
  if (metadata.deletionTimestamp !== undefined) return rest;
  if (spec.timeZone !== undefined && !isTimeZone(spec.timeZone))
    return warned(
      cronJob,
      'UnknownTimeZone',
      `invalid timeZone: "${spec.timeZone}": unknown time zone ${spec.timeZone}`,
    );
  if (spec.suspend === true) return rest;
  const odd = spec.schedule.includes('TZ') ? [unsupported(cronJob)] : [];
  const timetable = timetableOf(spec);
  if (timetable.kind === 'malformed') {
    const message = `unparseable schedule: ${JSON.stringify(spec.schedule)} : ${timetable.message}`;
    return warned(cronJob, 'UnparseableSchedule', message);
  }
  const due = dueTime(cronJob, timetable, nowMs);
  if (due.kind === 'invalid')
    return warned(cronJob, 'InvalidSchedule', `invalid schedule: ${spec.schedule} : ${due.message}`);
  if (due.kind === 'nothing') return later(cronJob, timetable, { nowMs, notes: odd });
  const notes = due.many ? [...odd, tooMany(cronJob)] : odd;
  const { timeMs } = due;
  const { startingDeadlineSeconds } = spec;
  if (startingDeadlineSeconds !== undefined && timeMs + startingDeadlineSeconds * 1000 < nowMs) {
    const missed = note(cronJob, 'Warning', {
      reason: 'MissSchedule',
      message: `Missed scheduled time to start a job: ${rfc1123(timeMs)}`,
    });
    return later(cronJob, timetable, { nowMs, notes: [...notes, missed] });
  }
  const name = jobName(cronJob, timeMs);
  const isUsed = Date.parse(cronJob.status?.lastScheduleTime ?? '') === timeMs;
  if (isUsed || world.stored(resources.jobs, { namespace: metadata.namespace ?? '', name }) !== undefined)
    return later(cronJob, timetable, { nowMs, notes });
  if (isTerminating(world, metadata.namespace ?? '')) return { ...rest, notes };
  return begun(cronJob, { timetable, timeMs, jobs, nowMs, notes });
}

type Beginning = {
  readonly timetable: Timetable;
  readonly timeMs: number;
  readonly jobs: readonly Job[];
  readonly nowMs: number;
  readonly notes: readonly PlannedNote[];
};

function begun(cronJob: CronJob, { timetable, timeMs, jobs, nowMs, notes }: Beginning): Step {
  const { concurrencyPolicy } = cronJob.spec;
  const active = cronJob.status?.active ?? [];
  if (concurrencyPolicy === 'Forbid' && active.length > 0) {
    const message = 'Not starting job because prior execution is running and concurrency policy is Forbid';
    const told = note(cronJob, 'Normal', { reason: 'JobAlreadyActive', message });
    return later(cronJob, timetable, { nowMs, notes: [...notes, told] });
  }
  const listed = new Set(active.map(({ uid }) => uid ?? ''));
  const replaced = concurrencyPolicy === 'Replace' ? jobs.filter(({ metadata: { uid } }) => listed.has(uid)) : [];
  const create: CreateWrite = { kind: 'create', resource: resources.jobs, object: newJob(cronJob, timeMs) };
  const message = `Created job ${create.object.metadata.name}`;
  const told = note(cronJob, 'Normal', { reason: 'SuccessfulCreate', message, after: create });
  return {
    ...later(cronJob, timetable, { nowMs, notes: [...notes, told] }),
    writes: [...replaced.map(deleteJob), create],
    remember: { memory: { uid: cronJob.metadata.uid, timeMs }, after: create },
    replaced: new Set(replaced.map(({ metadata }) => metadata.uid)),
  };
}

function newJob(cronJob: CronJob, timeMs: number): Draft<KubeObject> & Pick<Job, 'spec'> {
  const { metadata, spec } = cronJob;
  const { labels, annotations } = spec.jobTemplate.metadata ?? {};
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name: jobName(cronJob, timeMs),
      namespace: metadata.namespace ?? '',
      ...(labels === undefined ? undefined : { labels }),
      annotations: { ...annotations, [scheduledTimestampKey]: rfc3339(timeMs, spec.timeZone ?? 'UTC') },
      ownerReferences: [controllerReference(cronJob)],
    },
    spec: spec.jobTemplate.spec,
  };
}

function later(
  cronJob: CronJob,
  timetable: Timetable,
  { nowMs, notes }: { nowMs: number; notes: readonly PlannedNote[] },
): Step {
  const ms = nextInMs(cronJob, timetable, nowMs);
  return { writes: [], notes, ...(ms === undefined ? undefined : { againAfterMs: ms }) };
}

function statusWrites(cronJob: CronJob, status: CronJob['status']): UpdateWrite[] {
  if (sameJson(status, cronJob.status ?? {})) return [];
  const object: CronJob = { ...cronJob, ...(status === undefined ? undefined : { status }) };
  return [{ kind: 'update', resource: resources.cronJobs, subresource: 'status', object }];
}

function deletedNote(cronJob: CronJob, write: Write): PlannedNote {
  const name = write.kind === 'delete' ? write.name : '';
  return note(cronJob, 'Normal', { reason: 'SuccessfulDelete', message: `Deleted job ${name}`, after: write });
}

function failureNotes(cronJob: CronJob, failures: readonly FailedWrite[]): PlannedNote[] {
  return failures.flatMap(({ write, reason, message }) => {
    if (write.kind === 'create' && reason !== 'AlreadyExists')
      return [note(cronJob, 'Warning', { reason: 'FailedCreate', message: `Error creating job: ${message}` })];
    if (write.kind === 'delete' && reason !== 'NotFound' && reason !== 'Conflict')
      return [note(cronJob, 'Warning', { reason: 'FailedDelete', message: `Deleted job: ${message}` })];
    return [];
  });
}

function warned(cronJob: CronJob, reason: string, message: string): Step {
  return { ...rest, notes: [note(cronJob, 'Warning', { reason, message })] };
}

function unsupported(cronJob: CronJob): PlannedNote {
  const where = 'https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/';
  const schedule = JSON.stringify(cronJob.spec.schedule);
  const message = `CRON_TZ or TZ used in schedule ${schedule} is not officially supported, see ${where} for more details`;
  return note(cronJob, 'Warning', { reason: 'UnsupportedSchedule', message });
}

function tooMany(cronJob: CronJob): PlannedNote {
  const message = 'too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew';
  return note(cronJob, 'Warning', { reason: 'TooManyMissedTimes', message });
}

/** `Mon, 02 Jan 2006 15:04:05 +0000` */
function rfc1123(ms: number): string {
  return new Date(ms).toUTCString().replace('GMT', '+0000');
}

function keysOfJob({ current, previous }: WatchedChange): readonly Key[] {
  const keys = new Set<Key>();
  for (const object of [current.object, previous?.object]) {
    const owner = object === undefined ? undefined : controllerOf(object);
    if (owner?.kind === 'CronJob') keys.add(`${object?.metadata.namespace}/${owner.name}`);
  }
  return [...keys];
}
