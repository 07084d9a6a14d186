// The job controller as a table: given this job and these pods, when the job is looked at, then these writes.

import { describe, expect, test } from 'vitest';
import { jobController } from '../../actors/controllers/job/job.ts';
import {
  completionIndexKey,
  indexFailureCountKey,
  type Job,
  type JobSpec,
  type JobStatus,
  jobTrackingFinalizer,
} from '../../streams/resources/batch.ts';
import type { Condition, KubeObject } from '../../streams/resources/meta.ts';
import type { Pod } from '../../streams/resources/pod.ts';
import { planOf, reconciled, type When, worldOf } from '../kit/given-world.ts';
import { aJob, ended, jobTemplate } from '../kit/played-jobs.ts';
import { aNamespace, aPod, at, atMs, controlledBy, type PodTraits } from '../kit/workloads.ts';

const controller = jobController();
const key = 'default/work';
const at20 = { key, nowMs: atMs(20) };

function when(objects: readonly KubeObject[], change: Partial<When> = {}): string[] {
  return reconciled(controller, worldOf(...objects), { ...at20, ...change }).map((line) =>
    line.replace(/(work(?:-\d+)?-)[a-z0-9]{5}\b/g, '$1?'),
  );
}

/** A job that has begun to run and has reported so. */
function running(spec: Partial<JobSpec> = {}, status: JobStatus = {}): Job {
  const begun = { startTime: at(0), ready: 0, terminating: 0, uncountedTerminatedPods: {} };
  return aJob({ ...spec, status: { ...begun, ...status } });
}

type Traits = PodTraits & { readonly index?: number; readonly failures?: number; readonly untracked?: boolean };

function jobPod(name: string, { index, failures, untracked, meta = {}, ...traits }: Traits = {}): Pod {
  const annotations = {
    ...(index === undefined ? undefined : { [completionIndexKey]: `${index}` }),
    ...(failures === undefined ? undefined : { [indexFailureCountKey]: `${failures}` }),
  };
  return aPod(name, {
    ...traits,
    meta: {
      labels: jobTemplate.metadata?.labels ?? {},
      ownerReferences: [controlledBy(aJob())],
      annotations,
      ...(untracked === true ? undefined : { finalizers: [jobTrackingFinalizer] }),
      ...meta,
    },
  });
}

const succeeded = (name: string, traits: Traits = {}, seconds = 10) => ended(jobPod(name, traits), 0, at(seconds));
const failed = (name: string, traits: Traits = {}, exitCode = 1, seconds = 10) =>
  ended(jobPod(name, traits), exitCode, at(seconds));
const going = (name: string, traits: Traits = {}) =>
  jobPod(name, { ...traits, meta: { deletionTimestamp: at(15), deletionGracePeriodSeconds: 0 } });
const condition = (type: string, reason: string, message = ''): Condition => ({
  type,
  status: 'True',
  reason,
  message,
});
const indexed = { completionMode: 'Indexed', completions: 3, parallelism: 3 } as const;

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

describe('a pod that has failed', () => {
  test('is replaced 10 s after its end, and twice as long after each further one', () => {
    const job = running({}, { failed: 1 });
    expect(when([job, failed('a', { untracked: true }, 1, 15)])).toEqual(['again after 5000 ms']);
    expect(when([job, failed('a', { untracked: true }, 1, 10)])[0]).toBe('create pods work-?');
    const twice = [failed('a', { untracked: true }, 1, 2), failed('b', { untracked: true }, 1, 15)];
    expect(when([running({}, { failed: 2 }), ...twice])).toEqual(['again after 15000 ms']);
  });

  test('before another succeeded makes nobody wait', () => {
    const job = running({ completions: 2 }, { failed: 1, succeeded: 1 });
    const pods = [failed('a', { untracked: true }, 1, 10), succeeded('b', { untracked: true }, 12)];
    expect(when([job, ...pods])[0]).toBe('create pods work-?');
  });

  test('once too often fails the job: its other pods go, and count as failed', () => {
    const job = running({ completions: 2, parallelism: 2, backoffLimit: 0 }, { active: 2 });
    expect(when([job, failed('a'), jobPod('b')])).toEqual([
      'delete pods b',
      'update jobs/status work: status.terminating 0 → 1; status.uncountedTerminatedPods.failed none → ["uid-of-a","uid-of-b"]; status.active 2 → none; FailureTarget=True(BackoffLimitExceeded)',
      'note Normal SuccessfulDelete: Deleted pod: b',
    ]);
  });

  test('ends the job only when the last pod has ended', () => {
    const conditions = [condition('FailureTarget', 'BackoffLimitExceeded', 'too often')];
    const job = running({ backoffLimit: 0 }, { conditions, failed: 2, terminating: 1 });
    expect(when([job, going('b', { untracked: true })])).toEqual([]);
    expect(when([job])).toEqual([
      'update jobs/status work: status.terminating 1 → 0; Failed=True(BackoffLimitExceeded)',
      'note Warning BackoffLimitExceeded: too often',
    ]);
  });

  test('in place too often fails the job too', () => {
    const spec = { ...jobTemplate.spec, restartPolicy: 'OnFailure' } as const;
    const job = running({ backoffLimit: 2, template: { ...jobTemplate, spec } }, { active: 1 });
    expect(when([job, jobPod('a', { restarts: 2, unready: true })])[1]).toContain(
      'FailureTarget=True(BackoffLimitExceeded)',
    );
  });
});

