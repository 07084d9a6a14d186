// What the metrics page tells of jobs, from one recorded version of a job to the next.

import { expect, test } from 'vitest';
import { jobMetrics } from '../../../infra/metrics/job-metrics.ts';
import { Metrics } from '../../../infra/metrics/metrics.ts';
import type { Revision } from '../../../streams/base/brand.ts';
import { subjectOf } from '../../../streams/log/subjects.ts';
import { type Job, scheduledTimestampKey } from '../../../streams/resources/batch.ts';
import { encodeObject } from '../../../streams/resources/encode.ts';
import type { Condition } from '../../../streams/resources/meta.ts';
import { resources } from '../../../streams/resources/names.ts';
import { ObjectView } from '../../../streams/views/object-view.ts';
import { anEvent } from '../../kit/events.ts';
import { aJob } from '../../kit/played-jobs.ts';
import { at } from '../../kit/workloads.ts';

function counted({ here = true } = {}) {
  const view = new ObjectView();
  const metrics = new Metrics();
  jobMetrics(metrics, view, () => here);
  let revision = 0;
  return {
    record(job: Job) {
      const subject = subjectOf({ ...resources.jobs, namespace: 'default', name: job.metadata.name });
      const event = anEvent({ object: encodeObject(job) });
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

test.each([
  ['jobs that others look after', counted(), aJob({ managedBy: 'example.com/queue', status: { succeeded: 1 } })],
  ['where no controllers run', counted({ here: false }), aJob({ status: { succeeded: 1 } })],
])('nothing is counted: %s', (_, page, job) => {
  expect(page.record(job).told('job_controller')).toEqual([]);
});
