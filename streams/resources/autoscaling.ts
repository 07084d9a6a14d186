// HorizontalPodAutoscaler (autoscaling/v2) and Scale as far as the program itself reads them.

import type { Condition, KubeObject, LabelSelector } from './meta.ts';

export type ObjectTarget = { readonly apiVersion?: string; readonly kind: string; readonly name: string };

/** Quantities are texts, percentages are of what was asked for. */
export type MetricTarget = {
  readonly type?: string;
  readonly value?: string;
  readonly averageValue?: string;
  readonly averageUtilization?: number;
};

export type MetricIdentifier = { readonly name: string; readonly selector?: LabelSelector };

export type MetricSpec =
  | { readonly type: 'Resource'; readonly resource: { readonly name: string; readonly target: MetricTarget } }
  | {
      readonly type: 'ContainerResource';
      readonly containerResource: { readonly name: string; readonly container: string; readonly target: MetricTarget };
    }
  | { readonly type: 'Pods'; readonly pods: { readonly metric: MetricIdentifier; readonly target: MetricTarget } }
  | {
      readonly type: 'Object';
      readonly object: {
        readonly describedObject: ObjectTarget;
        readonly metric: MetricIdentifier;
        readonly target: MetricTarget;
      };
    }
  | {
      readonly type: 'External';
      readonly external: { readonly metric: MetricIdentifier; readonly target: MetricTarget };
    };

export type MetricValue = {
  readonly value?: string;
  readonly averageValue?: string;
  readonly averageUtilization?: number;
};

/** What a metric was last, in the field of its type; the type is empty where it could not be had. */
export type MetricStatus = { readonly type: string } & Readonly<Record<string, unknown>>;

export type ScalingPolicy = {
  readonly type: 'Pods' | 'Percent';
  readonly value: number;
  readonly periodSeconds: number;
};

export type ScalingRules = {
  readonly stabilizationWindowSeconds?: number;
  readonly selectPolicy?: 'Max' | 'Min' | 'Disabled';
  readonly policies?: readonly ScalingPolicy[];
  /** How far from the target the metric may be without anything happening, as a fraction. */
  readonly tolerance?: string;
};

export type AutoscalerSpec = {
  readonly scaleTargetRef: ObjectTarget;
  readonly minReplicas?: number;
  readonly maxReplicas: number;
  readonly metrics?: readonly MetricSpec[];
  readonly behavior?: { readonly scaleUp?: ScalingRules; readonly scaleDown?: ScalingRules };
};

export type AutoscalerStatus = {
  readonly currentReplicas?: number;
  readonly desiredReplicas?: number;
  readonly lastScaleTime?: string;
  readonly currentMetrics?: readonly MetricStatus[] | null;
  readonly conditions?: readonly Condition[];
};

export type HorizontalPodAutoscaler = KubeObject & {
  readonly spec: AutoscalerSpec;
  readonly status?: AutoscalerStatus;
};

/** autoscaling/v1 Scale: the replicas of any workload in one form. */
export type Scale = KubeObject & {
  readonly spec?: { readonly replicas?: number };
  /** `selector` is a query, as `labelSelector` parameters have it. */
  readonly status?: { readonly replicas?: number; readonly selector?: string };
};
