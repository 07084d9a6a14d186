// Volumes, claims and the kinds of storage.k8s.io as far as the program itself reads them.

import type { Condition, KubeObject, LabelSelector } from './meta.ts';
import type { NodeSelectorTerm, Quantities } from './pod.ts';
import type { ObjectReference } from './service.ts';

export type AccessMode = 'ReadWriteOnce' | 'ReadOnlyMany' | 'ReadWriteMany' | 'ReadWriteOncePod';
export type VolumeMode = 'Filesystem' | 'Block';
export type ReclaimPolicy = 'Retain' | 'Delete' | 'Recycle';
export type ClaimPhase = 'Pending' | 'Bound' | 'Lost';
export type VolumePhase = 'Pending' | 'Available' | 'Bound' | 'Released' | 'Failed';

export type PersistentVolumeClaimSpec = {
  readonly accessModes?: readonly AccessMode[];
  readonly resources?: { readonly requests?: Quantities };
  readonly selector?: LabelSelector;
  readonly storageClassName?: string;
  readonly volumeAttributesClassName?: string;
  readonly volumeMode?: VolumeMode;
  /** The volume the claim is bound to, or asks for by name. */
  readonly volumeName?: string;
  readonly dataSource?: unknown;
  readonly dataSourceRef?: unknown;
};

export type PersistentVolumeClaimStatus = {
  readonly phase?: ClaimPhase;
  readonly accessModes?: readonly AccessMode[];
  readonly capacity?: Quantities;
  readonly allocatedResources?: Quantities;
  readonly allocatedResourceStatuses?: Readonly<Record<string, string>>;
  readonly conditions?: readonly Condition[];
  readonly currentVolumeAttributesClassName?: string;
  readonly modifyVolumeStatus?: { readonly targetVolumeAttributesClassName?: string; readonly status: string };
};

export type PersistentVolumeClaim = KubeObject & {
  readonly spec: PersistentVolumeClaimSpec;
  readonly status?: PersistentVolumeClaimStatus;
};

export type CsiSource = { readonly driver: string; readonly volumeHandle: string };

export type PersistentVolumeSpec = {
  readonly capacity?: Quantities;
  readonly accessModes?: readonly AccessMode[];
  /** The claim the volume belongs to; without a uid it is only reserved for whoever has that name. */
  readonly claimRef?: ObjectReference;
  readonly persistentVolumeReclaimPolicy?: ReclaimPolicy;
  readonly storageClassName?: string;
  readonly volumeAttributesClassName?: string;
  readonly volumeMode?: VolumeMode;
  readonly mountOptions?: readonly string[];
  readonly nodeAffinity?: { readonly required?: { readonly nodeSelectorTerms: readonly NodeSelectorTerm[] } };
  readonly csi?: CsiSource;
  readonly hostPath?: { readonly path: string; readonly type?: string };
  readonly local?: { readonly path: string };
};

export type PersistentVolume = KubeObject & {
  readonly spec: PersistentVolumeSpec;
  readonly status?: { readonly phase?: VolumePhase; readonly message?: string; readonly reason?: string };
};

export type TopologySelectorTerm = {
  readonly matchLabelExpressions?: readonly { readonly key: string; readonly values: readonly string[] }[];
};

export type StorageClass = KubeObject & {
  readonly provisioner: string;
  readonly parameters?: Readonly<Record<string, string>>;
  readonly reclaimPolicy?: ReclaimPolicy;
  readonly mountOptions?: readonly string[];
  readonly allowVolumeExpansion?: boolean;
  readonly volumeBindingMode?: 'Immediate' | 'WaitForFirstConsumer';
  readonly allowedTopologies?: readonly TopologySelectorTerm[];
};

export type CsiDriver = KubeObject & {
  readonly spec: { readonly attachRequired?: boolean; readonly storageCapacity?: boolean };
};

export type CsiNode = KubeObject & {
  readonly spec: {
    readonly drivers: readonly {
      readonly name: string;
      readonly nodeID: string;
      readonly topologyKeys?: readonly string[];
      readonly allocatable?: { readonly count?: number };
    }[];
  };
};

export type CsiStorageCapacity = KubeObject & {
  readonly storageClassName: string;
  readonly nodeTopology?: LabelSelector;
  readonly capacity?: string;
  readonly maximumVolumeSize?: string;
};

export type VolumeAttachment = KubeObject & {
  readonly spec: {
    readonly attacher: string;
    readonly nodeName: string;
    readonly source: { readonly persistentVolumeName?: string; readonly inlineVolumeSpec?: PersistentVolumeSpec };
  };
  readonly status?: {
    readonly attached: boolean;
    readonly attachError?: { readonly time?: string; readonly message?: string };
    readonly detachError?: { readonly time?: string; readonly message?: string };
  };
};

/** A volume of a pod, as far as it leads to a claim. */
export type PodVolume = {
  readonly name: string;
  readonly persistentVolumeClaim?: { readonly claimName: string; readonly readOnly?: boolean };
  readonly ephemeral?: {
    readonly volumeClaimTemplate?: {
      readonly metadata?: {
        readonly labels?: Readonly<Record<string, string>>;
        readonly annotations?: Readonly<Record<string, string>>;
      };
      readonly spec: PersistentVolumeClaimSpec;
    };
  };
  readonly csi?: { readonly driver: string };
};
