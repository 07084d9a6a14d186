// How versions are kept once nobody has asked for a while: as what they have beyond a base, another version much like
// them. Pods of one template take some 200 bytes each instead of 3,000 and more, and nothing pins the piece of memory
// they were received in. What has just come stays as it is: most versions are superseded before they get cold.

import type { ByteWriter } from '../base/byte-writer.ts';
import { DeltaBase, deltaOf, textBytesOf, textOf, writeText } from './delta.ts';

/** A text that is told by another one, or that others are told by. */
export type Packed = { readonly base: DeltaBase /** Empty where the text is the base. */; readonly delta: string };

/** A version that is packed when its time has come. */
export type Packable = {
  readonly ref: { readonly resource: string; readonly namespace: string; readonly name: string };
  /** Bytes of its text. */
  readonly textBytes: number;
  pack(): void;
};

export function unpacked({ base, delta }: Packed): Buffer {
  return delta === '' ? base.bytes : textOf(delta, base);
}

/** Puts the text behind what the writer has. */
export function writePacked(packed: Packed, into: ByteWriter): void {
  const bytes = packed.delta === '' ? packed.base.bytes.length : textBytesOf(packed.delta);
  into.room(bytes);
  unpackInto(packed, into.memory, into.end);
  into.end += bytes;
}

/** Puts the text into memory that has room for it. */
export function unpackInto({ base, delta }: Packed, memory: Buffer, at: number): void {
  if (delta === '') base.bytes.copy(memory, at);
  else writeText(delta, base, { memory, start: at });
}

type Bounds = {
  /** Bytes of versions that stay as they came. */
  readonly freshBytesMax: number;
  /** Families whose base is remembered; forgetting one costs memory only. */
  readonly familiesMax: number;
  /** Bytes of the bases they are remembered by: objects that are long gone may have been a megabyte each. */
  readonly familyBytesMax: number;
  /** Bases that can be searched at once. */
  readonly searchableMax: number;
};

/** A delta beyond this share of its text is not worth keeping, and a smaller one not worth a better base. */
const worthwhile = 1 / 2;
const good = 1 / 8;
/** A base that fits badly is replaced only after it did so often: one text in many may be large. */
const poorMax = 16;

class Base extends DeltaBase {
  poor = 0;
}

export class ColdStorage {
  readonly #bounds: Bounds;
  /** In order from `#first` on; what has left before it is cut off now and then. */
  readonly #fresh: (Packable | undefined)[] = [];
  #first = 0;
  #freshBytes = 0;
  readonly #families = new Map<string, Base>();
  #familyBytes = 0;
  readonly #searchable = new Set<Base>();
  /** What was used last, and so is the youngest of its kind already. */
  #latest = { resource: '', namespace: '', stem: '', family: ' /' };
  #searched: Base | undefined;
  #remembered: string | undefined;

  constructor(bounds: Bounds) {
    this.#bounds = bounds;
  }

  /** Takes in a version that has just come; it and others are packed when enough have come after them. */
  add(version: Packable): void {
    this.#fresh.push(version);
    this.#freshBytes += version.textBytes;
    while (this.#freshBytes > this.#bounds.freshBytesMax) {
      const oldest = this.#fresh[this.#first];
      this.#fresh[this.#first++] = undefined;
      if (oldest === undefined) return;
      this.#freshBytes -= oldest.textBytes;
      oldest.pack();
    }
    if (this.#first < 1_024 || this.#first * 2 < this.#fresh.length) return;
    this.#fresh.splice(0, this.#first);
    this.#first = 0;
  }

  /** A text of that object, told by another of its family: those whose names differ in the last part only. */
  pack(text: Buffer, ref: Packable['ref']): Packed {
    const newest = ref.resource;
    const family = this.#familyOf(ref);
    const own = this.#families.get(family);
    const others = this.#families.get(newest);
    for (const base of own === others ? [own] : [own, others]) {
      if (base === undefined) continue;
      const delta = this.#delta(text, base);
      if (delta === undefined) continue;
      if (delta.length > text.length * good && ++base.poor % poorMax === 0) break;
      this.#remember(family, base);
      return { base, delta };
    }
    // Memory of its own: a view would keep the whole piece it was received in.
    const copy = Buffer.allocUnsafeSlow(text.length);
    text.copy(copy);
    const base = new Base(copy);
    this.#remember(family, base);
    this.#remember(newest, base);
    return { base, delta: '' };
  }

  /** Texts of one family mostly come one after the other, and its name is hashed once. */
  #familyOf({ resource, namespace, name }: Packable['ref']): string {
    const latest = this.#latest;
    const end = Math.max(0, name.lastIndexOf('-'));
    if (
      latest.stem.length !== end ||
      latest.namespace !== namespace ||
      latest.resource !== resource ||
      !name.startsWith(latest.stem)
    ) {
      const stem = name.slice(0, end);
      this.#latest = { resource, namespace, stem, family: `${resource} ${namespace}/${stem}` };
    }
    return this.#latest.family;
  }

  #delta(text: Buffer, base: Base): string | undefined {
    if (base === this.#searched) return deltaOf(text, base, Math.floor(text.length * worthwhile));
    this.#searched = base;
    this.#searchable.delete(base);
    this.#searchable.add(base);
    const [oldest] = this.#searchable;
    if (this.#searchable.size > this.#bounds.searchableMax && oldest !== undefined) {
      oldest.dropPlaces();
      this.#searchable.delete(oldest);
    }
    return deltaOf(text, base, Math.floor(text.length * worthwhile));
  }

  #remember(family: string, base: Base): void {
    const { familiesMax, familyBytesMax } = this.#bounds;
    if (this.#remembered === family && this.#families.get(family) === base) return;
    this.#remembered = family;
    this.#forget(family);
    this.#families.set(family, base);
    // One that several families share is counted for each.
    this.#familyBytes += base.bytes.length;
    while (this.#families.size > familiesMax || this.#familyBytes > familyBytesMax) {
      const [oldest = ''] = this.#families.keys();
      this.#forget(oldest);
    }
  }

  #forget(family: string): void {
    this.#familyBytes -= this.#families.get(family)?.bytes.length ?? 0;
    this.#families.delete(family);
  }
}

/** One for the process: memory is the process's, whatever views there are. */
export const coldStorage = new ColdStorage({
  freshBytesMax: 8 * 1024 * 1024,
  familiesMax: 4_096,
  familyBytesMax: 64 * 1024 * 1024,
  searchableMax: 64,
});
