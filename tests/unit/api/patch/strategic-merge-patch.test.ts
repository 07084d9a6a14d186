import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Json, JsonObject } from '../../../../infra/api/patch/json-value.ts';
import { applyStrategicMergePatch } from '../../../../infra/api/patch/strategic-merge-patch.ts';
import { deploymentSchema, deployments, essence, frozen, schemaNamed } from './support.ts';

const apply = (object: JsonObject, patch: Json) =>
  applyStrategicMergePatch(frozen(object), frozen(patch), deploymentSchema);

/** What a patch of the pod's spec makes of it. */
const podSpec = (object: JsonObject, patch: JsonObject): Json | undefined => {
  const outcome = apply({ spec: { template: { spec: object } } }, { spec: { template: { spec: patch } } });
  if (outcome.kind === 'invalid') return `${outcome.code} ${outcome.reason}: ${outcome.detail ?? outcome.message}`;
  return (outcome.object as { spec: { template: { spec: Json } } }).spec.template.spec;
};

const metadata = (object: JsonObject, patch: JsonObject): Json | undefined => {
  const outcome = apply({ metadata: object }, { metadata: patch });
  return outcome.kind === 'invalid' ? `${outcome.code} ${outcome.reason}: ${outcome.message}` : outcome.object.metadata;
};

const [a, b, c, d] = [{ name: 'a' }, { name: 'b' }, { name: 'c' }, { name: 'd' }];

describe('structures', () => {
  test.each<[string, JsonObject, JsonObject, Json]>([
    ['merge field by field', { hostname: 'x', paused: true }, { hostname: 'y' }, { hostname: 'y', paused: true }],
    ['lose a field set to null', { hostname: 'x', subdomain: 's' }, { subdomain: null }, { hostname: 'x' }],
    [
      'take a new one without its nulls',
      {},
      { securityContext: { runAsUser: 1, fsGroup: null } },
      { securityContext: { runAsUser: 1 } },
    ],
    [
      'are replaced under $patch: replace',
      { securityContext: { runAsUser: 1, fsGroup: 2 } },
      { securityContext: { $patch: 'replace', fsGroup: 3 } },
      { securityContext: { fsGroup: 3 } },
    ],
    [
      'are emptied under $patch: delete',
      { securityContext: { runAsUser: 1 } },
      { securityContext: { $patch: 'delete' } },
      { securityContext: {} },
    ],
    ['a new one marked $patch is no content', {}, { securityContext: { $patch: 'delete' } }, {}],
    [
      'maps merge like structures',
      { nodeSelector: { a: '1', b: '2' } },
      { nodeSelector: { b: null, c: '3' } },
      { nodeSelector: { a: '1', c: '3' } },
    ],
    ['a value of another type is replaced', { hostname: 'x' }, { hostname: { a: 1 } }, { hostname: { a: 1 } }],
  ])('%s', (_, object, patch, expected) => {
    expect(podSpec(object, patch)).toEqual(expected);
  });

  test('$retainKeys clears what it does not name', () => {
    const strategy = { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1 } };
    expect(apply({ spec: { strategy } }, { spec: { strategy: { $retainKeys: ['type'], type: 'Recreate' } } })).toEqual({
      kind: 'patched',
      object: { spec: { strategy: { type: 'Recreate' } } },
    });
  });

  test('$retainKeys works on a structure the object leaves out because it is empty', () => {
    expect(apply({ spec: {} }, { spec: { strategy: { $retainKeys: ['type'], type: 'Recreate' } } })).toEqual({
      kind: 'patched',
      object: { spec: { strategy: { type: 'Recreate' } } },
    });
  });

  test('$retainKeys must name every field the patch sets', () => {
    expect(apply({ spec: {} }, { spec: { strategy: { $retainKeys: ['rollingUpdate'], type: 'Recreate' } } })).toEqual({
      kind: 'invalid',
      reason: 'BadRequest',
      code: 400,
      message: 'invalid patch format of retainKeys',
    });
  });
});

