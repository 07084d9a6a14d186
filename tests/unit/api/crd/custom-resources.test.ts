import { expect, test } from 'vitest';
import type { AnyObject } from '../../../../streams/resources/meta.ts';
import { type ApiWorld, type AskOptions, type Body, settled } from '../../../kit/api-world.ts';
import {
  definitionsPath,
  pass,
  specOf,
  type VersionOptions,
  version,
  widget,
  widgetsPath,
  widgetWorld,
} from './given-definition.ts';

type Widget = AnyObject & { readonly spec: Body; readonly status?: Body };

const one = `${widgetsPath}/one`;
const patchOf = (type: string, body: unknown): AskOptions => ({
  method: 'PATCH',
  headers: { 'content-type': `application/${type}` },
  body: body as Body,
});
const merge = (body: Body) => patchOf('merge-patch+json', body);

const create = (world: ApiWorld, spec: Body, query = '') =>
  world.ok<Widget>(widgetsPath + query, { method: 'POST', body: widget('one', { spec }) });
const world = (options: VersionOptions = {}) => widgetWorld([version(options)]);

test('what the schema does not know is dropped, at every depth and without a word when nobody asks', async () => {
  const inner = { type: 'object', properties: { b: { type: 'string' } } };
  const schema = specOf({
    a: inner,
    list: { type: 'array', items: inner },
    map: { type: 'object', additionalProperties: inner },
  });
  const server = await world({ schema });
  const spec = { a: { b: 'x', c: 1 }, list: [{ b: 'y', c: 2 }], map: { k: { c: 3 } }, other: 4 };
  const created = await create(server, spec, '?fieldValidation=Ignore');
  expect(created.spec).toEqual({ a: { b: 'x' }, list: [{ b: 'y' }], map: { k: {} } });
  const { name } = created.metadata;
  expect((await server.ok<Widget>(`${widgetsPath}/${name}`)).spec).toEqual(created.spec);
});

test('unknown and duplicate fields are warned of, or refused, by their paths', async () => {
  const server = await world({ schema: specOf({ list: { type: 'array', items: { type: 'object' } } }) });
  const text =
    '{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":"one","huh":1},"spec":{"list":[{"x":1}],"z":1,"z":2},"top":1}';
  const headers = { 'content-type': 'application/json' };
  const findings = [
    'duplicate field "spec.z"',
    'unknown field "metadata.huh"',
    'unknown field "spec.list[0].x"',
    'unknown field "spec.z"',
    'unknown field "top"',
  ];
  const strict = await server.refused(`${widgetsPath}?fieldValidation=Strict`, { method: 'POST', headers, body: text });
  expect(strict.message).toBe(
    `Widget in version "v1" cannot be handled as a Widget: strict decoding error: ${findings.join(', ')}`,
  );
  const warned = await server.ask(`${widgetsPath}?fieldValidation=Warn`, { method: 'POST', headers, body: text });
  expect(warned.status).toBe(201);
  expect(warned.headers.warning).toEqual(findings.map((finding) => `299 - ${JSON.stringify(finding)}`));
});

test('keys written twice in applied YAML are told by their line', async () => {
  const server = await world();
  const body = 'apiVersion: example.com/v1\nkind: Widget\nmetadata:\n  name: one\nspec:\n  a: 1\n  a: 2\n';
  const headers = { 'content-type': 'application/apply-patch+yaml' };
  const strict = `${one}?fieldManager=m&fieldValidation=Strict`;
  const { message } = await server.refused(strict, { method: 'PATCH', headers, body });
  expect(message).toContain('line 7: key "a" already set in map');
});

test('preserved fields stay as they are, and those described among them are still pruned', async () => {
  const properties = { known: { type: 'object', properties: { a: { type: 'string' } } } };
  const server = await world({ schema: specOf(properties, { 'x-kubernetes-preserve-unknown-fields': true }) });
  const created = await create(server, { known: { a: 'x', b: 1 }, other: { deep: [{ c: null }] } });
  expect(created.spec).toEqual({ known: { a: 'x' }, other: { deep: [{ c: null }] } });
});

test('a whole object inside another keeps its type and proper metadata', async () => {
  const template = {
    type: 'object',
    'x-kubernetes-embedded-resource': true,
    properties: { spec: { type: 'object', properties: { a: { type: 'string' } } } },
  };
  const server = await world({ schema: specOf({ template }) });
  const inside = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'x', huh: 1 }, spec: { a: 'b', c: 'd' } };
  const created = await create(server, { template: inside });
  expect(created.spec.template).toEqual({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'x' }, spec: { a: 'b' } });
  const refused = await server.refused(one, merge({ spec: { template: { kind: null } } }));
  expect(refused.message).toContain('spec.template.kind: Required value');
  const malformed = await server.refused(one, merge({ spec: { template: { metadata: { labels: 'x' } } } }));
  expect(malformed.message).toContain('cannot unmarshal string into Go struct field ObjectMeta.labels');
});

