// The pod garbage collector: takes away pods that nobody else will. Those whose node is gone, those that were to go
// before they had a node, those on a node declared out of service, and finished ones beyond a number worth keeping.

import { timestamp } from '../../streams/resources/meta.ts';
import { resources } from '../../streams/resources/names.ts';
import type { Node } from '../../streams/resources/node.ts';
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
import type { Write } from '../kit/write.ts';
import { isPodTerminal } from '../pod/pod-conditions.ts';
import { readyStatus } from './node-health.ts';

export type PodGarbageCollectorOptions = {
  /** Finished pods kept in the cluster; 0 keeps them all. */
  readonly terminatedPodsMax: number;
  /** How long a node may be gone before its pods go too: it may come back under its name. */
  readonly quarantineMs: number;
  /** Finished pods are counted at most this often. */
  readonly periodMs: number;
};

export const podGarbageCollectorDefaults: PodGarbageCollectorOptions = {
  terminatedPodsMax: 12_500,
  quarantineMs: 40_000,
  periodMs: 20_000,
};

const outOfService = 'node.kubernetes.io/out-of-service';
const finishedKey = 'finished';
/** Pods taken away at one go. */
const burstMax = 500;

/** Keys: `node/<name>`, `pod/<namespace>/<name>` and `finished`. */
export function podGarbageCollector(options: PodGarbageCollectorOptions = podGarbageCollectorDefaults): Controller {
  return {
    name: 'pod-garbage-collector-controller',
    user: 'system:serviceaccount:kube-system:pod-garbage-collector',
    workers: 2,
    watches: [
      { resource: resources.nodes, keys: keysOfNode },
      { resource: resources.pods, keys: keysOfPod },
    ],
    reconcile(input) {
      const [what = '', first = '', second = ''] = input.key.split('/');
      if (what === finishedKey) return finishedPlan(input, options);
      if (what === 'node') return nodePlan(input, first, options);
      return podPlan(input, { namespace: first, name: second });
    },
  };
}

function nodePlan({ world, nowMs, sinceMs }: ReconcileInput, name: string, options: PodGarbageCollectorOptions): Plan {
  const node = world.get<Node>(resources.nodes, { name });
  if (node !== undefined) return outOfServicePlan(world, node, nowMs);
  const pods = world.podsOnNode<Pod>(name);
  if (pods.length === 0) return nothingToDo;
  const leftMs = sinceMs + options.quarantineMs - nowMs;
  if (leftMs > 0) return { writes: [], againAfterMs: leftMs };
  const writes = pods.slice(0, burstMax).map((pod) => removal(pod, { why: 'PodGC: node no longer exists', nowMs }));
  return { writes, againAfterMs: 1_000 };
}

/** An operator has said that the node will not come back by itself: its terminating pods need not wait for it. */
function outOfServicePlan(world: ObjectReader, node: Node, nowMs: number): Plan {
  if (!isOutOfService(node)) return nothingToDo;
  const pods = world
    .podsOnNode<Pod>(node.metadata.name)
    .filter(({ metadata }) => metadata.deletionTimestamp !== undefined);
  return { writes: pods.map((pod) => removal(pod, { why: undefined, nowMs })) };
}

function podPlan({ world, nowMs }: ReconcileInput, name: { namespace: string; name: string }): Plan {
  const pod = world.get<Pod>(resources.pods, name);
  return pod !== undefined && isUnscheduledTerminating(pod)
    ? { writes: [removal(pod, { why: undefined, nowMs })] }
    : nothingToDo;
}

function finishedPlan({ world, nowMs }: ReconcileInput, options: PodGarbageCollectorOptions): Plan {
  const { terminatedPodsMax, periodMs } = options;
  if (terminatedPodsMax === 0) return nothingToDo;
  const finished = world.list<Pod>(resources.pods).filter(isPodTerminal);
  const surplus = finished.length - terminatedPodsMax;
  if (surplus <= 0) return { writes: [], pauseMs: periodMs };
  finished.sort((a, b) => evictedFirst(a, b) || created(a).localeCompare(created(b)));
  const writes = finished.slice(0, Math.min(surplus, burstMax)).map((pod) => removal(pod, { why: undefined, nowMs }));
  return surplus > burstMax ? { writes, againAfterMs: 0 } : { writes, pauseMs: periodMs };
}

/** A pod that is not over is first said to have failed, so that whoever waits for it learns of its end. */
function removal(pod: Pod, { why, nowMs }: { why: string | undefined; nowMs: number }): Write {
  const { namespace = '', name, uid, generation } = pod.metadata;
  if (isPodTerminal(pod))
    return { kind: 'delete', resource: resources.pods, namespace, name, uid, gracePeriodSeconds: 0 };
  const conditions = pod.status?.conditions;
  const object: Pod = {
    ...pod,
    status: {
      ...pod.status,
      phase: 'Failed',
      ...(why === undefined
        ? undefined
        : {
            conditions: withCondition(
              conditions,
              {
                type: 'DisruptionTarget',
                status: 'True',
                ...(generation === undefined ? undefined : { observedGeneration: generation }),
                lastTransitionTime: timestamp(nowMs),
                reason: 'DeletionByPodGC',
                message: why,
              },
              nowMs,
            ),
          }),
    },
  };
  return { kind: 'update', resource: resources.pods, subresource: 'status', object };
}

function keysOfNode({ type, current }: WatchedChange): readonly Key[] {
  return type === 'DELETED' || isOutOfService(current.object as Node) ? [`node/${current.ref.name}`] : [];
}

function keysOfPod({ type, current }: WatchedChange, world: ObjectReader): readonly Key[] {
  if (type === 'DELETED') return [];
  const pod = current.object as unknown as Pod;
  const keys: Key[] = [];
  const nodeName = pod.spec.nodeName ?? '';
  if (nodeName !== '') {
    const node = world.get<Node>(resources.nodes, { name: nodeName });
    if (node === undefined || isOutOfService(node)) keys.push(`node/${nodeName}`);
  }
  if (isUnscheduledTerminating(pod)) keys.push(`pod/${current.ref.namespace}/${current.ref.name}`);
  if (isPodTerminal(pod)) keys.push(finishedKey);
  return keys;
}

function isUnscheduledTerminating({ metadata, spec }: Pod): boolean {
  return metadata.deletionTimestamp !== undefined && (spec.nodeName ?? '') === '';
}

function isOutOfService(node: Node): boolean {
  return readyStatus(node) !== 'True' && node.spec?.taints?.some(({ key }) => key === outOfService) === true;
}

function evictedFirst(a: Pod, b: Pod): number {
  return Number(b.status?.reason === 'Evicted') - Number(a.status?.reason === 'Evicted');
}

function created({ metadata }: Pod): string {
  return metadata.creationTimestamp ?? '';
}
