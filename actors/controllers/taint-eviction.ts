// The taint eviction controller: pods leave nodes that carry a NoExecute taint they do not tolerate, at once or when
// their time of toleration is over. When that is follows from the taint and the pod alone, so a restart forgets nothing.

import { timestamp } from '../../streams/resources/meta.ts';
import { resources } from '../../streams/resources/names.ts';
import type { Node, Taint } from '../../streams/resources/node.ts';
import type { Pod } from '../../streams/resources/pod.ts';
import type { ObjectReader } from '../../streams/views/object-reader.ts';
import { withCondition } from '../kit/conditions.ts';
import {
  type Controller,
  type Key,
  nothingToDo,
  type Plan,
  type ReconcileInput,
  type WatchedChange,
} from '../kit/controller.ts';
import { keyOfObject, parseKey } from '../kit/object-key.ts';
import { sameJson } from '../kit/same-json.ts';
import type { DeleteWrite } from '../kit/write.ts';
import { podCondition } from '../pod/pod-conditions.ts';
import { tolerates } from '../scheduler/tolerations.ts';

const disruptionReason = 'DeletionByTaintManager';

export function taintEvictionController(): Controller {
  return {
    name: 'taint-eviction-controller',
    user: 'system:serviceaccount:kube-system:node-controller',
    workers: 8,
    watches: [
      { resource: resources.nodes, keys: keysOfNode },
      { resource: resources.pods, keys: keysOfPod },
    ],
    reconcile,
  };
}

function reconcile({ world, key, nowMs, sinceMs }: ReconcileInput): Plan {
  const pod = world.get<Pod>(resources.pods, parseKey(key));
  if (pod === undefined || pod.metadata.deletionTimestamp !== undefined) return nothingToDo;
  const taints = noExecuteTaints(world, pod.spec.nodeName);
  const dueMs = leavesAtMs(pod, taints, sinceMs);
  if (dueMs === undefined) return nothingToDo;
  if (dueMs > nowMs) return { writes: [], againAfterMs: dueMs - nowMs };
  return evict(pod, nowMs);
}

/** First the pod says why it goes, then it goes. */
function evict(pod: Pod, nowMs: number): Plan {
  const { namespace = '', name, uid, generation } = pod.metadata;
  const before = podCondition(pod, 'DisruptionTarget');
  if (before?.status !== 'True' || before.reason !== disruptionReason) {
    const conditions = withCondition(
      pod.status?.conditions,
      {
        type: 'DisruptionTarget',
        status: 'True',
        ...(generation === undefined ? undefined : { observedGeneration: generation }),
        lastTransitionTime: timestamp(nowMs),
        reason: disruptionReason,
        message: 'Taint manager: deleting due to NoExecute taint',
      },
      nowMs,
    );
    const object: Pod = { ...pod, status: { ...pod.status, conditions } };
    const write = { kind: 'update', resource: resources.pods, subresource: 'status', object } as const;
    return { writes: [write], againAfterMs: 0 };
  }
  const write: DeleteWrite = { kind: 'delete', resource: resources.pods, namespace, name, uid };
  return {
    writes: [write],
    notes: [
      {
        regarding: pod,
        type: 'Normal',
        reason: 'TaintManagerEviction',
        message: `Marking for deletion Pod ${namespace}/${name}`,
        component: 'taint-eviction-controller',
        after: write,
      },
    ],
  };
}

/** When the pod has to leave, milliseconds since the Unix epoch; undefined for never. */
function leavesAtMs({ metadata, spec, status }: Pod, taints: readonly Taint[], sinceMs: number): number | undefined {
  const scheduled = status?.conditions?.find(({ type }) => type === 'PodScheduled');
  const boundMs = timeMs(scheduled?.lastTransitionTime) ?? timeMs(metadata.creationTimestamp) ?? 0;
  let leavesMs: number | undefined;
  for (const taint of taints) {
    const toleration = spec.tolerations?.find((candidate) => tolerates([candidate], taint));
    if (toleration === undefined) return 0;
    if (toleration.tolerationSeconds === undefined) continue;
    const fromMs = Math.max(timeMs(taint.timeAdded) ?? sinceMs, boundMs);
    const ms = fromMs + Math.max(0, toleration.tolerationSeconds) * 1000;
    leavesMs = leavesMs === undefined ? ms : Math.min(leavesMs, ms);
  }
  return leavesMs;
}

function noExecuteTaints(world: ObjectReader, nodeName: string | undefined): readonly Taint[] {
  if (nodeName === undefined || nodeName === '') return [];
  return noExecute(world.get<Node>(resources.nodes, { name: nodeName }));
}

const none: readonly Taint[] = [];

function noExecute(node: Node | undefined): readonly Taint[] {
  const taints = node?.spec?.taints;
  return taints === undefined ? none : taints.filter(({ effect }) => effect === 'NoExecute');
}

function keysOfNode({ type, current, previous }: WatchedChange, world: ObjectReader): readonly Key[] {
  if (type === 'DELETED') return [];
  const taints = noExecute(current.object as Node);
  const before = noExecute(previous?.object as Node | undefined);
  if (sameJson(taints, before)) return [];
  return world.podsOnNode<Pod>(current.ref.name).map(keyOfObject);
}

/** A pod is looked at only where its node has something to say. */
function keysOfPod({ type, current }: WatchedChange, world: ObjectReader): readonly Key[] {
  if (type === 'DELETED') return [];
  const pod = current.object as unknown as Pod;
  return noExecuteTaints(world, pod.spec.nodeName).length > 0 ? [keyOfObject(pod)] : [];
}

function timeMs(text: string | undefined): number | undefined {
  const ms = Date.parse(text ?? '');
  return Number.isNaN(ms) ? undefined : ms;
}
