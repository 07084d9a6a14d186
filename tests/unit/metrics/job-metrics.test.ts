// What the metrics page tells of jobs, from one recorded version of a job to the next.

import { expect, test } from 'vitest';
import { jobMetrics } from '../../../infra/metrics/job-metrics.ts';
import { jobSyncMetrics } from '../../../infra/metrics/job-sync-metrics.ts';
import { Metrics } from '../../../infra/metrics/metrics.ts';
import type { Revision } from '../../../streams/base/brand.ts';
import { VirtualClock } from '../../../streams/base/virtual-clock.ts';
import { subjectOf } from '../../../streams/log/subjects.ts';
import { type Job, jobTrackingFinalizer, scheduledTimestampKey } from '../../../streams/resources/batch.ts';
import { encodeObject } from '../../../streams/resources/encode.ts';
import type { Condition } from '../../../streams/resources/meta.ts';
import { resources } from '../../../streams/resources/names.ts';
import type { Pod } from '../../../streams/resources/pod.ts';
import { ObjectView } from '../../../streams/views/object-view.ts';
import { anEvent } from '../../kit/events.ts';
import { aJob } from '../../kit/played-jobs.ts';
import { aPod, at } from '../../kit/workloads.ts';

function counted({ here = true } = {}) {
  const view = new ObjectView();
  const metrics = new Metrics();
  jobMetrics(metrics, view, () => here);
  let revision = 0;
  return {
    metrics,
    view,
    record(object: Job | Pod) {
      const resource = object.kind === 'Pod' ? resources.pods : resources.jobs;
      const subject = subjectOf({ ...resource, namespace: 'default', name: object.metadata.name });
      const event = anEvent({ object: encodeObject(object) });
      view.apply({ ...event, stream: 'LOG', subject, revision: ++revision as Revision });
      return this;
    },
    told: (what: string) =>
      metrics
        .render()
        .split('\n')
        .filter((line) => line.startsWith(what)),
  };
}

const ended = (type: 'Complete' | 'Failed', reason: string): readonly Condition[] => [{ type, status: 'True', reason }];

test('a job that ends is counted once, by mode, result and reason', () => {
  const page = counted()
    .record(aJob())
    .record(aJob({ status: { conditions: ended('Complete', 'CompletionsReached') } }))
    .record(aJob({ status: { conditions: ended('Complete', 'CompletionsReached'), ready: 0 } }))
    .record(aJob({ meta: { name: 'other' }, completionMode: 'Indexed' }))
    .record(
      aJob({
        meta: { name: 'other' },
        completionMode: 'Indexed',
        status: { conditions: ended('Failed', 'BackoffLimitExceeded') },
      }),
    );
  expect(page.told('job_controller_jobs_finished_total')).toEqual([
    'job_controller_jobs_finished_total{completion_mode="NonIndexed",result="succeeded",reason="CompletionsReached"} 1',
    'job_controller_jobs_finished_total{completion_mode="Indexed",result="failed",reason="BackoffLimitExceeded"} 1',
  ]);
});

test('pods count when their job has counted them', () => {
  const page = counted()
    .record(aJob())
    .record(aJob({ status: { succeeded: 2, failed: 1 } }))
    .record(aJob({ status: { succeeded: 1, failed: 3 } }));
  expect(page.told('job_controller_job_pods_finished_total')).toEqual([
    'job_controller_job_pods_finished_total{completion_mode="NonIndexed",result="succeeded"} 2',
    'job_controller_job_pods_finished_total{completion_mode="NonIndexed",result="failed"} 3',
  ]);
});

test("a cron job's job tells how late it was made", () => {
  const annotations = { [scheduledTimestampKey]: at(0) };
  const page = counted().record(aJob({ meta: { annotations, creationTimestamp: at(3) } }));
  expect(page.told('cronjob_controller_job_creation_skew_duration_seconds').slice(1, 3)).toEqual([
    'cronjob_controller_job_creation_skew_duration_seconds_bucket{le="2"} 0',
    'cronjob_controller_job_creation_skew_duration_seconds_bucket{le="4"} 1',
  ]);
});

test.each([['where no controllers run', counted({ here: false }), aJob({ status: { succeeded: 1 } })]])(
  'nothing is counted: %s',
  (_, page, job) => {
    expect(page.record(job).told('job_controller')).toEqual([]);
  },
);

test('jobs that others look after are counted by who does, and for nothing else', () => {
  const job = aJob({ managedBy: 'example.com/queue', status: { succeeded: 1 } });
  const page = counted()
    .record(job)
    .record({ ...job, status: { succeeded: 2 } });
  expect(page.told('job_controller')).toEqual([
    'job_controller_jobs_by_external_controller_total{controller_name="example.com/queue"} 1',
  ]);
});