test('an int or a string is either of them and nothing else', async () => {
  const server = await world({ schema: specOf({ port: { 'x-kubernetes-int-or-string': true } }) });
  await create(server, { port: 'http' });
  expect((await server.ok<Widget>(one, merge({ spec: { port: 80 } }))).spec.port).toBe(80);
  const { message } = await server.refused(one, merge({ spec: { port: true } }));
  expect(message).toContain('spec.port in body must be of type integer,string: "boolean"');
});

test('nulls go where they mean nothing, stay where they are values, and give way to defaults', async () => {
  const schema = specOf({
    plain: { type: 'string' },
    nullable: { type: 'string', nullable: true },
    defaulted: { type: 'string', default: 'd' },
  });
  const server = await world({ schema });
  const created = await create(server, { plain: null, nullable: null, defaulted: null });
  expect(created.spec).toEqual({ nullable: null, defaulted: 'd' });
});

test('defaults are filled in below what is there, not above it', async () => {
  const schema = specOf({
    a: { type: 'object', default: {}, properties: { b: { type: 'integer', default: 1 } } },
    c: { type: 'object', properties: { d: { type: 'integer', default: 2 } } },
    list: { type: 'array', items: { type: 'object', properties: { e: { type: 'string', default: 'f' } } } },
  });
  const server = await world({ schema });
  expect((await create(server, { list: [{}] })).spec).toEqual({ a: { b: 1 }, list: [{ e: 'f' }] });
});

test('what was stored before a default came is shown with it, and selected by it', async () => {
  const server = await world({ schema: specOf({ a: { type: 'string' } }) });
  await create(server, {});
  const path = `${definitionsPath}/widgets.example.com`;
  const schema = { openAPIV3Schema: specOf({ a: { type: 'string', default: 'later' } }) };
  const versions = [version({ selectableFields: [{ jsonPath: '.spec.a' }], schema: schema.openAPIV3Schema })];
  await server.ok(path, merge({ spec: { versions } }));
  expect((await server.ok<Widget>(one)).spec).toEqual({ a: 'later' });
  type List = { readonly items: readonly Widget[] };
  expect((await server.ok<List>(widgetsPath)).items[0]?.spec).toEqual({ a: 'later' });
  expect((await server.ok<List>(`${widgetsPath}?fieldSelector=spec.a%3Dlater`)).items).toHaveLength(1);
  expect((await server.ok<List>(`${widgetsPath}?fieldSelector=spec.a%3Dother`)).items).toHaveLength(0);
  const unknown = await server.refused(`${widgetsPath}?fieldSelector=spec.b%3Dx`);
  expect(unknown.message).toContain('field label not supported: spec.b');
});

test('an object is shown in every served version and stored in one; a write brings it there', async () => {
  const versions = [version(), version({ name: 'v2', storage: false, schema: specOf({ a: { type: 'string' } }) })];
  const server = await widgetWorld(versions);
  await create(server, { a: 'x', onlyInV1: true });
  const v2 = '/apis/example.com/v2/namespaces/default/widgets/one';
  const shown = await server.ok<Widget>(v2);
  expect(shown).toMatchObject({ apiVersion: 'example.com/v2', spec: { a: 'x' } });
  expect(shown.spec).toEqual({ a: 'x' });
  const path = `${definitionsPath}/widgets.example.com`;
  const swapped = [
    { ...versions[0], storage: false },
    { ...versions[1], storage: true },
  ];
  await server.ok(path, merge({ spec: { versions: swapped } }));
  const before = server.stack.view.stored(
    { group: 'example.com', resource: 'widgets' },
    { namespace: 'default', name: 'one' },
  );
  expect(before?.object.apiVersion).toBe('example.com/v1');
  const same = await server.ok<Widget>(one);
  await server.ok(one, { method: 'PUT', body: same as unknown as Body });
  const after = server.stack.view.stored(
    { group: 'example.com', resource: 'widgets' },
    { namespace: 'default', name: 'one' },
  );
  expect(after?.object.apiVersion).toBe('example.com/v2');
  const again = await server.ok<Widget>(one);
  const unchanged = await server.ok<Widget>(one, { method: 'PUT', body: again as unknown as Body });
  expect(unchanged.metadata.resourceVersion).toBe(again.metadata.resourceVersion);
});

