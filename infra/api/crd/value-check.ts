// Whether a value has what its schema asks for: OpenAPI v3 as upstream's validator reads it, in its words. Problems of
// what an update leaves as it was are forgiven (KEP-4008), part by part, as far as a part can be found in the old object:
// fields by name, items of map lists by key. Invariant: a value without problems costs no allocation.

import { describe, type FieldError } from '../errors.ts';
import { goJson } from '../go-json.ts';
import { isInt64 } from '../go-number.ts';
import { equal } from '../registry/equal.ts';
import { isObject, type Json } from './json.ts';
import { goOrder, identity, keysOf } from './list-sets.ts';
import { numberProblems } from './number-check.ts';
import { formatProblem, stringProblem } from './string-check.ts';
import { type Structural, valueSchema } from './structural.ts';

/** The old value in the place of the new one, and the schema that finds its parts. */
type Old = { readonly value: unknown; readonly schema: Structural };

export type ValueCheckOptions = {
  /** Where the value stands in the object; empty for the object itself. */
  readonly at?: string;
  /** What an update replaces. */
  readonly before?: { readonly value: unknown } | undefined;
};

export function valueProblems(
  value: unknown,
  schema: Structural,
  { at = '', before }: ValueCheckOptions = {},
): readonly FieldError[] {
  const check = new ValueCheck(at);
  const old = before === undefined ? undefined : { value: before.value, schema };
  check.run(schema, value, { path: '', old });
  return check.problems.length === 0 ? check.problems : told(check.problems);
}

/** Each once, although several alternatives may say the same; with the values as Go writes them. */
function told(problems: readonly FieldError[]): readonly FieldError[] {
  const said = new Map<string, FieldError>();
  for (const problem of problems) {
    const shown = { ...problem, value: goOrder(problem.value) };
    const text = describe(shown);
    if (!said.has(text)) said.set(text, shown);
  }
  return [...said.values()];
}

type Place = {
  /** From the value that is checked down to here. */
  readonly path: string;
  /** Absent under anyOf, allOf, oneOf and not, whose problems the schema around them answers for. */
  readonly old: Old | undefined;
};

class ValueCheck {
  problems: FieldError[] = [];
  readonly #at: string;

  constructor(at: string) {
    this.#at = at;
  }

  /** Returns how much of the schema the value meets: of several alternatives the nearest one is told about. */
  run(schema: Structural, value: unknown, place: Place): number {
    const from = this.problems.length;
    const matches = value === null ? this.#null(schema, place.path) : this.#present(schema, value, place);
    if (this.problems.length > from && place.old !== undefined && equal(value, place.old.value)) {
      this.problems.length = from;
    }
    return matches;
  }

