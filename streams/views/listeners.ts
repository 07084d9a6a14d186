// Who hears of changes. Invariant: a listener hears every change told after it was added and none after it was removed,
// also when that happens while a change is being told: whoever begins to listen has already seen the present.

export class Listeners<T> {
  readonly #entries = new Set<{ readonly hear: (value: T) => void; readonly after: number }>();
  #told = 0;

  /** The same function may listen more than once; each returned function ends its own listening. */
  add(hear: (value: T) => void): () => void {
    const entry = { hear, after: this.#told };
    this.#entries.add(entry);
    return () => this.#entries.delete(entry);
  }

  tell(value: T): void {
    const telling = ++this.#told;
    for (const entry of this.#entries) if (entry.after < telling) entry.hear(value);
  }
}
