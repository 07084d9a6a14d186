// Pods per domain of a topology and the smallest of these counts, kept up to date pod by pod. Invariant: `least` is the
// smallest count over all domains that exist, domains without a pod included.

export class DomainCounts {
  readonly #byValue = new Map<string, number>();
  /** Count → domains that have just so many. */
  readonly #histogram: number[] = [];
  #least = 0;

  /** Domains there are. */
  get size(): number {
    return this.#byValue.size;
  }

  get least(): number {
    return this.#byValue.size === 0 ? 0 : this.#least;
  }

  get(value: string): number {
    return this.#byValue.get(value) ?? 0;
  }

  has(value: string): boolean {
    return this.#byValue.has(value);
  }

  /** `by` pods more in the domain, which exists from now on. */
  add(value: string, by: number): void {
    const before = this.#byValue.get(value);
    const count = (before ?? 0) + by;
    this.#byValue.set(value, count);
    if (before !== undefined) this.#histogram[before] = (this.#histogram[before] ?? 0) - 1;
    this.#histogram[count] = (this.#histogram[count] ?? 0) + 1;
    if (this.#byValue.size === 1 || count < this.#least) this.#least = count;
    else while ((this.#histogram[this.#least] ?? 0) === 0) this.#least++;
  }
}
