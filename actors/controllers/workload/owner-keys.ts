// Which workloads a change of a pod (or another dependent) concerns: the one that manages it, the one that did, and,
// where nobody does, every one that would take it in.

import { matchesSelector } from '../../../streams/resources/labels.ts';
import {
  controllerOf,
  type KubeObject,
  type LabelSelector,
  type ResourceName,
} from '../../../streams/resources/meta.ts';
import type { ObjectReader } from '../../../streams/views/object-reader.ts';
import type { Key, WatchedChange } from '../../kit/controller.ts';
import { keyOfObject } from '../../kit/object-key.ts';

export type OwnerKind = {
  readonly kind: string;
  readonly resource: ResourceName;
  /** undefined for an owner that selects nothing. */
  selectorOf(owner: KubeObject): LabelSelector | undefined;
};

export function ownerKeys(owners: OwnerKind, change: WatchedChange, world: ObjectReader): readonly Key[] {
  const { current, previous } = change;
  const keys = new Set<Key>();
  const managed = controllerOf(current.object);
  for (const object of [current.object, previous?.object]) {
    const owner = object === undefined ? undefined : controllerOf(object);
    if (owner?.kind === owners.kind) keys.add(`${object?.metadata.namespace}/${owner.name}`);
  }
  if (managed === undefined && change.type !== 'DELETED') {
    for (const key of selecting(owners, current.object, world)) keys.add(key);
  }
  return [...keys];
}

function selecting({ resource, selectorOf }: OwnerKind, { metadata }: KubeObject, world: ObjectReader): readonly Key[] {
  return world
    .list<KubeObject>(resource, { namespace: metadata.namespace ?? '' })
    .filter((owner) => {
      const selector = selectorOf(owner);
      return selector !== undefined && matchesSelector(selector, metadata.labels);
    })
    .map(keyOfObject);
}
