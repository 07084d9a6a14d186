// The garbage collector: what has lost its last owner goes; an owner deleted in the foreground waits for what blocks it;
// an owner that leaves orphans lets go of them first. It works alike on every resource there is.

import { fieldNamed, mayHave } from '../../streams/resources/encode.ts';
import type { AnyObject, OwnerReference } from '../../streams/resources/meta.ts';
import type { ObjectReader } from '../../streams/views/object-reader.ts';
import {
  type Controller,
  type Key,
  nothingToDo,
  type Plan,
  type ReconcileInput,
  type WatchedChange,
} from '../kit/controller.ts';
import { withoutOwners } from '../kit/owners.ts';
import { sameJson } from '../kit/same-json.ts';
import type { DeleteWrite, UpdateWrite, Write } from '../kit/write.ts';
import {
  dependentsOf,
  findOwner,
  foregroundFinalizer,
  hasFinalizer,
  type Item,
  isDeleting,
  isDeletingDependents,
  isOrphaning,
  itemOf,
  keyOfItem,
  orphanFinalizer,
  ownersOf,
  ownsNothing,
  type ResourceOf,
} from './owner-graph.ts';

export type GarbageCollectorOptions = {
  readonly resourceOf: ResourceOf;
  /** How long an owner kept in another stream than its dependent must be missing before it counts as gone. */
  readonly otherStreamMs?: number;
};

/** Dependents dealt with at one go. */
const burstMax = 500;

export function garbageCollector(options: GarbageCollectorOptions): Controller {
  const { resourceOf } = options;
  return {
    name: 'garbage-collector-controller',
    user: 'system:serviceaccount:kube-system:generic-garbage-collector',
    workers: 20,
    watches: [{ resource: 'all', keys: (change, world) => keysOf(change, world, resourceOf) }],
    reconcile: (input) => reconcile(input, options),
  };
}

function reconcile({ world, key, nowMs, sinceMs }: ReconcileInput, options: GarbageCollectorOptions): Plan {
  const item = itemOf(world, key);
  if (item === undefined) return nothingToDo;
  const { object } = item;
  if (isOrphaning(object)) return orphaning(world, item);
  if (isDeletingDependents(object)) return deletingDependents(world, item, options);
  if (isDeleting(object)) return nothingToDo;
  const owners = ownersOf(world, item, options.resourceOf);
  if (owners.uncertain) {
    const leftMs = sinceMs + (options.otherStreamMs ?? 2_000) - nowMs;
    if (leftMs > 0) return { writes: [], againAfterMs: leftMs };
  }
  return { writes: collect(world, item, options.resourceOf) };
}

/** What is to become of a dependent, given its owners as they are. */
function collect(world: ObjectReader, item: Item, resourceOf: ResourceOf): Write[] {
  const { object } = item;
  const { solid, waiting, dangling } = ownersOf(world, item, resourceOf);
  if (isDeleting(object) || waiting.length + dangling.length === 0) return [];
  if (solid.length > 0) return [update(item, withoutOwners(object, uids([...dangling, ...waiting])))];
  const dependents = waiting.length > 0 ? dependentsOf(world, object) : [];
  if (dependents.length === 0) return [deletion(item, policyOf(object))];
  // Owners that wait for each other in a circle would wait for ever: this one lets go of the others' ends first.
  const circle = dependents.some((dependent) => isDeletingDependents(dependent.object)) && blocks(object);
  return [circle ? update(item, unblocked(object)) : deletion(item, 'Foreground')];
}

/** The dependents of an owner that waits for them, and the owner itself once nothing blocks it any more. */
function deletingDependents(world: ObjectReader, item: Item, { resourceOf }: GarbageCollectorOptions): Plan {
  const { uid } = item.object.metadata;
  const dependents = dependentsOf(world, item.object);
  const blocking = dependents.some(({ object }) =>
    object.metadata.ownerReferences?.some((owner) => owner.uid === uid && owner.blockOwnerDeletion === true),
  );
  if (!blocking) return { writes: [update(item, withoutFinalizer(item.object, foregroundFinalizer))] };
  return bounded(dependents.flatMap((dependent) => collect(world, dependent, resourceOf)));
}

function orphaning(world: ObjectReader, item: Item): Plan {
  const uid = new Set([item.object.metadata.uid]);
  const dependents = dependentsOf(world, item.object);
  if (dependents.length === 0) return { writes: [update(item, withoutFinalizer(item.object, orphanFinalizer))] };
  return bounded(dependents.map((dependent) => update(dependent, withoutOwners(dependent.object, uid))));
}

