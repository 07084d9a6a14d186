// Objects as values. Nothing is copied: a part becomes a value when an expression reads it. With a declared type,
// integers, times and durations are what the schema says; without one, JSON says it all.

import { ArrayList, elements } from './collections.ts';
import type { Declared } from './declared-type.ts';
import { equal } from './equality.ts';
import { escapeIdentifier, unescapeIdentifier } from './identifiers.ts';
import { parseDuration, parseTimestamp } from './time-arithmetic.ts';
import type { ListRules, ListValue, MapValue, Value } from './values.ts';
import { work } from './work.ts';

/** A value of a declared type. What does not fit the type stays what it is in JSON; no overload will take it. */
export function declaredValue(json: unknown, declared: Declared): Value {
  switch (declared.reading) {
    case 'int':
      return typeof json === 'number' && Number.isInteger(json) ? BigInt(json) : dynamicValue(json);
    case 'double':
      return typeof json === 'bigint' ? Number(json) : dynamicOr(json, 'number');
    case 'timestamp':
      return typeof json === 'string' ? (parseTimestamp(json) ?? json) : dynamicValue(json);
    case 'date':
      return typeof json === 'string' ? (parseTimestamp(`${json}T00:00:00Z`) ?? json) : dynamicValue(json);
    case 'duration':
      return typeof json === 'string' ? (parseDuration(json) ?? json) : dynamicValue(json);
    case 'bytes':
      return typeof json === 'string' ? new Uint8Array(Buffer.from(json, 'base64')) : dynamicValue(json);
    case 'list':
      return Array.isArray(json) ? new JsonList(json, declared) : dynamicValue(json);
    case 'map':
    case 'object':
      return isJsonObject(json) ? new JsonMap(json, declared) : dynamicValue(json);
    default:
      return dynamicValue(json);
  }
}

/** A value no schema describes: whole numbers are ints, others doubles. */
export function dynamicValue(json: unknown): Value {
  switch (typeof json) {
    case 'string':
    case 'boolean':
    case 'bigint':
      return json;
    case 'number':
      return Number.isInteger(json) && !Object.is(json, -0) ? BigInt(json) : json;
    default:
      if (Array.isArray(json)) return new JsonList(json, undefined);
      return isJsonObject(json) ? new JsonMap(json, undefined) : null;
  }
}

function dynamicOr(json: unknown, type: 'number'): Value {
  return typeof json === type ? (json as number) : dynamicValue(json);
}

type JsonObject = Readonly<Record<string, unknown>>;

function isJsonObject(json: unknown): json is JsonObject {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}

function partValue(json: unknown, declared: Declared | undefined): Value {
  return declared === undefined ? dynamicValue(json) : declaredValue(json, declared);
}

export class JsonList implements ListValue {
  readonly category = 'list';
  readonly json: readonly unknown[];
  readonly #declared: Declared | undefined;

  constructor(json: readonly unknown[], declared: Declared | undefined) {
    this.json = json;
    this.#declared = declared;
  }

  get size(): number {
    return this.json.length;
  }

  at(index: number): Value {
    return partValue(this.json[index], this.#declared?.element);
  }

  get rules(): ListRules | undefined {
    const { listType, listKeys = [] } = this.#declared ?? {};
    if (listType === 'set') return SET;
    return listType === 'map' ? keyed(listKeys) : undefined;
  }
}

export class JsonMap implements MapValue {
  readonly category = 'map';
  readonly json: JsonObject;
  readonly #declared: Declared | undefined;
  #size: number | undefined;
  /** Lists and maps inside, once they were read: they too remember what they found out. */
  #parts: Map<string, Value> | undefined;

  constructor(json: JsonObject, declared: Declared | undefined) {
    this.json = json;
    this.#declared = declared;
  }

  get size(): number {
    this.#size ??= Object.keys(this.json).length;
    return this.#size;
  }

  find(key: Value): Value | undefined {
    if (typeof key !== 'string') return undefined;
    const fields = this.#declared?.fields;
    if (fields === undefined)
      return Object.hasOwn(this.json, key) ? this.#part(key, this.#declared?.element) : undefined;
    const field = fields.get(key) ?? fields.get(`__${key}__`);
    const name = field?.name ?? unescapeIdentifier(key);
    if (field === undefined || name === undefined || !Object.hasOwn(this.json, name)) return undefined;
    const value = this.json[name];
    // A field that is null is absent.
    return value === null || value === undefined ? undefined : this.#part(name, field.declared);
  }

  hidden(): JsonObject | undefined {
    const fields = this.#declared?.fields;
    if (fields === undefined) return undefined;
    const known = new Set([...fields.values()].map(({ name }) => name));
    const names = Object.keys(this.json).filter((name) => !known.has(name));
    return names.length === 0 ? undefined : Object.fromEntries(names.map((name) => [name, this.json[name]]));
  }

  #part(name: string, declared: Declared | undefined): Value {
    const json = this.json[name];
    if (typeof json !== 'object' || json === null) return partValue(json, declared);
    this.#parts ??= new Map();
    let value = this.#parts.get(name);
    if (value === undefined) {
      value = partValue(json, declared);
      this.#parts.set(name, value);
    }
    return value;
  }

  keys(): readonly Value[] {
    const fields = this.#declared?.fields;
    const names = Object.keys(this.json);
    work(names.length);
    if (fields === undefined) return names;
    return names
      .map((name) => escapeIdentifier(name))
      .filter((name): name is string => name !== undefined && this.find(name) !== undefined);
  }
}

/** Order means nothing in a set; adding to it adds what is not there. */
const SET: ListRules = {
  equal: (left, right) => left.size === right.size && [...elements(left)].every((value) => includes(right, value)),
  concat: (left, right) =>
    new ArrayList([...elements(left), ...[...elements(right)].filter((value) => !includes(left, value))]),
};

function includes(list: ListValue, value: Value): boolean {
  for (const element of elements(list)) if (equal(element, value)) return true;
  return false;
}

/** Items are found by their keys; adding an item whose key is there replaces it. */
function keyed(keys: readonly string[]): ListRules {
  const keyOf = (value: Value): string => {
    if (!(value instanceof JsonMap)) return 'other';
    return JSON.stringify(keys.map((key) => value.json[key] ?? null));
  };
  return {
    equal: (left, right) => {
      if (left.size !== right.size) return false;
      const mine = new Map([...elements(left)].map((value) => [keyOf(value), value]));
      return [...elements(right)].every((value) => {
        const found = mine.get(keyOf(value));
        return found !== undefined && equal(found, value);
      });
    },
    concat: (left, right) => {
      const items = new Map([...elements(left)].map((value) => [keyOf(value), value]));
      for (const value of elements(right)) items.set(keyOf(value), value);
      return new ArrayList([...items.values()]);
    },
  };
}
