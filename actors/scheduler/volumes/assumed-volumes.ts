// What pods on their way to a node have been promised: this volume for that claim, a new volume on this node for that
// one. The log knows nothing of it yet, so the next pod must be told here, lest one volume be given away twice. Several
// pods may use one claim: a promise stands as long as one of them is on its way.

import type { ClusterSnapshot } from '../cluster-snapshot.ts';

type Promised = {
  volume: string | undefined;
  /** Where its volume is to be made. */
  node: string | undefined;
  /** Pods on their way, by uid. */
  readonly pods: Set<string>;
};

export class AssumedVolumes {
  readonly #byClaim = new Map<string, Promised>();
  /** Volume → claim uid. */
  readonly #claims = new Map<string, string>();

  volumeOf(claimUid: string): string | undefined {
    return this.#byClaim.get(claimUid)?.volume;
  }

  nodeOf(claimUid: string): string | undefined {
    return this.#byClaim.get(claimUid)?.node;
  }

  isTaken(volume: string, claimUid: string): boolean {
    const holder = this.#claims.get(volume);
    return holder !== undefined && holder !== claimUid;
  }

  bind(podUid: string, claimUid: string, volume: string): void {
    this.#promisedTo(podUid, claimUid).volume = volume;
    this.#claims.set(volume, claimUid);
  }

  provision(podUid: string, claimUid: string, node: string): void {
    this.#promisedTo(podUid, claimUid).node = node;
  }

  /** The log tells it from now on, or it did not come about: the pod no longer counts on it. */
  forget(podUid: string, claimUid: string): void {
    const promised = this.#byClaim.get(claimUid);
    if (promised?.pods.delete(podUid) !== true || promised.pods.size > 0) return;
    this.#byClaim.delete(claimUid);
    if (promised.volume !== undefined) this.#claims.delete(promised.volume);
  }

  #promisedTo(podUid: string, claimUid: string): Promised {
    let promised = this.#byClaim.get(claimUid);
    if (promised === undefined) {
      promised = { volume: undefined, node: undefined, pods: new Set() };
      this.#byClaim.set(claimUid, promised);
    }
    promised.pods.add(podUid);
    return promised;
  }
}

const byCluster = new WeakMap<ClusterSnapshot, AssumedVolumes>();

export function assumedIn(cluster: ClusterSnapshot): AssumedVolumes {
  let assumed = byCluster.get(cluster);
  if (assumed === undefined) {
    assumed = new AssumedVolumes();
    byCluster.set(cluster, assumed);
  }
  return assumed;
}
