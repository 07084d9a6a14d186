// Patterns that users write, matched in linear time: RE2, as Go's regexp has it, and never a JavaScript RegExp, which a
// pattern of a few characters can keep busy for hours. Compiled once and kept within bounds.

import { RE2JS } from 're2js';

export type Pattern =
  | { readonly kind: 'pattern'; test(text: string): boolean }
  /** The message is Go's. */
  | { readonly kind: 'invalid'; readonly message: string };

const keptMax = 4_096;
const kept = new Map<string, Pattern>();

export function patternOf(text: string): Pattern {
  let pattern = kept.get(text);
  if (pattern === undefined) {
    pattern = compile(text);
    if (kept.size >= keptMax) kept.clear();
    kept.set(text, pattern);
  }
  return pattern;
}

function compile(text: string): Pattern {
  try {
    const compiled = RE2JS.compile(text);
    return { kind: 'pattern', test: (value) => compiled.test(value) };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return {
      kind: 'invalid',
      message: message.startsWith('error parsing') ? message : `error parsing regexp: ${message}`,
    };
  }
}
