// A binary heap of deadlines; equal deadlines leave in the order they came. Owns no clock.

export type Deadline<T> = { readonly deadline: number; readonly order: number; readonly value: T };

export class DeadlineHeap<T> {
  #items: Deadline<T>[] = [];
  #order = 0;

  get size(): number {
    return this.#items.length;
  }

  push(deadline: number, value: T): void {
    const items = this.#items;
    const item = { deadline, order: this.#order++, value };
    let at = items.length;
    items.push(item);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = items[parent];
      if (above === undefined || !before(item, above)) break;
      items[at] = above;
      at = parent;
    }
    items[at] = item;
  }

  peek(): Deadline<T> | undefined {
    return this.#items[0];
  }

  pop(): Deadline<T> | undefined {
    const items = this.#items;
    const top = items[0];
    const last = items.pop();
    if (top === undefined || last === undefined || items.length === 0) return top;
    let at = 0;
    for (;;) {
      const left = 2 * at + 1;
      const right = left + 1;
      let least = left;
      const leftItem = items[left];
      if (leftItem === undefined) break;
      let child = leftItem;
      const rightItem = items[right];
      if (rightItem !== undefined && before(rightItem, leftItem)) {
        least = right;
        child = rightItem;
      }
      if (!before(child, last)) break;
      items[at] = child;
      at = least;
    }
    items[at] = last;
    return top;
  }

  /** Empties the heap; the items come in deadline order. */
  drain(): Deadline<T>[] {
    const items = this.#items.sort((a, b) => (before(a, b) ? -1 : 1));
    this.#items = [];
    return items;
  }
}

function before<T>(a: Deadline<T>, b: Deadline<T>): boolean {
  return a.deadline < b.deadline || (a.deadline === b.deadline && a.order < b.order);
}
