// Schemas of the facts table as OpenAPI schema objects, with the extensions kubectl and client libraries read
// (merge keys, list types, group-version-kinds).

import { typeSchema } from '../kinds/facts.ts';
import type { Field, ObjectSchema, ScalarType, Schema } from '../kinds/schema.ts';
import { descriptionsOf } from './descriptions.ts';

export type OpenApiSchema = Readonly<Record<string, unknown>>;

export type Dialect = {
  /** Prefix of references: `#/components/schemas/` in v3, `#/definitions/` in v2. */
  readonly refPrefix: string;
  /** v3 wraps a reference that has siblings in allOf. */
  readonly wrapsRefs: boolean;
};

export const v3: Dialect = { refPrefix: '#/components/schemas/', wrapsRefs: true };
export const v2: Dialect = { refPrefix: '#/definitions/', wrapsRefs: false };

export function isV2(dialect: Dialect): boolean {
  return dialect === v2;
}

const intOrString = 'io.k8s.apimachinery.pkg.util.intstr.IntOrString';
const quantity = 'io.k8s.apimachinery.pkg.api.resource.Quantity';
const time = 'io.k8s.apimachinery.pkg.apis.meta.v1.Time';
const microTime = 'io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime';
const patch = 'io.k8s.apimachinery.pkg.apis.meta.v1.Patch';
const raw = 'io.k8s.apimachinery.pkg.runtime.RawExtension';

const leaves: Readonly<Record<string, OpenApiSchema>> = {
  [intOrString]: { description: 'An integer or a string.', type: 'string', format: 'int-or-string' },
  [quantity]: { description: 'A fixed-point number with a unit suffix, such as 500m or 1Gi.', type: 'string' },
  [time]: { description: 'A time in RFC 3339 with seconds.', type: 'string', format: 'date-time' },
  [microTime]: { description: 'A time in RFC 3339 with microseconds.', type: 'string', format: 'date-time' },
  [patch]: {
    description: 'Patch is provided to give a concrete name and type to the Kubernetes PATCH request body.',
    type: 'object',
  },
  [raw]: { description: 'Any object.', type: 'object' },
};

const scalars: Readonly<Record<ScalarType, OpenApiSchema | string>> = {
  string: { type: 'string' },
  boolean: { type: 'boolean' },
  int32: { type: 'integer', format: 'int32' },
  int64: { type: 'integer', format: 'int64' },
  double: { type: 'number', format: 'double' },
  bytes: { type: 'string', format: 'byte' },
  duration: { type: 'string' },
  quantity,
  'int-or-string': intOrString,
  time,
  'micro-time': microTime,
};

/** Collects the definitions a document needs, starting from the types its paths name. */
export class Definitions {
  readonly dialect: Dialect;
  readonly #gvks: ReadonlyMap<string, readonly object[]>;
  readonly schemas: Record<string, OpenApiSchema> = {};

  constructor(dialect: Dialect, gvks: ReadonlyMap<string, readonly object[]>) {
    this.dialect = dialect;
    this.#gvks = gvks;
  }

  /** A reference to the type; its definition and all it refers to are added. */
  reference(name: string): OpenApiSchema {
    if (this.schemas[name] === undefined) {
      const leaf = leaves[name];
      const schema = typeSchema(name);
      if (leaf !== undefined) this.schemas[name] = leaf;
      else if (schema !== undefined) this.#define(name, schema);
      else return { type: 'object' };
    }
    return { $ref: `${this.dialect.refPrefix}${name}` };
  }

  /** The same with a text of its own. */
  referenceWith(name: string, description: string): OpenApiSchema {
    const reference = this.reference(name);
    return this.dialect.wrapsRefs ? { allOf: [reference], description } : { ...reference, description };
  }

  /** The same for an object that is never absent; v2 does not say so. */
  referenceDefaulted(reference: OpenApiSchema): OpenApiSchema {
    return this.dialect.wrapsRefs ? { allOf: [reference], default: {} } : reference;
  }

  /** Adds a definition that no facts describe, such as a list. */
  add(name: string, schema: OpenApiSchema): OpenApiSchema {
    this.schemas[name] = schema;
    return this.referenceTo(name);
  }

  /** A reference to a definition that has been added. */
  referenceTo(name: string): OpenApiSchema {
    return { $ref: `${this.dialect.refPrefix}${name}` };
  }

  #define(name: string, schema: ObjectSchema): void {
    // Set first: types refer to each other in circles.
    this.schemas[name] = {};
    const texts = descriptionsOf(name);
    const properties: Record<string, OpenApiSchema> = {};
    const required: string[] = [];
    for (const field of schema.fields.values()) {
      if (field.inline) continue;
      properties[field.name] = this.#property(field, texts.fields.get(field.name) ?? '');
      if (field.required) required.push(field.name);
    }
    const gvks = this.#gvks.get(name);
    this.schemas[name] = {
      description: texts.type,
      type: 'object',
      properties,
      ...(required.length === 0 ? undefined : { required }),
      ...(schema.atomic === true ? { 'x-kubernetes-map-type': 'atomic' } : undefined),
      ...(gvks === undefined ? undefined : { 'x-kubernetes-group-version-kind': gvks }),
    };
  }

  #property(field: Field, description: string): OpenApiSchema {
    const shape = this.#shape(field.schema);
    const extensions = {
      description,
      ...(field.enum === undefined ? undefined : { enum: field.enum }),
      ...(field.default === undefined ? undefined : { default: field.default }),
      ...(field.patchStrategies === undefined
        ? undefined
        : { 'x-kubernetes-patch-strategy': field.patchStrategies.join(',') }),
      ...(field.patchMergeKey === undefined ? undefined : { 'x-kubernetes-patch-merge-key': field.patchMergeKey }),
    };
    if ('$ref' in shape && this.dialect.wrapsRefs) return { allOf: [shape], ...extensions };
    return { ...shape, ...extensions };
  }

  #shape(schema: Schema): OpenApiSchema {
    switch (schema.kind) {
      case 'object':
        return this.reference(schema.name);
      case 'scalar': {
        const scalar = scalars[schema.type];
        return typeof scalar === 'string' ? this.reference(scalar) : scalar;
      }
      case 'any':
        return this.reference(raw);
      case 'map':
        return {
          type: 'object',
          additionalProperties: this.#shape(schema.value),
          ...(schema.atomic === true ? { 'x-kubernetes-map-type': 'atomic' } : undefined),
        };
      case 'list':
        return {
          type: 'array',
          items: this.#shape(schema.item),
          ...(schema.listType === 'atomic' ? { 'x-kubernetes-list-type': 'atomic' } : undefined),
          ...(schema.listType === 'set' ? { 'x-kubernetes-list-type': 'set' } : undefined),
          ...(schema.listType === 'map'
            ? { 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': schema.keys }
            : undefined),
        };
    }
  }
}
