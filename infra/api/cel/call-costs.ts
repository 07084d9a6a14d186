// What an evaluation pays for a call: Kubernetes' numbers for its libraries, cel-go's for the rest. A call costs 1
// unless it is named here; costs depend on the sizes of what was given, so that no short expression can do much work.

import { elements } from './collections.ts';
import { codePoints } from './source.ts';
import { CelError, isList, isMap, isObject, Optional, type Result } from './values.ts';

export type CallCost = (given: readonly Result[], result: Result) => number;

const PER_CHARACTER = 0.1;
const PER_PATTERN_CHARACTER = 0.25;
export const LIST_COST = 10;
export const MAP_COST = 30;
export const STRUCT_COST = 40;
const AUTHORIZATION_COST = 350_000;

/** Calls whose cost only their result tells; all others are paid before they are made. */
export function isPaidAfterwards(name: string, overload: string): boolean {
  return name === 'join' || overload === 'list_slice' || overload === 'lists_range' || overload === 'list_reverse';
}

/** Undefined when every call costs 1. `overload` is empty when the values choose it. */
export function callCost(name: string, overload: string): CallCost | undefined {
  const ofExtension = BY_OVERLOAD_FIRST.get(overload);
  if (ofExtension !== undefined) return ofExtension;
  if (name === 'ip' && overload === 'cidr_ip') return undefined;
  return BY_FUNCTION.get(name) ?? BY_OVERLOAD.get(overload);
}

export function sizeOf(value: Result | undefined): number {
  if (typeof value === 'string') return codePoints(value);
  if (value instanceof Uint8Array) return value.length;
  if (value === undefined || value instanceof CelError) return 1;
  if (isList(value) || isMap(value)) return value.size;
  if (value instanceof Optional) return value.value === undefined ? 1 : sizeOf(value.value);
  return isObject(value) ? (value.size ?? 1) : 1;
}

function scan(value: Result | undefined, factor = 1): number {
  return Math.ceil(sizeOf(value) * factor * PER_CHARACTER);
}

/** Reading all of a value once. */
function traversal(value: Result | undefined): number {
  if (typeof value === 'string') return Math.floor(Buffer.byteLength(value) * PER_CHARACTER);
  if (value instanceof Uint8Array) return Math.floor(value.length * PER_CHARACTER);
  if (value === undefined || value instanceof CelError) return 1;
  let total = 0;
  if (isList(value)) for (const element of elements(value)) total += traversal(element);
  else if (isMap(value)) for (const key of value.keys()) total += traversal(key) + traversal(value.find(key) ?? null);
  else return 1;
  return total;
}

function matching(text: Result | undefined, patternSize: number): number {
  return Math.ceil((1 + sizeOf(text)) * PER_CHARACTER) * Math.ceil(patternSize * PER_PATTERN_CHARACTER);
}

function inside(given: readonly Result[], withText: boolean, subnet: boolean): number {
  const own = sizeOf(given[0]);
  const compared = Math.ceil(2 * own * PER_CHARACTER) + (subnet ? Math.ceil(own * PER_CHARACTER) + 1 : 0);
  return compared + (withText ? scan(given[1]) : 0);
}

function allocating(size: number): number {
  return Math.floor(size) + 1 + LIST_COST;
}

/** Comparing every element with every other. */
function selfCompare(list: Result | undefined): number {
  if (list === undefined || list instanceof CelError || !isList(list) || list.size === 0) return allocating(0);
  const first = list.at(0);
  const factor = typeof first === 'string' || first instanceof Uint8Array ? 2 + PER_CHARACTER : 2;
  return allocating(list.size * list.size * factor);
}

function selector(text: Result | undefined): number {
  const size = sizeOf(text);
  return LIST_COST + Math.ceil(size * PER_CHARACTER) + Math.ceil(Math.ceil(size * 0.5) * (LIST_COST + STRUCT_COST));
}

const whole: CallCost = ([value]) => traversal(value);
const scanned: CallCost = ([value]) => scan(value);
const scannedTwice: CallCost = ([value]) => scan(value, 2);
const found: CallCost = ([text, pattern]) => matching(text, sizeOf(pattern));

