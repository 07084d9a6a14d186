// The daemon set controller: one pod on every node that fits. It first settles whose pods and revisions are whose and
// which revision the template is, then gives every node its pod, and only then goes on with a roll-out.

import type { LabelSelector } from '../../../streams/resources/meta.ts';
import { resources } from '../../../streams/resources/names.ts';
import type { Node } from '../../../streams/resources/node.ts';
import type { Pod } from '../../../streams/resources/pod.ts';
import type { DaemonSet, DaemonSetStatus } from '../../../streams/resources/workload.ts';
import type { ObjectReader } from '../../../streams/views/object-reader.ts';
import { BackOffs } from '../../kit/back-offs.ts';
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
import type { CreateWrite, DeleteWrite, UpdateWrite } from '../../kit/write.ts';
import { nextAvailableInMs } from '../../pod/pod-conditions.ts';
import { isTerminating } from '../namespace-phase.ts';
import { claimed } from '../workload/claims.ts';
import { type OwnerKind, ownerKeys } from '../workload/owner-keys.ts';
import { podStandsAsBefore } from '../workload/pod-standing.ts';
import { freePodNames } from '../workload/pod-template.ts';
import { createPod, deletePod, podFailures, podNotes } from '../workload/pod-writes.ts';
import { newDaemonPod } from './daemon-pod.ts';
import { type Daemons, daemonsOf } from './daemons.ts';
import { type History, historyOf, outdated } from './history.ts';
import { nodeFitOf } from './node-fit.ts';
import { placement } from './placement.ts';
import { type Moves, rollingUpdate } from './rolling-update.ts';
import { daemonSetStatus } from './status.ts';

/** Pods created, and pods deleted, at one go. */
const burstMax = 250;
const component = 'daemonset-controller';

const owners: OwnerKind = {
  kind: 'DaemonSet',
  resource: resources.daemonSets,
  selectorOf(set) {
    const { selector } = (set as DaemonSet).spec;
    return isEmpty(selector) ? undefined : selector;
  },
};

export function daemonSetController(): Controller {
  const backOffs = new BackOffs({ firstMs: 1_000, mostMs: 900_000 });
  return {
    name: 'daemonset-controller',
    user: 'system:serviceaccount:kube-system:daemon-set-controller',
    workers: 2,
    watches: [
      { resource: resources.daemonSets, keys: ({ current }) => [keyOfObject(current.object)] },
      {
        resource: resources.pods,
        keys: (change, world) => ownerKeys(owners, change, world, podStandsAsBefore),
      },
      {
        resource: resources.controllerRevisions,
        keys: (change, world) => (change.type === 'ADDED' ? [] : ownerKeys(owners, change, world)),
      },
      { resource: resources.nodes, keys: keysOfNode },
    ],
    reconcile: (input) => reconcile(input, backOffs),
  };
}

function reconcile(input: ReconcileInput, backOffs: BackOffs): Plan {
  const { world, key, nowMs, failures } = input;
  const set = world.get<DaemonSet>(resources.daemonSets, parseKey(key));
  if (set === undefined) return nothingToDo;
  const { selector } = set.spec;
  if (isEmpty(selector)) return { writes: [], notes: [selectingAll(set)] };
  // Its history may be gone before it: nothing can be told of it any more.
  if (set.metadata.deletionTimestamp !== undefined) return nothingToDo;
  const { owned: pods, claims } = claimed<Pod>(world, set, { resource: resources.pods, selector });
  const history = historyOf(world, set, pods);
  if (claims.length + history.claims.length > 0) return { writes: [...claims, ...history.claims] };
  if (history.kind === 'unsettled') return unsettled(set, history);
  const nodes = world.list<Node>(resources.nodes);
  const daemons = daemonsOf(set, { nodes, pods, hash: history.hash, nowMs });
  const placed = placement(daemons, backOffs);
  const idle = isTerminating(world, set.metadata.namespace ?? '');
  const placing = podWrites(input, daemons, placed);
  const writes = idle ? [] : placing.length > 0 ? placing : podWrites(input, daemons, rollingUpdate(daemons));
  const { minReadySeconds } = set.spec;
  const waits = [placed.againAfterMs, nextAvailableInMs(pods, { minReadySeconds, nowMs })].filter(isNumber);
  return {
    writes: [
      ...writes,
      ...statusWrites(set, daemonSetStatus(daemons)),
      ...(writes.length === 0 ? outdated(set, pods, history.old) : []),
    ],
    notes: [...placed.notes, ...podNotes(set, component, { writes, failures })],
    pauseMs: restMs(pods.length),
    ...(waits.length === 0 ? undefined : { againAfterMs: Math.min(...waits) }),
  };
}

