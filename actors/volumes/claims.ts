// What claims, volumes and classes say about themselves: annotations, class names, and whose they are.
// Shared by the controllers, the scheduler and kubelets. Source of names: component-helpers/storage/volume.

import type { KubeObject } from '../../streams/resources/meta.ts';
import { resources } from '../../streams/resources/names.ts';
import type { Pod } from '../../streams/resources/pod.ts';
import { compareQuantity, type Quantity, quantityOf } from '../../streams/resources/quantity.ts';
import type {
  PersistentVolume,
  PersistentVolumeClaim,
  PersistentVolumeClaimSpec,
  StorageClass,
} from '../../streams/resources/storage.ts';
import type { ObjectReader } from '../../streams/views/object-reader.ts';

export const annotations = {
  /** On a claim: binding came to its end once. */
  bindCompleted: 'pv.kubernetes.io/bind-completed',
  /** On claim or volume: the controller bound it, nobody asked for just this one. */
  boundByController: 'pv.kubernetes.io/bound-by-controller',
  /** On a volume: who made it. */
  provisionedBy: 'pv.kubernetes.io/provisioned-by',
  migratedTo: 'pv.kubernetes.io/migrated-to',
  /** On a claim: the node the scheduler chose, for which a volume is to be made. */
  selectedNode: 'volume.kubernetes.io/selected-node',
  /** On a claim: who is to make its volume; the beta name is kept for older provisioners. */
  provisioner: 'volume.kubernetes.io/storage-provisioner',
  betaProvisioner: 'volume.beta.kubernetes.io/storage-provisioner',
  betaClass: 'volume.beta.kubernetes.io/storage-class',
  defaultClass: 'storageclass.kubernetes.io/is-default-class',
  betaDefaultClass: 'storageclass.beta.kubernetes.io/is-default-class',
} as const;

/** The provisioner of classes whose volumes are all made by hand. */
export const noProvisioner = 'kubernetes.io/no-provisioner';

export function annotationOf(object: KubeObject, name: string): string | undefined {
  return object.metadata.annotations?.[name];
}

export function hasAnnotation(object: KubeObject, name: string): boolean {
  return object.metadata.annotations?.[name] !== undefined;
}

export function withAnnotations<T extends KubeObject>(object: T, added: Readonly<Record<string, string>>): T {
  return { ...object, metadata: { ...object.metadata, annotations: { ...object.metadata.annotations, ...added } } };
}

export function withoutAnnotation<T extends KubeObject>(object: T, name: string): T {
  const { [name]: _, ...annotations } = object.metadata.annotations ?? {};
  const { annotations: _a, ...metadata } = object.metadata;
  return { ...object, metadata: Object.keys(annotations).length === 0 ? metadata : { ...metadata, annotations } };
}

/** Empty where the claim names no class. */
export function claimClass(claim: PersistentVolumeClaim): string {
  return annotationOf(claim, annotations.betaClass) ?? claim.spec.storageClassName ?? '';
}

/** Naming the empty class is naming one: no default takes its place. */
export function namesClass(claim: PersistentVolumeClaim): boolean {
  return hasAnnotation(claim, annotations.betaClass) || claim.spec.storageClassName !== undefined;
}

export function volumeClass(volume: PersistentVolume): string {
  return annotationOf(volume, annotations.betaClass) ?? volume.spec.storageClassName ?? '';
}

export function isDefaultClass(object: StorageClass): boolean {
  return [annotations.defaultClass, annotations.betaDefaultClass].some((name) => annotationOf(object, name) === 'true');
}

/** The newest of the default classes; of those made in the same second, the first by name. */
export function defaultClassOf(classes: readonly StorageClass[]): StorageClass | undefined {
  const [first] = classes.filter(isDefaultClass).sort((a, b) => {
    const [made, other] = [a.metadata.creationTimestamp ?? '', b.metadata.creationTimestamp ?? ''];
    if (made !== other) return made > other ? -1 : 1;
    return a.metadata.name < b.metadata.name ? -1 : 1;
  });
  return first;
}

/** The claim's class as the cluster has it; undefined where it names none or one that is not there. */
export function classOf(world: ObjectReader, claim: PersistentVolumeClaim): StorageClass | undefined {
  const name = claimClass(claim);
  return name === '' ? undefined : world.get<StorageClass>(resources.storageClasses, { name });
}

/** Claims of such a class wait for the scheduler: where the pod goes decides where the volume is. */
export function waitsForConsumer(object: StorageClass | undefined): boolean {
  return object?.volumeBindingMode === 'WaitForFirstConsumer';
}

/** Binding has come to its end and both sides say so (the claim's). */
export function isFullyBound(claim: PersistentVolumeClaim): boolean {
  return (claim.spec.volumeName ?? '') !== '' && hasAnnotation(claim, annotations.bindCompleted);
}

export function requestedStorage(spec: PersistentVolumeClaimSpec): Quantity {
  return quantityOf(spec.resources?.requests?.storage ?? '0');
}

export function storageCapacity(volume: PersistentVolume): Quantity {
  return quantityOf(volume.spec.capacity?.storage ?? '0');
}

export function isLarger(a: Quantity, b: Quantity): boolean {
  return compareQuantity(a, b) > 0;
}

/** A claim of an ephemeral volume belongs to its pod; of another claim with that name nothing is taken. */
export function isClaimForPod(claim: PersistentVolumeClaim, pod: Pod): boolean {
  return (
    claim.metadata.ownerReferences?.some(({ uid, controller }) => controller === true && uid === pod.metadata.uid) ===
    true
  );
}
