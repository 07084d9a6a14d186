import fc from 'fast-check';
import { expect, test } from 'vitest';
import { encodeObject } from '../../../streams/resources/encode.ts';
import { spellOnce, textOf } from '../../../streams/resources/fields-text.ts';
import type { KubeObject } from '../../../streams/resources/meta.ts';

/** As server-side apply has them, with whatever in the names. */
const { fields } = fc.letrec<{ fields: object }>((tie) => ({
  fields: fc.dictionary(
    fc.oneof(
      fc.constant('.'),
      fc.string().map((name) => `f:${name}`),
    ),
    fc.oneof({ maxDepth: 4 }, fc.constant({}), tie('fields')),
  ),
}));

test('fields are spelled as JSON.stringify would, known or new', () => {
  fc.assert(
    fc.property(fields, fields, (known, other) => {
      spellOnce(known);
      const set = { 'f:known': known, 'f:other': other };
      expect(textOf(set)).toBe(JSON.stringify(set));
    }),
  );
});

test('an object is its JSON, with whatever stands in its managedFields', () => {
  const entry = fc.record(
    {
      manager: fc.string(),
      operation: fc.constantFrom('Apply', 'Update'),
      fieldsV1: fc.oneof(fields, fc.constantFrom(null, 'odd', [])),
      subresource: fc.constantFrom(undefined, 'status'),
    },
    { requiredKeys: [] },
  );
  const entries = fc.option(fc.array(fc.oneof(entry, fc.constantFrom(null, 7))), { nil: undefined });
  const spec = fc.option(fc.jsonValue(), { nil: undefined });
  fc.assert(
    fc.property(entries, spec, fc.dictionary(fc.string(), fc.string()), (managedFields, spec, labels) => {
      const metadata = { managedFields, name: 'x', labels, resourceVersion: '7' };
      const object = { spec, apiVersion: 'v1', metadata, kind: 'Odd' } as unknown as KubeObject;
      const { resourceVersion: _, ...kept } = metadata;
      expect(JSON.parse(encodeObject(object).toString())).toEqual(
        JSON.parse(JSON.stringify({ ...object, metadata: kept })),
      );
    }),
  );
});

test('an object with nothing in it is one still', () => {
  const bare = { kind: 'Odd', apiVersion: 'v1', metadata: {} } as unknown as KubeObject;
  expect(encodeObject(bare).toString()).toBe('{"kind":"Odd","apiVersion":"v1","metadata":{}}');
  const managed = { ...bare, metadata: { managedFields: [] } } as unknown as KubeObject;
  expect(encodeObject(managed).toString()).toBe('{"kind":"Odd","apiVersion":"v1","metadata":{"managedFields":[]}}');
});
