// The metadata of a custom resource and of whole objects inside it is no free-form JSON: it has the shape all objects'
// metadata has. Coercing drops what is unknown there and refuses what has the wrong type, in the words of Go's decoder.

import type { AnyObject } from '../../../streams/resources/meta.ts';
import { conform } from '../codec/conform.ts';
import { setKey } from '../codec/own-key.ts';
import type { FieldError } from '../errors.ts';
import { typeSchema } from '../kinds/facts.ts';
import type { ObjectSchema } from '../kinds/schema.ts';
import { metadataProblems, nameProblem } from '../registry/names.ts';
import { isObject, type Json, replaced } from './json.ts';
import { type Structural, valueSchema } from './structural.ts';

let metaSchema: ObjectSchema | undefined;

/** The schema of every object's metadata. */
export function objectMetaSchema(): ObjectSchema {
  metaSchema ??= typeSchema('io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta');
  if (metaSchema === undefined) throw new Error('the facts table has ObjectMeta');
  return metaSchema;
}

/** What of it is wrong ends decoding. */
export class MalformedMetadata extends Error {
  override readonly name = 'MalformedMetadata';
}

/** The metadata with nothing unknown in it; throws MalformedMetadata. `report` hears of what goes, by path. */
export function coercedMetadata(metadata: unknown, path: string, report?: (path: string) => void): Json {
  if (!isObject(metadata)) {
    const type = Array.isArray(metadata) ? 'array' : typeof metadata === 'boolean' ? 'bool' : typeof metadata;
    throw new MalformedMetadata(`json: cannot unmarshal ${type} into Go value of type v1.ObjectMeta`);
  }
  const outcome = conform(metadata, objectMetaSchema(), { fieldValidation: report === undefined ? 'Ignore' : 'Warn' });
  if (outcome.type === 'refused') throw new MalformedMetadata(outcome.message);
  for (const warning of outcome.warnings) {
    report?.(`${path}.${JSON.parse(warning.slice('unknown field '.length)) as string}`);
  }
  return outcome.object;
}

/** The value with the metadata of every object inside it coerced. */
export function coerceEmbedded(
  value: unknown,
  schema: Structural | undefined,
  { path, report }: { readonly path: string; readonly report?: ((path: string) => void) | undefined },
): unknown {
  if (schema === undefined || !schema.embeds) return value;
  if (Array.isArray(value)) {
    let copy: unknown[] | undefined;
    for (const [index, before] of value.entries()) {
      const after = coerceEmbedded(before, schema.items, { path: `${path}[${index}]`, report });
      if (after !== before) copy = replaced(value, copy, index, after);
    }
    return copy ?? value;
  }
  return isObject(value) ? coerceObject(value, schema, { path, report }) : value;
}

function coerceObject(
  object: Json,
  schema: Structural,
  { path, report }: { readonly path: string; readonly report: ((path: string) => void) | undefined },
): Json {
  let copy: Json | undefined;
  for (const key in object) {
    const at = path === '' ? key : `${path}.${key}`;
    const before = object[key];
    let after = before;
    if (schema.embedded && key === 'metadata') after = coercedOrRefused(before, at, report);
    else if (schema.embedded && (key === 'apiVersion' || key === 'kind') && typeof before !== 'string')
      throw new MalformedMetadata(`${at}: Invalid value: ${JSON.stringify(before)}: must be a string`);
    else after = coerceEmbedded(before, valueSchema(schema, key), { path: at, report });
    if (after === before) continue;
    copy ??= { ...object };
    setKey(copy, key, after);
  }
  return copy ?? object;
}

function coercedOrRefused(metadata: unknown, path: string, report: ((path: string) => void) | undefined): Json {
  try {
    return coercedMetadata(metadata, path, report);
  } catch (error) {
    if (!(error instanceof MalformedMetadata)) throw error;
    throw new MalformedMetadata(`${path}: Invalid value: ${JSON.stringify(metadata)}: ${error.message}`);
  }
}

/** Problems of the objects inside a value: type, kind and metadata as of any object. */
export function embeddedProblems(value: unknown, schema: Structural | undefined, path: string): FieldError[] {
  if (schema === undefined || !schema.embeds) return [];
  if (Array.isArray(value))
    return value.flatMap((item, index) => embeddedProblems(item, schema.items, `${path}[${index}]`));
  if (!isObject(value)) return [];
  const problems = schema.embedded ? resourceProblems(value, path) : [];
  for (const key in value) {
    const named = schema.properties.has(key);
    const at = named ? (path === '' ? key : `${path}.${key}`) : `${path}[${key}]`;
    problems.push(...embeddedProblems(value[key], valueSchema(schema, key), at));
  }
  return problems;
}

function resourceProblems(object: Json, path: string): FieldError[] {
  const problems: FieldError[] = [];
  const at = (field: string) => (path === '' ? field : `${path}.${field}`);
  for (const field of ['apiVersion', 'kind'] as const) {
    const value = object[field];
    if (value === undefined) problems.push({ type: 'Required', field: at(field), detail: '' });
    else if (typeof value !== 'string')
      problems.push({ type: 'Invalid', field: at(field), value, detail: 'must be a string' });
    else if (value === '') problems.push({ type: 'Invalid', field: at(field), value, detail: 'must not be empty' });
  }
  const { apiVersion, kind, metadata } = object;
  if (typeof apiVersion === 'string' && apiVersion.split('/').length > 2) {
    const detail = `unexpected GroupVersion string: ${apiVersion}`;
    problems.push({ type: 'Invalid', field: at('apiVersion'), value: apiVersion, detail });
  }
  if (typeof kind === 'string' && kind !== '') {
    const detail = nameProblem(kind.toLowerCase(), 'service');
    if (detail !== undefined) {
      const text = `may have mixed case, but should otherwise match: ${detail}`;
      problems.push({ type: 'Invalid', field: at('kind'), value: kind, detail: text });
    }
  }
  if (isObject(metadata)) problems.push(...embeddedMetadataProblems(metadata, at('')));
  return problems;
}

/** An object inside another needs no name, yet has a proper one where it has any. */
function embeddedMetadataProblems(metadata: Json, prefix: string): FieldError[] {
  const name = typeof metadata.name === 'string' && metadata.name !== '' ? metadata.name : 'fakename';
  const object = { metadata: { ...metadata, name } } as unknown as AnyObject;
  return metadataProblems(object, 'path-segment').map((problem) => ({
    ...problem,
    field: `${prefix}${problem.field}`,
  }));
}
