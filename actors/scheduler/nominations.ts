// Pods that are promised a node they do not stand on yet: preemption has made room for them there, or somebody said
// where they should go (`status.nominatedNodeName`). Less important and equal pods reckon with them as if they stood
// there. Invariant: a pod is promised at most one node; what the scheduler promised holds until the API server's word
// on it comes back. Source: KEP-5278 (nominated node name for expectation).

import type { ClusterSnapshot } from './cluster-snapshot.ts';
import type { WaitingPod } from './pod-shape.ts';

export class Nominations {
  readonly #cluster: ClusterSnapshot;
  readonly #byNode = new Map<string, Map<string, WaitingPod>>();
  readonly #nodeOf = new Map<string, string>();

  constructor(cluster: ClusterSnapshot) {
    this.#cluster = cluster;
  }

  get size(): number {
    return this.#nodeOf.size;
  }

  nodeOf(uid: string): string | undefined {
    return this.#nodeOf.get(uid);
  }

  on(node: string): Iterable<WaitingPod> {
    return this.#byNode.get(node)?.values() ?? none;
  }

  /** Pods promised the node that the given one has to reckon with. */
  reckonedWith(pod: WaitingPod, node: string): readonly WaitingPod[] {
    if (this.#nodeOf.size === 0) return none;
    const promised = this.#byNode.get(node);
    if (promised === undefined) return none;
    const found: WaitingPod[] = [];
    for (const other of promised.values()) {
      if (other.shape.priority >= pod.shape.priority && other.uid !== pod.uid) found.push(other);
    }
    return found;
  }

  /** Promises the pod a node; an empty name takes the promise back. Returns the node it was promised until now. */
  set(pod: WaitingPod, node: string): string | undefined {
    const before = this.#nodeOf.get(pod.uid);
    if (before === node) {
      this.#byNode.get(node)?.set(pod.uid, pod);
      return before;
    }
    this.remove(pod.uid);
    if (node === '') return before;
    this.#nodeOf.set(pod.uid, node);
    const promised = this.#byNode.get(node);
    if (promised === undefined) this.#byNode.set(node, new Map([[pod.uid, pod]]));
    else promised.set(pod.uid, pod);
    this.#cluster.promise(node, 1);
    return before;
  }

  /**
   * A new version of the pod is recorded. What it says counts, unless it says nothing about a promise that was made
   * here a moment ago. Returns the node it was promised until now, where that has changed.
   */
  recorded(pod: WaitingPod, previous: WaitingPod | undefined): string | undefined {
    const said = pod.pod.status?.nominatedNodeName ?? '';
    const saidBefore = previous?.pod.status?.nominatedNodeName ?? '';
    const kept = said === '' && saidBefore === '' ? (this.#nodeOf.get(pod.uid) ?? '') : said;
    const before = this.set(pod, kept);
    return before === kept ? undefined : before;
  }

  /** Returns the node the pod was promised. */
  remove(uid: string): string | undefined {
    const node = this.#nodeOf.get(uid);
    if (node === undefined) return undefined;
    this.#nodeOf.delete(uid);
    const promised = this.#byNode.get(node);
    promised?.delete(uid);
    if (promised?.size === 0) this.#byNode.delete(node);
    this.#cluster.promise(node, -1);
    return node;
  }
}

const none: readonly WaitingPod[] = [];
