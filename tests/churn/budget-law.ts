// An eviction never brings a budget below its minAvailable. Evictions are granted from what the disruption controller
// counted: so many of the pods were healthy at some moment since it looked, and no more may have been promised away since
// than those beyond the minimum.

import { isPodReady } from '../../actors/pod/pod-conditions.ts';
import type { ClusterEvent } from '../../infra/library/cluster-event.ts';
import type { PodDisruptionBudget } from '../../streams/resources/disruption.ts';
import { matchesSelector } from '../../streams/resources/labels.ts';
import type { KubeObject, Labels } from '../../streams/resources/meta.ts';
import type { Pod } from '../../streams/resources/pod.ts';
import { History } from './history.ts';
import { type Complain, kindOf, type Law, placeOf } from './law.ts';

type Kept = {
  budget: PodDisruptionBudget;
  readonly healthy: History<number>;
  /** What the controller had seen when it counted last, and how many were promised since. */
  countedAt: number;
  promised: number;
};

export class BudgetLaw implements Law {
  readonly #complain: Complain;
  readonly #budgets = new Map<string, Kept>();
  /** Labels of the healthy pods, by namespace and name. */
  readonly #healthy = new Map<string, Map<string, Labels>>();
  evictions = 0;

  constructor(complain: Complain) {
    this.#complain = complain;
  }

  take(event: ClusterEvent, object: KubeObject): void {
    if (kindOf(event) === 'pods.') this.#pod(event, object as Pod);
    if (kindOf(event) === 'poddisruptionbudgets.policy') this.#budget(event, object as PodDisruptionBudget);
  }

  #pod(event: ClusterEvent, pod: Pod): void {
    const pods = this.#healthy.get(event.namespace) ?? new Map<string, Labels>();
    this.#healthy.set(event.namespace, pods);
    const was = pods.has(event.name);
    const is = event.to !== null && pod.metadata.deletionTimestamp === undefined && isPodReady(pod);
    if (is) pods.set(event.name, pod.metadata.labels ?? {});
    else pods.delete(event.name);
    if (was === is) return;
    for (const { budget, healthy } of this.#budgets.values()) {
      if (budget.metadata.namespace === event.namespace) healthy.set(event.revision, this.#healthyOf(budget));
    }
  }

  #budget(event: ClusterEvent, budget: PodDisruptionBudget): void {
    const place = placeOf(event);
    if (event.to === null) {
      this.#budgets.delete(place);
      return;
    }
    const kept = this.#budgets.get(place);
    if (kept === undefined || kept.budget.metadata.uid !== budget.metadata.uid) {
      const healthy = new History<number>();
      healthy.set(event.revision, this.#healthyOf(budget));
      this.#budgets.set(place, { budget, healthy, countedAt: event.revision, promised: 0 });
      return;
    }
    const before = Object.keys(kept.budget.status?.disruptedPods ?? {});
    const after = Object.keys(budget.status?.disruptedPods ?? {});
    kept.budget = budget;
    if (event.author.user !== 'system:apiserver') {
      if (event.author.user.endsWith(':disruption-controller')) {
        kept.countedAt = event.seen;
        kept.promised = 0;
      }
      return;
    }
    kept.promised += after.filter((name) => !before.includes(name)).length;
    this.evictions++;
    const { minAvailable } = budget.spec ?? {};
    const most = kept.healthy.mostSince(kept.countedAt);
    if (typeof minAvailable !== 'number' || most - kept.promised >= minAvailable) return;
    this.#complain(
      event,
      `promises ${kept.promised} of at most ${most} healthy pods, of which ${minAvailable} must stay`,
    );
  }

  #healthyOf({ metadata: { namespace = '' }, spec }: PodDisruptionBudget): number {
    let count = 0;
    for (const labels of this.#healthy.get(namespace)?.values() ?? []) {
      if (spec?.selector && matchesSelector(spec.selector, labels)) count++;
    }
    return count;
  }
}
