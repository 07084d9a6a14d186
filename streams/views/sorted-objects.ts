// Objects in the order of their keys, for lists and pages: blocks of a few hundred, so that inserting among 150,000 stays
// cheap. A snapshot costs nothing: blocks are copied when they are written to and a snapshot has them. Invariant: a
// snapshot never changes, however long it is read.

import { lowerBound } from './lower-bound.ts';

export type Keyed = { readonly key: string };

export type Range = {
  /** Keys that begin with it. */
  readonly prefix?: string;
  /** Goes on behind that key. */
  readonly after?: string | undefined;
};

/** Objects in order, as they were at one moment. */
export type Ordered<T extends Keyed> = {
  range(range?: Range): Iterable<T>;
  /** How many the range has, without going through them. */
  count(range?: Range): number;
};

const blockMax = 512;

export class SortedObjects<T extends Keyed> {
  #blocks: T[][] = [[]];
  /** The blocks that no snapshot has. */
  readonly #own = new Set<readonly T[]>();
  #shared = false;
  #size = 0;
  /** Where the last key was: keys that come after each other are mostly neighbours. */
  #lately = 0;

  get size(): number {
    return this.#size;
  }

  /** Puts an object in its place, or in that of the one with its key. */
  set(object: T): void {
    const at = this.#blockFor(object.key);
    const block = this.#writable(at);
    const index = lowerBound(block, object.key);
    if (block[index]?.key === object.key) {
      block[index] = object;
      return;
    }
    block.splice(index, 0, object);
    this.#size++;
    if (block.length <= blockMax) return;
    const half = block.splice(block.length >> 1);
    this.#own.add(half);
    this.#blocks.splice(at + 1, 0, half);
  }

  delete(key: string): void {
    const at = blockFor(this.#blocks, key);
    const found = this.#blocks[at] ?? [];
    const index = lowerBound(found, key);
    if (found[index]?.key !== key) return;
    const block = this.#writable(at);
    block.splice(index, 1);
    this.#size--;
    if (block.length > 0 || this.#blocks.length === 1) return;
    this.#own.delete(block);
    this.#blocks.splice(at, 1);
  }

  snapshot(): Ordered<T> {
    this.#own.clear();
    this.#shared = true;
    return new Snapshot(this.#blocks);
  }

  #blockFor(key: string): number {
    const first = this.#blocks[this.#lately]?.[0];
    if (first !== undefined && first.key <= key) {
      const next = this.#blocks[this.#lately + 1]?.[0];
      if (next === undefined || key < next.key) return this.#lately;
    }
    this.#lately = blockFor(this.#blocks, key);
    return this.#lately;
  }

  #writable(at: number): T[] {
    if (this.#shared) {
      this.#blocks = [...this.#blocks];
      this.#shared = false;
    }
    const block = this.#blocks[at] ?? [];
    if (this.#own.has(block)) return block;
    const copy = [...block];
    this.#own.add(copy);
    this.#blocks[at] = copy;
    return copy;
  }
}

class Snapshot<T extends Keyed> implements Ordered<T> {
  readonly #blocks: readonly (readonly T[])[];

  constructor(blocks: readonly (readonly T[])[]) {
    this.#blocks = blocks;
  }

  *range(range: Range = {}): Generator<T> {
    const { prefix = '', after } = range;
    const start = startOf(range);
    for (let at = blockFor(this.#blocks, start); at < this.#blocks.length; at++) {
      const block = this.#blocks[at] ?? [];
      for (let i = lowerBound(block, start); i < block.length; i++) {
        const object = block[i];
        if (object === undefined || object.key === after) continue;
        if (!object.key.startsWith(prefix)) {
          if (object.key > prefix) return;
          continue;
        }
        yield object;
      }
    }
  }

  count(range: Range = {}): number {
    const { prefix = '', after } = range;
    const start = startOf(range);
    const end = prefix === '' ? Number.POSITIVE_INFINITY : this.#before(`${prefix}\uffff`);
    const began = this.#before(start) + (after === start && this.#has(start) ? 1 : 0);
    return Math.max(0, Math.min(end, this.#before(undefined)) - began);
  }

  /** How many stand before the key; all of them where it is left out. */
  #before(key: string | undefined): number {
    const last = key === undefined ? this.#blocks.length : blockFor(this.#blocks, key);
    let count = 0;
    for (let at = 0; at < last; at++) count += this.#blocks[at]?.length ?? 0;
    return key === undefined ? count : count + lowerBound(this.#blocks[last] ?? [], key);
  }

  #has(key: string): boolean {
    const block = this.#blocks[blockFor(this.#blocks, key)] ?? [];
    return block[lowerBound(block, key)]?.key === key;
  }
}

/** The first key a range can have, or the one it goes on behind. */
function startOf({ prefix = '', after }: Range): string {
  return after !== undefined && after >= prefix ? after : prefix;
}

/** The last block whose first key is not greater. */
function blockFor(blocks: readonly (readonly Keyed[])[], key: string): number {
  let low = 0;
  let high = blocks.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    const first = blocks[middle]?.[0];
    if (first !== undefined && first.key <= key) low = middle;
    else high = middle - 1;
  }
  return low;
}
