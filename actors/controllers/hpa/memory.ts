// What an autoscaler has to remember of itself: what it recommended lately, before anything held it back, and how it
// scaled. It is lost with the process, as upstream's is: an autoscaler that begins anew takes the present number of
// replicas for its first recommendation. Invariant: nothing is kept longer than a rule of the autoscaler looks back.

import type { AutoscalerStatus, ScalingRules } from '../../../streams/resources/autoscaling.ts';

export type Recommendation = { readonly replicas: number; readonly atMs: number };
/** By how many replicas, whichever way. */
export type ScaleEvent = { readonly by: number; readonly atMs: number };

export type AutoscalerMemory = {
  /** When the metrics were last looked at. */
  readonly syncedAtMs: number;
  readonly recommendations: readonly Recommendation[];
  readonly ups: readonly ScaleEvent[];
  readonly downs: readonly ScaleEvent[];
  /** The target has been scaled and the autoscaler's status does not say so yet. */
  readonly unreported?: AutoscalerStatus;
};

export const nothingRemembered: Omit<AutoscalerMemory, 'syncedAtMs'> = { recommendations: [], ups: [], downs: [] };

/** An autoscaler that remembers no recommendation takes the present replicas for one. */
export function begun(memory: AutoscalerMemory, replicas: number): AutoscalerMemory {
  if (memory.recommendations.length > 0) return memory;
  return { ...memory, recommendations: [{ replicas, atMs: memory.syncedAtMs }] };
}

/** Recommendations that still count for a window that long, and the newest. */
export function recommended(
  { recommendations }: Pick<AutoscalerMemory, 'recommendations'>,
  { replicas, windowMs, nowMs }: { readonly replicas: number; readonly windowMs: number; readonly nowMs: number },
): readonly Recommendation[] {
  const kept = recommendations.filter(({ atMs }) => atMs >= nowMs - windowMs);
  return [...kept, { replicas, atMs: nowMs }];
}

/** The memory after the target was scaled under these rules. */
export function scaled(
  memory: AutoscalerMemory,
  {
    from,
    to,
    rules,
    nowMs,
  }: { readonly from: number; readonly to: number; readonly rules: ScalingRules | undefined; readonly nowMs: number },
): Pick<AutoscalerMemory, 'ups' | 'downs'> {
  const { ups, downs } = memory;
  if (rules === undefined) return { ups, downs };
  const periodMs = 1_000 * Math.max(0, ...(rules.policies ?? []).map(({ periodSeconds }) => periodSeconds));
  const withEvent = (events: readonly ScaleEvent[]): readonly ScaleEvent[] => [
    ...events.filter(({ atMs }) => atMs >= nowMs - periodMs),
    { by: Math.abs(to - from), atMs: nowMs },
  ];
  return to > from ? { ups: withEvent(ups), downs } : { ups, downs: withEvent(downs) };
}

/** Replicas that came or went within the period. */
export function changedWithin(events: readonly ScaleEvent[], periodSeconds: number, nowMs: number): number {
  let replicas = 0;
  for (const { by, atMs } of events) if (atMs > nowMs - periodSeconds * 1_000) replicas += by;
  return replicas;
}
