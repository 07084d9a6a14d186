// The kinds that make pods from a template and keep them running, as far as the program itself reads them.

import type { Condition, KubeObject, LabelSelector, Labels, ObjectMeta } from './meta.ts';
import type { PodSpec } from './pod.ts';

export type PodTemplate = { readonly metadata?: Partial<ObjectMeta>; readonly spec: PodSpec };

/** A count, or a percentage such as `25%`. */
export type IntOrString = number | string;

export type DeploymentSpec = {
  readonly replicas?: number;
  readonly selector: LabelSelector;
  readonly template: PodTemplate;
  readonly strategy?: {
    readonly type?: 'RollingUpdate' | 'Recreate';
    readonly rollingUpdate?: { readonly maxSurge?: IntOrString; readonly maxUnavailable?: IntOrString };
  };
  readonly minReadySeconds?: number;
  readonly revisionHistoryLimit?: number;
  readonly paused?: boolean;
  readonly progressDeadlineSeconds?: number;
};

export type DeploymentStatus = {
  readonly observedGeneration?: number;
  readonly replicas?: number;
  readonly updatedReplicas?: number;
  readonly readyReplicas?: number;
  readonly availableReplicas?: number;
  readonly unavailableReplicas?: number;
  readonly terminatingReplicas?: number;
  readonly conditions?: readonly Condition[];
  readonly collisionCount?: number;
};

export type Deployment = KubeObject & { readonly spec: DeploymentSpec; readonly status?: DeploymentStatus };

export type ReplicaSetSpec = {
  readonly replicas?: number;
  readonly minReadySeconds?: number;
  readonly selector: LabelSelector;
  readonly template?: PodTemplate;
};

export type ReplicaSetStatus = {
  readonly replicas: number;
  readonly fullyLabeledReplicas?: number;
  readonly readyReplicas?: number;
  readonly availableReplicas?: number;
  readonly terminatingReplicas?: number;
  readonly observedGeneration?: number;
  readonly conditions?: readonly Condition[];
};

export type ReplicaSet = KubeObject & { readonly spec: ReplicaSetSpec; readonly status?: ReplicaSetStatus };

export type ReplicationControllerSpec = {
  readonly replicas?: number;
  readonly minReadySeconds?: number;
  /** Labels, all of which a pod must carry. */
  readonly selector?: Labels;
  readonly template?: PodTemplate;
};

export type ReplicationController = KubeObject & {
  readonly spec: ReplicationControllerSpec;
  readonly status?: Omit<ReplicaSetStatus, 'terminatingReplicas'>;
};

/** What happens to the claims of a stateful set's pods: `whenDeleted` with the set, `whenScaled` with the pod alone. */
export type ClaimRetention = { readonly whenDeleted?: 'Retain' | 'Delete'; readonly whenScaled?: 'Retain' | 'Delete' };

export type StatefulSetSpec = {
  readonly replicas?: number;
  readonly selector: LabelSelector;
  readonly template: PodTemplate;
  /** Claims, each of which every pod gets for itself. */
  readonly volumeClaimTemplates?: readonly KubeObject[];
  readonly serviceName?: string;
  readonly podManagementPolicy?: 'OrderedReady' | 'Parallel';
  readonly updateStrategy?: {
    readonly type?: 'RollingUpdate' | 'OnDelete';
    readonly rollingUpdate?: { readonly partition?: number; readonly maxUnavailable?: IntOrString };
  };
  readonly revisionHistoryLimit?: number;
  readonly minReadySeconds?: number;
  readonly persistentVolumeClaimRetentionPolicy?: ClaimRetention;
  readonly ordinals?: { readonly start?: number };
};

export type StatefulSetStatus = {
  readonly observedGeneration?: number;
  readonly replicas: number;
  readonly readyReplicas?: number;
  readonly currentReplicas?: number;
  readonly updatedReplicas?: number;
  /** Names of controller revisions: the one rolled out last, and the one being rolled out. */
  readonly currentRevision?: string;
  readonly updateRevision?: string;
  readonly collisionCount?: number;
  readonly conditions?: readonly Condition[];
  readonly availableReplicas: number;
};

export type StatefulSet = KubeObject & { readonly spec: StatefulSetSpec; readonly status?: StatefulSetStatus };

export type DaemonSetSpec = {
  readonly selector: LabelSelector;
  readonly template: PodTemplate;
  readonly updateStrategy?: {
    readonly type?: 'RollingUpdate' | 'OnDelete';
    readonly rollingUpdate?: { readonly maxUnavailable?: IntOrString; readonly maxSurge?: IntOrString };
  };
  readonly minReadySeconds?: number;
  readonly revisionHistoryLimit?: number;
};

export type DaemonSetStatus = {
  readonly currentNumberScheduled: number;
  readonly numberMisscheduled: number;
  readonly desiredNumberScheduled: number;
  readonly numberReady: number;
  readonly observedGeneration?: number;
  readonly updatedNumberScheduled?: number;
  readonly numberAvailable?: number;
  readonly numberUnavailable?: number;
  readonly collisionCount?: number;
  readonly conditions?: readonly Condition[];
};

export type DaemonSet = KubeObject & { readonly spec: DaemonSetSpec; readonly status?: DaemonSetStatus };

/** A template a stateful set or a daemon set has had, as the patch that brings it back. */
export type ControllerRevision = KubeObject & {
  readonly data?: { readonly spec: { readonly template: PodTemplate & { readonly $patch?: string } } };
  readonly revision: number;
};
