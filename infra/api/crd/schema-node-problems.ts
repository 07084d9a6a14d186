// The rules for every schema inside a definition's schema: which fields of OpenAPI may be used, and what list and map types
// ask of the schemas they stand on.

import type { Check } from '../validation/check.ts';
import type { JsonSchema } from './definition.ts';
import { typeFields } from './definition.ts';
import { ruleForm } from './rule-form.ts';

const types = ['array', 'boolean', 'integer', 'number', 'object', 'string'];

export type NodeContext = {
  /** The schema of whole objects. */
  readonly root: boolean;
  /** Inside the apiVersion, kind or metadata of an object. */
  readonly meta: boolean;
  /** Why there may be no defaults, in upstream's words; undefined where there may. */
  readonly noDefaults: string | undefined;
};

export function schemaNode(schema: JsonSchema | undefined | null, check: Check, context: NodeContext): void {
  if (schema === undefined || schema === null) return;
  fieldsInUse(schema, check, context);
  if (schema.uniqueItems === true) {
    const detail = 'uniqueItems cannot be set to true since the runtime complexity becomes quadratic';
    check.forbidden(detail, '.uniqueItems');
  }
  mapsAndStructures(schema, check, context);
  below(schema, check, context);
  const preserves = schema['x-kubernetes-preserve-unknown-fields'];
  if (preserves === false) {
    check.invalid(false, 'must be true or undefined', '.x-kubernetes-preserve-unknown-fields');
  }
  mapType(schema, check);
  listType(schema, check);
  listMapKeys(schema, check);
  for (const [index, rule] of (schema['x-kubernetes-validations'] ?? []).entries()) {
    check.enter('x-kubernetes-validations');
    check.enter(index);
    ruleForm(rule, check, schema);
    check.leave();
    check.leave();
  }
}

function fieldsInUse(schema: JsonSchema, check: Check, { meta, noDefaults }: NodeContext): void {
  const {
    type,
    default: value,
    id,
    additionalItems,
    patternProperties,
    definitions,
    dependencies,
    $ref,
    items,
  } = schema;
  if (type && !types.includes(type)) check.notSupported(type, types, '.type');
  if (value !== undefined && value !== null && noDefaults !== undefined) {
    check.forbidden(`must not be set ${noDefaults}`.trim(), '.default');
  }
  const unsupported = { id, additionalItems, patternProperties, definitions, dependencies, $ref };
  for (const [name, given] of Object.entries(unsupported)) {
    if (given === undefined || given === null || given === '') continue;
    if (name !== 'dependencies' && typeof given === 'object' && Object.keys(given).length === 0) continue;
    check.forbidden(`${name} is not supported`, `.${name}`);
  }
  if (type === 'null') check.forbidden('type cannot be set to null, use nullable as an alternative', '.type');
  if (Array.isArray(items) && items.length > 0) {
    check.forbidden('items must be a schema object and not an array', '.items');
  }
  if (meta && schema['x-kubernetes-embedded-resource'] === true) {
    check.forbidden('must not be used inside of resource meta', '.x-kubernetes-embedded-resource');
  }
}

function mapsAndStructures(schema: JsonSchema, check: Check, context: NodeContext): void {
  const { additionalProperties: additional, properties } = schema;
  if (additional === undefined || additional === null) return;
  if (Object.keys(properties ?? {}).length > 0 && additional !== true) {
    check.forbidden('additionalProperties and properties are mutual exclusive', '.additionalProperties');
  }
  if (typeof additional !== 'object') return;
  const noDefaults = context.meta ? 'inside additionalProperties applying to object metadata' : context.noDefaults;
  check.enter('additionalProperties');
  schemaNode(additional, check, { root: false, meta: context.meta, noDefaults });
  check.leave();
}

function below(schema: JsonSchema, check: Check, context: NodeContext): void {
  const inner = { ...context, root: false };
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    const whole = context.root || schema['x-kubernetes-embedded-resource'] === true;
    const typed = whole && typeFields.has(name);
    check.enter('properties');
    check.enterKey(name);
    const noDefaults = typed && context.root ? `in top-level ${name}` : context.noDefaults;
    schemaNode(property, check, { root: false, meta: context.meta || typed, noDefaults });
    check.leave();
    check.leave();
  }
  within(schema.not, check, { field: 'not', context: inner });
  for (const field of ['allOf', 'oneOf', 'anyOf'] as const) {
    for (const [index, part] of (schema[field] ?? []).entries()) within(part, check, { field, index, context: inner });
  }
  const { items } = schema;
  if (Array.isArray(items)) {
    for (const [index, part] of items.entries()) within(part, check, { field: 'items', index, context: inner });
  } else within(items as JsonSchema | undefined, check, { field: 'items', context: inner });
}

