// The job controller as a table: which pods a job has, and how they are counted. Given this job and these pods, when the
// job is looked at, then these writes. How a job ends badly is in job-failure.test.ts.

import { describe, expect, test } from 'vitest';
import { indexFailureCountKey, type Job, jobTrackingFinalizer } from '../../streams/resources/batch.ts';
import { planOf, worldOf } from '../kit/given-world.ts';
import {
  at20,
  condition,
  controller,
  failed,
  indexed,
  jobPod,
  key,
  running,
  succeeded,
  when,
} from '../kit/job-tables.ts';
import { aJob, jobTemplate } from '../kit/played-jobs.ts';
import { aNamespace, at, atMs, controlledBy } from '../kit/workloads.ts';

describe('pods', () => {
  test('are made up to the parallelism, and the job has begun', () => {
    expect(when([aJob({ completions: 5, parallelism: 2 })])).toEqual([
      'create pods work-?',
      'create pods work-?',
      'update jobs/status work: status none → {"startTime":"2026-01-01T00:00:20Z","active":2,"ready":0,"terminating":0,"uncountedTerminatedPods":{}}',
      'note Normal SuccessfulCreate: Created pod: work-?',
      'note Normal SuccessfulCreate: Created pod: work-?',
    ]);
  });

  test('carry the finalizer by which they are counted', () => {
    expect(planOf(controller, worldOf(aJob()), at20).writes[0]).toMatchObject({
      kind: 'create',
      object: {
        metadata: {
          generateName: 'work-',
          labels: jobTemplate.metadata?.labels,
          finalizers: [jobTrackingFinalizer],
          ownerReferences: [controlledBy(aJob())],
        },
        spec: { restartPolicy: 'Never' },
      },
    });
  });

  test('are no more than there are completions left', () => {
    const job = running({ completions: 3, parallelism: 3 }, { succeeded: 2, active: 1 });
    expect(when([job, jobPod('a', { unready: true })])).toEqual([]);
  });

  test('of a work queue are not replaced after the first success', () => {
    const { completions: _, ...spec } = aJob({ parallelism: 2 }).spec;
    const job: Job = { ...running({}, { succeeded: 1, active: 1 }), spec };
    expect(when([job, jobPod('a', { unready: true })])).toEqual([]);
  });

  test('that are too many lose their finalizer first, and are deleted then', () => {
    const job = running({ completions: 5, parallelism: 1 }, { active: 2 });
    const [a, b] = [jobPod('a', { unready: true }), jobPod('b', { unready: true, node: '' })];
    expect(when([job, a, b])).toEqual([
      'update pods b: metadata.finalizers ["batch.kubernetes.io/job-tracking"] → none',
      'update jobs/status work: status.terminating 0 → 1; status.active 2 → 1',
    ]);
    const reported = running({ completions: 5, parallelism: 1 }, { active: 1, terminating: 1 });
    expect(when([reported, a, jobPod('b', { unready: true, untracked: true })])).toEqual([
      'delete pods b',
      'note Normal SuccessfulDelete: Deleted pod: b',
    ]);
  });

  test('that are refused are tried one by one, and what is not there is not counted', () => {
    const job = running({ completions: 5, parallelism: 3 }, { active: 3 });
    const object = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'x' } };
    const write = { kind: 'create', resource: { group: '', resource: 'pods' }, object } as const;
    const failures = [{ write, reason: 'Forbidden', message: 'exceeded quota' }] as const;
    expect(when([job], { failures })).toEqual([
      'create pods work-?',
      'update jobs/status work: status.active 3 → none',
      'note Normal SuccessfulCreate: Created pod: work-?',
      'note Warning FailedCreate: Error creating: exceeded quota',
    ]);
  });

  test('are not made in a namespace that goes away', () => {
    const namespace = aNamespace('default', { meta: { deletionTimestamp: at(1) } });
    expect(when([namespace, running()])).toEqual([]);
  });

  test('without an owner are taken in', () => {
    const orphan = jobPod('a', { untracked: true, meta: { ownerReferences: [] } });
    expect(when([running(), orphan])).toEqual([
      expect.stringMatching(/^update pods a: .*metadata\.finalizers none → \["batch\.kubernetes\.io\/job-tracking"\]/),
    ]);
  });
});

