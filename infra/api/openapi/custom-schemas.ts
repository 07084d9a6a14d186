// Custom resources in the OpenAPI documents: the schema of their definition, with the fields every object has. In v2 it is
// only a shadow: clients that read v2 know no alternatives, no null and nothing unknown beside something known.

import type { CustomKind } from '../crd/custom-kind.ts';
import type { JsonSchema } from '../crd/definition.ts';
import type { Kind } from '../kinds/kind.ts';
import { descriptionsOf } from './descriptions.ts';
import { type Definitions, isV2, type OpenApiSchema } from './schemas.ts';

const objectMeta = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta';
const listMeta = 'io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta';
/** Any kind will do: its texts about the fields all kinds have. */
const exemplar = 'io.k8s.api.core.v1.ConfigMap';
const exemplarList = 'io.k8s.api.core.v1.ConfigMapList';

/** A reference to the kind's model; it and the model of its lists are added to the definitions. */
export function customReference(kind: Kind, custom: CustomKind, definitions: Definitions): OpenApiSchema {
  const { group, version } = kind;
  const gvk = { group, version, kind: kind.kind };
  const self = definitions.add(custom.model, {
    ...wholeSchema(custom, definitions),
    'x-kubernetes-group-version-kind': [gvk],
    ...(custom.selectable.size > 0 && {
      'x-kubernetes-selectable-fields': [...custom.selectable.keys()].map((fieldPath) => ({ fieldPath })),
    }),
  });
  definitions.add(customListModel(kind, custom), {
    description: `${kind.listKind} is a list of ${kind.kind}`,
    type: 'object',
    required: ['items'],
    properties: {
      ...typeProperties(),
      items: { description: `List of ${kind.resource}.`, type: 'array', items: self },
      metadata: definitions.referenceWith(listMeta, descriptionsOf(exemplarList).fields.get('metadata') ?? ''),
    },
    'x-kubernetes-group-version-kind': [{ ...gvk, kind: kind.listKind }],
  });
  return self;
}

export function customListModel({ listKind }: Kind, { model }: CustomKind): string {
  return `${model.slice(0, model.lastIndexOf('.'))}.${listKind}`;
}

function wholeSchema({ structural }: CustomKind, definitions: Definitions): OpenApiSchema {
  const schema = structural?.source;
  const v2 = isV2(definitions.dialect);
  // Properties beside unknown fields would make these clients refuse the unknown ones.
  if (schema === undefined || (v2 && schema['x-kubernetes-preserve-unknown-fields'] === true))
    return { type: 'object' };
  const shown = v2 ? schemaV2(schema, definitions) : schemaV3(schema, definitions);
  return withObjectFields(shown, definitions);
}

function withObjectFields(schema: OpenApiSchema, definitions: Definitions): OpenApiSchema {
  const metadata = definitions.referenceWith(objectMeta, descriptionsOf(exemplar).fields.get('metadata') ?? '');
  const properties = { ...(schema.properties as object | undefined), ...typeProperties(), metadata };
  return { ...schema, properties };
}

function typeProperties(): Readonly<Record<string, OpenApiSchema>> {
  const { fields } = descriptionsOf(exemplar);
  return Object.fromEntries(
    ['apiVersion', 'kind'].map((name) => [name, { description: fields.get(name) ?? '', type: 'string' }]),
  );
}

const alternatives = [{ type: 'integer' }, { type: 'string' }];

function schemaV3(schema: JsonSchema, definitions: Definitions): OpenApiSchema {
  const shown = mapped(schema, (inner) => schemaV3(inner, definitions));
  const embedded = schema['x-kubernetes-embedded-resource'] === true ? withEmbedded(shown, definitions) : shown;
  if (schema['x-kubernetes-int-or-string'] !== true || says(schema.anyOf) || says(schema.allOf?.[0]?.anyOf)) {
    return embedded;
  }
  const { anyOf, allOf = [] } = schema;
  return anyOf === undefined
    ? { ...embedded, anyOf: alternatives }
    : { ...embedded, allOf: [{ anyOf: alternatives }, ...allOf] };
}

function says(anyOf: readonly JsonSchema[] | undefined): boolean {
  return anyOf?.length === 2 && anyOf[0]?.type === 'integer' && anyOf[1]?.type === 'string';
}

function schemaV2(schema: JsonSchema, definitions: Definitions): OpenApiSchema {
  const { allOf: _a, oneOf: _o, anyOf: _n, not: _t, ...plain } = schema;
  const shown: Record<string, unknown> = { ...mapped(plain, (inner) => schemaV2(inner, definitions)) };
  const preserves = schema['x-kubernetes-preserve-unknown-fields'] === true;
  if (schema.nullable === true || preserves) {
    delete shown.items;
    delete shown.properties;
  }
  if (schema.nullable === true) {
    delete shown.type;
    delete shown.nullable;
  }
  if ((preserves && schema.type === 'object') || (schema.type === 'array' && shown.items === undefined))
    delete shown.type;
  const { required, properties = {}, additionalProperties: additional } = schema;
  const kept = required?.filter((name) => properties[name]?.nullable !== true);
  const nullableValues = typeof additional === 'object' && additional.nullable === true;
  if (nullableValues || kept?.length === 0) delete shown.required;
  else if (kept !== undefined) shown.required = kept;
  if (schema['x-kubernetes-embedded-resource'] === true && !preserves) return withEmbedded(shown, definitions);
  return shown;
}

function withEmbedded(schema: OpenApiSchema, definitions: Definitions): OpenApiSchema {
  const required = (schema.required as readonly string[] | undefined) ?? [];
  const missing = ['kind', 'apiVersion'].filter((name) => !required.includes(name));
  return { ...withObjectFields(schema, definitions), required: [...required, ...missing] };
}

/** The schema with every schema inside it shown. */
function mapped(schema: JsonSchema, show: (inner: JsonSchema) => OpenApiSchema): OpenApiSchema {
  const { items, properties, additionalProperties: additional, not } = schema;
  const lists = Object.fromEntries(
    (['allOf', 'oneOf', 'anyOf'] as const).flatMap((field) => {
      const list = schema[field];
      return list === undefined ? [] : [[field, list.map(show)]];
    }),
  );
  return {
    ...schema,
    ...lists,
    ...(not !== undefined && { not: show(not) }),
    ...(items !== undefined && { items: show(items as JsonSchema) }),
    ...(properties !== undefined && {
      properties: Object.fromEntries(Object.entries(properties).map(([name, inner]) => [name, show(inner)])),
    }),
    ...(typeof additional === 'object' && { additionalProperties: show(additional) }),
  };
}