/** A name that was taken is counted in the status, so that the next revision does not try it again. */
function unsettled(set: DaemonSet, { writes, collisionCount }: History & { kind: 'unsettled' }): Plan {
  if (collisionCount === (set.status?.collisionCount ?? 0)) return { writes, againAfterMs: 0 };
  const status: DaemonSetStatus = { ...noNodes, ...set.status, collisionCount };
  return { writes: [...writes, ...statusWrites(set, status)], againAfterMs: 0 };
}

const noNodes = { currentNumberScheduled: 0, numberMisscheduled: 0, desiredNumberScheduled: 0, numberReady: 0 };

function podWrites(
  { world, failures, random }: ReconcileInput,
  { set, hash }: Daemons,
  { start, remove }: Moves,
): (CreateWrite | DeleteWrite)[] {
  // After a refusal one pod tries the ground, lest hundreds be refused for the same reason.
  const nodes = start.slice(0, podFailures(failures, 'create').length > 0 ? 1 : burstMax);
  const { name, namespace = '' } = set.metadata;
  const names = freePodNames(world, { prefix: `${name}-`, namespace, count: nodes.length, random });
  return [
    ...nodes.map((node, i) => createPod(newDaemonPod(set, { name: names[i] ?? '', node, hash }))),
    ...[...new Set(remove)].slice(0, burstMax).map(deletePod),
  ];
}

function statusWrites(set: DaemonSet, status: DaemonSetStatus): UpdateWrite[] {
  if (sameJson(status, set.status)) return [];
  const object: DaemonSet = { ...set, status };
  return [{ kind: 'update', resource: resources.daemonSets, subresource: 'status', object }];
}

/** A node matters to the daemon sets that run there after the change and did not before, or the other way round. */
function keysOfNode({ type, current, previous }: WatchedChange, world: ObjectReader): readonly Key[] {
  const node = current.object as Node;
  const before = type === 'MODIFIED' ? (previous?.object as Node | undefined) : undefined;
  if (before !== undefined && looksTheSame(before, node)) return [];
  const sets = world.list<DaemonSet>(resources.daemonSets);
  if (type === 'DELETED') return sets.map(keyOfObject);
  return sets
    .filter((set) => {
      const fitOf = nodeFitOf(set);
      const [was, is] = [before === undefined ? undefined : fitOf(before), fitOf(node)];
      return is.runs !== (was?.runs ?? false) || is.stays !== (was?.stays ?? false);
    })
    .map(keyOfObject);
}

function looksTheSame(before: Node, after: Node): boolean {
  return sameJson(before.metadata.labels, after.metadata.labels) && sameJson(before.spec?.taints, after.spec?.taints);
}

function selectingAll(regarding: DaemonSet): PlannedNote {
  const message = 'This daemon set is selecting all pods. A non-empty selector is required.';
  return { regarding, type: 'Warning', reason: 'SelectingAll', message, component };
}

function isEmpty({ matchLabels = {}, matchExpressions = [] }: LabelSelector): boolean {
  return Object.keys(matchLabels).length === 0 && matchExpressions.length === 0;
}

function isNumber(value: number | undefined): value is number {
  return value !== undefined;
}
