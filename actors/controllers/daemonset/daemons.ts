// A daemon set's pods by the node each of them stands on or is made for, beside the nodes and what they may run.

import type { Node } from '../../../streams/resources/node.ts';
import type { Pod } from '../../../streams/resources/pod.ts';
import type { DaemonSet } from '../../../streams/resources/workload.ts';
import { isPodAvailable, isPodTerminal } from '../../pod/pod-conditions.ts';
import { isUpdated, targetNode } from './daemon-pod.ts';
import { type Fit, nodeFitOf } from './node-fit.ts';

/** A node, whether it exists or only pods speak of it, and the set's pods there. */
export type Place = {
  readonly node: string;
  readonly exists: boolean;
  readonly fit: Fit;
  readonly pods: readonly Pod[];
};

export type Daemons = {
  readonly set: DaemonSet;
  /** Of the template as it is now. */
  readonly hash: string;
  readonly places: readonly Place[];
  readonly nowMs: number;
};

const nowhere: Fit = { runs: false, stays: false };

export function daemonsOf(
  set: DaemonSet,
  { nodes, pods, hash, nowMs }: { nodes: readonly Node[]; pods: readonly Pod[]; hash: string; nowMs: number },
): Daemons {
  const byNode = new Map<string, Pod[]>();
  for (const pod of pods) {
    // What is over and going away holds no place.
    if (isPodTerminal(pod) && isGoing(pod)) continue;
    const node = targetNode(pod);
    if (node === undefined) continue;
    const there = byNode.get(node);
    if (there === undefined) byNode.set(node, [pod]);
    else there.push(pod);
  }
  const fitOf = nodeFitOf(set);
  const places: Place[] = [];
  for (const node of nodes) {
    const { name } = node.metadata;
    places.push({ node: name, exists: true, fit: fitOf(node), pods: (byNode.get(name) ?? []).toSorted(byAge) });
    byNode.delete(name);
  }
  for (const [node, pods] of byNode) places.push({ node, exists: false, fit: nowhere, pods: pods.toSorted(byAge) });
  return { set, hash, places, nowMs };
}

export function isGoing({ metadata }: Pod): boolean {
  return metadata.deletionTimestamp !== undefined;
}

export function isAvailable({ set, nowMs }: Daemons, pod: Pod): boolean {
  return isPodAvailable(pod, { minReadySeconds: set.spec.minReadySeconds, nowMs });
}

export function isOfHash({ set, hash }: Daemons, pod: Pod): boolean {
  return isUpdated(set, pod, hash);
}

/** Pods that have a node first, then the older ones. */
function byAge(a: Pod, b: Pod): number {
  const placed = (pod: Pod) => ((pod.spec.nodeName ?? '') === '' ? 1 : 0);
  if (placed(a) !== placed(b)) return placed(a) - placed(b);
  const [created, other] = [a.metadata.creationTimestamp ?? '', b.metadata.creationTimestamp ?? ''];
  if (created !== other) return created < other ? -1 : 1;
  return a.metadata.name < b.metadata.name ? -1 : 1;
}
