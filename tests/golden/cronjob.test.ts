// The cron job and the TTL controller as tables: given these objects, at this time, then these writes.

import { describe, expect, test } from 'vitest';
import { cronJobController } from '../../actors/controllers/cronjob/cronjob.ts';
import { ttlAfterFinishedController } from '../../actors/controllers/ttl-after-finished.ts';
import { type CronJob, type Job, type JobStatus, scheduledTimestampKey } from '../../streams/resources/batch.ts';
import type { KubeObject } from '../../streams/resources/meta.ts';
import { planOf, reconciled, type When, worldOf } from '../kit/given-world.ts';
import { aCronJob, aJob } from '../kit/played-jobs.ts';
import { at, atMs, controlledBy, type Meta, startMs } from '../kit/workloads.ts';

const controller = cronJobController();
const minute = 60;
/** Minutes since the Unix epoch when the tests begin. */
const epoch = startMs / 60_000;

function when(objects: readonly KubeObject[], seconds: number, change: Partial<When> = {}): string[] {
  return reconciled(controller, worldOf(...objects), { key: 'default/tick', nowMs: atMs(seconds), ...change });
}

/** A job made for this minute. */
function jobOf(minutes: number, status: JobStatus = {}, meta: Meta = {}): Job {
  return aJob({
    status,
    meta: {
      name: `tick-${epoch + minutes}`,
      uid: `uid-of-${minutes}`,
      ownerReferences: [controlledBy(aCronJob())],
      annotations: { [scheduledTimestampKey]: at(minutes * minute) },
      ...meta,
    },
  });
}

const ref = (minutes: number) => ({
  kind: 'Job',
  namespace: 'default',
  name: `tick-${epoch + minutes}`,
  uid: `uid-of-${minutes}`,
  apiVersion: 'batch/v1',
});
const over = (type: 'Complete' | 'Failed', seconds: number): JobStatus => ({
  startTime: at(seconds - 10),
  conditions: [{ type, status: 'True', lastTransitionTime: at(seconds) }],
  ...(type === 'Complete' ? { completionTime: at(seconds) } : undefined),
});
const used = (minutes: number, ...active: number[]): CronJob['status'] => ({
  lastScheduleTime: at(minutes * minute),
  ...(active.length === 0 ? undefined : { active: active.map(ref) }),
});

