// That no node suits pods of a shape, kept up to date: when the next such pod comes, only the nodes that have changed since
// are asked again, and not thousands. Invariant: the verdict kept for a node is the one it would give now, as long as
// only shape and node have a say.

import type { ClusterSnapshot } from './cluster-snapshot.ts';
import type { Rejected, Rejection } from './framework.ts';
import type { NodeInfo } from './node-info.ts';

export class StandingFailure implements Rejected {
  readonly nodes: readonly NodeInfo[];
  readonly rejections: readonly Rejection[];
  readonly #rejections: Rejection[];
  /** Place among the nodes, by slot. */
  readonly #place: Int32Array;
  /** How many nodes give each rejection. */
  readonly counts = new Map<Rejection, number>();
  resolvable = 0;
  #seen: number;

  /** `cluster` is as it was when the nodes were asked. */
  constructor(cluster: ClusterSnapshot, { nodes, rejections }: Pick<Rejected, 'nodes' | 'rejections'>) {
    this.nodes = [...nodes];
    this.#rejections = [...rejections];
    this.rejections = this.#rejections;
    this.#place = new Int32Array(cluster.slots).fill(-1);
    this.#seen = cluster.changes.end;
    nodes.forEach(({ slot }, i) => {
      this.#place[slot] = i;
    });
    for (const rejection of rejections) this.#count(rejection, 1);
  }

  /**
   * Asks the nodes that have changed: those that suit now; empty where all is as bad as before. Undefined where it is
   * better to begin anew, because nodes have come or gone or too much has changed.
   */
  renew(cluster: ClusterSnapshot, verdict: (node: NodeInfo) => Rejection | undefined): readonly NodeInfo[] | undefined {
    const changed = cluster.changes.since(this.#seen);
    if (changed === undefined || cluster.nodes.length !== this.nodes.length) return undefined;
    const suitable: NodeInfo[] = [];
    for (const node of new Set(changed)) {
      const at = this.#place[node.slot] ?? -1;
      if (node.node === undefined || this.nodes[at] !== node) return undefined;
      const before = this.#rejections[at];
      const now = verdict(node);
      if (now === undefined) suitable.push(node);
      else if (before !== undefined && now !== before) {
        this.#count(before, -1);
        this.#count(now, 1);
        this.#rejections[at] = now;
      }
    }
    // A node that suits keeps its old verdict until somebody stands on it: it is asked again next time.
    if (suitable.length === 0) this.#seen = cluster.changes.end;
    return suitable;
  }

  #count(rejection: Rejection, by: 1 | -1): void {
    if (rejection.resolvable) this.resolvable += by;
    const count = (this.counts.get(rejection) ?? 0) + by;
    if (count === 0) this.counts.delete(rejection);
    else this.counts.set(rejection, count);
  }
}
