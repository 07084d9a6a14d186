// What is to be done about a volume: say which phase it is in, undo a binding that came to nothing, and, once its claim is
// gone, what its reclaim policy wants. Source: pv_controller.go (syncVolume, reclaimVolume).

import type { KubeObject } from '../../../streams/resources/meta.ts';
import { resources } from '../../../streams/resources/names.ts';
import type { PersistentVolume, PersistentVolumeClaim, VolumePhase } from '../../../streams/resources/storage.ts';
import type { ObjectReader } from '../../../streams/views/object-reader.ts';
import { nothingToDo, type Plan, type PlannedNote } from '../../kit/controller.ts';
import { unboundVolume } from '../../volumes/binding.ts';
import { annotationOf, annotations, hasAnnotation } from '../../volumes/claims.ts';
import { hasOtherMode } from '../../volumes/matching.ts';
import { binderComponent } from './claim-side.ts';

export function volumeSide(world: ObjectReader, name: string): Plan {
  const volume = world.get<PersistentVolume>(resources.persistentVolumes, { name });
  if (volume === undefined) return nothingToDo;
  const { claimRef } = volume.spec;
  if ((claimRef?.uid ?? '') === '') return toPhase(volume, 'Available');
  const claim = world.get<PersistentVolumeClaim>(resources.persistentVolumeClaims, {
    namespace: claimRef?.namespace ?? '',
    name: claimRef?.name ?? '',
  });
  if (claim === undefined || claim.metadata.uid !== claimRef?.uid) return release(volume);
  const { volumeName = '' } = claim.spec;
  if (volumeName === '')
    return hasOtherMode(claim, volume) ? { writes: [], notes: modeNotes(volume, claim) } : nothingToDo;
  if (volumeName === name) return toPhase(volume, 'Bound');
  // The claim is bound elsewhere: what was made for it is not needed, anything else is free again.
  const madeForIt = hasAnnotation(volume, annotations.provisionedBy);
  if (madeForIt && volume.spec.persistentVolumeReclaimPolicy === 'Delete') return release(volume);
  return { writes: [{ kind: 'update', resource: resources.persistentVolumes, object: unboundVolume(volume) }] };
}

/** The claim is gone. A failure stays told while reclaiming is tried again. */
function release(volume: PersistentVolume): Plan {
  const { phase } = volume.status ?? {};
  return phase === 'Released' || phase === 'Failed' ? reclaim(volume) : toPhase(volume, 'Released');
}

function reclaim(volume: PersistentVolume): Plan {
  if (hasAnnotation(volume, annotations.migratedTo)) return nothingToDo;
  switch (volume.spec.persistentVolumeReclaimPolicy ?? 'Retain') {
    case 'Retain':
      return nothingToDo;
    case 'Delete':
      return remove(volume);
    case 'Recycle':
      return toPhase(volume, 'Failed', {
        reason: 'VolumeFailedRecycle',
        message: 'No recycler plugin found for the volume!',
      });
    default:
      return toPhase(volume, 'Failed', {
        reason: 'VolumeUnknownReclaimPolicy',
        message: 'Volume has unrecognized PersistentVolumeReclaimPolicy',
      });
  }
}

/** Whoever made a volume deletes it. What nobody made can be deleted here only where there is nothing behind it to lose. */
function remove(volume: PersistentVolume): Plan {
  const { name, uid, deletionTimestamp } = volume.metadata;
  const maker = annotationOf(volume, annotations.provisionedBy) ?? '';
  if (volume.spec.csi !== undefined || (maker !== '' && !maker.startsWith('kubernetes.io/'))) return nothingToDo;
  const { hostPath } = volume.spec;
  if (hostPath === undefined) {
    const message = `error getting deleter volume plugin for volume "${name}": no deletable volume plugin matched`;
    return toPhase(volume, 'Failed', { reason: 'VolumeFailedDelete', message });
  }
  if (!/^\/tmp\/.+/.test(hostPath.path)) {
    const message = `host_path deleter only supports /tmp/.+ but received provided ${hostPath.path}`;
    return toPhase(volume, 'Failed', { reason: 'VolumeFailedDelete', message });
  }
  if (deletionTimestamp !== undefined) return nothingToDo;
  return { writes: [{ kind: 'delete', resource: resources.persistentVolumes, namespace: '', name, uid }] };
}

function toPhase(
  volume: PersistentVolume,
  phase: VolumePhase,
  failure?: { readonly reason: string; readonly message: string },
): Plan {
  if (volume.status?.phase === phase) return nothingToDo;
  const { message: _, ...status } = volume.status ?? {};
  const object: PersistentVolume = {
    ...volume,
    status: { ...status, phase, ...(failure && { message: failure.message }) },
  };
  const write = { kind: 'update', resource: resources.persistentVolumes, subresource: 'status', object } as const;
  if (failure === undefined) return { writes: [write] };
  return { writes: [write], notes: [{ ...warning(volume, failure.reason, failure.message), after: write }] };
}

function modeNotes(volume: PersistentVolume, claim: PersistentVolumeClaim): PlannedNote[] {
  const why = 'due to incompatible volumeMode.';
  const toVolume = `Cannot bind PersistentVolume to requested PersistentVolumeClaim "${claim.metadata.name}" ${why}`;
  const toClaim = `Cannot bind PersistentVolume "${volume.metadata.name}" to requested PersistentVolumeClaim ${why}`;
  return [warning(volume, 'VolumeMismatch', toVolume), warning(claim, 'VolumeMismatch', toClaim)];
}

function warning(regarding: KubeObject, reason: string, message: string): PlannedNote {
  return { regarding, type: 'Warning', reason, message, component: binderComponent };
}
