// What verification can find wrong with a recorded event, and how findings are counted: all of them, and the first few
// kept for the report, so that a log damaged in a million places does not fill the memory.

import type { Revision } from '../../streams/base/brand.ts';

export type FindingKind =
  /** Revisions between two events are missing. */
  | 'gap'
  /** A revision that is not above the one before it. */
  | 'order'
  /** The bytes are not an object, or not the object the subject names. */
  | 'object'
  /** `from` is not the state the object's previous event left. */
  | 'chain'
  /** The kind's machine, or that of a container inside, does not allow the transition, and the event does not say so. */
  | 'illegal'
  /** The objects tell another transition than the one recorded. */
  | 'mismatch'
  /** The event claims to know, or to be caused by, what came after it. */
  | 'causality';

export type Finding = {
  readonly kind: FindingKind;
  readonly revision: Revision;
  /** As `shiplog events` names it, e.g. `default pod/web-1`. */
  readonly object: string;
  readonly text: string;
};

/** An event that was recorded as unlawful when it happened. */
export type Anomaly = { readonly revision: Revision; readonly object: string; readonly text: string };

/** How many there are, and the first of them. */
export class Tally<T> {
  readonly first: T[] = [];
  #count = 0;
  readonly #keepMax: number;

  constructor(keepMax: number) {
    this.#keepMax = keepMax;
  }

  get count(): number {
    return this.#count;
  }

  /** Counts what another tally has counted. */
  addAll(other: Tally<T>): void {
    this.first.push(...other.first.slice(0, this.#keepMax - this.first.length));
    this.#count += other.count;
  }

  add(entry: T): void {
    this.#count++;
    if (this.first.length < this.#keepMax) this.first.push(entry);
  }
}
