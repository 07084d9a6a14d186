// Which volume a claim gets: one that is meant for it, else the smallest that suits. Asked by the binder without a node
// and by the scheduler for one node. Source: component-helpers/storage/volume (FindMatchingVolume), pv_controller's index.

import { matchesSelector } from '../../streams/resources/labels.ts';
import type { KubeObject, Labels } from '../../streams/resources/meta.ts';
import { resources } from '../../streams/resources/names.ts';
import { compareQuantity } from '../../streams/resources/quantity.ts';
import type { AccessMode, PersistentVolume, PersistentVolumeClaim } from '../../streams/resources/storage.ts';
import type { ObjectReader } from '../../streams/views/object-reader.ts';
import { toClaim, toNothing } from '../../streams/views/references.ts';
import { matchesAnyTerm, type Selectable } from '../scheduler/node-selector.ts';
import { claimClass, requestedStorage, storageCapacity, volumeClass } from './claims.ts';

/** The volume names the claim, and, where it says which incarnation, this one. */
export function isMeantFor({ spec: { claimRef } }: PersistentVolume, { metadata }: PersistentVolumeClaim): boolean {
  if (claimRef === undefined || claimRef.name !== metadata.name || claimRef.namespace !== metadata.namespace)
    return false;
  return (claimRef.uid ?? '') === '' || claimRef.uid === metadata.uid;
}

export function isLargeEnough(volume: PersistentVolume, { spec }: PersistentVolumeClaim): boolean {
  return compareQuantity(storageCapacity(volume), requestedStorage(spec)) >= 0;
}

export function hasOtherMode(claim: PersistentVolumeClaim, volume: PersistentVolume): boolean {
  return (claim.spec.volumeMode ?? 'Filesystem') !== (volume.spec.volumeMode ?? 'Filesystem');
}

export function offersModes(volume: PersistentVolume, wanted: readonly AccessMode[] | undefined): boolean {
  return (wanted ?? []).every((mode) => volume.spec.accessModes?.includes(mode) === true);
}

/** Whether pods on the node can reach the volume. */
export function suitsNode({ spec: { nodeAffinity } }: PersistentVolume, node: Selectable): boolean {
  const terms = nodeAffinity?.required?.nodeSelectorTerms;
  return terms === undefined || matchesAnyTerm(terms)(node);
}

/** Why a claim cannot have the volume it asks for by name, in upstream's words; undefined where it can. */
export function mismatch(volume: PersistentVolume, claim: PersistentVolumeClaim): string | undefined {
  if (volume.metadata.deletionTimestamp !== undefined) {
    return `the volume is marked for deletion "${volume.metadata.name}"`;
  }
  if (!isLargeEnough(volume, claim)) return 'requested PV is too small';
  if (volumeClass(volume) !== claimClass(claim)) return 'storageClassName does not match';
  if (attributesClass(volume) !== attributesClass(claim)) return 'volumeAttributesClassName does not match';
  if (hasOtherMode(claim, volume)) return 'incompatible volumeMode';
  return offersModes(volume, claim.spec.accessModes) ? undefined : 'incompatible accessMode';
}

/** All volumes the claim could get: those that name it, and those that name none. */
export function openVolumes(world: ObjectReader, { metadata }: PersistentVolumeClaim): PersistentVolume[] {
  const meant = world.referringTo<PersistentVolume>(resources.persistentVolumes, toClaim(metadata));
  const free = world.referringTo<PersistentVolume>(resources.persistentVolumes, toNothing);
  return meant.length === 0 ? free : [...meant, ...free];
}

type Search = {
  readonly claim: PersistentVolumeClaim;
  readonly volumes: readonly PersistentVolume[];
  /** Only volumes that pods on this node can reach. */
  readonly node?: { readonly name: string; readonly labels: Labels } | undefined;
  /** Volumes that are spoken for. */
  readonly without?: ReadonlySet<string> | undefined;
  /** Only a volume that is meant for the claim: all else is for the scheduler to find. */
  readonly onlyMeant?: boolean;
};

/**
 * The best volume for the claim. Without a node, volumes with few access modes go before those with many, whatever
 * their size; then the smallest wins. Of equals each claim prefers another, told by their uids, because a thousand claims
 * that all reach for the first would be refused a thousand times; then the first by name.
 */
export function findVolume(search: Search): PersistentVolume | undefined {
  const { claim, node } = search;
  let best: PersistentVolume | undefined;
  for (const volume of search.volumes) {
    if (!isCandidate(volume, search)) continue;
    const reachable = node === undefined || suitsNode(volume, node);
    if (isMeantFor(volume, claim)) {
      // Nothing else will do for the claim; where the node cannot reach it, the node does not suit.
      if (node !== undefined) return reachable ? volume : undefined;
      if (offersModes(volume, claim.spec.accessModes)) return volume;
      continue;
    }
    if (search.onlyMeant === true || !reachable || !isFree(volume, claim)) continue;
    if (best === undefined || comesBefore(volume, best, search)) best = volume;
  }
  return best;
}

function isCandidate(volume: PersistentVolume, { claim, without }: Search): boolean {
  if (without?.has(volume.metadata.name) === true) return false;
  if (volume.spec.claimRef !== undefined && !isMeantFor(volume, claim)) return false;
  if (volume.metadata.deletionTimestamp !== undefined || hasOtherMode(claim, volume)) return false;
  if (attributesClass(volume) !== attributesClass(claim)) return false;
  return isLargeEnough(volume, claim);
}

function isFree(volume: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  const { selector, accessModes } = claim.spec;
  if (volume.status?.phase !== 'Available' || volumeClass(volume) !== claimClass(claim)) return false;
  if (selector !== undefined && !matchesSelector(selector, volume.metadata.labels)) return false;
  return offersModes(volume, accessModes);
}

function comesBefore(a: PersistentVolume, b: PersistentVolume, { node, claim }: Search): boolean {
  if (node === undefined) {
    const modes = (a.spec.accessModes?.length ?? 0) - (b.spec.accessModes?.length ?? 0);
    if (modes !== 0) return modes < 0;
  }
  const size = compareQuantity(storageCapacity(a), storageCapacity(b));
  if (size !== 0) return size < 0;
  const far = distance(claim, a) - distance(claim, b);
  return far === 0 ? a.metadata.name < b.metadata.name : far < 0;
}

/** Random, but for one claim and one volume always the same. */
function distance(claim: PersistentVolumeClaim, volume: PersistentVolume): number {
  return (leadingBits(claim) ^ leadingBits(volume)) >>> 0;
}

function leadingBits({ metadata: { uid } }: KubeObject): number {
  return Number.parseInt(uid.slice(0, 8), 16);
}

function attributesClass({ spec }: { readonly spec: { readonly volumeAttributesClassName?: string } }): string {
  return spec.volumeAttributesClassName ?? '';
}
