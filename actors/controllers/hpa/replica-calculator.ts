// How many replicas a metric asks for: the present number times how far the metric is from its target. Pods that tell
// nothing are counted so that they dampen the change and never turn it round (upstream: replica_calculator.go). All
// amounts are whole thousandths and divisions drop the rest, as upstream's integers do.

import type { Pod } from '../../../streams/resources/pod.ts';
import { isPodReady } from '../../pod/pod-conditions.ts';
import type { PodMetrics, Read } from './metrics.ts';
import { groupPods, requestsOf, type StartUp } from './pod-groups.ts';

/** Fractions: how much more or less than the target is near enough. */
export type Tolerances = { readonly up: number; readonly down: number };

export type Calculation = {
  readonly currentReplicas: number;
  readonly pods: readonly Pod[];
  readonly tolerances: Tolerances;
  readonly startUp: StartUp;
};

export type Proposed = {
  readonly kind: 'proposed';
  readonly replicas: number;
  /** Mean of the pods that count, thousandths. */
  readonly usage: number;
  /** The same as percentage of what was asked for. */
  readonly utilization?: number;
};

export type Proposal = Proposed | { readonly kind: 'failed'; readonly message: string };

const replicasMax = 2 ** 31 - 1;

type Values = ReadonlyMap<string, number>;
type Measure = { readonly ratio: number; readonly usage: number; readonly utilization?: number };
type Scale = {
  measure(values: Values): Read<Measure>;
  /** What a pod without a metric is taken to use where pods are to go. */
  fallback(pod: string): number;
};

/** Target: percentage of what the pods asked for. */
export function utilizationReplicas(
  calculation: Calculation,
  {
    metrics,
    resource,
    container,
    target,
  }: { metrics: PodMetrics; resource: string; container: string | undefined; target: number },
): Proposal {
  return proposal(calculation, {
    metrics,
    resource,
    scale: () => {
      const requests = requestsOf(calculation.pods, { resource, container });
      if (requests.kind === 'failed') return requests;
      const asked = (pod: string) => requests.value.get(pod) ?? 0;
      const scale: Scale = {
        measure: (values) => utilizationOf(values, { requests: requests.value, target }),
        fallback: (pod) => Math.trunc((asked(pod) * Math.max(100, target)) / 100),
      };
      return { kind: 'read', value: scale };
    },
  });
}

/** Target: thousandths of the metric for each pod. `resource` is undefined for metrics that are no resource. */
export function averageReplicas(
  calculation: Calculation,
  { metrics, resource, target }: { metrics: PodMetrics; resource: string | undefined; target: number },
): Proposal {
  const scale: Scale = {
    measure(values) {
      const usage = Math.trunc(sum(values.values()) / values.size);
      return { kind: 'read', value: { ratio: usage / target, usage } };
    },
    fallback: () => target,
  };
  return proposal(calculation, { metrics, resource, scale: () => ({ kind: 'read', value: scale }) });
}

/** Target: thousandths of one value that all pods share. */
export function valueReplicas(
  { currentReplicas, pods, tolerances }: Calculation,
  { usage, target }: { usage: number; target: number },
): Proposal {
  const ratio = usage / target;
  if (currentReplicas === 0) return { kind: 'proposed', replicas: whole(ratio), usage };
  if (within(ratio, tolerances)) return { kind: 'proposed', replicas: currentReplicas, usage };
  if (pods.length === 0) return { kind: 'failed', message: `unable to calculate ready pods: ${noPods}` };
  const ready = pods.filter((pod) => pod.status?.phase === 'Running' && isPodReady(pod)).length;
  return { kind: 'proposed', replicas: whole(ratio * ready), usage };
}

/** Target: thousandths of one value for each pod. */
export function sharedValueReplicas(
  { statusReplicas, tolerances }: { readonly statusReplicas: number; readonly tolerances: Tolerances },
  { usage, target }: { usage: number; target: number },
): Proposed {
  const near = within(usage / (target * statusReplicas), tolerances);
  const replicas = near ? statusReplicas : whole(usage / target);
  return { kind: 'proposed', replicas, usage: statusReplicas === 0 ? usage : Math.ceil(usage / statusReplicas) };
}

const noPods = 'no pods returned by selector while calculating replica count';

function proposal(
  { currentReplicas, pods, tolerances, startUp }: Calculation,
  { metrics, resource, scale }: { metrics: PodMetrics; resource: string | undefined; scale: () => Read<Scale> },
): Proposal {
  if (pods.length === 0) return { kind: 'failed', message: noPods };
  const groups = groupPods(pods, { metrics, resource, startUp });
  const values = new Map<string, number>();
  for (const [pod, { value }] of metrics) {
    if (!groups.ignored.has(pod) && !groups.unready.has(pod)) values.set(pod, value);
  }
  if (values.size === 0) {
    return { kind: 'failed', message: 'did not receive metrics for targeted pods (pods might be unready)' };
  }
  const scaled = scale();
  if (scaled.kind === 'failed') return scaled;
  const measured = scaled.value.measure(values);
  if (measured.kind === 'failed') return measured;
  const { ratio, ...seen } = measured.value;
  const proposed = (replicas: number): Proposed => ({ kind: 'proposed', replicas, ...seen });
  const growsWithUnready = groups.unready.size > 0 && ratio > 1;
  if (!growsWithUnready && groups.missing.size === 0) {
    return proposed(within(ratio, tolerances) ? currentReplicas : whole(ratio * groups.ready));
  }
  if (ratio < 1) for (const pod of groups.missing) values.set(pod, scaled.value.fallback(pod));
  if (ratio > 1) for (const pod of groups.missing) values.set(pod, 0);
  if (growsWithUnready) for (const pod of groups.unready) values.set(pod, 0);
  const again = scaled.value.measure(values);
  if (again.kind === 'failed') return again;
  const dampened = again.value.ratio;
  if (within(dampened, tolerances) || turns(ratio, dampened)) return proposed(currentReplicas);
  const replicas = whole(dampened * values.size);
  const wrongWay = (dampened < 1 && replicas > currentReplicas) || (dampened > 1 && replicas < currentReplicas);
  return proposed(wrongWay ? currentReplicas : replicas);
}

function utilizationOf(
  values: Values,
  { requests, target }: { requests: ReadonlyMap<string, number>; target: number },
): Read<Measure> {
  let [used, asked, counted] = [0, 0, 0];
  for (const [pod, value] of values) {
    const request = requests.get(pod);
    if (request === undefined) continue;
    used += value;
    asked += request;
    counted++;
  }
  if (asked === 0) return { kind: 'failed', message: 'no metrics returned matched known pods' };
  const utilization = Math.trunc((used * 100) / asked);
  return { kind: 'read', value: { ratio: utilization / target, utilization, usage: Math.trunc(used / counted) } };
}

function within(ratio: number, { up, down }: Tolerances): boolean {
  return 1 - down <= ratio && ratio <= 1 + up;
}

function turns(before: number, after: number): boolean {
  return (before < 1 && after > 1) || (before > 1 && after < 1);
}

function whole(replicas: number): number {
  return Math.min(replicasMax, Math.ceil(replicas));
}

function sum(values: Iterable<number>): number {
  let all = 0;
  for (const value of values) all += value;
  return all;
}