describe('a cron job', () => {
  test('waits for its time', () => {
    expect(when([aCronJob()], 100)).toEqual(['again after 200100 ms']);
  });

  test('makes a job when it has come', () => {
    expect(when([aCronJob()], 300.1)).toEqual([
      `create jobs tick-${epoch + 5}`,
      `note Normal SuccessfulCreate: Created job tick-${epoch + 5}`,
      'again after 300000 ms',
    ]);
  });

  test('tells the job when it was due, in its zone', () => {
    const jobTemplate = { ...aCronJob().spec.jobTemplate, metadata: { labels: { a: 'b' }, annotations: { c: 'd' } } };
    const cronJob = aCronJob({ timeZone: 'Asia/Kolkata', schedule: '35 5 * * *', jobTemplate });
    expect(planOf(controller, worldOf(cronJob), { key: 'default/tick', nowMs: atMs(301) }).writes[0]).toMatchObject({
      object: {
        metadata: {
          labels: { a: 'b' },
          annotations: { c: 'd', [scheduledTimestampKey]: '2026-01-01T05:35:00+05:30' },
          ownerReferences: [controlledBy(cronJob)],
        },
        spec: jobTemplate.spec,
      },
    });
  });

  test('lists the job it made', () => {
    expect(when([aCronJob(), jobOf(5)], 300.2)).toEqual([
      `update cronjobs/status tick: status none → ${JSON.stringify({ lastScheduleTime: at(300), active: [{ ...ref(5), resourceVersion: '2' }] })}`,
      'again after 299900 ms',
    ]);
  });

  test('uses the newest of the times it has missed', () => {
    expect(when([aCronJob({ status: used(0) })], 31 * minute)[0]).toBe(`create jobs tick-${epoch + 30}`);
    expect(when([aCronJob({ schedule: '* * * * *', status: used(0) })], 101 * minute + 30)).toEqual([
      `create jobs tick-${epoch + 101}`,
      'note Warning TooManyMissedTimes: too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew',
      `note Normal SuccessfulCreate: Created job tick-${epoch + 101}`,
      'again after 30100 ms',
    ]);
  });

  test('is too late after its deadline', () => {
    const cronJob = aCronJob({ startingDeadlineSeconds: 20, status: used(0) });
    expect(when([cronJob], 310)[0]).toBe(`create jobs tick-${epoch + 5}`);
    expect(when([cronJob], 321)).toEqual(['again after 279100 ms']);
  });

  test('knows jobs that are over, and when one last succeeded', () => {
    const cronJob = aCronJob({ status: used(10, 5, 10) });
    expect(when([cronJob, jobOf(5, over('Failed', 400)), jobOf(10, over('Complete', 640))], 650)).toEqual([
      `update cronjobs/status tick: status.active ${JSON.stringify([ref(5), ref(10)])} → none; status.lastSuccessfulTime none → "2026-01-01T00:10:40Z"`,
      `note Normal SawCompletedJob: Saw completed job: tick-${epoch + 5}, condition: Failed`,
      `note Normal SawCompletedJob: Saw completed job: tick-${epoch + 10}, condition: Complete`,
      'again after 250100 ms',
    ]);
  });

  test('misses a job that is gone', () => {
    expect(when([aCronJob({ status: used(5, 5) })], 400).slice(1)).toEqual([
      `note Normal MissingJob: Active job went missing: tick-${epoch + 5}`,
      'again after 200100 ms',
    ]);
  });

  test('wonders about a job of its own that it did not make', () => {
    const byHand = jobOf(5, {}, { name: 'by-hand', annotations: { 'cronjob.kubernetes.io/instantiate': 'manual' } });
    expect(when([aCronJob({ status: used(5) }), byHand], 400)).toEqual([
      'note Warning UnexpectedJob: Saw a job that the controller did not create or forgot: by-hand',
      'again after 200100 ms',
    ]);
  });

  test('keeps as many jobs that are over as it is told', () => {
    const cronJob = aCronJob({
      successfulJobsHistoryLimit: 1,
      failedJobsHistoryLimit: 0,
      status: { ...used(20), lastSuccessfulTime: at(1000) },
    });
    const jobs = [
      jobOf(5, over('Complete', 400)),
      jobOf(10, over('Complete', 700)),
      jobOf(15, over('Complete', 1000)),
      jobOf(20, over('Failed', 1210)),
    ];
    expect(when([cronJob, ...jobs], 1220)).toEqual([
      `delete jobs tick-${epoch + 5} Background`,
      `delete jobs tick-${epoch + 10} Background`,
      `delete jobs tick-${epoch + 20} Background`,
      `note Normal SuccessfulDelete: Deleted job tick-${epoch + 5}`,
      `note Normal SuccessfulDelete: Deleted job tick-${epoch + 10}`,
      `note Normal SuccessfulDelete: Deleted job tick-${epoch + 20}`,
      'again after 280100 ms',
    ]);
  });
});

describe('a job that is gone before anything was recorded of it', () => {
  test('does not go by this controller: what it tells is recorded first', () => {
    const cronJob = aCronJob({ successfulJobsHistoryLimit: 0 });
    expect(when([cronJob, jobOf(5, over('Complete', 310))], 320)).toEqual([
      `update cronjobs/status tick: status none → ${JSON.stringify({ lastScheduleTime: at(300), lastSuccessfulTime: at(310) })}`,
      'again after 280100 ms',
    ]);
  });

  test('is not made a second time by whoever made it', () => {
    const cronJob = aCronJob({ successfulJobsHistoryLimit: 0 });
    const { remember, writes } = planOf(controller, worldOf(cronJob), { key: 'default/tick', nowMs: atMs(301) });
    expect(remember).toEqual({ memory: { uid: cronJob.metadata.uid, timeMs: atMs(300) }, after: writes[0] });
    expect(when([cronJob], 302, { memory: remember?.memory })).toEqual([
      `update cronjobs/status tick: status none → ${JSON.stringify({ lastScheduleTime: at(300) })}`,
      'again after 298100 ms',
    ]);
    // Another cron job of that name has not made it.
    expect(when([cronJob], 302, { memory: { uid: 'another', timeMs: atMs(300) } })[0]).toContain('create');
  });
});

