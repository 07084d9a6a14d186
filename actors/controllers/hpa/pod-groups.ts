// Which pods count when replicas are calculated, and what they asked for. A pod that starts uses more than it will, so
// the processor time of one that is not ready yet says nothing (upstream: groupPods, calculateRequests).

import type { Container, Pod } from '../../../streams/resources/pod.ts';
import { requestSums } from '../../../streams/resources/pod-resources.ts';
import { addQuantity, milliValue, quantityOf } from '../../../streams/resources/quantity.ts';
import { podCondition } from '../../pod/pod-conditions.ts';
import type { PodMetric, PodMetrics, Read } from './metrics.ts';

export type PodGroups = {
  /** Pods whose metrics count. */
  readonly ready: number;
  /** Names: those that do not run yet, or not for long enough. */
  readonly unready: ReadonlySet<string>;
  /** Those that run and of which no metric is known. */
  readonly missing: ReadonlySet<string>;
  /** Those that failed or go away. */
  readonly ignored: ReadonlySet<string>;
};

export type StartUp = {
  /** So long after its start a pod's processor time counts only while it is ready. */
  readonly cpuInitializationPeriodMs: number;
  /** A pod that became unready this soon after its start has never been ready. */
  readonly initialReadinessDelayMs: number;
  readonly nowMs: number;
};

export function groupPods(
  pods: readonly Pod[],
  { metrics, resource, startUp }: { metrics: PodMetrics; resource: string | undefined; startUp: StartUp },
): PodGroups {
  const unready = new Set<string>();
  const missing = new Set<string>();
  const ignored = new Set<string>();
  let ready = 0;
  for (const pod of pods) {
    const { name, deletionTimestamp } = pod.metadata;
    const phase = pod.status?.phase ?? 'Pending';
    const metric = metrics.get(name);
    if (deletionTimestamp !== undefined || phase === 'Failed') ignored.add(name);
    else if (phase === 'Pending') unready.add(name);
    else if (metric === undefined) missing.add(name);
    else if (resource === 'cpu' && isStarting(pod, metric, startUp)) unready.add(name);
    else ready++;
  }
  return { ready, unready, missing, ignored };
}

function isStarting(pod: Pod, metric: PodMetric, startUp: StartUp): boolean {
  const condition = podCondition(pod, 'Ready');
  const startTime = pod.status?.startTime;
  if (condition === undefined || startTime === undefined) return true;
  const startMs = Date.parse(startTime);
  const sinceMs = Date.parse(condition.lastTransitionTime ?? '') || 0;
  const unready = condition.status === 'False';
  if (startMs + startUp.cpuInitializationPeriodMs > startUp.nowMs) {
    return unready || metric.timestampMs < sinceMs + metric.windowMs;
  }
  return unready && startMs + startUp.initialReadinessDelayMs > sinceMs;
}

/** What each pod asked for, thousandths by its name: the one container, or all that run side by side. */
export function requestsOf(
  pods: readonly Pod[],
  { resource, container }: { readonly resource: string; readonly container: string | undefined },
): Read<ReadonlyMap<string, number>> {
  const requests = new Map<string, number>();
  for (const pod of pods) {
    const whole = container === undefined && Object.keys(pod.spec.resources?.requests ?? {}).length > 0;
    const request = whole ? wholeRequest(pod, resource) : containerRequests(pod, resource, container);
    if (typeof request === 'string') return { kind: 'failed', message: request };
    requests.set(pod.metadata.name, request);
  }
  return { kind: 'read', value: requests };
}

/** The amount, or why there is none. */
function wholeRequest({ metadata, spec }: Pod, resource: string): number | string {
  const sum = requestSums(spec).get(resource);
  if (sum === undefined) return `missing pod-level request for ${resource} in Pod ${metadata.name}`;
  const overhead = spec.overhead?.[resource];
  return milliValue(overhead === undefined ? sum : addQuantity(sum, quantityOf(overhead)));
}

function containerRequests({ metadata, spec }: Pod, resource: string, wanted: string | undefined): number | string {
  const sidecars = (spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always');
  const containers: readonly Container[] = [...spec.containers, ...sidecars];
  const counted = wanted === undefined ? containers : containers.filter(({ name }) => name === wanted);
  if (wanted !== undefined && counted.length === 0) return `container ${wanted} not found in Pod ${metadata.name}`;
  let request = 0;
  for (const { name, resources } of counted) {
    const amount = resources?.requests?.[resource];
    if (amount === undefined) return `missing request for ${resource} in container ${name} of Pod ${metadata.name}`;
    request += milliValue(quantityOf(amount));
  }
  return request;
}