describe('a failure policy', () => {
  const rule = (action: 'FailJob' | 'Ignore' | 'Count', values = [42]) => ({
    podFailurePolicy: { rules: [{ action, onExitCodes: { operator: 'In' as const, values } }] },
  });

  test('fails the job', () => {
    const job = running({ ...rule('FailJob') }, { active: 1 });
    const write = planOf(controller, worldOf(job, failed('a', {}, 42)), at20).writes[0];
    expect(write?.kind === 'update' && (write.object as Job).status?.conditions?.[0]).toMatchObject({
      type: 'FailureTarget',
      reason: 'PodFailurePolicy',
      message: 'Container c for pod default/a failed with exit code 42 matching FailJob rule at index 0',
    });
  });

  test('ignores a failure: the pod is not counted', () => {
    const job = running({ ...rule('Ignore'), backoffLimit: 0 });
    expect(when([job, failed('a', {}, 42, 5)])).toEqual([
      'create pods work-?',
      'update jobs/status work: status.active none → 1',
      'update pods a: metadata.finalizers ["batch.kubernetes.io/job-tracking"] → none',
      'note Normal SuccessfulCreate: Created pod: work-?',
    ]);
  });

  test('looks at conditions', () => {
    const onPodConditions = [{ type: 'DisruptionTarget', status: 'True' }];
    const job = running({ podFailurePolicy: { rules: [{ action: 'Ignore', onPodConditions }] }, backoffLimit: 0 });
    const pod = failed('a', {}, 137, 5);
    const disrupted: Pod = { ...pod, status: { ...pod.status, conditions: [condition('DisruptionTarget', 'x')] } };
    expect(when([job, disrupted]).join()).not.toContain('FailureTarget');
    expect(when([job, pod]).join()).toContain('FailureTarget');
  });

  test('waits for pods that are going away', () => {
    const job = running({ ...rule('FailJob') }, { terminating: 1 });
    expect(when([job, going('a', { unready: true })])).toEqual([]);
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

describe('a job with a deadline', () => {
  test('is looked at when it has come', () => {
    const job = running({ activeDeadlineSeconds: 30 }, { active: 1 });
    expect(when([job, jobPod('a', { unready: true })])).toEqual(['again after 10000 ms']);
  });

  test('has failed then', () => {
    const job = running({ activeDeadlineSeconds: 20 }, { active: 1 });
    expect(when([job, jobPod('a', { unready: true })])[1]).toContain('FailureTarget=True(DeadlineExceeded)');
  });
});

describe('nobody holds a pod', () => {
  test('of a job that is over', () => {
    const job = running({}, { conditions: [condition('Complete', 'CompletionsReached')] });
    expect(when([job, going('a')])).toEqual([
      'update pods a: metadata.finalizers ["batch.kubernetes.io/job-tracking"] → none',
    ]);
  });

  test('whose job is gone', () => {
    const line = 'update pods a: metadata.finalizers ["batch.kubernetes.io/job-tracking"] → none';
    expect(when([jobPod('a')], { key: 'orphan:default/a' })).toEqual([line]);
    expect(when([running(), jobPod('a')], { key: 'orphan:default/a' })).toEqual([]);
  });

  test('of a job that is going away', () => {
    const job: Job = { ...running({}, { active: 1 }), metadata: { ...aJob().metadata, deletionTimestamp: at(5) } };
    expect(when([job, jobPod('a', { unready: true })])).toEqual([
      'update pods a: metadata.finalizers ["batch.kubernetes.io/job-tracking"] → none',
    ]);
  });
});

test.each([
  ['is looked after by somebody else', aJob({ managedBy: 'example.com/queue' }), []],
  [
    'has a mode nobody knows',
    aJob({ completionMode: 'Other' }),
    ['note Warning UnknownCompletionMode: Skipped Job sync because completion mode is unknown'],
  ],
])('a job that %s is left alone', (_, job, lines) => {
  expect(when([job])).toEqual(lines);
});
