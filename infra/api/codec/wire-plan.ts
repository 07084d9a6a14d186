// A schema seen from the wire: its fields by number, the structures it inlines as messages of their own, and which zero
// values are not worth keeping. Built once per schema on first use; the codec's inner loops read only this.

import type { Field, ObjectSchema, Schema } from '../kinds/schema.ts';
import { dropsWhenEmpty, type Fill, fillsOf } from './go-shape.ts';

export type WireField = {
  readonly name: string;
  readonly number: number;
  readonly pointer: boolean;
  /** An empty scalar is left out of the JSON form (`omitempty` without a pointer). */
  readonly dropsEmpty: boolean;
  /** The zero time is left out too (`omitzero`). */
  readonly dropsZeroTime: boolean;
  /** Set where the fields of the message belong to the parent's JSON. */
  readonly inlined: WirePlan | undefined;
  readonly schema: Schema;
};

export type WirePlan = {
  /** Indexed by field number. */
  readonly byNumber: readonly (WireField | undefined)[];
  /** Highest number first, the order in which the writer, going backwards, needs them. */
  readonly descending: readonly WireField[];
  readonly fills: readonly Fill[];
};

const plans = new WeakMap<ObjectSchema, WirePlan>();

export function wirePlan(schema: ObjectSchema): WirePlan {
  let plan = plans.get(schema);
  if (plan === undefined) {
    plan = buildPlan(schema);
    plans.set(schema, plan);
  }
  return plan;
}

function buildPlan(schema: ObjectSchema): WirePlan {
  const fields: WireField[] = [];
  for (const field of schema.fields.values()) if (field.number > 0) fields.push(wireField(field, undefined));
  for (const field of schema.inlined ?? []) {
    if (field.schema.kind !== 'object') throw new Error(`${schema.name} inlines ${field.name}, which is no structure`);
    fields.push(wireField(field, wirePlan(field.schema)));
  }
  const byNumber: (WireField | undefined)[] = [];
  for (const field of fields) byNumber[field.number] = field;
  return { byNumber, descending: fields.sort((a, b) => b.number - a.number), fills: fillsOf(schema) };
}

function wireField(field: Field, inlined: WirePlan | undefined): WireField {
  return {
    name: field.name,
    number: field.number,
    pointer: field.pointer,
    dropsEmpty: dropsWhenEmpty(field),
    dropsZeroTime: field.omitZero === true && !field.pointer,
    inlined,
    schema: field.schema,
  };
}