  #null(schema: Structural, path: string): number {
    const types = typesOf(schema);
    if (types.length > 0 && !schema.nullable) this.#wrongType(path, types.join(','), 'null');
    this.#enum(schema, null, path);
    return 1;
  }

  #present(schema: Structural, value: unknown, place: Place): number {
    const { path } = place;
    let matches = 3 + this.#type(schema, value, path) + this.#combinations(schema, value, place);
    if (typeof value === 'string') {
      this.#ask(stringProblem(schema, value, path), path);
      this.#ask(formatProblem(schema, value, path), path);
      matches += 2;
    } else if (typeof value === 'number') {
      for (const problem of numberProblems(schema, value, path)) this.#tell(problem, problem.field === '' ? '' : path);
      matches += 2;
    } else if (Array.isArray(value)) matches += this.#list(schema, value, place);
    this.#enum(schema, value, path);
    if (isObject(value)) matches += this.#object(schema, value, place);
    return matches;
  }

  #type(schema: Structural, value: unknown, path: string): number {
    const types = typesOf(schema);
    const { format } = schema;
    if (types.length === 0 && format === '') return 0;
    const [type, valueFormat] = typeOfValue(value);
    const fits = types.includes(type) || (type === 'integer' && types.includes('number'));
    const text = type === 'string' || type === 'array';
    if (!text && format !== '' && !fits && valueFormat !== format) {
      this.#wrongType(path, format, valueFormat);
      return 0;
    }
    if (text && format !== '' && !types.includes('number') && !types.includes('integer')) return 1;
    if (fits) return 1;
    this.#wrongType(path, types.join(','), type);
    return 0;
  }

  /** anyOf, oneOf, allOf and not, in upstream's order. */
  #combinations(schema: Structural, value: unknown, { path }: Place): number {
    const { anyOf, oneOf, allOf, not } = schema;
    const place = { path, old: undefined };
    let matches = 1;
    if (anyOf.length > 0) {
      const { valid, best } = this.#alternatives(anyOf, value, { ...place, firstOnly: true });
      if (valid === 0) this.#combined(`${JSON.stringify(path)} must validate at least one schema (anyOf)`);
      matches += this.#take(best);
    }
    if (oneOf.length > 0) {
      const { valid, best } = this.#alternatives(oneOf, value, { ...place, firstOnly: false });
      if (valid !== 1) {
        const found = valid === 0 ? 'Found none valid' : `Found ${valid} valid alternatives`;
        this.#combined(`${JSON.stringify(path)} must validate one and only one schema (oneOf). ${found}`);
      }
      if (valid <= 1) matches += this.#take(best);
    }
    if (allOf.length > 0) {
      let valid = 0;
      for (const alternative of allOf) {
        const from = this.problems.length;
        matches += this.run(alternative, value, place);
        if (this.problems.length === from) valid++;
      }
      if (valid < allOf.length) {
        const none = valid === 0 ? '. None validated' : '';
        this.#combined(`${JSON.stringify(path)} must validate all the schemas (allOf)${none}`);
      }
    }
    if (not !== undefined && this.#aside(not, value, place).problems.length === 0) {
      this.#combined(`${JSON.stringify(path)} must not validate the schema (not)`);
    }
    return matches;
  }

  /** How many of the alternatives the value has, and the first it has or else the one it has most of. */
  #alternatives(alternatives: readonly Structural[], value: unknown, place: Place & { readonly firstOnly: boolean }) {
    let valid = 0;
    let best: Outcome | undefined;
    for (const alternative of alternatives) {
      const outcome = this.#aside(alternative, value, place);
      if (outcome.problems.length === 0) {
        if (valid++ === 0) best = outcome;
        if (place.firstOnly) break;
      } else if (valid === 0 && (best === undefined || outcome.matches > best.matches)) best = outcome;
    }
    return { valid, best };
  }

  /** Checked without telling. */
  #aside(schema: Structural, value: unknown, place: Place): Outcome {
    const told = this.problems;
    this.problems = [];
    const matches = this.run(schema, value, place);
    const outcome = { matches, problems: this.problems };
    this.problems = told;
    return outcome;
  }

  #take(outcome: Outcome | undefined): number {
    if (outcome === undefined) return 0;
    this.problems.push(...outcome.problems);
    return outcome.matches;
  }

  #list(schema: Structural, list: readonly unknown[], { path, old }: Place): number {
    const { items, source } = schema;
    let matches = 2;
    if (items !== undefined) {
      for (let index = 0; index < list.length; index++) {
        const place = { path: `${path}[${index}]`, old: oldItem(old, list[index]) };
        matches += this.run(items, list[index], place);
      }
    }
    const count = list.length;
    const { minItems, maxItems } = source;
    if (typeof minItems === 'number' && count < minItems) {
      const detail = `${path} in body should have at least ${minItems} items`;
      this.#tell({ type: 'Invalid', field: path, value: count, detail }, path);
    }
    if (typeof maxItems === 'number' && count > maxItems) this.#tooMany(path, count, maxItems);
    if (source.uniqueItems === true && new Set(list.map(identity)).size < count) {
      this.#tell(
        { type: 'Invalid', field: path, value: '', detail: `${path} in body shouldn't contain duplicates` },
        path,
      );
    }
    return matches;
  }

  #object(schema: Structural, object: Json, { path, old }: Place): number {
    const { properties, additional, required, source } = schema;
    const { minProperties, maxProperties } = source;
    if (typeof minProperties === 'number' || typeof maxProperties === 'number') {
      const count = Object.keys(object).length;
      if (typeof minProperties === 'number' && count < minProperties) {
        const detail = `${path} in body should have at least ${minProperties} properties`;
        this.#tell({ type: 'Invalid', field: path, value: count, detail }, path);
      }
      if (typeof maxProperties === 'number' && count > maxProperties) this.#tooMany(path, count, maxProperties);
    }
    let matches = 0;
    if (additional !== undefined && additional !== true) {
      for (const key in object) {
        if (properties.has(key)) continue;
        if (additional === false) {
          const detail = `${path}.${key} in body is a forbidden property`;
          this.#tell({ type: 'Invalid', field: path, value: key, detail }, path);
        } else matches += this.run(additional, object[key], this.#below({ path: `${path}.${key}`, old }, key));
      }
    }
    for (const [key, property] of properties) {
      if (!Object.hasOwn(object, key)) continue;
      const at = path === '' ? key : `${path}.${key}`;
      matches += this.run(property, object[key], this.#below({ path: at, old }, key));
    }
    for (const key of required) {
      const at = path === '' ? key : `${path}.${key}`;
      if (!Object.hasOwn(object, key)) this.#tell({ type: 'Required', field: at, detail: '' }, at);
    }
    return matches;
  }

  /** A client does not see the type its object had before, so what is wrong with it now is no old matter. */
  #below({ path, old }: { readonly path: string; readonly old: Old | undefined }, key: string): Place {
    const typed = path === 'kind' || path === 'apiVersion';
    return { path, old: typed ? undefined : oldField(old, key) };
  }

  #enum({ source }: Structural, value: unknown, path: string): void {
    const { enum: values } = source;
    if (values === undefined || values === null || values.length === 0) return;
    if (value !== null && values.some((allowed) => isAllowed(allowed, value))) return;
    const supported = values.map((allowed) => (typeof allowed === 'string' ? allowed : goJson(goOrder(allowed))));
    this.#tell({ type: 'NotSupported', field: path, value, supported }, path);
  }

  #tooMany(path: string, count: number, max: number): void {
    const detail = `must have at most ${max} ${max === 1 ? 'item' : 'items'}`;
    this.#tell({ type: 'TooMany', field: path, value: count, detail }, path);
  }

  #wrongType(path: string, wanted: string, found: string): void {
    const detail = `${path} in body must be of type ${wanted}: ${JSON.stringify(found)}`;
    this.#tell({ type: 'TypeInvalid', field: path, value: found, detail }, path);
  }

  /** Problems of combinations name their place in the text alone. */
  #combined(detail: string): void {
    this.#tell({ type: 'Invalid', field: '', value: '', detail }, '');
  }

  #ask(problem: FieldError | undefined, path: string): void {
    if (problem !== undefined) this.#tell(problem, path);
  }

  #tell(problem: FieldError, path: string): void {
    const at = this.#at;
    const field = at === '' ? path || '<nil>' : path === '' ? at : `${at}${path.startsWith('.') ? '' : '.'}${path}`;
    this.problems.push({ ...problem, field });
  }
}

