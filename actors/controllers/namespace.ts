// The namespace controller: empties a namespace that is to be deleted, pods first and then everything else, tells what
// is left, and at last gives up the finalizer that held it.

import type { Namespace } from '../../streams/resources/config.ts';
import type { AnyObject, ResourceName } from '../../streams/resources/meta.ts';
import { resources } from '../../streams/resources/names.ts';
import type { ObjectReader } from '../../streams/views/object-reader.ts';
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
import { type Content, contentConditions, contentOf } from './namespace-content.ts';

const finalizer = 'kubernetes';
/** Objects deleted at one go. */
const burstMax = 500;
/** How often a namespace is looked at again that waits for others to let go of its content. */
const retryMs = 15_000;
/** Objects go one by one; the namespace takes a few of them in at a time. */
const pauseMsMin = 10;

export function namespaceController(): Controller {
  return {
    name: 'namespace-controller',
    user: 'system:serviceaccount:kube-system:namespace-controller',
    workers: 10,
    watches: [{ resource: 'all', keys: keysOf }],
    reconcile,
  };
}

function reconcile({ world, key, nowMs, failures }: ReconcileInput): Plan {
  const namespace = world.get<Namespace>(resources.namespaces, { name: key });
  if (namespace === undefined || namespace.metadata.deletionTimestamp === undefined) return nothingToDo;
  const held = namespace.spec?.finalizers ?? [];
  if (!held.includes(finalizer)) return held.length === 0 ? released(namespace) : nothingToDo;
  const content = contentOf(world, key);
  if (content.length === 0) return { writes: [finalize(namespace)] };
  const failure = failures.find(({ reason }) => reason !== 'NotFound' && reason !== 'Conflict')?.message;
  const conditions = contentConditions(namespace.status?.conditions, { content, failure, nowMs });
  const pauseMs = pauseMsMin + restMs(content.reduce((sum, { objects }) => sum + objects.length, 0));
  return { writes: [...deletions(content), ...statusWrites(namespace, conditions)], againAfterMs: retryMs, pauseMs };
}

/** Pods go alone, so that what they use is there until they have ended. */
function deletions(content: readonly Content[]): DeleteWrite[] {
  const pods = content.filter(({ resource }) => sameResource(resource, resources.pods));
  const writes: DeleteWrite[] = [];
  for (const { resource, objects } of pods.length > 0 ? pods : content) {
    for (const { metadata } of objects) {
      if (writes.length >= burstMax) return writes;
      if (metadata.deletionTimestamp === undefined) writes.push(deletion(resource, metadata));
    }
  }
  return writes;
}

function deletion(resource: ResourceName, { namespace = '', name, uid }: AnyObject['metadata']): DeleteWrite {
  return { kind: 'delete', resource, namespace, name, uid, propagationPolicy: 'Background' };
}

function finalize(namespace: Namespace): UpdateWrite {
  const finalizers = (namespace.spec?.finalizers ?? []).filter((held) => held !== finalizer);
  const object: Namespace = { ...namespace, spec: { ...namespace.spec, finalizers } };
  return { kind: 'update', resource: resources.namespaces, subresource: 'finalize', object };
}

/** Nothing holds it in its spec any more: deleting it again lets it go once its other finalizers are gone. */
function released({ metadata }: Namespace): Plan {
  if ((metadata.finalizers?.length ?? 0) > 0) return nothingToDo;
  const { name, uid } = metadata;
  return { writes: [{ kind: 'delete', resource: resources.namespaces, namespace: '', name, uid }] };
}

function statusWrites(namespace: Namespace, conditions: NonNullable<Namespace['status']>['conditions']): UpdateWrite[] {
  const status = {
    ...namespace.status,
    phase: 'Terminating' as const,
    ...(conditions === undefined ? {} : { conditions }),
  };
  if (sameJson(status, namespace.status)) return [];
  const object: Namespace = { ...namespace, status };
  return [{ kind: 'update', resource: resources.namespaces, subresource: 'status', object }];
}

function keysOf({ current, type }: WatchedChange, world: ObjectReader): readonly Key[] {
  const { ref } = current;
  if (ref.namespace === '') {
    return ref.resource === 'namespaces' && ref.group === '' && type !== 'DELETED' && isLeaving(current.object)
      ? [ref.name]
      : [];
  }
  const namespace = world.get<Namespace>(resources.namespaces, { name: ref.namespace });
  return namespace !== undefined && isLeaving(namespace) ? [ref.namespace] : [];
}

function isLeaving({ metadata }: Pick<Namespace, 'metadata'>): boolean {
  return metadata.deletionTimestamp !== undefined;
}

function sameResource(a: ResourceName, b: ResourceName): boolean {
  return a.group === b.group && a.resource === b.resource;
}
