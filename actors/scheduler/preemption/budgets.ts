// Which of the pods that may have to go are protected by a disruption budget that has nothing left to give. The order
// of the pods decides who uses up a budget: the more important first.

import type { PodDisruptionBudget } from '../../../streams/resources/disruption.ts';
import { matchesSelector } from '../../../streams/resources/labels.ts';
import type { PodInfo } from '../pod-shape.ts';

export type Protection = { readonly violating: readonly PodInfo[]; readonly free: readonly PodInfo[] };

export function splitByBudget(pods: readonly PodInfo[], budgets: readonly PodDisruptionBudget[]): Protection {
  if (budgets.length === 0) return { violating: [], free: pods };
  const allowed = budgets.map(({ status }) => status?.disruptionsAllowed ?? 0);
  const violating: PodInfo[] = [];
  const free: PodInfo[] = [];
  for (const pod of pods) {
    let violates = false;
    budgets.forEach((budget, i) => {
      // A pod that is promised to go already is in the count.
      if (!covers(budget, pod) || budget.status?.disruptedPods?.[pod.name] !== undefined) return;
      const left = (allowed[i] ?? 0) - 1;
      allowed[i] = left;
      if (left < 0) violates = true;
    });
    (violates ? violating : free).push(pod);
  }
  return { violating, free };
}

/** A pod without labels is in no budget, and a budget that selects nothing in particular protects nobody here. */
function covers({ metadata, spec }: PodDisruptionBudget, { namespace, shape }: PodInfo): boolean {
  const selector = spec?.selector;
  if (metadata.namespace !== namespace || selector == null) return false;
  const { matchLabels = {}, matchExpressions = [] } = selector;
  if (Object.keys(matchLabels).length + matchExpressions.length === 0) return false;
  return Object.keys(shape.labels).length > 0 && matchesSelector(selector, shape.labels);
}
