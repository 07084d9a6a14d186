// Runs a profile's Reserve plugins. Invariant: whatever was reserved for a pod is given back exactly when its binding
// does not come about, in reverse order.

import type { Rejection } from './framework.ts';
import type { WaitingPod } from './pod-shape.ts';
import type { PreparationInput } from './preparation.ts';

/** Why the pod cannot have the node after all; then nothing stays reserved. */
export function reserve(pod: WaitingPod, input: PreparationInput, nowMs: number): Rejection | undefined {
  const { node, profile, cluster, state } = input;
  for (const plugin of profile.reserves ?? []) {
    const rejection = plugin.reserve(pod, node, { cluster, state, nowMs });
    if (rejection === undefined) continue;
    unreserve(pod, input, nowMs);
    return rejection;
  }
  return undefined;
}

export function unreserve(pod: WaitingPod, { node, profile, cluster, state }: PreparationInput, nowMs: number): void {
  for (const plugin of (profile.reserves ?? []).toReversed()) {
    plugin.unreserve(pod, node, { cluster, state, nowMs });
  }
}
