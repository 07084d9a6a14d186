import { describe, expect, test } from 'vitest';
import { WireReader } from '../../../../infra/api/codec/wire.ts';
import { allKinds } from '../../../../infra/api/kinds/kinds.ts';
import { apiWorld, type Body } from '../../../kit/api-world.ts';

const protobufType = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf';

type Schemas = Readonly<Record<string, Body>>;
type V3 = {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Body>>>>;
  readonly components: { readonly schemas: Schemas };
};

function* references(value: unknown): Generator<string> {
  if (typeof value !== 'object' || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    if (key === '$ref' && typeof inner === 'string') yield inner;
    else yield* references(inner);
  }
}

function pathOf({ group, version }: { group: string; version: string }): string {
  return group === '' ? `api/${version}` : `apis/${group}/${version}`;
}

describe('OpenAPI v3', () => {
  test('has a document for each group and version, at an address that changes with it', async () => {
    const world = await apiWorld();
    const { paths } = await world.ok<{ paths: Record<string, { serverRelativeURL: string }> }>('/openapi/v3');
    expect(Object.keys(paths).sort()).toEqual([...new Set(allKinds().map(pathOf))].sort());
    for (const [path, { serverRelativeURL }] of Object.entries(paths)) {
      expect(serverRelativeURL).toMatch(new RegExp(`^/openapi/v3/${path}\\?hash=[0-9A-F]{128}$`));
      const answer = await world.ask(serverRelativeURL);
      expect(answer.headers['cache-control']).toBe('public, immutable');
      expect((answer.json as unknown as V3).openapi).toBe('3.0.0');
      const { etag } = answer.headers as { etag: string };
      expect((await world.ask(serverRelativeURL, { headers: { 'if-none-match': etag } })).status).toBe(304);
      expect((await world.ask(`/openapi/v3/${path}?hash=old`)).headers['cache-control']).toBe('no-cache, private');
    }
  });

  test('documents are self-contained: each reference resolves', async () => {
    const world = await apiWorld();
    for (const path of new Set(allKinds().map(pathOf))) {
      const document = await world.ok<V3>(`/openapi/v3/${path}`);
      const found = [...references(document)];
      expect(found.length).toBeGreaterThan(0);
      const missing = found.filter((reference) => {
        const name = reference.replace('#/components/schemas/', '');
        return !Object.hasOwn(document.components.schemas, name);
      });
      expect([...new Set(missing)]).toEqual([]);
    }
  });

  test('every served kind is described, by its group, version and kind', async () => {
    const world = await apiWorld();
    for (const kind of allKinds()) {
      const { paths, components } = await world.ok<V3>(`/openapi/v3/${pathOf(kind)}`);
      const { group, version } = kind;
      const gvk = { group, version, kind: kind.kind };
      const schema = Object.values(components.schemas).find(({ 'x-kubernetes-group-version-kind': gvks }) =>
        (gvks as Body[] | undefined)?.some((entry) => entry.kind === gvk.kind && entry.group === group),
      );
      expect(schema).toMatchObject({ type: 'object', properties: { metadata: {} } });
      const root = `/${pathOf(kind)}${kind.namespaced ? '/namespaces/{namespace}' : ''}/${kind.resource}`;
      const operations = { ...paths[root], ...paths[`${root}/{name}`] };
      expect(operations.post?.['x-kubernetes-group-version-kind']).toEqual(
        kind.verbs.includes('create') ? gvk : undefined,
      );
      const patch = operations.patch as { parameters?: { name: string }[] } | undefined;
      expect(patch?.parameters?.map(({ name }) => name)).toEqual(
        kind.verbs.includes('patch') ? ['dryRun', 'fieldManager', 'fieldValidation', 'force'] : undefined,
      );
    }
  });

  test('lists say how they merge, and texts what fields are for', async () => {
    const world = await apiWorld();
    const { components } = await world.ok<V3>('/openapi/v3/apis/apps/v1');
    const pod = components.schemas['io.k8s.api.core.v1.PodSpec'] as { properties: Schemas; required: string[] };
    expect(pod.properties.containers).toMatchObject({
      type: 'array',
      'x-kubernetes-patch-strategy': 'merge',
      'x-kubernetes-patch-merge-key': 'name',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['name'],
    });
    expect(pod.required).toContain('containers');
    expect(pod.properties.nodeName?.description).toMatch(/node/i);
  });
});

