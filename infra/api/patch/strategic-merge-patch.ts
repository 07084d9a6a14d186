// Strategic merge patch: a merge patch that knows from the schema which lists merge and by which key, and that takes
// directives ($patch, $retainKeys, $setElementOrder/…, $deleteFromPrimitiveList/…). For built-in kinds only.
// Invariants: neither object nor patch is changed; an object the patch does not change is returned itself.

import type { Field, ObjectSchema, Schema } from '../kinds/schema.ts';
import { goQuote, goType } from './go-format.ts';
import {
  isList,
  isObject,
  type Json,
  type JsonList,
  type JsonObject,
  type MutableJsonObject,
  NOTHING,
  own,
  setOwn,
} from './json-value.ts';
import { badRequest, type InvalidPatch, type PatchOutcome, patched, unclassified } from './outcome.ts';
import { absentValue } from './schema-walk.ts';
import {
  asNewContent,
  directiveMarker,
  isListDirective,
  malformedRetainKeys,
  patchKey,
  retainKeysDirective,
  withoutDirectives,
} from './strategic-directives.ts';
import {
  deleteScalars,
  liveOrderAfter,
  type MergedList,
  mergeLists,
  orderItems,
  orderMismatch,
  unkeyedItem,
  unknownDirective,
  wrongType,
} from './strategic-lists.ts';

export const applyStrategicMergePatch = (object: JsonObject, patch: Json, schema: ObjectSchema): PatchOutcome => {
  if (!isObject(patch))
    return badRequest(`json: cannot unmarshal ${jsonKind(patch)} into Go value of type map[string]interface {}`);
  const outcome = mergeStructure(object, patch, schema);
  return outcome.kind === 'invalid' ? outcome : patched(outcome.object);
};

type MergedStructure = { readonly kind: 'merged'; readonly object: JsonObject } | InvalidPatch;

/** `schema` is undefined below free-form JSON: scalars can be set there, but nothing nested can be merged. */
const mergeStructure = (current: JsonObject, patch: JsonObject, schema: Schema | undefined): MergedStructure => {
  const directive = own(patch, directiveMarker);
  if (directive !== undefined) return mergeByDirective(patch, directive);
  const merge = new StructureMerge(current, schema);
  const failure = merge.retainKeys(patch) ?? merge.orderLists(patch) ?? merge.mergeKeys(patch);
  return failure ?? { kind: 'merged', object: merge.result };
};

const mergeByDirective = (patch: JsonObject, directive: Json): MergedStructure => {
  if (directive === 'delete') return { kind: 'merged', object: NOTHING };
  if (directive !== 'replace') return unknownDirective(directive, patch);
  const { [directiveMarker]: _, ...content } = patch;
  return { kind: 'merged', object: content };
};

/** One structure while a patch is merged into it. The copy is made on the first change. */
class StructureMerge {
  readonly #original: JsonObject;
  readonly #schema: Schema | undefined;
  #copy: MutableJsonObject | undefined;
  /** Keys of the patch that an earlier step has dealt with. */
  readonly #done = new Set<string>();

  constructor(original: JsonObject, schema: Schema | undefined) {
    this.#original = original;
    this.#schema = schema;
  }

  get result(): JsonObject {
    return this.#copy ?? this.#original;
  }

  /** `$retainKeys`: everything it does not name goes, and the patch may set nothing else. */
  retainKeys(patch: JsonObject): InvalidPatch | undefined {
    const retained = own(patch, retainKeysDirective);
    if (retained === undefined) return undefined;
    this.#done.add(retainKeysDirective);
    if (!isList(retained)) return malformedRetainKeys;
    const keys = new Set<Json>(retained);
    for (const key in patch) {
      if (key === retainKeysDirective || patch[key] === null || isListDirective(key)) continue;
      if (!keys.has(key)) return malformedRetainKeys;
    }
    for (const key in this.#original) if (!keys.has(key)) this.#set(key, undefined);
    return undefined;
  }

  /** `$setElementOrder/…`: merges the list it names and puts the outcome in that order. */
  orderLists(patch: JsonObject): InvalidPatch | undefined {
    for (const key in patch) {
      const meaning = patchKey(key);
      if (meaning.kind === 'malformed') return meaning.failure;
      if (meaning.kind !== 'element-order') continue;
      this.#done.add(key);
      const failure = this.#orderList(meaning.field, patch[key] as Json, own(patch, meaning.field));
      if (failure !== undefined) return failure;
    }
    return undefined;
  }

  mergeKeys(patch: JsonObject): InvalidPatch | undefined {
    for (const key in patch) {
      if (this.#done.has(key)) continue;
      const meaning = patchKey(key);
      if (meaning.kind === 'malformed') return meaning.failure;
      const deletion = meaning.kind === 'delete-from-list';
      const failure = deletion
        ? this.#deleteScalars(meaning.field, patch[key] as Json)
        : this.#mergeKey(key, patch[key] as Json);
      if (failure !== undefined) return failure;
    }
    return undefined;
  }

  #mergeKey(key: string, change: Json): InvalidPatch | undefined {
    if (change === null) return this.#set(key, undefined);
    const current = this.#current(key);
    if (current === undefined || current === null || goType(current) !== goType(change)) {
      return this.#set(key, current === null ? withoutDirectives(change) : asNewContent(change));
    }
    if (isObject(change)) return this.#mergeObject(key, current as JsonObject, change);
    if (isList(change)) return this.#mergeList(key, current as JsonList, change);
    return this.#set(key, change);
  }

  #mergeObject(key: string, current: JsonObject, change: JsonObject): InvalidPatch | undefined {
    const field = this.#field(key);
    if ('kind' in field) return field;
    if (strategyOf(field) === 'replace') return this.#set(key, change);
    const outcome = mergeStructure(current, change, field.schema);
    return outcome.kind === 'invalid' ? outcome : this.#set(key, outcome.object);
  }

