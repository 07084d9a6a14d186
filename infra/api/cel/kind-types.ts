// Types from the schemas of kinds, built-in and custom alike, for checking expressions before any object is there. What
// is written in several ways (quantities, free-form JSON) is `dyn`. Structures are looked up by name when an expression
// goes into them, so that types that contain themselves are no trouble.

import type { ObjectSchema, ScalarType, Schema } from '../kinds/schema.ts';
import type { StructureFields } from './environment.ts';
import { escapeIdentifier } from './identifiers.ts';
import { BOOL, BYTES, type CelType, DOUBLE, DYN, INT, listOf, mapOf, objectType, STRING, TIMESTAMP } from './types.ts';

const SCALARS: Readonly<Record<ScalarType, CelType>> = {
  string: STRING,
  boolean: BOOL,
  int32: INT,
  int64: INT,
  double: DOUBLE,
  bytes: BYTES,
  quantity: DYN,
  'int-or-string': DYN,
  time: TIMESTAMP,
  'micro-time': TIMESTAMP,
  duration: STRING,
};

/** The structures expressions have come by. */
export class KindTypes implements StructureFields {
  readonly #structures = new Map<string, ObjectSchema>();
  readonly #names = new Map<ObjectSchema, string>();
  readonly #fields = new Map<string, ReadonlyMap<string, CelType>>();

  typeOf(schema: Schema): CelType {
    switch (schema.kind) {
      case 'object':
        return objectType(this.#nameOf(schema));
      case 'list':
        return listOf(this.typeOf(schema.item));
      case 'map':
        return mapOf(STRING, this.typeOf(schema.value));
      case 'scalar':
        return SCALARS[schema.type];
      case 'any':
        return DYN;
    }
  }

  fields(structure: string): ReadonlyMap<string, CelType> | undefined {
    const known = this.#fields.get(structure);
    const schema = this.#structures.get(structure);
    if (known !== undefined || schema === undefined) return known;
    const fields = new Map<string, CelType>();
    for (const [name, field] of schema.fields) {
      const escaped = escapeIdentifier(name);
      if (escaped !== undefined) fields.set(escaped, this.typeOf(field.schema));
    }
    this.#fields.set(structure, fields);
    return fields;
  }

  /** Schemas of custom resources may have names in common. */
  #nameOf(schema: ObjectSchema): string {
    const known = this.#names.get(schema);
    if (known !== undefined) return known;
    const taken = this.#structures.has(schema.name) || schema.name === '';
    const name = taken ? `${schema.name || 'object'}${this.#structures.size}` : schema.name;
    this.#names.set(schema, name);
    this.#structures.set(name, schema);
    return name;
  }
}
