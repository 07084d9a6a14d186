// The replica set controller: keeps as many pods as the replica set wants. It adopts pods that match and belong to
// nobody, lets go of those that match no longer, and counts only pods that are neither over nor going away.

import { nameSuffix, type Random } from '../../streams/base/random.ts';
import { matchesSelector } from '../../streams/resources/labels.ts';
import { controllerOf, type Draft, type KubeObject } from '../../streams/resources/meta.ts';
import { resources } from '../../streams/resources/names.ts';
import type { Pod } from '../../streams/resources/pod.ts';
import type { ReplicaSet } from '../../streams/resources/workload.ts';
import { nobodyIn, type ObjectReader } from '../../streams/views/object-reader.ts';
import {
  type Controller,
  type FailedWrite,
  type Key,
  nothingToDo,
  type Plan,
  type PlannedNote,
  type ReconcileInput,
  type WatchedChange,
} from '../kit/controller.ts';
import { keyOfObject, parseKey } from '../kit/object-key.ts';
import { controllerReference, withOwner, withoutOwners } from '../kit/owners.ts';
import { restMs } from '../kit/rest.ts';
import { sameJson } from '../kit/same-json.ts';
import type { CreateWrite, DeleteWrite, UpdateWrite, Write } from '../kit/write.ts';
import { isPodActive, isPodReady, isPodTerminating, podReadySinceMs } from '../pod/pod-conditions.ts';
import { isTerminating } from './namespace-phase.ts';
import { podsToDelete } from './pod-deletion-order.ts';
import { nextAvailableInMs, owns, podFailures, replicaSetStatus } from './replicaset-status.ts';

/** Pods created or deleted at one go. */
const burstMax = 500;
/** Generated names are cut so that the suffix still fits into a DNS label. */
const nameBaseMax = 58;

export function replicaSetController(): Controller {
  return {
    name: 'replicaset-controller',
    user: 'system:serviceaccount:kube-system:replicaset-controller',
    workers: 5,
    watches: [
      { resource: resources.replicaSets, keys: ({ current }) => [keyOfObject(current.object)] },
      { resource: resources.pods, keys: keysOfPod },
    ],
    reconcile,
  };
}

function reconcile({ world, key, nowMs, failures, random }: ReconcileInput): Plan {
  const set = world.get<ReplicaSet>(resources.replicaSets, parseKey(key));
  if (set === undefined) return nothingToDo;
  const { owned, claims } = claimedPods(world, set);
  if (claims.length > 0) return { writes: claims };
  const active = owned.filter(isPodActive);
  const pauseMs = restMs(owned.length);
  const deleting = set.metadata.deletionTimestamp !== undefined;
  const changes = deleting ? [] : podWrites({ world, set, active, failures, nowMs, random });
  const notes = changes.map((write) => changeNote(set, write)).concat(failureNotes(set, failures));
  const status = replicaSetStatus(set, { active, owned, failures, nowMs });
  // While pods are made or taken away the counts change all the time: they are told once that is done, but what went
  // wrong is told at once.
  const report = changes.length === 0 || failures.length > 0 ? statusWrites(set, status) : [];
  const againAfterMs = nextAvailableInMs(set, active, nowMs);
  return {
    writes: [...changes, ...report],
    notes,
    pauseMs,
    ...(againAfterMs === undefined ? undefined : { againAfterMs }),
  };
}

type PodWork = Omit<ReconcileInput, 'key' | 'sinceMs'> & {
  readonly set: ReplicaSet;
  readonly active: readonly Pod[];
};

function podWrites({ world, set, active, failures, nowMs, random }: PodWork): (CreateWrite | DeleteWrite)[] {
  const { spec, metadata } = set;
  const missing = (spec.replicas ?? 1) - active.length;
  if (missing > 0) {
    if (isTerminating(world, metadata.namespace ?? '')) return [];
    // After a refusal one pod tries the ground, lest hundreds be refused for the same reason.
    const count = podFailures(failures, 'create').length > 0 ? 1 : Math.min(missing, burstMax);
    const names = podNames({ world, set, count, random });
    return names.map((name) => ({ kind: 'create', resource: resources.pods, object: newPod(set, name) }));
  }
  if (missing === 0) return [];
  const siblings = siblingPods(world, set);
  const order = { siblings, minReadySeconds: spec.minReadySeconds, nowMs };
  return podsToDelete(active, Math.min(-missing, burstMax), order).map(
    ({ metadata: { namespace = '', name, uid } }) => ({
      kind: 'delete',
      resource: resources.pods,
      namespace,
      name,
      uid,
    }),
  );
}

function podNames({
  world,
  set,
  count,
  random,
}: {
  world: ObjectReader;
  set: ReplicaSet;
  count: number;
  random: Random;
}): string[] {
  const { name: setName, namespace = '' } = set.metadata;
  const base = `${setName}-`.slice(0, nameBaseMax);
  const names = new Set<string>();
  while (names.size < count) {
    const name = `${base}${nameSuffix(random)}`;
    if (world.stored(resources.pods, { namespace, name }) === undefined) names.add(name);
  }
  return [...names];
}

