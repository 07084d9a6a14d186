// How many pods a rollout may have beyond the wanted number, and how many of those may be missing.

import type { Deployment, IntOrString } from '../../streams/resources/workload.ts';

export type RolloutBounds = {
  /** Replicas the spec asks for. */
  readonly replicas: number;
  readonly maxSurge: number;
  readonly maxUnavailable: number;
};

/**
 * Percentages are of the replicas: surge rounds up, unavailable rounds down. Where both come out as 0 nothing could
 * move, so one pod may be unavailable.
 */
export function rolloutBounds({ spec }: Deployment): RolloutBounds {
  const replicas = spec.replicas ?? 1;
  if (spec.strategy?.type === 'Recreate') return { replicas, maxSurge: 0, maxUnavailable: 0 };
  const { maxSurge = '25%', maxUnavailable = '25%' } = spec.strategy?.rollingUpdate ?? {};
  const surge = scaled(maxSurge, replicas, Math.ceil);
  const unavailable = scaled(maxUnavailable, replicas, Math.floor);
  if (surge === 0 && unavailable === 0) return { replicas, maxSurge: 0, maxUnavailable: Math.min(1, replicas) };
  return { replicas, maxSurge: surge, maxUnavailable: Math.min(unavailable, replicas) };
}

function scaled(value: IntOrString, of: number, round: (value: number) => number): number {
  if (typeof value === 'number') return value;
  const number = Number.parseInt(value, 10);
  if (Number.isNaN(number)) return 0;
  return value.endsWith('%') ? round((number * of) / 100) : number;
}
