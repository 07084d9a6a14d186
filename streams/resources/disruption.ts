// PodDisruptionBudget as far as the program itself reads it.

import type { Condition, KubeObject, LabelSelector } from './meta.ts';
import type { IntOrString } from './workload.ts';

export type PodDisruptionBudgetStatus = {
  readonly observedGeneration?: number;
  /** Pods that are about to be evicted, with the time they were promised to go at. */
  readonly disruptedPods?: Readonly<Record<string, string>>;
  readonly disruptionsAllowed: number;
  readonly currentHealthy: number;
  readonly desiredHealthy: number;
  readonly expectedPods: number;
  readonly conditions?: readonly Condition[];
};

export type PodDisruptionBudget = KubeObject & {
  readonly spec?: {
    readonly selector?: LabelSelector | null;
    readonly minAvailable?: IntOrString;
    readonly maxUnavailable?: IntOrString;
    readonly unhealthyPodEvictionPolicy?: 'IfHealthyBudget' | 'AlwaysAllow';
  };
  readonly status?: PodDisruptionBudgetStatus;
};

/** The condition that says whether a disruption is allowed at this moment. */
export function disruptionAllowedCondition(
  disruptionsAllowed: number,
  observedGeneration: number | undefined,
): Condition {
  return {
    type: 'DisruptionAllowed',
    status: disruptionsAllowed > 0 ? 'True' : 'False',
    ...(observedGeneration === undefined ? undefined : { observedGeneration }),
    reason: disruptionsAllowed > 0 ? 'SufficientPods' : 'InsufficientPods',
    message: '',
  };
}
