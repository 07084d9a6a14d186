// What if: pods are taken off a node or put onto it for a moment, and the filters are asked again. Preemption tries out
// victims so, and pods that were promised a node are counted in so. Invariant: after `end` everything is as before; the
// node's generation differs while it is changed, so that nothing found out meanwhile is remembered as fact.

import { assert, defined } from '../../streams/base/assert.ts';
import type { Adjust, NodeFilter, Rejection } from './framework.ts';
import type { NodeInfo } from './node-info.ts';
import type { Nominations } from './nominations.ts';
import type { PodInfo, WaitingPod } from './pod-shape.ts';
import type { RankTable } from './rank-table.ts';

export type TrialInput = {
  readonly pod: WaitingPod;
  readonly table: RankTable;
  /** Of the plugins that look beyond the node. */
  readonly filters: readonly NodeFilter[];
  readonly adjusts: readonly Adjust[];
  readonly nominations: Nominations;
};

export class Trial {
  readonly #input: TrialInput;
  #node: NodeInfo | undefined;
  #generation = 0;
  readonly #changes: { readonly pod: PodInfo; readonly by: 1 | -1 }[] = [];

  constructor(input: TrialInput) {
    this.#input = input;
  }

  begin(node: NodeInfo): this {
    assert(this.#node === undefined, 'one node is tried out at a time');
    this.#node = node;
    this.#generation = node.generation;
    node.generation = Number.NaN;
    return this;
  }

  /** The verdict on the node as it is. */
  whole(node: NodeInfo): Rejection | undefined {
    this.begin(node);
    try {
      return this.verdict();
    } finally {
      this.end();
    }
  }

  add(pod: PodInfo): void {
    this.#note(pod, 1);
  }

  remove(pod: PodInfo): void {
    this.#note(pod, -1);
  }

  /** Why the pod does not suit the node as it is now, with and without the pods that are promised the node. */
  verdict(): Rejection | undefined {
    const node = this.#node;
    assert(node !== undefined, 'a node is being tried out');
    const { pod, nominations } = this.#input;
    const promised = nominations.reckonedWith(pod, node.name);
    if (promised.length > 0) {
      const before = this.#changes.length;
      for (const other of promised) this.#note(other, 1);
      const rejection = this.#ask(node);
      this.#undo(before);
      if (rejection !== undefined) return rejection;
    }
    return this.#ask(node);
  }

  end(): void {
    const node = this.#node;
    if (node === undefined) return;
    try {
      this.#undo(0);
    } finally {
      node.generation = this.#generation;
      this.#node = undefined;
    }
  }

  /** Noted first: it is undone also where a plugin of the user's own throws in the middle of it. */
  #note(pod: PodInfo, by: 1 | -1): void {
    this.#changes.push({ pod, by });
    this.#change(pod, by);
  }

  /** Back to so many changes. Whatever plugins say to it, the node's own pods are put right; then the first fault is told. */
  #undo(count: number): void {
    let fault: { readonly cause: unknown } | undefined;
    while (this.#changes.length > count) {
      const { pod, by } = defined(this.#changes.pop(), 'there are more changes');
      try {
        this.#change(pod, by === 1 ? -1 : 1);
      } catch (cause) {
        fault ??= { cause };
      }
    }
    if (fault !== undefined) throw fault.cause;
  }

  #ask(node: NodeInfo): Rejection | undefined {
    const { table, filters } = this.#input;
    let rejection = table.judge(node);
    for (let i = 0; rejection === undefined && i < filters.length; i++) rejection = filters[i]?.(node);
    return rejection;
  }

  #change(pod: PodInfo, by: 1 | -1): void {
    const node = this.#node;
    assert(node !== undefined, 'a node is being tried out');
    if (by === 1) node.add(pod);
    else node.remove(pod);
    for (const adjust of this.#input.adjusts) adjust(pod, node, by);
  }
}
