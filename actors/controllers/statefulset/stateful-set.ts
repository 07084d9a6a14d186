// The stateful set controller: pods with an identity each, made, updated and taken away in order. It first settles whose
// pods and revisions are whose, then which revision is being rolled out, then takes the next step about the pods.

import type { KubeObject } from '../../../streams/resources/meta.ts';
import { resources } from '../../../streams/resources/names.ts';
import type { Pod } from '../../../streams/resources/pod.ts';
import type { ControllerRevision, StatefulSet, StatefulSetStatus } from '../../../streams/resources/workload.ts';
import type { ObjectReader } from '../../../streams/views/object-reader.ts';
import {
  type Controller,
  type Key,
  nothingToDo,
  type Plan,
  type ReconcileInput,
  type WatchedChange,
} from '../../kit/controller.ts';
import { keyOfObject, parseKey } from '../../kit/object-key.ts';
import { restMs } from '../../kit/rest.ts';
import { sameJson } from '../../kit/same-json.ts';
import type { DeleteWrite, UpdateWrite, Write } from '../../kit/write.ts';
import { nextAvailableInMs } from '../../pod/pod-conditions.ts';
import { revisionDeletions } from '../history/revisions.ts';
import { isTerminating } from '../namespace-phase.ts';
import { claimed } from '../workload/claims.ts';
import { type OwnerKind, ownerKeys } from '../workload/owner-keys.ts';
import { podStandsAsBefore } from '../workload/pod-standing.ts';
import { ordinalOf, ranked } from './ordinals.ts';
import { podSteps } from './pod-steps.ts';
import { type Rollout, rolloutOf } from './rollout.ts';
import { podRevision } from './stateful-pod.ts';
import { statefulSetStatus } from './status.ts';
import { failureNotes, onward } from './steps.ts';
import { isClaimOf } from './volume-claims.ts';

const owners: OwnerKind = {
  kind: 'StatefulSet',
  resource: resources.statefulSets,
  selectorOf: (set) => (set as StatefulSet).spec.selector,
};

export function statefulSetController(): Controller {
  return {
    name: 'statefulset-controller',
    user: 'system:serviceaccount:kube-system:statefulset-controller',
    workers: 5,
    watches: [
      { resource: resources.statefulSets, keys: ({ current }) => [keyOfObject(current.object)] },
      {
        resource: resources.pods,
        keys: (change, world) => ownerKeys(owners, change, world, podStandsAsBefore),
      },
      {
        resource: resources.controllerRevisions,
        keys: (change, world) => (change.type === 'ADDED' ? [] : ownerKeys(owners, change, world)),
      },
      { resource: resources.persistentVolumeClaims, keys: keysOfClaim },
    ],
    reconcile,
  };
}

function reconcile(input: ReconcileInput): Plan {
  const { world, key, failures } = input;
  const set = world.get<StatefulSet>(resources.statefulSets, parseKey(key));
  if (set === undefined) return nothingToDo;
  const { owned: pods, claims } = claimed<Pod>(world, set, {
    resource: resources.pods,
    selector: set.spec.selector,
    isMember: ({ metadata: { name } }) => ordinalOf(set, name) !== undefined,
  });
  const rollout = rolloutOf(world, set);
  if (claims.length + rollout.claims.length > 0) return { writes: [...claims, ...rollout.claims] };
  if (rollout.kind === 'unsettled') {
    if (set.metadata.deletionTimestamp !== undefined) return nothingToDo;
    return { writes: withCollisions(set, rollout), notes: failureNotes(set, failures), againAfterMs: 0 };
  }
  return { ...settle(input, { set, pods, rollout }), pauseMs: restMs(pods.length) };
}

type Settling = {
  readonly set: StatefulSet;
  readonly pods: readonly Pod[];
  readonly rollout: Rollout & { kind: 'settled' };
};

function settle({ world, nowMs, failures }: ReconcileInput, { set, pods, rollout }: Settling): Plan {
  const { current, update } = rollout;
  const { metadata, spec } = set;
  const idle = metadata.deletionTimestamp !== undefined || isTerminating(world, metadata.namespace ?? '');
  const steps = idle ? onward : podSteps({ world, set, current, update, failures, nowMs, ...ranked(set, pods) });
  const notes = [...steps.notes, ...failureNotes(set, failures)];
  const report = statusWrites(set, statefulSetStatus(set, { pods, current, update, nowMs }));
  const history = idle ? [] : outdated(set, pods, rollout);
  // Claims wake nobody: what has to follow them is looked at again.
  const follows = steps.writes.some((write) => write.kind !== 'delete' && !isOfPod(write));
  const againAfterMs = follows ? 0 : nextAvailableInMs(pods, { minReadySeconds: spec.minReadySeconds, nowMs });
  return {
    writes: [...steps.writes, ...report, ...history],
    notes,
    ...(againAfterMs === undefined ? undefined : { againAfterMs }),
  };
}

/** A name that was taken is counted in the status, so that the next revision does not try it again. */
function withCollisions(set: StatefulSet, { writes, collisionCount }: Rollout & { kind: 'unsettled' }): Write[] {
  if (collisionCount === (set.status?.collisionCount ?? 0)) return [...writes];
  const status = { replicas: 0, availableReplicas: 0, ...set.status, collisionCount };
  return [...writes, ...statusWrites(set, status)];
}

function statusWrites(set: StatefulSet, status: StatefulSetStatus): UpdateWrite[] {
  if (sameJson(status, set.status)) return [];
  const object: StatefulSet = { ...set, status };
  return [{ kind: 'update', resource: resources.statefulSets, subresource: 'status', object }];
}

/** Revisions beyond the limit that no pod has any more, the oldest first. */
function outdated(
  set: StatefulSet,
  pods: readonly Pod[],
  { current, update, revisions }: Settling['rollout'],
): DeleteWrite[] {
  const { revisionHistoryLimit = 10 } = set.spec;
  const live = new Set<string | undefined>([current.metadata.name, update.metadata.name, ...pods.map(podRevision)]);
  const old = revisions.filter(({ metadata: { name } }: ControllerRevision) => !live.has(name));
  if (revisionHistoryLimit < 0) return [];
  return revisionDeletions(old.slice(0, Math.max(0, old.length - revisionHistoryLimit)));
}

function isOfPod(write: Write): boolean {
  return write.kind === 'bind' || write.resource.resource === resources.pods.resource;
}

/** A claim that is gone may be what the next pod of its ordinal waits for. */
function keysOfClaim({ type, current }: WatchedChange, world: ObjectReader): readonly Key[] {
  if (type !== 'DELETED') return [];
  const { namespace = '', name } = current.object.metadata;
  return world
    .list<StatefulSet & KubeObject>(resources.statefulSets, { namespace })
    .filter((set) => isClaimOf(set, name))
    .map(keyOfObject);
}
