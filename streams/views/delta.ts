// What one text has beyond another: a list of stretches that are copied from a base and of bytes of its own. Objects of
// one template differ in a few hundred bytes of several thousand. Invariant: a delta put on its base is the text again,
// to the byte; one that would not be worth keeping is not made.

/** A text that others are told by. It never changes. */
export class DeltaBase {
  readonly bytes: Buffer;
  #places: Int32Array | undefined;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  /** By the hash of the bytes that follow it, the last place with that hash, plus one. Made when first asked for. */
  get places(): Int32Array {
    this.#places ??= placesOf(this.bytes);
    return this.#places;
  }

  /** The places can be found again, the base cannot. */
  dropPlaces(): void {
    this.#places = undefined;
  }
}

/** Shorter stretches cost as much to name as to repeat. */
const stretchMin = 12;
const hashBits = 12;
const windowBytes = 6;
/** Long stretches are compared in strides that double as long as nothing differs, and are halved from then on. */
const strideMin = 128;

let scratch = Buffer.allocUnsafeSlow(64 * 1024);

/** One byte per character; undefined where the delta would be longer than `lengthMax`. */
export function deltaOf(text: Buffer, base: DeltaBase, lengthMax: number): string | undefined {
  const { bytes, places } = base;
  // A stretch takes at most ten bytes to name, and is looked at only after it was found short enough.
  if (scratch.length < lengthMax + 32) scratch = Buffer.allocUnsafeSlow(lengthMax + 32);
  const end = text.length;
  let size = varint(scratch, 0, end);
  let own = 0;
  let at = 0;
  /** Where the base goes on if nothing was put in or left out. */
  let there = 0;
  let expected = 0;
  while (at < end) {
    let from = there;
    // Most places where something differs are told by one byte of what would have to be the same.
    const beyond = text[at + stretchMin - 1];
    let length = beyond === bytes[from + stretchMin - 1] ? stretch(text, at, bytes, from) : 0;
    if (length < stretchMin && at + windowBytes <= end) {
      from = (places[hash(text, at)] as number) - 1;
      length = from < 0 || beyond !== bytes[from + stretchMin - 1] ? 0 : stretch(text, at, bytes, from);
    }
    if (length < stretchMin) {
      at++;
      there++;
      if (size + at - own > lengthMax) return undefined;
      continue;
    }
    while (at > own && from > 0 && text[at - 1] === bytes[from - 1]) {
      at--;
      from--;
      length++;
    }
    if (size + at - own + 10 > lengthMax) return undefined;
    size = varint(scratch, size, at - own);
    size += text.copy(scratch, size, own, at);
    size = varint(scratch, size, length);
    size = varint(scratch, size, zigzag(from - expected));
    at += length;
    own = at;
    there = from + length;
    expected = there;
  }
  if (size + end - own + 5 > lengthMax) return undefined;
  size = varint(scratch, size, end - own);
  size += text.copy(scratch, size, own, end);
  return scratch.toString('latin1', 0, size);
}

/** The text of which this is the delta. */
export function textOf(delta: string, base: DeltaBase): Buffer {
  const text = Buffer.allocUnsafe(textBytesOf(delta));
  writeText(delta, base, { memory: text, start: 0 });
  return text;
}

/** How long the text is. */
export function textBytesOf(delta: string): number {
  reading = 0;
  return readVarint(delta);
}

/** Which stretches of a text stand in its base: in order, their places in both and how long they are. */
export class Stretches {
  readonly starts: number[] = [];
  readonly froms: number[] = [];
  readonly lengths: number[] = [];
  count = 0;

  add(start: number, from: number, length: number): void {
    this.starts[this.count] = start;
    this.froms[this.count] = from;
    this.lengths[this.count++] = length;
  }
}

/** Puts the text into memory that has room for it; `stretches` is told what of it is the base's. */
export function writeText(
  delta: string,
  { bytes }: DeltaBase,
  { memory, start, stretches }: { readonly memory: Buffer; readonly start: number; readonly stretches?: Stretches },
): void {
  const end = delta.length;
  let at = start;
  let there = 0;
  reading = 0;
  readVarint(delta);
  while (reading < end) {
    const own = readVarint(delta);
    if (own <= shortMax) for (let i = 0; i < own; i++) memory[at + i] = delta.charCodeAt(reading + i);
    else memory.write(delta.slice(reading, reading + own), at, 'latin1');
    at += own;
    reading += own;
    if (reading >= end) break;
    const length = readVarint(delta);
    there += unzigzag(readVarint(delta));
    if (length <= shortMax) for (let i = 0; i < length; i++) memory[at + i] = bytes[there + i] as number;
    else bytes.copy(memory, at, there, there + length);
    stretches?.add(at, there, length);
    at += length;
    there += length;
  }
}

/** Fewer bytes are copied here faster than by calling out. */
const shortMax = 40;

/** How many bytes are the same from there on. */
function stretch(text: Buffer, at: number, base: Buffer, from: number): number {
  const lengthMax = Math.min(text.length - at, base.length - from);
  const nearMax = Math.min(lengthMax, strideMin);
  let length = 0;
  while (length < nearMax && text[at + length] === base[from + length]) length++;
  if (length < strideMin) return length < 0 ? 0 : length;
  let differs = false;
  for (let stride = strideMin; stride >= strideMin; stride = differs ? stride >> 1 : stride << 1) {
    const here = at + length;
    const there = from + length;
    const end = Math.min(stride, lengthMax - length);
    if (text.compare(base, there, there + end, here, here + end) !== 0) differs = true;
    else if (end < stride) return lengthMax;
    else length += stride;
  }
  while (length < lengthMax && text[at + length] === base[from + length]) length++;
  return length;
}

function placesOf(bytes: Buffer): Int32Array {
  const places = new Int32Array(1 << hashBits);
  for (let at = 0; at + windowBytes <= bytes.length; at++) places[hash(bytes, at)] = at + 1;
  return places;
}

function hash(bytes: Buffer, at: number): number {
  const first = (bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16);
  const then = (bytes[at + 3] as number) | ((bytes[at + 4] as number) << 8) | ((bytes[at + 5] as number) << 16);
  return (Math.imul(first, 0x9e3779b1) ^ Math.imul(then, 0x85ebca6b)) >>> (32 - hashBits);
}

function varint(into: Buffer, at: number, value: number): number {
  let rest = value;
  let next = at;
  while (rest > 0x7f) {
    into[next++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  into[next++] = rest;
  return next;
}

/** Where the delta is read. */
let reading = 0;

function readVarint(delta: string): number {
  let value = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = delta.charCodeAt(reading++);
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) return value;
  }
}

function zigzag(value: number): number {
  return value < 0 ? -2 * value - 1 : 2 * value;
}

function unzigzag(value: number): number {
  return value % 2 === 1 ? -(value + 1) / 2 : value / 2;
}
