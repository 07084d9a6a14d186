// What pods on their way to a node have been promised: this volume for that claim, a new volume on this node for that
// one. The log knows nothing of it yet, so the next pod must be told here, lest one volume be given away twice.

import type { ClusterSnapshot } from '../cluster-snapshot.ts';

export class AssumedVolumes {
  /** Claim uid → volume, and the other way round. */
  readonly #volumes = new Map<string, string>();
  readonly #claims = new Map<string, string>();
  /** Claim uid → node on which its volume is to be made. */
  readonly #nodes = new Map<string, string>();

  volumeOf(claimUid: string): string | undefined {
    return this.#volumes.get(claimUid);
  }

  nodeOf(claimUid: string): string | undefined {
    return this.#nodes.get(claimUid);
  }

  isTaken(volume: string, claimUid: string): boolean {
    const holder = this.#claims.get(volume);
    return holder !== undefined && holder !== claimUid;
  }

  bind(claimUid: string, volume: string): void {
    this.#volumes.set(claimUid, volume);
    this.#claims.set(volume, claimUid);
  }

  provision(claimUid: string, node: string): void {
    this.#nodes.set(claimUid, node);
  }

  /** The log tells it from now on, or it did not come about. */
  forget(claimUid: string): void {
    const volume = this.#volumes.get(claimUid);
    if (volume !== undefined) this.#claims.delete(volume);
    this.#volumes.delete(claimUid);
    this.#nodes.delete(claimUid);
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
