// `kubectl explain` has something to say of every type and every field, as far as Kubernetes itself has.

import { expect, test } from 'vitest';
import { allKinds } from '../../../../infra/api/kinds/kinds.ts';
import type { ObjectSchema, Schema } from '../../../../infra/api/kinds/schema.ts';
import { descriptionsOf } from '../../../../infra/api/openapi/descriptions.ts';

/** JSON schema explains itself elsewhere. */
const unexplained =
  /\.(CertificateSigningRequest\.metadata|IngressRule\.http|(JSONSchemaProps|ExternalDocumentation)\.\S+)$/;

test('every type and every field of every kind has a text', () => {
  const silent: string[] = [];
  const seen = new Set<ObjectSchema>();
  const visit = (schema: Schema): void => {
    if (schema.kind === 'list') visit(schema.item);
    else if (schema.kind === 'map') visit(schema.value);
    if (schema.kind !== 'object' || seen.has(schema)) return;
    seen.add(schema);
    const texts = descriptionsOf(schema.name);
    if (texts.type === '') silent.push(schema.name);
    for (const field of schema.fields.values()) {
      if ((texts.fields.get(field.name) ?? '') === '') silent.push(`${schema.name}.${field.name}`);
      visit(field.schema);
    }
  };
  for (const { schema } of allKinds()) visit(schema);
  expect(seen.size).toBeGreaterThan(450);
  expect(silent.filter((name) => !unexplained.test(name))).toEqual([]);
});
