// An autoscaler keeps what it scales within its bounds, those it had at some moment since it looked.

import type { ClusterEvent } from '../../infra/library/cluster-event.ts';
import type { KubeObject } from '../../streams/resources/meta.ts';
import type { Deployment } from '../../streams/resources/workload.ts';
import { History } from './history.ts';
import { type Complain, kindOf, type Law, placeOf } from './law.ts';

type Autoscaler = KubeObject & { readonly spec: { readonly minReplicas?: number; readonly maxReplicas: number } };
type Bounds = { readonly least: History<number>; readonly most: History<number> };

export class AutoscalerLaw implements Law {
  readonly #complain: Complain;
  /** By namespace and name, which are those of the deployment. */
  readonly #bounds = new Map<string, Bounds>();
  scalings = 0;

  constructor(complain: Complain) {
    this.#complain = complain;
  }

  take(event: ClusterEvent, object: KubeObject): void {
    const place = placeOf(event);
    if (kindOf(event) === 'horizontalpodautoscalers.autoscaling' && event.to !== null) {
      const { minReplicas = 1, maxReplicas } = (object as Autoscaler).spec;
      const bounds = this.#bounds.get(place) ?? { least: new History<number>(), most: new History<number>() };
      this.#bounds.set(place, bounds);
      bounds.least.set(event.revision, minReplicas);
      bounds.most.set(event.revision, maxReplicas);
    }
    const scales = kindOf(event) === 'deployments.apps' && event.author.user.endsWith(':horizontal-pod-autoscaler');
    const bounds = this.#bounds.get(place);
    if (!scales || bounds === undefined) return;
    const { replicas = 1 } = (object as Deployment).spec;
    this.scalings++;
    const [least, most] = [Math.min(...bounds.least.since(event.seen)), bounds.most.mostSince(event.seen)];
    if (replicas < least || replicas > most) {
      this.#complain(event, `is scaled to ${replicas} where ${least} to ${most} are allowed`);
    }
  }
}
