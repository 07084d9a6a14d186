// Definitions of custom resources with broken schemas, names and versions, and custom objects that do not fit theirs.

import { gadget, gadgetDefinition, gadgetSchema, gadgetsPath } from '../corpus.ts';
import type { Draw } from '../draw.ts';
import { mutated } from '../mutate.ts';
import { collectionPath, type FuzzRequest, freshNames, jsonBody, jsonType, kindOfBody, named } from '../request.ts';

const definitionsPath = collectionPath(kindOfBody(gadgetDefinition));

export function definitions(draw: Draw): FuzzRequest {
  const schema = draw.chance(0.6) ? schemaOf(draw, 3) : mutated(draw, gadgetSchema, 1 + draw.int(4));
  const plural = `things${draw.int(4)}`;
  const spec = {
    group: draw.chance(0.95) ? 'fuzz.example.com' : draw.one(['', 'apps', 'x.k8s.io', 'A B']),
    scope: draw.one(['Namespaced', 'Namespaced', 'Cluster', 'x']),
    names: {
      plural,
      kind: draw.one(['Thing', 'Thing', 'Gadget', 'thing', '']),
      shortNames: draw.some(2, () => draw.one(['th', 'po', 'A'])),
    },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: { openAPIV3Schema: schema },
        subresources: draw.one([undefined, { status: {} }, { scale: { specReplicasPath: 'x' } }]),
      },
      ...draw.some(1, () => ({
        name: draw.one(['v1', 'v2', 'X']),
        served: true,
        storage: draw.chance(0.2),
        schema: { openAPIV3Schema: schemaOf(draw, 2) },
      })),
    ],
    conversion: draw.one([undefined, { strategy: 'None' }, { strategy: 'Webhook' }, { strategy: 'x' }]),
  };
  const whole = { ...gadgetDefinition, metadata: { name: `${plural}.fuzz.example.com` }, spec };
  const body = jsonBody(draw.chance(0.3) ? mutated(draw, whole) : whole);
  if (draw.chance(0.1)) {
    const changed = jsonBody(mutated(draw, gadgetDefinition, 1 + draw.int(3)));
    return {
      method: 'PUT',
      path: `${definitionsPath}/gadgets.fuzz.example.com?dryRun=All`,
      headers: jsonType,
      body: changed,
    };
  }
  const dry = draw.chance(0.97) ? '?dryRun=All' : '';
  return { method: 'POST', path: definitionsPath + dry, headers: jsonType, body };
}

export function customObjects(draw: Draw): FuzzRequest {
  const object = mutated(draw, draw.chance(0.8) ? gadget : { ...gadget, apiVersion: 'fuzz.example.com/v2' });
  const path = draw.chance(0.9) ? gadgetsPath : gadgetsPath.replace('/v1/', '/v2/');
  const query = `?fieldValidation=${draw.one(['Strict', 'Warn', 'Ignore'])}${draw.chance(0.3) ? '&dryRun=All' : ''}`;
  return draw.way<FuzzRequest>([
    [
      4,
      () => ({
        method: 'PUT',
        path: `${path}/golden${draw.one(['', '', '/status', '/scale'])}${query}`,
        headers: jsonType,
        body: jsonBody(object),
      }),
    ],
    [
      3,
      () => ({
        method: 'POST',
        path: path + query,
        headers: jsonType,
        body: jsonBody(isBody(object) ? named(object, draw.one(freshNames)) : object),
      }),
    ],
    [
      2,
      () => ({
        method: 'PATCH',
        path: `${path}/golden${query}`,
        headers: { 'content-type': 'application/merge-patch+json' },
        body: jsonBody(object),
      }),
    ],
    [
      2,
      () => ({
        method: 'PATCH',
        path: `${path}/golden${query}&fieldManager=${draw.one(['f', 'g'])}&force=true`,
        headers: { 'content-type': 'application/apply-patch+yaml' },
        body: jsonBody(object),
      }),
    ],
    [
      1,
      () => ({
        method: 'GET',
        path: `${path}?fieldSelector=${draw.one(['spec.name=a-b', 'spec.max=4', 'metadata.name=x'])}`,
        headers: { accept: draw.one(accepts) },
      }),
    ],
    [1, () => ({ method: 'DELETE', path: `${path}/${draw.one(freshNames)}`, headers: {} })],
  ]);
}

function isBody(value: unknown): value is typeof gadget {
  const metadata = (value as { readonly metadata?: unknown } | null)?.metadata;
  return typeof metadata === 'object' && metadata !== null;
}

const accepts = [
  'application/json',
  'application/yaml',
  'application/json;as=Table;v=v1;g=meta.k8s.io',
  'application/vnd.kubernetes.protobuf',
];

/** A schema put together from its vocabulary without regard to what goes with what. */
function schemaOf(draw: Draw, depth: number): unknown {
  const inner = () => (depth <= 0 ? { type: 'string' } : schemaOf(draw, depth - 1));
  const words: readonly (readonly [string, () => unknown])[] = [
    [
      'properties',
      () =>
        Object.fromEntries(draw.some(3, () => [draw.one(['a', 'spec', 'metadata', '__proto__', 'x y', '']), inner()])),
    ],
    ['items', inner],
    ['additionalProperties', () => draw.one([inner(), true, false])],
    ['allOf', () => draw.some(2, inner)],
    ['anyOf', () => draw.some(2, inner)],
    ['oneOf', () => draw.some(2, inner)],
    ['not', inner],
    ['required', () => draw.one([['a'], [], ['a', 'a'], 'a', [5]])],
    ['enum', () => draw.one([['a'], [], [1, 'a', null], [{}], 'a'])],
    ['pattern', () => draw.one(['^a+$', '(', '(a+)+$', '\\p{L}', '(?=a)', '[', `${'(a?)'.repeat(40)}`])],
    ['format', () => draw.one(['date-time', 'ipv4', 'uuid', 'int32', 'x', 'byte', 'duration'])],
    ['default', () => draw.one([1, 'a', null, {}, [], { a: 1 }, [[]]])],
    ['minimum', () => draw.one([0, -1, 'x', 1e300])],
    ['multipleOf', () => draw.one([0, 0.1, -1, 3])],
    ['maxLength', () => draw.one([0, -1, 1e10, 1.5])],
    ['nullable', () => draw.one([true, false, 'x'])],
    ['x-kubernetes-list-type', () => draw.one(['map', 'set', 'atomic', 'x'])],
    ['x-kubernetes-list-map-keys', () => draw.one([['a'], [], ['a', 'a'], 'a'])],
    ['x-kubernetes-map-type', () => draw.one(['granular', 'atomic', 'x'])],
    ['x-kubernetes-int-or-string', () => draw.one([true, false])],
    ['x-kubernetes-preserve-unknown-fields', () => draw.one([true, false])],
    ['x-kubernetes-embedded-resource', () => true],
    ['$ref', () => '#/definitions/x'],
    ['uniqueItems', () => true],
    ['title', () => draw.one(['', 5])],
  ];
  const chosen = draw.some(4, () => {
    const [word, make] = draw.one(words);
    return [word, make()] as const;
  });
  const type = draw.one([
    'object',
    'object',
    'object',
    'array',
    'string',
    'integer',
    'number',
    'boolean',
    'null',
    '',
    5,
  ]);
  return { type: depth === 3 ? 'object' : type, ...Object.fromEntries(chosen) };
}
