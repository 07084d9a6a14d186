// Watches every event of a cluster for the two promises of a rolling update and keeps a record of what broke them.

import { rolloutBounds } from '../../actors/controllers/deployment-bounds.ts';
import { isPodActive, isPodAvailable } from '../../actors/pod/pod-conditions.ts';
import { controllerOf } from '../../streams/resources/meta.ts';
import { resources } from '../../streams/resources/names.ts';
import type { Pod } from '../../streams/resources/pod.ts';
import type { Deployment, ReplicaSet } from '../../streams/resources/workload.ts';
import type { LiveCluster } from './live-cluster.ts';

export type PodsNow = { readonly active: number; readonly available: number; readonly images: ReadonlySet<string> };

export class RolloutWatch {
  readonly broken: string[] = [];
  /** Most and fewest that were seen since the watch began. */
  mostActive = 0;
  fewestAvailable = Number.POSITIVE_INFINITY;
  readonly #cluster: LiveCluster;
  readonly #name: string;

  constructor(cluster: LiveCluster, name: string) {
    this.#cluster = cluster;
    this.#name = name;
    cluster.view.listen(({ ref, event }) => {
      if (ref.resource !== 'pods') return;
      const now = this.now();
      const deployment = this.#deployment();
      if (now === undefined || deployment === undefined) return;
      const { replicas, maxSurge, maxUnavailable } = rolloutBounds(deployment);
      this.mostActive = Math.max(this.mostActive, now.active);
      this.fewestAvailable = Math.min(this.fewestAvailable, now.available);
      const at = `revision ${event.revision} (${event.type} ${ref.name})`;
      if (now.active > replicas + maxSurge) this.broken.push(`${at}: ${now.active} pods > ${replicas}+${maxSurge}`);
      if (now.available < replicas - maxUnavailable) {
        this.broken.push(`${at}: ${now.available} available < ${replicas}-${maxUnavailable}`);
      }
    });
  }

  /** Forgets what was seen so far. */
  restart(): void {
    this.broken.length = 0;
    this.mostActive = 0;
    this.fewestAvailable = Number.POSITIVE_INFINITY;
  }

  now(): PodsNow | undefined {
    const deployment = this.#deployment();
    if (deployment === undefined) return undefined;
    const nowMs = this.#cluster.clock.now();
    const { minReadySeconds } = deployment.spec;
    const pods = this.#cluster.view
      .ownedBy<ReplicaSet>(resources.replicaSets, deployment.metadata.uid)
      .flatMap((set) => this.#cluster.view.ownedBy<Pod>(resources.pods, set.metadata.uid))
      .filter((pod) => controllerOf(pod) !== undefined && isPodActive(pod));
    return {
      active: pods.length,
      available: pods.filter((pod) => isPodAvailable(pod, { minReadySeconds, nowMs })).length,
      images: new Set(pods.map(({ spec }) => spec.containers[0]?.image ?? '')),
    };
  }

  /** The rollout is over: all replicas are of the newest template and available, and the status says so. */
  isComplete(): boolean {
    const deployment = this.#deployment();
    const now = this.now();
    if (deployment === undefined || now === undefined) return false;
    const { metadata, spec, status = {} } = deployment;
    const replicas = spec.replicas ?? 1;
    const image = spec.template.spec.containers[0]?.image ?? '';
    return (
      now.active === replicas &&
      now.available === replicas &&
      (replicas === 0 || (now.images.size === 1 && now.images.has(image))) &&
      status.observedGeneration === metadata.generation &&
      (status.updatedReplicas ?? 0) === replicas &&
      (status.replicas ?? 0) === replicas &&
      (status.availableReplicas ?? 0) === replicas
    );
  }

  #deployment(): Deployment | undefined {
    return this.#cluster.get<Deployment>('Deployment', this.#name);
  }
}
