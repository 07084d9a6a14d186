// Reads an object's JSON by what it has in common with a base: whatever stands in a stretch copied from there is the value
// that was read there, not read again. Invariant: the value is the one `JSON.parse` gives; a text that is put in any way
// but `JSON.stringify`'s is not read here at all.

import { share } from '../resources/made-of.ts';
import type { Stretches } from './delta.ts';

/** Of shorter lists and objects nothing is kept: they are made anew as fast. */
const sharedBytesMin = 24;

/** The values of a text by where they begin. */
export class TextParts {
  readonly root: unknown;
  /** By place: which part begins there, plus one. */
  readonly #at: Int32Array;
  readonly ends: number[] = [];
  readonly values: unknown[] = [];

  /** Throws NotPlain. */
  constructor(text: Buffer) {
    this.#at = new Int32Array(text.length);
    this.root = new PartReader(text, { end: text.length, writes: this }).whole();
  }

  /** The part that begins there, or -1. */
  at(place: number): number {
    return (this.#at[place] as number) - 1;
  }

  add(place: number, end: number, value: unknown): void {
    this.ends.push(end);
    this.values.push(value);
    this.#at[place] = this.ends.length;
    if (typeof value !== 'object' || value === null) return;
    // Whoever changed it would change other objects.
    Object.freeze(value);
    if (end - place >= sharedBytesMin) share(value);
  }
}

/** The text is JSON of another spelling. */
export class NotPlain extends Error {
  override readonly name = 'NotPlain';
}

type Sources = {
  readonly end: number;
  /** Takes in every part that is read. */
  readonly writes?: TextParts;
  readonly shared?: { readonly parts: TextParts; readonly stretches: Stretches };
};

export class PartReader {
  readonly #text: Buffer;
  readonly #end: number;
  readonly #writes: TextParts | undefined;
  readonly #parts: TextParts | undefined;
  readonly #stretches: Stretches | undefined;
  #at = 0;
  /** The stretch that ends behind `#at`. */
  #stretch = 0;

  /** Reads what stands before `end` in the memory. */
  constructor(text: Buffer, { end, writes, shared }: Sources) {
    this.#text = text;
    this.#end = end;
    this.#writes = writes;
    this.#parts = shared?.parts;
    this.#stretches = shared?.stretches;
  }

