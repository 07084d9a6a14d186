// Owners and dependents as the world shows them: who still has an owner, whose owner waits for it to go, who is left
// behind. Nothing is presumed gone that merely cannot be looked up.

import type { StreamName } from '../../streams/log/event.ts';
import { streamOf } from '../../streams/log/subjects.ts';
import type { AnyObject, OwnerReference, ResourceName } from '../../streams/resources/meta.ts';
import type { ObjectReader } from '../../streams/views/object-reader.ts';
import type { Key } from '../kit/controller.ts';

export type OwnerResource = ResourceName & { readonly namespaced: boolean };

/** The resource that objects of a kind are kept under; undefined for kinds nobody knows. */
export type ResourceOf = (apiVersion: string, kind: string) => OwnerResource | undefined;

export type Item = { readonly resource: ResourceName; readonly object: AnyObject };

export const foregroundFinalizer = 'foregroundDeletion';
export const orphanFinalizer = 'orphan';

export type Owners = {
  /** There, or not to be looked up: reason enough to stay. */
  readonly solid: readonly OwnerReference[];
  /** There, but waiting for its dependents to go first. */
  readonly waiting: readonly OwnerReference[];
  /** Gone: no object of that name, or another one than was meant. */
  readonly dangling: readonly OwnerReference[];
  /** A dangling owner is kept in another stream, whose events may arrive later than those of the dependent's. */
  readonly uncertain: boolean;
};

export function ownersOf(world: ObjectReader, { resource, object }: Item, resourceOf: ResourceOf): Owners {
  const solid: OwnerReference[] = [];
  const waiting: OwnerReference[] = [];
  const dangling: OwnerReference[] = [];
  let uncertain = false;
  const stream: StreamName = streamOf(resource);
  for (const reference of object.metadata.ownerReferences ?? []) {
    const kind = resourceOf(reference.apiVersion, reference.kind);
    const namespace = object.metadata.namespace ?? '';
    // A cluster-scoped object cannot name an owner in a namespace: which one it means cannot be told.
    if (kind === undefined || (kind.namespaced && namespace === '')) {
      solid.push(reference);
      continue;
    }
    const owner = findOwner(world, reference, { kind, namespace });
    if (owner === undefined) {
      dangling.push(reference);
      uncertain ||= streamOf(kind) !== stream;
    } else if (isDeletingDependents(owner)) waiting.push(reference);
    else solid.push(reference);
  }
  return { solid, waiting, dangling, uncertain };
}

/** The very object the reference means, if it is there. */
export function findOwner(
  world: ObjectReader,
  { name, uid }: OwnerReference,
  { kind, namespace }: { kind: OwnerResource; namespace: string },
): AnyObject | undefined {
  const owner = world.get<AnyObject>(kind, kind.namespaced ? { namespace, name } : { name });
  return owner?.metadata.uid === uid ? owner : undefined;
}

export function dependentsOf(world: ObjectReader, { metadata }: AnyObject): Item[] {
  const items: Item[] = [];
  for (const resource of world.resources()) {
    if (ownsNothing(resource)) continue;
    for (const object of world.ownedBy<AnyObject>(resource, metadata.uid)) {
      // An owner in a namespace owns nothing outside of it.
      if (metadata.namespace === undefined || metadata.namespace === object.metadata.namespace) {
        items.push({ resource, object });
      }
    }
  }
  return items;
}

/** Core Events own nothing and are owned by nobody, and there are many of them: the collector passes over them. */
export function ownsNothing({ group, resource }: ResourceName): boolean {
  return group === '' && resource === 'events';
}

export function isDeleting({ metadata }: AnyObject): boolean {
  return metadata.deletionTimestamp !== undefined;
}

export function isDeletingDependents(object: AnyObject): boolean {
  return isDeleting(object) && hasFinalizer(object, foregroundFinalizer);
}

export function isOrphaning(object: AnyObject): boolean {
  return isDeleting(object) && hasFinalizer(object, orphanFinalizer);
}

export function hasFinalizer({ metadata }: AnyObject, finalizer: string): boolean {
  return metadata.finalizers?.includes(finalizer) === true;
}

/** `<resource>.<group>/<namespace>/<name>`. */
export function keyOfItem({ resource: { group, resource }, object }: Item): Key {
  return `${resource}.${group}/${object.metadata.namespace ?? ''}/${object.metadata.name}`;
}

export function itemOf(world: ObjectReader, key: Key): Item | undefined {
  const [kind = '', namespace = '', name = ''] = key.split('/');
  const dot = kind.indexOf('.');
  const resource = { group: kind.slice(dot + 1), resource: kind.slice(0, dot) };
  const object = world.get<AnyObject>(resource, { namespace, name });
  return object === undefined ? undefined : { resource, object };
}
