// The fieldsV1 of managedFields: half of a pod's bytes, and the same for all objects made from one template. They are cut
// out of an object's bytes and kept once for all who have them; put back, the bytes are what they were.

import { assert } from '../base/assert.ts';
import { share } from './made-of.ts';

export type SharedFields = {
  readonly bytes: Buffer;
  /** Shared by every object that has them: never change it. */
  readonly parsed: object;
};

export type Cut = {
  /** Where in the lean bytes a `0` stands for the fields. */
  readonly at: number;
  readonly fields: SharedFields;
};

export type Lean = { readonly bytes: Buffer; readonly cuts: readonly Cut[] };

const marker = Buffer.from('"fieldsType":"FieldsV1","fieldsV1":{');
const keptMax = 4_096;
/** Shorter ones are not worth the look-up. */
const bytesMin = 128;
/** Longer ones come of no template: keeping thousands of them would take gigabytes. */
const bytesMax = 16 * 1024;

/** Copies the bytes, without the fields that others may have too. */
export function cutFields(object: Uint8Array): Lean {
  const whole = Buffer.from(object.buffer, object.byteOffset, object.byteLength);
  const parts: Buffer[] = [];
  const cuts: Cut[] = [];
  let kept = 0;
  let length = 0;
  for (let at = whole.indexOf(marker); at >= 0; at = whole.indexOf(marker, at)) {
    const start = at + marker.length - 1;
    const end = endOfObject(whole, start);
    at = end;
    if (end - start < bytesMin || end - start > bytesMax) continue;
    parts.push(whole.subarray(kept, start), zero);
    length += start - kept;
    cuts.push({ at: length, fields: shared(whole.subarray(start, end)) });
    length += 1;
    kept = end;
  }
  parts.push(whole.subarray(kept));
  return { bytes: Buffer.concat(parts, length + whole.length - kept), cuts };
}

const zero = Buffer.from('0');
const quote = 0x22;
const backslash = 0x5c;
const open = 0x7b;
const close = 0x7d;

/** Behind the brace that closes the one at `start`; the bytes are known to be JSON. */
function endOfObject(bytes: Buffer, start: number): number {
  let depth = 0;
  for (let i = start; i < bytes.length; i++) {
    const byte = bytes[i];
    if (byte === open) depth++;
    else if (byte === close) {
      if (--depth === 0) return i + 1;
    } else if (byte === quote) {
      for (i++; bytes[i] !== quote; i++) if (bytes[i] === backslash) i++;
    }
  }
  assert(false, 'fields that begin also end');
}

/** By their text. Forgetting one costs memory only: whoever has it keeps it. */
const known = new Map<string, SharedFields>();

function shared(bytes: Buffer): SharedFields {
  const text = bytes.toString('latin1');
  let fields = known.get(text);
  if (fields !== undefined) return fields;
  fields = new Fields(Buffer.from(bytes));
  if (known.size >= keptMax) known.delete(known.keys().next().value ?? '');
  known.set(text, fields);
  return fields;
}

class Fields implements SharedFields {
  readonly bytes: Buffer;
  #parsed: object | undefined;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  get parsed(): object {
    if (this.#parsed === undefined) {
      this.#parsed = JSON.parse(this.bytes.toString('utf8')) as object;
      share(this.#parsed);
    }
    return this.#parsed;
  }
}
