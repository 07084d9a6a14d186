// The lifecycles of jobs and cron jobs as tables: given an object, when it is written so, then the log says that.

import { describe, expect, test } from 'vitest';
import { cronJobLifecycle } from '../../actors/controllers/cronjob/cronjob-machine.ts';
import { jobLifecycle } from '../../actors/controllers/job/job-machine.ts';
import { type Lifecycle, transitionOf } from '../../actors/kit/lifecycle.ts';
import type { CronJobStatus, JobSpec, JobStatus } from '../../streams/resources/batch.ts';
import type { KubeObject, ObjectMeta } from '../../streams/resources/meta.ts';
import { aCronJob, aJob } from '../kit/played-jobs.ts';
import { at } from '../kit/workloads.ts';

type Row = readonly [
  what: string,
  before: KubeObject | undefined,
  after: KubeObject | undefined,
  type: string,
  step: string,
];

function table(name: string, lifecycle: Lifecycle, rows: readonly Row[]): void {
  describe(name, () => {
    test.each(rows)('%s', (_, before, after, type, step) => {
      const from = before === undefined ? null : lifecycle.stateOf(before);
      const transition = transitionOf(lifecycle, { before, after, from });
      expect([transition.type, `${transition.from} → ${transition.to}`]).toEqual([type, step]);
      expect(transition.anomaly).toBeUndefined();
    });
  });
}

function withMeta<T extends KubeObject>(object: T, change: Partial<ObjectMeta>): T {
  return { ...object, metadata: { ...object.metadata, ...change } };
}

const job = (status: JobStatus = {}, spec: Partial<JobSpec> = {}) => aJob({ ...spec, status });
const holding = (...types: readonly string[]): JobStatus => ({
  conditions: types.map((type) => ({ type, status: 'True' })),
});
const fresh = job();
const running = job({ active: 2 });
const suspended = job({}, { suspend: true });
const failing = job({ ...holding('FailureTarget'), terminating: 1 });
const succeeding = job(holding('SuccessCriteriaMet'));
const failed = job(holding('FailureTarget', 'Failed'));
const complete = job(holding('SuccessCriteriaMet', 'Complete'));

// biome-ignore format: a table is read by columns
table('a job', jobLifecycle, [
  ['is created', undefined, fresh, 'job.created', 'null → Waiting'],
  ['is created suspended', undefined, suspended, 'job.createdSuspended', 'null → Suspended'],
  ['has its first pods', fresh, running, 'job.started', 'Waiting → Running'],
  ['counts a pod', running, job({ active: 2, succeeded: 1 }), 'job.progressed', 'Running → Running'],
  ['counts a failure and waits', running, job({ failed: 1 }), 'job.idled', 'Running → Waiting'],
  ['sees a pod become ready', running, job({ active: 2, ready: 1 }), 'job.statusUpdated', 'Running → Running'],
  ['is to run more pods', running, job({ active: 2 }, { parallelism: 5 }), 'job.scaled', 'Running → Running'],
  ['gets a deadline', running, job({ active: 2 }, { activeDeadlineSeconds: 9 }), 'job.reconfigured', 'Running → Running'],
  ['is suspended', running, job({ active: 2 }, { suspend: true }), 'job.suspended', 'Running → Suspended'],
  ['has let its pods go', job({ active: 2 }, { suspend: true }), suspended, 'job.statusUpdated', 'Suspended → Suspended'],
  ['is resumed', suspended, fresh, 'job.resumed', 'Suspended → Waiting'],
  ['is resumed before its pods have gone', job({ active: 2 }, { suspend: true }), running, 'job.resumedRunning', 'Suspended → Running'],
  ['has failed too often', running, failing, 'job.failureDecided', 'Running → Failing'],
  ['sees its last pod end', failing, failed, 'job.failed', 'Failing → Failed'],
  ['has succeeded', running, succeeding, 'job.successDecided', 'Running → Succeeding'],
  ['has counted all', succeeding, complete, 'job.completed', 'Succeeding → Complete'],
  ['is ended by whoever manages it', running, complete, 'job.completed', 'Running → Complete'],
  ['is labelled', complete, withMeta(complete, { labels: { a: 'b' } }), 'job.updated', 'Complete → Complete'],
  ['is to be deleted', running, withMeta(running, { deletionTimestamp: at(0) }), 'job.deletionRequested', 'Running → Terminating'],
  ['is deleted', failed, undefined, 'job.deleted', 'Failed → null'],
]);

const ref = (uid: string) => ({ kind: 'Job', name: uid, uid });
const cron = (status: CronJobStatus = {}, spec: Parameters<typeof aCronJob>[0] = {}) => aCronJob({ ...spec, status });
const idle = cron();
const one = cron({ active: [ref('a')] });
const two = cron({ active: [ref('a'), ref('b')] });
const resting = cron({ active: [ref('a')] }, { suspend: true });

// biome-ignore format: a table is read by columns
table('a cron job', cronJobLifecycle, [
  ['is created', undefined, idle, 'cronjob.created', 'null → Scheduled'],
  ['is created suspended', undefined, cron({}, { suspend: true }), 'cronjob.createdSuspended', 'null → Suspended'],
  ['has a job', idle, one, 'cronjob.started', 'Scheduled → Active'],
  ['has another', one, two, 'cronjob.started', 'Active → Active'],
  ['sees one end', two, one, 'cronjob.ended', 'Active → Active'],
  ['sees the last one end', one, idle, 'cronjob.settled', 'Active → Scheduled'],
  ['replaces its job', one, cron({ active: [ref('b')] }), 'cronjob.started', 'Active → Active'],
  ['gets another schedule', idle, cron({}, { schedule: '@daily' }), 'cronjob.rescheduled', 'Scheduled → Scheduled'],
  ['keeps more jobs', idle, cron({}, { successfulJobsHistoryLimit: 9 }), 'cronjob.reconfigured', 'Scheduled → Scheduled'],
  ['is suspended', one, resting, 'cronjob.suspended', 'Active → Suspended'],
  ['sees a job end meanwhile', resting, cron({}, { suspend: true }), 'cronjob.ended', 'Suspended → Suspended'],
  ['is resumed', cron({}, { suspend: true }), idle, 'cronjob.resumed', 'Suspended → Scheduled'],
  ['is resumed while its job runs', resting, one, 'cronjob.resumedActive', 'Suspended → Active'],
  ['reports', idle, cron({ lastScheduleTime: at(0) }), 'cronjob.statusUpdated', 'Scheduled → Scheduled'],
  ['is labelled', idle, withMeta(idle, { labels: { a: 'b' } }), 'cronjob.updated', 'Scheduled → Scheduled'],
  ['is to be deleted', one, withMeta(one, { deletionTimestamp: at(0) }), 'cronjob.deletionRequested', 'Active → Terminating'],
  ['is deleted', idle, undefined, 'cronjob.deleted', 'Scheduled → null'],
]);
