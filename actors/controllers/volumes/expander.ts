// The volume expander: a bound claim that asks for more than its volume has. The local provisioner's volumes are simply
// made larger, told step by step as upstream's resizer tells it; for all others somebody outside is waited for.
// Source: expand_controller.go, external-resizer, KEP-1790 (allocatedResources).

import { resources } from '../../../streams/resources/names.ts';
import { quantityOf } from '../../../streams/resources/quantity.ts';
import type {
  PersistentVolume,
  PersistentVolumeClaim,
  PersistentVolumeClaimStatus,
} from '../../../streams/resources/storage.ts';
import { holds, withCondition, withoutCondition } from '../../kit/conditions.ts';
import {
  type Controller,
  type Key,
  nothingToDo,
  type Plan,
  type PlannedNote,
  type ReconcileInput,
  type WatchedChange,
} from '../../kit/controller.ts';
import { keyOfObject, parseKey } from '../../kit/object-key.ts';
import type { UpdateWrite } from '../../kit/write.ts';
import { annotationOf, annotations, isLarger, requestedStorage, storageCapacity } from '../../volumes/claims.ts';
import { localProvisionerName } from './local-provisioner.ts';

const resizing = 'Resizing';

export function volumeExpander(): Controller {
  return {
    name: 'persistentvolume-expander-controller',
    user: 'system:serviceaccount:kube-system:expand-controller',
    workers: 10,
    watches: [
      { resource: resources.persistentVolumeClaims, keys: keysOfClaim },
      { resource: resources.persistentVolumes, keys: keysOfVolume },
    ],
    reconcile,
  };
}

function reconcile({ world, key, nowMs }: ReconcileInput): Plan {
  const claim = world.get<PersistentVolumeClaim>(resources.persistentVolumeClaims, parseKey(key));
  if (claim === undefined || !isGrowing(claim)) return nothingToDo;
  const volume = world.get<PersistentVolume>(resources.persistentVolumes, { name: claim.spec.volumeName ?? '' });
  if (volume?.spec.claimRef?.uid !== claim.metadata.uid) return nothingToDo;
  if (annotationOf(volume, annotations.provisionedBy) !== localProvisionerName) {
    return { writes: [], notes: volume.spec.csi === undefined ? [elsewhere(claim)] : [] };
  }
  if (!holds(claim.status?.conditions, resizing)) return begin(claim, volume, nowMs);
  if (isLarger(requestedStorage(claim.spec), storageCapacity(volume))) return enlarge(claim, volume);
  return finish(claim, volume);
}

/** Bound, and asking for more than it has. */
function isGrowing({ spec, status }: PersistentVolumeClaim): boolean {
  if (status?.phase !== 'Bound') return false;
  return isLarger(requestedStorage(spec), quantityOf(status.capacity?.storage ?? '0'));
}

function begin(claim: PersistentVolumeClaim, volume: PersistentVolume, nowMs: number): Plan {
  const storage = claim.spec.resources?.requests?.storage ?? '0';
  const write = statusWrite(claim, {
    ...claim.status,
    allocatedResources: { ...claim.status?.allocatedResources, storage },
    allocatedResourceStatuses: { ...claim.status?.allocatedResourceStatuses, storage: 'ControllerResizeInProgress' },
    conditions: withCondition(claim.status?.conditions, { type: resizing, status: 'True' }, nowMs),
  });
  const message = `External resizer is resizing volume ${volume.metadata.name}`;
  return { writes: [write], notes: [{ ...note(claim, resizing, message), after: write }] };
}

function enlarge({ spec }: PersistentVolumeClaim, volume: PersistentVolume): Plan {
  const capacity = { ...volume.spec.capacity, storage: spec.resources?.requests?.storage ?? '0' };
  const object: PersistentVolume = { ...volume, spec: { ...volume.spec, capacity } };
  return { writes: [{ kind: 'update', resource: resources.persistentVolumes, object }] };
}

function finish(claim: PersistentVolumeClaim, volume: PersistentVolume): Plan {
  const { allocatedResourceStatuses, conditions: told, ...status } = claim.status ?? {};
  const { storage: _, ...others } = allocatedResourceStatuses ?? {};
  const conditions = withoutCondition(told, resizing);
  const write = statusWrite(claim, {
    ...status,
    capacity: { ...status.capacity, storage: volume.spec.capacity?.storage ?? '0' },
    ...(conditions.length > 0 && { conditions }),
    ...(Object.keys(others).length > 0 && { allocatedResourceStatuses: others }),
  });
  return {
    writes: [write],
    notes: [{ ...note(claim, 'VolumeResizeSuccessful', 'Resize volume succeeded'), after: write }],
  };
}

function elsewhere(claim: PersistentVolumeClaim): PlannedNote {
  const message = 'waiting for an external controller to expand this PVC';
  return { ...note(claim, 'ExternalExpanding', message), type: 'Warning', component: 'volume_expand' };
}

function statusWrite(claim: PersistentVolumeClaim, status: PersistentVolumeClaimStatus): UpdateWrite {
  const object: PersistentVolumeClaim = { ...claim, status };
  return { kind: 'update', resource: resources.persistentVolumeClaims, subresource: 'status', object };
}

function note(regarding: PersistentVolumeClaim, reason: string, message: string): PlannedNote {
  return { regarding, type: 'Normal', reason, message, component: `external-resizer ${localProvisionerName}` };
}

function keysOfClaim({ type, current }: WatchedChange): readonly Key[] {
  const claim = current.object as PersistentVolumeClaim;
  return type === 'DELETED' || !isGrowing(claim) ? [] : [keyOfObject(claim)];
}

/** A volume that grew lets its claim be finished. */
function keysOfVolume({ type, current, previous }: WatchedChange): readonly Key[] {
  const [volume, before] = [current.object as PersistentVolume, previous?.object as PersistentVolume | undefined];
  const { claimRef } = volume.spec;
  if (type === 'DELETED' || claimRef?.name === undefined) return [];
  const same = before !== undefined && !isLarger(storageCapacity(volume), storageCapacity(before));
  return same ? [] : [`${claimRef.namespace}/${claimRef.name}`];
}