function bounded(writes: readonly Write[]): Plan {
  return writes.length > burstMax ? { writes: writes.slice(0, burstMax), againAfterMs: 0 } : { writes };
}

function deletion({ resource, object }: Item, propagationPolicy: Policy): DeleteWrite {
  const { namespace = '', name, uid, resourceVersion } = object.metadata;
  return {
    kind: 'delete',
    resource,
    namespace,
    name,
    uid,
    // An owner that was added meanwhile saves it.
    ...(resourceVersion === undefined ? undefined : { resourceVersion }),
    propagationPolicy,
  };
}

type Policy = NonNullable<DeleteWrite['propagationPolicy']>;

/** What the object was marked with itself goes before the default. */
function policyOf(object: AnyObject): Policy {
  if (hasFinalizer(object, orphanFinalizer)) return 'Orphan';
  return hasFinalizer(object, foregroundFinalizer) ? 'Foreground' : 'Background';
}

function update({ resource }: Item, object: AnyObject): UpdateWrite {
  return { kind: 'update', resource, object };
}

function withoutFinalizer(object: AnyObject, finalizer: string): AnyObject {
  const { finalizers = [], ...metadata } = object.metadata;
  const kept = finalizers.filter((held) => held !== finalizer);
  return { ...object, metadata: kept.length === 0 ? metadata : { ...metadata, finalizers: kept } };
}

function blocks({ metadata }: AnyObject): boolean {
  return metadata.ownerReferences?.some(({ blockOwnerDeletion }) => blockOwnerDeletion === true) === true;
}

function unblocked(object: AnyObject): AnyObject {
  const ownerReferences = (object.metadata.ownerReferences ?? []).map((owner) => ({
    ...owner,
    blockOwnerDeletion: false,
  }));
  return { ...object, metadata: { ...object.metadata, ownerReferences } };
}

function uids(references: readonly OwnerReference[]): Set<string> {
  return new Set(references.map(({ uid }) => uid));
}

const ownerReferences = fieldNamed('ownerReferences');
const deletionTimestamp = fieldNamed('deletionTimestamp');

function keysOf({ type, ref, current, previous }: WatchedChange, world: ObjectReader, resourceOf: ResourceOf): Key[] {
  // Most new objects have no owners, and their bytes tell that without being parsed.
  if (ownsNothing(ref) || (type === 'ADDED' && isNobodys(current.encoded()))) return [];
  const item = { resource: { group: ref.group, resource: ref.resource }, object: current.object };
  if (type === 'DELETED') {
    return [...dependentsOf(world, item.object).map(keyOfItem), ...waitingOwners(world, item.object, resourceOf)];
  }
  const { object } = item;
  const keys = isOrphaning(object) || isDeletingDependents(object) ? [keyOfItem(item)] : [];
  const owners = object.metadata.ownerReferences;
  if (type === 'MODIFIED' && sameJson(owners, previous?.object.metadata.ownerReferences)) return keys;
  keys.push(...waitingOwners(world, object, resourceOf));
  if (previous !== undefined) keys.push(...waitingOwners(world, previous.object, resourceOf));
  if (owners !== undefined && !isDeleting(object)) {
    const { dangling, waiting } = ownersOf(world, item, resourceOf);
    if (dangling.length + waiting.length > 0) keys.push(keyOfItem(item));
  }
  return keys;
}

/** At the start every object there is counts as added: some of them may be on their way out. */
function isNobodys(bytes: Uint8Array): boolean {
  return !mayHave(bytes, ownerReferences) && !mayHave(bytes, deletionTimestamp);
}

/** Owners that wait for this dependent to go or to be let go. */
function waitingOwners(world: ObjectReader, { metadata }: AnyObject, resourceOf: ResourceOf): Key[] {
  const keys: Key[] = [];
  for (const reference of metadata.ownerReferences ?? []) {
    const kind = resourceOf(reference.apiVersion, reference.kind);
    if (kind === undefined) continue;
    const owner = findOwner(world, reference, { kind, namespace: metadata.namespace ?? '' });
    if (owner === undefined || !(isDeletingDependents(owner) || isOrphaning(owner))) continue;
    keys.push(keyOfItem({ resource: { group: kind.group, resource: kind.resource }, object: owner }));
  }
  return keys;
}
