// The ephemeral volume controller: a pod that brings its own volume gets the claim for it, named after pod and volume and
// owned by the pod, so that it goes with it. A claim of that name that belongs to somebody else is left alone and told.

import { controllerOf } from '../../../streams/resources/meta.ts';
import { resources } from '../../../streams/resources/names.ts';
import type { Pod } from '../../../streams/resources/pod.ts';
import { claimNameOf, volumesOf } from '../../../streams/resources/pod-claims.ts';
import type { PersistentVolumeClaim, PodVolume } from '../../../streams/resources/storage.ts';
import {
  type Controller,
  type FailedWrite,
  type Key,
  nothingToDo,
  type Plan,
  type PlannedNote,
  type ReconcileInput,
  type WatchedChange,
} from '../../kit/controller.ts';
import { keyOfObject, parseKey } from '../../kit/object-key.ts';
import { controllerReference } from '../../kit/owners.ts';
import type { CreateWrite } from '../../kit/write.ts';
import { isClaimForPod } from '../../volumes/claims.ts';

export function ephemeralVolumeController(): Controller {
  return {
    name: 'ephemeral-volume-controller',
    user: 'system:serviceaccount:kube-system:ephemeral-volume-controller',
    workers: 5,
    watches: [
      { resource: resources.pods, keys: keysOfPod },
      { resource: resources.persistentVolumeClaims, keys: keysOfClaim },
    ],
    reconcile,
  };
}

function reconcile({ world, key, failures }: ReconcileInput): Plan {
  const pod = world.get<Pod>(resources.pods, parseKey(key));
  if (pod === undefined || pod.metadata.deletionTimestamp !== undefined) return nothingToDo;
  const { namespace = '' } = pod.metadata;
  const writes: CreateWrite[] = [];
  const notes: PlannedNote[] = failures.flatMap((failure) => refused(pod, failure));
  for (const volume of volumesOf(pod)) {
    const name = claimNameOf(pod, volume);
    if (volume.ephemeral === undefined || name === undefined) continue;
    const claim = world.get<PersistentVolumeClaim>(resources.persistentVolumeClaims, { namespace, name });
    if (claim === undefined) writes.push(newClaim(pod, volume, name));
    else if (!isClaimForPod(claim, pod)) {
      const why = `PVC ${namespace}/${name} was not created for pod ${namespace}/${pod.metadata.name} (pod is not owner)`;
      notes.push(note(pod, `ephemeral volume ${volume.name}: ${why}`));
    }
  }
  return { writes, notes };
}

function newClaim(pod: Pod, { ephemeral }: PodVolume, name: string): CreateWrite {
  const { metadata = {}, spec } = ephemeral?.volumeClaimTemplate ?? { spec: {} };
  const { labels, annotations } = metadata;
  const object = {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: {
      name,
      namespace: pod.metadata.namespace ?? '',
      ...(labels && { labels }),
      ...(annotations && { annotations }),
      ownerReferences: [controllerReference(pod)],
    },
    spec,
  };
  return { kind: 'create', resource: resources.persistentVolumeClaims, object };
}

function refused(pod: Pod, { write, reason, message }: FailedWrite): PlannedNote[] {
  if (write.kind !== 'create' || reason === 'AlreadyExists') return [];
  const { name = '' } = write.object.metadata;
  const volume = name.slice(pod.metadata.name.length + 1);
  return [note(pod, `ephemeral volume ${volume}: create PVC ${name}: ${message}`)];
}

function note(regarding: Pod, message: string): PlannedNote {
  return { regarding, type: 'Warning', reason: 'FailedBinding', message, component: 'ephemeral_volume' };
}

/** What a pod mounts does not change, so looking at it once is enough. */
function keysOfPod({ type, current }: WatchedChange): readonly Key[] {
  const pod = current.object as Pod;
  if (type !== 'ADDED' || pod.spec.volumes === undefined || pod.metadata.deletionTimestamp !== undefined) return [];
  return volumesOf(pod).some(({ ephemeral }) => ephemeral !== undefined) ? [keyOfObject(pod)] : [];
}

/** A claim that was deleted under its pod is made again. */
function keysOfClaim({ type, current }: WatchedChange): readonly Key[] {
  const owner = controllerOf(current.object);
  return type === 'DELETED' && owner?.kind === 'Pod' ? [`${current.object.metadata.namespace}/${owner.name}`] : [];
}