const BY_FUNCTION: ReadonlyMap<string, CallCost> = new Map<string, CallCost>([
  ['check', () => AUTHORIZATION_COST],
  ['fieldSelector', ([, text]) => selector(text)],
  ['labelSelector', ([, text]) => selector(text)],
  ...each(['isSorted', 'sum', 'max', 'min', 'indexOf', 'lastIndexOf'], whole),
  ...each(['url', 'lowerAscii', 'upperAscii', 'substring', 'trim', 'jsonpatch.escapeKey'], scanned),
  ...each(['cidr', 'isIP', 'isCIDR', 'ip', 'quantity', 'isQuantity', 'semver', 'isSemver'], scanned),
  ...each(['replace', 'split', 'ip.isCanonical'], scannedTwice),
  ['join', (_, result) => scan(result, 2)],
  ...each(['find', 'findAll'], found),
  ['containsIP', (given) => inside(given, typeof given[1] === 'string', false)],
  ['containsCIDR', (given) => inside(given, typeof given[1] === 'string', true)],
  ['validate', ([format, text]) => matching(text, formatSize(format))],
]);

const cheaper: CallCost = ([left, right]) => Math.ceil(Math.min(sizeOf(left), sizeOf(right)) * PER_CHARACTER);
const both: CallCost = ([left, right]) => Math.ceil((sizeOf(left) + sizeOf(right)) * PER_CHARACTER);
const COMPARISONS = ['less', 'greater', 'less_equals', 'greater_equals'].flatMap((name) => [
  `${name}_string`,
  `${name}_bytes`,
]);

const BY_OVERLOAD: ReadonlyMap<string, CallCost> = new Map<string, CallCost>([
  ...each(['starts_with_string', 'ends_with_string', 'string_to_bytes', 'bytes_to_string'], scanned),
  ...each(['strings_quote', 'string_format'], scanned),
  ['in_list', ([, list]) => sizeOf(list)],
  ...each([...COMPARISONS, 'equals', 'not_equals'], cheaper),
  ...each(['add_string', 'add_bytes'], both),
  ...each(['matches_string'], found),
  ['contains_string', ([text, part]) => scan(text) * scan(part)],
]);

const outputSize: CallCost = (_, result) => allocating(sizeOf(result));
const flattened: CallCost = ([list, depth]) => allocating(sizeOf(list) * (depth === undefined ? 1 : Number(depth)));
const own: CallCost = ([list]) => selfCompare(list);
const keys: CallCost = ([, list]) => selfCompare(list);

function sets(factor: number): CallCost {
  return ([left, right]) => 1 + sizeOf(left) * sizeOf(right) * factor;
}

const ELEMENT_TYPES = ['int', 'uint', 'double', 'bool', 'string', 'bytes'].concat(
  'google.protobuf.Duration',
  'google.protobuf.Timestamp',
);

const BY_OVERLOAD_FIRST: ReadonlyMap<string, CallCost> = new Map<string, CallCost>([
  ...each(['list_slice', 'lists_range', 'list_reverse'], outputSize),
  ...each(['list_flatten', 'list_flatten_int'], flattened),
  ['list_distinct', own],
  ...each(
    ELEMENT_TYPES.map((type) => `list_${type}_sort`),
    own,
  ),
  ...each(
    ELEMENT_TYPES.map((type) => `list_${type}_sortByAssociatedKeys`),
    keys,
  ),
  ['list_sets_contains_list', sets(1)],
  ['list_sets_intersects_list', sets(1)],
  ['list_sets_equivalent_list', sets(2)],
]);

function each(names: readonly string[], cost: CallCost): readonly (readonly [string, CallCost])[] {
  return names.map((name) => [name, cost]);
}

/** Formats say how long the pattern behind them is. */
function formatSize(format: Result | undefined): number {
  if (format === undefined || format instanceof CelError || !isObject(format)) return 1;
  const { patternSize } = format as { readonly patternSize?: number };
  return patternSize ?? 1;
}
