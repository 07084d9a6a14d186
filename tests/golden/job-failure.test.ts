// The job controller as a table: pods that fail, jobs that fail by them, by policy or by time, and who lets pods go then.

import { describe, expect, test } from 'vitest';
import type { Job } from '../../streams/resources/batch.ts';
import type { Pod } from '../../streams/resources/pod.ts';
import { planOf, worldOf } from '../kit/given-world.ts';
import { at20, condition, controller, failed, going, jobPod, running, succeeded, when } from '../kit/job-tables.ts';
import { aJob, jobTemplate } from '../kit/played-jobs.ts';
import { at } from '../kit/workloads.ts';

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
