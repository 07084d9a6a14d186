// The two ends of a binding, as new versions of volume and claim. The volume names the claim first, because the claim's
// word is what pods go by. Used by the binder and by the scheduler. Source: component-helpers/storage/volume.

import type { PersistentVolume, PersistentVolumeClaim } from '../../streams/resources/storage.ts';
import { annotations, hasAnnotation, withAnnotations } from './claims.ts';
import { isMeantFor } from './matching.ts';

/** The volume, naming the claim; the same object where it does already. */
export function boundVolume(volume: PersistentVolume, claim: PersistentVolumeClaim): PersistentVolume {
  const { namespace = '', name, uid } = claim.metadata;
  const { claimRef } = volume.spec;
  const named = claimRef?.name === name && claimRef.namespace === namespace && claimRef.uid === uid;
  const marked = isMeantFor(volume, claim) || hasAnnotation(volume, annotations.boundByController);
  if (named && marked) return volume;
  const next = named ? volume : { ...volume, spec: { ...volume.spec, claimRef: referenceTo(claim) } };
  return marked ? next : withAnnotations(next, { [annotations.boundByController]: 'yes' });
}

/** The claim, naming the volume, with binding said to be complete; the same object where it does already. */
export function boundClaim(claim: PersistentVolumeClaim, volume: PersistentVolume): PersistentVolumeClaim {
  const { name } = volume.metadata;
  const named = claim.spec.volumeName === name;
  if (named && hasAnnotation(claim, annotations.bindCompleted)) return claim;
  const next = named ? claim : { ...claim, spec: { ...claim.spec, volumeName: name } };
  return withAnnotations(next, {
    ...(named ? undefined : { [annotations.boundByController]: 'yes' }),
    [annotations.bindCompleted]: 'yes',
  });
}

/** The volume without its claim. One that a user reserved stays reserved, for whoever has that name. */
export function unboundVolume(volume: PersistentVolume): PersistentVolume {
  const { claimRef, ...spec } = volume.spec;
  if (claimRef === undefined) return volume;
  if (!hasAnnotation(volume, annotations.boundByController)) {
    const { uid: _u, resourceVersion: _r, ...reserved } = claimRef;
    return { ...volume, spec: { ...spec, claimRef: reserved } };
  }
  const { [annotations.boundByController]: _, ...kept } = volume.metadata.annotations ?? {};
  const { annotations: _a, ...metadata } = volume.metadata;
  return { ...volume, spec, metadata: Object.keys(kept).length === 0 ? metadata : { ...metadata, annotations: kept } };
}

export function referenceTo({ metadata }: PersistentVolumeClaim): NonNullable<PersistentVolume['spec']['claimRef']> {
  const { namespace = '', name, uid, resourceVersion } = metadata;
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    namespace,
    name,
    uid,
    ...(resourceVersion === undefined ? undefined : { resourceVersion }),
  };
}
