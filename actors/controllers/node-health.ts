// Whether a node still gives signs of life, and what its conditions are once it does not. Signs of life are timed by the
// API server's clock when they were recorded, never by the node's own, which may be wrong.

import { type Condition, timestamp } from '../../streams/resources/meta.ts';
import { resources } from '../../streams/resources/names.ts';
import type { Node } from '../../streams/resources/node.ts';
import type { ObjectReader } from '../../streams/views/object-reader.ts';
import { findCondition } from '../kit/conditions.ts';

export const leaseNamespace = 'kube-node-lease';

/** Conditions nobody but the kubelet can tell; without it they are unknown. */
const reportedConditions = ['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure'] as const;

export type Grace = {
  /** How long a node may be silent. */
  readonly monitorMs: number;
  /** How long a node that has never reported may take to do so. */
  readonly startupMs: number;
};

export function readyStatus(node: Node): Condition['status'] | undefined {
  return findCondition(node.status?.conditions, 'Ready')?.status;
}

/**
 * When the node's silence becomes too long, milliseconds since the Unix epoch. Silence counts from its last renewed
 * lease or its last posted status, and never from before `sinceMs`, because nobody listened then.
 */
export function silentFromMs(
  world: ObjectReader,
  node: Node,
  { grace, sinceMs }: { grace: Grace; sinceMs: number },
): number {
  const { name, creationTimestamp } = node.metadata;
  const ready = findCondition(node.status?.conditions, 'Ready');
  const lease = world.stored(resources.leases, { namespace: leaseNamespace, name });
  const recordedMs = world.stored(resources.nodes, { name })?.timeMs ?? 0;
  // The heartbeat in the status is by the node's own clock, which may be ahead: it cannot be newer than its record.
  const postedMs = Math.min(timeMs(ready?.lastHeartbeatTime) ?? 0, recordedMs);
  const heardMs = Math.max(lease?.timeMs ?? 0, postedMs, timeMs(creationTimestamp) ?? 0, sinceMs);
  return heardMs + (ready === undefined && lease === undefined ? grace.startupMs : grace.monitorMs);
}

/** The node's conditions once it is silent; the same list where they already say so. */
export function silentConditions({ metadata, status }: Node, nowMs: number): readonly Condition[] {
  let conditions = status?.conditions ?? [];
  for (const type of reportedConditions) {
    const before = findCondition(conditions, type);
    if (before === undefined) {
      const never: Condition = {
        type,
        status: 'Unknown',
        ...(metadata.creationTimestamp === undefined ? undefined : { lastHeartbeatTime: metadata.creationTimestamp }),
        lastTransitionTime: timestamp(nowMs),
        reason: 'NodeStatusNeverUpdated',
        message: 'Kubelet never posted node status.',
      };
      conditions = [...conditions, never];
    } else if (before.status !== 'Unknown') {
      const unknown: Condition = {
        ...before,
        status: 'Unknown',
        lastTransitionTime: timestamp(nowMs),
        reason: 'NodeStatusUnknown',
        message: 'Kubelet stopped posting node status.',
      };
      conditions = conditions.map((condition) => (condition === before ? unknown : condition));
    }
  }
  return conditions;
}

function timeMs(text: string | undefined): number | undefined {
  const ms = Date.parse(text ?? '');
  return Number.isNaN(ms) ? undefined : ms;
}
