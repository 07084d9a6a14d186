// The protobuf form of an OpenAPI v2 document (gnostic's OpenAPIv2.proto), as far as a document without operations needs
// it: kubectl up to 1.28 asks for nothing else and refuses to go on without. Field numbers are that schema's.

import { yamlLibrary } from '../codec/yaml-library.ts';

type Schema = Readonly<Record<string, unknown>>;
type DocumentV2 = {
  readonly swagger: string;
  readonly info: { readonly title: string; readonly version: string };
  readonly definitions: Readonly<Record<string, Schema>>;
};

export function gnosticDocument({ swagger, info, definitions }: DocumentV2): Buffer {
  const named = Object.entries(definitions).map(([name, schema]) =>
    message(1, text(1, name), message(2, schemaMessage(schema))),
  );
  return Buffer.concat([
    text(1, swagger),
    message(2, text(1, info.title), text(2, info.version)),
    message(8, Buffer.alloc(0)),
    message(9, ...named),
  ]);
}

function schemaMessage(schema: Schema): Buffer {
  const parts: Buffer[] = [];
  if (typeof schema.$ref === 'string') parts.push(text(1, schema.$ref));
  if (typeof schema.format === 'string') parts.push(text(2, schema.format));
  if (typeof schema.description === 'string' && schema.description !== '') parts.push(text(4, schema.description));
  for (const name of (schema.required ?? []) as readonly string[]) parts.push(text(19, name));
  if (schema.additionalProperties !== undefined) {
    const values = schema.additionalProperties as Schema | boolean;
    parts.push(message(21, typeof values === 'boolean' ? flag(2, values) : message(1, schemaMessage(values))));
  }
  if (typeof schema.type === 'string') parts.push(message(22, text(1, schema.type)));
  if (schema.items !== undefined) parts.push(message(23, message(1, schemaMessage(schema.items as Schema))));
  if (schema.properties !== undefined) {
    const properties = Object.entries(schema.properties as Readonly<Record<string, Schema>>);
    const entries = properties.map(([name, property]) =>
      message(1, text(1, name), message(2, schemaMessage(property))),
    );
    parts.push(message(25, ...entries));
  }
  for (const key of Object.keys(schema).filter((name) => name.startsWith('x-'))) {
    parts.push(message(31, text(1, key), message(2, text(2, yamlLibrary().stringify(schema[key])))));
  }
  return Buffer.concat(parts);
}

function text(field: number, value: string): Buffer {
  return message(field, Buffer.from(value));
}

function message(field: number, ...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([varint((field << 3) | 2), varint(body.length), body]);
}

function flag(field: number, value: boolean): Buffer {
  return Buffer.concat([varint(field << 3), varint(value ? 1 : 0)]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 0x7f) {
    bytes.push((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  bytes.push(rest);
  return Buffer.from(bytes);
}
