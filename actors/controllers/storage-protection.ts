// The protection controllers of claims, volumes and volume attributes classes: the finalizer by which a claim outlives its
// deletion goes once no pod uses the claim, that of a volume once no claim is bound to it, that of a class once neither
// names it. (Admission sets the first two on creation.)

import type { KubeObject, ResourceName } from '../../streams/resources/meta.ts';
import { resources } from '../../streams/resources/names.ts';
import type { Pod } from '../../streams/resources/pod.ts';
import { claimNameOf, claimNamesOf, volumesOf } from '../../streams/resources/pod-claims.ts';
import type { PersistentVolume, PersistentVolumeClaim } from '../../streams/resources/storage.ts';
import type { ObjectReader } from '../../streams/views/object-reader.ts';
import { toClaim } from '../../streams/views/references.ts';
import { type Controller, type Key, nothingToDo, type Plan, type WatchedChange } from '../kit/controller.ts';
import { keyOfObject, parseKey } from '../kit/object-key.ts';
import { isClaimForPod } from '../volumes/claims.ts';

export const pvcProtection = 'kubernetes.io/pvc-protection';
export const pvProtection = 'kubernetes.io/pv-protection';
export const vacProtection = 'kubernetes.io/vac-protection';

export function pvcProtectionController(): Controller {
  return {
    name: 'persistentvolumeclaim-protection-controller',
    user: 'system:serviceaccount:kube-system:pvc-protection-controller',
    workers: 5,
    watches: [
      {
        resource: resources.persistentVolumeClaims,
        keys: ({ type, current }) => (type === 'DELETED' ? [] : [keyOfObject(current.object)]),
      },
      { resource: resources.pods, keys: claimsLeft },
    ],
    reconcile(input) {
      const claim = input.world.get<PersistentVolumeClaim>(resources.persistentVolumeClaims, parseKey(input.key));
      return protect({
        object: claim,
        resource: resources.persistentVolumeClaims,
        finalizer: pvcProtection,
        inUse: () => claim !== undefined && isUsed(input.world, claim),
      });
    },
  };
}

export function pvProtectionController(): Controller {
  return {
    name: 'persistentvolume-protection-controller',
    user: 'system:serviceaccount:kube-system:pv-protection-controller',
    workers: 1,
    watches: [
      { resource: resources.persistentVolumes, keys: ({ type, ref }) => (type === 'DELETED' ? [] : [ref.name]) },
    ],
    reconcile(input) {
      const volume = input.world.get<PersistentVolume>(resources.persistentVolumes, { name: input.key });
      return protect({
        object: volume,
        resource: resources.persistentVolumes,
        finalizer: pvProtection,
        inUse: () => volume?.status?.phase === 'Bound',
      });
    },
  };
}

export function vacProtectionController(): Controller {
  return {
    name: 'volumeattributesclass-protection-controller',
    user: 'system:serviceaccount:kube-system:volumeattributesclass-protection-controller',
    workers: 1,
    watches: [
      { resource: resources.volumeAttributesClasses, keys: ({ type, ref }) => (type === 'DELETED' ? [] : [ref.name]) },
      { resource: resources.persistentVolumeClaims, keys: classesLeft },
      { resource: resources.persistentVolumes, keys: classesLeft },
    ],
    reconcile: ({ world, key }) =>
      protect({
        object: world.get(resources.volumeAttributesClasses, { name: key }),
        resource: resources.volumeAttributesClasses,
        finalizer: vacProtection,
        inUse: () =>
          [resources.persistentVolumes, resources.persistentVolumeClaims].some((resource) =>
            world.list(resource).some((object) => attributesClassesOf(object).includes(key)),
          ),
      }),
  };
}

/** The finalizer is there while the object lives, and goes with the last use once it is to go. */
function protect({
  object,
  resource,
  finalizer,
  inUse,
}: {
  readonly object: KubeObject | undefined;
  readonly resource: ResourceName;
  readonly finalizer: string;
  readonly inUse: () => boolean;
}): Plan {
  if (object === undefined) return nothingToDo;
  const { finalizers = [], deletionTimestamp } = object.metadata;
  const has = finalizers.includes(finalizer);
  const goes = deletionTimestamp !== undefined;
  if (goes ? !has || inUse() : has) return nothingToDo;
  const next = goes ? finalizers.filter((name) => name !== finalizer) : [...finalizers, finalizer];
  const { finalizers: _f, ...metadata } = object.metadata;
  const kept = next.length === 0 ? metadata : { ...metadata, finalizers: next };
  return { writes: [{ kind: 'update', resource, object: { ...object, metadata: kept } }] };
}

/**
 * A pod uses its claims from being bound to a node until it is gone, even when it is over; its ephemeral volumes only
 * until its kubelet is done with it, lest pod and claim wait for each other. Before that, no kubelet starts a pod whose
 * claim is to go.
 */
function isUsed(world: ObjectReader, claim: PersistentVolumeClaim): boolean {
  const { namespace = '', name } = claim.metadata;
  return world.referringTo<Pod>(resources.pods, toClaim({ namespace, name })).some((pod) => {
    if ((pod.spec.nodeName ?? '') === '') return false;
    return volumesOf(pod).some((volume) => {
      if (claimNameOf(pod, volume) !== name) return false;
      return volume.ephemeral === undefined || (!isShutDown(pod) && isClaimForPod(claim, pod));
    });
  });
}

function isShutDown({ metadata }: Pod): boolean {
  return metadata.deletionTimestamp !== undefined && metadata.deletionGracePeriodSeconds === 0;
}

function claimsLeft({ type, current }: WatchedChange): readonly Key[] {
  const pod = current.object as unknown as Pod;
  if (type !== 'DELETED' && !isShutDown(pod)) return [];
  return claimNamesOf(pod).map((name) => `${pod.metadata.namespace}/${name}`);
}

function classesLeft({ type, current, previous }: WatchedChange): readonly Key[] {
  const kept = type === 'DELETED' ? [] : attributesClassesOf(current.object);
  const before = type === 'DELETED' ? current : previous;
  return before === undefined ? [] : attributesClassesOf(before.object).filter((name) => !kept.includes(name));
}

/** The class a volume has; of a claim, the one it wants, the one it has and the one it is on its way to. */
function attributesClassesOf(object: KubeObject): readonly string[] {
  const { spec, status } = object as Pick<PersistentVolumeClaim, 'spec' | 'status'> & KubeObject;
  const named = [
    spec.volumeAttributesClassName,
    status?.currentVolumeAttributesClassName,
    status?.modifyVolumeStatus?.targetVolumeAttributesClassName,
  ];
  return named.flatMap((name) => (name === undefined || name === '' ? [] : [name]));
}
