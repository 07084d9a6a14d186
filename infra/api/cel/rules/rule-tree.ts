// All rules of a schema, where they stand: made once for each schema and kept as long as it.

import type { Structural } from '../../crd/structural.ts';
import type { Declared } from '../declared-type.ts';
import { escapeIdentifier } from '../identifiers.ts';
import { declaredOf } from '../schema-types.ts';
import { type CompiledRule, compileRules } from './compile-rules.ts';

export type RuleNode = {
  readonly schema: Structural;
  /** Undefined for what no expression can be about. */
  readonly declared: Declared | undefined;
  readonly rules: readonly CompiledRule[];
  readonly items?: RuleNode;
  readonly additional?: RuleNode;
  readonly properties: ReadonlyMap<string, RuleNode>;
  /** Rules that stand under allOf are about the same value. */
  readonly allOf: readonly RuleNode[];
};

type Built = { readonly node: RuleNode | undefined };
const roots = new WeakMap<Structural, Built>();
const parts = new WeakMap<Structural, Built>();

/** Undefined for a schema without rules. `root`: of a whole object. */
export function ruleTree(schema: Structural, root: boolean): RuleNode | undefined {
  const built = root ? roots : parts;
  let known = built.get(schema);
  if (known === undefined) {
    known = { node: build(schema, schema, declaredOf(schema, root)) };
    built.set(schema, known);
  }
  return known.node;
}

/** `told` has the rules, `schema` the structure: they differ under allOf. */
function build(told: Structural, schema: Structural, declared: Declared | undefined): RuleNode | undefined {
  const rules = declared === undefined ? [] : compileRules(told.rules, { schema, declared });
  const items = both(told.items, schema.items, declared?.element);
  const additional = both(objectSchema(told.additional), objectSchema(schema.additional), declared?.element);
  const properties = new Map<string, RuleNode>();
  for (const [name, inner] of told.properties) {
    const node = schema.properties.get(name);
    const below = node === undefined ? undefined : propertyNode(inner, node, { name, declared });
    if (below !== undefined) properties.set(name, below);
  }
  const allOf = told.allOf.map((inner) => build(inner, schema, declared)).filter((node) => node !== undefined);
  const empty = rules.length + properties.size + allOf.length === 0 && items === undefined && additional === undefined;
  if (empty) return undefined;
  return {
    schema,
    declared,
    rules,
    properties,
    allOf,
    ...(items && { items }),
    ...(additional && { additional }),
  };
}

function both(
  told: Structural | undefined,
  schema: Structural | undefined,
  declared: Declared | undefined,
): RuleNode | undefined {
  return told === undefined || schema === undefined ? undefined : build(told, schema, declared);
}

function objectSchema(schema: Structural | boolean | undefined): Structural | undefined {
  return typeof schema === 'object' ? schema : undefined;
}

/** A field whose name cannot be escaped has rules of its own all the same. */
function propertyNode(
  told: Structural,
  schema: Structural,
  of: { readonly name: string; readonly declared: Declared | undefined },
): RuleNode | undefined {
  const escaped = escapeIdentifier(of.name);
  if (escaped === undefined) return build(told, schema, declaredOf(schema, schema.embedded));
  const field = of.declared?.fields?.get(escaped);
  return field === undefined ? undefined : build(told, schema, declaredOf(schema, schema.embedded) ?? field.declared);
}
