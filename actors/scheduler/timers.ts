// The scheduler's deadlines as effects. A timer is armed when it is not, or when it would fire too late; firings of an
// earlier arming are told apart by their generation and ignored.

import type { Effect } from '../kit/effect.ts';

export class Timers {
  readonly #emit: (effect: Effect) => void;
  readonly #armed = new Map<string, { readonly generation: number; readonly dueMs: number }>();
  #generation = 0;

  constructor(emit: (effect: Effect) => void) {
    this.#emit = emit;
  }

  arm(timer: string, { nowMs, dueMs }: { nowMs: number; dueMs: number }): void {
    const armed = this.#armed.get(timer);
    if (armed !== undefined && armed.dueMs <= dueMs) return;
    const generation = ++this.#generation;
    this.#armed.set(timer, { generation, dueMs });
    this.#emit({ kind: 'arm', timer, generation, ms: Math.max(0, dueMs - nowMs) });
  }

  /** True where this is the firing that is waited for. */
  fired(timer: string, generation: number): boolean {
    if (this.#armed.get(timer)?.generation !== generation) return false;
    this.#armed.delete(timer);
    return true;
  }

  disarmAll(): void {
    for (const timer of this.#armed.keys()) this.#emit({ kind: 'disarm', timer });
    this.#armed.clear();
  }
}
