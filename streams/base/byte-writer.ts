// Bytes put one behind the other into memory that may be lent and used again: who makes megabytes for a socket would
// otherwise allocate them, and the collector follows every few of them. Invariant: what stands between `start` and `end`
// is what was written; the memory before `start` is somebody else's.

export class ByteWriter {
  /** May be another one after each call that writes. */
  memory: Buffer;
  readonly start: number;
  end: number;
  readonly #behind: number;

  /** Leaves so many bytes of the memory alone before and behind what is written. */
  constructor(memory: Buffer, { before = 0, behind = 0 }: { before?: number; behind?: number } = {}) {
    this.memory = memory;
    this.start = before;
    this.end = before;
    this.#behind = behind;
  }

  get length(): number {
    return this.end - this.start;
  }

  /** What was written. Shares the memory. */
  written(): Buffer {
    return this.memory.subarray(this.start, this.end);
  }

  /** Makes sure that so many bytes fit behind `end`: whoever writes there moves `end` himself. */
  room(bytes: number): void {
    const { memory, end } = this;
    if (end + bytes + this.#behind <= memory.length) return;
    const more = Buffer.allocUnsafeSlow(Math.max(memory.length * 2, end + bytes + this.#behind));
    memory.copy(more, 0, 0, end);
    this.memory = more;
  }

  byte(value: number): void {
    this.room(1);
    this.memory[this.end++] = value;
  }

  raw(bytes: Uint8Array): void {
    this.room(bytes.length);
    this.memory.set(bytes, this.end);
    this.end += bytes.length;
  }

  text(text: string): void {
    // A character of UTF-16 takes at most three bytes.
    this.room(text.length * 3);
    this.end += this.memory.write(text, this.end, 'utf8');
  }
}
