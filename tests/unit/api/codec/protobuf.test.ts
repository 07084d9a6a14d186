// Protobuf bodies: every object of every type comes back unchanged, and broken bytes are refused with their reason.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeProtobuf, encodeProtobuf } from '../../../../infra/api/codec/protobuf.ts';
import { typeNames, typeSchema } from '../../../../infra/api/kinds/facts.ts';
import type { ObjectSchema } from '../../../../infra/api/kinds/schema.ts';
import { schemaOf } from '../../../../infra/api/kinds/type-names.ts';
import { objectsOf } from './schema-objects.ts';

const isObject = (schema: ObjectSchema): boolean => schema.fields.get('apiVersion')?.number === 0;
/** Table and its like have no protobuf numbers: Kubernetes prints them as JSON only. */
const onWire = (schema: ObjectSchema): boolean => [...schema.fields.values()].some(({ number }) => number > 0);

const objects = typeNames()
  .map((name) => typeSchema(name) as ObjectSchema)
  .filter((schema) => isObject(schema) && onWire(schema));

test('there are objects to test', () => {
  expect(objects.length).toBeGreaterThan(100);
});

test.each(objects.map((schema) => [schema.name, schema] as const))('%s comes back unchanged', (_, schema) => {
  fc.assert(
    fc.property(objectsOf(schema), (object) => {
      const named = { kind: 'Any', apiVersion: 'any/v1', ...object };
      expect(decodeProtobuf(encodeProtobuf(named, schema), () => schema)).toEqual({
        type: 'decoded',
        apiVersion: 'any/v1',
        kind: 'Any',
        value: named,
      });
    }),
    { numRuns: 10 },
  );
});

const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web' }, spec: { containers: [] } };
const podSchema = schemaOf('v1', 'Pod') as ObjectSchema;
const podBytes = encodeProtobuf(pod, podSchema);

test('the schema is asked for by the type the envelope names', () => {
  expect(decodeProtobuf(podBytes, schemaOf)).toMatchObject({ type: 'decoded', apiVersion: 'v1', kind: 'Pod' });
  expect(decodeProtobuf(podBytes, () => undefined)).toEqual({ type: 'unknown-kind', apiVersion: 'v1', kind: 'Pod' });
});

test('empty values of a Go client are dropped or kept as Go prints them', () => {
  const decoded = decodeProtobuf(encodeProtobuf({ apiVersion: 'v1', kind: 'Pod' }, podSchema), schemaOf);
  expect(decoded.type === 'decoded' && decoded.value).toEqual({
    kind: 'Pod',
    apiVersion: 'v1',
    metadata: {},
    spec: { containers: null },
    status: {},
  });
});

test('bytes that are not a Kubernetes envelope are refused with the reason', () => {
  const message = (bytes: Uint8Array): string => {
    const decoded = decodeProtobuf(bytes, schemaOf);
    return decoded.type === 'malformed' ? decoded.message : decoded.type;
  };
  expect(message(Buffer.alloc(0))).toBe('empty data');
  expect(message(Buffer.from('{}'))).toBe(
    'provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]',
  );
  expect(message(podBytes.subarray(0, 4))).toBe('empty body');
  expect(message(podBytes.subarray(0, podBytes.length - 5))).toBe('unexpected EOF');
  expect(message(Buffer.from('6b38730012050a05', 'hex'))).toBe('unexpected EOF');
});

test('arbitrary damage is refused or decoded, never thrown', () => {
  fc.assert(
    fc.property(fc.nat(podBytes.length - 1), fc.nat(255), (index, byte) => {
      const damaged = Buffer.from(podBytes);
      damaged[index] = byte;
      expect(['decoded', 'malformed', 'unknown-kind']).toContain(decodeProtobuf(damaged, schemaOf).type);
    }),
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      const body = Buffer.concat([Buffer.from('6b38730012', 'hex'), Buffer.from([bytes.length]), bytes]);
      expect(['decoded', 'malformed']).toContain(decodeProtobuf(body, () => podSchema).type);
    }),
  );
});

test('fields of a newer version are skipped', () => {
  // metadata {name: "web"} between an unknown text (field 99) and an unknown number (field 98).
  const raw = Buffer.from('9a06027878 0a050a03776562 900607'.replaceAll(' ', ''), 'hex');
  const body = Buffer.concat([Buffer.from('6b38730012', 'hex'), Buffer.from([raw.length]), raw]);
  const decoded = decodeProtobuf(body, () => schemaOf('v1', 'ConfigMap'));
  expect(decoded.type === 'decoded' && decoded.value).toEqual({ metadata: { name: 'web' } });
});

test('a message that comes in parts is one, also where an earlier part lacked a list', () => {
  // spec {} and then spec {containers: [{name: "c"}]}, as field 2 of a pod.
  const raw = Buffer.from('1200 1205 12030a0163'.replaceAll(' ', ''), 'hex');
  const body = Buffer.concat([Buffer.from('6b38730012', 'hex'), Buffer.from([raw.length]), raw]);
  const decoded = decodeProtobuf(body, () => podSchema);
  expect(decoded.type === 'decoded' && decoded.value.spec).toMatchObject({ containers: [{ name: 'c' }] });
});

test('structures nested without end are refused', () => {
  const schema = typeSchema('io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps') as ObjectSchema;
  let nested: Record<string, unknown> = { type: 'string' };
  for (let depth = 0; depth < 600; depth++) nested = { not: nested };
  const decoded = decodeProtobuf(encodeProtobuf(nested, schema), () => schema);
  expect(decoded).toEqual({ type: 'malformed', message: 'messages are nested too deeply' });
});
