// resource.k8s.io/v1: what pods claim of devices (KEP-4381), as far as this program looks into it, and the name of the
// claim behind an entry of a pod.

import { controllerOf, type KubeObject, type Labels } from './meta.ts';
import type { Pod, PodResourceClaim } from './pod.ts';

export type DeviceRequest = {
  readonly name: string;
  readonly exactly?: Readonly<Record<string, unknown>>;
  readonly firstAvailable?: readonly Readonly<Record<string, unknown>>[];
};

export type ResourceClaimSpec = { readonly devices?: { readonly requests?: readonly DeviceRequest[] } };

/** Who uses a claim; the group is absent for core's pods. */
export type ConsumerReference = {
  readonly apiGroup?: string;
  readonly resource: string;
  readonly name: string;
  readonly uid: string;
};

export type ResourceClaimStatus = {
  readonly allocation?: Readonly<Record<string, unknown>>;
  readonly reservedFor?: readonly ConsumerReference[];
};

export type ResourceClaim = KubeObject & {
  readonly spec: ResourceClaimSpec;
  readonly status?: ResourceClaimStatus;
};

export type ResourceClaimTemplate = KubeObject & {
  readonly spec: {
    readonly metadata?: { readonly labels?: Labels; readonly annotations?: Labels };
    readonly spec: ResourceClaimSpec;
  };
};

/** On claims made from a template: which of the pod's entries they stand for. */
export const podClaimAnnotation = 'resource.kubernetes.io/pod-claim-name';
/** Keeps a claim as long as its devices may be in use. */
export const allocatedFinalizer = 'resource.kubernetes.io/delete-protection';
/** ResourceClaimReservedForMaxSize */
export const consumersMax = 256;

/** `unmade`: there is a template, and nobody has noted which claim was made from it. `needless`: none was ever needed. */
export type ClaimName =
  | { readonly kind: 'named'; readonly name: string; readonly generated: boolean }
  | { readonly kind: 'needless' }
  | { readonly kind: 'unmade' };

/** Which claim an entry of the pod stands for. */
export function claimNameOf({ status }: Pod, { name, resourceClaimName }: PodResourceClaim): ClaimName {
  if (resourceClaimName !== undefined) return { kind: 'named', name: resourceClaimName, generated: false };
  const noted = status?.resourceClaimStatuses?.find((entry) => entry.name === name);
  if (noted === undefined) return { kind: 'unmade' };
  if (noted.resourceClaimName === undefined) return { kind: 'needless' };
  return { kind: 'named', name: noted.resourceClaimName, generated: true };
}

export function isClaimOfPod(claim: ResourceClaim, { metadata: { uid, namespace } }: Pod): boolean {
  return claim.metadata.namespace === namespace && controllerOf(claim)?.uid === uid;
}

export function isReservedFor({ status }: ResourceClaim, { metadata: { uid } }: Pod): boolean {
  return status?.reservedFor?.some((consumer) => isPodReference(consumer) && consumer.uid === uid) === true;
}

export function isPodReference({ apiGroup = '', resource }: ConsumerReference): boolean {
  return apiGroup === '' && resource === 'pods';
}
