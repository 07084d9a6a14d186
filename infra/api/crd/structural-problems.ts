// What makes a schema structural: every value has a type that stands outside of allOf, anyOf, oneOf and not; what stands
// under those only restricts what is described outside; metadata is no schema's business but for names.

import type { Check } from '../validation/check.ts';
import type { JsonSchema } from './definition.ts';
import { patternOf } from './patterns.ts';

type Level = 'root' | 'item' | 'field';

/** The rule of a schema without unsupported fields that stands at `root`, which texts name. */
export function structural(root: string): (schema: JsonSchema, check: Check) => void {
  return (schema, check) => {
    invariants(schema, check, 'root');
    completeness(schema, { schema, at: '' }, check, root);
  };
}

const typeTexts: Readonly<Record<Level, string>> = {
  root: 'must not be empty at the root',
  item: 'must not be empty for specified array items',
  field: 'must not be empty for specified object fields',
};

function invariants(schema: JsonSchema, check: Check, level: Level): void {
  const { type = '', additionalProperties: additional, properties = {} } = schema;
  const items = itemsOf(schema);
  if (type === 'array' && items === undefined) check.required('must be specified', '.items');
  if (items !== undefined) at('items', check, () => invariants(items, check, 'item'));
  for (const [name, property] of Object.entries(properties)) {
    at('properties', check, () => atKey(name, check, () => invariants(property, check, 'field')));
  }
  if (additional !== undefined && additional !== null) {
    if (level === 'root') check.forbidden('must not be used at the root', '.additionalProperties');
    if (typeof additional === 'object') {
      at('additionalProperties', check, () => invariants(additional, check, 'field'));
    }
  }
  extensions(schema, check);
  valueRules(schema, check, {
    level,
    skipAnyOf: isIntOrString(schema.anyOf),
    skipFirstAllOf: isIntOrString(schema.allOf?.[0]?.anyOf),
  });
  typeRules(schema, check, level);
  metadataRules(schema, check, level);
}

function extensions(schema: JsonSchema, check: Check): void {
  if (schema['x-kubernetes-int-or-string'] !== true) return;
  const detail = 'must be false if x-kubernetes-int-or-string is true';
  for (const name of ['x-kubernetes-preserve-unknown-fields', 'x-kubernetes-embedded-resource'] as const) {
    if (schema[name] === true) check.invalid(true, detail, `.${name}`);
  }
}

function typeRules(schema: JsonSchema, check: Check, level: Level): void {
  const { type = '', additionalProperties } = schema;
  const embedded = schema['x-kubernetes-embedded-resource'] === true;
  const preserves = schema['x-kubernetes-preserve-unknown-fields'] === true;
  if (embedded && type !== 'object') {
    const detail = 'must be object if x-kubernetes-embedded-resource is true';
    if (type === '') check.required(detail, '.type');
    else check.invalid(type, detail, '.type');
  } else if (type === '' && schema['x-kubernetes-int-or-string'] !== true && !preserves) {
    check.required(typeTexts[level], '.type');
  }
  if (embedded && additionalProperties !== undefined && additionalProperties !== null) {
    check.forbidden('must not be used if x-kubernetes-embedded-resource is set', '.additionalProperties');
  }
  if (level === 'root' && type !== '' && type !== 'object') check.invalid(type, 'must be object at the root', '.type');
  if (embedded && !preserves && Object.keys(schema.properties ?? {}).length === 0) {
    const detail =
      'must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields';
    check.required(detail, '.properties');
  }
}

function metadataRules(schema: JsonSchema, check: Check, level: Level): void {
  const { properties = {} } = schema;
  const whole = level === 'root' || schema['x-kubernetes-embedded-resource'] === true;
  for (const name of ['kind', 'apiVersion']) {
    const property = properties[name];
    if (whole && property !== undefined && property.type !== 'string') {
      check.invalid(property.type ?? '', 'must be string', `.properties[${name}].type`);
    }
  }
  const { metadata } = properties;
  if (metadata === undefined) return;
  if (whole && metadata.type !== 'object') {
    check.invalid(metadata.type ?? '', 'must be object', '.properties[metadata].type');
  }
  if (level === 'root' && !restrictsNamesOnly(metadata)) {
    const detail = 'must not specify anything other than name and generateName, but metadata is implicitly specified';
    check.forbidden(detail, '.properties[metadata]');
  }
}

function restrictsNamesOnly({ type: _, default: _default, properties = {}, ...rest }: JsonSchema): boolean {
  const names = Object.keys(properties);
  if (names.some((name) => name !== 'name' && name !== 'generateName')) return false;
  const { allOf = [], anyOf = [], oneOf = [], enum: values, ...more } = rest;
  const alternatives = allOf.length + anyOf.length + oneOf.length + (values?.length ?? 0);
  return (
    alternatives === 0 && Object.entries(more).every(([field, value]) => isNothing(value) && !isPresent(field, value))
  );
}

const pointers: ReadonlySet<string> = new Set([
  'additionalProperties',
  'default',
  'example',
  'x-kubernetes-list-type',
  'x-kubernetes-map-type',
]);

/** Whether what looks like nothing is something to Go: behind a pointer, or a list. */
function isPresent(field: string, value: unknown): boolean {
  return Array.isArray(value) || (pointers.has(field) && value !== undefined && value !== null);
}

