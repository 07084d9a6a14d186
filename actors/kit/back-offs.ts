// How often something was tried anew lately, by key: each try waits twice as long as the one before, and what was left
// alone for twice the longest wait is forgiven. Kept in memory only: a restart begins anew, as Kubernetes' own does.

type Entry = { readonly waitMs: number; readonly triedMs: number };

export class BackOffs {
  readonly #firstMs: number;
  readonly #mostMs: number;
  readonly #entries = new Map<string, Entry>();

  constructor({ firstMs, mostMs }: { readonly firstMs: number; readonly mostMs: number }) {
    this.#firstMs = firstMs;
    this.#mostMs = mostMs;
  }

  /** How long (ms) the key still has to wait; 0 where it may be tried now. */
  waitMs(key: string, nowMs: number): number {
    const entry = this.#entries.get(key);
    return entry === undefined ? 0 : Math.max(0, entry.triedMs + entry.waitMs - nowMs);
  }

  /** Notes a try: the next one waits from now on. */
  tried(key: string, nowMs: number): void {
    this.#forget(nowMs);
    const before = this.#entries.get(key);
    const waitMs = before === undefined ? this.#firstMs : Math.min(before.waitMs * 2, this.#mostMs);
    this.#entries.set(key, { waitMs, triedMs: nowMs });
  }

  #forget(nowMs: number): void {
    for (const [key, { triedMs }] of this.#entries) {
      if (nowMs - triedMs > this.#mostMs * 2) this.#entries.delete(key);
    }
  }
}
