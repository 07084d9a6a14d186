// Which fields an object mentions, as server-side apply counts them: scalars, atomic values, list items and map entries
// are members; structures only lead to their fields. Invariant: each function visits an object once and shares nothing
// with it, so a set never keeps an object alive.

import type { ListSchema, MapSchema, ObjectSchema, Schema } from '../kinds/schema.ts';
import { asMember, EMPTY, type FieldSet, isEmptySet, LEAF, ordered } from './field-set.ts';
import { isEmptyObject, isList, isObject, type Json, type JsonList, type JsonObject } from './json-value.ts';
import { fieldElement, fieldName, isFieldElement, isKeyElement, type PathElement } from './path-element.ts';
import { identifyItem, isAtomic, schemaOfKey } from './schema-walk.ts';

type Nodes = { [element: PathElement]: FieldSet };

/** The fields an applied configuration names: what its manager owns once it is applied. */
export const namedFields = (object: JsonObject, schema: ObjectSchema): FieldSet => namedIn(object, schema) ?? EMPTY;

/** Undefined where the value names nothing, e.g. an empty list. */
const namedIn = (value: Json, schema: Schema): FieldSet | undefined => {
  if (isAtomic(schema)) return LEAF;
  if (schema.kind === 'list') return isList(value) ? namedItems(value, schema) : undefined;
  if (!isObject(value)) return undefined;
  const nodes: Nodes = {};
  for (const key in value) {
    const child = schemaOfKey(schema, key);
    if (child === undefined) continue;
    const inner = value[key] as Json;
    const node = namedIn(inner, child);
    // An entry of a map is a member itself; a structure's field only where it says "nothing here".
    const member = schema.kind === 'map' || inner === null || (isObject(inner) && isEmptyObject(inner));
    const entry = member ? asMember(node ?? LEAF) : node;
    if (entry !== undefined) nodes[fieldElement(key)] = entry;
  }
  return finished(nodes);
};

const namedItems = (list: JsonList, schema: ListSchema): FieldSet | undefined => {
  const nodes: Nodes = {};
  const repeated = new Set<PathElement>();
  for (const item of list) {
    const identity = identifyItem(schema, item);
    if ('error' in identity) continue;
    const { element } = identity;
    if (element in nodes) repeated.add(element);
    nodes[element] = repeated.has(element) ? LEAF : asMember(namedIn(item, schema.item) ?? LEAF);
  }
  return finished(nodes);
};

/** Everything in a value that appears or disappears as a whole: the value itself and all below it. */
export const allFields = (value: Json, schema: Schema): FieldSet => {
  if (isAtomic(schema)) return LEAF;
  const nodes: Nodes = {};
  if (schema.kind === 'list') {
    if (isList(value)) addItems(nodes, value, schema);
  } else if (isObject(value)) {
    for (const key in value) {
      const child = schemaOfKey(schema, key);
      if (child !== undefined) nodes[fieldElement(key)] = allFields(value[key] as Json, child);
    }
  }
  return isEmptyObject(nodes) ? LEAF : ordered({ '.': LEAF, ...nodes });
};

const addItems = (nodes: Nodes, list: JsonList, schema: ListSchema): void => {
  const repeated = new Set<PathElement>();
  for (const item of list) {
    const identity = identifyItem(schema, item);
    if ('error' in identity) continue;
    const { element } = identity;
    if (element in nodes) repeated.add(element);
    nodes[element] = repeated.has(element) ? LEAF : allFields(item, schema.item);
  }
};

/** The set with every structure's field a member whose children are: apply removes a field by removing its name. */
export const withStructures = (set: FieldSet, schema: Schema | undefined): FieldSet => {
  let result: Nodes | undefined;
  for (const element in set) {
    const node = set[element] as FieldSet;
    if (element === '.' || isEmptySet(node)) continue;
    const inner = schema === undefined ? undefined : schemaBelow(schema, element);
    let entry = withStructures(node, inner);
    if (schema?.kind === 'object' && inner !== undefined) entry = asMember(entry);
    if (entry === node) continue;
    result ??= { ...set };
    result[element] = entry;
  }
  return result ?? set;
};

/**
 * The set after its schema changed: what was owned piece by piece and is atomic now is owned as a whole. With `within`
 * only the parts on the way to those fields are looked at.
 */
export const fitToSchema = (set: FieldSet, schema: Schema, within?: FieldSet): FieldSet => {
  if (!isEmptySet(set) && isAtomic(schema)) return LEAF;
  let result: Nodes | undefined;
  for (const element in within === undefined || isEmptySet(within) ? set : within) {
    const node = element === '.' ? undefined : set[element];
    const inner = node === undefined || isEmptySet(node) ? undefined : schemaBelow(schema, element);
    if (node === undefined || inner === undefined || inner.kind === 'scalar') continue;
    const fitted = fitToSchema(node, inner, within?.[element]);
    if (fitted === node) continue;
    result ??= { ...set };
    result[element] = fitted;
  }
  return result ?? set;
};

const schemaBelow = (schema: Schema, element: PathElement): Schema | undefined => {
  if (isFieldElement(element)) return schemaOfKey(schema, fieldName(element));
  return isKeyElement(element) && schema.kind === 'list' ? schema.item : undefined;
};

const finished = (nodes: Nodes): FieldSet | undefined => (isEmptyObject(nodes) ? undefined : ordered(nodes));

export type GranularSchema = ObjectSchema | MapSchema;
