// The table of served kinds: every line is complete and can be found by each of its names.

import { expect, test } from 'vitest';
import { allKinds, kindByGvk, kindByResource, kindOf } from '../../../../infra/api/kinds/kinds.ts';
import { schemaOf } from '../../../../infra/api/kinds/type-names.ts';

test('every kind is found by resource and by kind, and has a schema with metadata', () => {
  for (const kind of allKinds()) {
    expect(kindByResource(kind.group, kind.version, kind.resource)).toBe(kind);
    expect(kindByGvk(kind.group, kind.version, kind.kind)).toBe(kind);
    expect(kindOf(kind.group, kind.resource)?.kind).toBe(kind.kind);
    expect(kind.schema.fields.has('metadata')).toBe(true);
    expect(kind.schema.fields.has('apiVersion')).toBe(true);
  }
});

test('the bodies of all subresources resolve', () => {
  for (const { subresources } of allKinds()) {
    for (const { group, version, kind } of subresources) {
      expect(schemaOf(group === '' ? version : `${group}/${version}`, kind)?.kind).toBe('object');
    }
  }
});

test('pods serve what kubectl asks of them', () => {
  expect(kindOf('', 'pods')).toMatchObject({
    kind: 'Pod',
    listKind: 'PodList',
    singular: 'pod',
    namespaced: true,
    shortNames: ['po'],
    categories: ['all'],
    verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
    subresources: [
      { name: 'binding', verbs: ['create'], group: '', version: 'v1', kind: 'Binding' },
      { name: 'ephemeralcontainers', verbs: ['get', 'patch', 'update'], group: '', version: 'v1', kind: 'Pod' },
      { name: 'eviction', verbs: ['create'], group: 'policy', version: 'v1', kind: 'Eviction' },
      { name: 'log', verbs: ['get'], group: '', version: 'v1', kind: 'Pod' },
      { name: 'resize', verbs: ['get', 'patch', 'update'], group: '', version: 'v1', kind: 'Pod' },
      { name: 'status', verbs: ['get', 'patch', 'update'], group: '', version: 'v1', kind: 'Pod' },
    ],
  });
});

test('namespaces cannot be deleted as a collection and reviews can only be created', () => {
  expect(kindOf('', 'namespaces')?.verbs).not.toContain('deletecollection');
  expect(kindOf('authorization.k8s.io', 'selfsubjectaccessreviews')?.verbs).toEqual(['create']);
});

test('events.k8s.io events and the first autoscalers are another kind in another form', () => {
  const second = allKinds().filter((kind) => kind.storedAs !== undefined);
  expect(second.map(({ group, version, storedAs }) => [`${group}/${version}`, storedAs])).toEqual([
    ['events.k8s.io/v1', { group: '', version: 'v1', kind: 'Event' }],
    ['autoscaling/v1', { group: 'autoscaling', version: 'v2', kind: 'HorizontalPodAutoscaler' }],
  ]);
});

test('options and Status are found under the versions clients send them in', () => {
  const name = 'io.k8s.apimachinery.pkg.apis.meta.v1';
  expect(schemaOf('apps/v1', 'DeleteOptions')?.name).toBe(`${name}.DeleteOptions`);
  expect(schemaOf('v1', 'Status')?.name).toBe(`${name}.Status`);
  expect(schemaOf('meta.k8s.io/v1', 'Table')?.name).toBe(`${name}.Table`);
  expect(schemaOf('apiextensions.k8s.io/v1', 'CustomResourceDefinition')?.kind).toBe('object');
  expect(schemaOf('example.com/v1', 'Widget')).toBeUndefined();
});