describe('a pod that has succeeded', () => {
  const job = running({ completions: 2 }, { active: 1 });
  const next = jobPod('b', { unready: true });

  test('is first written down', () => {
    expect(when([job, succeeded('a'), next])).toEqual([
      'update jobs/status work: status.uncountedTerminatedPods.succeeded none → ["uid-of-a"]',
    ]);
  });

  test('then loses its finalizer', () => {
    const noted = running({ completions: 2 }, { active: 1, uncountedTerminatedPods: { succeeded: ['uid-of-a'] } });
    expect(when([noted, succeeded('a'), next])).toEqual([
      'update pods a: metadata.finalizers ["batch.kubernetes.io/job-tracking"] → none',
    ]);
  });

  test.each([
    ['is there still', [succeeded('a', { untracked: true })]],
    ['is gone', []],
  ])('and is counted then, whether it %s', (_, pods) => {
    const noted = running({ completions: 2 }, { active: 1, uncountedTerminatedPods: { succeeded: ['uid-of-a'] } });
    expect(when([noted, ...pods, next])).toEqual([
      'update jobs/status work: status.uncountedTerminatedPods.succeeded ["uid-of-a"] → none; status.succeeded none → 1',
    ]);
  });

  test('goes on to be counted where so many end at once that not all can be written down', () => {
    const pods = Array.from({ length: 501 }, (_, i) => succeeded(`p${i}`));
    const uids = pods.slice(0, 500).map(({ metadata }) => metadata.uid);
    const full = running({ completions: 600 }, { active: 1, uncountedTerminatedPods: { succeeded: uids } });
    const released = when([full, ...pods, next]).filter((line) => line.includes('metadata.finalizers'));
    expect(released.length).toBe(500);
    expect(released.some((line) => line.startsWith('update pods p500:'))).toBe(false);
  });

  test('and was the last decides the job, which ends once all is counted', () => {
    const last = running({}, { active: 1, ready: 0 });
    expect(when([last, succeeded('a')])).toEqual([
      'update jobs/status work: status.uncountedTerminatedPods.succeeded none → ["uid-of-a"]; status.active 1 → none; SuccessCriteriaMet=True(CompletionsReached)',
    ]);
    const conditions = [condition('SuccessCriteriaMet', 'CompletionsReached')];
    const counted = running({}, { conditions, uncountedTerminatedPods: { succeeded: ['uid-of-a'] } });
    expect(when([counted])).toEqual([
      'update jobs/status work: status.uncountedTerminatedPods.succeeded ["uid-of-a"] → none; Complete=True(CompletionsReached); status.succeeded none → 1; status.completionTime none → "2026-01-01T00:00:20Z"',
      'note Normal Completed: Job completed',
    ]);
  });
});