function within(
  schema: JsonSchema | undefined | null,
  check: Check,
  { field, index, context }: { readonly field: string; readonly index?: number; readonly context: NodeContext },
): void {
  if (schema === undefined || schema === null) return;
  check.enter(field);
  if (index !== undefined) check.enter(index);
  schemaNode(schema, check, context);
  if (index !== undefined) check.leave();
  check.leave();
}

function mapType(schema: JsonSchema, check: Check): void {
  const mapType = schema['x-kubernetes-map-type'];
  if (mapType === undefined || mapType === null) return;
  mustBe('object', schema, check, 'must be object if x-kubernetes-map-type is specified');
  if (mapType !== 'atomic' && mapType !== 'granular') {
    check.notSupported(mapType, ['atomic', 'granular'], '.x-kubernetes-map-type');
  }
}

function mustBe(wanted: string, { type }: JsonSchema, check: Check, detail: string): boolean {
  if (type === wanted) return true;
  if (!type) check.required(detail, '.type');
  else check.invalid(type, detail, '.type');
  return false;
}

function listType(schema: JsonSchema, check: Check): void {
  const listType = schema['x-kubernetes-list-type'];
  if (listType === undefined || listType === null) return;
  const isList = mustBe('array', schema, check, 'must be array if x-kubernetes-list-type is specified');
  const items = single(schema);
  if (isList && listType === 'set' && items !== undefined) {
    const detail = 'must be atomic as item of a list with x-kubernetes-list-type=set';
    const inner = items['x-kubernetes-list-type'];
    if (items.type === 'array' && inner && inner !== 'atomic') {
      check.invalid(inner, detail, '.items.x-kubernetes-list-type');
    }
    if (items.type === 'object' && items['x-kubernetes-map-type'] !== 'atomic') {
      check.invalid(inner ?? null, detail, '.items.x-kubernetes-map-type');
    }
  }
  if (!['atomic', 'set', 'map'].includes(listType)) {
    check.notSupported(listType, ['atomic', 'set', 'map'], '.x-kubernetes-list-type');
  }
}

function listMapKeys(schema: JsonSchema, check: Check): void {
  const listType = schema['x-kubernetes-list-type'] ?? undefined;
  const keys = schema['x-kubernetes-list-map-keys'] ?? [];
  if (keys.length > 0 && listType !== 'map') {
    const detail = 'must be map if x-kubernetes-list-map-keys is non-empty';
    if (listType === undefined) check.required(detail, '.x-kubernetes-list-type');
    else check.invalid(listType, detail, '.x-kubernetes-list-type');
  }
  const items = single(schema);
  if (listType === 'map') {
    if (keys.length === 0) {
      check.required('must not be empty if x-kubernetes-list-type is map', '.x-kubernetes-list-map-keys');
    }
    if (!schema.items) check.required('must have a schema if x-kubernetes-list-type is map', '.items');
    else if (items === undefined) {
      check.invalid(schema.items, 'must only have a single schema if x-kubernetes-list-type is map', '.items');
    } else if (items.type !== 'object') {
      check.invalid(items.type ?? '', "must be object if parent array's x-kubernetes-list-type is map", '.items.type');
    } else keysOfItems(keys, items, check);
  }
  if (items === undefined || (listType !== 'map' && listType !== 'set')) return;
  if (items.nullable === true) {
    check.forbidden(`cannot be nullable when x-kubernetes-list-type is ${listType}`, '.items.nullable');
  }
  if (listType === 'map') requiredKeys(keys, items, check);
}

function keysOfItems(keys: readonly string[], items: JsonSchema, check: Check): void {
  const at = '.x-kubernetes-list-map-keys';
  const seen = new Set<string>();
  for (const key of keys) {
    const property = own(items, key);
    if (property === undefined) check.invalid(keys, 'entries must all be names of item properties', at);
    else if (property.type === 'array' || property.type === 'object') {
      const detail = "must be a scalar type if parent array's x-kubernetes-list-type is map";
      check.invalid(items.type, detail, `.items.properties[${key}].type`);
    }
    if (seen.has(key)) check.invalid(keys, 'must not contain duplicate entries', at);
    seen.add(key);
  }
}

function requiredKeys(keys: readonly string[], items: JsonSchema, check: Check): void {
  const text = 'this property is in x-kubernetes-list-map-keys, so it';
  for (const key of keys) {
    const property = own(items, key);
    if (property === undefined) continue;
    const at = `.items.properties[${key}]`;
    const has = items.required?.includes(key) === true || (property.default ?? undefined) !== undefined;
    if (!has) check.required(`${text} must have a default or be a required property`, `${at}.default`);
    if (property.nullable === true) check.forbidden(`${text} cannot be nullable`, `${at}.nullable`);
  }
}

function own({ properties }: JsonSchema, name: string): JsonSchema | undefined {
  return properties !== undefined && Object.hasOwn(properties, name) ? properties[name] : undefined;
}

function single({ items }: JsonSchema): JsonSchema | undefined {
  return items === undefined || items === null || Array.isArray(items) ? undefined : (items as JsonSchema);
}
