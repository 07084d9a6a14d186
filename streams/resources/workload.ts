// Deployment and ReplicaSet as far as the program itself reads them.

import type { Condition, KubeObject, LabelSelector, ObjectMeta } from './meta.ts';
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
