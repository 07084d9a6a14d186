// What packed objects are when they are read for one use among very many, a list or an index: the values that a text has
// in common with its base are read once for all of them. Invariant: they are what `JSON.parse` would give; shared values
// are never changed by anybody.

import type { Packed } from './cold-storage.ts';
import { type DeltaBase, Stretches, textBytesOf, writeText } from './delta.ts';
import { PartReader, TextParts } from './text-parts.ts';

type Known = { reads: number; parts: TextParts | undefined };

/** A base whose texts are read once or twice is not worth taking apart. */
const readsMin = 3;

export class SharedValues {
  readonly #basesMax: number;
  readonly #known = new Map<DeltaBase, Known>();
  #latest: DeltaBase | undefined;
  readonly #stretches = new Stretches();
  #text = Buffer.allocUnsafeSlow(16 * 1024);

  /** `basesMax`: how many bases are kept taken apart; forgetting one costs time only. */
  constructor({ basesMax }: { readonly basesMax: number }) {
    this.#basesMax = basesMax;
  }

  /** A reader of the text, to be used before the next is asked for; undefined where nothing is known to be shared. */
  reader({ base, delta }: Packed): { readonly text: Buffer; readonly reader: PartReader } | undefined {
    const parts = this.#partsOf(base);
    if (parts === undefined) return undefined;
    const stretches = this.#stretches;
    stretches.count = 0;
    if (delta === '') {
      stretches.add(0, 0, base.bytes.length);
      return {
        text: base.bytes,
        reader: new PartReader(base.bytes, { end: base.bytes.length, shared: { parts, stretches } }),
      };
    }
    const end = textBytesOf(delta);
    if (this.#text.length < end) this.#text = Buffer.allocUnsafeSlow(end);
    writeText(delta, base, { memory: this.#text, start: 0, stretches });
    return { text: this.#text, reader: new PartReader(this.#text, { end, shared: { parts, stretches } }) };
  }

  #partsOf(base: DeltaBase): TextParts | undefined {
    const known = this.#known.get(base) ?? { reads: 0, parts: undefined };
    if (base !== this.#latest) {
      this.#latest = base;
      this.#known.delete(base);
      this.#known.set(base, known);
      const [oldest] = this.#known.keys();
      if (this.#known.size > this.#basesMax && oldest !== undefined) this.#known.delete(oldest);
    }
    if (++known.reads === readsMin) known.parts = takenApart(base.bytes);
    return known.parts;
  }
}

/** Undefined where the text is not spelled as usual: its objects are read whole. */
function takenApart(text: Buffer): TextParts | undefined {
  try {
    return new TextParts(text);
  } catch {
    return undefined;
  }
}

/** One for the process: memory is the process's, whatever views there are. */
export const sharedValues = new SharedValues({ basesMax: 64 });
