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

/**
 * `isNothing` tells changes that are nothing to the owner. It is asked last: most pods are somebody else's, which costs
 * less to see.
 */
export function ownerKeys(
  owners: OwnerKind,
  change: WatchedChange,
  world: ObjectReader,
  isNothing?: (change: WatchedChange) => boolean,
): readonly Key[] {
  const { current, previous } = change;
  const now = controllerOf(current.object);
  const before = previous === undefined ? undefined : controllerOf(previous.object);
  const isOrphan = now === undefined && change.type !== 'DELETED';
  const isOurs = now?.kind === owners.kind || before?.kind === owners.kind;
  if (!(isOrphan || isOurs) || isNothing?.(change) === true) return none;
  const { namespace } = current.object.metadata;
  const keys = new Set<Key>();
  for (const owner of [now, before]) if (owner?.kind === owners.kind) keys.add(`${namespace}/${owner.name}`);
  if (isOrphan) for (const key of selecting(owners, current.object, world)) keys.add(key);
  return [...keys];
}

const none: readonly Key[] = [];

function selecting({ resource, selectorOf }: OwnerKind, { metadata }: KubeObject, world: ObjectReader): readonly Key[] {
  return world
    .list<KubeObject>(resource, { namespace: metadata.namespace ?? '' })
    .filter((owner) => {
      const selector = selectorOf(owner);
      return selector !== undefined && matchesSelector(selector, metadata.labels);
    })
    .map(keyOfObject);
}
