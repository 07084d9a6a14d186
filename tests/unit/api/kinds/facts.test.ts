// The generated facts as schemas: every reference resolves, and the shapes people rely on are there.

import { expect, test } from 'vitest';
import { goTypeOf, typeNames, typeSchema } from '../../../../infra/api/kinds/facts.ts';
import type { ObjectSchema, Schema } from '../../../../infra/api/kinds/schema.ts';

function schema(name: string): ObjectSchema {
  const found = typeSchema(name);
  if (found === undefined) throw new Error(`no type ${name}`);
  return found;
}

function field(type: string, name: string) {
  const found = schema(type).fields.get(name);
  if (found === undefined) throw new Error(`no field ${type}.${name}`);
  return found;
}

test('every type in the table resolves, down to its last field', () => {
  const visit = (node: Schema): void => {
    if (node.kind === 'list') visit(node.item);
    if (node.kind === 'map') visit(node.value);
    if (node.kind === 'any' && node.alternative !== undefined) expect(node.alternative.schema.kind).toBe('object');
    expect(goTypeOf(node)).not.toContain('undefined');
  };
  const names = typeNames();
  expect(names.length).toBeGreaterThan(700);
  for (const name of names) for (const { schema: node } of schema(name).fields.values()) visit(node);
});

test('a type is resolved to one schema object, whoever asks', () => {
  expect(field('io.k8s.api.core.v1.Pod', 'spec').schema).toBe(schema('io.k8s.api.core.v1.PodSpec'));
});

test('an unknown type is undefined', () => {
  expect(typeSchema('io.k8s.api.core.v1.Unheard')).toBeUndefined();
  expect(typeSchema('Pod')).toBeUndefined();
  expect(typeSchema('io.k8s.api.core.v1.Protocol')).toBeUndefined();
});

test('container ports are merged by port in patches and by port and protocol in server-side apply', () => {
  const ports = field('io.k8s.api.core.v1.Container', 'ports');
  expect(ports).toMatchObject({ number: 6, patchStrategies: ['merge'], patchMergeKey: 'containerPort' });
  expect(ports.schema).toMatchObject({ kind: 'list', listType: 'map', keys: ['containerPort', 'protocol'] });
});

test('an inlined structure lends its fields to the parent and keeps its place on the wire', () => {
  const volume = schema('io.k8s.api.core.v1.Volume');
  expect(volume.fields.get('hostPath')).toMatchObject({ number: 0, pointer: true, inline: false });
  expect(volume.fields.has('volumeSource')).toBe(false);
  expect(volume.inlined?.map(({ name, number }) => [name, number])).toEqual([['volumeSource', 2]]);
});

test('apiVersion and kind are fields of every object and have no protobuf number', () => {
  const pod = schema('io.k8s.api.core.v1.Pod');
  expect([...pod.fields.keys()]).toEqual(['kind', 'apiVersion', 'metadata', 'spec', 'status']);
  expect(pod.fields.get('kind')?.number).toBe(0);
  expect(pod.inlined).toBeUndefined();
});

test('enums, defaults, required fields and atomic structures are known', () => {
  expect(field('io.k8s.api.core.v1.ServicePort', 'protocol')).toMatchObject({
    enum: ['SCTP', 'TCP', 'UDP'],
    default: 'TCP',
  });
  expect(field('io.k8s.api.core.v1.Container', 'name').required).toBe(true);
  expect(field('io.k8s.api.core.v1.Container', 'image').required).toBe(false);
  expect(schema('io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelector').atomic).toBe(true);
  expect(field('io.k8s.api.core.v1.PersistentVolumeSpec', 'claimRef').schema).toMatchObject({ atomic: false });
  expect(field('io.k8s.api.core.v1.PodSpec', 'nodeSelector').schema).toMatchObject({ kind: 'map', atomic: true });
});

test('creationTimestamp alone is left out when zero', () => {
  const omitted = typeNames().flatMap((name) =>
    [...schema(name).fields.values()].filter(({ omitZero }) => omitZero).map((zero) => zero.name),
  );
  expect(new Set(omitted)).toEqual(new Set(['creationTimestamp']));
});

test('Go types are spelled as Kubernetes spells them in errors', () => {
  const type = (owner: string, name: string): string => goTypeOf(field(`io.k8s.api.core.v1.${owner}`, name).schema);
  expect(type('PodSpec', 'containers')).toBe('[]v1.Container');
  expect(type('ConfigMap', 'data')).toBe('map[string]string');
  expect(type('ResourceRequirements', 'limits')).toBe('v1.ResourceList');
  expect(type('Secret', 'data')).toBe('map[string][]uint8');
  expect(type('Container', 'imagePullPolicy')).toBe('v1.PullPolicy');
});
