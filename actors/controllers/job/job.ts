// The job controller: runs pods until enough of them have succeeded, or too many have failed. Every pod carries a
// finalizer until it is counted, so that none is forgotten and none is counted twice (tracking.ts tells how).

import { type Job, jobControllerName, jobEnd, jobTrackingFinalizer } from '../../../streams/resources/batch.ts';
import { controllerOf, type KubeObject } from '../../../streams/resources/meta.ts';
import { resources } from '../../../streams/resources/names.ts';
import type { Pod } from '../../../streams/resources/pod.ts';
import type { ObjectReader } from '../../../streams/views/object-reader.ts';
import {
  type Controller,
  type Key,
  nothingToDo,
  type Plan,
  type PlannedNote,
  type ReconcileInput,
  type WatchedChange,
} from '../../kit/controller.ts';
import { keyOfObject, parseKey } from '../../kit/object-key.ts';
import { restMs } from '../../kit/rest.ts';
import { sameJson } from '../../kit/same-json.ts';
import type { UpdateWrite, Write } from '../../kit/write.ts';
import { claimed } from '../workload/claims.ts';
import { ownerKeys } from '../workload/owner-keys.ts';
import { podNotes } from '../workload/pod-writes.ts';
import { censusOf, isTracked } from './job-pods.ts';
import {
  type PodPlan,
  podsDeleted,
  podsLetGo,
  podsScaled,
  replaceable,
  unchangedPods,
  untracked,
} from './job-scaling.ts';
import { jobNote, jobReport } from './job-status.ts';
import { concernsItsJob } from './pod-changes.ts';
import { tracked } from './tracking.ts';
import { completionsReached, deadlineInMs, recordedVerdict, type Verdict, verdictOf } from './verdict.ts';

/** Keys that name a pod nobody counts any more: no namespace has a colon in its name. */
const orphanPrefix = 'orphan:';
const owners = {
  kind: 'Job',
  resource: resources.jobs,
  selectorOf: (owner: KubeObject) => (owner as Job).spec?.selector,
};

export function jobController(): Controller {
  return {
    name: 'job-controller',
    user: 'system:serviceaccount:kube-system:job-controller',
    workers: 5,
    watches: [
      { resource: resources.jobs, keys: keysOfJob },
      { resource: resources.pods, keys: keysOfPod },
    ],
    reconcile: (input) => (input.key.startsWith(orphanPrefix) ? freeOrphan(input) : reconcile(input)),
  };
}

function reconcile(input: ReconcileInput): Plan {
  const { world, key, nowMs, failures } = input;
  const job = world.get<Job>(resources.jobs, parseKey(key));
  if (job === undefined || (job.spec.managedBy ?? jobControllerName) !== jobControllerName) return nothingToDo;
  if (jobEnd(job) !== undefined) return { writes: leftovers(world, job) };
  if (!['NonIndexed', 'Indexed', undefined].includes(job.spec.completionMode)) {
    const message = 'Skipped Job sync because completion mode is unknown';
    return { writes: [], notes: [jobNote(job, 'Warning', { reason: 'UnknownCompletionMode', message })] };
  }
  const { owned, claims } = claimed<Pod>(world, job, {
    resource: resources.pods,
    selector: job.spec.selector ?? {},
    finalizer: jobTrackingFinalizer,
  });
  if (claims.length > 0) return { writes: claims };
  const census = censusOf(job, owned);
  const { verdict, pods } = decided(census, input);
  const counted = tracked(census, { verdict, awaiting: replaceable(census) });
  const { status, notes } = jobReport(census, { verdict, pods, tracked: counted, nowMs });
  const report = statusWrites(job, status);
  const againAfterMs = soonest(pods.againAfterMs, verdict === undefined ? deadlineInMs(job, nowMs) : undefined);
  const podWrites = pods.writes.filter((write) => write.kind !== 'update');
  return {
    writes: [...pods.writes, ...report, ...beside(pods.writes, counted.accounted)],
    notes: [
      ...podNotes(job, 'job-controller', { writes: podWrites, failures }),
      ...report.flatMap((after) => notes.map((note): PlannedNote => ({ ...note, after }))),
    ],
    pauseMs: restMs(owned.length),
    ...(againAfterMs === undefined ? undefined : { againAfterMs }),
  };
}

