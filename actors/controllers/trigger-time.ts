// Since when endpoints ought to say what they now say: the earliest of the changes that made somebody look, for those who
// measure how long a change takes to reach the proxies. It depends on what was seen the last time, so it is remembered;
// after a restart a service counts as new (upstream: TriggerTimeTracker).

import { timestamp } from '../../streams/resources/meta.ts';
import type { Pod } from '../../streams/resources/pod.ts';
import type { Service } from '../../streams/resources/service.ts';
import { podCondition } from '../pod/pod-conditions.ts';

export const triggerTimeAnnotation = 'endpoints.kubernetes.io/last-change-trigger-time';

export type TriggerMemory = {
  readonly serviceMs: number;
  /** Pod → when it became ready, or ceased to be. */
  readonly podsMs: ReadonlyMap<string, number>;
};

export type Trigger = {
  /** Undefined where nothing that is known of has changed. */
  readonly time: string | undefined;
  readonly memory: TriggerMemory;
};

export function triggerOf(
  service: Service,
  { pods, memory }: { readonly pods: readonly Pod[]; readonly memory: TriggerMemory | undefined },
): Trigger {
  const podsMs = new Map<string, number>();
  let earliest = Number.POSITIVE_INFINITY;
  for (const pod of pods) {
    const ms = Date.parse(podCondition(pod, 'Ready')?.lastTransitionTime ?? '');
    if (Number.isNaN(ms)) continue;
    podsMs.set(pod.metadata.name, ms);
    if (ms > (memory?.podsMs.get(pod.metadata.name) ?? 0)) earliest = Math.min(earliest, ms);
  }
  const serviceMs = Date.parse(service.metadata.creationTimestamp ?? '') || 0;
  if (memory === undefined) earliest = serviceMs;
  else if (serviceMs > memory.serviceMs) earliest = Math.min(earliest, serviceMs);
  const known = earliest > 0 && Number.isFinite(earliest);
  return { time: known ? timestamp(earliest) : undefined, memory: { serviceMs, podsMs } };
}

type Annotations = Readonly<Record<string, string>>;

/** The annotations with the time in them, or without it. */
export function withTriggerTime(annotations: Annotations | undefined, { time }: Trigger): Annotations | undefined {
  const { [triggerTimeAnnotation]: _, ...others } = annotations ?? {};
  const next = time === undefined ? others : { ...others, [triggerTimeAnnotation]: time };
  return Object.keys(next).length === 0 ? undefined : next;
}
