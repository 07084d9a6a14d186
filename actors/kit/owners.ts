// Who owns an object: references from dependents to owners, and the adopting and releasing by which controllers keep
// to their selectors.

import type { KubeObject, OwnerReference } from '../../streams/resources/meta.ts';

/** Stands in a dependent for its managing owner. */
export function controllerReference(owner: KubeObject): OwnerReference {
  const { apiVersion, kind, metadata } = owner;
  return { apiVersion, kind, name: metadata.name, uid: metadata.uid, controller: true, blockOwnerDeletion: true };
}

export function withOwner<T extends KubeObject>(object: T, owner: OwnerReference): T {
  const ownerReferences = [...(object.metadata.ownerReferences ?? []), owner];
  return { ...object, metadata: { ...object.metadata, ownerReferences } };
}

/** The object without its references to these owners. */
export function withoutOwners<T extends KubeObject>(object: T, uids: ReadonlySet<string>): T {
  const kept = (object.metadata.ownerReferences ?? []).filter(({ uid }) => !uids.has(uid));
  const { ownerReferences: _, ...metadata } = object.metadata;
  return { ...object, metadata: kept.length === 0 ? metadata : { ...metadata, ownerReferences: kept } };
}
