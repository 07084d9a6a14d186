// Strings. Positions count code points, not UTF-16 units.

import { ArrayList, toArray } from '../collections.ts';
import { compilePattern, type Pattern } from '../regular-expression.ts';
import { codePoints } from '../source.ts';
import { CelError, type ListValue, type Result } from '../values.ts';
import { work } from '../work.ts';
import { formatString } from './format-string.ts';
import { quote } from './quote.ts';
import type { Library } from './signature.ts';

export const TEXT_LENGTH_MAX = 16 * 1024 * 1024;

export const STRINGS: Library = {
  charAt: { '.string_char_at_int(string, int) string': charAt },
  contains: { '.contains_string(string, string) bool': (text: string, part: string) => text.includes(part) },
  endsWith: { '.ends_with_string(string, string) bool': (text: string, part: string) => text.endsWith(part) },
  startsWith: { '.starts_with_string(string, string) bool': (text: string, part: string) => text.startsWith(part) },
  format: { '.string_format(string, list(dyn)) string': formatString },
  indexOf: {
    '.string_index_of_string(string, string) int': (text: string, part: string) => indexOf(text, part, 0n),
    '.string_index_of_string_int(string, string, int) int': indexOf,
  },
  lastIndexOf: {
    '.string_last_index_of_string(string, string) int': (text: string, part: string) =>
      lastIndexOf(text, part, BigInt(codePoints(text))),
    '.string_last_index_of_string_int(string, string, int) int': lastIndexOf,
  },
  join: {
    '.list_join(list(string)) string': (list: ListValue) => join(list, ''),
    '.list_join_string(list(string), string) string': join,
  },
  lowerAscii: {
    '.string_lower_ascii(string) string': (text: string) => text.replace(/[A-Z]+/g, (part) => part.toLowerCase()),
  },
  upperAscii: {
    '.string_upper_ascii(string) string': (text: string) => text.replace(/[a-z]+/g, (part) => part.toUpperCase()),
  },
  replace: {
    '.string_replace_string_string(string, string, string) string': (text: string, old: string, by: string) =>
      replace(text, old, by, -1n),
    '.string_replace_string_string_int(string, string, string, int) string': replace,
  },
  split: {
    '.string_split_string(string, string) list(string)': (text: string, by: string) => split(text, by, -1n),
    '.string_split_string_int(string, string, int) list(string)': split,
  },
  substring: {
    '.string_substring_int(string, int) string': (text: string, start: bigint) =>
      substring(text, start, BigInt(codePoints(text))),
    '.string_substring_int_int(string, int, int) string': substring,
  },
  trim: {
    '.string_trim(string) string': (text: string) => text.replace(/^[\s\u0085]+|[\s\u0085]+$/g, ''),
  },
  'strings.quote': { 'strings_quote(string) string': quote },
  matches: {
    'matches(string, string) bool': matches,
    '.matches_string(string, string) bool': matches,
  },
  find: { '.string_find_string(string, string) string': find },
  findAll: {
    '.string_find_all_string(string, string) list(string)': (text: string, pattern: string) =>
      findAll(text, pattern, -1n),
    '.string_find_all_string_int(string, string, int) list(string)': findAll,
  },
};

function outOfRange(index: bigint): CelError {
  return new CelError(`index out of range: ${index}`);
}

/** Where code point `at` begins in UTF-16 units. */
function unitOf(text: string, at: number): number {
  if (codePoints(text) === text.length) return at;
  let unit = 0;
  for (let left = at; left > 0; left--) unit += (text.codePointAt(unit) ?? 0) > 0xffff ? 2 : 1;
  return unit;
}

function charAt(text: string, index: bigint): Result {
  const size = codePoints(text);
  if (index < 0n || index > size) return outOfRange(index);
  if (index === BigInt(size)) return '';
  return String.fromCodePoint(text.codePointAt(unitOf(text, Number(index))) ?? 0);
}

