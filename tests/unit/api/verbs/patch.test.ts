import { describe, expect, test } from 'vitest';
import type { AnyObject } from '../../../../streams/resources/meta.ts';
import { aConfigMap, aDeploymentBody, aPodBody, aServiceBody } from '../../../kit/api-objects.ts';
import { type ApiWorld, type AskOptions, apiWorld, type Body, withType } from '../../../kit/api-world.ts';

const configMaps = '/api/v1/namespaces/default/configmaps';
const deployments = '/apis/apps/v1/namespaces/default/deployments';

type Type = 'json' | 'merge' | 'strategic-merge' | 'apply';

function asPatch(type: Type, body: AskOptions['body']): AskOptions {
  const suffix = type === 'apply' ? 'yaml' : 'json';
  return { method: 'PATCH', headers: { 'content-type': `application/${type}-patch+${suffix}` }, body };
}

function patch(world: ApiWorld, path: string, type: Type, body: AskOptions['body']): Promise<AnyObject> {
  return world.ok(path, asPatch(type, body));
}

describe('a patch', () => {
  test.each([
    [
      'json',
      [
        { op: 'replace', path: '/data/a', value: '2' },
        { op: 'add', path: '/metadata/labels', value: { x: 'y' } },
      ],
    ],
    ['merge', { data: { a: '2' }, metadata: { labels: { x: 'y' } } }],
    ['strategic-merge', { data: { a: '2' }, metadata: { labels: { x: 'y' } } }],
  ] as const)('of type %s changes what it names', async (type, body) => {
    const world = await apiWorld();
    await world.create('configmaps', aConfigMap('a', { a: '1', b: '1' }));
    const patched = await patch(world, `${configMaps}/a`, type, body);
    expect(patched.data).toEqual({ a: '2', b: '1' });
    expect(patched.metadata.labels).toEqual({ x: 'y' });
    expect(world.get('configmaps', 'a')).toEqual(patched);
  });

  test('strategic merge joins lists by their keys', async () => {
    const world = await apiWorld();
    await world.create('deployments.apps', aDeploymentBody('a'));
    const containers = [
      { name: 'c', env: [{ name: 'X', value: '1' }] },
      { name: 'd', image: 'busybox' },
    ];
    const patched = await patch(world, `${deployments}/a`, 'strategic-merge', {
      spec: { template: { spec: { containers } } },
    });
    const names = (patched.spec as { template: { spec: { containers: Body[] } } }).template.spec.containers;
    expect(names.map(({ name, image }) => `${name} ${image}`)).toEqual(['c nginx:1.27', 'd busybox']);
  });

  test('of many at once each is applied: none is lost, none is refused', async () => {
    const world = await apiWorld();
    await world.create('configmaps', aConfigMap('a'));
    const keys = Array.from({ length: 25 }, (_, i) => `k${i}`);
    await Promise.all(keys.map((key) => patch(world, `${configMaps}/a`, 'merge', { data: { [key]: 'x' } })));
    expect(Object.keys(world.get('configmaps', 'a')?.data as object).sort()).toEqual(['a', ...keys].sort());
  });

  test('that names a resourceVersion is refused where the object has changed', async () => {
    const world = await apiWorld();
    const { metadata } = await world.create('configmaps', aConfigMap('a'));
    const body = (data: string) => ({ metadata: { resourceVersion: metadata.resourceVersion }, data: { a: data } });
    await patch(world, `${configMaps}/a`, 'merge', body('2'));
    expect(await world.refused(`${configMaps}/a`, asPatch('merge', body('3')))).toMatchObject({
      code: 409,
      reason: 'Conflict',
    });
    expect(await world.refused(`${configMaps}/a`, asPatch('merge', { metadata: { uid: 'x' } }))).toMatchObject({
      code: 409,
    });
  });

  test.each([
    ['of an absent object', 'merge', `${configMaps}/absent`, { data: {} }, 404, 'NotFound'],
    ['that is no JSON', 'merge', `${configMaps}/a`, '{', 400, 'BadRequest'],
    ['of another shape than its type', 'json', `${configMaps}/a`, { op: 'add' }, 400, 'BadRequest'],
    ['with an unknown operation', 'json', `${configMaps}/a`, [{ op: 'jump', path: '/data' }], 422, 'Invalid'],
    ['whose test fails', 'json', `${configMaps}/a`, [{ op: 'test', path: '/data/a', value: '9' }], 422, 'Invalid'],
    ['of a path that is not there', 'json', `${configMaps}/a`, [{ op: 'remove', path: '/data/x/y' }], 422, 'Invalid'],
    ['that renames the object', 'merge', `${configMaps}/a`, { metadata: { name: 'b' } }, 400, 'BadRequest'],
    ['that moves the object', 'merge', `${configMaps}/a`, { metadata: { namespace: 'b' } }, 400, 'BadRequest'],
    ['that changes the kind', 'merge', `${configMaps}/a`, { kind: 'Secret' }, 400, 'BadRequest'],
    ['that changes the kind to none', 'merge', `${configMaps}/a`, { kind: 'Nothing' }, 400, 'BadRequest'],
    ['of wrong types', 'merge', `${configMaps}/a`, { data: { a: 5 } }, 400, 'BadRequest'],
    ['that makes the object invalid', 'merge', `${configMaps}/a`, { data: { 'b c': '' } }, 422, 'Invalid'],
    ['that is a list', 'merge', `${configMaps}/a`, '[]', 400, 'BadRequest'],
    ['that is null', 'strategic-merge', `${configMaps}/a`, 'null', 400, 'BadRequest'],
    ['that removes the metadata', 'json', `${configMaps}/a`, [{ op: 'remove', path: '/metadata' }], 400, 'BadRequest'],
  ] as const)('%s is refused', async (_, type, path, body, code, reason) => {
    const world = await apiWorld();
    const before = await world.create('configmaps', aConfigMap('a'));
    expect(await world.refused(path, asPatch(type, body))).toMatchObject({ code, reason });
    expect(world.get('configmaps', 'a')).toEqual(before);
    expect(world.reported).toEqual([]);
  });

  test('of an unknown type is 415 and says which there are', async () => {
    const world = await apiWorld();
    await world.create('configmaps', aConfigMap('a'));
    for (const type of ['application/json', 'text/plain', '']) {
      const refused = await world.refused(`${configMaps}/a`, {
        method: 'PATCH',
        headers: { 'content-type': type },
        body: {},
      });
      expect(refused).toMatchObject({
        code: 415,
        reason: 'UnsupportedMediaType',
        message:
          'the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/strategic-merge-patch+json, application/apply-patch+yaml',
      });
    }
  });

  test('with force is refused, unless it applies', async () => {
    const world = await apiWorld();
    await world.create('configmaps', aConfigMap('a'));
    expect(await world.refused(`${configMaps}/a?force=true`, asPatch('merge', {}))).toMatchObject({
      code: 422,
      message: 'PatchOptions.meta.k8s.io "" is invalid: force: Forbidden: may not be specified for non-apply patch',
    });
  });

  test('with unknown fields warns, is refused or ignores them, as asked', async () => {
    const world = await apiWorld();
    await world.create('deployments.apps', aDeploymentBody('a'));
    const send = (query: string) => world.ask(`${deployments}/a${query}`, asPatch('merge', { spec: { replica: 5 } }));
    expect((await send('')).headers.warning).toEqual(['299 - "unknown field \\"spec.replica\\""']);
    expect((await send('?fieldValidation=Ignore')).headers).not.toHaveProperty('warning');
    const strict = await send('?fieldValidation=Strict');
    expect(strict.status).toBe(400);
    expect(strict.json).toMatchObject({
      reason: 'BadRequest',
      message: expect.stringContaining('unknown field "spec.replica"'),
    });
    expect((await send('?fieldValidation=Sometimes')).json).toMatchObject({ code: 422, reason: 'Invalid' });
  });
});

