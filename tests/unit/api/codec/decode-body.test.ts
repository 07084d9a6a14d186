// Bodies of every content type become objects, and broken ones the answer Kubernetes gives.

import { expect, test } from 'vitest';
import { decodeBody } from '../../../../infra/api/codec/decode-body.ts';
import { encodeProtobuf } from '../../../../infra/api/codec/protobuf.ts';
import type { ObjectSchema } from '../../../../infra/api/kinds/schema.ts';
import { schemaOf } from '../../../../infra/api/kinds/type-names.ts';

function decode(contentType: string | undefined, body: string | Uint8Array) {
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  return decodeBody({ contentType, bytes, expectedKind: 'Pod', protobuf: schemaOf });
}

function message(contentType: string | undefined, body: string | Uint8Array): string {
  const decoded = decode(contentType, body);
  return decoded.type === 'ok' ? 'ok' : decoded.message;
}

const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web' } };

test('JSON, YAML and protobuf bodies give the same object', () => {
  const object = { ...pod, spec: { containers: null }, status: {} };
  const json = JSON.stringify(object);
  const yaml = 'apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\nspec:\n  containers:\nstatus: {}\n';
  const protobuf = encodeProtobuf(object, schemaOf('v1', 'Pod') as ObjectSchema);
  expect(decode('application/json; charset=utf-8', json)).toMatchObject({ object, contentType: 'json' });
  expect(decode('Application/YAML', yaml)).toMatchObject({ object, contentType: 'yaml' });
  expect(decode('application/vnd.kubernetes.protobuf', protobuf)).toMatchObject({ object, contentType: 'protobuf' });
});

test('a body without a content type is JSON', () => {
  expect(decode(undefined, JSON.stringify(pod))).toMatchObject({ type: 'ok', contentType: 'json' });
  expect(decode('', JSON.stringify(pod))).toMatchObject({ type: 'ok', contentType: 'json' });
});

test('other content types are unsupported, and the answer lists the supported ones', () => {
  expect(decode('text/plain', '{}')).toEqual({
    type: 'unsupported',
    message:
      'the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf',
  });
  const custom = { contentType: 'application/vnd.kubernetes.protobuf', bytes: Buffer.alloc(0), expectedKind: 'Widget' };
  expect(decodeBody(custom)).toEqual({
    type: 'unsupported',
    message:
      'the body of the request was in an unknown format - accepted media types include: application/json, application/yaml',
  });
});

test('malformed JSON is refused with Kubernetes’ text and the beginning of the body', () => {
  const prefix =
    "the object provided is unrecognized (must be of type Pod): couldn't get version/kind; json parse error: ";
  expect(message('application/json', '')).toBe(`${prefix}unexpected end of JSON input (<empty>)`);
  expect(message('application/json', '{"kind":"Pod",}')).toBe(
    `${prefix}invalid character '}' looking for beginning of object key string ({"kind":"Pod",})`,
  );
  expect(message('application/json', 'kind: Pod')).toBe(
    `${prefix}invalid character 'k' looking for beginning of value (6b696e643a20506f64)`,
  );
  expect(message('application/json', `{"metadata":{"name":"a-long-name-of-a-pod"}`)).toBe(
    `${prefix}unexpected end of JSON input ({"metadata":{"name":"a-long-na ...)`,
  );
});

test('a JSON body that is not an object, or whose kind is no text, is refused', () => {
  expect(message('application/json', '[]')).toContain(
    'json: cannot unmarshal array into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" } (5b5d)',
  );
  expect(message('application/json', '{"kind":5}')).toContain(
    'json: cannot unmarshal number into Go struct field .kind of type string',
  );
  expect(message('application/json', '{"apiVersion":"a/b/c"}')).toContain('unexpected GroupVersion string: a/b/c');
});

test('null is an empty object, which validation will refuse later', () => {
  expect(decode('application/json', 'null')).toMatchObject({ type: 'ok', object: {} });
  expect(decode('application/yaml', '')).toMatchObject({ type: 'ok', object: {} });
});

test('bytes that are not UTF-8 are refused', () => {
  const bytes = Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]);
  expect(message('application/json', bytes)).toContain('invalid UTF-8');
  expect(message('application/yaml', bytes)).toContain('invalid UTF-8');
});

test('bodies nested without end are refused', () => {
  expect(message('application/json', '['.repeat(100_000))).toContain('exceeded max depth');
  expect(message('application/json', `{"a":${'['.repeat(5000)}${']'.repeat(5000)}}`)).toContain('exceeded max depth');
  expect(message('application/yaml', '- '.repeat(5000))).toContain('exceeded max depth');
  expect(message('application/yaml', '['.repeat(50_000))).not.toBe('ok');
});

test('malformed YAML is refused with the line', () => {
  expect(message('application/yaml', 'kind: Pod\nspec: a: b')).toContain(
    'yaml: line 2: mapping values are not allowed in this context',
  );
  expect(message('application/yaml', 'a: .nan')).toContain('json: unsupported value: NaN');
});

test('duplicate YAML keys are handed on for strict validation, the last one wins', () => {
  expect(decode('application/yaml', 'kind: Pod\nspec:\n  nodeName: a\n  nodeName: b\n')).toMatchObject({
    object: { spec: { nodeName: 'b' } },
    strictness: { findings: ['yaml: line 4: key "nodeName" already set in map'] },
  });
});

test('protobuf of a kind nobody knows is refused', () => {
  const bytes = encodeProtobuf({ apiVersion: 'example.com/v1', kind: 'Widget' }, schemaOf('v1', 'Pod') as ObjectSchema);
  expect(message('application/vnd.kubernetes.protobuf', bytes)).toBe(
    'Widget in version "v1" cannot be handled as a Pod: no kind "Widget" is registered for version "example.com/v1" in scheme "pkg/api/legacyscheme/scheme.go:30"',
  );
});

test('protobuf that is not protobuf is refused', () => {
  expect(message('application/vnd.kubernetes.protobuf', '{"kind":"Pod"}')).toBe(
    'the object provided is unrecognized (must be of type Pod): provided data does not appear to be a protobuf message, expected prefix [107 56 115 0] ({"kind":"Pod"})',
  );
});
