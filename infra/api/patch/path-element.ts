// One step of a path as FieldsV1 writes it: `f:<field>`, `k:{<keys>}`, `v:<value>`, `i:<index>`.
// Invariant: inside this folder a step is always spelled canonically (keys sorted, Go's JSON), so two steps are the
// same exactly when their strings are. What clients send is respelled on entry by `canonicalElement`.

import { goJson, goQuote } from './go-format.ts';
import { isObject, type Json, type JsonObject } from './json-value.ts';

export type PathElement = string;

export const fieldElement = (name: string): PathElement => `f:${name}`;

/**
 * The same for a field of a structure. Those names are few and come again and again, so each is spelled once: a string
 * made anew has to be hashed anew before it can be a key.
 */
export const structureElement = (name: string): PathElement => {
  let element = spelled.get(name);
  if (element === undefined) {
    element = fieldElement(name);
    spelled.set(name, element);
  }
  return element;
};

const spelled = new Map<string, PathElement>();

export const valueElement = (value: Json): PathElement => `v:${goJson(value)}`;

const keyElement = (keys: JsonObject): PathElement => `k:${goJson(keys)}`;

export const isFieldElement = (element: PathElement): boolean => element.charCodeAt(0) === FIELD;

export const isKeyElement = (element: PathElement): boolean => element.charCodeAt(0) === KEY;

/** The field's name of an `f:` element. */
export const fieldName = (element: PathElement): string => element.slice(2);

/** The canonical spelling; undefined for kinds of elements nobody knows (upstream drops those); null if malformed. */
export const canonicalElement = (element: string): PathElement | undefined | null => {
  if (element.length < 2 || element[1] !== ':') return null;
  const kind = element.charCodeAt(0);
  if (kind === FIELD) return element;
  if (kind === INDEX) return /^i:[+-]?\d{1,15}$/.test(element) ? `i:${Number(element.slice(2))}` : null;
  if (kind !== KEY && kind !== VALUE) return undefined;
  const value = parse(element.slice(2));
  if (value === undefined) return null;
  if (kind === VALUE) return valueElement(value);
  return isObject(value) ? keyElement(value) : null;
};

/** Order of elements in a field set: fields, keys, values, indexes; names by bytes, numbers by size. */
export const compareElements = (left: PathElement, right: PathElement): number => {
  if (left === right) return 0;
  const leftKind = left.charCodeAt(0);
  const rightKind = right.charCodeAt(0);
  if (leftKind !== rightKind) return rank(leftKind) - rank(rightKind);
  if (leftKind === FIELD) return left < right ? -1 : 1;
  // Without escapes in the way, the spellings compare as their values do.
  if (PLAIN.test(left) && PLAIN.test(right)) return left < right ? -1 : 1;
  if (leftKind === INDEX) return Number(left.slice(2)) - Number(right.slice(2));
  return compareJson(parse(left.slice(2)) ?? null, parse(right.slice(2)) ?? null);
};

/** The element as paths in messages show it: `.name`, `[name="nginx"]`, `[="a"]`, `[0]`. */
export const printElement = (element: PathElement): string => {
  const rest = element.slice(2);
  switch (element.charCodeAt(0)) {
    case FIELD:
      return `.${rest}`;
    case KEY: {
      const keys = (parse(rest) ?? {}) as JsonObject;
      const pairs = Object.keys(keys)
        .sort()
        .map((key) => `${key}=${printValue(keys[key] as Json)}`);
      return `[${pairs.join(',')}]`;
    }
    case VALUE:
      return `[=${printValue(parse(rest) ?? null)}]`;
    default:
      return `[${rest}]`;
  }
};

export const printPath = (path: readonly PathElement[]): string => path.map(printElement).join('');

/** A plain string, as value or under one plain key. None of its characters sorts before the closing quote. */
const PLAIN = /^(?:v:|k:\{"\w+":)"[\w./-]*"\}?$/;

const FIELD = 0x66;
const KEY = 0x6b;
const VALUE = 0x76;
const INDEX = 0x69;

const rank = (kind: number): number => (kind === FIELD ? 0 : kind === KEY ? 1 : kind === VALUE ? 2 : 3);

const parse = (json: string): Json | undefined => {
  try {
    return JSON.parse(json) as Json;
  } catch {
    return undefined;
  }
};

const printValue = (value: Json): string =>
  value === null ? 'null' : typeof value === 'string' ? goQuote(value) : String(value);

/** Numbers, strings, booleans, null; objects by sorted keys. */
const compareJson = (left: Json, right: Json): number => {
  const kind = jsonRank(left) - jsonRank(right);
  if (kind !== 0) return kind;
  if (isObject(left) && isObject(right)) return compareKeys(left, right);
  if (left === right || left === null || right === null) return 0;
  return left < right ? -1 : 1;
};

const compareKeys = (left: JsonObject, right: JsonObject): number => {
  const leftKeys = Object.keys(left).sort();
  const rightKeys = Object.keys(right).sort();
  for (let i = 0; i < leftKeys.length && i < rightKeys.length; i++) {
    const leftKey = leftKeys[i] as string;
    const rightKey = rightKeys[i] as string;
    if (leftKey !== rightKey) return leftKey < rightKey ? -1 : 1;
    const order = compareJson(left[leftKey] as Json, right[rightKey] as Json);
    if (order !== 0) return order;
  }
  return leftKeys.length - rightKeys.length;
};

const jsonRank = (value: Json): number => {
  if (value === null) return 3;
  switch (typeof value) {
    case 'number':
    case 'bigint':
      return 0;
    case 'string':
      return 1;
    case 'boolean':
      return 2;
    default:
      return 4;
  }
};
