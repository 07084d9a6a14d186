// A structural schema as ownership and server-side apply see it: structures, maps and lists with their merge behaviour.
// What a schema preserves without describing it has a shape that is read off the values: maps merge, all else is one.

import type { Field, ObjectSchema, ScalarSchema, Schema } from '../kinds/schema.ts';
import { objectMetaSchema } from './embedded-meta.ts';
import type { Structural } from './structural.ts';

const text: ScalarSchema = { kind: 'scalar', type: 'string' };
const scalars: Readonly<Record<string, ScalarSchema>> = {
  string: text,
  integer: { kind: 'scalar', type: 'int64' },
  number: { kind: 'scalar', type: 'double' },
  boolean: { kind: 'scalar', type: 'boolean' },
};
const anyScalar: ScalarSchema = { kind: 'scalar', type: 'int-or-string' };

/** Free-form JSON that merges map by map. */
export const deduced: Schema = {
  kind: 'map',
  deduced: true,
  get value(): Schema {
    return deduced;
  },
};

/** The schema of whole objects of a kind; `structural` is absent for a version without one. */
export function applySchema(name: string, structural: Structural | undefined): ObjectSchema {
  const fields = fieldsOf(structural, true);
  const open = structural === undefined || structural.preserves;
  return { kind: 'object', name, fields, ...(open && { others: deduced }) };
}

function fieldsOf(structural: Structural | undefined, whole: boolean): ReadonlyMap<string, Field> {
  const fields = new Map<string, Field>();
  for (const [name, property] of structural?.properties ?? []) {
    const required = structural?.required.includes(name) === true;
    fields.set(name, {
      ...field(name, () => schemaFor(property), required),
      ...(property.default === undefined ? undefined : { default: property.default }),
      ...(property.nullable && { nullable: true }),
    });
  }
  if (!whole) return fields;
  fields.set(
    'apiVersion',
    field('apiVersion', () => text),
  );
  fields.set(
    'kind',
    field('kind', () => text),
  );
  fields.set('metadata', field('metadata', objectMetaSchema));
  return fields;
}

/** Absence is a value of its own for every field of a custom resource, as for a pointer in Go. */
function field(name: string, make: () => Schema, required = false): Field {
  let schema: Schema | undefined;
  return {
    name,
    number: 0,
    get schema() {
      schema ??= make();
      return schema;
    },
    required,
    pointer: true,
    omitEmpty: true,
    inline: false,
  };
}

const made = new WeakMap<Structural, Schema>();

function schemaFor(structural: Structural): Schema {
  let schema = made.get(structural);
  if (schema === undefined) {
    schema = make(structural);
    made.set(structural, schema);
  }
  return schema;
}

function make(structural: Structural): Schema {
  const { type, items, additional, preserves, embedded, intOrString, atomicMap } = structural;
  if (intOrString) return anyScalar;
  if (type === 'array') {
    if (items === undefined) return { kind: 'list', item: deduced, listType: 'atomic', keys: [] };
    const { listType, listKeys } = structural;
    return { kind: 'list', item: schemaFor(items), listType, keys: listType === 'map' ? listKeys : [] };
  }
  if (type === 'object' || structural.properties.size > 0) {
    if (typeof additional === 'object')
      return { kind: 'map', value: schemaFor(additional), ...(atomicMap && { atomic: true }) };
    if (additional === true && structural.properties.size === 0) return deduced;
    return {
      kind: 'object',
      name: 'object',
      fields: fieldsOf(structural, embedded),
      ...(preserves && { others: deduced }),
      ...(atomicMap && { atomic: true }),
    };
  }
  return scalars[type] ?? deduced;
}
