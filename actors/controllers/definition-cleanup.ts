// Takes a definition's objects away before the definition itself goes: a finalizer holds it until the last of them, which
// may have finalizers of its own, has gone.

import type { AnyObject } from '../../streams/resources/meta.ts';
import { type Condition, type ResourceName, timestamp } from '../../streams/resources/meta.ts';
import type { ObjectReader } from '../../streams/views/object-reader.ts';
import { holds, withCondition } from '../kit/conditions.ts';
import {
  type Controller,
  type Key,
  nothingToDo,
  type Plan,
  type ReconcileInput,
  type WatchedChange,
} from '../kit/controller.ts';
import { restMs } from '../kit/rest.ts';
import { sameJson } from '../kit/same-json.ts';
import type { DeleteWrite, UpdateWrite } from '../kit/write.ts';
import { type Definition, definitions } from './definition-names.ts';

export type DefinitionCleanupOptions = {
  /** Resources the program serves itself: their objects are nobody's instances, whatever a definition claims. */
  readonly isBuiltIn: (resource: ResourceName) => boolean;
};

export const cleanupFinalizer = 'customresourcecleanup.apiextensions.k8s.io';

const burstMax = 500;
/** How often a definition is looked at again whose objects others hold. */
const retryMs = 15_000;
const pauseMsMin = 10;

export function definitionCleanupController({ isBuiltIn }: DefinitionCleanupOptions): Controller {
  return {
    name: 'crd-finalizer',
    user: 'system:apiserver',
    workers: 5,
    watches: [{ resource: 'all', keys: keysOf }],
    reconcile: (input) => reconcile(input, isBuiltIn),
  };
}

function reconcile({ world, key, nowMs }: ReconcileInput, isBuiltIn: DefinitionCleanupOptions['isBuiltIn']): Plan {
  const definition = world.get<Definition>(definitions, { name: key });
  if (definition === undefined || !isHeld(definition)) return nothingToDo;
  const resource = instancesOf(definition);
  const serves = holds(definition.status?.conditions ?? [], 'Established') && !isBuiltIn(resource);
  const instances = serves ? world.list<AnyObject>(resource) : [];
  if (instances.length === 0) return { writes: [released(definition)] };
  const pauseMs = pauseMsMin + restMs(instances.length);
  return {
    writes: [...inProgress(definition, nowMs), ...deletions(resource, instances)],
    againAfterMs: retryMs,
    pauseMs,
  };
}

function deletions(resource: ResourceName, instances: readonly AnyObject[]): DeleteWrite[] {
  return instances
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    .slice(0, burstMax)
    .map(({ metadata: { namespace = '', name, uid } }) => ({ kind: 'delete', resource, namespace, name, uid }));
}

function inProgress(definition: Definition, nowMs: number): UpdateWrite[] {
  const condition: Condition = {
    type: 'Terminating',
    status: 'True',
    reason: 'InstanceDeletionInProgress',
    message: 'CustomResource deletion is in progress',
    lastTransitionTime: timestamp(nowMs),
  };
  const before = definition.status?.conditions ?? [];
  const conditions = withCondition(before, condition, nowMs);
  if (sameJson(conditions, before)) return [];
  const object = { ...definition, status: { ...definition.status, conditions } };
  return [{ kind: 'update', resource: definitions, subresource: 'status', object }];
}

function released(definition: Definition): UpdateWrite {
  const { metadata } = definition;
  const finalizers = metadata.finalizers?.filter((finalizer) => finalizer !== cleanupFinalizer) ?? [];
  return { kind: 'update', resource: definitions, object: { ...definition, metadata: { ...metadata, finalizers } } };
}

function isHeld({ metadata }: Definition): boolean {
  return metadata.deletionTimestamp !== undefined && metadata.finalizers?.includes(cleanupFinalizer) === true;
}

function instancesOf({ spec }: Definition): ResourceName {
  return { group: spec.group, resource: spec.names.plural ?? '' };
}

/** A definition is named after its objects' resource. */
function keysOf({ ref, type }: WatchedChange, world: ObjectReader): readonly Key[] {
  if (ref.group === definitions.group && ref.resource === definitions.resource) return [ref.name];
  if (type !== 'DELETED') return [];
  const name = `${ref.resource}.${ref.group}`;
  const definition = world.get<Definition>(definitions, { name });
  return definition !== undefined && isHeld(definition) ? [name] : [];
}
