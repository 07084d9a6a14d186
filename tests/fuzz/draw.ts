// Where the fuzz takes its chances: one seed, and the few ways of choosing that the generators are written with. The same
// seed draws the same requests.

import type { Random } from '../../streams/base/random.ts';

export class Draw {
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  chance(probability: number): boolean {
    return this.#random.float() < probability;
  }

  int(bound: number): number {
    return this.#random.int(bound);
  }

  one<T>(items: readonly T[]): T {
    return items[this.#random.int(items.length)] as T;
  }

  /** Up to `max` values. */
  some<T>(max: number, make: () => T): T[] {
    return Array.from({ length: this.#random.int(max + 1) }, make);
  }

  bytes(max: number): Buffer {
    return Buffer.from(this.#random.bytes(this.#random.int(max + 1)));
  }

  /** One of the ways, each as likely as its weight says. */
  way<T>(ways: readonly (readonly [weight: number, make: () => T])[]): T {
    let at = this.#random.float() * ways.reduce((sum, [weight]) => sum + weight, 0);
    for (const [weight, make] of ways) {
      at -= weight;
      if (at < 0) return make();
    }
    return (ways[0] as (typeof ways)[number])[1]();
  }

  /** The text with a few characters dropped, doubled, exchanged or put in. */
  typo(text: string, times = 1 + this.#random.int(3)): string {
    const letters = [...text];
    for (let i = 0; i < times; i++) {
      const at = this.#random.int(letters.length + 1);
      this.way([
        [1, () => letters.splice(at, 1)],
        [1, () => letters.splice(at, 0, this.one(oddLetters))],
        [1, () => letters.splice(at, 1, this.one(oddLetters))],
        [1, () => letters.splice(at, 0, ...letters.slice(at, at + 1 + this.#random.int(8)))],
      ]);
    }
    return letters.join('');
  }

  /** The bytes with a few of them changed, cut off or doubled. */
  damaged(bytes: Uint8Array): Buffer {
    const copy = Buffer.from(bytes);
    for (let i = this.#random.int(4); i > 0; i--) {
      if (copy.length > 0) copy[this.#random.int(copy.length)] = this.#random.int(256);
    }
    return this.way([
      [3, () => copy],
      [1, () => copy.subarray(0, this.#random.int(copy.length + 1))],
      [1, () => Buffer.concat([copy, copy.subarray(0, this.#random.int(20))])],
    ]);
  }
}

const oddLetters = [...'{}[]()<>"\'`\\/:;,.!?&*|=+-_%$#@~^ \t\n0a9éЖ💥', '\u0000', '\u2028', '\ufeff'];
