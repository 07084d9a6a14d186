// The protection controllers of claims and volumes: the finalizer by which a claim outlives its deletion goes once no
// pod uses the claim, that of a volume once no claim is bound to it. (Admission sets them on creation.)

import type { KubeObject, ResourceName } from '../../streams/resources/meta.ts';
import { resources } from '../../streams/resources/names.ts';
import type { Pod } from '../../streams/resources/pod.ts';
import type { ObjectReader } from '../../streams/views/object-reader.ts';
import { type Controller, type Key, nothingToDo, type Plan, type WatchedChange } from '../kit/controller.ts';
import { keyOfObject, parseKey } from '../kit/object-key.ts';
import { isPodTerminal } from '../pod/pod-conditions.ts';

export const pvcProtection = 'kubernetes.io/pvc-protection';
export const pvProtection = 'kubernetes.io/pv-protection';

type Volume = KubeObject & { readonly status?: { readonly phase?: string } };

type PodVolume = {
  readonly name: string;
  readonly persistentVolumeClaim?: { readonly claimName: string };
  readonly ephemeral?: unknown;
};

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
      const key = parseKey(input.key);
      const claim = input.world.get(resources.persistentVolumeClaims, key);
      return protect({
        object: claim,
        resource: resources.persistentVolumeClaims,
        finalizer: pvcProtection,
        inUse: () => isUsed(input.world, key),
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
      const volume = input.world.get<Volume>(resources.persistentVolumes, { name: input.key });
      return protect({
        object: volume,
        resource: resources.persistentVolumes,
        finalizer: pvProtection,
        inUse: () => volume?.status?.phase === 'Bound',
      });
    },
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

/** A pod uses its claims from being bound to a node until it is over: no kubelet starts one whose claim is to go. */
function isUsed(world: ObjectReader, { namespace, name }: { namespace: string; name: string }): boolean {
  return world.list<Pod>(resources.pods, { namespace }).some((pod) => usesClaims(pod) && claimsOf(pod).includes(name));
}

function usesClaims(pod: Pod): boolean {
  return (pod.spec.nodeName ?? '') !== '' && !isPodTerminal(pod);
}

function claimsLeft({ type, current }: WatchedChange): readonly Key[] {
  const pod = current.object as unknown as Pod;
  if (type !== 'DELETED' && usesClaims(pod)) return [];
  return claimsOf(pod).map((name) => `${pod.metadata.namespace}/${name}`);
}

function claimsOf({ metadata, spec }: Pod): string[] {
  return ((spec.volumes ?? []) as readonly PodVolume[]).flatMap(({ name, persistentVolumeClaim, ephemeral }) => {
    if (persistentVolumeClaim !== undefined) return [persistentVolumeClaim.claimName];
    return ephemeral === undefined ? [] : [`${metadata.name}-${name}`];
  });
}
