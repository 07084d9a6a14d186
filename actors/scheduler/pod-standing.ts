// What a recorded pod is to the scheduler, and which changes of a pod it needs to hear of at all: nearly all changes are
// status updates of running pods, which concern it least.

import type { Labels } from '../../streams/resources/meta.ts';
import type { Pod } from '../../streams/resources/pod.ts';
import type { Profile } from './framework.ts';
import { defaultSchedulerName } from './pod-shape.ts';

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

/** False where the change cannot alter what the scheduler holds of the pod. */
export function concernsScheduling(before: Pod, after: Pod): boolean {
  if (before.metadata.uid !== after.metadata.uid) return true;
  if (after.spec.nodeName === undefined || after.spec.nodeName !== before.spec.nodeName) return true;
  if (isOver(before) !== isOver(after)) return true;
  if ((before.metadata.deletionTimestamp === undefined) !== (after.metadata.deletionTimestamp === undefined))
    return true;
  if (!sameLabels(before.metadata.labels, after.metadata.labels)) return true;
  // The generation counts changes of the spec.
  const { generation } = after.metadata;
  return generation === undefined || generation !== before.metadata.generation;
}

function isOver({ status }: Pod): boolean {
  return status?.phase === 'Succeeded' || status?.phase === 'Failed';
}

function sameLabels(a: Labels = {}, b: Labels = {}): boolean {
  for (const key in a) if (a[key] !== b[key]) return false;
  for (const key in b) if (!(key in a)) return false;
  return true;
}
