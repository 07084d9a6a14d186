// The read side as controllers, the scheduler and kubelets see it: current objects, parsed, by name or index.

import type { KubeObject, Labels, ResourceName } from '../resources/meta.ts';
import type { StoredObject } from './stored-object.ts';

export type ObjectReader = {
  /** Cluster-scoped objects have an empty namespace. */
  get<T extends KubeObject>(
    name: ResourceName,
    key: { readonly namespace?: string; readonly name: string },
  ): T | undefined;
  list<T extends KubeObject>(
    name: ResourceName,
    selection?: { readonly namespace?: string; readonly labels?: Labels },
  ): T[];
  /** Objects of the resource that name this owner; with `nobodyIn`, those no owner manages. */
  ownedBy<T extends KubeObject>(name: ResourceName, uid: string): T[];
  /** Objects of the resource that refer to another by name, in no order; `references.ts` says which, and how it is put. */
  referringTo<T extends KubeObject>(name: ResourceName, reference: string): T[];
  podsOnNode<T extends KubeObject>(node: string): T[];
  /** Every resource that has been seen, for those who walk all of them (garbage collector, namespaces). */
  resources(): readonly ResourceName[];
  /** With the machine's state and revision beside the object. */
  stored(name: ResourceName, key: { readonly namespace?: string; readonly name: string }): StoredObject | undefined;
};

/**
 * Stands for the owner of what has none: `ownedBy(pods, nobodyIn('default'))` are the pods of that namespace without a
 * managing owner. Controllers that adopt look for these alone, and not through all that carry their labels.
 */
export function nobodyIn(namespace: string): string {
  return `nobody/${namespace}`;
}