describe('lists of structures', () => {
  test.each<[string, JsonObject, JsonObject, Json]>([
    [
      'merge by key',
      { containers: [{ name: 'a', image: '1' }, b] },
      { containers: [{ name: 'a', tty: true }] },
      { containers: [{ name: 'a', image: '1', tty: true }, b] },
    ],
    [
      'take new items in front of those the patch does not name',
      { containers: [a, b] },
      { containers: [c] },
      { containers: [c, a, b] },
    ],
    [
      'keep the place of the items a patch names',
      { containers: [a, b, c] },
      { containers: [{ name: 'b', image: '1' }] },
      { containers: [a, { name: 'b', image: '1' }, c] },
    ],
    ['come in the order of the patch', { containers: [a, b, c] }, { containers: [c, a] }, { containers: [b, c, a] }],
    [
      'lose the item marked $patch: delete',
      { containers: [a, b] },
      { containers: [{ name: 'a', $patch: 'delete' }] },
      { containers: [b] },
    ],
    [
      'are replaced when an item says $patch: replace',
      { containers: [a, b] },
      { containers: [c, { $patch: 'replace' }] },
      { containers: [c] },
    ],
    [
      'merge their lists in turn',
      { containers: [{ name: 'a', env: [{ name: 'X', value: '1' }] }] },
      { containers: [{ name: 'a', env: [{ name: 'Y', value: '2' }] }] },
      {
        containers: [
          {
            name: 'a',
            env: [
              { name: 'Y', value: '2' },
              { name: 'X', value: '1' },
            ],
          },
        ],
      },
    ],
    [
      'without a merge strategy are replaced',
      { tolerations: [{ key: 'a' }] },
      { tolerations: [{ key: 'b' }] },
      { tolerations: [{ key: 'b' }] },
    ],
    [
      'of scalars without a merge strategy are replaced',
      { dnsConfig: { searches: ['a'] } },
      { dnsConfig: { searches: ['b'] } },
      { dnsConfig: { searches: ['b'] } },
    ],
    [
      'a patch item without the key is refused',
      { containers: [a] },
      { containers: [{ image: '1' }] },
      '500 : map: map[image:1] does not contain declared merge key: name',
    ],
    [
      '$patch: merge is refused',
      { containers: [a] },
      { containers: [{ name: 'a', $patch: 'merge' }] },
      '500 : merging lists cannot yet be specified in the patch',
    ],
    [
      'an unknown $patch is refused',
      { containers: [a] },
      { containers: [{ name: 'a', $patch: 'x' }] },
      '500 : unknown patch type: x in map: map[$patch:x name:a]',
    ],
    [
      'mixed types are refused',
      { containers: [a] },
      { containers: ['x'] },
      '500 : list element types are not identical: [[map[name:a]] [x]]',
    ],
    [
      'lists of lists are refused',
      { containers: [[1]] },
      { containers: [[2]] },
      '422 Invalid: lists of lists are not supported',
    ],
  ])('%s', (_, object, patch, expected) => {
    expect(podSpec(object, patch)).toEqual(expected);
  });
});

describe('$setElementOrder', () => {
  const order = (...names: string[]): JsonObject[] => names.map((name) => ({ name }));
  test.each<[string, JsonObject, JsonObject, Json]>([
    [
      'reorders without changing content',
      { containers: [a, b, c] },
      { '$setElementOrder/containers': order('c', 'a', 'b') },
      { containers: [c, a, b] },
    ],
    [
      'keeps items the client does not know between their neighbours',
      { containers: [a, b, c] },
      { '$setElementOrder/containers': order('c', 'a') },
      { containers: [b, c, a] },
    ],
    [
      'leaves an injected item behind the one it followed',
      { containers: [a, d, b] },
      { '$setElementOrder/containers': order('a', 'b') },
      { containers: [a, d, b] },
    ],
    [
      'orders what the patch adds',
      { containers: [a, b] },
      { '$setElementOrder/containers': order('a', 'c', 'b'), containers: [c] },
      { containers: [a, c, b] },
    ],
    [
      'orders what the patch deletes',
      { containers: [a, b, c] },
      { '$setElementOrder/containers': order('c', 'a'), containers: [{ name: 'b', $patch: 'delete' }] },
      { containers: [c, a] },
    ],
    [
      'a new item takes the place of the one deleted with it',
      { containers: [d, a] },
      { '$setElementOrder/containers': order('b'), containers: [b, { name: 'a', $patch: 'delete' }] },
      { containers: [d, b] },
    ],
    [
      'orders a list the object does not have',
      { hostname: 'x' },
      { '$setElementOrder/volumes': order('a', 'b'), volumes: [a, b] },
      { hostname: 'x', volumes: [a, b] },
    ],
    [
      'says nothing about a list nobody has',
      { hostname: 'x' },
      { '$setElementOrder/volumes': order('a') },
      { hostname: 'x' },
    ],
    [
      'must list the patch in its order',
      { containers: [a] },
      { '$setElementOrder/containers': order('a', 'b'), containers: [b, a] },
      "500 : The order in patch list:\n[map[name:b] map[name:a]]\n doesn't match $setElementOrder list:\n[map[name:a] map[name:b]]\n",
    ],
    [
      'must be a list',
      { containers: [a] },
      { '$setElementOrder/containers': 'a' },
      '500 : expected a []interface {}, but received a string',
    ],
    [
      'must name its list',
      { containers: [a] },
      { $setElementOrder: [] },
      '400 BadRequest: invalid patch format of setElementOrder list',
    ],
  ])('%s', (_, object, patch, expected) => {
    expect(podSpec(object, patch)).toEqual(expected);
  });
});