describe('an apply', () => {
  const manifest = (name: string, data: Body) => withType('configmaps', { metadata: { name }, data });
  const apply = (world: ApiWorld, body: Body, query = '?fieldManager=me') =>
    world.ask(`${configMaps}/${(body.metadata as { name: string }).name}${query}`, asPatch('apply', body));

  test('creates what is absent, and changes nothing when repeated', async () => {
    const world = await apiWorld();
    const first = await apply(world, manifest('a', { a: '1' }));
    expect(first.status).toBe(201);
    await world.clock.advance(5_000);
    const again = await apply(world, manifest('a', { a: '1' }));
    expect(again.status).toBe(200);
    expect(again.json).toEqual(first.json);
  });

  test('is refused without a manager, and without a body of the kind', async () => {
    const world = await apiWorld();
    expect((await apply(world, manifest('a', {}), '')).json).toMatchObject({
      code: 422,
      message: 'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
    });
    expect((await apply(world, { ...manifest('a', {}), kind: 'Secret' })).json).toMatchObject({ code: 400 });
    expect((await apply(world, { metadata: { name: 'a' } })).json).toMatchObject({ code: 400 });
    expect(world.get('configmaps', 'a')).toBeUndefined();
  });

  test('of a field another manager owns is a conflict, unless forced', async () => {
    const world = await apiWorld();
    await apply(world, manifest('a', { a: '1' }));
    const conflict = await apply(world, manifest('a', { a: '2' }), '?fieldManager=you');
    expect(conflict.json).toMatchObject({
      code: 409,
      reason: 'Conflict',
      message: 'Apply failed with 1 conflict: conflict with "me": .data.a',
      details: { causes: [{ reason: 'FieldManagerConflict', message: 'conflict with "me"', field: '.data.a' }] },
    });
    expect((await apply(world, manifest('a', { a: '2' }), '?fieldManager=you&force=true')).status).toBe(200);
    expect(world.get('configmaps', 'a')?.data).toEqual({ a: '2' });
  });

  test('removes what its manager no longer names', async () => {
    const world = await apiWorld();
    await apply(world, manifest('a', { a: '1', b: '1' }));
    await patch(world, `${configMaps}/a`, 'merge', { data: { c: '1' } });
    await apply(world, manifest('a', { a: '1' }));
    expect(world.get('configmaps', 'a')?.data).toEqual({ a: '1', c: '1' });
  });

  test('of YAML is one of JSON', async () => {
    const world = await apiWorld();
    const yaml = 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  a: "1"\n';
    await world.ok(`${configMaps}/a?fieldManager=me`, asPatch('apply', yaml));
    expect(world.get('configmaps', 'a')?.data).toEqual({ a: '1' });
  });

  test.each([
    ['configmaps', aConfigMap('a')],
    ['pods', aPodBody('a')],
    ['services', aServiceBody('a')],
    ['deployments.apps', aDeploymentBody('a')],
  ])('of what was read back changes nothing: %s', async (resource, body) => {
    const world = await apiWorld();
    const created = await world.create(resource, body, { agent: 'me' });
    const events = (await world.events()).length;
    const { managedFields: _m, ...metadata } = created.metadata;
    const { status: _s, ...rest } = created;
    const path = resource === 'deployments.apps' ? deployments : `/api/v1/namespaces/default/${resource}`;
    const sent = { ...rest, metadata } as unknown as Body;
    const first = await world.ok(`${path}/a?fieldManager=me&force=true`, asPatch('apply', sent));
    const second = await world.ok(
      `${path}/a?fieldManager=me&force=true`,
      asPatch('apply', { ...sent, metadata: { ...metadata, resourceVersion: first.metadata.resourceVersion } }),
    );
    expect(second).toEqual(first);
    // Only who owns what may have been recorded: by the first, and nothing by the second.
    expect((await world.events()).length).toBeLessThanOrEqual(events + 1);
    const { metadata: before, ...spec } = created;
    const { metadata: after, ...same } = first;
    expect(same).toEqual(spec);
    expect(after.generation).toBe(before.generation);
  });
});

