// Bodies: objects of every kind with something wrong in them, as JSON, YAML and protobuf; objects whose values have the
// right types and any values; and bytes that are none of it.

import { stringify } from 'yaml';
import { encodeProtobuf } from '../../../infra/api/codec/protobuf.ts';
import type { Body } from '../../kit/api-world.ts';
import { goldens } from '../corpus.ts';
import type { Draw } from '../draw.ts';
import { fittingObject, mutated } from '../mutate.ts';
import {
  collectionPath,
  dryRun,
  type FuzzRequest,
  freshNames,
  jsonBody,
  jsonType,
  kindOfBody,
  named,
  type TypedBody,
} from '../request.ts';

const protobufType = { 'content-type': 'application/vnd.kubernetes.protobuf' };

/** An object of any kind, spoilt, in any encoding. */
export function bodies(draw: Draw): FuzzRequest {
  const object = draw.one(goldens);
  const encoded = draw.way([
    [5, () => ({ body: jsonBody(mutated(draw, object)), headers: jsonType })],
    [2, () => ({ body: damagedText(draw, JSON.stringify(object)), headers: jsonType })],
    [2, () => yamlBody(draw, object)],
    [3, () => protobufBody(draw, object)],
    [1, () => ({ body: rawBody(draw), headers: draw.one([jsonType, protobufType, yamlType, {}]) })],
  ]);
  return { ...place(draw, object), ...encoded };
}

/** An object whose values all have the types the schema asks for. */
export function typedObjects(draw: Draw): FuzzRequest {
  const golden = draw.one(goldens);
  const random = fittingObject(draw, kindOfBody(golden).schema);
  const { metadata: _, ...parts } = random;
  const object = Object.fromEntries(
    Object.entries({ ...golden, ...parts, apiVersion: golden.apiVersion, kind: golden.kind }).map(([key, value]) => {
      const own = golden[key];
      const both = isObject(value) && isObject(own);
      return [key, both ? { ...own, ...value } : value];
    }),
  ) as TypedBody;
  return { ...place(draw, object), headers: jsonType, body: jsonBody(named(object, draw.one(freshNames))) };
}

/** Where and how the object is written. */
function place(draw: Draw, object: TypedBody): Pick<FuzzRequest, 'method' | 'path'> {
  const kind = kindOfBody(object);
  const collection = collectionPath(kind, draw.chance(0.9) ? undefined : draw.one(['absent', '']));
  const strict = draw.chance(0.2) ? `${draw.one(['Strict', 'Warn', 'Ignore', 'x'])}` : '';
  const query = `${dryRun(draw) || '?'}${strict === '' ? '' : `&fieldValidation=${strict}`}`;
  if (draw.chance(0.5)) return { method: 'POST', path: collection + query };
  const subresources = kind.subresources.filter(({ verbs }) => verbs.includes('update') || verbs.includes('create'));
  const part = subresources.length > 0 && draw.chance(0.3) ? `/${draw.one(subresources).name}` : '';
  return { method: draw.one(['PUT', 'PUT', 'POST', 'DELETE']), path: `${collection}/golden${part}${query}` };
}

const yamlType = { 'content-type': 'application/yaml' };

function yamlBody(draw: Draw, object: TypedBody): Pick<FuzzRequest, 'body' | 'headers'> {
  const text = stringify(draw.chance(0.5) ? mutated(draw, object) : object);
  return { body: draw.chance(0.5) ? damagedText(draw, text) : Buffer.from(text), headers: yamlType };
}

function protobufBody(draw: Draw, object: TypedBody): Pick<FuzzRequest, 'body' | 'headers'> {
  const bytes = encodeProtobuf(object as Body as Record<string, unknown>, kindOfBody(object).schema);
  return { body: draw.damaged(bytes), headers: protobufType };
}

function damagedText(draw: Draw, text: string): Buffer {
  const typo = Buffer.from(draw.typo(text));
  return draw.chance(0.2) ? draw.damaged(typo) : typo;
}

export function rawBody(draw: Draw): Buffer {
  return draw.chance(0.4) ? draw.bytes(200) : Buffer.from(draw.one(raw));
}

function isObject(value: unknown): value is Body {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const raw: readonly (string | Buffer)[] = [
  ...[
    '',
    '{',
    '[]',
    'null',
    '5',
    '"text"',
    '{"kind":5}',
    '{"apiVersion":"a/b/c"}',
    '{"metadata":5}',
    '\ufeff{}',
    '{}{}',
  ],
  ...['{"metadata":{"name":{}}}', 'a: [b', '- a\n- b', '&a [*a]', '%YAML 9.9', '{"a":1,"a":2}', '\u0000', '---\n---\n'],
  ...[
    '['.repeat(20_000),
    '{"a":'.repeat(20_000),
    `[${'[],'.repeat(5_000)}0]`,
    `{"data":{${'"a":"",'.repeat(3_000)}"b":""}}`,
  ],
  ...['{"kind":"Pod","apiVersion":"v1","spec":null}', '{"kind":"List","apiVersion":"v1","items":[{}]}', '1e999', '-'],
  ...['{"kind":"Status","apiVersion":"v1"}', '{"kind":"DeleteOptions","apiVersion":"v1","preconditions":{"uid":5}}'],
  ...[
    '{"apiVersion":"v1","kind":"DeleteOptions","propagationPolicy":"x","gracePeriodSeconds":1e99}',
    '{"dryRun":["x"]}',
  ],
  ...['a: &a {b: *a}', '? ? ? a', '!!python/object:os {}', '"\\ud800"', '{"\\u0000":1}', `a: ${'[{'.repeat(3_000)}`],
  Buffer.from('6b387300', 'hex'),
  Buffer.from('6b3873000a', 'hex'),
  Buffer.from('6b3873000a0b0a02763112035069641200ff', 'hex'),
  Buffer.from('6b3873000affffffffffffffffff01', 'hex'),
  Buffer.from('1f8b0800000000000003', 'hex'),
];