describe('lists of scalars', () => {
  test.each<[string, JsonObject, JsonObject, Json]>([
    ['merge as sets', { finalizers: ['a', 'b'] }, { finalizers: ['c', 'a'] }, { finalizers: ['c', 'a', 'b'] }],
    [
      '$deleteFromPrimitiveList takes items out',
      { finalizers: ['a', 'b'] },
      { '$deleteFromPrimitiveList/finalizers': ['a', 'x'] },
      { finalizers: ['b'] },
    ],
    [
      '$deleteFromPrimitiveList says nothing about an absent list',
      { name: 'x' },
      { '$deleteFromPrimitiveList/finalizers': ['a'] },
      { name: 'x' },
    ],
    [
      'all three directives together',
      { finalizers: ['a', 'b', 'c'] },
      {
        '$setElementOrder/finalizers': ['c', 'd', 'b'],
        finalizers: ['d'],
        '$deleteFromPrimitiveList/finalizers': ['a'],
      },
      { finalizers: ['c', 'd', 'b'] },
    ],
    [
      '$deleteFromPrimitiveList must name its list',
      { finalizers: ['a'] },
      { $deleteFromPrimitiveList: ['a'] },
      '400 BadRequest: invalid patch format of primitive list',
    ],
  ])('%s', (_, object, patch, expected) => {
    expect(metadata(object, patch)).toEqual(expected);
  });
});

describe('fields the schema does not know', () => {
  test('can be set', () => {
    expect(podSpec({}, { unknown: { x: 1 } })).toEqual({ unknown: { x: 1 } });
  });

  test('cannot be merged', () => {
    const message = '500 : unable to find api field in struct PodSpec for the json field "unknown"';
    expect(podSpec({ unknown: { x: 1 } }, { unknown: { y: 1 } })).toBe(message);
    expect(podSpec({ unknown: [1] }, { unknown: [2] })).toBe(message);
  });

  test('nothing nested merges inside a map', () => {
    expect(podSpec({ nodeSelector: { a: { x: 1 } } }, { nodeSelector: { a: { y: 1 } } })).toBe(
      '500 : merging an object in json but data type is not struct, instead is: map',
    );
  });

  test('a patch that is no object is a bad request', () => {
    expect(apply({}, [])).toMatchObject({
      code: 400,
      message: 'json: cannot unmarshal array into Go value of type map[string]interface {}',
    });
  });
});

describe('laws', () => {
  test('an empty patch returns the object itself', () => {
    fc.assert(
      fc.property(deployments, (object) => {
        expect(apply(object, {})).toEqual({ kind: 'patched', object });
        const outcome = apply(object, { metadata: {}, spec: {} });
        expect(outcome.kind === 'patched' && outcome.object).toBe(object);
      }),
    );
  });

  test('a patch that says what is already so returns the object itself', () => {
    fc.assert(
      fc.property(deployments, (object) => {
        const outcome = apply(object, object);
        expect(outcome.kind === 'patched' && outcome.object).toBe(object);
      }),
    );
  });

  test('a patch applied again changes nothing', () => {
    fc.assert(
      fc.property(deployments, deployments, (object, patch) => {
        const once = apply(object, patch);
        if (once.kind === 'invalid') throw new Error(once.message);
        const twice = apply(once.object, patch);
        expect(twice.kind === 'patched' && twice.object).toBe(once.object);
      }),
    );
  });

  test('untouched subtrees are shared', () => {
    const object = frozen({
      metadata: { labels: { a: '1' } },
      spec: { replicas: 1, template: { spec: { containers: [a] } } },
    });
    const outcome = apply(object, { spec: { replicas: 2 } });
    const patched = outcome.kind === 'patched' ? (outcome.object as typeof object) : undefined;
    expect(patched?.metadata).toBe(object.metadata);
    expect(patched?.spec.template).toBe(object.spec.template);
  });
});

type Recorded = { schema: string; object: JsonObject; patch: JsonObject; result?: JsonObject; message?: string };

const recorded = JSON.parse(
  readFileSync(new URL('./upstream-strategic-merge.generated.json', import.meta.url), 'utf8'),
) as readonly Recorded[];

test.each(recorded.map((entry, i) => [i, entry] as const))(
  'agrees with Kubernetes v0.36.6 on recorded case %i',
  (_, entry) => {
    const outcome = applyStrategicMergePatch(frozen(entry.object), frozen(entry.patch), schemaNamed(entry.schema));
    if (entry.message !== undefined) expect(outcome).toMatchObject({ kind: 'invalid', message: entry.message });
    else expect(outcome.kind === 'patched' && essence(outcome.object)).toEqual(essence(entry.result));
  },
);
