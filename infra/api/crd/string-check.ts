// What a schema asks of a text: of its length in characters and its pattern the first thing that is wrong is told; the
// format is a question of its own.

import type { FieldError } from '../errors.ts';
import { hasFormat } from './formats.ts';
import { patternOf } from './patterns.ts';
import type { Structural } from './structural.ts';

export function stringProblem({ source }: Structural, text: string, path: string): FieldError | undefined {
  const { maxLength, minLength, pattern } = source;
  if (typeof maxLength === 'number' && text.length > maxLength && lengthOf(text) > maxLength) {
    const detail = `may not be more than ${maxLength} ${maxLength === 1 ? 'byte' : 'bytes'}`;
    return { type: 'TooLong', field: path, detail };
  }
  const invalid = (detail: string): FieldError => ({ type: 'Invalid', field: path, value: text, detail });
  if (typeof minLength === 'number' && lengthOf(text) < minLength)
    return invalid(`${path} in body should be at least ${minLength} chars long`);
  if (pattern) {
    const compiled = patternOf(pattern);
    if (compiled.kind === 'invalid')
      return invalid(`${path} in body should match '${pattern}, but pattern is invalid: ${compiled.message}'`);
    if (!compiled.test(text)) return invalid(`${path} in body should match '${pattern}'`);
  }
  return undefined;
}

export function formatProblem({ format }: Structural, text: string, path: string): FieldError | undefined {
  if (format === '' || hasFormat(format, text)) return undefined;
  const detail = `${path} in body must be of type ${format}: ${JSON.stringify(text)}`;
  return { type: 'TypeInvalid', field: path, value: text, detail };
}

/** Unicode code points, as Go counts runes. */
function lengthOf(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}