type Decision = { readonly verdict: Verdict | undefined; readonly pods: PodPlan };

function decided(census: ReturnType<typeof censusOf>, input: ReconcileInput): Decision {
  const { job } = census;
  const verdict = verdictOf(census, input.nowMs);
  if (verdict?.step === 'FailureTarget') return { verdict, pods: podsDeleted(census) };
  if (verdict !== undefined) {
    // Pods are let go once the success is on record: before, a crash would leave them running and uncounted.
    const pods = podsLetGo(census);
    return { verdict, pods: recordedVerdict(job) === undefined ? { ...pods, writes: [] } : pods };
  }
  const going = job.metadata.deletionTimestamp !== undefined;
  const pods = going ? unchangedPods(census) : podsScaled(census, input);
  const { completions } = job.spec;
  const enough = completions === undefined ? census.succeeded > 0 : census.succeeded >= completions;
  return { verdict: enough && pods.active === 0 ? completionsReached : undefined, pods };
}

function statusWrites(job: Job, status: Job['status']): UpdateWrite[] {
  if (status === undefined || sameJson(status, job.status)) return [];
  const object: Job = { ...job, status };
  return [{ kind: 'update', resource: resources.jobs, subresource: 'status', object }];
}

/** Finalizers that may go, but for pods that something else is planned about. */
function beside(writes: readonly Write[], accounted: readonly Pod[]): UpdateWrite[] {
  const planned = new Set(writes.map((write) => nameOf(write)));
  return accounted.filter(({ metadata }) => !planned.has(metadata.name)).map(untracked);
}

function nameOf(write: Write): string | undefined {
  return write.kind === 'create' || write.kind === 'update' ? write.object.metadata.name : write.name;
}

/** A job that is over holds none of its pods, whatever happened. */
function leftovers(world: ObjectReader, { metadata: { uid } }: Job): UpdateWrite[] {
  return world
    .ownedBy<Pod>(resources.pods, uid)
    .filter((pod) => isTracked(pod) && controllerOf(pod)?.uid === uid)
    .map(untracked);
}

/** A pod whose job is gone is held by nobody. */
function freeOrphan({ world, key }: ReconcileInput): Plan {
  const pod = world.get<Pod>(resources.pods, parseKey(key.slice(orphanPrefix.length)));
  return pod !== undefined && isOrphan(world, pod) ? { writes: [untracked(pod)] } : nothingToDo;
}

function isOrphan(world: ObjectReader, pod: Pod): boolean {
  if (!isTracked(pod)) return false;
  const owner = controllerOf(pod);
  if (owner === undefined) return true;
  if (owner.kind !== 'Job' || owner.apiVersion !== 'batch/v1') return false;
  const { namespace = '' } = pod.metadata;
  return world.get(resources.jobs, { namespace, name: owner.name })?.metadata.uid !== owner.uid;
}

function keysOfJob({ type, current }: WatchedChange, world: ObjectReader): readonly Key[] {
  const { object } = current;
  const key = keyOfObject(object);
  if (type !== 'DELETED') return [key];
  const held = world.ownedBy<Pod>(resources.pods, object.metadata.uid).filter(isTracked);
  return [key, ...held.map((pod) => `${orphanPrefix}${keyOfObject(pod)}`)];
}

function keysOfPod(change: WatchedChange, world: ObjectReader): readonly Key[] {
  const { type, current, previous } = change;
  const pod = current.object as unknown as Pod;
  if (type === 'MODIFIED' && previous !== undefined && !concernsItsJob(previous.object as unknown as Pod, pod))
    return [];
  const keys = ownerKeys(owners, change, world);
  return type !== 'DELETED' && isOrphan(world, pod) ? [...keys, `${orphanPrefix}${keyOfObject(pod)}`] : keys;
}

function soonest(...times: readonly (number | undefined)[]): number | undefined {
  const known = times.filter((ms) => ms !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}
