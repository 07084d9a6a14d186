// Whether a version's schema may be used: structural (see structural-problems.ts), with defaults that are values of it, and
// made of nothing but what the server supports. A schema that is not even structural is not looked at any further for
// its defaults and rules.

import { describe, type FieldError } from '../errors.ts';
import { type Check, problemsOf } from '../validation/check.ts';
import { defaultProblems } from './default-problems.ts';
import type { JsonSchema } from './definition.ts';
import { isObject } from './json.ts';
import { ruleDefinitions } from './rule-definitions.ts';
import { schemaNode } from './schema-node-problems.ts';
import { structural } from './structural-problems.ts';

/** Checks the schema of a version at the current path, which is that of the `schema` it stands in. */
export function versionSchema(schema: JsonSchema, check: Check, hasStatus: boolean): void {
  const count = check.count;
  check.enter('openAPIV3Schema');
  if (hasStatus) rootBesideStatus(schema, check);
  if (schema.nullable === true) check.forbidden('nullable cannot be true at the root', '.nullable');
  const unsupported = unsupportedField(schema);
  let sound = unsupported === undefined;
  if (sound) {
    const unsound = sorted(problemsOf(structural(check.pathOf()), schema));
    sound = unsound.length === 0;
    check.add(placed(unsound, check));
    if (sound) {
      const defaults = defaultProblems(schema);
      sound = defaults.length === 0;
      check.add(placed(defaults, check));
    }
  }
  const nodes = check.count;
  schemaNode(schema, check, { root: true, meta: false, noDefaults: undefined });
  if (sound && check.count === nodes) ruleDefinitions(schema, check);
  if (unsupported !== undefined && check.count === count) check.invalid('', unsupported);
  check.leave();
}

/** What is found is the same whatever the order of the properties. */
function sorted(problems: readonly FieldError[]): FieldError[] {
  const texts = new Map(problems.map((problem) => [problem, describe(problem)]));
  return [...problems].sort((a, b) => ((texts.get(a) ?? '') < (texts.get(b) ?? '') ? -1 : 1));
}

/** Problems with paths from the schema's root, at the place the schema stands. */
function placed(problems: readonly FieldError[], check: Check): readonly FieldError[] {
  if (problems.length === 0) return problems;
  return problems.map((problem) => ({
    ...problem,
    field: check.pathOf(problem.field === '' ? '' : `.${problem.field}`),
  }));
}

/** Go's names of the fields a root schema may have beside a status that is checked on its own. */
const besideStatus =
  'Description Type Format Title Maximum ExclusiveMaximum Minimum ExclusiveMinimum MaxLength MinLength Pattern MaxItems MinItems UniqueItems MultipleOf Required Items Properties ExternalDocs Example XPreserveUnknownFields XValidations'.split(
    ' ',
  );
const besideStatusJson: ReadonlySet<string> = new Set([
  ...besideStatus.slice(0, -2).map((name) => `${name.charAt(0).toLowerCase()}${name.slice(1)}`),
  'x-kubernetes-preserve-unknown-fields',
  'x-kubernetes-validations',
]);

function rootBesideStatus(schema: JsonSchema, check: Check): void {
  const { id, $schema, $ref, type, ...rest } = schema;
  // In the order of upstream's struct, whose first fault is the only one told.
  for (const [field, value] of Object.entries({ id, $schema, $ref, type, ...rest })) {
    if (isZero(value)) continue;
    if (field === 'type' && value !== 'object') {
      const detail =
        'only "object" is allowed as the type at the root of the schema if the status subresource is enabled';
      check.invalid(value, detail, '.type');
      return;
    }
    if (besideStatusJson.has(field)) continue;
    const detail = `only [${besideStatus.join(' ')}] fields are allowed at the root of the schema if the status subresource is enabled`;
    check.invalid(schema, detail);
    return;
  }
}

function isZero(value: unknown): boolean {
  return value === undefined || value === null || value === '' || value === false || value === 0;
}

/** Fields upstream's structural form has no place for; found at any depth. */
function unsupportedField(schema: JsonSchema): string | undefined {
  const { id, $schema, $ref, patternProperties, dependencies, additionalItems, definitions, items } = schema;
  const found = Object.entries({
    id,
    schema: $schema,
    $ref,
    patternProperties,
    dependencies,
    additionalItems,
    definitions,
  });
  for (const [name, value] of found) {
    const empty = isZero(value) || (isObject(value) && Object.keys(value).length === 0);
    if (empty && (name !== 'additionalItems' || value === undefined || value === null)) continue;
    return `OpenAPIV3Schema '${name}' is not supported`;
  }
  if (Array.isArray(items)) return "OpenAPIV3Schema 'items' must be a schema, but is an array";
  if (schema['x-kubernetes-preserve-unknown-fields'] === false) {
    return "internal error: 'x-kubernetes-preserve-unknown-fields' must be true or undefined";
  }
  const { properties, additionalProperties, allOf, anyOf, oneOf, not } = schema;
  const below = [items, additionalProperties, not, ...Object.values(properties ?? {})];
  for (const list of [allOf, anyOf, oneOf]) below.push(...(list ?? []));
  for (const inner of below) {
    const problem = isObject(inner) ? unsupportedField(inner as JsonSchema) : undefined;
    if (problem !== undefined) return problem;
  }
  return undefined;
}
