// What becomes of jobs, under upstream's names: told from the versions that are recorded, so that nobody else counts.
// Counted where the controllers run, because the log is followed by every server.

import { matchFailure } from '../../actors/controllers/job/failure-policy.ts';
import { countOf, parseIndexes } from '../../actors/controllers/job/indexes.ts';
import { isPodTerminal } from '../../actors/pod/pod-conditions.ts';
import { type Job, jobEnd, jobTrackingFinalizer, scheduledTimestampKey } from '../../streams/resources/batch.ts';
import { controllerOf } from '../../streams/resources/meta.ts';
import { resources } from '../../streams/resources/names.ts';
import type { Pod } from '../../streams/resources/pod.ts';
import type { Change } from '../../streams/views/change.ts';
import type { ObjectView } from '../../streams/views/object-view.ts';
import { isForeign } from './job-sync-metrics.ts';
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
  const foreign = metrics.counter({
    name: 'job_controller_jobs_by_external_controller_total',
    help: 'The number of Jobs managed by an external controller',
    labels: ['controller_name'],
  });
  const indexes = metrics.counter({
    name: 'job_controller_job_finished_indexes_total',
    help: 'The number of finished indexes, by how they ended and whether each has a limit of its own.',
    labels: ['status', 'backoffLimit'],
  });
  const skew = metrics
    .histogram({
      name: 'cronjob_controller_job_creation_skew_duration_seconds',
      help: 'Time between when a cronjob is scheduled to be run, and when the corresponding job is created',
      buckets: Array.from({ length: 10 }, (_, power) => 2 ** power),
    })
    .at();
  const unlistenJobs = view.resource(resources.jobs).listen(({ type, current, previous }: Change) => {
    if (type === 'DELETED' || !counts()) return;
    const [job, before] = [current.object as unknown as Job, previous?.object as unknown as Job | undefined];
    if (before === undefined) {
      const lateMs = latenessMs(job);
      if (lateMs !== undefined) skew.observe(lateMs / 1_000);
    }
    const { managedBy = '', completionMode = 'NonIndexed' } = job.spec;
    if (isForeign(job)) {
      if (before === undefined) foreign.at(managedBy).add();
      return;
    }
    for (const [result, more] of finishedIndexes(job, before)) {
      const limit = job.spec.backoffLimitPerIndex === undefined ? 'global' : 'perIndex';
      if (more > 0) indexes.at(result, limit).add(more);
    }
    for (const result of ['succeeded', 'failed'] as const) {
      const more = (job.status?.[result] ?? 0) - (before?.status?.[result] ?? 0);
      // An indexed job that is made smaller counts fewer than before.
      if (more > 0) pods.at(completionMode, result).add(more);
    }
    const end = before !== undefined && jobEnd(before) !== undefined ? undefined : jobEnd(job);
    if (end === undefined) return;
    finished.at(completionMode, end.type === 'Complete' ? 'succeeded' : 'failed', end.reason ?? '').add();
  });
  const unlistenPods = podMetrics(metrics, view, counts);
  return () => {
    unlistenJobs();
    unlistenPods();
  };
}

/** What becomes of the pods of jobs. */
function podMetrics(metrics: Metrics, view: ObjectView, counts: () => boolean): () => void {
  const held = metrics.counter({
    name: 'job_controller_terminated_pods_tracking_finalizer_total',
    help: 'The number of terminated pods (phase=Failed|Succeeded) that have the finalizer batch.kubernetes.io/job-tracking',
    labels: ['event'],
  });
  const handled = metrics.counter({
    name: 'job_controller_pod_failures_handled_by_failure_policy_total',
    help: 'The number of failed Pods handled by failure policy, by the action of the rule that matched.',
    labels: ['action'],
  });
  return view.resource(resources.pods).listen(({ type, current, previous }: Change) => {
    // A pod that goes on has not ended before: the versions before are not looked at, of which there are many.
    if (!counts() || !isPodTerminal(current.object as unknown as Pod)) return;
    const was = previous !== undefined && isHeld(previous.object as unknown as Pod);
    const is = type !== 'DELETED' && isHeld(current.object as unknown as Pod);
    if (was !== is) held.at(is ? 'add' : 'delete').add();
    const action = was && !is ? policyAction(view, previous.object as unknown as Pod) : undefined;
    if (action !== undefined) handled.at(action).add();
  });
}

/** An indexed job counts each of its indexes once. */
function finishedIndexes({ spec, status }: Job, before: Job | undefined): [result: string, more: number][] {
  const { completionMode, completions = 0 } = spec;
  if (completionMode !== 'Indexed') return [];
  const count = (text: string | undefined) => countOf(parseIndexes(text, completions));
  const more = (field: 'completedIndexes' | 'failedIndexes') =>
    status?.[field] === before?.status?.[field] ? 0 : count(status?.[field]) - count(before?.status?.[field]);
  return [
    ['succeeded', more('completedIndexes')],
    ['failed', more('failedIndexes')],
  ];
}

/** What the failure policy of its job says of a pod that failed. */
function policyAction(view: ObjectView, pod: Pod): string | undefined {
  const owner = controllerOf(pod);
  if (pod.status?.phase !== 'Failed' || owner?.kind !== 'Job') return undefined;
  const job = view.get<Job>(resources.jobs, { namespace: pod.metadata.namespace ?? '', name: owner.name });
  return job?.metadata.uid === owner.uid ? matchFailure(job, pod).action : undefined;
}

/** It has ended, and its job has not counted it yet. */
function isHeld(pod: Pod): boolean {
  return isPodTerminal(pod) && pod.metadata.finalizers?.includes(jobTrackingFinalizer) === true;
}

/** How long after its time a cron job's job was made. */
function latenessMs({ metadata: { annotations, creationTimestamp } }: Job): number | undefined {
  const scheduled = annotations?.[scheduledTimestampKey];
  if (scheduled === undefined || creationTimestamp === undefined) return undefined;
  return Date.parse(creationTimestamp) - Date.parse(scheduled);
}
