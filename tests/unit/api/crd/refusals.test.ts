import { expect, test } from 'vitest';
import type { AnyObject } from '../../../../streams/resources/meta.ts';
import type { ApiWorld, AskOptions, Body } from '../../../kit/api-world.ts';
import {
  definitionsPath,
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

test('invalid values that an update leaves as they were are forgiven, others are not', async () => {
  const server = await world({ schema: specOf({ a: { type: 'string' }, b: { type: 'string' } }) });
  await create(server, { a: 'short', b: 'x' });
  const tight = specOf({ a: { type: 'string', minLength: 10 }, b: { type: 'string' } });
  await server.ok(
    `${definitionsPath}/widgets.example.com`,
    merge({ spec: { versions: [version({ schema: tight })] } }),
  );
  expect((await server.ok<Widget>(one, merge({ spec: { b: 'y' } }))).spec).toEqual({ a: 'short', b: 'y' });
  const { message } = await server.refused(one, merge({ spec: { a: 'other' } }));
  expect(message).toContain('spec.a: Invalid value: "other": spec.a in body should be at least 10 chars long');
});

test('lists that are maps and sets hold nothing twice', async () => {
  const schema = specOf({
    map: {
      type: 'array',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['k'],
      items: { type: 'object', required: ['k'], properties: { k: { type: 'string' } } },
    },
    set: { type: 'array', 'x-kubernetes-list-type': 'set', items: { type: 'integer' } },
  });
  const server = await world({ schema });
  const body = widget('one', { spec: { map: [{ k: 'a' }, { k: 'a' }], set: [1, 2, 1] } });
  const { message } = await server.refused(widgetsPath, { method: 'POST', body });
  expect(message).toContain('spec.map[1]: Duplicate value: {"k":"a"}');
  expect(message).toContain('spec.set[2]: Duplicate value: 1');
});

test('rules hold of new objects, and rules about changes of changes', async () => {
  const rules = [
    { rule: 'self.min <= self.max', message: 'min above max' },
    {
      rule: 'self.max >= oldSelf.max',
      messageExpression: '"not " + "lower"',
      fieldPath: '.max',
      reason: 'FieldValueForbidden',
    },
  ];
  const properties = { min: { type: 'integer' }, max: { type: 'integer' } } as const;
  const server = await world({
    schema: specOf(properties, { required: ['min', 'max'], 'x-kubernetes-validations': rules }),
  });
  const body = widget('one', { spec: { min: 2, max: 1 } });
  const refused = await server.refused(widgetsPath, { method: 'POST', body });
  expect(refused.message).toContain('spec: Invalid value: min above max');
  await create(server, { min: 1, max: 3 });
  const lowered = await server.refused(one, merge({ spec: { max: 2 } }));
  expect(lowered.message).toContain('spec.max: Forbidden: not lower');
});

test('finalizers without a domain are warned of', async () => {
  const server = await world();
  const body = widget('one', { metadata: { name: 'one', finalizers: ['hold'] } });
  const answer = await server.ask(widgetsPath, { method: 'POST', body });
  expect(answer.headers.warning).toEqual([
    '299 - "metadata.finalizers: \\"hold\\": prefer a domain-qualified finalizer name to avoid accidental conflicts with other finalizer writers"',
  ]);
});

test('a version without properties takes anything that is preserved', async () => {
  const server = await world({ schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } });
  const body = { ...widget('one'), anything: { goes: [1, 'two', null] } };
  expect(await server.ok(widgetsPath, { method: 'POST', body })).toMatchObject({
    anything: { goes: [1, 'two', null] },
  });
});
