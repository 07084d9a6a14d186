// The TTL-after-finished controller: deletes a job that is over once its `ttlSecondsAfterFinished` have passed, and with
// it all that belongs to it.

import { type Job, jobEnd } from '../../streams/resources/batch.ts';
import { resources } from '../../streams/resources/names.ts';
import { type Controller, nothingToDo, type Plan, type ReconcileInput } from '../kit/controller.ts';
import { keyOfObject, parseKey } from '../kit/object-key.ts';

export function ttlAfterFinishedController(): Controller {
  return {
    name: 'ttl-after-finished-controller',
    user: 'system:serviceaccount:kube-system:ttl-after-finished-controller',
    workers: 5,
    watches: [
      {
        resource: resources.jobs,
        keys: ({ current }) => (isLimited(current.object as unknown as Job) ? [keyOfObject(current.object)] : []),
      },
    ],
    reconcile,
  };
}

function reconcile({ world, key, nowMs }: ReconcileInput): Plan {
  const job = world.get<Job>(resources.jobs, parseKey(key));
  if (job === undefined || !isLimited(job)) return nothingToDo;
  const { namespace = '', name, uid } = job.metadata;
  const finishedMs = Date.parse(jobEnd(job)?.lastTransitionTime ?? '');
  const leftMs = finishedMs + (job.spec.ttlSecondsAfterFinished ?? 0) * 1000 - nowMs;
  if (Number.isNaN(leftMs)) return nothingToDo;
  if (leftMs > 0) return { writes: [], againAfterMs: leftMs };
  return {
    writes: [{ kind: 'delete', resource: resources.jobs, namespace, name, uid, propagationPolicy: 'Foreground' }],
  };
}

function isLimited(job: Job): boolean {
  return (
    job.spec?.ttlSecondsAfterFinished !== undefined &&
    job.metadata.deletionTimestamp === undefined &&
    jobEnd(job) !== undefined
  );
}
