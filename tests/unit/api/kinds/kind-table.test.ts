import { expect, test } from 'vitest';
import type { Kind } from '../../../../infra/api/kinds/kind.ts';
import { KindTable } from '../../../../infra/api/kinds/kind-table.ts';
import { allKinds, kindOf } from '../../../../infra/api/kinds/kinds.ts';

const pods = kindOf('', 'pods') as Kind;

function custom(version: string, resource = 'widgets', group = 'example.com'): Kind {
  return { ...pods, group, version, resource, kind: 'Widget', singular: 'widget', shortNames: [], categories: [] };
}

test('a table begins with the built-in kinds', () => {
  const table = new KindTable();
  expect(table.all()).toEqual(allKinds());
  expect(table.preferred('', 'pods')).toBe(pods);
  expect(table.changes).toBe(0);
});

test('the kinds of a definition come and go, behind the built-in ones, and every change is counted', () => {
  const table = new KindTable();
  table.define('widgets.example.com', [custom('v1beta1'), custom('v1')]);
  expect(table.all().slice(-2)).toEqual([custom('v1'), custom('v1beta1')]);
  expect(table.byResource('example.com', 'v1beta1', 'widgets')).toMatchObject({ version: 'v1beta1' });
  expect(table.byApiVersion('example.com/v1', 'Widget')).toMatchObject({ version: 'v1' });
  expect(table.preferred('example.com', 'widgets')).toMatchObject({ version: 'v1' });
  table.define('widgets.example.com', []);
  expect(table.all()).toEqual(allKinds());
  expect(table.changes).toBe(2);
  table.define('widgets.example.com', []);
  expect(table.changes).toBe(2);
});

test('a definition does not take the place of a built-in kind', () => {
  const table = new KindTable();
  table.define('deployments.apps', [custom('v1', 'deployments', 'apps')]);
  expect(table.byResource('apps', 'v1', 'deployments')).toBe(kindOf('apps', 'deployments'));
  expect(table.all()).toEqual(allKinds());
});

test('two tables know nothing of each other', () => {
  const [one, other] = [new KindTable(), new KindTable()];
  one.define('widgets.example.com', [custom('v1')]);
  expect(other.byResource('example.com', 'v1', 'widgets')).toBeUndefined();
});

test('versions are offered in the order of their stability', () => {
  const table = new KindTable();
  const versions = ['v10alpha1', 'foo1', 'v1', 'v2beta2', 'v2', 'v2beta10', 'v11alpha2', 'v10', 'bar'];
  table.define(
    'widgets.example.com',
    versions.map((version) => custom(version)),
  );
  const order = ['v10', 'v2', 'v1', 'v2beta10', 'v2beta2', 'v11alpha2', 'v10alpha1', 'bar', 'foo1'];
  expect(
    table
      .all()
      .slice(-9)
      .map(({ version }) => version),
  ).toEqual(order);
});
