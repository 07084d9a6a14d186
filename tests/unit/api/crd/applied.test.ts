import { expect, test } from 'vitest';
import type { AnyObject } from '../../../../streams/resources/meta.ts';
import type { ApiWorld, AskOptions, Body } from '../../../kit/api-world.ts';
import { specOf, version, widget, widgetsPath, widgetWorld } from './given-definition.ts';

type Owned = { readonly manager: string; readonly apiVersion: string; readonly fieldsV1: Body };
type Widget = AnyObject & { readonly spec: Body };

const text = { type: 'string' } as const;
const schema = specOf({
  free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
  whole: { type: 'object', 'x-kubernetes-map-type': 'atomic', properties: { a: text, b: text } },
  list: { type: 'array', items: text },
  set: { type: 'array', 'x-kubernetes-list-type': 'set', items: text },
  map: {
    type: 'array',
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': ['k'],
    items: { type: 'object', required: ['k'], properties: { k: text, v: text } },
  },
});

const applied = (manager: string, spec: Body, of = 'v1'): readonly [string, AskOptions] => [
  `${widgetsPath.replace('/v1/', `/${of}/`)}/one?fieldManager=${manager}`,
  {
    method: 'PATCH',
    headers: { 'content-type': 'application/apply-patch+yaml' },
    body: JSON.stringify(widget('one', { spec }, of)),
  },
];
const apply = (world: ApiWorld, manager: string, spec: Body, of?: string) =>
  world.ok<Widget>(...applied(manager, spec, of));

const ownedOf = ({ metadata }: Widget): readonly Owned[] => (metadata.managedFields ?? []) as readonly Owned[];

test('what nobody described is shared by its fields, what is atomic belongs to one', async () => {
  const world = await widgetWorld([version({ schema })]);
  await apply(world, 'one', { free: { a: { b: 1 } }, whole: { a: 'x' }, list: ['x'] });
  const both = await apply(world, 'two', { free: { a: { c: [2] } } });
  expect(both.spec.free).toEqual({ a: { b: 1, c: [2] } });
  const conflict = await world.refused(...applied('two', { whole: { b: 'y' }, list: ['y'] }));
  expect(conflict.details?.causes?.map(({ field }) => field).sort()).toEqual(['.spec.list', '.spec.whole']);
  const left = await apply(world, 'one', { free: { a: { b: 1 } } });
  expect(left.spec).toEqual({ free: { a: { b: 1, c: [2] } } });
});

test('items of sets and maps belong to those who applied them', async () => {
  const world = await widgetWorld([version({ schema })]);
  await apply(world, 'one', { set: ['a', 'b'], map: [{ k: 'x', v: '1' }] });
  const both = await apply(world, 'two', { set: ['b', 'c'], map: [{ k: 'y', v: '2' }] });
  expect(both.spec).toEqual({
    set: ['a', 'b', 'c'],
    map: [
      { k: 'x', v: '1' },
      { k: 'y', v: '2' },
    ],
  });
  const left = await apply(world, 'one', {});
  expect(left.spec).toEqual({ set: ['b', 'c'], map: [{ k: 'y', v: '2' }] });
  const [entry] = ownedOf(left).filter(({ manager }) => manager === 'two');
  expect(entry?.fieldsV1).toEqual({
    'f:spec': {
      'f:set': { 'v:"b"': {}, 'v:"c"': {} },
      'f:map': { 'k:{"k":"y"}': { '.': {}, 'f:k': {}, 'f:v': {} } },
    },
  });
});

test('fields applied in one version are owned in every version', async () => {
  const v2 = version({ name: 'v2', schema, storage: false });
  const world = await widgetWorld([version({ schema }), v2]);
  await apply(world, 'one', { list: ['x'] });
  const conflict = await world.refused(...applied('two', { list: ['y'] }, 'v2'));
  expect(conflict.message).toContain('conflict with "one": .spec.list');
  const moved = await apply(world, 'one', { list: ['z'] }, 'v2');
  expect(moved.spec).toEqual({ list: ['z'] });
  expect(ownedOf(moved).map(({ manager, apiVersion }) => `${manager} ${apiVersion}`)).toEqual(['one example.com/v2']);
});
