// The deployment controller: one replica set for each pod template it has had, sized step by step so that the newest
// takes over within the bounds of the strategy. It changes no pod; the replica sets do.

import { controllerOf, type LabelSelector } from '../../streams/resources/meta.ts';
import { resources } from '../../streams/resources/names.ts';
import type { Pod } from '../../streams/resources/pod.ts';
import type { Deployment, DeploymentStatus, ReplicaSet } from '../../streams/resources/workload.ts';
import type { ObjectReader } from '../../streams/views/object-reader.ts';
import { findCondition } from '../kit/conditions.ts';
import type { Controller, Key, Plan, ReconcileInput, WatchedChange } from '../kit/controller.ts';
import { nothingToDo } from '../kit/controller.ts';
import { keyOfObject, parseKey } from '../kit/object-key.ts';
import { restMs } from '../kit/rest.ts';
import { isPodActive, isPodAvailable, isPodReady, isPodTerminal } from '../pod/pod-conditions.ts';
import { rolloutBounds } from './deployment-bounds.ts';
import { collisionPlan, createPlan, resizePlan, statusPlan } from './deployment-plan.ts';
import { deploymentComplete, hasProgressDeadline, progressDeadlineMs } from './deployment-progress.ts';
import { newSetName, type OwnedSets, ownedSets } from './deployment-replicasets.ts';
import { rollbackPlan, rollbackRevision } from './deployment-rollback.ts';
import {
  isScaling,
  newSizeInRollout,
  type PodCounts,
  type Rollout,
  recreateSizes,
  rollingSizes,
  scaledSizes,
  totalSize,
} from './deployment-rollout.ts';
import { countedStatus, rolloutStatus, withProgressing } from './deployment-status.ts';
import { isTerminating } from './namespace-phase.ts';
import { type OwnerKind, ownerKeys } from './workload/owner-keys.ts';

const owners: OwnerKind = {
  kind: 'Deployment',
  resource: resources.deployments,
  selectorOf: (deployment) => (deployment as Deployment).spec.selector,
};

export function deploymentController(): Controller {
  return {
    name: 'deployment-controller',
    user: 'system:serviceaccount:kube-system:deployment-controller',
    workers: 5,
    watches: [
      { resource: resources.deployments, keys: ({ current }) => [keyOfObject(current.object)] },
      { resource: resources.replicaSets, keys: (change, world) => ownerKeys(owners, change, world) },
      { resource: resources.pods, keys: keysOfPod },
    ],
    reconcile,
  };
}

function reconcile(input: ReconcileInput): Plan {
  const { world, key, nowMs } = input;
  const deployment = world.get<Deployment>(resources.deployments, parseKey(key));
  if (deployment === undefined) return nothingToDo;
  if (isEmpty(deployment.spec.selector)) return selectingAll(deployment);
  const sets = ownedSets(world, deployment);
  const counted = () => countedStatus({ deployment, ...sets, nowMs });
  if (deployment.metadata.deletionTimestamp !== undefined) return statusPlan({ deployment, status: counted() });
  if (sets.claims.length > 0) return { writes: sets.claims };
  const bounds = rolloutBounds(deployment);
  const rollout: Rollout = { bounds, newest: sets.newest, old: sets.old, count: podCounts(world, nowMs) };
  const rolling = deployment.spec.strategy?.type !== 'Recreate';
  const paused = deployment.spec.paused === true;
  const revision = rollbackRevision(deployment);
  if (revision !== undefined && !paused) return rollbackPlan(deployment, sets.all, revision);
  if (paused || isScaling(rollout)) {
    const sizes = scaledSizes(rollout, rolling);
    const plan = resizePlan({ deployment, sets, bounds, status: counted() }, { sizes, cleanUp: paused });
    if (paused || plan.writes.length > 0) return plan;
  }
  return { ...roll(input, { deployment, sets, rollout, rolling }), pauseMs: restMs(totalSize(sets.all)) };
}

type Rolling = {
  readonly deployment: Deployment;
  readonly sets: OwnedSets;
  readonly rollout: Rollout;
  readonly rolling: boolean;
};

/** The next step of a rollout, or the report that it is over. */
function roll(input: ReconcileInput, { deployment, sets, rollout, rolling }: Rolling): Plan {
  const { world, nowMs } = input;
  const { bounds } = rollout;
  const oldPodsLeft = !rolling && hasOldPods(world, sets.old);
  const sizes = rolling ? rollingSizes(rollout) : recreateSizes(rollout, oldPodsLeft);
  if (sets.newest === undefined && sizes.size === 0 && !oldPodsLeft) {
    return create(input, { deployment, sets, rollout, rolling });
  }
  const status = withFound(deployment, sets, rolloutStatus({ deployment, ...sets, nowMs }), nowMs);
  const cleanUp =
    sizes.size === 0 && deployment.status !== undefined && deploymentComplete(deployment, deployment.status);
  const plan = resizePlan({ deployment, sets, bounds, status }, { sizes, cleanUp });
  return { ...plan, ...deadline(deployment, status, nowMs) };
}

