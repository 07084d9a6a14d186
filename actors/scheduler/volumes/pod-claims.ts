// A waiting pod's claims as volume scheduling sees them: bound ones hold the pod to where their volumes are, those that
// wait for a consumer get their volume with the pod's node, and everything else keeps the pod from being tried.

import { resources } from '../../../streams/resources/names.ts';
import { claimNameOf } from '../../../streams/resources/pod-claims.ts';
import type { PersistentVolumeClaim, PodVolume, StorageClass } from '../../../streams/resources/storage.ts';
import type { ObjectReader } from '../../../streams/views/object-reader.ts';
import { classOf, isClaimForPod, isFullyBound, waitsForConsumer } from '../../volumes/claims.ts';
import type { WaitingPod } from '../pod-shape.ts';

export type DelayedClaim = { readonly claim: PersistentVolumeClaim; readonly storageClass: StorageClass };

export type PodClaims =
  | { readonly kind: 'none' }
  /** Why no node will do for now. */
  | { readonly kind: 'unusable'; readonly reason: string }
  | {
      readonly kind: 'claims';
      readonly bound: readonly PersistentVolumeClaim[];
      readonly delayed: readonly DelayedClaim[];
    };

export function podClaims(world: ObjectReader, pod: WaitingPod): PodClaims {
  const bound: PersistentVolumeClaim[] = [];
  const delayed: DelayedClaim[] = [];
  let waitsForBinder = false;
  for (const volume of (pod.volumes ?? []) as readonly PodVolume[]) {
    const name = claimNameOf(pod.pod, volume);
    if (name === undefined) continue;
    const claim = world.get<PersistentVolumeClaim>(resources.persistentVolumeClaims, {
      namespace: pod.namespace,
      name,
    });
    const reason = unusable(pod, { claim, name, isEphemeral: volume.ephemeral !== undefined });
    if (claim === undefined || reason !== undefined) return { kind: 'unusable', reason: reason ?? '' };
    if (isFullyBound(claim)) {
      bound.push(claim);
      continue;
    }
    const storageClass = classOf(world, claim);
    const asksByName = (claim.spec.volumeName ?? '') !== '';
    if (storageClass === undefined || asksByName || !waitsForConsumer(storageClass)) waitsForBinder = true;
    else delayed.push({ claim, storageClass });
  }
  if (waitsForBinder) return { kind: 'unusable', reason: 'pod has unbound immediate PersistentVolumeClaims' };
  return bound.length + delayed.length === 0 ? { kind: 'none' } : { kind: 'claims', bound, delayed };
}

function unusable(
  pod: WaitingPod,
  {
    claim,
    name,
    isEphemeral,
  }: { readonly claim: PersistentVolumeClaim | undefined; readonly name: string; readonly isEphemeral: boolean },
): string | undefined {
  if (claim === undefined) {
    return isEphemeral
      ? `waiting for ephemeral volume controller to create the persistentvolumeclaim "${name}"`
      : `persistentvolumeclaim "${name}" not found`;
  }
  if (claim.status?.phase === 'Lost') {
    return `persistentvolumeclaim "${name}" bound to non-existent persistentvolume "${claim.spec.volumeName ?? ''}"`;
  }
  if (claim.metadata.deletionTimestamp !== undefined) return `persistentvolumeclaim "${name}" is being deleted`;
  if (!isEphemeral || isClaimForPod(claim, pod.pod)) return undefined;
  const owner = `${pod.namespace}/${pod.name}`;
  return `PVC ${pod.namespace}/${name} was not created for pod ${owner} (pod is not owner)`;
}

/** Whether the claim is one of the pod's. */
export function isClaimOf(pod: WaitingPod, { metadata }: Pick<PersistentVolumeClaim, 'metadata'>): boolean {
  if (metadata.namespace !== pod.namespace || pod.volumes === undefined) return false;
  return (pod.volumes as readonly PodVolume[]).some((volume) => claimNameOf(pod.pod, volume) === metadata.name);
}
