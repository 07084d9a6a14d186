// How large each of a deployment's replica sets is to be next. The two bounds of a rolling update are kept against the
// pods there really are, not only against what the replica sets were asked for: at no moment are there more than
// replicas + maxSurge pods, nor does a step take away more than leaves replicas − maxUnavailable available.

import type { ReplicaSet } from '../../streams/resources/workload.ts';
import type { RolloutBounds } from './deployment-bounds.ts';
import { annotatedNumber, annotations } from './deployment-revisions.ts';

export type PodCounts = {
  /** Pods that are neither over nor going away. */
  readonly active: number;
  /** Those of them that are ready. */
  readonly ready: number;
  /** Those of them that have been so for long enough. */
  readonly available: number;
};

export type Rollout = {
  readonly bounds: RolloutBounds;
  readonly newest: ReplicaSet | undefined;
  /** Oldest first. */
  readonly old: readonly ReplicaSet[];
  count(set: ReplicaSet): PodCounts;
};

/** Replica set → its next size. Only those that change are named. */
export type Sizes = ReadonlyMap<ReplicaSet, number>;

const unchanged: Sizes = new Map();

export function sizeOf({ spec }: ReplicaSet): number {
  return spec.replicas ?? 1;
}

export function totalSize(sets: readonly ReplicaSet[]): number {
  return sets.reduce((sum, set) => sum + sizeOf(set), 0);
}

/** One step of a rolling update: room that is free is taken by new pods, else old ones that can be spared go. */
export function rollingSizes(rollout: Rollout): Sizes {
  const { newest } = rollout;
  if (newest === undefined) return unchanged;
  const size = newSizeInRollout(rollout);
  if (size !== sizeOf(newest)) return new Map([[newest, size]]);
  return oldSizesInRollout(rollout);
}

/** Size the newest replica set can have now; it may not exist yet. */
export function newSizeInRollout({ bounds, newest, old, count }: Rollout): number {
  const { replicas, maxSurge } = bounds;
  const size = newest === undefined ? 0 : sizeOf(newest);
  if (size >= replicas) return replicas;
  // Pods that an old replica set was about to make before it heard that it shrinks are not there to be counted yet.
  if (old.some(hasNotHeard)) return size;
  const all = newest === undefined ? old : [...old, newest];
  const pods = all.reduce((sum, set) => sum + Math.max(sizeOf(set), count(set).active), 0);
  const room = replicas + maxSurge - pods;
  return room <= 0 ? size : Math.min(replicas, size + room);
}

/** It may still be at work for the size it had before. */
function hasNotHeard({ metadata, status }: ReplicaSet): boolean {
  if (metadata.deletionTimestamp !== undefined) return false;
  return (status?.observedGeneration ?? 0) < (metadata.generation ?? 0);
}

function oldSizesInRollout({ bounds, newest, old, count }: Rollout): Sizes {
  const sets = old.filter((set) => sizeOf(set) > 0);
  if (sets.length === 0 || newest === undefined) return unchanged;
  const sure = (set: ReplicaSet, size = sizeOf(set)) => surelyAvailable(count(set), size);
  const availableMin = bounds.replicas - bounds.maxUnavailable;
  const newUnavailable = sizeOf(newest) - sure(newest);
  let spare = totalSize(sets) + sizeOf(newest) - availableMin - newUnavailable;
  if (spare <= 0) return unchanged;
  const sizes = new Map<ReplicaSet, number>();
  // Pods that are not ready can go first: nobody misses them.
  for (const set of sets) {
    const size = sizeOf(set);
    let next = size;
    while (next > 0 && spare > 0 && sure(set, next - 1) === sure(set, size)) {
      next--;
      spare--;
    }
    if (next < size) sizes.set(set, next);
  }
  let surplus = sets.reduce((sum, set) => sum + sure(set), sure(newest)) - availableMin;
  for (const set of sets) {
    const size = sizes.get(set) ?? sizeOf(set);
    const gone = Math.min(surplus, size);
    if (gone <= 0) continue;
    sizes.set(set, size - gone);
    surplus -= gone;
  }
  return sizes;
}

/**
 * How many pods are available for certain once a replica set has shrunk to a size. Those that are not ready go first;
 * which of the ready ones follow is the replica set's choice, so the worst is assumed.
 */