describe('an indexed job', () => {
  test('has one pod for each index', () => {
    const lines = when([
      running(indexed, { active: 1, completedIndexes: '1', succeeded: 1 }),
      jobPod('a', { index: 0, unready: true }),
    ]);
    expect(lines).toEqual([
      'create pods work-2-?',
      'update jobs/status work: status.active 1 → 2',
      'note Normal SuccessfulCreate: Created pod: work-2-?',
    ]);
  });

  test('lets second pods of an index go, and pods of no index', () => {
    const job = running(indexed, { active: 3 });
    const pods = [jobPod('a', { index: 0 }), jobPod('b', { index: 0, unready: true }), jobPod('c', { index: 7 })];
    expect(when([job, ...pods]).slice(0, 2)).toEqual([
      'update pods b: metadata.finalizers ["batch.kubernetes.io/job-tracking"] → none',
      'update pods c: metadata.finalizers ["batch.kubernetes.io/job-tracking"] → none',
    ]);
  });

  test('counts indexes, not pods', () => {
    const job = running({ ...indexed, completions: 5, parallelism: 1 }, { active: 1 });
    const pods = [succeeded('a', { index: 0 }), succeeded('b', { index: 1 }), succeeded('c', { index: 2 })];
    expect(when([job, ...pods, jobPod('d', { index: 3, unready: true })])).toEqual([
      'update jobs/status work: status.succeeded none → 3; status.completedIndexes none → "0-2"',
    ]);
  });

  test('keeps the pod of an index that failed until its successor is there, which knows how often', () => {
    const spec = { ...indexed, completions: 1, parallelism: 1, backoffLimitPerIndex: 3, backoffLimit: 100 };
    const job = running(spec, { failedIndexes: '' });
    const first = failed('a', { index: 0, failures: 1 }, 1, 15);
    expect(when([job, first])).toEqual(['again after 15000 ms']);
    const plan = planOf(controller, worldOf(job, first), { key, nowMs: atMs(35) });
    expect(plan.writes[0]).toMatchObject({ object: { metadata: { annotations: { [indexFailureCountKey]: '2' } } } });
    const followed = [first, jobPod('b', { index: 0, failures: 2, unready: true })];
    expect(when([running(spec, { failedIndexes: '', active: 1 }), ...followed])).toEqual([
      'update jobs/status work: status.uncountedTerminatedPods.failed none → ["uid-of-a"]',
    ]);
  });

  test('fails once an index has and all others are over', () => {
    const spec = { ...indexed, completions: 2, backoffLimitPerIndex: 0, backoffLimit: 100 };
    const job = running(spec, { completedIndexes: '1', succeeded: 1, failedIndexes: '' });
    expect(when([job, failed('a', { index: 0, failures: 0 })])).toEqual([
      'update jobs/status work: status.uncountedTerminatedPods.failed none → ["uid-of-a"]; status.failedIndexes "" → "0"; FailureTarget=True(FailedIndexes)',
    ]);
  });

  test('has succeeded when its policy says so', () => {
    const successPolicy = { rules: [{ succeededIndexes: '0,2', succeededCount: 1 }] };
    const job = running({ ...indexed, successPolicy }, { active: 2 });
    const pods = [succeeded('c', { index: 2 }), jobPod('a', { index: 0 }), jobPod('b', { index: 1 })];
    const line = when([job, ...pods])[0];
    expect(line).toContain('SuccessCriteriaMet=True(SuccessPolicy)');
    // Nothing is let go before that is on record.
    expect(when([job, ...pods]).length).toBe(1);
  });
});

describe('a job that is suspended', () => {
  test('lets its pods go', () => {
    const job = running({ suspend: true }, { active: 1, ready: 1 });
    expect(when([job, jobPod('a')])).toEqual([
      'update pods a: metadata.finalizers ["batch.kubernetes.io/job-tracking"] → none',
      'update jobs/status work: status.startTime "2026-01-01T00:00:00Z" → none; status.ready 1 → 0; status.terminating 0 → 1; status.active 1 → none; Suspended=True(JobSuspended)',
      'note Normal Suspended: Job suspended',
    ]);
  });

  test('begins anew when it is resumed', () => {
    const conditions = [{ type: 'Suspended', status: 'True', reason: 'JobSuspended' } as const];
    const { startTime: _, ...status } = running().status ?? {};
    const job = aJob({ suspend: false, status: { ...status, conditions } });
    expect(when([job]).slice(1)).toEqual([
      'update jobs/status work: Suspended=False(JobResumed); status.startTime none → "2026-01-01T00:00:20Z"; status.active none → 1',
      'note Normal SuccessfulCreate: Created pod: work-?',
      'note Normal Resumed: Job resumed',
    ]);
  });
});
