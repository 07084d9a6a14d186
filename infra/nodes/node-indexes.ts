// Which numbers simulated nodes have: a node's number decides its addresses, so a node that is in the cluster already
// keeps the one its pod network tells, and a new one takes the smallest that nobody has.

import { assert } from '../../streams/base/assert.ts';
import type { Node } from '../../streams/resources/node.ts';
import { indexOfPodCidr, simulatedNodesMax } from './node-network.ts';

export class NodeIndexes {
  /** Number → node. */
  readonly #taken = new Map<number, string>();
  #free = 0;

  /** Keeps the number of a node that is there for it. */
  reserve({ metadata: { name }, spec }: Node): void {
    const index = indexOfPodCidr(spec?.podCIDR ?? '');
    if (index !== undefined && !this.#taken.has(index)) this.#taken.set(index, name);
  }

  take(name: string, known: Node | undefined): number {
    const own = indexOfPodCidr(known?.spec?.podCIDR ?? '');
    if (own !== undefined && (this.#taken.get(own) ?? name) === name) {
      this.#taken.set(own, name);
      return own;
    }
    while (this.#taken.has(this.#free)) this.#free++;
    assert(this.#free < simulatedNodesMax, `there are addresses for ${simulatedNodesMax} simulated nodes`);
    this.#taken.set(this.#free, name);
    return this.#free;
  }

  release(index: number): void {
    this.#taken.delete(index);
    this.#free = Math.min(this.#free, index);
  }
}
