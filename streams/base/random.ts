// The randomness port: a seeded generator (sfc32) with named sub-streams, and the system's source.
// Every consumer draws from its own named stream, so that adding a consumer does not change what the others draw.

import { randomBytes, randomUUID } from 'node:crypto';

export type Random = {
  /** Uniform in [0, 1). */
  float(): number;
  /** Uniform integer in [0, bound). */
  int(bound: number): number;
  /** A version 4 UUID. */
  uuid(): string;
  bytes(length: number): Uint8Array;
  /** An independent generator that depends on this one's seed and the name only. */
  stream(name: string): Random;
};

export function seededRandom(seed: string | number): Random {
  return new Seeded(String(seed));
}

/** Seeded once from the operating system; `bytes` and `uuid` always come from it, because secrets and uids do. */
export function systemRandom(): Random {
  const seeded = new Seeded(randomBytes(16).toString('hex'));
  const random: Random = {
    float: () => seeded.float(),
    int: (bound) => seeded.int(bound),
    uuid: () => randomUUID(),
    bytes: (length) => randomBytes(length),
    stream: () => systemRandom(),
  };
  return random;
}

/** Kubernetes' alphabet for generated name suffixes: no vowels and no look-alikes, so that no words appear. */
const suffixAlphabet = 'bcdfghjklmnpqrstvwxz2456789';

export function nameSuffix(random: Random, length = 5): string {
  let suffix = '';
  for (let i = 0; i < length; i++) suffix += suffixAlphabet[random.int(suffixAlphabet.length)];
  return suffix;
}

class Seeded implements Random {
  readonly #seed: string;
  #a: number;
  #b: number;
  #c: number;
  #d = 1;

  constructor(seed: string) {
    this.#seed = seed;
    this.#a = hash(seed, 0x9e3779b9);
    this.#b = hash(seed, 0x243f6a88);
    this.#c = hash(seed, 0xb7e15162);
    for (let i = 0; i < 12; i++) this.#next();
  }

  float(): number {
    return this.#next() / 2 ** 32;
  }

  int(bound: number): number {
    return Math.floor(this.float() * bound);
  }

  uuid(): string {
    return uuidOf(this.bytes(16));
  }

  bytes(length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    for (let i = 0; i < length; i++) bytes[i] = this.#next() & 0xff;
    return bytes;
  }

  stream(name: string): Random {
    return new Seeded(`${this.#seed}/${name}`);
  }

  #next(): number {
    const t = (this.#a + this.#b + this.#d) | 0;
    this.#d = (this.#d + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + t;
    return t >>> 0;
  }
}

/** FNV-1a over UTF-16 code units, folded with a salt. */
function hash(text: string, salt: number): number {
  let h = 0x811c9dc5 ^ salt;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return h | 0;
}

function uuidOf(bytes: Uint8Array): string {
  const b = Uint8Array.from(bytes);
  b[6] = ((b[6] ?? 0) & 0x0f) | 0x40;
  b[8] = ((b[8] ?? 0) & 0x3f) | 0x80;
  const hex = Array.from(b, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