test('the generation counts changes of anything but metadata', async () => {
  const server = await world();
  expect((await create(server, { a: 1 })).metadata.generation).toBe(1);
  const generation = async (body: Body) => (await server.ok<Widget>(one, merge(body))).metadata.generation;
  expect(await generation({ metadata: { labels: { a: 'b' } } })).toBe(1);
  expect(await generation({ spec: { a: 2 } })).toBe(2);
  expect(await generation({ status: { b: 1 } })).toBe(3);
  expect(await generation({ spec: { a: 2 } })).toBe(3);
});

test('with a status of its own, a status is changed there alone and counts for nothing', async () => {
  const server = await world({ subresources: { status: {} } });
  const created = await server.ok<Widget>(widgetsPath, {
    method: 'POST',
    body: widget('one', { spec: { a: 1 }, status: { b: 1 } }),
  });
  expect(created.status).toBeUndefined();
  const main = await server.ok<Widget>(one, merge({ spec: { a: 2 }, status: { b: 2 } }));
  expect(main).toMatchObject({ metadata: { generation: 2 }, spec: { a: 2 } });
  expect(main.status).toBeUndefined();
  const change = { metadata: { labels: { a: 'b' } }, spec: { a: 3 }, status: { b: 3 } };
  const status = await server.ok<Widget>(`${one}/status`, merge(change));
  expect(status).toMatchObject({ metadata: { generation: 2 }, spec: { a: 2 }, status: { b: 3 } });
  expect(status.metadata.labels).toBeUndefined();
});

test('an endpoint the definition does not ask for is not there', async () => {
  const server = await world();
  await create(server, {});
  expect((await server.refused(`${one}/status`)).code).toBe(404);
  expect((await server.refused(`${one}/scale`)).code).toBe(404);
});

test('a scale reads and writes the paths the definition names', async () => {
  const scale = {
    specReplicasPath: '.spec.size.wanted',
    statusReplicasPath: '.status.size',
    labelSelectorPath: '.status.selector',
  };
  const server = await world({ subresources: { status: {}, scale } });
  await create(server, {});
  const missing = await server.refused(`${one}/scale`);
  expect(missing.message).toContain('the spec replicas field ".spec.size.wanted" does not exist');
  const scaled = await server.ok<Widget>(`${one}/scale`, merge({ spec: { replicas: 4 } }));
  expect(scaled).toMatchObject({ kind: 'Scale', spec: { replicas: 4 }, status: { replicas: 0 } });
  await server.ok(`${one}/status`, merge({ status: { size: 2, selector: 'a=b' } }));
  expect(await server.ok(`${one}/scale`)).toMatchObject({ status: { replicas: 2, selector: 'a=b' } });
  expect((await server.ok<Widget>(one)).spec).toEqual({ size: { wanted: 4 } });
  const negative = await server.refused(one, merge({ spec: { size: { wanted: -1 } } }));
  expect(negative.message).toContain('.spec.size.wanted: Invalid value: -1: should be a non-negative integer');
});

test('patches are JSON, merge and apply; a replacement names the version it replaces', async () => {
  const server = await world();
  const created = await create(server, { a: 1 });
  const json = await server.ok<Widget>(one, patchOf('json-patch+json', [{ op: 'replace', path: '/spec/a', value: 2 }]));
  expect(json.spec).toEqual({ a: 2 });
  const strategic = await server.refused(one, patchOf('strategic-merge-patch+json', { spec: {} }));
  expect(strategic.code).toBe(415);
  const { resourceVersion: _, ...metadata } = created.metadata;
  const blind = await server.refused(one, { method: 'PUT', body: { ...created, metadata } as unknown as Body });
  expect(blind.message).toContain('metadata.resourceVersion: Invalid value: 0: must be specified for an update');
});

test('what says it is something else is refused', async () => {
  const server = await world();
  const post = (body: Body) => server.refused(widgetsPath, { method: 'POST', body });
  expect((await post({ ...widget('a'), apiVersion: 'example.com/v9' })).message).toBe(
    'the API version in the data (example.com/v9) does not match the expected API version (example.com/v1)',
  );
  expect((await post({ ...widget('a'), kind: 'Gadget' })).message).toContain(
    'kind: Invalid value: "Gadget": must be Widget',
  );
  expect((await post({ apiVersion: 'example.com/v1', metadata: { name: 'a' } })).message).toContain(
    "Object 'Kind' is missing in",
  );
  await create(server, {});
  const odd = { toString: 1 };
  const patch = (change: object) => server.refused(one, patchOf('merge-patch+json', change));
  const refused = await patch({ apiVersion: odd });
  expect([refused.code, refused.message]).toEqual([
    400,
    'the API version in the data ({"toString":1}) does not match the expected API version (example.com/v1)',
  ]);
  expect((await patch({ kind: odd, metadata: { name: odd } })).code).toBe(422);
});

