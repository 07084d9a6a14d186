// Every schema inside a schema, wherever it stands.

import type { JsonSchema } from './definition.ts';

/** Visits the schema and all below it, each once, parents first. */
export function eachSchema(schema: JsonSchema | undefined, visit: (schema: JsonSchema) => void): void {
  if (schema === undefined || schema === null || typeof schema !== 'object') return;
  visit(schema);
  const { items, properties, allOf, anyOf, oneOf, not, additionalProperties } = schema;
  for (const inner of Array.isArray(items) ? items : [items as JsonSchema | undefined]) eachSchema(inner, visit);
  for (const list of [allOf, anyOf, oneOf]) for (const inner of list ?? []) eachSchema(inner, visit);
  eachSchema(not, visit);
  for (const inner of Object.values(properties ?? {})) eachSchema(inner, visit);
  if (typeof additionalProperties === 'object') eachSchema(additionalProperties, visit);
}
