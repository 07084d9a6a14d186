// Patterns that users wrote, with RE2's syntax and in linear time: a JavaScript RegExp on them could stop the server.
// RE2 is loaded when the first pattern is met, and a handful of compiled patterns are kept.

import { createRequire } from 'node:module';
import type { RE2JS } from 're2js';

export type CompiledPattern =
  | { readonly kind: 'pattern'; readonly pattern: Pattern }
  /** Go's text, e.g. "error parsing regexp: missing closing ]: `[`". */
  | { readonly kind: 'malformed'; readonly message: string };

export type Pattern = {
  /** How many steps the matcher may have to take at each character. */
  readonly steps: number;
  /** Whether the pattern is found anywhere in the text. */
  occursIn(text: string): boolean;
  /** The first `limit` finds, without overlap. */
  findAll(text: string, limit: number): readonly string[];
};

const KEPT_MAX = 256;
const kept = new Map<string, CompiledPattern>();
let library: { readonly RE2JS: typeof RE2JS } | undefined;

export function compilePattern(text: string): CompiledPattern {
  const known = kept.get(text);
  if (known !== undefined) return known;
  const compiled = compile(text);
  if (kept.size >= KEPT_MAX) kept.clear();
  kept.set(text, compiled);
  return compiled;
}

function compile(text: string): CompiledPattern {
  library ??= createRequire(import.meta.url)('re2js') as { readonly RE2JS: typeof RE2JS };
  try {
    const compiled = library.RE2JS.compile(text);
    const steps = compiled.programSize();
    const occursIn = (text: string): boolean => compiled.matcher(text).find();
    return { kind: 'pattern', pattern: { steps, occursIn, findAll: finder(compiled) } };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return {
      kind: 'malformed',
      message: message.startsWith('error parsing') ? message : `error parsing regexp: ${message}`,
    };
  }
}

function finder(compiled: RE2JS): Pattern['findAll'] {
  return (text, limit) => {
    const matcher = compiled.matcher(text);
    const found: string[] = [];
    while (found.length < limit && matcher.find()) found.push(matcher.group() ?? '');
    return found;
  };
}
