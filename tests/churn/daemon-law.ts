// A daemon set has one active pod on a node, and during a roll-out with surge two: held when it makes a pod.

import type { ClusterEvent } from '../../infra/library/cluster-event.ts';
import { controllerOf, type KubeObject } from '../../streams/resources/meta.ts';
import type { Pod } from '../../streams/resources/pod.ts';
import type { DaemonSet } from '../../streams/resources/workload.ts';
import { type Complain, kindOf, type Law, placeOf } from './law.ts';

type Standing = { readonly set: string; readonly node: string };

export class DaemonLaw implements Law {
  readonly #complain: Complain;
  readonly #surging = new Set<string>();
  /** Active pods of daemon sets, by namespace and name. */
  readonly #active = new Map<string, Standing>();

  constructor(complain: Complain) {
    this.#complain = complain;
  }

  take(event: ClusterEvent, object: KubeObject): void {
    if (kindOf(event) === 'daemonsets.apps') this.#set(event, object as DaemonSet);
    if (kindOf(event) === 'pods.') this.#pod(event, object as Pod);
  }

  #set(event: ClusterEvent, { metadata: { uid }, spec }: DaemonSet): void {
    const surge = spec.updateStrategy?.rollingUpdate?.maxSurge ?? 0;
    if (event.to !== null && surge !== 0) this.#surging.add(uid);
    else this.#surging.delete(uid);
  }

  #pod(event: ClusterEvent, pod: Pod): void {
    const place = placeOf(event);
    const owner = controllerOf(pod);
    const { phase = 'Pending' } = pod.status ?? {};
    const over = phase === 'Succeeded' || phase === 'Failed' || pod.metadata.deletionTimestamp !== undefined;
    if (event.to === null || over || owner?.kind !== 'DaemonSet') {
      this.#active.delete(place);
      return;
    }
    const made = event.from === null;
    const standing = { set: owner.uid, node: nodeOf(pod) };
    this.#active.set(place, standing);
    if (!made) return;
    let count = 0;
    for (const { set, node } of this.#active.values()) {
      if (set === standing.set && node === standing.node) count++;
    }
    const most = this.#surging.has(owner.uid) ? 2 : 1;
    if (count > most) this.#complain(event, `is one of ${count} active pods of ${owner.name} on ${standing.node}`);
  }
}

/** The node it was made for. */
function nodeOf({ spec }: Pod): string {
  const terms = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  return spec.nodeName ?? terms[0]?.matchFields?.[0]?.values?.[0] ?? '';
}
