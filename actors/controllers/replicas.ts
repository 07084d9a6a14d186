// The engine of the two kinds that keep so many pods alike: replica sets and replication controllers. It adopts pods
// that match and belong to nobody, lets go of those that match no longer, and counts only pods that are neither over
// nor going away.

import type { Random } from '../../streams/base/random.ts';
import { controllerOf, type KubeObject, type LabelSelector } from '../../streams/resources/meta.ts';
import { resources } from '../../streams/resources/names.ts';
import type { Pod } from '../../streams/resources/pod.ts';
import type { ReplicaSet, ReplicationController } from '../../streams/resources/workload.ts';
import type { ObjectReader } from '../../streams/views/object-reader.ts';
import { type Controller, nothingToDo, type Plan, type ReconcileInput, type WatchedChange } from '../kit/controller.ts';
import { keyOfObject, parseKey } from '../kit/object-key.ts';
import { restMs } from '../kit/rest.ts';
import { sameJson } from '../kit/same-json.ts';
import type { CreateWrite, DeleteWrite, UpdateWrite } from '../kit/write.ts';
import {
  isPodActive,
  isPodReady,
  isPodTerminating,
  nextAvailableInMs,
  podReadySinceMs,
} from '../pod/pod-conditions.ts';
import { isTerminating } from './namespace-phase.ts';
import { podsToDelete } from './pod-deletion-order.ts';
import { replicasStatus } from './replicas-status.ts';
import { claimed } from './workload/claims.ts';
import { type OwnerKind, ownerKeys } from './workload/owner-keys.ts';
import { freePodNames, podFromTemplate } from './workload/pod-template.ts';
import { createPod, deletePod, podFailures, podNotes } from './workload/pod-writes.ts';

/** Pods created or deleted at one go. */
const burstMax = 500;

/** Both kinds, told apart only by how they write down which pods they mean. */
export type Replicated = ReplicaSet | ReplicationController;

export type ReplicatedKind = OwnerKind & {
  /** As kube-controller-manager names the controller. */
  readonly controller: string;
  readonly serviceAccount: string;
  /** Whom its events name. */
  readonly component: string;
  selectorOf(set: KubeObject): LabelSelector | undefined;
  /** Whether its status has a place for the pods that are going away. */
  readonly reportsTerminating: boolean;
};

export function replicasController(kind: ReplicatedKind): Controller {
  return {
    name: kind.controller,
    user: `system:serviceaccount:kube-system:${kind.serviceAccount}`,
    workers: 5,
    watches: [
      { resource: kind.resource, keys: ({ current }) => [keyOfObject(current.object)] },
      { resource: resources.pods, keys: (change, world) => ownerKeys(kind, change, world, countsTheSame) },
    ],
    reconcile: (input) => reconcile(kind, input),
  };
}

function reconcile(kind: ReplicatedKind, { world, key, nowMs, failures, random }: ReconcileInput): Plan {
  const set = world.get<Replicated>(kind.resource, parseKey(key));
  const selector = set === undefined ? undefined : kind.selectorOf(set);
  if (set === undefined || selector === undefined) return nothingToDo;
  const { owned, claims } = claimed<Pod>(world, set, { resource: resources.pods, selector, adopts: isPodActive });
  if (claims.length > 0) return { writes: claims };
  const active = owned.filter(isPodActive);
  const deleting = set.metadata.deletionTimestamp !== undefined;
  const writes = deleting ? [] : podWrites(kind, { world, set, active, failures, nowMs, random });
  const { reportsTerminating } = kind;
  const status = replicasStatus(set, { active, owned, failures, nowMs, reportsTerminating });
  // While pods are made or taken away the counts change all the time: they are told once that is done, but what went
  // wrong is told at once.
  const report = writes.length === 0 || failures.length > 0 ? statusWrites(kind, set, status) : [];
  const againAfterMs = nextAvailableInMs(active, { minReadySeconds: set.spec.minReadySeconds, nowMs });
  return {
    writes: [...writes, ...report],
    notes: podNotes(set, kind.component, { writes, failures }),
    pauseMs: restMs(owned.length),
    ...(againAfterMs === undefined ? undefined : { againAfterMs }),
  };
}

type PodWork = Omit<ReconcileInput, 'key' | 'sinceMs'> & {
  readonly set: Replicated;
  readonly active: readonly Pod[];
};

function podWrites(kind: ReplicatedKind, work: PodWork): (CreateWrite | DeleteWrite)[] {
  const { world, set, active, failures, nowMs } = work;
  const { spec, metadata } = set;
  const missing = (spec.replicas ?? 1) - active.length;
  if (missing > 0) {
    if (isTerminating(world, metadata.namespace ?? '')) return [];
    // After a refusal one pod tries the ground, lest hundreds be refused for the same reason.
    return newPods(work, podFailures(failures, 'create').length > 0 ? 1 : Math.min(missing, burstMax));
  }
  if (missing === 0) return [];
  const siblings = siblingPods(kind, world, set);
  const order = { siblings, minReadySeconds: spec.minReadySeconds, nowMs };
  return podsToDelete(active, Math.min(-missing, burstMax), order).map(deletePod);
}

function newPods({ world, set, random }: { world: ObjectReader; set: Replicated; random: Random }, count: number) {
  const { name, namespace = '' } = set.metadata;
  const names = freePodNames(world, { prefix: `${name}-`, namespace, count, random });
  return names.map((name) => createPod(podFromTemplate(set, set.spec.template, { name })));
}

/** Active pods of all sets of the same owner: how many share a node decides who goes first. */
function siblingPods({ resource }: ReplicatedKind, world: ObjectReader, set: Replicated): Pod[] {
  const owner = controllerOf(set);
  const sets = owner === undefined ? [set] : world.ownedBy<Replicated>(resource, owner.uid);
  return sets.flatMap(({ metadata: { uid } }) => world.ownedBy<Pod>(resources.pods, uid)).filter(isPodActive);
}

function statusWrites(kind: ReplicatedKind, set: Replicated, status: Replicated['status']): UpdateWrite[] {
  if (status === undefined || sameJson(status, set.status)) return [];
  const object: KubeObject & { status: Replicated['status'] } = { ...set, status };
  return [{ kind: 'update', resource: kind.resource, subresource: 'status', object }];
}

/** Most of what happens to a pod on its way to running is nothing to its set. */
function countsTheSame({ type, current, previous }: WatchedChange): boolean {
  if (type !== 'MODIFIED' || previous === undefined) return false;
  const [old, now] = [previous.object as Pod, current.object as Pod];
  return (
    isPodActive(old) === isPodActive(now) &&
    isPodTerminating(old) === isPodTerminating(now) &&
    isPodReady(old) === isPodReady(now) &&
    podReadySinceMs(old) === podReadySinceMs(now) &&
    sameJson(old.metadata.ownerReferences, now.metadata.ownerReferences) &&
    sameJson(old.metadata.labels, now.metadata.labels)
  );
}
