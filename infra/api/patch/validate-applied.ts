// Whether an applied configuration fits its schema, in the words of upstream's typed values. Server-side apply refuses
// what it cannot own: unknown fields, wrong types, list items without identity or with the same one.

import type { ListSchema, ObjectSchema, ScalarType, Schema } from '../kinds/schema.ts';
import { goQuote, goType, goValue } from './go-format.ts';
import { isList, isObject, type Json, type JsonList, type JsonObject, own } from './json-value.ts';
import { fieldElement, printElement } from './path-element.ts';
import { identifyItem, schemaAt, schemaOfKey } from './schema-walk.ts';

type Complaint = { readonly path: string; readonly text: string };

const NONE: readonly Complaint[] = [];

/** Undefined when the configuration is valid, otherwise all complaints as one text. */
export const validateApplied = (configuration: JsonObject, schema: ObjectSchema): string | undefined => {
  const complaints = complaintsOf(configuration, schema);
  if (complaints.length === 0) return undefined;
  const texts = complaints.map(({ path, text }) => (path === '' ? text : `${path}: ${text}`));
  return texts.length === 1 ? texts[0] : `errors:\n${texts.map((text) => `  ${text}`).join('\n')}`;
};

const complaintsOf = (value: Json, described: Schema): readonly Complaint[] => {
  if (value === null) return NONE;
  const schema = schemaAt(described, value);
  switch (schema.kind) {
    case 'any':
      return NONE;
    case 'scalar': {
      const text = scalarComplaint(schema.type, value);
      return text === undefined ? NONE : [{ path: '', text }];
    }
    case 'list':
      return isList(value)
        ? itemComplaints(value, schema)
        : [{ path: '', text: `expected list, got ${describe(value)}` }];
    case 'map':
    case 'object':
      return isObject(value)
        ? keyComplaints(value, schema)
        : [{ path: '', text: `expected map, got ${describe(value)}` }];
  }
};

const keyComplaints = (object: JsonObject, schema: Schema): readonly Complaint[] => {
  let all = NONE;
  for (const key in object) {
    const inner = schemaOfKey(schema, key);
    if (inner === undefined) {
      // Upstream stops at a structure's first unknown field.
      return [...all, { path: printElement(fieldElement(key)), text: 'field not declared in schema' }];
    }
    const below = complaintsOf(object[key] as Json, inner);
    if (below.length > 0) all = [...all, ...prefixed(printElement(fieldElement(key)), below)];
  }
  return all;
};

const itemComplaints = (list: JsonList, schema: ListSchema): readonly Complaint[] => {
  let all = NONE;
  const seen = new Set<Json>();
  for (const [i, item] of list.entries()) {
    if (schema.listType !== 'atomic') {
      // A single key tells items apart by its bare value; only messages need the identity spelled out.
      const bare = schema.keys.length === 1 && isObject(item) ? own(item, schema.keys[0] as string) : undefined;
      const identity = bare === undefined || bare === null ? identifyItem(schema, item) : { element: bare };
      if ('error' in identity) return [...all, { path: '', text: `element ${i}: ${identity.error}` }];
      if (seen.has(identity.element))
        all = [...all, { path: '', text: `duplicate entries for key ${nameOf(schema, item)}` }];
      seen.add(identity.element);
    }
    const below = complaintsOf(item, schema.item);
    if (below.length > 0)
      all = [...all, ...prefixed(schema.listType === 'atomic' ? `[${i}]` : nameOf(schema, item), below)];
  }
  return all;
};

const nameOf = (schema: ListSchema, item: Json): string => {
  const identity = identifyItem(schema, item);
  return 'element' in identity ? printElement(identity.element) : '';
};

/** Paths are put together on the way back, so that a valid configuration never pays for one. */
const prefixed = (prefix: string, complaints: readonly Complaint[]): readonly Complaint[] =>
  complaints.map(({ path, text }) => ({ path: prefix + path, text }));

const scalarComplaint = (type: ScalarType, value: Json): string | undefined => {
  switch (type) {
    case 'int32':
    case 'int64':
    case 'double':
      return typeof value === 'number' || typeof value === 'bigint'
        ? undefined
        : `expected numeric (int or float), got ${goType(value)}`;
    case 'string':
    case 'bytes':
    case 'duration':
      return typeof value === 'string' ? undefined : `expected string, got ${describe(value)}`;
    case 'boolean':
      return typeof value === 'boolean' ? undefined : `expected boolean, got ${describe(value)}`;
    default:
      return typeof value === 'object' ? `expected any scalar, got ${describe(value)}` : undefined;
  }
};

const describe = (value: Json): string =>
  typeof value === 'string' ? `&value.valueUnstructured{Value:${goQuote(value)}}` : `&{${goValue(value)}}`;
