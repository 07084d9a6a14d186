// What the patch tests share: frozen inputs, so that any write to one throws, and deployments to patch.

import fc from 'fast-check';
import { typeSchema } from '../../../../infra/api/kinds/facts.ts';
import type { ObjectSchema } from '../../../../infra/api/kinds/schema.ts';
import { isList, isObject, type Json, type JsonObject } from '../../../../infra/api/patch/json-value.ts';

export const frozen = <T>(value: T): T => {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) frozen(inner);
  }
  return value;
};

export const schemaNamed = (name: string): ObjectSchema => {
  const schema = typeSchema(name);
  if (schema === undefined) throw new Error(`no built-in type is called ${name}`);
  return schema;
};

export const deploymentSchema = schemaNamed('io.k8s.api.apps.v1.Deployment');

/** Without what Go's types cannot tell from absence: zero values, empty structures, empty lists. */
export const essence = (value: Json | undefined): Json | undefined => {
  if (isList(value)) return value.length === 0 ? undefined : value.map((item) => essence(item) ?? {});
  if (!isObject(value)) return value === null || value === '' || value === 0 || value === false ? undefined : value;
  const kept: { [key: string]: Json } = {};
  for (const key of Object.keys(value).sort()) {
    const inner = essence(value[key]);
    if (inner !== undefined) kept[key] = inner;
  }
  return Object.keys(kept).length === 0 ? undefined : kept;
};

const labels = fc.dictionary(
  fc.constantFrom('app', 'tier', 'team', '__proto__x', 'constructor'),
  fc.constantFrom('1', '2'),
);

const container = (name: string): fc.Arbitrary<JsonObject> =>
  fc.record(
    {
      name: fc.constant(name),
      image: fc.constantFrom('nginx:1', 'nginx:2'),
      args: fc.subarray(['-a', '-b']),
      env: fc
        .subarray(['A', 'B', 'C'])
        .chain((names) =>
          fc.tuple(...names.map((env) => fc.record({ name: fc.constant(env), value: fc.constantFrom('1', '2') }))),
        ),
      ports: fc.subarray([80, 443]).map((ports) => ports.map((containerPort) => ({ containerPort, protocol: 'TCP' }))),
    },
    { requiredKeys: ['name'] },
  ) as fc.Arbitrary<JsonObject>;

/** Configurations as people apply them, whole or in part. */
export const deployments: fc.Arbitrary<JsonObject> = fc
  .record(
    {
      labels,
      finalizers: fc.subarray(['a/1', 'b/2']),
      replicas: fc.integer({ min: 1, max: 3 }),
      paused: fc.constant(true),
      nodeSelector: labels,
      containers: fc
        .shuffledSubarray(['a', 'b', 'c'], { minLength: 1 })
        .chain((names) => fc.tuple(...names.map(container))) as unknown as fc.Arbitrary<JsonObject[]>,
    },
    { requiredKeys: [] },
  )
  .map(({ labels: own, finalizers, replicas, paused, nodeSelector, containers }) => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', ...(own && { labels: own }), ...(finalizers && { finalizers }) },
    spec: {
      ...(replicas && { replicas }),
      ...(paused && { paused }),
      ...((containers || nodeSelector) && {
        template: { spec: { ...(containers && { containers }), ...(nodeSelector && { nodeSelector }) } },
      }),
    },
  }));
