// The identity of a stateful set's pods: an ordinal each, from the first one up, which their names end with.

import type { Pod } from '../../../streams/resources/pod.ts';
import type { StatefulSet } from '../../../streams/resources/workload.ts';

/** A pod's place in the set; undefined where its name is none of the set's. */
export function ordinalOf({ metadata: { name: setName } }: StatefulSet, podName: string): number | undefined {
  if (!podName.startsWith(`${setName}-`)) return undefined;
  const digits = podName.slice(setName.length + 1);
  // `web-01` is no pod of `web`: it would stand beside `web-1` with the same ordinal.
  if (!/^(0|[1-9]\d{0,9})$/.test(digits)) return undefined;
  const ordinal = Number(digits);
  return ordinal < 2 ** 31 ? ordinal : undefined;
}

export function firstOrdinal({ spec }: StatefulSet): number {
  return spec.ordinals?.start ?? 0;
}

export function wantedReplicas({ spec }: StatefulSet): number {
  return spec.replicas ?? 1;
}

export function isInRange(set: StatefulSet, ordinal: number): boolean {
  const first = firstOrdinal(set);
  return ordinal >= first && ordinal < first + wantedReplicas(set);
}

export function podNameOf({ metadata: { name } }: StatefulSet, ordinal: number): string {
  return `${name}-${ordinal}`;
}

/** One for each pod the set wants, with the pod where it exists. */
export type Slot = { readonly ordinal: number; readonly pod: Pod | undefined };

export type Ranks = {
  /** From the first ordinal up. */
  readonly slots: readonly Slot[];
  /** Pods beyond the range, from the last ordinal down. */
  readonly condemned: readonly Pod[];
};

export function ranked(set: StatefulSet, pods: readonly Pod[]): Ranks {
  const first = firstOrdinal(set);
  const slots: Slot[] = Array.from({ length: wantedReplicas(set) }, (_, i) => ({ ordinal: first + i, pod: undefined }));
  const condemned: { readonly ordinal: number; readonly pod: Pod }[] = [];
  for (const pod of pods) {
    const ordinal = ordinalOf(set, pod.metadata.name);
    if (ordinal === undefined) continue;
    if (isInRange(set, ordinal)) slots[ordinal - first] = { ordinal, pod };
    else condemned.push({ ordinal, pod });
  }
  return { slots, condemned: condemned.toSorted((a, b) => b.ordinal - a.ordinal).map(({ pod }) => pod) };
}
