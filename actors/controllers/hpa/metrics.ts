// What an autoscaler asks about the present: the port behind which metrics are. Amounts are in thousandths (cores, bytes,
// or whatever the metric counts), as upstream calculates with. Answers come at once, because a reconcile is pure; what
// has to be fetched is fetched before and answered from what was had last.

import type { MetricIdentifier, ObjectTarget } from '../../../streams/resources/autoscaling.ts';
import type { Requirement } from '../../../streams/resources/labels.ts';

/** What the containers of one pod use. */
export type PodResourceUsage = {
  readonly name: string;
  readonly timestampMs: number;
  readonly windowMs: number;
  /** Resource → thousandths. */
  readonly containers: readonly { readonly name: string; readonly usage: Readonly<Record<string, number>> }[];
};

export type PodMetric = {
  readonly value: number;
  /** When it was measured, milliseconds since the Unix epoch, and over what span. */
  readonly timestampMs: number;
  readonly windowMs: number;
};

/** By name of the pod. */
export type PodMetrics = ReadonlyMap<string, PodMetric>;

export type Read<T> =
  | { readonly kind: 'read'; readonly value: T }
  | { readonly kind: 'failed'; readonly message: string };

type Selected = { readonly namespace: string; readonly selector: readonly Requirement[] };

export type MetricsReader = {
  /** metrics.k8s.io: what the selected pods use. Pods of which nothing is known are left out. */
  resource(query: Selected): Read<readonly PodResourceUsage[]>;
  /** custom.metrics.k8s.io: one value for each of the selected pods. */
  pods(query: Selected & { readonly metric: MetricIdentifier }): Read<PodMetrics>;
  /** custom.metrics.k8s.io: the value of one object. */
  object(query: {
    readonly namespace: string;
    readonly object: ObjectTarget;
    readonly metric: MetricIdentifier;
  }): Read<number>;
  /** external.metrics.k8s.io: every value the metric has. */
  external(query: { readonly namespace: string; readonly metric: MetricIdentifier }): Read<readonly number[]>;
};

const noCustomMetrics = {
  kind: 'failed',
  message: 'unable to fetch metrics from custom metrics API: no custom metrics API (custom.metrics.k8s.io) registered',
} as const;

/** Answers of a cluster in which nobody serves custom or external metrics. */
export const noOtherMetrics: Omit<MetricsReader, 'resource'> = {
  pods: () => noCustomMetrics,
  object: () => noCustomMetrics,
  external: ({ metric: { name } }) => ({
    kind: 'failed',
    message: `unable to fetch metrics from external metrics API: the server could not find the requested resource (get ${name}.external.metrics.k8s.io)`,
  }),
};

/** Answers of a cluster in which nobody serves any. */
export const noMetrics: MetricsReader = {
  ...noOtherMetrics,
  resource: () => ({
    kind: 'failed',
    message:
      'unable to fetch metrics from resource metrics API: the server could not find the requested resource (get pods.metrics.k8s.io)',
  }),
};

/** The pods' use of one resource: of one container, or of all of them. A pod that does not tell all of it is left out. */
export function resourceMetrics(
  pods: readonly PodResourceUsage[],
  { resource, container }: { readonly resource: string; readonly container: string | undefined },
): PodMetrics {
  const metrics = new Map<string, PodMetric>();
  for (const { name, timestampMs, windowMs, containers } of pods) {
    const counted = container === undefined ? containers : containers.filter((one) => one.name === container);
    const amounts = counted.map(({ usage }) => usage[resource]);
    if (amounts.length === 0 || amounts.includes(undefined)) continue;
    const value = amounts.reduce<number>((sum, amount) => sum + (amount ?? 0), 0);
    metrics.set(name, { value, timestampMs, windowMs });
  }
  return metrics;
}
