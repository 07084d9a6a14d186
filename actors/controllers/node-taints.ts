// A node's taints as they follow from its conditions: no new pods on a node in trouble, and no old ones either on a
// node that is not ready or cannot be reached.

import { timestamp } from '../../streams/resources/meta.ts';
import type { Node, Taint } from '../../streams/resources/node.ts';
import { findCondition } from '../kit/conditions.ts';
import { readyStatus } from './node-health.ts';

const notReady = 'node.kubernetes.io/not-ready';
const unreachable = 'node.kubernetes.io/unreachable';
const unschedulable = 'node.kubernetes.io/unschedulable';
/** Condition that is True → taint. */
const troubles = {
  MemoryPressure: 'node.kubernetes.io/memory-pressure',
  DiskPressure: 'node.kubernetes.io/disk-pressure',
  PIDPressure: 'node.kubernetes.io/pid-pressure',
  NetworkUnavailable: 'node.kubernetes.io/network-unavailable',
} as const;
const managed: ReadonlySet<string> = new Set([notReady, unreachable, unschedulable, ...Object.values(troubles)]);

/** One of the two taints that drive pods away because of the node's health. */
export function isHealthTaint({ key, effect }: Taint): boolean {
  return effect === 'NoExecute' && (key === notReady || key === unreachable);
}

/** The taint that is to drive the node's pods away; undefined for a healthy node. */
export function healthTaintKey(node: Node): string | undefined {
  const ready = readyStatus(node);
  return ready === 'False' ? notReady : ready === 'Unknown' ? unreachable : undefined;
}

/**
 * The node's taints as they should be; undefined where they are so already. Taints that others have set are kept; `evict` says
 * whether the health taint is put on, and one that is there already only changes its key.
 */
export function taintsOf(
  node: Node,
  { evict, nowMs }: { evict: boolean; nowMs: number },
): readonly Taint[] | undefined {
  const before = node.spec?.taints ?? [];
  const wanted = noScheduleKeys(node);
  const timeAdded = timestamp(nowMs);
  const taints: Taint[] = [];
  for (const taint of before) {
    if (isHealthTaint(taint) || (taint.effect === 'NoSchedule' && managed.has(taint.key))) continue;
    // Whoever tolerates it for a while needs to know since when it is there.
    taints.push(taint.effect === 'NoExecute' && taint.timeAdded === undefined ? { ...taint, timeAdded } : taint);
  }
  for (const key of wanted) {
    taints.push(
      before.find((taint) => taint.key === key && taint.effect === 'NoSchedule') ?? noSchedule(key, timeAdded),
    );
  }
  const health = evict ? healthTaintKey(node) : undefined;
  if (health !== undefined) {
    const kept = before.find((taint) => isHealthTaint(taint) && taint.key === health);
    taints.push(kept ?? { key: health, effect: 'NoExecute', timeAdded });
  }
  return sameTaints(before, taints) ? undefined : taints;
}

function noScheduleKeys(node: Node): string[] {
  const keys: string[] = [];
  const { conditions } = node.status ?? {};
  const ready = readyStatus(node);
  const before = node.spec?.taints ?? [];
  // A node that has said nothing yet keeps the taint it joined with.
  const joining = ready === undefined && before.some(({ key, effect }) => key === notReady && effect === 'NoSchedule');
  if (ready === 'False' || joining) keys.push(notReady);
  if (ready === 'Unknown') keys.push(unreachable);
  for (const type in troubles) {
    const key = troubles[type as keyof typeof troubles];
    if (findCondition(conditions, type)?.status === 'True') keys.push(key);
  }
  if (node.spec?.unschedulable === true) keys.push(unschedulable);
  return keys;
}

function noSchedule(key: string, timeAdded: string): Taint {
  return { key, effect: 'NoSchedule', timeAdded };
}

/** The order of taints means nothing. */
function sameTaints(a: readonly Taint[], b: readonly Taint[]): boolean {
  return a.length === b.length && b.every((taint) => a.includes(taint));
}
