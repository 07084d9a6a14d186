// Which objects are kept parsed: a parsed object takes several times the memory of its bytes, and 150,000 of them would
// take seconds of collecting. A newly parsed object is kept for a while; one that is asked for again after it was let go
// is kept as long as it is used (2Q). Only a cache: whoever holds a parsed object keeps it.

/** An object that may be parsed again whenever it is needed. */
export type Coolable = {
  /** Bytes of its JSON, which stand for what it takes parsed. */
  readonly bytes: number;
  /** Asked for since it was last looked at. */
  touched: boolean;
  cool(): void;
};

export class HotObjects {
  readonly #first: Queue;
  readonly #again: Queue;

  constructor({ firstBytesMax, againBytesMax }: { firstBytesMax: number; againBytesMax: number }) {
    this.#first = new Queue(firstBytesMax, false);
    this.#again = new Queue(againBytesMax, true);
  }

  /** Takes in what has just been parsed; `again` where it had been before. */
  add(object: Coolable, again: boolean): void {
    (again ? this.#again : this.#first).push(object);
  }

  /** It is let go for another reason: a newer version has come. */
  forget(object: Coolable, again: boolean): void {
    (again ? this.#again : this.#first).forget(object);
  }
}

class Queue {
  readonly #bytesMax: number;
  readonly #secondChance: boolean;
  readonly #objects = new Set<Coolable>();
  #bytes = 0;

  constructor(bytesMax: number, secondChance: boolean) {
    this.#bytesMax = bytesMax;
    this.#secondChance = secondChance;
  }

  push(object: Coolable): void {
    this.#objects.add(object);
    this.#bytes += object.bytes;
    for (const oldest of this.#objects) {
      if (this.#bytes <= this.#bytesMax || oldest === object) return;
      this.#objects.delete(oldest);
      if (this.#secondChance && oldest.touched) {
        oldest.touched = false;
        this.#objects.add(oldest);
        continue;
      }
      this.#bytes -= oldest.bytes;
      oldest.cool();
    }
  }

  forget(object: Coolable): void {
    if (this.#objects.delete(object)) this.#bytes -= object.bytes;
  }
}

/** One for the process: memory is the process's, whatever views there are. */
export const hotObjects = new HotObjects({ firstBytesMax: 12 * 1024 * 1024, againBytesMax: 64 * 1024 * 1024 });
