// What belongs to a workload: the objects it manages and that still match it, and the writes by which it lets go of
// those that match no longer and takes in those that match and belong to nobody. A workload that is going away claims
// nothing.

import { matchesSelector } from '../../../streams/resources/labels.ts';
import {
  controllerOf,
  type KubeObject,
  type LabelSelector,
  type ResourceName,
} from '../../../streams/resources/meta.ts';
import { nobodyIn, type ObjectReader } from '../../../streams/views/object-reader.ts';
import { controllerReference, withOwner, withoutOwners } from '../../kit/owners.ts';
import type { UpdateWrite } from '../../kit/write.ts';

export type Claim<T extends KubeObject> = {
  readonly resource: ResourceName;
  readonly selector: LabelSelector;
  /** What must hold beside the selector, for keeping as for adopting. */
  readonly isMember?: (object: T) => boolean;
  /** Which members without an owner are taken in; those that are not going away where left out. */
  readonly adopts?: (object: T) => boolean;
  /** Put on with the adoption, taken off with the release. */
  readonly finalizer?: string;
};

export type Claimed<T extends KubeObject> = {
  readonly owned: readonly T[];
  /** Adoptions and releases, to be done before anything else. */
  readonly claims: readonly UpdateWrite[];
};

export function claimed<T extends KubeObject>(world: ObjectReader, owner: KubeObject, claim: Claim<T>): Claimed<T> {
  const { uid, namespace = '', deletionTimestamp } = owner.metadata;
  const { resource, selector, isMember = () => true, adopts = isStaying } = claim;
  const matches = (object: T) => matchesSelector(selector, object.metadata.labels) && isMember(object);
  const owned: T[] = [];
  const claims: UpdateWrite[] = [];
  for (const object of world.ownedBy<T>(resource, uid)) {
    if (!isControlledBy(object, owner)) continue;
    if (matches(object)) owned.push(object);
    else if (deletionTimestamp === undefined) claims.push({ kind: 'update', resource, object: release(object) });
  }
  if (deletionTimestamp !== undefined) return { owned, claims };
  for (const object of world.ownedBy<T>(resource, nobodyIn(namespace))) {
    if (adopts(object) && matches(object)) claims.push({ kind: 'update', resource, object: adopt(object) });
  }
  return { owned, claims };

  function adopt(object: T): T {
    const adopted = withOwner(object, controllerReference(owner));
    const { finalizers = [] } = adopted.metadata;
    if (claim.finalizer === undefined || finalizers.includes(claim.finalizer)) return adopted;
    return { ...adopted, metadata: { ...adopted.metadata, finalizers: [...finalizers, claim.finalizer] } };
  }

  function release(object: T): T {
    const released = withoutOwners(object, new Set([uid]));
    const { finalizers, ...metadata } = released.metadata;
    if (claim.finalizer === undefined || finalizers === undefined) return released;
    const kept = finalizers.filter((name) => name !== claim.finalizer);
    return { ...released, metadata: kept.length === 0 ? metadata : { ...metadata, finalizers: kept } };
  }
}

/** Whether the owner manages the object: it is named in it as controller and lives beside it. */
export function isControlledBy(object: KubeObject, { metadata: { uid, namespace } }: KubeObject): boolean {
  if (object.metadata.namespace !== namespace) return false;
  return controllerOf(object)?.uid === uid;
}

function isStaying({ metadata }: KubeObject): boolean {
  return metadata.deletionTimestamp === undefined;
}
