// `'…%s…'.format([…])`: the clauses of cel-go's string formatting, in the C locale.

import { toArray } from '../collections.ts';
import { doubleText } from '../double-text.ts';
import { showDuration, showTimestamp } from '../time-arithmetic.ts';
import { type CelType, showType, type TypeKind } from '../types.ts';
import {
  CelError,
  Duration,
  isList,
  isMap,
  type ListValue,
  type MapValue,
  type Result,
  Timestamp,
  TypeValue,
  typeNameOf,
  Uint,
  type Value,
} from '../values.ts';

const PRECISION = 6;
/** Of one list or map inside a text. */
const SHOWN_LENGTH_MAX = 16 * 1024 * 1024;
const PRECISION_MAX = 100;
const HEXADECIMAL: readonly TypeKind[] = ['int', 'uint', 'string', 'bytes'];
const CLAUSE = /%(?:%|(?:\.(\d*))?(.?))/gs;

export function formatString(text: string, list: ListValue): Result {
  const parameters = toArray(list);
  let used = 0;
  let failed: CelError | undefined;
  const formatted = text.replace(CLAUSE, (clause: string, precision: string | undefined, verb: string | undefined) => {
    if (clause === '%%' || failed !== undefined) return '%';
    if (verb === '' || verb === undefined) return fail('unexpected end of string');
    if (used >= parameters.length) return fail(`index ${used} out of range`);
    const shown = show(
      verb,
      parameters[used++] as Value,
      precision === undefined ? undefined : Number(precision || '0'),
    );
    return shown instanceof CelError ? fail(shown.message) : shown;
  });
  function fail(message: string): string {
    failed = new CelError(message);
    return '';
  }
  if (failed !== undefined) return failed;
  if (used < parameters.length)
    return new CelError(`too many arguments supplied to string.format (expected ${used}, got ${parameters.length})`);
  return formatted;
}

export type FormatProblem = { readonly parameter?: number; readonly message: string };

const VERB_TYPES: Readonly<Record<string, { readonly rule: string; readonly kinds: readonly TypeKind[] }>> = {
  d: { rule: 'decimal clause can only be used on integers', kinds: ['int', 'uint'] },
  b: { rule: 'only integers and bools can be formatted as binary', kinds: ['int', 'uint', 'bool'] },
  o: { rule: 'octal clause can only be used on integers', kinds: ['int', 'uint'] },
  x: { rule: 'only integers, byte buffers, and strings can be formatted as hex', kinds: HEXADECIMAL },
  X: { rule: 'only integers, byte buffers, and strings can be formatted as hex', kinds: HEXADECIMAL },
  f: { rule: 'fixed-point clause can only be used on doubles', kinds: ['double', 'string'] },
  e: { rule: 'scientific clause can only be used on doubles', kinds: ['double', 'string'] },
};

/** What can be said before evaluation: too few or too many values, values no clause can show. */
export function checkFormat(text: string, types: readonly CelType[]): FormatProblem | undefined {
  let used = 0;
  for (const [clause, , verb] of text.matchAll(CLAUSE)) {
    if (clause === '%%') continue;
    if (verb === '' || verb === undefined) return { message: 'unexpected end of string' };
    if (verb !== 's' && !Object.hasOwn(VERB_TYPES, verb))
      return { message: `could not parse formatting clause: unrecognized formatting clause "${verb}"` };
    const type = types[used];
    if (type === undefined) return { message: `index ${used} out of range` };
    const allowed = VERB_TYPES[verb];
    if (allowed !== undefined && type.kind !== 'dyn' && !allowed.kinds.includes(type.kind))
      return { parameter: used, message: `error during formatting: ${allowed.rule}, was given ${showType(type)}` };
    used++;
  }
  if (used >= types.length) return undefined;
  return { message: `too many arguments supplied to string.format (expected ${used}, got ${types.length})` };
}

function show(verb: string, value: Value, precision: number | undefined): string | CelError {
  switch (verb) {
    case 's':
      return showText(value);
    case 'd':
      return whole(value, 10) ?? wrong('decimal clause can only be used on integers', value);
    case 'b':
      if (typeof value === 'boolean') return value ? '1' : '0';
      return whole(value, 2) ?? wrong('only integers and bools can be formatted as binary', value);
    case 'o':
      return whole(value, 8) ?? wrong('octal clause can only be used on integers', value);
    case 'x':
      return hexadecimal(value);
    case 'X': {
      const shown = hexadecimal(value);
      return typeof shown === 'string' ? shown.toUpperCase() : shown;
    }
    case 'f':
    case 'e':
      return fraction(verb, value, precision ?? PRECISION);
    default:
      return new CelError(`could not parse formatting clause: unrecognized formatting clause "${verb}"`);
  }
}

