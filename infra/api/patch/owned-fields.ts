// Which fields an object mentions, as server-side apply counts them: scalars, atomic values, list items and map entries
// are members; structures only lead to their fields. Invariant: each function visits an object once and shares nothing
// with it, so a set never keeps an object alive.

import type { ListSchema, ObjectSchema, Schema } from '../kinds/schema.ts';
import { asMember, EMPTY, type FieldSet, isEmptySet, LEAF, ordered } from './field-set.ts';
import { isEmptyObject, isList, isObject, type Json, type JsonList, type JsonObject } from './json-value.ts';
import { fieldElement, fieldName, isFieldElement, isKeyElement, type PathElement } from './path-element.ts';
import { identifyItem, isAtomic, orderedFields, schemaAt, schemaOfKey } from './schema-walk.ts';
import { type SharedSet, sharedMember } from './shared-sets.ts';

type Nodes = { [element: PathElement]: FieldSet };

/** The fields an applied configuration names: what its manager owns once it is applied. */
export const namedFields = (object: JsonObject, schema: ObjectSchema): FieldSet =>
  namedIn(object, schema, false) ?? EMPTY;

/** Undefined where the value names nothing, e.g. an empty list. `member`: its place is named in any case. */
const namedIn = (value: Json, described: Schema, member: boolean): FieldSet | undefined => {
  const schema = schemaAt(described, value);
  if (isAtomic(schema)) return LEAF;
  const nodes: Nodes = member ? { '.': LEAF } : {};
  let named = false;
  if (schema.kind === 'object' && isObject(value)) {
    for (const field of orderedFields(schema)) {
      if (!Object.hasOwn(value, field.name)) continue;
      const inner = value[field.name] as Json;
      // A structure's field is a member only where it says "nothing here"; otherwise it leads to its own fields.
      const node = namedIn(inner, field.schema, inner === null || (isObject(inner) && isEmptyObject(inner)));
      if (node === undefined) continue;
      nodes[field.element] = node;
      named = true;
    }
    if (schema.others === undefined) return named ? nodes : member ? LEAF : undefined;
    const { others } = schema;
    for (const key in value) {
      if (schema.fields.has(key)) continue;
      nodes[fieldElement(key)] = namedIn(value[key] as Json, others, true) ?? LEAF;
      named = true;
    }
  }
  if (schema.kind === 'map' && isObject(value)) {
    for (const key in value) {
      nodes[fieldElement(key)] = namedIn(value[key] as Json, schema.value, true) ?? LEAF;
      named = true;
    }
  } else if (schema.kind === 'list' && isList(value)) {
    named = addItems(nodes, value, schema, (item) => namedIn(item, schema.item, true) ?? LEAF);
  }
  return named ? ordered(nodes) : member ? LEAF : undefined;
};

/** Everything in a value that appears or disappears as a whole: the value itself and all below it. Shared. */
export const allFields = (value: Json, described: Schema): FieldSet => {
  const schema = schemaAt(described, value);
  if (isAtomic(schema)) return LEAF;
  const member = sharedMember();
  const all = fieldsBelow(member, value, schema);
  return all === member ? LEAF : all.set;
};

const fieldsBelow = (member: SharedSet, value: Json, schema: Schema): SharedSet => {
  let fields = member;
  if (schema.kind === 'list') {
    if (!isList(value)) return fields;
    for (const [element, item] of itemsByElement(schema, value)) {
      fields = fields.with(element, item === undefined ? LEAF : allFields(item, schema.item));
    }
    return fields;
  }
  if (!isObject(value)) return fields;
  if (schema.kind === 'object') {
    for (const field of orderedFields(schema)) {
      if (!Object.hasOwn(value, field.name)) continue;
      fields = fields.with(field.element, allFields(value[field.name] as Json, field.schema));
    }
    const { others } = schema;
    if (others === undefined) return fields;
    for (const key in value) {
      if (schema.fields.has(key)) continue;
      fields = fields.with(fieldElement(key), allFields(value[key] as Json, others));
    }
  } else if (schema.kind === 'map') {
    for (const key in value) fields = fields.with(fieldElement(key), allFields(value[key] as Json, schema.value));
  }
  return fields;
};

/** Items that share an identity are owned together, like one atomic value: undefined stands for them. */
const itemsByElement = (schema: ListSchema, list: JsonList): ReadonlyMap<PathElement, Json | undefined> => {
  const items = new Map<PathElement, Json | undefined>();
  for (const item of list) {
    const identity = identifyItem(schema, item);
    if ('error' in identity) continue;
    items.set(identity.element, items.has(identity.element) ? undefined : item);
  }
  return items;
};

/** Items that share an identity are owned together, like one atomic value. */
const addItems = (nodes: Nodes, list: JsonList, schema: ListSchema, fieldsOf: (item: Json) => FieldSet): boolean => {
  const repeated = new Set<PathElement>();
  let some = false;
  for (const item of list) {
    const identity = identifyItem(schema, item);
    if ('error' in identity) continue;
    const { element } = identity;
    if (element in nodes) repeated.add(element);
    nodes[element] = repeated.has(element) ? LEAF : fieldsOf(item);
    some = true;
  }
  return some;
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
