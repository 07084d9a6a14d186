// The newest changes of one resource, in a ring: watches resume from it and lists at an exact revision are undone with
// it. Older revisions are answered from history, or with 410 Gone.

import type { Revision } from '../base/brand.ts';
import type { Change } from './change.ts';

export class ChangeWindow {
  readonly #changesMax: number;
  #ring: Change[] = [];
  #start = 0;
  #floor: Revision;

  constructor(changesMax: number, floor: Revision) {
    this.#changesMax = changesMax;
    this.#floor = floor;
  }

  /** Every change after this revision is in the window. */
  get floor(): Revision {
    return this.#floor;
  }

  get size(): number {
    return this.#ring.length;
  }

  /** The change that leaves the window for it, if one does. */
  push(change: Change): Change | undefined {
    if (this.#ring.length < this.#changesMax) {
      this.#ring.push(change);
      return undefined;
    }
    const oldest = this.#ring[this.#start];
    if (oldest !== undefined) this.#floor = oldest.event.revision;
    this.#ring[this.#start] = change;
    this.#start = (this.#start + 1) % this.#changesMax;
    return oldest;
  }

  /** Changes after the revision in order, or undefined where some of them have left the window. */
  after(revision: Revision): Change[] | undefined {
    if (revision < this.#floor) return undefined;
    const size = this.#ring.length;
    let low = 0;
    let high = size;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#at(middle)?.event.revision ?? 0) <= revision) low = middle + 1;
      else high = middle;
    }
    const changes: Change[] = [];
    for (let i = low; i < size; i++) {
      const change = this.#at(i);
      if (change !== undefined) changes.push(change);
    }
    return changes;
  }

  #at(index: number): Change | undefined {
    return this.#ring[(this.#start + index) % this.#ring.length];
  }
}
