// How many pods came into which part of the queue and through which event, in the words of kube-scheduler's metric
// scheduler_queue_incoming_pods_total.

import type { ClusterEvent } from './framework.ts';
import type { Place } from './queued-pod.ts';

export class IncomingCounts {
  readonly #counts = new Map<string, number>();

  count(place: Place, event: string): void {
    const key = `${place} ${event}`;
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
  }

  *entries(): Iterable<{ readonly queue: Place; readonly event: string; readonly count: number }> {
    for (const [key, count] of this.#counts) {
      const [queue = '', event = ''] = key.split(' ');
      yield { queue: queue as Place, event, count };
    }
  }
}

export function labelOf(event: ClusterEvent): string {
  switch (event.kind) {
    case 'nodeAdded':
      return 'NodeAdd';
    case 'nodeRemoved':
      return 'NodeDelete';
    case 'nodeChanged':
      return nodeUpdate(event.aspects);
    case 'podPlaced':
      return 'AssignedPodAdd';
    case 'podLeft':
      return 'AssignedPodDelete';
    case 'objectChanged':
      return `${event.object.kind}${{ ADDED: 'Add', MODIFIED: 'Update', DELETED: 'Delete' }[event.change]}`;
    default:
      return event satisfies never;
  }
}

function nodeUpdate(aspects: Extract<ClusterEvent, { kind: 'nodeChanged' }>['aspects']): string {
  if (aspects.allocatable) return 'NodeAllocatableChange';
  if (aspects.labels) return 'NodeLabelChange';
  return aspects.taints ? 'NodeTaintChange' : 'NodeConditionChange';
}
