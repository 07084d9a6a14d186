// What a law of churn hears, and how it says that it was broken.

import type { ClusterEvent } from '../../infra/library/cluster-event.ts';
import type { KubeObject } from '../../streams/resources/meta.ts';

export type Complain = (event: ClusterEvent, wrong: string) => void;

export type Law = {
  /** Every event in order; `object` is the one after the change, or the last one of what is gone. */
  take(event: ClusterEvent, object: KubeObject): void;
};

/** `pods.`, `deployments.apps` */
export function kindOf({ resource, group }: ClusterEvent): string {
  return `${resource}.${group}`;
}

export function placeOf({ namespace, name }: ClusterEvent): string {
  return `${namespace}/${name}`;
}