function create(input: ReconcileInput, { deployment, sets, rollout, rolling }: Rolling): Plan {
  const { world, nowMs, failures } = input;
  const { namespace = '' } = deployment.metadata;
  const { bounds } = rollout;
  const status = countedStatus({ deployment, ...sets, nowMs });
  if (isTerminating(world, namespace)) return statusPlan({ deployment, status });
  if (world.get(resources.replicaSets, { namespace, name: newSetName(deployment) }) !== undefined) {
    return collisionPlan({ deployment });
  }
  const replicas = rolling ? newSizeInRollout(rollout) : bounds.replicas;
  const plan = createPlan({ deployment, sets, bounds, status }, { replicas, failures, nowMs });
  return { ...plan, ...deadline(deployment, status, nowMs) };
}

/** A rollout that has said nothing of its progress yet says at least that it has found its replica set. */
function withFound(
  deployment: Deployment,
  { newest }: OwnedSets,
  status: DeploymentStatus,
  nowMs: number,
): DeploymentStatus {
  if (newest === undefined || !hasProgressDeadline(deployment)) return status;
  if (findCondition(status.conditions, 'Progressing') !== undefined) return status;
  const message = `Found new replica set "${newest.metadata.name}"`;
  return withProgressing(status, { status: 'True', reason: 'FoundNewReplicaSet', message }, nowMs);
}

/** Comes again when the progress deadline is over. */
function deadline(deployment: Deployment, status: DeploymentStatus, nowMs: number): Pick<Plan, 'againAfterMs'> {
  if (deploymentComplete(deployment, status)) return {};
  if (findCondition(status.conditions, 'Progressing')?.reason === 'ProgressDeadlineExceeded') return {};
  const deadlineMs = progressDeadlineMs(deployment, status);
  return deadlineMs === undefined ? {} : { againAfterMs: Math.max(0, deadlineMs - nowMs) + 1 };
}

/** An empty selector selects every pod there is: such a deployment is left alone. */
function selectingAll(deployment: Deployment): Plan {
  const { metadata, status } = deployment;
  const observedGeneration = metadata.generation ?? 1;
  const plan = statusPlan({ deployment, status: { ...status, observedGeneration } });
  return {
    ...plan,
    notes: plan.writes.map((after) => ({
      regarding: deployment,
      type: 'Warning',
      reason: 'SelectingAll',
      message: 'This deployment is selecting all pods. A non-empty selector is required.',
      component: 'deployment-controller',
      after,
    })),
  };
}

function isEmpty({ matchLabels = {}, matchExpressions = [] }: LabelSelector): boolean {
  return Object.keys(matchLabels).length === 0 && matchExpressions.length === 0;
}

/** Counts a replica set's pods when first asked for. */
function podCounts(world: ObjectReader, nowMs: number): (set: ReplicaSet) => PodCounts {
  const known = new Map<ReplicaSet, PodCounts>();
  return (set) => {
    let counts = known.get(set);
    if (counts === undefined) {
      let [active, ready, available] = [0, 0, 0];
      const { minReadySeconds } = set.spec;
      for (const pod of podsOf(world, set)) {
        if (!isPodActive(pod)) continue;
        active++;
        if (isPodReady(pod)) ready++;
        if (isPodAvailable(pod, { minReadySeconds, nowMs })) available++;
      }
      counts = { active, ready, available };
      known.set(set, counts);
    }
    return counts;
  };
}

function podsOf(world: ObjectReader, { metadata: { uid } }: ReplicaSet): Pod[] {
  return world.ownedBy<Pod>(resources.pods, uid).filter((pod) => controllerOf(pod)?.uid === uid);
}

/** Pods of old templates that may still run, those going away included. */
function hasOldPods(world: ObjectReader, old: readonly ReplicaSet[]): boolean {
  return old.some((set) => (set.status?.replicas ?? 0) > 0 || podsOf(world, set).some((pod) => !isPodTerminal(pod)));
}

/** A pod matters only where its end is waited for: under the strategy Recreate. */
function keysOfPod({ type, current }: WatchedChange, world: ObjectReader): readonly Key[] {
  const pod = current.object as unknown as Pod;
  if (type !== 'DELETED' && !isPodTerminal(pod)) return [];
  const owner = controllerOf(pod);
  if (owner?.kind !== 'ReplicaSet') return [];
  const { namespace = '' } = pod.metadata;
  const set = world.get<ReplicaSet>(resources.replicaSets, { namespace, name: owner.name });
  const name = set === undefined ? undefined : controllerOf(set)?.name;
  if (name === undefined) return [];
  const deployment = world.get<Deployment>(resources.deployments, { namespace, name });
  return deployment?.spec.strategy?.type === 'Recreate' ? [keyOfObject(deployment)] : [];
}