test('indexes that have ended count once, by whether each has a limit', () => {
  const indexed = { completionMode: 'Indexed', completions: 10 } as const;
  const each = { ...indexed, meta: { name: 'each' }, backoffLimitPerIndex: 1 };
  const page = counted()
    .record(aJob(indexed))
    .record(aJob({ ...indexed, status: { completedIndexes: '0-2' } }))
    .record(aJob({ ...indexed, status: { completedIndexes: '0-3' } }))
    .record(aJob(each))
    .record(aJob({ ...each, status: { completedIndexes: '5', failedIndexes: '1,7' } }));
  expect(page.told('job_controller_job_finished_indexes_total').sort()).toEqual([
    'job_controller_job_finished_indexes_total{status="failed",backoffLimit="perIndex"} 2',
    'job_controller_job_finished_indexes_total{status="succeeded",backoffLimit="global"} 4',
    'job_controller_job_finished_indexes_total{status="succeeded",backoffLimit="perIndex"} 1',
  ]);
});

test('pods that have ended count as long as their job holds them', () => {
  const held = { finalizers: [jobTrackingFinalizer] };
  const page = counted()
    .record(aPod('a', { meta: held }))
    .record(aPod('a', { meta: held, phase: 'Succeeded' }))
    .record(aPod('b', { meta: held, phase: 'Failed' }))
    .record(aPod('a', { phase: 'Succeeded' }));
  expect(page.told('job_controller_terminated_pods_tracking_finalizer_total')).toEqual([
    'job_controller_terminated_pods_tracking_finalizer_total{event="add"} 2',
    'job_controller_terminated_pods_tracking_finalizer_total{event="delete"} 1',
  ]);
});

test('pods that failed count by what the failure policy says of them, once they are let go', () => {
  const conditions = [{ type: 'DisruptionTarget', status: 'True' }] as const;
  const job = aJob({
    podFailurePolicy: {
      rules: [{ action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] }],
    },
  });
  const held = { owner: job, phase: 'Failed', meta: { finalizers: [jobTrackingFinalizer] } } as const;
  const freed = { owner: job, phase: 'Failed' } as const;
  const page = counted()
    .record(job)
    .record(aPod('a', { ...held, conditions }))
    .record(aPod('a', { ...freed, conditions }))
    .record(aPod('b', held))
    .record(aPod('b', freed))
    .record(aPod('c', { ...held, conditions }));
  expect(page.told('job_controller_pod_failures_handled_by_failure_policy_total')).toEqual([
    'job_controller_pod_failures_handled_by_failure_policy_total{action="Ignore"} 1',
  ]);
});

test('looks at a job count by what came of them', () => {
  const clock = new VirtualClock();
  const page = counted();
  const observe = jobSyncMetrics(page.metrics, { view: page.view, clock });
  const key = 'default/work';
  expect(observe(key)).toBeUndefined();
  page.record(aJob());
  const create = { kind: 'create', resource: resources.pods, object: aPod('p') } as const;
  const gone = { kind: 'delete', resource: resources.pods, namespace: 'default', name: 'p' } as const;
  const refused = { write: create, reason: 'Forbidden', message: 'no' } as const;
  observe(key)?.({ writes: [create, create] }, [refused]);
  observe(key)?.({ writes: [create] }, []);
  observe(key)?.({ writes: [gone] }, []);
  observe(key)?.({ writes: [] }, []);
  observe(key)?.(undefined, []);
  page.record(aJob({ status: { failed: 1 } }));
  observe(key)?.({ writes: [create] }, []);
  page.record(aJob({ podReplacementPolicy: 'Failed', status: { failed: 1 } }));
  observe(key)?.({ writes: [create] }, []);
  const syncs = (action: string, result: string, count: number) =>
    `job_controller_job_syncs_total{completion_mode="NonIndexed",result="${result}",action="${action}"} ${count}`;
  expect(page.told('job_controller_job_syncs_total')).toEqual([
    syncs('pods_created', 'error', 1),
    syncs('pods_created', 'success', 3),
    syncs('pods_deleted', 'success', 1),
    syncs('tracking', 'success', 1),
    syncs('reconciling', 'error', 1),
  ]);
  expect(page.told('job_controller_job_pods_creation_total')).toEqual([
    'job_controller_job_pods_creation_total{reason="new",status="succeeded"} 2',
    'job_controller_job_pods_creation_total{reason="new",status="failed"} 1',
    'job_controller_job_pods_creation_total{reason="recreate_terminating_or_failed",status="succeeded"} 1',
    'job_controller_job_pods_creation_total{reason="recreate_failed",status="succeeded"} 1',
  ]);
  expect(page.told('job_controller_job_sync_duration_seconds_count')).toHaveLength(5);
  page.record(aJob({ status: { conditions: ended('Complete', 'CompletionsReached') } }));
  expect(observe(key)).toBeUndefined();
});
