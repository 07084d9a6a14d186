// A strategic merge patch whose outcome has values of the wrong type. Upstream turns the patched map into Go's struct
// without JSON in between there, and its texts are others than those of a body that does not decode.

import type { FieldError } from '../errors.ts';
import { goValue } from './go-format.ts';
import type { Json } from './json-value.ts';

/** `problem` is what decoding the patched object says; undefined where that is no matter of types. */
export function conversionFailure(problem: string, patch: Json): FieldError | undefined {
  const found = /cannot unmarshal (\w+) into Go .* of type (\S+)$/.exec(problem);
  if (found === null) return undefined;
  const [, from = '', to = ''] = found;
  return { type: 'Invalid', field: 'patch', value: goValue(patch), detail: why(kinds[from] ?? from, to) };
}

/** JSON's types as Go's reflection calls what they became. */
const kinds: Readonly<Record<string, string>> = { number: 'int64', object: 'map', array: 'slice' };

function why(from: string, to: string): string {
  if (to.startsWith('[]')) return `cannot restore slice from ${from}`;
  if (to.startsWith('map[')) return `cannot restore map from ${from}`;
  if (to.includes('.')) return `cannot restore struct from: ${from}`;
  // Go can make a string of a number, though not the one that was meant.
  if (from === 'int64' && to === 'string') return 'cannot convert int64 to string';
  return `unrecognized type: ${to}`;
}