function wrong(rule: string, value: Value): CelError {
  return new CelError(`error during formatting: ${rule}, was given ${typeNameOf(value)}`);
}

function whole(value: Value, base: number): string | undefined {
  if (typeof value === 'bigint') return value.toString(base);
  return value instanceof Uint ? value.value.toString(base) : undefined;
}

function hexadecimal(value: Value): string | CelError {
  if (typeof value === 'string') return Buffer.from(value).toString('hex');
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  const rule = 'only integers, byte buffers, and strings can be formatted as hex';
  return whole(value, 16) ?? wrong(rule, value);
}

function fraction(verb: 'f' | 'e', value: Value, precision: number): string | CelError {
  const number = typeof value === 'number' ? value : typeof value === 'string' ? nonNumber(value) : undefined;
  const name = verb === 'f' ? 'fixed-point' : 'scientific';
  if (number === undefined) return wrong(`${name} clause can only be used on doubles`, value);
  if (precision > PRECISION_MAX) return new CelError('error during formatting: precision is too large');
  if (Number.isNaN(number)) return 'NaN';
  if (!Number.isFinite(number)) return number > 0 ? '∞' : '-∞';
  if (verb === 'f') return grouped(number.toFixed(precision));
  const [digits = '', exponent = '0'] = number.toExponential(precision).split('e');
  const size = String(Math.abs(Number(exponent))).padStart(2, '0');
  const raised = [...size].map((digit) => '⁰¹²³⁴⁵⁶⁷⁸⁹'[Number(digit)]).join('');
  return `${digits}×10${Number(exponent) < 0 ? '⁻' : ''}${raised}`;
}

function grouped(text: string): string {
  const [integer = '', rest] = text.split('.');
  const shown = integer.replace(/\B(?=(\d{3})+$)/g, ',');
  return rest === undefined ? shown : `${shown}.${rest}`;
}

function nonNumber(text: string): number | undefined {
  return text === 'NaN' || text === 'Infinity' || text === '-Infinity' ? Number(text) : undefined;
}

function showText(value: Value): string | CelError {
  if (typeof value === 'string') return value;
  if (value === null) return 'null';
  if (typeof value === 'boolean' || typeof value === 'bigint') return String(value);
  if (typeof value === 'number') return doubleText(value);
  if (value instanceof Uint) return String(value.value);
  if (value instanceof Timestamp) return showTimestamp(value);
  if (value instanceof Duration) return showDuration(value);
  if (value instanceof TypeValue) return value.type.name;
  if (value instanceof Uint8Array) return new TextDecoder().decode(value);
  if (isList(value)) return showList(value);
  if (isMap(value)) return showMap(value);
  return wrong(
    'string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, and timestamps',
    value,
  );
}

function showList(list: ListValue): string | CelError {
  const parts = showAll(toArray(list));
  return parts instanceof CelError ? parts : `[${parts.join(', ')}]`;
}

function showMap(map: MapValue): string | CelError {
  const keys = map.keys();
  const shownKeys = showAll(keys);
  const values = showAll(keys.map((key) => map.find(key) ?? null));
  if (shownKeys instanceof CelError) return shownKeys;
  if (values instanceof CelError) return values;
  const entries = shownKeys.map((key, at) => [key, `${key}:${values[at]}`] as const);
  return `{${entries
    .sort(([left], [right]) => (left < right ? -1 : Number(left > right)))
    .map(([, entry]) => entry)
    .join(', ')}}`;
}

function showAll(values: readonly Value[]): readonly string[] | CelError {
  const parts: string[] = [];
  let length = 0;
  for (const value of values) {
    const part = showInside(value);
    if (part instanceof CelError) return part;
    length += part.length;
    if (length > SHOWN_LENGTH_MAX) return new CelError('the text is too long');
    parts.push(part);
  }
  return parts;
}

/** Values in a list or map: strings in quotes, doubles with six digits. */
function showInside(value: Value): string | CelError {
  if (typeof value === 'string') return JSON.stringify(value);
  if (value instanceof Uint8Array) return `b${JSON.stringify(new TextDecoder().decode(value))}`;
  if (typeof value === 'number') return Number.isFinite(value) ? value.toFixed(PRECISION) : `"${doubleText(value)}"`;
  if (value instanceof Timestamp) return `timestamp("${showTimestamp(value)}")`;
  if (value instanceof Duration) return `duration("${showDuration(value)}")`;
  return showText(value);
}
