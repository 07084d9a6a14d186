// Whether an applied configuration fits its schema, in the words of upstream's typed values. Server-side apply refuses
// what it cannot own: unknown fields, wrong types, list items without identity or with the same one.

import type { ListSchema, ObjectSchema, ScalarType, Schema } from '../kinds/schema.ts';
import { goQuote, goType, goValue } from './go-format.ts';
import { isList, isObject, type Json, type JsonList, type JsonObject } from './json-value.ts';
import { fieldElement, type PathElement, printElement } from './path-element.ts';
import { identifyItem, schemaOfKey } from './schema-walk.ts';

/** Undefined when the configuration is valid, otherwise all complaints as one text. */
export const validateApplied = (configuration: JsonObject, schema: ObjectSchema): string | undefined => {
  const errors: string[] = [];
  validateValue(configuration, schema, '', errors);
  if (errors.length <= 1) return errors[0];
  return `errors:\n${errors.map((error) => `  ${error}`).join('\n')}`;
};

const validateValue = (value: Json, schema: Schema, path: string, errors: string[]): void => {
  if (value === null) return;
  switch (schema.kind) {
    case 'any':
      return;
    case 'scalar': {
      const complaint = scalarComplaint(schema.type, value);
      if (complaint !== undefined) report(errors, path, complaint);
      return;
    }
    case 'list':
      if (isList(value)) validateItems(value, schema, path, errors);
      else report(errors, path, `expected list, got ${describe(value)}`);
      return;
    case 'map':
    case 'object':
      if (isObject(value)) validateKeys(value, schema, path, errors);
      else report(errors, path, `expected map, got ${describe(value)}`);
  }
};

const validateKeys = (object: JsonObject, schema: Schema, path: string, errors: string[]): void => {
  for (const key in object) {
    const inner = schemaOfKey(schema, key);
    const below = path + printElement(fieldElement(key));
    if (inner === undefined) {
      // Upstream stops at a structure's first unknown field.
      report(errors, below, 'field not declared in schema');
      return;
    }
    validateValue(object[key] as Json, inner, below, errors);
  }
};

const validateItems = (list: JsonList, schema: ListSchema, path: string, errors: string[]): void => {
  const seen = new Set<PathElement>();
  for (const [i, item] of list.entries()) {
    if (schema.listType === 'atomic') {
      validateValue(item, schema.item, `${path}[${i}]`, errors);
      continue;
    }
    const identity = identifyItem(schema, item);
    if ('error' in identity) {
      report(errors, path, `element ${i}: ${identity.error}`);
      return;
    }
    const name = printElement(identity.element);
    if (seen.has(identity.element)) report(errors, path, `duplicate entries for key ${name}`);
    seen.add(identity.element);
    validateValue(item, schema.item, path + name, errors);
  }
};

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

const report = (errors: string[], path: string, complaint: string): void => {
  errors.push(path === '' ? complaint : `${path}: ${complaint}`);
};
