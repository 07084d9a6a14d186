// Every kind in every encoding: an object that goes in as JSON, YAML or protobuf is the same object and encodes to the same
// bytes.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import { conform } from '../../../../infra/api/codec/conform.ts';
import { decodeBody } from '../../../../infra/api/codec/decode-body.ts';
import { encodeProtobuf, PROTOBUF_CONTENT_TYPE } from '../../../../infra/api/codec/protobuf.ts';
import type { Kind } from '../../../../infra/api/kinds/kind.ts';
import { allKinds } from '../../../../infra/api/kinds/kinds.ts';
import { schemaOf } from '../../../../infra/api/kinds/type-names.ts';
import { objectsOf } from './schema-objects.ts';

type Json = Record<string, unknown>;

/** The object as the server keeps it, once the body has been read. */
function read({ kind, schema }: Kind, contentType: string, bytes: Uint8Array): Json {
  const decoded = decodeBody({ contentType, bytes, expectedKind: kind, protobuf: schemaOf });
  if (decoded.type !== 'ok') throw new Error(decoded.message);
  const conformed = conform(decoded.object, schema, { fieldValidation: 'Strict', ...decoded.strictness });
  if (conformed.type !== 'conforms') throw new Error(conformed.message);
  return conformed.object;
}

const asJson = (object: Json): Buffer => Buffer.from(JSON.stringify(object));
const asYaml = (object: Json): Buffer =>
  Buffer.from(stringify(object, { version: '1.1', aliasDuplicateObjects: false }));

const kinds = allKinds().filter(({ protobuf }) => protobuf);

test('there are kinds to test', () => {
  expect(kinds.length).toBeGreaterThan(60);
});

test.each(kinds.map((kind) => [`${kind.resource}.${kind.group}/${kind.version}`, kind] as const))(
  '%s are the same in JSON, YAML and protobuf',
  (_, kind) => {
    const apiVersion = kind.group === '' ? kind.version : `${kind.group}/${kind.version}`;
    fc.assert(
      fc.property(objectsOf(kind.schema), (generated) => {
        const object: Json = { ...generated, kind: kind.kind, apiVersion };
        const stored = read(kind, 'application/json', asJson(object));
        expect(stored).toEqual(object);
        const bytes = encodeProtobuf(stored, kind.schema);
        const others = [
          read(kind, 'application/json', asJson(stored)),
          read(kind, 'application/yaml', asYaml(stored)),
          read(kind, PROTOBUF_CONTENT_TYPE, bytes),
        ];
        for (const other of others) {
          expect(other).toEqual(stored);
          expect(encodeProtobuf(other, kind.schema).equals(bytes)).toBe(true);
        }
      }),
      { numRuns: 12 },
    );
  },
);
