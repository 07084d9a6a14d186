// What is left in a namespace that is being deleted, and how that is told in the namespace's conditions.

import { type AnyObject, type Condition, type ResourceName, timestamp } from '../../streams/resources/meta.ts';
import type { ObjectReader } from '../../streams/views/object-reader.ts';
import { type Conditions, withCondition } from '../kit/conditions.ts';

export type Content = { readonly resource: ResourceName; readonly objects: readonly AnyObject[] };

/** Everything in the namespace, resource by resource in order of their names; empty ones are left out. */
export function contentOf(world: ObjectReader, namespace: string): Content[] {
  return world
    .resources()
    .map((resource) => ({ resource, objects: world.list<AnyObject>(resource, { namespace }) }))
    .filter(({ objects }) => objects.length > 0)
    .sort((a, b) => (nameOf(a.resource) < nameOf(b.resource) ? -1 : 1));
}

export function contentConditions(
  conditions: Conditions,
  { content, failure, nowMs }: { content: readonly Content[]; failure: string | undefined; nowMs: number },
): readonly Condition[] {
  let next = conditions;
  for (const condition of [
    discovery,
    groupVersions,
    failure === undefined ? contentDeleted : deletionFailed(failure),
    remaining(content),
    finalizers(content),
  ]) {
    next = withCondition(next, { ...condition, lastTransitionTime: timestamp(nowMs) }, nowMs);
  }
  return next ?? [];
}

const discovery: Condition = {
  type: 'NamespaceDeletionDiscoveryFailure',
  status: 'False',
  reason: 'ResourcesDiscovered',
  message: 'All resources successfully discovered',
};

const groupVersions: Condition = {
  type: 'NamespaceDeletionGroupVersionParsingFailure',
  status: 'False',
  reason: 'ParsedGroupVersions',
  message: 'All legacy kube types successfully parsed',
};

const contentDeleted: Condition = {
  type: 'NamespaceDeletionContentFailure',
  status: 'False',
  reason: 'ContentDeleted',
  message: 'All content successfully deleted, may be waiting on finalization',
};

function deletionFailed(why: string): Condition {
  return {
    type: 'NamespaceDeletionContentFailure',
    status: 'True',
    reason: 'ContentDeletionFailed',
    message: `Failed to delete all resource types, 1 remaining: ${why}`,
  };
}

function remaining(content: readonly Content[]): Condition {
  const type = 'NamespaceContentRemaining';
  if (content.length === 0) {
    return { type, status: 'False', reason: 'ContentRemoved', message: 'All content successfully removed' };
  }
  const counts = content.map(({ resource, objects }) => `${nameOf(resource)} has ${objects.length} resource instances`);
  const message = `Some resources are remaining: ${counts.join(', ')}`;
  return { type, status: 'True', reason: 'SomeResourcesRemain', message };
}

function finalizers(content: readonly Content[]): Condition {
  const type = 'NamespaceFinalizersRemaining';
  const counts = new Map<string, number>();
  for (const { metadata } of content.flatMap(({ objects }) => objects)) {
    for (const finalizer of metadata.finalizers ?? []) counts.set(finalizer, (counts.get(finalizer) ?? 0) + 1);
  }
  if (counts.size === 0) {
    const message = 'All content-preserving finalizers finished';
    return { type, status: 'False', reason: 'ContentHasNoFinalizers', message };
  }
  const told = [...counts].sort().map(([finalizer, count]) => `${finalizer} in ${count} resource instances`);
  const message = `Some content in the namespace has finalizers remaining: ${told.join(', ')}`;
  return { type, status: 'True', reason: 'SomeFinalizersRemain', message };
}

/** `pods.`, `deployments.apps`: as upstream writes a group and resource. */
function nameOf({ group, resource }: ResourceName): string {
  return `${resource}.${group}`;
}