type Outcome = { readonly matches: number; readonly problems: FieldError[] };

const integerOrString: readonly string[] = ['integer', 'string'];
const noType: readonly string[] = [];
const typeLists = new Map<string, readonly string[]>();

function typesOf({ type, intOrString }: Structural): readonly string[] {
  if (intOrString) return integerOrString;
  if (type === '') return noType;
  let types = typeLists.get(type);
  if (types === undefined) {
    types = [type];
    typeLists.set(type, types);
  }
  return types;
}

function typeOfValue(value: unknown): readonly [type: string, format: string] {
  if (Array.isArray(value)) return ['array', ''];
  if (typeof value === 'number') return isInt64(value) ? ['integer', 'int64'] : ['number', 'float64'];
  return [typeof value, ''];
}

function oldField(old: Old | undefined, key: string): Old | undefined {
  if (old === undefined || !isObject(old.value) || !Object.hasOwn(old.value, key)) return undefined;
  const schema = valueSchema(old.schema, key);
  return schema && { value: old.value[key], schema };
}

function oldItem(old: Old | undefined, item: unknown): Old | undefined {
  const items = old?.schema.items;
  if (old === undefined || items === undefined || old.schema.listType !== 'map' || !Array.isArray(old.value))
    return undefined;
  const { listKeys } = old.schema;
  if (!hasKeys(item, listKeys)) return undefined;
  const wanted = identity(keysOf(item, listKeys));
  const found = old.value.find(
    (candidate) => hasKeys(candidate, listKeys) && identity(keysOf(candidate, listKeys)) === wanted,
  );
  return found === undefined ? undefined : { value: found, schema: items };
}

function hasKeys(item: unknown, keys: readonly string[]): boolean {
  if (!isObject(item)) return false;
  return keys.every((key) => Object.hasOwn(item, key) && item[key] !== null && typeof item[key] !== 'object');
}

/** Upstream converts the value to the type of what it compares it with, so that fractions become whole; null is nothing. */
function isAllowed(allowed: unknown, value: unknown): boolean {
  if (typeof value !== 'number' || !Number.isInteger(allowed)) return equal(allowed, value);
  return Math.trunc(value) === allowed;
}
