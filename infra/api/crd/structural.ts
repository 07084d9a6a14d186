// A definition's schema made ready for walking: properties behind a map (any name may be a property, `__proto__` too),
// children compiled once, defaults pruned, formats the server does not check left out. The same node serves the
// structure and what stands under allOf, anyOf, oneOf and not. Invariant: one schema object has one node.

import type { JsonSchema, ValidationRule } from './definition.ts';
import { effectiveFormat } from './formats.ts';
import { prune } from './prune.ts';

export type Structural = {
  readonly source: JsonSchema;
  /** Empty where the schema names none. */
  readonly type: string;
  readonly nullable: boolean;
  /** Undefined without one. Pruned, as it is filled in. */
  readonly default: unknown;
  readonly properties: ReadonlyMap<string, Structural>;
  readonly items: Structural | undefined;
  /** `additionalProperties`: the schema of all values, or whether there may be any. */
  readonly additional: Structural | boolean | undefined;
  readonly required: readonly string[];
  readonly preserves: boolean;
  readonly embedded: boolean;
  readonly intOrString: boolean;
  readonly listType: 'atomic' | 'set' | 'map';
  readonly listKeys: readonly string[];
  readonly atomicMap: boolean;
  /** Empty where there is none, or none that is checked. */
  readonly format: string;
  readonly allOf: readonly Structural[];
  readonly anyOf: readonly Structural[];
  readonly oneOf: readonly Structural[];
  readonly not: Structural | undefined;
  readonly rules: readonly ValidationRule[];
  /** Something here or below has a default. */
  readonly defaults: boolean;
  /** A CEL rule stands here or below. */
  readonly ruled: boolean;
  /** Something here or below is a whole object of its own. */
  readonly embeds: boolean;
};

const nothing: readonly never[] = [];
const noProperties: ReadonlyMap<string, Structural> = new Map();
const compiled = new WeakMap<JsonSchema, Structural>();

export function structuralOf(schema: JsonSchema): Structural {
  let node = compiled.get(schema);
  if (node === undefined) {
    node = compile(schema);
    compiled.set(schema, node);
  }
  return node;
}

/** The schema of a key's value; undefined where none says anything about it. */
export function valueSchema({ properties, additional }: Structural, key: string): Structural | undefined {
  return properties.get(key) ?? (typeof additional === 'object' ? additional : undefined);
}

function compile(schema: JsonSchema): Structural {
  const properties =
    schema.properties === undefined
      ? noProperties
      : new Map(Object.entries(schema.properties).map(([name, inner]) => [name, structuralOf(inner)]));
  const items = single(schema.items);
  const additional = additionalOf(schema.additionalProperties);
  const below = [...properties.values(), items, typeof additional === 'object' ? additional : undefined];
  const some = (holds: (node: Structural) => boolean) => below.some((node) => node !== undefined && holds(node));
  const intOrString = schema['x-kubernetes-int-or-string'] === true;
  const listType = schema['x-kubernetes-list-type'];
  const given = schema.default === null ? undefined : schema.default;
  let pruned: { readonly value: unknown } | undefined;
  const node: Structural = {
    source: schema,
    type: schema.type ?? '',
    nullable: schema.nullable === true,
    get default() {
      pruned ??= { value: given === undefined ? undefined : prune(given, node, { root: false }) };
      return pruned.value;
    },
    properties,
    items,
    additional,
    required: schema.required ?? nothing,
    preserves: schema['x-kubernetes-preserve-unknown-fields'] === true,
    embedded: schema['x-kubernetes-embedded-resource'] === true,
    intOrString,
    listType: listType === 'set' || listType === 'map' ? listType : 'atomic',
    listKeys: schema['x-kubernetes-list-map-keys'] ?? nothing,
    atomicMap: schema['x-kubernetes-map-type'] === 'atomic',
    format: intOrString ? '' : effectiveFormat(schema),
    allOf: list(schema.allOf),
    anyOf: list(schema.anyOf),
    oneOf: list(schema.oneOf),
    not: schema.not === undefined || schema.not === null ? undefined : structuralOf(schema.not),
    rules: schema['x-kubernetes-validations'] ?? nothing,
    defaults: given !== undefined || some(({ defaults }) => defaults),
    ruled: (schema['x-kubernetes-validations']?.length ?? 0) > 0 || some(({ ruled }) => ruled),
    embeds: schema['x-kubernetes-embedded-resource'] === true || some(({ embeds }) => embeds),
  };
  return node;
}

function list(schemas: readonly JsonSchema[] | undefined): readonly Structural[] {
  return schemas === undefined || schemas === null || schemas.length === 0 ? nothing : schemas.map(structuralOf);
}

function single(items: JsonSchema['items']): Structural | undefined {
  return items === undefined || items === null || Array.isArray(items) ? undefined : structuralOf(items as JsonSchema);
}

function additionalOf(given: JsonSchema['additionalProperties']): Structural | boolean | undefined {
  if (given === undefined || given === null) return undefined;
  return typeof given === 'boolean' ? given : structuralOf(given);
}
