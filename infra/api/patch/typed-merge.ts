// An applied configuration merged into an object by its schema: structures and maps merge, identified list items merge,
// everything else is replaced. Invariants: nothing is removed by merging; a null that unsets a field stays in the merged
// object, so that conflicts show, until `withoutNullFields`; the object itself comes back when nothing is added to it.

import type { ListSchema, ObjectSchema, Schema } from '../kinds/schema.ts';
import {
  isEmptyObject,
  isList,
  isObject,
  type Json,
  type JsonList,
  type JsonObject,
  jsonEqual,
  type MutableJsonObject,
  own,
  setOwn,
} from './json-value.ts';
import type { PathElement } from './path-element.ts';
import { absentValue, identifyItem, isAtomic, sameItem, schemaAt, schemaOfKey } from './schema-walk.ts';

/** `configuration` must have passed `validateApplied`: every list item has an identity and none repeats. */
export const mergeApplied = (object: JsonObject, configuration: JsonObject, schema: ObjectSchema): JsonObject =>
  mergeKeys(object, configuration, schema);

/** Null stays null here: the structure around it decides what null means. */
const mergeValue = (current: Json | undefined, applied: Json, described: Schema): Json => {
  if (current === undefined) return applied;
  const schema = schemaAt(described, current, applied);
  if (isAtomic(schema)) return jsonEqual(current, applied) ? current : applied;
  if (applied === null) return isEmptyValue(current) ? null : current;
  if (schema.kind === 'list') {
    if (!isList(applied)) return applied;
    return mergeList(isList(current) ? current : [], applied, schema, current);
  }
  if (!isObject(applied)) return applied;
  // Merging into null or an empty value must still keep "empty" apart from "null".
  if (!isObject(current)) return applied;
  return mergeKeys(current, applied, schema);
};

const mergeKeys = (current: JsonObject, applied: JsonObject, schema: Schema): JsonObject => {
  let merged: MutableJsonObject | undefined;
  for (const key in applied) {
    const inner = schemaOfKey(schema, key);
    if (inner === undefined) continue;
    const before = own(current, key);
    const after = mergeValue(before, applied[key] as Json, inner);
    if (after === before) continue;
    merged ??= { ...current };
    setOwn(merged, key, after);
  }
  return merged ?? current;
};

const mergeList = (current: JsonList, applied: JsonList, schema: ListSchema, original: Json): Json => {
  if (current.length === 0) {
    const empty = applied.length === 0 && isList(original);
    return empty ? original : applied;
  }
  if (applied.length === 0) return original;
  const merged = mergePairs(current, applied, schema) ?? new ListMerge(current, applied, schema).run();
  return merged.length === current.length && merged.every((item, i) => item === current[i]) ? original : merged;
};

/** The usual case: both lists have the same items in the same order. Undefined where they have not. */
const mergePairs = (current: JsonList, applied: JsonList, schema: ListSchema): JsonList | undefined => {
  if (current.length !== applied.length) return undefined;
  if (!current.every((item, i) => sameItem(schema, item, applied[i] as Json))) return undefined;
  return current.map((item, i) => mergeValue(item, applied[i] as Json, schema.item));
};

/** Merges two lists of identified items. Shared items come in the configuration's order, others keep their place. */
class ListMerge {
  readonly #schema: ListSchema;
  readonly #current: JsonList;
  readonly #currentElements: readonly PathElement[];
  readonly #appliedElements: readonly PathElement[];
  readonly #currentByElement = new Map<PathElement, Json | undefined>();
  readonly #appliedByElement = new Map<PathElement, Json>();
  readonly #merged = new Set<PathElement>();
  readonly #shared: PathElement[];
  readonly #out: Json[] = [];

