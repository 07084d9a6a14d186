// A schema as the conforming walk reads it: a number per type to switch on, and per field what becomes of null, of empty
// values and of absence. Built once per schema on first use and kept as long as the schema.

import { assertNever } from '../../../streams/base/assert.ts';
import { goTypeOf } from '../kinds/facts.ts';
import type { AnySchema, Field, ObjectSchema, ScalarType, Schema } from '../kinds/schema.ts';
import { dropsWhenEmpty, type Fill, fillsOf } from './go-shape.ts';

export const OP = {
  string: 0,
  boolean: 1,
  int32: 2,
  int64: 3,
  double: 4,
  bytes: 5,
  quantity: 6,
  'int-or-string': 7,
  time: 8,
  'micro-time': 9,
  duration: 10,
  object: 11,
  list: 12,
  map: 13,
  any: 14,
} as const;

/** What a value must be. */
export type Node = {
  readonly op: (typeof OP)[keyof typeof OP];
  readonly schema: Schema;
  /** Fields, for structures. */
  readonly plan: ObjectPlan | undefined;
  /** Items of lists and values of maps. */
  readonly inner: Node | undefined;
  readonly alternative: AnySchema['alternative'];
  readonly goType: string;
};

export type ObjectPlan = {
  readonly fields: ReadonlyMap<string, FieldPlan>;
  /** Fields printed even when absent. */
  readonly fills: readonly Fill[];
};

export type FieldPlan = {
  readonly name: string;
  /** Name of the structure in Go, for error texts. */
  readonly owner: string;
  /** The field as Go's errors spell it: embedded structures are named on the way. */
  readonly goPath: string;
  readonly node: Node;
  readonly op: Node['op'];
  readonly pointer: boolean;
  /** Empty values vanish. */
  readonly dropsEmpty: boolean;
  /** What null turns into; undefined where it vanishes. */
  readonly zero: (() => unknown) | undefined;
};

const nodes = new WeakMap<Schema, Node>();
const plans = new WeakMap<ObjectSchema, ObjectPlan>();

export function objectPlan(schema: ObjectSchema): ObjectPlan {
  let plan = plans.get(schema);
  if (plan === undefined) {
    const fills = fillsOf(schema);
    const embedded = embeddedNames(schema);
    const owner = schema.name.slice(schema.name.lastIndexOf('.') + 1);
    const fields = new Map<string, FieldPlan>();
    for (const field of schema.fields.values()) {
      const goPath = `${embedded.get(field.name) ?? ''}${field.name}`;
      fields.set(field.name, fieldPlan(field, owner, goPath, fills));
    }
    plan = { fields, fills };
    plans.set(schema, plan);
  }
  return plan;
}

function fieldPlan(field: Field, owner: string, goPath: string, fills: readonly Fill[]): FieldPlan {
  const { schema } = field;
  let node: Node | undefined;
  return {
    name: field.name,
    owner,
    goPath,
    // Resolved on use: types refer to each other in circles.
    get node(): Node {
      node ??= nodeOf(schema);
      return node;
    },
    op: opOf(schema),
    pointer: field.pointer,
    dropsEmpty: dropsWhenEmpty(field),
    zero: fills.find(({ name }) => name === field.name)?.zero,
  };
}

export function nodeOf(schema: Schema): Node {
  let node = nodes.get(schema);
  if (node === undefined) {
    node = {
      op: opOf(schema),
      schema,
      plan: schema.kind === 'object' ? objectPlan(schema) : undefined,
      inner: schema.kind === 'list' ? nodeOf(schema.item) : schema.kind === 'map' ? nodeOf(schema.value) : undefined,
      alternative: schema.kind === 'any' ? schema.alternative : undefined,
      goType: goTypeOf(schema),
    };
    nodes.set(schema, node);
  }
  return node;
}

function opOf(schema: Schema): Node['op'] {
  switch (schema.kind) {
    case 'scalar':
      return OP[schema.type satisfies ScalarType];
    case 'object':
    case 'list':
    case 'map':
    case 'any':
      return OP[schema.kind];
    default:
      return assertNever(schema);
  }
}

/** Lent field → `VolumeSource.`, the embedded structures it comes from. */
function embeddedNames(schema: ObjectSchema): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  for (const { name, schema: inner } of schema.inlined ?? []) {
    if (inner.kind !== 'object') continue;
    const prefix = `${name.charAt(0).toUpperCase()}${name.slice(1)}.`;
    const deeper = embeddedNames(inner);
    for (const field of inner.fields.keys()) names.set(field, prefix + (deeper.get(field) ?? ''));
  }
  return names;
}