function indexOf(text: string, part: string, offset: bigint): Result {
  if (part === '') return offset;
  if (offset < 0n) return outOfRange(offset);
  if (offset >= codePoints(text)) return -1n;
  const found = text.indexOf(part, unitOf(text, Number(offset)));
  return found < 0 ? -1n : BigInt(codePoints(text.slice(0, found)));
}

function lastIndexOf(text: string, part: string, offset: bigint): Result {
  if (part === '') return offset;
  if (offset < 0n) return outOfRange(offset);
  const size = codePoints(text);
  const from = offset > size ? size : Number(offset);
  const found = text.lastIndexOf(part, unitOf(text, from));
  return found < 0 ? -1n : BigInt(codePoints(text.slice(0, found)));
}

function substring(text: string, start: bigint, end: bigint): Result {
  if (start > end && end >= 0n && start <= codePoints(text))
    return new CelError(`invalid substring range. start: ${start}, end: ${end}`);
  const size = BigInt(codePoints(text));
  if (start < 0n || start > size) return outOfRange(start);
  if (end < 0n || end > size) return outOfRange(end);
  return text.slice(unitOf(text, Number(start)), unitOf(text, Number(end)));
}

function replace(text: string, old: string, by: string, limit: bigint): Result {
  if (limit === 0n) return text;
  return joined(pieces(text, old, limit < 0n ? Number.POSITIVE_INFINITY : Number(limit) + 1, true), by);
}

/** No expression makes a text longer than anything it could have been given. */
function joined(parts: readonly string[], by: string): Result {
  let length = by.length * Math.max(0, parts.length - 1);
  for (const part of parts) length += part.length;
  return length > TEXT_LENGTH_MAX ? new CelError('the text is too long') : parts.join(by);
}

function split(text: string, by: string, limit: bigint): Result {
  if (limit === 0n) return new ArrayList([]);
  return new ArrayList(pieces(text, by, limit < 0n ? Number.POSITIVE_INFINITY : Number(limit), false));
}

/** At most `max` parts. An empty separator stands between code points, `around`: at the ends too. */
function pieces(text: string, by: string, max: number, around: boolean): readonly string[] {
  if (by !== '') {
    const all = text.split(by);
    return all.length <= max ? all : [...all.slice(0, max - 1), all.slice(max - 1).join(by)];
  }
  const characters = around ? ['', ...text, ''] : [...text];
  return characters.length <= max ? characters : [...characters.slice(0, max - 1), characters.slice(max - 1).join('')];
}

function join(list: ListValue, by: string): Result {
  const parts = toArray(list);
  return parts.every((part) => typeof part === 'string') ? joined(parts, by) : new CelError('no such overload: join');
}

/** Patterns of usual size are matched about as fast as a text is read; each step beyond takes its time. */
const USUAL_STEPS = 200;
const STEPS_IN_WORK = 4;

function withPattern(source: string, text: string, then: (pattern: Pattern) => Result): Result {
  const compiled = compilePattern(source);
  if (compiled.kind === 'malformed') return new CelError(compiled.message);
  const { pattern } = compiled;
  if (pattern.steps > USUAL_STEPS) work((text.length * (pattern.steps - USUAL_STEPS)) / STEPS_IN_WORK);
  return then(pattern);
}

function matches(text: string, pattern: string): Result {
  return withPattern(pattern, text, (compiled) => compiled.occursIn(text));
}

function find(text: string, pattern: string): Result {
  const found = withPattern(pattern, text, (compiled) => compiled.findAll(text, 1)[0] ?? '');
  return found instanceof CelError ? new CelError(`Illegal regex: ${found.message}`) : found;
}

function findAll(text: string, pattern: string, limit: bigint): Result {
  const max = limit < 0n ? Number.POSITIVE_INFINITY : Number(limit);
  const found = withPattern(pattern, text, (compiled) => new ArrayList(compiled.findAll(text, max)));
  return found instanceof CelError ? new CelError(`Illegal regex: ${found.message}`) : found;
}
