// Which nodes have changed, in order, so that those who remember something about all nodes need not look at each of them.
// Bounded: who asks for what is no longer kept has to begin anew.

import type { NodeInfo } from './node-info.ts';

const changesMax = 8_192;

export class NodeChanges {
  #changed: NodeInfo[] = [];
  /** Number of the first change kept. */
  #first = 0;

  /** Number of the next change. */
  get end(): number {
    return this.#first + this.#changed.length;
  }

  record(node: NodeInfo): void {
    if (this.#changed.length >= changesMax) {
      this.#first += this.#changed.length;
      this.#changed = [];
    }
    this.#changed.push(node);
  }

  /** The nodes changed from that number on, as often as they were; undefined where that is too long ago. */
  since(number: number): readonly NodeInfo[] | undefined {
    return number < this.#first ? undefined : this.#changed.slice(number - this.#first);
  }
}
