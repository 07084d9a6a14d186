// Long work in slices: when one has taken its time, others have their turn. Invariant: of all who have more to do, one
// goes on in each turn of the event loop, so that ten long lists hold up others no longer than one does.

import type { Clock } from '../../../streams/base/clock.ts';

const sliceMsMax = 4;

export class Turns {
  readonly #clock: Clock;
  #sinceMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#sinceMs = clock.monotonic();
  }

  get over(): boolean {
    return this.#clock.monotonic() - this.#sinceMs >= sliceMsMax;
  }

  async next(): Promise<void> {
    await new Promise<void>((resolve) => {
      waiting.push(resolve);
      if (waiting.length === 1) setImmediate(resume);
    });
    this.#sinceMs = this.#clock.monotonic();
  }
}

const waiting: (() => void)[] = [];

function resume(): void {
  waiting.shift()?.();
  if (waiting.length > 0) setImmediate(resume);
}