  constructor(current: JsonList, applied: JsonList, schema: ListSchema) {
    this.#schema = schema;
    this.#current = current.filter((item) => 'element' in identifyItem(schema, item));
    this.#currentElements = this.#current.map((item) => elementOf(schema, item));
    this.#appliedElements = applied.map((item) => elementOf(schema, item));
    for (const [i, element] of this.#currentElements.entries()) {
      // Items that share an identity are not merged with but replaced by the applied one.
      this.#currentByElement.set(element, this.#currentByElement.has(element) ? undefined : this.#current[i]);
    }
    for (const [i, element] of this.#appliedElements.entries()) this.#appliedByElement.set(element, applied[i] as Json);
    this.#shared = this.#appliedElements.filter((element) => this.#currentByElement.has(element)).reverse();
  }

  run(): readonly Json[] {
    const left = this.#currentElements;
    const right = this.#appliedElements;
    for (let l = 0, r = 0; l < left.length || r < right.length; ) {
      const ours = left[l];
      const theirs = right[r];
      if (ours !== undefined && theirs !== undefined) {
        if (ours === theirs) {
          this.#take(theirs);
          this.#shared.pop();
          l++;
          r++;
          continue;
        }
        const next = this.#shared.at(-1);
        if (this.#appliedByElement.has(ours) && next !== undefined && next !== ours) {
          l++;
          continue;
        }
      }
      if (ours !== undefined) {
        if (!this.#appliedByElement.has(ours)) {
          this.#out.push(this.#current[l] as Json);
          l++;
          continue;
        }
        if (this.#merged.has(ours)) l++;
      }
      if (theirs !== undefined) {
        this.#take(theirs);
        if (this.#shared.at(-1) === theirs) this.#shared.pop();
        r++;
      }
    }
    return this.#out;
  }

  #take(element: PathElement): void {
    this.#merged.add(element);
    const applied = this.#appliedByElement.get(element) as Json;
    this.#out.push(mergeValue(this.#currentByElement.get(element), applied, this.#schema.item));
  }
}

const elementOf = (schema: ListSchema, item: Json): PathElement => {
  const identity = identifyItem(schema, item);
  return 'element' in identity ? identity.element : '';
};

const isEmptyValue = (value: Json): boolean =>
  isList(value) ? value.length === 0 : value === null || (isObject(value) && isEmptyObject(value));

/** The value without the nulls that mean "not set" in structures. */
export const withoutNullFields = (value: Json, schema: Schema): Json => {
  if (value === null || schema.kind === 'scalar' || schema.kind === 'any') return value;
  if (schema.kind === 'list') {
    if (!isList(value)) return value;
    let list: Json[] | undefined;
    for (let i = 0; i < value.length; i++) {
      const clean = withoutNullFields(value[i] as Json, schema.item);
      if (clean === value[i]) continue;
      list ??= [...value];
      list[i] = clean;
    }
    return list ?? value;
  }
  return isObject(value) ? objectWithoutNullFields(value, schema) : value;
};

const objectWithoutNullFields = (value: JsonObject, schema: Schema): JsonObject => {
  let clean: MutableJsonObject | undefined;
  for (const key in value) {
    const before = value[key] as Json;
    const inner = schemaOfKey(schema, key);
    const after = inner === undefined ? before : withoutNullFields(before, inner);
    const unset = after === null && isUnset(schema, key);
    if (after === before && !unset) continue;
    clean ??= { ...value };
    if (unset) delete clean[key];
    else setOwn(clean, key, after);
  }
  return clean ?? value;
};

/** Whether null in this place means "not set", as it does for structures' fields, and not the type's own null. */
const isUnset = (schema: Schema, key: string): boolean => {
  const field = schema.kind === 'object' ? schema.fields.get(key) : undefined;
  return field !== undefined && field.nullable !== true && absentValue(field) !== null;
};

/** Whether a configuration unsets anything: only then has its merge nulls to take out again. */
export const hasNull = (value: Json): boolean => {
  if (value === null) return true;
  if (isList(value)) return value.some(hasNull);
  if (isObject(value)) for (const key in value) if (hasNull(value[key] as Json)) return true;
  return false;
};