  #mergeList(key: string, current: JsonList, change: JsonList): InvalidPatch | undefined {
    const field = this.#field(key);
    if ('kind' in field) return field;
    const outcome = mergeListField(field, current, change);
    return outcome.kind === 'invalid' ? outcome : this.#setList(key, outcome.list);
  }

  #deleteScalars(key: string, deletions: Json): InvalidPatch | undefined {
    if (deletions === null) return this.#set(key, undefined);
    const current = this.#current(key);
    if (!isList(current) || !isList(deletions)) return undefined;
    const outcome = deleteScalars(current, deletions);
    return outcome.kind === 'invalid' ? outcome : this.#setList(key, outcome.list);
  }

  #orderList(key: string, order: Json, change: Json | undefined): InvalidPatch | undefined {
    if (!isList(order)) return wrongType('[]interface {}', order);
    const current = this.#current(key) ?? undefined;
    if (current !== undefined && !isList(current)) return wrongType('[]interface {}', current);
    if (change !== undefined && !isList(change)) return wrongType('[]interface {}', change);
    const field = this.#field(key);
    if ('kind' in field) return field;
    const mergeKey = field.patchMergeKey;
    const mismatch = orderMismatch(change ?? [], order, mergeKey);
    if (mismatch !== undefined) return mismatch;
    const outcome = contentToOrder(field, current, change);
    if (outcome === undefined) return undefined;
    if (outcome.kind === 'invalid') return outcome;
    const merges = mergeKey !== undefined && strategyOf(field) === 'merge';
    const liveOrder = merges ? liveOrderAfter(current ?? [], change ?? [], mergeKey) : (current ?? []);
    const unkeyed =
      mergeKey === undefined ? undefined : unkeyedItem([...outcome.list, ...order, ...liveOrder], mergeKey);
    if (unkeyed !== undefined) return unkeyed;
    this.#done.add(key);
    return this.#setList(key, orderItems({ items: outcome.list, order, liveOrder, mergeKey }));
  }

  /** Absent structures that are no pointers count as empty ones, as they do once decoded. */
  #current(key: string): Json | undefined {
    const value = own(this.result, key);
    if (value !== undefined || this.#schema?.kind !== 'object') return value;
    const field = this.#schema.fields.get(key);
    return field?.schema.kind === 'object' ? absentValue(field) : undefined;
  }

  /** The field a nested merge needs to know; unknown ones cannot be merged, only set. */
  #field(key: string): Field | InvalidPatch {
    const schema = this.#schema;
    if (schema?.kind === 'map') {
      return unclassified('merging an object in json but data type is not struct, instead is: map');
    }
    const field = schema?.kind === 'object' ? schema.fields.get(key) : undefined;
    if (field !== undefined) return field;
    const name = schema?.kind === 'object' ? schema.name.slice(schema.name.lastIndexOf('.') + 1) : 'RawExtension';
    return unclassified(`unable to find api field in struct ${name} for the json field ${goQuote(key)}`);
  }

  #setList(key: string, list: JsonList): undefined {
    const current = this.#current(key);
    const same = isList(current) && current.length === list.length && list.every((item, i) => item === current[i]);
    if (!same) this.#set(key, list);
  }

  #set(key: string, value: Json | undefined): undefined {
    const before = own(this.result, key);
    if (before === value || (before === undefined && value === NOTHING)) return;
    this.#copy ??= { ...this.#original };
    if (value === undefined) delete this.#copy[key];
    else setOwn(this.#copy, key, value);
  }
}

const mergeListField = (field: Field, current: JsonList, patch: JsonList): MergedList => {
  if (strategyOf(field) !== 'merge') return { kind: 'merged', list: patch };
  const item = field.schema.kind === 'list' ? field.schema.item : undefined;
  return mergeLists({
    current,
    patch,
    mergeKey: field.patchMergeKey,
    mergeItem: (live, change) => mergeStructure(live, change, item),
  });
};

/** The list `$setElementOrder` is about, before ordering; undefined where there is none to order. */
const contentToOrder = (
  field: Field,
  current: JsonList | undefined,
  change: JsonList | undefined,
): MergedList | undefined => {
  if (change === undefined) return current === undefined ? undefined : { kind: 'merged', list: current };
  if (current === undefined) return { kind: 'merged', list: withoutDirectives(change) as JsonList };
  return mergeListField(field, current, change);
};

/** `retainKeys` may stand beside another strategy and then says nothing about merging. */
const strategyOf = (field: Field): 'merge' | 'replace' | undefined => {
  for (const strategy of field.patchStrategies ?? []) if (strategy !== 'retainKeys') return strategy;
  return undefined;
};

const jsonKind = (value: Json): string =>
  value === null ? 'null' : isList(value) ? 'array' : goType(value) === 'bool' ? 'bool' : typeof value;
