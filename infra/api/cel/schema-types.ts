// Types from the schemas of custom resources. What a schema does not describe cannot be named in an expression.

import type { Structural } from '../crd/structural.ts';
import { type Declared, type DeclaredField, REQUEST_SIZE_MAX, type Reading } from './declared-type.ts';
import { escapeIdentifier } from './identifiers.ts';
import {
  BOOL,
  BYTES,
  type CelType,
  DOUBLE,
  DURATION,
  DYN,
  INT,
  listOf,
  mapOf,
  objectType,
  STRING,
  TIMESTAMP,
} from './types.ts';

/** Undefined for what no expression can be about. `root`: a whole object, whose kind and name may always be read. */
export function declaredOf(schema: Structural, root: boolean, name = 'selfType'): Declared | undefined {
  if (schema.intOrString) return sized(DYN, 'int-or-string', 1, textLength(schema, true));
  switch (schema.type) {
    case 'array':
      return listType(schema, name);
    case 'object':
      return typeof schema.additional === 'object' && !root
        ? mapType(schema, schema.additional, name)
        : objectOf(schema, root, name);
    case 'string':
      return text(schema);
    case 'boolean':
      return sized(BOOL, 'bool', 4, 0);
    case 'number':
      return sized(DOUBLE, 'double', 1, 0);
    case 'integer':
      return sized(INT, 'int', 1, 0);
    default:
      return undefined;
  }
}

function sized(type: CelType, reading: Reading, minSize: number, maxElements: number): Declared {
  return { type, reading, minSize, maxElements };
}

function listType(schema: Structural, name: string): Declared | undefined {
  const { items } = schema;
  const element = items === undefined ? undefined : declaredOf(items, items.embedded, `${name}.@idx`);
  if (element === undefined) return undefined;
  const maxElements = bound(schema.source.maxItems) ?? Math.floor((REQUEST_SIZE_MAX - 2) / (element.minSize + 1));
  const list: Declared = { ...sized(listOf(element.type), 'list', 2, maxElements), element };
  return schema.listType === 'atomic' ? list : { ...list, listType: schema.listType, listKeys: schema.listKeys };
}

function mapType(schema: Structural, values: Structural, name: string): Declared | undefined {
  const element = declaredOf(values, values.embedded, `${name}.@elem`);
  if (element === undefined) return undefined;
  const maxElements = bound(schema.source.maxProperties) ?? Math.floor((REQUEST_SIZE_MAX - 2) / (element.minSize + 6));
  return { ...sized(mapOf(STRING, element.type), 'map', 2, maxElements), element };
}

const PLAIN_TEXT: Declared = sized(STRING, 'string', 2, REQUEST_SIZE_MAX - 2);

function objectOf(schema: Structural, root: boolean, name: string): Declared {
  const fields = new Map<string, DeclaredField>();
  let minSize = 2;
  for (const [property, inner] of schema.properties) {
    const escaped = escapeIdentifier(property);
    const declared = declaredOf(inner, inner.embedded, `${name}.${escaped ?? property}`);
    if (declared === undefined) continue;
    if (escaped !== undefined) fields.set(escaped, { name: property, declared });
    const required = schema.required.includes(property) && inner.default === undefined;
    if (required) minSize += Buffer.byteLength(property) + declared.minSize + 4;
  }
  if (root) addObjectMeta(fields, schema, name);
  return { ...sized(objectType(name), 'object', minSize, 0), fields };
}

/** Kind, version and name are there whatever the schema says. */
function addObjectMeta(fields: Map<string, DeclaredField>, { properties }: Structural, name: string): void {
  const metadata = properties.get('metadata');
  const told =
    properties.get('kind')?.type === 'string' &&
    properties.get('apiVersion')?.type === 'string' &&
    metadata?.type === 'object' &&
    metadata.properties.get('name')?.type === 'string' &&
    metadata.properties.get('generateName')?.type === 'string';
  if (told) return;
  fields.set('kind', { name: 'kind', declared: PLAIN_TEXT });
  fields.set('apiVersion', { name: 'apiVersion', declared: PLAIN_TEXT });
  const names = new Map(['name', 'generateName'].map((field) => [field, { name: field, declared: PLAIN_TEXT }]));
  const declared: Declared = { ...sized(objectType(`${name}.metadata`), 'object', 2, 0), fields: names };
  fields.set('metadata', { name: 'metadata', declared });
}

function text(schema: Structural): Declared {
  switch (schema.format) {
    case 'byte':
      return sized(BYTES, 'bytes', 2, bound(schema.source.maxLength) ?? REQUEST_SIZE_MAX - 2);
    case 'duration':
      return sized(DURATION, 'duration', 3, 32);
    case 'date':
      return sized(TIMESTAMP, 'date', 12, 12);
    case 'date-time':
      return sized(TIMESTAMP, 'timestamp', 21, 32);
    default:
      return sized(STRING, 'string', 2, textLength(schema, false));
  }
}

/** In bytes: a character may have four. */
function textLength({ source }: Structural, mixed: boolean): number {
  const max = bound(source.maxLength);
  if (max !== undefined) return max * 4;
  const values = mixed ? [] : (source.enum ?? []);
  if (values.length === 0) return REQUEST_SIZE_MAX - 2;
  return Math.max(0, ...values.map((value) => (typeof value === 'string' ? Buffer.byteLength(value) : 0)));
}

function bound(given: number | undefined): number | undefined {
  return given === undefined || given === null ? undefined : Math.max(0, given);
}