function newPod(set: ReplicaSet, name: string): Draft<KubeObject> & Pick<Pod, 'spec'> {
  const { metadata, spec } = set;
  const { labels, annotations, finalizers } = spec.template?.metadata ?? {};
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      generateName: `${metadata.name}-`,
      namespace: metadata.namespace ?? '',
      ...(labels === undefined ? undefined : { labels }),
      ...(annotations === undefined ? undefined : { annotations }),
      ...(finalizers === undefined ? undefined : { finalizers }),
      ownerReferences: [controllerReference(set)],
    },
    spec: spec.template?.spec ?? { containers: [] },
  };
}

/** Active pods of all replica sets of the same owner: how many share a node decides who goes first. */
function siblingPods(world: ObjectReader, set: ReplicaSet): Pod[] {
  const owner = controllerOf(set);
  const sets = owner === undefined ? [set] : world.ownedBy<ReplicaSet>(resources.replicaSets, owner.uid);
  return sets.flatMap(({ metadata: { uid } }) => world.ownedBy<Pod>(resources.pods, uid)).filter(isPodActive);
}

function claimedPods(world: ObjectReader, set: ReplicaSet): { owned: Pod[]; claims: Write[] } {
  const { metadata, spec } = set;
  const claims: UpdateWrite[] = [];
  const owned: Pod[] = [];
  const deleting = metadata.deletionTimestamp !== undefined;
  for (const pod of world.ownedBy<Pod>(resources.pods, metadata.uid)) {
    if (!owns(set, pod)) continue;
    if (matchesSelector(spec.selector, pod.metadata.labels)) owned.push(pod);
    else if (!deleting) claims.push(podUpdate(withoutOwners(pod, new Set([metadata.uid]))));
  }
  if (deleting) return { owned, claims };
  for (const pod of world.ownedBy<Pod>(resources.pods, nobodyIn(metadata.namespace ?? ''))) {
    if (isPodActive(pod) && matchesSelector(spec.selector, pod.metadata.labels)) {
      claims.push(podUpdate(withOwner(pod, controllerReference(set))));
    }
  }
  return { owned, claims };
}

function podUpdate(object: Pod): UpdateWrite {
  return { kind: 'update', resource: resources.pods, object };
}

function statusWrites(set: ReplicaSet, status: ReplicaSet['status']): UpdateWrite[] {
  if (status === undefined || sameJson(status, set.status)) return [];
  const object: ReplicaSet = { ...set, status };
  return [{ kind: 'update', resource: resources.replicaSets, subresource: 'status', object }];
}

function changeNote(set: ReplicaSet, write: CreateWrite | DeleteWrite): PlannedNote {
  const created = write.kind === 'create';
  return {
    ...note(set, 'Normal'),
    reason: created ? 'SuccessfulCreate' : 'SuccessfulDelete',
    message: created ? `Created pod: ${write.object.metadata.name}` : `Deleted pod: ${write.name}`,
    after: write,
  };
}

/** What went wrong last time is told once, however many pods it struck. */
function failureNotes(set: ReplicaSet, failures: readonly FailedWrite[]): PlannedNote[] {
  const notes: PlannedNote[] = [];
  const create = podFailures(failures, 'create')[0];
  const remove = podFailures(failures, 'delete')[0];
  if (create !== undefined) {
    notes.push({ ...note(set, 'Warning'), reason: 'FailedCreate', message: `Error creating: ${create.message}` });
  }
  if (remove !== undefined) {
    notes.push({ ...note(set, 'Warning'), reason: 'FailedDelete', message: `Error deleting: ${remove.message}` });
  }
  return notes;
}

function note(set: ReplicaSet, type: 'Normal' | 'Warning') {
  return { regarding: set, type, component: 'replicaset-controller' } as const;
}

function keysOfPod({ type, current, previous }: WatchedChange, world: ObjectReader): readonly Key[] {
  const pod = current.object;
  if (type === 'MODIFIED' && previous !== undefined && countsTheSame(previous.object, pod)) return [];
  const owner = controllerOf(pod);
  if (owner !== undefined) {
    const keys = owner.kind === 'ReplicaSet' ? [`${pod.metadata.namespace}/${owner.name}`] : [];
    const before = previous === undefined ? undefined : controllerOf(previous.object);
    if (before?.kind === 'ReplicaSet' && before.uid !== owner.uid)
      keys.push(`${pod.metadata.namespace}/${before.name}`);
    return keys;
  }
  const before = previous === undefined ? undefined : controllerOf(previous.object);
  const keys = world
    .list<ReplicaSet>(resources.replicaSets, { namespace: pod.metadata.namespace ?? '' })
    .filter(({ spec }) => matchesSelector(spec.selector, pod.metadata.labels))
    .map(keyOfObject);
  return before?.kind === 'ReplicaSet' ? [...keys, `${pod.metadata.namespace}/${before.name}`] : keys;
}

/** Most of what happens to a pod on its way to running is nothing to its replica set. */
function countsTheSame(before: KubeObject, after: KubeObject): boolean {
  const [old, now] = [before as Pod, after as Pod];
  return (
    isPodActive(old) === isPodActive(now) &&
    isPodTerminating(old) === isPodTerminating(now) &&
    isPodReady(old) === isPodReady(now) &&
    podReadySinceMs(old) === podReadySinceMs(now) &&
    sameJson(before.metadata.ownerReferences, after.metadata.ownerReferences) &&
    sameJson(before.metadata.labels, after.metadata.labels)
  );
}
