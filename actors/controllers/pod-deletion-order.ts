// Which of a replica set's pods go first when it has too many: those that do the least, then those that have done it
// for the shortest time.

import type { Pod } from '../../streams/resources/pod.ts';
import { isPodReady, podReadySinceMs } from '../pod/pod-conditions.ts';

const costAnnotation = 'controller.kubernetes.io/pod-deletion-cost';
const phases: Readonly<Record<string, number>> = { Pending: 0, Unknown: 1, Running: 2 };

export type DeletionOrder = {
  /** Pods of the same owner, on the same node or not: the more of them share a node, the sooner one of them goes. */
  readonly siblings: readonly Pod[];
  readonly minReadySeconds: number | undefined;
  readonly nowMs: number;
};

/** The `count` pods to delete. */
export function podsToDelete(pods: readonly Pod[], count: number, order: DeletionOrder): readonly Pod[] {
  if (count >= pods.length) return pods;
  const perNode = new Map<string, number>();
  for (const { spec } of order.siblings) {
    const node = spec.nodeName ?? '';
    if (node !== '') perNode.set(node, (perNode.get(node) ?? 0) + 1);
  }
  return pods
    .map((pod) => rank(pod, perNode.get(pod.spec.nodeName ?? '') ?? 0, order))
    .sort(compare)
    .slice(0, count)
    .map(({ pod }) => pod);
}

/** What decides, the most important first; the smaller goes first. */
type Ranked = { readonly pod: Pod; readonly ranks: readonly number[]; readonly uid: string };

function rank(pod: Pod, onSameNode: number, { minReadySeconds = 0, nowMs }: DeletionOrder): Ranked {
  const { metadata, spec, status } = pod;
  const ready = isPodReady(pod);
  const readyMs = nowMs - (podReadySinceMs(pod) ?? nowMs);
  const createdMs = Date.parse(metadata.creationTimestamp ?? '');
  const ranks = [
    (spec.nodeName ?? '') === '' ? 0 : 1,
    phases[status?.phase ?? 'Pending'] ?? 1,
    ready ? 1 : 0,
    deletionCost(pod),
    -onSameNode,
    // Times are compared by their order of magnitude, so that not always the newest pod goes.
    ready ? magnitude(readyMs) : 0,
    ready && readyMs >= minReadySeconds * 1000 ? 1 : 0,
    -restarts(pod),
    magnitude(Number.isNaN(createdMs) ? 0 : nowMs - createdMs),
  ];
  return { pod, ranks, uid: metadata.uid };
}

function compare(a: Ranked, b: Ranked): number {
  for (const [index, rank] of a.ranks.entries()) {
    const difference = rank - (b.ranks[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.uid < b.uid ? -1 : 1;
}

/** Logarithm to base 2, rounded down; -1 for no time at all. */
function magnitude(ms: number): number {
  return ms <= 0 ? -1 : Math.floor(Math.log2(ms * 1e6));
}

function deletionCost({ metadata }: Pod): number {
  const cost = metadata.annotations?.[costAnnotation];
  return cost !== undefined && /^(0|[+-]?[1-9][0-9]*)$/.test(cost) ? Number(cost) : 0;
}

function restarts({ status }: Pod): number {
  let most = 0;
  for (const { restartCount } of status?.containerStatuses ?? []) most = Math.max(most, restartCount);
  return most;
}