describe('ownership', () => {
  test('of clients’ writes is kept field by field', async () => {
    const world = await apiWorld();
    await world.ok(configMaps, {
      method: 'POST',
      headers: { 'user-agent': 'creator/1.0' },
      body: withType('configmaps', aConfigMap('a')) as unknown as Body,
    });
    await world.ok(`${configMaps}/a?fieldManager=labeller`, asPatch('merge', { metadata: { labels: { x: 'y' } } }));
    const fields = (world.get('configmaps', 'a')?.metadata.managedFields ?? []) as readonly Body[];
    expect(fields.map(({ manager, operation, fieldsV1 }) => [manager, operation, fieldsV1])).toEqual([
      ['creator', 'Update', { 'f:data': { '.': {}, 'f:a': {} } }],
      ['labeller', 'Update', { 'f:metadata': { 'f:labels': { '.': {}, 'f:x': {} } } }],
    ]);
  });

  test('of a status write says which subresource it went through', async () => {
    const world = await apiWorld();
    await world.create('pods', aPodBody('a'));
    await world.ok(
      '/api/v1/namespaces/default/pods/a/status?fieldManager=kubelet',
      asPatch('strategic-merge', { status: { phase: 'Running' } }),
    );
    const fields = (world.get('pods', 'a')?.metadata.managedFields ?? []) as readonly Body[];
    expect(fields.find(({ manager }) => manager === 'kubelet')).toMatchObject({
      subresource: 'status',
      fieldsV1: { 'f:status': { 'f:phase': {} } },
    });
  });

  test('is not kept for the control plane’s own writes', async () => {
    const world = await apiWorld();
    expect(world.get('services', 'kubernetes')?.metadata).not.toHaveProperty('managedFields');
  });

  test('managers’ names are bounded', async () => {
    const world = await apiWorld();
    const refused = await world.refused(`${configMaps}?fieldManager=${'x'.repeat(129)}`, { method: 'POST', body: {} });
    expect(refused).toMatchObject({
      code: 422,
      message: 'CreateOptions.meta.k8s.io "" is invalid: fieldManager: Too long: may not be more than 128 bytes',
    });
  });
});
