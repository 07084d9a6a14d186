// What an actor asks the API server to do, as data. Actors never publish to the log (invariant: the API server is the
// only writer); a host carries their writes out and tells them the outcome.

import type { Draft, KubeObject, ResourceName } from '../../streams/resources/meta.ts';

export type Write = CreateWrite | UpdateWrite | DeleteWrite | BindWrite;

export type CreateWrite = {
  readonly kind: 'create';
  readonly resource: ResourceName;
  readonly object: Draft<KubeObject>;
};

/** A whole new version of an object; refused with a conflict unless `object.metadata.resourceVersion` is the newest. */
export type UpdateWrite = {
  readonly kind: 'update';
  readonly resource: ResourceName;
  readonly object: KubeObject;
  /**
   * `status` touches nothing but the status, `finalize` the namespace's finalizers, `scale` the replicas, and the object
   * is then an autoscaling/v1 Scale, `approval` the verdict on a certificate request; absent: everything but the status.
   */
  readonly subresource?: 'status' | 'finalize' | 'scale' | 'approval' | 'resize' | 'ephemeralcontainers';
};

export type DeleteWrite = {
  readonly kind: 'delete';
  readonly resource: ResourceName;
  /** Empty for cluster-scoped objects. */
  readonly namespace: string;
  readonly name: string;
  /** Deletes only this incarnation. */
  readonly uid?: string;
  readonly resourceVersion?: string;
  /** 0 deletes at once; absent: the object's own grace. */
  readonly gracePeriodSeconds?: number;
  readonly propagationPolicy?: 'Background' | 'Foreground' | 'Orphan';
};

export type BindWrite = {
  readonly kind: 'bind';
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly node: string;
};

export type WriteOutcome =
  | { readonly kind: 'done'; readonly object: KubeObject }
  | { readonly kind: 'failed'; readonly reason: FailureReason; readonly message: string };

/** Kubernetes' status reasons, as far as an actor tells them apart. */
export type FailureReason =
  | 'NotFound'
  | 'AlreadyExists'
  | 'Conflict'
  | 'Invalid'
  | 'Forbidden'
  | 'TooManyRequests'
  | 'Unavailable'
  | 'Other';

/** A core/v1 Event to be told about an object: `kubectl describe` and `kubectl get events` show it. */
export type Note = {
  readonly regarding: KubeObject;
  readonly fieldPath?: string;
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
  /** Component the note comes from, e.g. `kubelet`, and where it runs. */
  readonly component: string;
  readonly host?: string;
  /** What was done, for components that say so (scheduler: `Binding`). */
  readonly action?: string;
};
