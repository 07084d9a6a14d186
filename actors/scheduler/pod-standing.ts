// What a recorded pod is to the scheduler: one that takes room, one that seeks a node, or nothing.

import type { Labels } from '../../streams/resources/meta.ts';
import type { Pod } from '../../streams/resources/pod.ts';
import type { ClusterSnapshot } from './cluster-snapshot.ts';
import type { Profile } from './framework.ts';
import type { NodeInfo } from './node-info.ts';
import { defaultSchedulerName, type WaitingPod } from './pod-shape.ts';

export type Standing =
  /** Takes room on a node. */
  | { readonly kind: 'placed'; readonly node: string }
  | { readonly kind: 'waiting'; readonly profile: Profile }
  /** Over, on its way out without a node, or another scheduler's. */
  | { readonly kind: 'none' };

const none: Standing = { kind: 'none' };

export function standingOf({ metadata, spec, status }: Pod, profiles: ReadonlyMap<string, Profile>): Standing {
  if (status?.phase === 'Succeeded' || status?.phase === 'Failed') return none;
  if (spec.nodeName !== undefined && spec.nodeName !== '') return { kind: 'placed', node: spec.nodeName };
  if (metadata.deletionTimestamp !== undefined) return none;
  const profile = profiles.get(spec.schedulerName ?? defaultSchedulerName);
  return profile === undefined ? none : { kind: 'waiting', profile };
}

/** True where some plugin does not let the pod be tried yet. */
export function isGated(info: WaitingPod, profile: Profile, cluster: ClusterSnapshot): boolean {
  return gateOf(info, profile, cluster) !== undefined;
}

/** What keeps the pod from being tried. */
export function gateOf(info: WaitingPod, { preEnqueue }: Profile, cluster: ClusterSnapshot): string | undefined {
  for (const plugin of preEnqueue) {
    const gate = plugin.preEnqueue(info, cluster);
    if (gate !== undefined) return gate;
  }
  return undefined;
}

export function sameLabels(a: Labels = {}, b: Labels = {}): boolean {
  for (const key in a) if (a[key] !== b[key]) return false;
  for (const key in b) if (!Object.hasOwn(a, key)) return false;
  return true;
}

/** How many of the pod's device claims are known by name. */
export function claimsNoted({ status }: Pod): number {
  return status?.resourceClaimStatuses?.length ?? 0;
}

/** Whether pods less important than that are on their way out there. */
export function hasEndingPods({ pods }: NodeInfo, priority: number): boolean {
  for (const { shape } of pods.values()) if (shape.terminating && shape.priority < priority) return true;
  return false;
}
