// The persistent volume binder: brings claims and volumes together, and gives back what nobody claims any more. What
// there is to do is told from two sides: the claim's (`claim-side.ts`) seeks a volume and writes both ends of the
// binding; the volume's (`volume-side.ts`) keeps the volume's phase and lets go of it. Every look takes one step, in an
// order in which a crash after any of them leaves nothing that the next look could not finish.

import { resources } from '../../../streams/resources/names.ts';
import type { PersistentVolume, PersistentVolumeClaim } from '../../../streams/resources/storage.ts';
import type { ObjectReader } from '../../../streams/views/object-reader.ts';
import { toClaim, toNothing, toVolume } from '../../../streams/views/references.ts';
import type { Controller, Key, Plan, ReconcileInput, WatchedChange } from '../../kit/controller.ts';
import { keyOfObject, parseKey } from '../../kit/object-key.ts';
import { sameJson } from '../../kit/same-json.ts';
import { claimClass, isFullyBound, volumeClass } from '../../volumes/claims.ts';
import { isLargeEnough } from '../../volumes/matching.ts';
import { claimSide } from './claim-side.ts';
import { volumeSide } from './volume-side.ts';

export type VolumeBinderOptions = {
  /** A claim without a volume is looked at this often (--pvclaimbinder-sync-period). */
  readonly resyncMs: number;
};

export const volumeBinderDefaults: VolumeBinderOptions = { resyncMs: 15_000 };

export function volumeBinder(options: VolumeBinderOptions = volumeBinderDefaults): Controller {
  return {
    name: 'persistentvolume-binder-controller',
    user: 'system:serviceaccount:kube-system:persistent-volume-binder',
    // Two claims may reach for one volume at the same time: the write of the second is refused, and it seeks again.
    workers: 10,
    watches: [
      { resource: resources.persistentVolumeClaims, keys: keysOfClaim },
      { resource: resources.persistentVolumes, keys: keysOfVolume },
      { resource: resources.storageClasses, keys: (_, world) => seekers(world, toNothing).map(claimKey) },
    ],
    reconcile: (input) => reconcile(input, options),
  };
}

function reconcile({ world, key, failures }: ReconcileInput, options: VolumeBinderOptions): Plan {
  const [side, name] = sideOf(key);
  if (side === 'volume') return volumeSide(world, name);
  return claimSide(world, parseKey(name), { ...options, failures });
}

function sideOf(key: Key): readonly ['claim' | 'volume', string] {
  const at = key.indexOf('/');
  return [key.slice(0, at) === 'volume' ? 'volume' : 'claim', key.slice(at + 1)];
}

function claimKey(claim: PersistentVolumeClaim): Key {
  return `claim/${keyOfObject(claim)}`;
}

/** A claim, and the volume it names: the volume's phase depends on the claim. */
function keysOfClaim({ type, current, previous }: WatchedChange, world: ObjectReader): readonly Key[] {
  const claim = current.object as PersistentVolumeClaim;
  const names = new Set([
    claim.spec.volumeName,
    (previous?.object as PersistentVolumeClaim | undefined)?.spec.volumeName,
  ]);
  const keys = [...names].flatMap((name) => (name === undefined || name === '' ? [] : [`volume/${name}`]));
  if (type !== 'DELETED') return [claimKey(claim), ...keys];
  // A volume may belong to a claim that never came to know it.
  const reserved = isFullyBound(claim) ? [] : volumesOf(world, claim);
  return [...keys, ...reserved.filter((key) => !keys.includes(key))];
}

function volumesOf(world: ObjectReader, { metadata: { namespace = '', name, uid } }: PersistentVolumeClaim): Key[] {
  return world
    .referringTo<PersistentVolume>(resources.persistentVolumes, toClaim({ namespace, name }))
    .flatMap(({ metadata, spec }) => (spec.claimRef?.uid === uid ? [`volume/${metadata.name}`] : []));
}

/** A volume, and the claims it may concern: the one it is bound to, or, while it is free, all that seek one. */
function keysOfVolume({ type, current, previous }: WatchedChange, world: ObjectReader): readonly Key[] {
  const volume = current.object as PersistentVolume;
  const before = previous?.object as PersistentVolume | undefined;
  const keys = new Set(type === 'DELETED' ? [] : [`volume/${volume.metadata.name}`]);
  for (const { spec } of before === undefined ? [volume] : [volume, before]) {
    if (spec.claimRef?.name !== undefined) keys.add(`claim/${spec.claimRef.namespace}/${spec.claimRef.name}`);
  }
  if (type !== 'DELETED' && isFree(volume) && !(before !== undefined && isFree(before) && offersSame(before, volume))) {
    const { name } = volume.metadata;
    for (const claim of seekers(world, toVolume(name))) keys.add(claimKey(claim));
    for (const claim of seekers(world, toNothing)) if (mightTake(claim, volume)) keys.add(claimKey(claim));
  }
  return [...keys];
}

function isFree({ spec, status }: PersistentVolume): boolean {
  return (spec.claimRef?.uid ?? '') === '' && status?.phase === 'Available';
}

function offersSame(before: PersistentVolume, after: PersistentVolume): boolean {
  return sameJson(before.spec, after.spec) && sameJson(before.metadata.labels, after.metadata.labels);
}

/** Claims without a volume: those that leave it open which, or those that want this one. */
function seekers(world: ObjectReader, wanted: string): PersistentVolumeClaim[] {
  return world
    .referringTo<PersistentVolumeClaim>(resources.persistentVolumeClaims, wanted)
    .filter((claim) => !isFullyBound(claim) && claim.status?.phase !== 'Lost');
}

function mightTake(claim: PersistentVolumeClaim, volume: PersistentVolume): boolean {
  return claimClass(claim) === volumeClass(volume) && isLargeEnough(volume, claim);
}