test('protobuf is neither taken nor given, but metadata comes in it', async () => {
  const server = await world();
  await create(server, {});
  const protobuf = 'application/vnd.kubernetes.protobuf';
  expect((await server.refused(one, { headers: { accept: protobuf } })).code).toBe(406);
  const json = await server.ask(one, { headers: { accept: `${protobuf},application/json` } });
  expect(json.headers['content-type']).toBe('application/json');
  const partial = `${protobuf};as=PartialObjectMetadata;g=meta.k8s.io;v=v1`;
  const sent = await server.refused(widgetsPath, {
    method: 'POST',
    headers: { 'content-type': protobuf },
    body: Buffer.from('k8s\0'),
  });
  expect(sent.code).toBe(415);
  const metadata = await server.ask(one, { headers: { accept: partial } });
  expect(metadata.status).toBe(200);
  expect(metadata.headers['content-type']).toBe(protobuf);
});

test('a table has the definition’s columns, and none but names where one cannot be read', async () => {
  type Table = {
    readonly columnDefinitions: readonly Body[];
    readonly rows: readonly { readonly cells: readonly unknown[] }[];
  };
  const as = { headers: { accept: 'application/json;as=Table;g=meta.k8s.io;v=v1' } };
  const columns = [
    { name: 'Text', type: 'string', jsonPath: '.spec.text' },
    { name: 'Count', type: 'integer', jsonPath: '.spec.count', priority: 1 },
    { name: 'First', type: 'string', jsonPath: '.spec.list[0].name' },
    { name: 'Ready', type: 'string', jsonPath: '.spec.list[?(@.type=="b")].name' },
    { name: 'Made', type: 'date', jsonPath: '.metadata.creationTimestamp' },
    { name: 'Missing', type: 'boolean', jsonPath: '.spec.missing' },
  ];
  const server = await world({ additionalPrinterColumns: columns });
  await create(server, {
    text: { a: 1 },
    count: 2.5,
    list: [
      { name: 'x', type: 'a' },
      { name: 'y', type: 'b' },
    ],
  });
  await pass(server, 90_000);
  const table = await server.ok<Table>(widgetsPath, as);
  expect(table.columnDefinitions.map(({ name, priority }) => `${name} ${priority}`)).toEqual([
    'Name 0',
    'Text 0',
    'Count 1',
    'First 0',
    'Ready 0',
    'Made 0',
    'Missing 0',
  ]);
  expect(table.rows[0]?.cells).toEqual(['one', '{"a":1}', 2, 'x', 'y', '90s', null]);
  const plain = await world();
  expect((await plain.ok<Table>(widgetsPath, as)).columnDefinitions.map(({ name }) => name)).toEqual(['Name', 'Age']);
});

test('watchers of each version see it in theirs, and are let go when the kind changes', async () => {
  const server = await widgetWorld([version(), version({ name: 'v2', storage: false })]);
  const [v1, v2] = await Promise.all(
    ['v1', 'v2'].map((name) => server.watch(`/apis/example.com/${name}/widgets?watch=1`)),
  );
  await create(server, { a: 1 });
  const told = await Promise.all([v1, v2].map(async (watching) => (await watching?.told())?.[0]));
  expect(told.map((event) => `${event?.type} ${event?.object.apiVersion}`)).toEqual([
    'ADDED example.com/v1',
    'ADDED example.com/v2',
  ]);
  await server.ok(`${definitionsPath}/widgets.example.com`, merge({ spec: { names: { categories: ['all'] } } }));
  await settled(12);
  await v1?.exchange.ended;
  await v2?.exchange.ended;
});

test('a deprecated version says so to whoever uses it', async () => {
  const server = await widgetWorld([
    version({ deprecated: true }),
    version({ name: 'v2', storage: false }),
    version({ name: 'v3beta1', storage: false, deprecated: true, deprecationWarning: 'Away with it' }),
  ]);
  const said = async (name: string) => (await server.ask(`/apis/example.com/${name}/widgets`)).headers.warning;
  expect(await said('v1')).toEqual(['299 - "example.com/v1 Widget is deprecated; use example.com/v2 Widget"']);
  expect(await said('v2')).toBeUndefined();
  expect(await said('v3beta1')).toEqual(['299 - "Away with it"']);
});
