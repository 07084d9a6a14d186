// Which numbers simulated nodes have: a node's number decides its addresses, so a node that is in the cluster already
// keeps the one its pod network tells, and a new one takes the smallest that nobody has. A number belongs to its node as
// long as the node is run or its object is there: whoever gives it back too early gives two nodes one network.

import type { Node } from '../../streams/resources/node.ts';
import { indexOfPodCidr } from './node-network.ts';

export class NodeIndexes {
  readonly #max: number;
  /** Number → node. */
  readonly #taken = new Map<number, string>();
  /** Node → number. */
  readonly #of = new Map<string, number>();
  #free = 0;

  /** `max`: there are so many numbers. */
  constructor(max: number) {
    this.#max = max;
  }

  /** How many nodes more can be given a number. */
  get left(): number {
    return Math.max(0, this.#max - this.#taken.size);
  }

  /** Keeps the number of a node that is there for it. */
  reserve({ metadata: { name }, spec }: Node): void {
    if (this.#of.has(name)) return;
    const index = indexOfPodCidr(spec?.podCIDR ?? '');
    if (index !== undefined && !this.#taken.has(index)) this.#give(index, name);
  }

  /** `known` is the node's object where it is there. Undefined where no number is left. */
  take(name: string, known: Node | undefined): number | undefined {
    if (known !== undefined) this.reserve(known);
    const own = this.#of.get(name);
    if (own !== undefined) return own;
    while (this.#taken.has(this.#free)) this.#free++;
    if (this.#free >= this.#max) return undefined;
    this.#give(this.#free, name);
    return this.#free;
  }

  release(name: string): void {
    const index = this.#of.get(name);
    if (index === undefined) return;
    this.#of.delete(name);
    this.#taken.delete(index);
    this.#free = Math.min(this.#free, index);
  }

  #give(index: number, name: string): void {
    this.#taken.set(index, name);
    this.#of.set(name, index);
  }
}
