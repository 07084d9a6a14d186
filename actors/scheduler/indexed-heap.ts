// A binary heap whose items know their place, so that any of them can be taken out: pods are deleted while they wait.

import { assert } from '../../streams/base/assert.ts';

export type HeapItem = {
  /** Place in the heap; -1 outside. Belongs to the heap. */
  heapIndex: number;
};

export class IndexedHeap<T extends HeapItem> {
  readonly #before: (a: T, b: T) => boolean;
  readonly #items: T[] = [];

  constructor(before: (a: T, b: T) => boolean) {
    this.#before = before;
  }

  get size(): number {
    return this.#items.length;
  }

  peek(): T | undefined {
    return this.#items[0];
  }

  push(item: T): void {
    assert(item.heapIndex === -1, 'an item is in one heap at a time');
    this.#items.push(item);
    this.#up(item, this.#items.length - 1);
  }

  pop(): T | undefined {
    const top = this.#items[0];
    if (top !== undefined) this.remove(top);
    return top;
  }

  remove(item: T): void {
    const at = item.heapIndex;
    assert(this.#items[at] === item, 'the item is in this heap');
    item.heapIndex = -1;
    const last = this.#items.pop();
    if (last === undefined || last === item) return;
    const above = at > 0 ? this.#items[(at - 1) >> 1] : undefined;
    if (above !== undefined && this.#before(last, above)) this.#up(last, at);
    else this.#down(last, at);
  }

  values(): Iterable<T> {
    return this.#items;
  }

  #up(item: T, start: number): void {
    let at = start;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = this.#items[parent];
      if (above === undefined || !this.#before(item, above)) break;
      this.#set(above, at);
      at = parent;
    }
    this.#set(item, at);
  }

  #down(item: T, start: number): void {
    let at = start;
    for (;;) {
      const left = 2 * at + 1;
      let child = this.#items[left];
      if (child === undefined) break;
      let place = left;
      const right = this.#items[left + 1];
      if (right !== undefined && this.#before(right, child)) {
        child = right;
        place = left + 1;
      }
      if (!this.#before(child, item)) break;
      this.#set(child, at);
      at = place;
    }
    this.#set(item, at);
  }

  #set(item: T, at: number): void {
    this.#items[at] = item;
    item.heapIndex = at;
  }
}