function isNothing(value: unknown): boolean {
  return (
    value === undefined ||
    value === null ||
    value === '' ||
    value === false ||
    (Array.isArray(value) && value.length === 0)
  );
}

type ValueContext = { readonly level: Level; readonly skipAnyOf: boolean; readonly skipFirstAllOf: boolean };

/** The restrictions of a schema, and those nested in them. */
function valueRules(schema: JsonSchema, check: Check, { level, skipAnyOf, skipFirstAllOf }: ValueContext): void {
  const { anyOf = [], allOf = [], oneOf = [], not, pattern } = schema;
  const plain = { level, skipAnyOf: false, skipFirstAllOf: false };
  if (!skipAnyOf) for (const [i, part] of anyOf.entries()) atItem('anyOf', i, check, () => nested(part, check, plain));
  for (const [i, part] of allOf.entries()) {
    const context = { ...plain, skipAnyOf: skipFirstAllOf && i === 0 };
    atItem('allOf', i, check, () => nested(part, check, context));
  }
  for (const [i, part] of oneOf.entries()) atItem('oneOf', i, check, () => nested(part, check, plain));
  if (not) at('not', check, () => nested(not, check, plain));
  if (!pattern) return;
  const compiled = patternOf(pattern);
  if (compiled.kind === 'invalid') {
    check.invalid(pattern, `must be a valid regular expression, but isn't: ${compiled.message}`, '.pattern');
  }
}

/** What may not stand under allOf, anyOf, oneOf and not, with upstream's word for how it must be. */
const forbidden: readonly (readonly [field: keyof JsonSchema, must: string])[] = [
  ['type', 'be empty'],
  ['additionalProperties', 'be undefined'],
  ['default', 'be undefined'],
  ['title', 'be empty'],
  ['description', 'be empty'],
  ['nullable', 'be false'],
  ['x-kubernetes-preserve-unknown-fields', 'be false'],
  ['x-kubernetes-embedded-resource', 'be false'],
  ['x-kubernetes-int-or-string', 'be false'],
  ['x-kubernetes-list-map-keys', 'be empty'],
  ['x-kubernetes-list-type', 'be undefined'],
  ['x-kubernetes-map-type', 'be undefined'],
  ['x-kubernetes-validations', 'be empty'],
];

/** Those of them that Go holds a pointer for, so that even an empty one is one. */
const pointed: ReadonlySet<string> = new Set(['default', 'x-kubernetes-list-type', 'x-kubernetes-map-type']);

function nested(schema: JsonSchema, check: Check, context: ValueContext): void {
  valueRules(schema, check, context);
  const plain = { level: context.level, skipAnyOf: false, skipFirstAllOf: false };
  const items = itemsOf(schema);
  if (items !== undefined) at('items', check, () => nested(items, check, plain));
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    at('properties', check, () => atKey(name, check, () => nested(property, check, { ...plain, level: 'field' })));
  }
  for (const [field, must] of forbidden) {
    const value = schema[field];
    if (!isNothing(value) || (pointed.has(field) && isPresent(field, value)))
      check.forbidden(`must ${must} to be structural`, `.${field}`);
  }
  if (schema.properties?.metadata !== undefined) {
    check.forbidden('must not be specified in a nested context', '.properties[metadata]');
  }
}

/** A place of the structure, and where it lies. */
type Place = { readonly schema: JsonSchema | undefined; readonly at: string };

/** Everything the restrictions speak of is described in the structure, too. */
function completeness(restriction: JsonSchema, place: Place, check: Check, path: string): void {
  const { not, allOf = [], anyOf = [], oneOf = [] } = restriction;
  if (not) described(not, place, check, `${path}.not`);
  for (const [field, parts] of Object.entries({ allOf, anyOf, oneOf })) {
    for (const [index, part] of parts.entries()) described(part, place, check, `${path}.${field}[${index}]`);
  }
}

function described(restriction: JsonSchema, place: Place, check: Check, path: string): void {
  const { schema } = place;
  if (schema === undefined) {
    check.required(`because it is defined in ${path}`, place.at);
    return;
  }
  completeness(restriction, place, check, path);
  const items = itemsOf(restriction);
  if (items !== undefined) {
    described(items, { schema: itemsOf(schema), at: `${place.at}.items` }, check, `${path}.items`);
  }
  for (const [name, property] of Object.entries(restriction.properties ?? {})) {
    const below = { schema: schema.properties?.[name], at: `${place.at}.properties[${name}]` };
    described(property, below, check, `${path}.properties[${name}]`);
  }
}

function isIntOrString(anyOf: readonly JsonSchema[] | undefined): boolean {
  const only = (schema: JsonSchema | undefined, type: string) =>
    schema?.type === type && Object.entries(schema).every(([field, value]) => field === 'type' || isNothing(value));
  return anyOf?.length === 2 && only(anyOf[0], 'integer') && only(anyOf[1], 'string');
}

function itemsOf({ items }: JsonSchema): JsonSchema | undefined {
  return items === undefined || items === null || Array.isArray(items) ? undefined : (items as JsonSchema);
}

function at(field: string, check: Check, run: () => void): void {
  check.enter(field);
  run();
  check.leave();
}

function atKey(key: string, check: Check, run: () => void): void {
  check.enterKey(key);
  run();
  check.leave();
}

function atItem(field: string, index: number, check: Check, run: () => void): void {
  check.enter(field);
  check.enter(index);
  run();
  check.leave();
  check.leave();
}