function surelyAvailable({ active, ready, available }: PodCounts, size: number): number {
  const readyGone = Math.max(0, active - size - (active - ready));
  return Math.max(0, available - readyGone);
}

/** Everything old goes before anything new comes. */
export function recreateSizes({ bounds, newest, old }: Rollout, oldPodsLeft: boolean): Sizes {
  const sizes = new Map<ReplicaSet, number>();
  for (const set of old) if (sizeOf(set) > 0) sizes.set(set, 0);
  if (sizes.size > 0 || oldPodsLeft) return sizes;
  if (newest !== undefined && sizeOf(newest) !== bounds.replicas) sizes.set(newest, bounds.replicas);
  return sizes;
}

/** The number of replicas was changed since the sizes were last set. */
export function isScaling({ bounds, newest, old }: Rollout): boolean {
  const sets = newest === undefined ? old : [...old, newest];
  return sets.some((set) => {
    const desired = annotatedNumber(set, annotations.desiredReplicas);
    return sizeOf(set) > 0 && desired !== undefined && desired !== bounds.replicas;
  });
}

/**
 * Sizes after the number of replicas changed: the only live replica set takes it all; a new one that has all its pods
 * leaves none to the old; in the middle of a rolling update each gets its share.
 */
export function scaledSizes(rollout: Rollout, rolling: boolean): Sizes {
  const { bounds, newest, old } = rollout;
  const only = activeOrLatest(rollout);
  if (only !== undefined) return new Map([[only, bounds.replicas]]);
  const active = old.filter((set) => sizeOf(set) > 0);
  if (newest !== undefined && isSaturated(newest, bounds)) return new Map(active.map((set) => [set, 0]));
  return rolling ? proportionalSizes(rollout) : unchanged;
}

function activeOrLatest({ newest, old }: Rollout): ReplicaSet | undefined {
  const sets = newest === undefined ? old : [...old, newest];
  const active = sets.filter((set) => sizeOf(set) > 0);
  if (active.length === 0) return newest ?? old.at(-1);
  return active.length === 1 ? active[0] : undefined;
}

function isSaturated(newest: ReplicaSet, { replicas }: RolloutBounds): boolean {
  const desired = annotatedNumber(newest, annotations.desiredReplicas);
  return desired === replicas && sizeOf(newest) === replicas && (newest.status?.availableReplicas ?? 0) === replicas;
}

/** Shares of what is to be added or taken away, by each replica set's part in the size before; the rest to the first. */
function proportionalSizes({ bounds, newest, old }: Rollout): Sizes {
  const sets = (newest === undefined ? [...old] : [...old, newest]).filter((set) => sizeOf(set) > 0);
  const allowed = bounds.replicas > 0 ? bounds.replicas + bounds.maxSurge : 0;
  const toAdd = allowed - totalSize(sets);
  // The largest first; among equals the newest where pods are added and the oldest where they go.
  const age = new Map(sets.map((set, index) => [set, index]));
  const newerFirst = toAdd > 0 ? -1 : 1;
  sets.sort((a, b) => sizeOf(b) - sizeOf(a) || newerFirst * ((age.get(a) ?? 0) - (age.get(b) ?? 0)));
  const sizes = new Map<ReplicaSet, number>();
  let added = 0;
  for (const set of sets) {
    const share = toAdd === 0 ? 0 : shareOf(set, { bounds, left: toAdd - added });
    sizes.set(set, sizeOf(set) + share);
    added += share;
  }
  const first = sets[0];
  if (first !== undefined && toAdd !== 0) {
    sizes.set(first, Math.max(0, (sizes.get(first) ?? 0) + toAdd - added));
  }
  return sizes;
}

function shareOf(set: ReplicaSet, { bounds, left }: { bounds: RolloutBounds; left: number }): number {
  const size = sizeOf(set);
  if (size === 0 || left === 0) return 0;
  const fraction = fractionOf(set, bounds);
  return left > 0 ? Math.min(fraction, left) : Math.max(fraction, left);
}

function fractionOf(set: ReplicaSet, { replicas, maxSurge }: RolloutBounds): number {
  const size = sizeOf(set);
  if (replicas === 0) return -size;
  const before = annotatedNumber(set, annotations.maxReplicas) ?? 0;
  return before <= 0 ? 0 : Math.round((size * (replicas + maxSurge)) / before) - size;
}
