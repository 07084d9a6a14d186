// Defaults are values of their own schema: nothing unknown in them, nothing the schema refuses.

import type { FieldError } from '../errors.ts';
import { equal } from '../registry/equal.ts';
import { type JsonSchema, typeFields } from './definition.ts';
import { coerceEmbedded, embeddedProblems, MalformedMetadata } from './embedded-meta.ts';
import { prune } from './prune.ts';
import { defaultRuleProblems } from './rule-definitions.ts';
import { type Structural, structuralOf } from './structural.ts';
import { valueProblems } from './value-check.ts';

/** Paths begin at the schema. */
export function defaultProblems(schema: JsonSchema): readonly FieldError[] {
  const problems: FieldError[] = [];
  const structural = structuralOf(schema);
  if (structural.defaults) walk(structural, problems, { path: '', meta: false, root: true });
  return problems;
}

type Place = {
  readonly path: string;
  /** Inside an object's metadata, whose defaults would have to make a whole object's. */
  readonly meta: boolean;
  readonly root: boolean;
};

function walk(schema: Structural, problems: FieldError[], { path, meta, root }: Place): void {
  const value = schema.source.default;
  if (value !== undefined && value !== null) {
    const object = root && !schema.embedded ? { ...schema, embedded: true, embeds: true } : schema;
    problems.push(...problemsOf(value, object, { path: join(path, 'default'), meta }));
  }
  if (schema.items?.defaults === true) walk(schema.items, problems, { path: join(path, 'items'), meta, root: false });
  const whole = root || schema.embedded;
  for (const [name, property] of schema.properties) {
    if (!property.defaults) continue;
    const inner = { path: `${join(path, 'properties')}[${name}]`, meta: meta || (whole && typeFields.has(name)) };
    walk(property, problems, { ...inner, root: false });
  }
}

function problemsOf(
  value: unknown,
  schema: Structural,
  { path, meta }: { readonly path: string; readonly meta: boolean },
): readonly FieldError[] {
  const known = meta || equal(prune(value, schema, { root: schema.embedded }), value);
  const found = valueRules(value, schema, path);
  return known ? found : [{ type: 'Invalid', field: path, value, detail: 'must not have unknown fields' }, ...found];
}

function valueRules(value: unknown, schema: Structural, path: string): readonly FieldError[] {
  try {
    coerceEmbedded(value, schema, { path });
  } catch (error) {
    if (!(error instanceof MalformedMetadata)) throw error;
    return [{ type: 'Invalid', field: path, value, detail: `must result in valid metadata: ${error.message}` }];
  }
  const embedded = embeddedProblems(value, schema, path);
  if (embedded.length > 0) return embedded;
  const values = valueProblems(value, schema, { at: path });
  return values.length > 0 ? values : defaultRuleProblems(schema, value, path);
}

function join(path: string, field: string): string {
  return path === '' ? field : `${path}.${field}`;
}
