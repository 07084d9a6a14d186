// What the binder says in a claim's status: its phase, and, while it has a volume, the volume's modes and size. The size is
// taken over when the claim becomes Bound and not after: from then on it is what expansion has reached.

import { resources } from '../../../streams/resources/names.ts';
import type {
  ClaimPhase,
  PersistentVolume,
  PersistentVolumeClaim,
  PersistentVolumeClaimStatus,
} from '../../../streams/resources/storage.ts';
import { sameJson } from '../../kit/same-json.ts';
import type { UpdateWrite } from '../../kit/write.ts';

/** On a volume that is being made larger: the size its file system still has. */
const preResizeCapacity = 'volume.alpha.kubernetes.io/pre-resize-capacity';

export function claimStatusWrites(
  claim: PersistentVolumeClaim,
  { phase, volume }: { readonly phase: ClaimPhase; readonly volume?: PersistentVolume },
): UpdateWrite[] {
  const status = volume === undefined ? without(claim, phase) : having(claim, volume, phase);
  if (sameJson(status, claim.status)) return [];
  const object: PersistentVolumeClaim = { ...claim, status };
  return [{ kind: 'update', resource: resources.persistentVolumeClaims, subresource: 'status', object }];
}

function without(claim: PersistentVolumeClaim, phase: ClaimPhase): PersistentVolumeClaimStatus {
  const { accessModes: _m, capacity: _c, currentVolumeAttributesClassName: _a, ...status } = claim.status ?? {};
  return { ...status, phase };
}

function having(
  claim: PersistentVolumeClaim,
  volume: PersistentVolume,
  phase: ClaimPhase,
): PersistentVolumeClaimStatus {
  const { status = {} } = claim;
  const { accessModes, capacity, volumeAttributesClassName } = volume.spec;
  const next = { ...status, phase, ...(accessModes && { accessModes }) };
  if (status.phase === phase) return next;
  const before = volume.metadata.annotations?.[preResizeCapacity];
  const reached = before === undefined ? capacity : { ...status.capacity, storage: before };
  return {
    ...next,
    ...(reached && { capacity: reached }),
    ...(status.phase === 'Pending' &&
      volumeAttributesClassName && { currentVolumeAttributesClassName: volumeAttributesClassName }),
  };
}
