// How many pods a job has, and which: never more than its parallelism, never more than there are completions left, one
// for each index. A pod that is let go loses its finalizer first, so that it is not counted as a failure, and is deleted
// then; a job that has failed deletes its pods at once and counts them.

import { jobTrackingFinalizer } from '../../../streams/resources/batch.ts';
import { resources } from '../../../streams/resources/names.ts';
import type { Pod } from '../../../streams/resources/pod.ts';
import type { ReconcileInput } from '../../kit/controller.ts';
import type { CreateWrite, DeleteWrite, UpdateWrite } from '../../kit/write.ts';
import { isPodReady, isPodTerminating } from '../../pod/pod-conditions.ts';
import { isTerminating } from '../namespace-phase.ts';
import { deletePod, podFailures } from '../workload/pod-writes.ts';
import { finishedMs, remainingMs } from './back-off.ts';
import { firstOutside, hasIndex, indexesOf, noIndexes, union } from './indexes.ts';
import {
  awaitingReplacement,
  type Census,
  completionIndex,
  hasLimitPerIndex,
  indexFailures,
  isIndexed,
  isSuspended,
  isTracked,
  replacesFailedOnly,
} from './job-pods.ts';
import { newPodOfIndex, newPods } from './new-pods.ts';
import { podsToRemove } from './removal-order.ts';

/** Pods made or taken away at one go. */
const burstMax = 500;

export type PodPlan = {
  readonly writes: readonly (CreateWrite | DeleteWrite | UpdateWrite)[];
  /** Counts once the writes are done. */
  readonly active: number;
  readonly ready: number;
  readonly terminating: number;
  /** When a pod may be made that has to wait. */
  readonly againAfterMs?: number;
};

export type Surroundings = Pick<ReconcileInput, 'world' | 'random' | 'failures' | 'nowMs'>;

export function unchangedPods({ active, ready, terminating }: Census): PodPlan {
  return { writes: [], active: active.length, ready, terminating };
}

/** All active pods of a job that has failed go. */
export function podsDeleted(census: Census): PodPlan {
  return { ...without(census, census.active), writes: census.active.map(deletePod) };
}

/** All active pods of a job that has succeeded go, and count as nothing. */
export function podsLetGo(census: Census): PodPlan {
  return { ...without(census, census.active), writes: census.active.map(letGo) };
}

/** As many pods as the job is to have now. */
export function podsScaled(census: Census, surroundings: Surroundings): PodPlan {
  const { job, active } = census;
  if (isSuspended(job)) return podsLetGo(census);
  const wanted = wantedActive(census);
  const going = podsToRemove(census, Math.max(0, active.length - wanted)).slice(0, burstMax);
  if (going.length > 0) return { ...without(census, going), writes: going.map(letGo) };
  const awaited = replacesFailedOnly(job) ? census.terminating : 0;
  const missing = wanted - active.length - awaited;
  if (missing <= 0 || isTerminating(surroundings.world, job.metadata.namespace ?? '')) return unchangedPods(census);
  const { writes, againAfterMs } = created(census, missing, surroundings);
  const { failures } = surroundings;
  // What was refused last time is not counted before it is there.
  const made = podFailures(failures, 'create').length > 0 ? 0 : writes.length;
  return {
    ...unchangedPods(census),
    writes,
    active: active.length + made,
    ...(againAfterMs === undefined ? undefined : { againAfterMs }),
  };
}

function wantedActive({ job, active, succeeded }: Census): number {
  const { parallelism = 1, completions } = job.spec;
  // Whoever takes work from a queue knows when it is empty: after the first success nobody new is sent.
  if (completions === undefined) return succeeded > 0 ? active.length : parallelism;
  return Math.max(0, Math.min(parallelism, completions - succeeded));
}

type Created = { readonly writes: readonly CreateWrite[]; readonly againAfterMs?: number };

function created(census: Census, missing: number, { world, random, failures, nowMs }: Surroundings): Created {
  const { job } = census;
  const waitMs = hasLimitPerIndex(job) ? 0 : remainingMs(census.failuresInARow, nowMs);
  if (waitMs > 0) return { writes: [], againAfterMs: waitMs };
  // After a refusal one pod tries the ground, lest hundreds be refused for the same reason.
  const count = podFailures(failures, 'create').length > 0 ? 1 : Math.min(missing, burstMax);
  if (!isIndexed(job)) return { writes: newPods(job, count, { world, random }) };
  const replaced = replaceable(census);
  const writes: CreateWrite[] = [];
  let soonestMs: number | undefined;
  for (const index of pendingIndexes(census, count)) {
    const before = replaced.get(index);
    const ms = before === undefined ? 0 : remainingMs(failuresOf(before), nowMs);
    if (ms > 0) soonestMs = Math.min(soonestMs ?? ms, ms);
    else writes.push(newPodOfIndex(job, index, { world, random, replaced: before }));
  }
  return { writes, ...(soonestMs === undefined ? undefined : { againAfterMs: soonestMs }) };
}

/** The pods that failed last, by index, as long as they wait for their successors. */
export function replaceable(census: Census): ReadonlyMap<number, Pod> {
  const { succeededIndexes, failedIndexes = noIndexes } = census;
  return awaitingReplacement(census, (index) => hasIndex(succeededIndexes, index) || hasIndex(failedIndexes, index));
}

function failuresOf(pod: Pod): { count: number; lastMs: number } {
  const { counted, ignored } = indexFailures(pod);
  return { count: counted + ignored + 1, lastMs: finishedMs(pod) };
}

function pendingIndexes(census: Census, count: number): readonly number[] {
  const { job, pods, active, succeededIndexes, failedIndexes = noIndexes } = census;
  const held = replacesFailedOnly(job) ? [...active, ...pods.filter(isPodTerminating)] : active;
  const busy = indexesOf(held.map(completionIndex).filter((index) => index >= 0));
  return firstOutside(union(union(succeededIndexes, failedIndexes), busy), count, job.spec.completions ?? 0);
}

function without({ active, ready, terminating }: Census, going: readonly Pod[]): Omit<PodPlan, 'writes'> {
  return {
    active: active.length - going.length,
    ready: ready - going.filter(isPodReady).length,
    terminating: terminating + going.length,
  };
}

function letGo(pod: Pod): DeleteWrite | UpdateWrite {
  return isTracked(pod) ? untracked(pod) : deletePod(pod);
}

/** The pod without its finalizer: it has been counted, or will not be. */
export function untracked(pod: Pod): UpdateWrite {
  const { finalizers = [], ...metadata } = pod.metadata;
  const kept = finalizers.filter((name) => name !== jobTrackingFinalizer);
  const object: Pod = { ...pod, metadata: kept.length === 0 ? metadata : { ...metadata, finalizers: kept } };
  return { kind: 'update', resource: resources.pods, object };
}
