// The values something had, by revision: what a bound was at any moment since somebody looked.

const keptMax = 64;

export class History<T> {
  readonly #values: { readonly revision: number; readonly value: T }[] = [];

  set(revision: number, value: T): void {
    if (this.#values.at(-1)?.value === value) return;
    this.#values.push({ revision, value });
    if (this.#values.length > keptMax) this.#values.shift();
  }

  /** The value at that revision and every one since; from the first known one where it reaches further back. */
  since(revision: number): readonly T[] {
    let first = this.#values.findLastIndex((entry) => entry.revision <= revision);
    if (first < 0) first = 0;
    return this.#values.slice(first).map(({ value }) => value);
  }

  hasSince(revision: number, value: T): boolean {
    return this.since(revision).includes(value);
  }

  mostSince(this: History<number>, revision: number): number {
    return Math.max(...this.since(revision));
  }
}
