// The objects as they were at a revision: the present with the later changes undone, object by object as it is read, so
// that a list of the past costs no more at once than one of the present.

import type { Change } from './change.ts';
import { lowerBound } from './lower-bound.ts';
import type { Ordered, Range } from './sorted-objects.ts';
import { keyOf, type StoredObject } from './stored-object.ts';

export class Undone implements Ordered<StoredObject> {
  readonly #present: Ordered<StoredObject>;
  /** What stands for a key of the present: an older version, or nothing where the object was not there yet. */
  readonly #instead = new Map<string, StoredObject | undefined>();
  /** What is not in the present any more, in order. */
  readonly #gone: readonly StoredObject[];

  /** `later` in order; `isPresent` says which keys the present has. */
  constructor(present: Ordered<StoredObject>, later: readonly Change[], isPresent: (key: string) => boolean) {
    this.#present = present;
    const gone = new Map<string, StoredObject | undefined>();
    for (const { ref, previous } of later) {
      const key = keyOf(ref);
      const undone = isPresent(key) ? this.#instead : gone;
      if (!undone.has(key)) undone.set(key, previous);
    }
    this.#gone = [...gone.values()].filter((stored) => stored !== undefined).sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  *range(range: Range = {}): Generator<StoredObject> {
    const gone = this.#goneIn(range);
    let next = 0;
    for (const present of this.#present.range(range)) {
      for (let back = gone[next]; back !== undefined && back.key < present.key; back = gone[++next]) yield back;
      const { key } = present;
      const then = this.#instead.has(key) ? this.#instead.get(key) : present;
      if (then !== undefined) yield then;
    }
    yield* gone.slice(next);
  }

  count(range: Range = {}): number {
    let count = this.#present.count(range) + this.#goneIn(range).length;
    for (const [key, stored] of this.#instead) if (stored === undefined && isIn(key, range)) count--;
    return count;
  }

  #goneIn(range: Range): readonly StoredObject[] {
    const from = range.after === undefined ? 0 : lowerBound(this.#gone, range.after);
    return this.#gone.slice(from).filter(({ key }) => isIn(key, range));
  }
}

function isIn(key: string, { prefix = '', after }: Range): boolean {
  return key.startsWith(prefix) && (after === undefined || key > after);
}