  /** Throws NotPlain. */
  whole(): unknown {
    const value = this.#value();
    if (this.#at !== this.#end) throw new NotPlain();
    return value;
  }

  /** Where the value of the object's first member of that name stands. Throws NotPlain. */
  member(name: string): { readonly start: number; readonly end: number } {
    this.#expect(brace);
    for (;;) {
      const key = this.#value();
      this.#expect(colon);
      const start = this.#at;
      this.#skip();
      if (key === name) return { start, end: this.#at };
      this.#expect(comma);
    }
  }

  /** Goes behind the value that begins here, of which nothing is made. */
  #skip(): void {
    if (this.#part(this.#at) >= 0) return;
    const first = this.#text[this.#at];
    if (first === quote) this.#skipString();
    else if (first !== brace && first !== bracket) this.#scalar();
    else {
      const closing = first === brace ? closingBrace : closingBracket;
      this.#at++;
      while (this.#text[this.#at] !== closing) {
        this.#skip();
        // Members' names and values are skipped alike.
        const byte = this.#text[this.#at];
        if (byte === comma || byte === colon) this.#at++;
        else if (byte !== closing) throw new NotPlain();
      }
      this.#at++;
    }
  }

  #skipString(): void {
    const text = this.#text;
    let at = this.#at + 1;
    while (at < this.#end && text[at] !== quote) at += text[at] === backslash ? 2 : 1;
    if (at >= this.#end) throw new NotPlain();
    this.#at = at + 1;
  }

  #value(): unknown {
    const start = this.#at;
    const part = this.#part(start);
    if (part >= 0) return this.#parts?.values[part];
    const first = this.#text[start];
    // No part: where a number ends is not told by itself.
    if (first !== brace && first !== bracket && first !== quote) return this.#scalar();
    const value = first === brace ? this.#object() : first === bracket ? this.#list() : this.#string();
    this.#writes?.add(start, this.#at, value);
    return value;
  }

  /** Goes behind the shared part that stands there whole, and says which it is; -1 where none does. */
  #part(start: number): number {
    const stretches = this.#stretches;
    const parts = this.#parts;
    if (stretches === undefined || parts === undefined) return -1;
    const { starts, froms, lengths, count } = stretches;
    let at = this.#stretch;
    while (at < count && (starts[at] as number) + (lengths[at] as number) <= start) at++;
    this.#stretch = at;
    if (at === count || start < (starts[at] as number)) return -1;
    const moved = (froms[at] as number) - (starts[at] as number);
    const part = parts.at(start + moved);
    if (part < 0) return -1;
    const end = (parts.ends[part] as number) - moved;
    if (end > (starts[at] as number) + (lengths[at] as number)) return -1;
    this.#at = end;
    return part;
  }

  #object(): unknown {
    const object: Record<string, unknown> = {};
    this.#at++;
    if (this.#text[this.#at] === closingBrace) {
      this.#at++;
      return object;
    }
    for (;;) {
      const start = this.#at;
      if (this.#text[start] !== quote) throw new NotPlain();
      const key = this.#value() as string;
      // An assignment would set something else.
      if (key === '__proto__') throw new NotPlain();
      this.#expect(colon);
      object[key] = this.#value();
      if (this.#text[this.#at] === comma) this.#at++;
      else {
        this.#expect(closingBrace);
        return object;
      }
    }
  }

  #list(): unknown {
    const list: unknown[] = [];
    this.#at++;
    if (this.#text[this.#at] === closingBracket) {
      this.#at++;
      return list;
    }
    for (;;) {
      list.push(this.#value());
      if (this.#text[this.#at] === comma) this.#at++;
      else {
        this.#expect(closingBracket);
        return list;
      }
    }
  }

  #string(): string {
    const text = this.#text;
    const end = this.#end;
    const start = this.#at + 1;
    let at = start;
    let ascii = true;
    for (; at < end; at++) {
      const byte = text[at] as number;
      if (byte === quote) break;
      if (byte === backslash) return this.#escaped();
      if (byte >= 0x80) ascii = false;
      else if (byte < 0x20) throw new NotPlain();
    }
    if (at === end) throw new NotPlain();
    this.#at = at + 1;
    return text.toString(ascii ? 'latin1' : 'utf8', start, at);
  }

  #escaped(): string {
    const start = this.#at;
    this.#skipString();
    return JSON.parse(this.#text.toString('utf8', start, this.#at)) as string;
  }

  /** A number, true, false or null. */
  #scalar(): unknown {
    const start = this.#at;
    const text = this.#text;
    let at = start;
    let whole = 0;
    for (; at < this.#end; at++) {
      const digit = (text[at] as number) - 0x30;
      if (digit < 0 || digit > 9) break;
      whole = whole * 10 + digit;
    }
    const byte = text[at];
    const ends = byte === comma || byte === closingBrace || byte === closingBracket || at === this.#end;
    if (ends && at > start && at - start < 16 && (text[start] !== zero || at === start + 1)) {
      this.#at = at;
      return whole;
    }
    while (at < this.#end && text[at] !== comma && text[at] !== closingBrace && text[at] !== closingBracket) at++;
    this.#at = at;
    return JSON.parse(text.toString('latin1', start, at));
  }

  #expect(byte: number): void {
    if (this.#text[this.#at++] !== byte) throw new NotPlain();
  }
}

const quote = 0x22;
const comma = 0x2c;
const zero = 0x30;
const colon = 0x3a;
const bracket = 0x5b;
const backslash = 0x5c;
const closingBracket = 0x5d;
const brace = 0x7b;
const closingBrace = 0x7d;
