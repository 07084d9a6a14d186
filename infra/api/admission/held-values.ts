// Addresses and ports given to writes that are on their way. Once a write has ended, what it was given is in the view or
// free again; what became of a write nobody knows the outcome of is not given out by chance, but not refused either.

import type { Holds } from './holds.ts';

const uncertainMax = 512;

export class HeldValues<T> {
  readonly #held = new Set<T>();
  readonly #uncertain = new Set<T>();

  /** False where another write holds it. */
  take(value: T, holds: Holds): boolean {
    if (this.#held.has(value)) return false;
    this.#held.add(value);
    holds.onEnd((outcome) => {
      this.#held.delete(value);
      if (outcome === 'unknown') this.#doubt(value);
    });
    return true;
  }

  has(value: T): boolean {
    return this.#held.has(value);
  }

  /** Held, or perhaps recorded by a write whose outcome nobody knows. */
  avoids(value: T): boolean {
    return this.#held.has(value) || this.#uncertain.has(value);
  }

  #doubt(value: T): void {
    this.#uncertain.add(value);
    if (this.#uncertain.size <= uncertainMax) return;
    for (const oldest of this.#uncertain) {
      this.#uncertain.delete(oldest);
      break;
    }
  }
}