describe('while a job runs', () => {
  const running = jobOf(5);

  test('Allow makes another', () => {
    expect(when([aCronJob({ status: used(5, 5) }), running], 600)[0]).toBe(`create jobs tick-${epoch + 10}`);
  });

  test('Forbid waits', () => {
    expect(when([aCronJob({ concurrencyPolicy: 'Forbid', status: used(5, 5) }), running], 600)).toEqual([
      'note Normal JobAlreadyActive: Not starting job because prior execution is running and concurrency policy is Forbid',
      'again after 300100 ms',
    ]);
  });

  test('Forbid waits also for a job that a crash has left unlisted', () => {
    const cronJob = aCronJob({ concurrencyPolicy: 'Forbid', status: used(0) });
    expect(when([cronJob, running], 600).join()).not.toContain('create');
  });

  test('Replace takes it away', () => {
    expect(when([aCronJob({ concurrencyPolicy: 'Replace', status: used(5, 5) }), running], 600)).toEqual([
      `delete jobs tick-${epoch + 5} Background`,
      `create jobs tick-${epoch + 10}`,
      `update cronjobs/status tick: status.active ${JSON.stringify([ref(5)])} → none`,
      `note Normal SuccessfulDelete: Deleted job tick-${epoch + 5}`,
      `note Normal SuccessfulCreate: Created job tick-${epoch + 10}`,
      'again after 300100 ms',
    ]);
  });
});

test.each<[string, CronJob, string[]]>([
  ['is suspended', aCronJob({ suspend: true }), []],
  ['is going away', aCronJob({ meta: { deletionTimestamp: at(1) } }), []],
  [
    'has a zone nobody knows',
    aCronJob({ timeZone: 'Nowhere/Land' }),
    ['note Warning UnknownTimeZone: invalid timeZone: "Nowhere/Land": unknown time zone Nowhere/Land'],
  ],
  [
    'cannot be read',
    aCronJob({ schedule: '61 * * * *' }),
    ['note Warning UnparseableSchedule: unparseable schedule: "61 * * * *" : end of range (61) above maximum (59): 61'],
  ],
  [
    'never comes',
    aCronJob({ schedule: '0 0 31 2 *' }),
    [
      'note Warning InvalidSchedule: invalid schedule: 0 0 31 2 * : time difference between two schedules is less than 1 second',
    ],
  ],
])('a schedule that %s makes no jobs', (_, cronJob, lines) => {
  expect(when([cronJob], 600)).toEqual(lines);
});

test('a zone within the schedule is told of', () => {
  expect(when([aCronJob({ schedule: 'TZ=Asia/Tokyo 0 12 * * *' })], 60)[0]).toBe(
    'note Warning UnsupportedSchedule: CRON_TZ or TZ used in schedule "TZ=Asia/Tokyo 0 12 * * *" is not officially supported, see https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details',
  );
});

test('what went wrong is told', () => {
  const write = { kind: 'create', resource: { group: 'batch', resource: 'jobs' }, object: jobOf(5) } as const;
  const failures = [{ write, reason: 'Forbidden', message: 'exceeded quota' }] as const;
  expect(when([aCronJob()], 300, { failures })).toContain(
    'note Warning FailedCreate: Error creating job: exceeded quota',
  );
});

describe('a job with a time to live', () => {
  const ttl = (status: JobStatus, meta: Meta = {}) => {
    const world = worldOf(aJob({ ttlSecondsAfterFinished: 60, status, meta }));
    return reconciled(ttlAfterFinishedController(), world, { key: 'default/work', nowMs: atMs(150) });
  };

  test.each<[string, JobStatus, Meta, string[]]>([
    ['runs', {}, {}, []],
    ['has not been over for long enough', over('Failed', 100), {}, ['again after 10000 ms']],
    ['has', over('Complete', 90), {}, ['delete jobs work Foreground']],
    ['goes already', over('Complete', 90), { deletionTimestamp: at(120) }, []],
  ])('that %s', (_, status, meta, lines) => {
    expect(ttl(status, meta)).toEqual(lines);
  });
});
