// What becomes of jobs, under upstream's names: told from the versions that are recorded, so that nobody else counts.
// Counted where the controllers run, because the log is followed by every server.

import { type Job, jobControllerName, jobEnd, scheduledTimestampKey } from '../../streams/resources/batch.ts';
import { resources } from '../../streams/resources/names.ts';
import type { Change } from '../../streams/views/change.ts';
import type { ObjectView } from '../../streams/views/object-view.ts';
import type { Metrics } from './metrics.ts';

/** `counts`: whether this server is to count. Returns what ends the counting. */
export function jobMetrics(metrics: Metrics, view: ObjectView, counts: () => boolean): () => void {
  const finished = metrics.counter({
    name: 'job_controller_jobs_finished_total',
    help: 'The number of finished jobs',
    labels: ['completion_mode', 'result', 'reason'],
  });
  const pods = metrics.counter({
    name: 'job_controller_job_pods_finished_total',
    help: 'The number of finished Pods that are fully tracked',
    labels: ['completion_mode', 'result'],
  });
  const skew = metrics
    .histogram({
      name: 'cronjob_controller_job_creation_skew_duration_seconds',
      help: 'Time between when a cronjob is scheduled to be run, and when the corresponding job is created',
      buckets: Array.from({ length: 10 }, (_, power) => 2 ** power),
    })
    .at();
  return view.resource(resources.jobs).listen(({ type, current, previous }: Change) => {
    if (type === 'DELETED' || !counts()) return;
    const [job, before] = [current.object as unknown as Job, previous?.object as unknown as Job | undefined];
    if (before === undefined) {
      const lateMs = latenessMs(job);
      if (lateMs !== undefined) skew.observe(lateMs / 1_000);
    }
    const { managedBy = jobControllerName, completionMode = 'NonIndexed' } = job.spec;
    if (managedBy !== jobControllerName) return;
    for (const result of ['succeeded', 'failed'] as const) {
      const more = (job.status?.[result] ?? 0) - (before?.status?.[result] ?? 0);
      // An indexed job that is made smaller counts fewer than before.
      if (more > 0) pods.at(completionMode, result).add(more);
    }
    const end = before !== undefined && jobEnd(before) !== undefined ? undefined : jobEnd(job);
    if (end === undefined) return;
    finished.at(completionMode, end.type === 'Complete' ? 'succeeded' : 'failed', end.reason ?? '').add();
  });
}

/** How long after its time a cron job's job was made. */
function latenessMs({ metadata: { annotations, creationTimestamp } }: Job): number | undefined {
  const scheduled = annotations?.[scheduledTimestampKey];
  if (scheduled === undefined || creationTimestamp === undefined) return undefined;
  return Date.parse(creationTimestamp) - Date.parse(scheduled);
}
