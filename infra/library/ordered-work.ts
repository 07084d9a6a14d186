// Runs a subscriber's asynchronous work with a bound on how much of it is under way, and hands results on in the order
// of the events. Whoever feeds it waits for room, so a slow subscriber slows reading down instead of filling memory.

export type OrderedWorkOptions<E, T> = {
  readonly work: (event: E) => Promise<T> | T;
  /** How many events may be worked on at a time. */
  readonly concurrency: number;
  /** Called in the order of the events. */
  readonly onResult: (result: T, event: E) => void;
  readonly signal: AbortSignal;
};

export class OrderedWork<E, T> {
  readonly #options: OrderedWorkOptions<E, T>;
  /** Settles when the results of everything pushed so far are handed on. */
  #handedOn: Promise<void> = Promise.resolve();
  #underWay = 0;
  #failure: { readonly error: unknown } | undefined;
  #wake: (() => void) | undefined;
  readonly #failing = new AbortController();

  constructor(options: OrderedWorkOptions<E, T>) {
    this.#options = options;
    options.signal.addEventListener('abort', () => this.#wake?.(), { once: true });
  }

  /** Everything pushed has been worked on, and its result handed on. */
  get idle(): boolean {
    return this.#underWay === 0 && this.#failure === undefined;
  }

  /** Aborts with the first failure. */
  get failed(): AbortSignal {
    return this.#failing.signal;
  }

  /** Resolves once the work has begun, which is when there is room. Rejects with the first failure of any. */
  async push(event: E): Promise<void> {
    const { concurrency, signal } = this.#options;
    while (this.#underWay >= concurrency && this.#failure === undefined && !signal.aborted) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    if (this.#failure !== undefined) throw this.#failure.error;
    if (signal.aborted) return;
    this.#underWay++;
    const result = this.#begin(event);
    // Its turn may come later than its failure.
    result.catch(() => {});
    this.#handedOn = this.#handedOn.then(() => this.#handOn(result, event));
  }

  /** Resolves when every result is handed on. Rejects with the first failure. */
  async finished(): Promise<void> {
    await this.#handedOn;
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  async #begin(event: E): Promise<T> {
    return this.#options.work(event);
  }

  async #handOn(result: Promise<T>, event: E): Promise<void> {
    const { onResult, signal } = this.#options;
    try {
      const value = await result;
      if (this.#failure === undefined && !signal.aborted) onResult(value, event);
    } catch (error) {
      this.#failure ??= { error };
      this.#failing.abort();
    }
    this.#underWay--;
    this.#wake?.();
  }
}