describe('OpenAPI v2', () => {
  test('is self-contained', async () => {
    const world = await apiWorld();
    const document = await world.ok<{ swagger: string; definitions: Schemas }>('/openapi/v2');
    expect(document.swagger).toBe('2.0');
    const missing = [...references(document)].filter(
      (reference) => !Object.hasOwn(document.definitions, reference.replace('#/definitions/', '')),
    );
    expect(missing).toEqual([]);
    expect(Object.keys(document.definitions)).toContain('io.k8s.api.apps.v1.Deployment');
  });

  test('says the same in the protobuf form older clients insist on', async () => {
    const world = await apiWorld();
    const json = await world.ok<{ definitions: Schemas }>('/openapi/v2');
    const headers = { accept: 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf' };
    const answer = await world.ask('/openapi/v2', { headers });
    expect(answer.headers['content-type']).toBe(protobufType);
    const document = fieldsOf(answer.bytes);
    expect(text(document, 1)).toBe('2.0');
    expect(text(fieldsOf(document.get(2)?.[0]), 1)).toBe('Kubernetes');
    const named = (fieldsOf(document.get(9)?.[0]).get(1) ?? []).map(fieldsOf);
    expect(named.map((entry) => text(entry, 1)).sort()).toEqual(Object.keys(json.definitions).sort());
    for (const entry of named) {
      const schema = fieldsOf(entry.get(2)?.[0]);
      expect(decoded(schema)).toEqual(plain(json.definitions[text(entry, 1)] ?? {}));
    }
  });
});

type Fields = ReadonlyMap<number, readonly Buffer[]>;

/** The length-delimited fields of a message; there are no others in this document. */
function fieldsOf(bytes: Buffer = Buffer.alloc(0)): Fields {
  const reader = new WireReader(bytes);
  const fields = new Map<number, Buffer[]>();
  while (reader.position < bytes.length) {
    const tag = reader.varint(bytes.length);
    expect(tag & 7).toBe(2);
    const end = reader.partEnd(bytes.length);
    const known = fields.get(tag >>> 3) ?? [];
    known.push(bytes.subarray(reader.position, end));
    fields.set(tag >>> 3, known);
    reader.position = end;
  }
  return fields;
}

function text(fields: Fields, number: number): string {
  return fields.get(number)?.[0]?.toString('utf8') ?? '';
}

/** What a Schema message says of references, types and properties. */
function decoded(schema: Fields): unknown {
  const inner = (number: number, path: number) => {
    const found = schema.get(number)?.[0];
    return found === undefined ? undefined : decoded(fieldsOf(fieldsOf(found).get(path)?.[0]));
  };
  const properties = schema.get(25)?.[0];
  const named = properties === undefined ? undefined : (fieldsOf(properties).get(1) ?? []).map(fieldsOf);
  return {
    ref: text(schema, 1),
    format: text(schema, 2),
    required: (schema.get(19) ?? []).map(String),
    type: text(fieldsOf(schema.get(22)?.[0]), 1),
    items: inner(23, 1),
    additional: inner(21, 1),
    extensions: (schema.get(31) ?? []).map((entry) => text(fieldsOf(entry), 1)).sort(),
    properties:
      named && Object.fromEntries(named.map((entry) => [text(entry, 1), decoded(fieldsOf(entry.get(2)?.[0]))])),
  };
}

/** The same of the JSON form. */
function plain(schema: Body): unknown {
  const { properties, items, additionalProperties } = schema as {
    properties?: Schemas;
    items?: Body;
    additionalProperties?: Body;
  };
  return {
    ref: schema.$ref ?? '',
    format: schema.format ?? '',
    required: schema.required ?? [],
    type: schema.type ?? '',
    items: items && plain(items),
    additional: additionalProperties && plain(additionalProperties),
    extensions: Object.keys(schema)
      .filter((key) => key.startsWith('x-'))
      .sort(),
    properties:
      properties && Object.fromEntries(Object.entries(properties).map(([name, property]) => [name, plain(property)])),
  };
}
