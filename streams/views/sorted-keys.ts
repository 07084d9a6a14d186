// Keys in order, for lists and pages: blocks of a few hundred strings, so that inserting among 150,000 stays cheap.

const blockMax = 512;

export class SortedKeys {
  #blocks: string[][] = [[]];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(key: string): void {
    const at = this.#blockFor(key);
    const block = this.#block(at);
    const index = lowerBound(block, key);
    if (block[index] === key) return;
    block.splice(index, 0, key);
    this.#size++;
    if (block.length > blockMax) this.#blocks.splice(at + 1, 0, block.splice(block.length >> 1));
  }

  delete(key: string): void {
    const at = this.#blockFor(key);
    const block = this.#block(at);
    const index = lowerBound(block, key);
    if (block[index] !== key) return;
    block.splice(index, 1);
    this.#size--;
    if (block.length === 0 && this.#blocks.length > 1) this.#blocks.splice(at, 1);
  }

  /** Keys that begin with the prefix, in order; `after` continues behind that key. */
  *range({ prefix = '', after }: { prefix?: string; after?: string } = {}): Generator<string> {
    const start = after !== undefined && after >= prefix ? after : prefix;
    for (let at = this.#blockFor(start); at < this.#blocks.length; at++) {
      const block = this.#block(at);
      for (let i = lowerBound(block, start); i < block.length; i++) {
        const key = block[i];
        if (key === undefined || key === after) continue;
        if (!key.startsWith(prefix)) {
          if (key > prefix) return;
          continue;
        }
        yield key;
      }
    }
  }

  #block(at: number): string[] {
    return this.#blocks[at] ?? [];
  }

  /** The last block whose first key is not greater. */
  #blockFor(key: string): number {
    let low = 0;
    let high = this.#blocks.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      const first = this.#blocks[middle]?.[0];
      if (first !== undefined && first <= key) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

function lowerBound(block: readonly string[], key: string): number {
  let low = 0;
  let high = block.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((block[middle] ?? '') < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
