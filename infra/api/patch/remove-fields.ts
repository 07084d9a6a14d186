// Fields taken out of an object: what a manager owned, applies no longer, and nobody else owns.
// Invariants: only members of the set go, with all below them; an object that loses nothing is returned itself. A
// container entered and found or left empty becomes null, which still counts as mentioned: upstream's rule, and whether
// an emptied list goes altogether hangs on it.

import type { ListSchema, ObjectSchema, Schema } from '../kinds/schema.ts';
import { EMPTY, type FieldSet, isEmptySet, isMember } from './field-set.ts';
import {
  isEmptyObject,
  isList,
  isObject,
  type Json,
  type JsonList,
  type JsonObject,
  type MutableJsonObject,
  setOwn,
} from './json-value.ts';
import { fieldElement } from './path-element.ts';
import { identifyItem, isAtomic, schemaAt, schemaOfKey } from './schema-walk.ts';

export const removeFields = (object: JsonObject, fields: FieldSet, schema: ObjectSchema): JsonObject =>
  isEmptySet(fields) ? object : removeKeys(object, fields, schema);

const removeBelow = (value: Json, fields: FieldSet, described: Schema): Json => {
  const schema = schemaAt(described, value);
  if (schema.kind === 'scalar') return value;
  // A set that names fields inside an atomic value is older than the value's atomicity.
  if (isAtomic(schema)) return null;
  if (schema.kind === 'list') return isList(value) ? nullIfEmpty(removeItems(value, fields, schema)) : null;
  return isObject(value) ? nullIfEmpty(removeKeys(value, fields, schema)) : null;
};

const nullIfEmpty = (value: JsonList | JsonObject): Json =>
  (isList(value) ? value.length === 0 : isEmptyObject(value)) ? null : value;

const removeKeys = (object: JsonObject, fields: FieldSet, schema: Schema): JsonObject => {
  let rest: MutableJsonObject | undefined;
  for (const key in object) {
    const node = fields[fieldElement(key)];
    if (node === undefined) continue;
    if (isMember(node)) {
      rest ??= { ...object };
      delete rest[key];
      continue;
    }
    const inner = schemaOfKey(schema, key);
    const before = object[key] as Json;
    const after = inner === undefined ? before : removeBelow(before, node, inner);
    if (after === before) continue;
    rest ??= { ...object };
    setOwn(rest, key, after);
  }
  return rest ?? object;
};

const removeItems = (list: JsonList, fields: FieldSet, schema: ListSchema): JsonList => {
  const rest: Json[] = [];
  let changed = false;
  for (const item of list) {
    const identity = identifyItem(schema, item);
    const node = 'error' in identity ? EMPTY : fields[identity.element];
    if (node === undefined || 'error' in identity) {
      rest.push(item);
    } else if (isMember(node)) {
      changed = true;
    } else {
      const after = removeBelow(item, node, schema.item);
      changed ||= after !== item;
      rest.push(after);
    }
  }
  return changed ? rest : list;
};
