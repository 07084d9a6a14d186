// What every Kubernetes object has in common. Objects are plain JSON and never changed in place: a change is a new object.

export type OwnerReference = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
};

export type Labels = Readonly<Record<string, string>>;

export type ObjectMeta = {
  readonly name: string;
  readonly generateName?: string;
  readonly namespace?: string;
  readonly uid: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly deletionGracePeriodSeconds?: number;
  readonly labels?: Labels;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly OwnerReference[];
  readonly finalizers?: readonly string[];
  readonly managedFields?: readonly unknown[];
};

export type KubeObject = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
};

/** An object whose kind is not known to the compiler; its fields are read with care. */
export type AnyObject = KubeObject & Readonly<Record<string, unknown>>;

/** A new object as a controller writes it: the API server fills in the rest of the metadata. */
export type Draft<T extends KubeObject> = Omit<T, 'metadata'> & {
  readonly metadata: Partial<ObjectMeta>;
};

export type Condition = {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly observedGeneration?: number;
  readonly lastTransitionTime?: string;
  readonly lastUpdateTime?: string;
  readonly lastHeartbeatTime?: string;
  readonly lastProbeTime?: string | null;
  readonly reason?: string;
  readonly message?: string;
};

export type LabelSelector = {
  readonly matchLabels?: Labels;
  readonly matchExpressions?: readonly LabelSelectorRequirement[];
};

export type LabelSelectorRequirement = {
  readonly key: string;
  readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';
  readonly values?: readonly string[];
};

export type ResourceName = { readonly group: string; readonly resource: string };

/** The owner reference marked as controller, if any. */
export function controllerOf(object: KubeObject): OwnerReference | undefined {
  return object.metadata.ownerReferences?.find((owner) => owner.controller === true);
}

/** Of the thousands of times that are written within a second all but one are known. */
let spelledSecond = Number.NaN;
let spelledText = '';

/** Second precision, as `metav1.Time` is written. */
export function timestamp(ms: number): string {
  const second = Math.floor(ms / 1_000);
  if (second !== spelledSecond) {
    spelledText = `${new Date(ms).toISOString().slice(0, 19)}Z`;
    spelledSecond = second;
  }
  return spelledText;
}

/** Microsecond precision, as `metav1.MicroTime` is written. */
export function microTimestamp(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 23)}000Z`;
}
