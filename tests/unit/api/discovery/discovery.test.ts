import { describe, expect, test } from 'vitest';
import { allKinds, kindByGvk, kindByResource } from '../../../../infra/api/kinds/kinds.ts';
import { apiWorld, type Body } from '../../../kit/api-world.ts';

type Resource = {
  readonly name: string;
  readonly kind: string;
  readonly verbs: readonly string[];
  readonly group?: string;
  readonly version?: string;
};
type Aggregated = {
  readonly kind: string;
  readonly apiVersion: string;
  readonly items: readonly {
    readonly metadata: { readonly name?: string };
    readonly versions: readonly {
      readonly version: string;
      readonly freshness: string;
      readonly resources: readonly (Body & { readonly resource: string })[];
    }[];
  }[];
};

function pathOf({ group, version }: { group: string; version: string }): string {
  return group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
}

const aggregated = (version: string) => ({
  headers: { accept: `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList,application/json` },
});

describe('the plain lists', () => {
  test('name every group and version, and where the server is', async () => {
    const world = await apiWorld();
    expect(await world.ok('/api')).toEqual({
      kind: 'APIVersions',
      versions: ['v1'],
      serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress: '127.0.0.1:6443' }],
    });
    const { groups } = await world.ok<{ groups: { name: string; preferredVersion: Body }[] }>('/apis');
    const expected = new Set(
      allKinds()
        .map(({ group }) => group)
        .filter((group) => group !== ''),
    );
    expect(new Set(groups.map(({ name }) => name))).toEqual(expected);
    expect(groups.find(({ name }) => name === 'apps')?.preferredVersion).toEqual({
      groupVersion: 'apps/v1',
      version: 'v1',
    });
    expect(await world.ok('/apis/apps')).toMatchObject({ kind: 'APIGroup', name: 'apps' });
  });

  test('name every served kind with its verbs and subresources', async () => {
    const world = await apiWorld();
    for (const kind of allKinds()) {
      const list = await world.ok<{ kind: string; groupVersion: string; resources: Resource[] }>(pathOf(kind));
      expect(list.kind).toBe('APIResourceList');
      const entry = list.resources.find(({ name }) => name === kind.resource);
      expect(entry).toMatchObject({
        kind: kind.kind,
        namespaced: kind.namespaced,
        singularName: kind.singular,
        verbs: kind.verbs,
      });
      for (const sub of kind.subresources) {
        expect(list.resources.find(({ name }) => name === `${kind.resource}/${sub.name}`)).toMatchObject({
          kind: sub.kind,
          verbs: sub.verbs,
        });
      }
    }
  });

  test('of core have the short names and categories kubectl resolves', async () => {
    const world = await apiWorld();
    const { resources } = await world.ok<{ resources: Body[] }>('/api/v1');
    const by = (name: string) => resources.find((entry) => entry.name === name);
    expect(by('pods')).toMatchObject({
      shortNames: ['po'],
      categories: ['all'],
      storageVersionHash: expect.stringMatching(/^.{11}=$/),
    });
    expect(by('services')).toMatchObject({ shortNames: ['svc'], categories: ['all'] });
    expect(by('pods/eviction')).toMatchObject({ group: 'policy', version: 'v1', kind: 'Eviction' });
  });
});

describe('the aggregated document', () => {
  test.each(['v2', 'v2beta1'])('%s says the same in one answer', async (version) => {
    const world = await apiWorld();
    for (const [path, core] of [
      ['/api', true],
      ['/apis', false],
    ] as const) {
      const answer = await world.ask(path, aggregated(version));
      expect(answer.headers['content-type']).toBe(
        `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`,
      );
      const document = answer.json as unknown as Aggregated;
      expect(document).toMatchObject({ kind: 'APIGroupDiscoveryList', apiVersion: `apidiscovery.k8s.io/${version}` });
      const listed = document.items.flatMap(({ metadata, versions }) =>
        versions.flatMap((entry) =>
          entry.resources.map(({ resource }) => `${metadata.name ?? ''}/${entry.version}/${resource}`),
        ),
      );
      const expected = allKinds().filter(({ group }) => (group === '') === core);
      expect(listed.sort()).toEqual(
        expected.map(({ group, version: v, resource }) => `${group}/${v}/${resource}`).sort(),
      );
    }
  });

  test('has an ETag of its content, by which clients save the body', async () => {
    const world = await apiWorld();
    const first = await world.ask('/apis', aggregated('v2'));
    const { etag } = first.headers as { etag: string };
    expect(etag).toMatch(/^"[0-9A-F]{128}"$/);
    const again = await world.ask('/apis', { headers: { ...aggregated('v2').headers, 'if-none-match': etag } });
    expect(again.status).toBe(304);
    expect(again.bytes).toHaveLength(0);
    const core = await world.ask('/api', aggregated('v2'));
    expect(core.headers.etag).not.toBe(etag);
  });

  test('is only for those who ask', async () => {
    const world = await apiWorld();
    const plain = await world.ask('/apis');
    expect(plain.json).toMatchObject({ kind: 'APIGroupList' });
    expect(plain.headers).not.toHaveProperty('etag');
  });
});

test('every served kind is found by its resource and by its kind', () => {
  for (const kind of allKinds()) {
    expect(kindByResource(kind.group, kind.version, kind.resource)).toBe(kind);
    expect(kindByGvk(kind.group, kind.version, kind.kind)).toBe(kind);
    expect(kind.schema.kind).toBe('object');
  }
});

describe('other paths', () => {
  test('health, version, keys and the root answer', async () => {
    const world = await apiWorld();
    for (const path of ['/healthz', '/livez', '/readyz', '/livez/ping'])
      expect((await world.ask(path)).text).toBe('ok');
    expect((await world.ask('/readyz?verbose')).text).toBe('[+]ping ok\n[+]log ok\nreadyz check passed\n');
    expect(await world.ok('/version')).toMatchObject({
      major: '1',
      gitVersion: expect.stringMatching(/^v1\.36\.\d+\+shiplog$/),
    });
    expect(await world.ok('/openid/v1/jwks')).toMatchObject({ keys: [{ kty: 'EC', use: 'sig' }] });
    expect(await world.ok('/.well-known/openid-configuration')).toMatchObject({
      jwks_uri: 'https://127.0.0.1:6443/openid/v1/jwks',
    });
    expect((await world.ok<{ paths: string[] }>('/')).paths).toContain('/apis');
  });

  test.each(['/version', '/api', '/apis', '/apis/apps', '/api/v1', '/openapi/v3', '/openid/v1/jwks'])(
    '%s takes nothing',
    async (path) => {
      const world = await apiWorld();
      expect(await world.refused(path, { method: 'POST', body: {} })).toMatchObject({
        code: 405,
        reason: 'MethodNotAllowed',
      });
    },
  );
});
