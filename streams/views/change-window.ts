// The newest changes of one resource: watches resume from them and lists at an exact revision are undone with them. Older
// revisions are answered from history, or with 410 Gone. Bounded in number and in bytes: eight thousand versions of a
// megabyte each would be the whole memory.

import type { Revision } from '../base/brand.ts';
import type { Change } from './change.ts';

export type WindowBounds = { readonly changesMax: number; readonly bytesMax: number };

export class ChangeWindow {
  readonly #bounds: WindowBounds;
  /** In order from `#first` on; what has left before it is cut off now and then. */
  #changes: (Change | undefined)[] = [];
  #first = 0;
  #bytes = 0;
  #floor: Revision;

  constructor(bounds: WindowBounds, floor: Revision) {
    this.#bounds = bounds;
    this.#floor = floor;
  }

  /** Every change after this revision is in the window. */
  get floor(): Revision {
    return this.#floor;
  }

  get size(): number {
    return this.#changes.length - this.#first;
  }

  /** Takes the newest change in; `left` hears of each that leaves the window for it, the oldest first. */
  push(change: Change, left: (change: Change) => void): void {
    const { changesMax, bytesMax } = this.#bounds;
    this.#changes.push(change);
    this.#bytes += change.current.textBytes;
    while (this.size > changesMax || (this.#bytes > bytesMax && this.size > 1)) {
      const oldest = this.#changes[this.#first];
      this.#changes[this.#first++] = undefined;
      if (oldest === undefined) continue;
      this.#floor = oldest.event.revision;
      this.#bytes -= oldest.current.textBytes;
      left(oldest);
    }
    if (this.#first < changesMax) return;
    this.#changes = this.#changes.slice(this.#first);
    this.#first = 0;
  }

  /** Changes after the revision in order, the first so many of them, or undefined where some of them have left the window. */
  after(revision: Revision, countMax = Number.POSITIVE_INFINITY): Change[] | undefined {
    if (revision < this.#floor) return undefined;
    let low = this.#first;
    let high = this.#changes.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#changes[middle]?.event.revision ?? 0) <= revision) low = middle + 1;
      else high = middle;
    }
    return this.#changes.slice(low, low + countMax) as Change[];
  }
}
