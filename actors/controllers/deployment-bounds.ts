// How many pods a rollout may have beyond the wanted number, and how many of those may be missing.

import type { Deployment } from '../../streams/resources/workload.ts';
import { portionOf } from '../kit/int-or-percent.ts';

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
  const surge = portionOf(maxSurge, replicas, Math.ceil);
  const unavailable = portionOf(maxUnavailable, replicas, Math.floor);
  if (surge === 0 && unavailable === 0) return { replicas, maxSurge: 0, maxUnavailable: Math.min(1, replicas) };
  return { replicas, maxSurge: surge, maxUnavailable: Math.min(unavailable, replicas) };
}
