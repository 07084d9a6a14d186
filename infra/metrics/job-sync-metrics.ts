// How often jobs are looked at, how long that takes and what comes of it, under upstream's names.

import type { Plan } from '../../actors/kit/controller.ts';
import { parseKey } from '../../actors/kit/object-key.ts';
import type { Clock } from '../../streams/base/clock.ts';
import { type Job, jobControllerName, jobEnd } from '../../streams/resources/batch.ts';
import { resources } from '../../streams/resources/names.ts';
import type { ObjectView } from '../../streams/views/object-view.ts';
import type { ReconcileObserver } from '../host/controller-host.ts';
import type { Metrics } from './metrics.ts';

/** Upper bounds in seconds: from 4 ms on, each twice the one before. */
const buckets = Array.from({ length: 15 }, (_, power) => 0.004 * 2 ** power);

/** What watches the job controller at work. */
export function jobSyncMetrics(
  metrics: Metrics,
  { view, clock }: { view: ObjectView; clock: Clock },
): ReconcileObserver {
  const labels = ['completion_mode', 'result', 'action'];
  const syncs = metrics.counter({ name: 'job_controller_job_syncs_total', help: 'The number of job syncs', labels });
  const seconds = metrics.histogram({
    name: 'job_controller_job_sync_duration_seconds',
    help: 'The time it took to sync a job',
    labels,
    buckets,
  });
  const created = metrics.counter({
    name: 'job_controller_job_pods_creation_total',
    help: 'The number of Pods created by the Job controller, by the reason for their creation and by what came of it.',
    labels: ['reason', 'status'],
  });
  const jobOf = (key: string) => view.get<Job>(resources.jobs, parseKey(key));
  return (key) => {
    const job = jobOf(key);
    // Those that are over, or somebody else's, are not looked at further.
    if (job === undefined || jobEnd(job) !== undefined || isForeign(job)) return undefined;
    const startMs = clock.monotonic();
    return (plan, failures) => {
      const { completionMode = 'NonIndexed' } = job.spec;
      const series = [completionMode, plan === undefined || failures.length > 0 ? 'error' : 'success', actionOf(plan)];
      syncs.at(...series).add();
      seconds.at(...series).observe((clock.monotonic() - startMs) / 1_000);
      const creations = plan?.writes.filter(({ kind }) => kind === 'create').length ?? 0;
      const refused = failures.filter(({ write }) => write.kind === 'create').length;
      const reason = reasonFor(jobOf(key) ?? job);
      if (creations > refused) created.at(reason, 'succeeded').add(creations - refused);
      if (refused > 0) created.at(reason, 'failed').add(refused);
    };
  };
}

export function isForeign({ spec: { managedBy = jobControllerName } }: Job): boolean {
  return managedBy !== jobControllerName;
}

/** A look that has failed altogether has not come as far as doing anything. */
function actionOf(plan: Plan | undefined): string {
  if (plan === undefined) return 'reconciling';
  if (plan.writes.some(({ kind }) => kind === 'create')) return 'pods_created';
  return plan.writes.some(({ kind }) => kind === 'delete') ? 'pods_deleted' : 'tracking';
}

function reasonFor({ spec, status: { failed = 0, terminating = 0 } = {} }: Job): string {
  if (spec.podReplacementPolicy === 'Failed' && failed > 0) return 'recreate_failed';
  return failed > 0 || terminating > 0 ? 'recreate_terminating_or_failed' : 'new';
}
