// Where the pods of one shape stand: per node, and per value of any topology label somebody asked about. Both are kept
// up to date pod by pod, so that spreading ten thousand replicas over three zones costs three additions, not thousands.

import { labelOf } from '../../streams/resources/labels.ts';
import type { NodeInfo } from './node-info.ts';

export class Placements {
  readonly #nodes = new Map<NodeInfo, number>();
  /** Topology key → value → pods; only keys that were asked for. */
  readonly #domains = new Map<string, Map<string, number>>();

  get isEmpty(): boolean {
    return this.#nodes.size === 0;
  }

  get nodes(): ReadonlyMap<NodeInfo, number> {
    return this.#nodes;
  }

  on(node: NodeInfo): number {
    return this.#nodes.get(node) ?? 0;
  }

  /** Pods by the value their node's label has; nodes without it do not count. */
  domains(key: string): ReadonlyMap<string, number> {
    let counts = this.#domains.get(key);
    if (counts === undefined) {
      counts = new Map();
      for (const [{ labels }, count] of this.#nodes) change(counts, labelOf(labels, key), count);
      this.#domains.set(key, counts);
    }
    return counts;
  }

  add(node: NodeInfo): void {
    this.#nodes.set(node, (this.#nodes.get(node) ?? 0) + 1);
    for (const [key, counts] of this.#domains) change(counts, labelOf(node.labels, key), 1);
  }

  remove(node: NodeInfo): void {
    const count = this.#nodes.get(node) ?? 0;
    if (count > 1) this.#nodes.set(node, count - 1);
    else this.#nodes.delete(node);
    for (const [key, counts] of this.#domains) change(counts, labelOf(node.labels, key), -1);
  }

  /** To be called when a node here is about to have other labels, or has: its pods are counted anew. */
  forgetDomains(): void {
    this.#domains.clear();
  }
}

function change(counts: Map<string, number>, value: string | undefined, by: number): void {
  if (value === undefined) return;
  const count = (counts.get(value) ?? 0) + by;
  if (count === 0) counts.delete(value);
  else counts.set(value, count);
}
