// One pass over the bytes of a JSON text for the two things JSON.parse does not tell: how many object keys the text holds
// (more than the parsed value has means duplicates) and how deep it nests (too deep would exhaust the stack of whoever
// prints the value again). Assumes nothing of the text: on broken JSON the numbers are merely meaningless.

export type JsonMeasure = { readonly keys: number; readonly depth: number };

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;

export function measureJson(bytes: Uint8Array): JsonMeasure {
  let keys = 0;
  let depth = 0;
  let depthMax = 0;
  const { length } = bytes;
  for (let at = 0; at < length; at++) {
    const byte = bytes[at] as number;
    if (byte === QUOTE) {
      for (at++; at < length; at++) {
        const inner = bytes[at];
        if (inner === QUOTE) break;
        if (inner === BACKSLASH) at++;
      }
    } else if (byte === COLON) keys++;
    // `[` and `{`, `]` and `}` differ in one bit.
    else if ((byte | 0x20) === 0x7b) {
      depth++;
      if (depth > depthMax) depthMax = depth;
    } else if ((byte | 0x20) === 0x7d) depth--;
  }
  return { keys, depth: depthMax };
}

/** The object keys in a parsed value, at all depths. */
export function countKeys(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  let keys = 0;
  if (Array.isArray(value)) for (const item of value) keys += countKeys(item);
  else {
    for (const key in value) keys += 1 + countKeys((value as Record<string, unknown>)[key]);
  }
  return keys;
}
