// What a pod's status says about it, in the words controllers ask in: ready, available, active, over.

import type { Condition } from '../../streams/resources/meta.ts';
import type { Pod } from '../../streams/resources/pod.ts';

export function podCondition(pod: Pod, type: string): Condition | undefined {
  // A plain loop: controllers ask this of thousands of pods at a time.
  for (const condition of pod.status?.conditions ?? none) if (condition.type === type) return condition;
  return undefined;
}

const none: readonly Condition[] = [];

export function isPodReady(pod: Pod): boolean {
  return podCondition(pod, 'Ready')?.status === 'True';
}

/** It has ended and will not run again. */
export function isPodTerminal(pod: Pod): boolean {
  const phase = pod.status?.phase;
  return phase === 'Succeeded' || phase === 'Failed';
}

/** Counts as one of its controller's replicas: neither over nor going away. */
export function isPodActive(pod: Pod): boolean {
  return pod.metadata.deletionTimestamp === undefined && !isPodTerminal(pod);
}

/** It is going away but its containers may still run. */
export function isPodTerminating(pod: Pod): boolean {
  return pod.metadata.deletionTimestamp !== undefined && !isPodTerminal(pod);
}

/** Since when it has been ready, milliseconds since the Unix epoch; undefined where it is not, or does not say. */
export function podReadySinceMs(pod: Pod): number | undefined {
  const ready = podCondition(pod, 'Ready');
  if (ready?.status !== 'True' || ready.lastTransitionTime === undefined) return undefined;
  const ms = Date.parse(ready.lastTransitionTime);
  return Number.isNaN(ms) ? undefined : ms;
}

export type Availability = { readonly minReadySeconds: number | undefined; readonly nowMs: number };

/** Ready for at least `minReadySeconds`. */
export function isPodAvailable(pod: Pod, { minReadySeconds = 0, nowMs }: Availability): boolean {
  if (!isPodReady(pod)) return false;
  if (minReadySeconds === 0) return true;
  const sinceMs = podReadySinceMs(pod);
  return sinceMs !== undefined && sinceMs + minReadySeconds * 1000 <= nowMs;
}

/** How long until a ready pod counts as available; undefined where time alone will not make it so. */
export function availableInMs(pod: Pod, { minReadySeconds = 0, nowMs }: Availability): number | undefined {
  const sinceMs = podReadySinceMs(pod);
  if (sinceMs === undefined || minReadySeconds === 0) return undefined;
  const ms = sinceMs + minReadySeconds * 1000 - nowMs;
  return ms > 0 ? ms : undefined;
}

/** How long until the next of the ready pods counts as available. */
export function nextAvailableInMs(pods: readonly Pod[], availability: Availability): number | undefined {
  if ((availability.minReadySeconds ?? 0) === 0) return undefined;
  let soonest: number | undefined;
  for (const pod of pods) {
    const ms = availableInMs(pod, availability);
    if (ms !== undefined && (soonest === undefined || ms < soonest)) soonest = ms;
  }
  return soonest;
}
