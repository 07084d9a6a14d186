// The walk that makes an object what Go's decode and encode would make of it. The error texts in the tables were printed
// by Kubernetes' own decoder for the same bodies.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type ConformOptions, cannotBeHandled, conform } from '../../../../infra/api/codec/conform.ts';
import { measureJson } from '../../../../infra/api/codec/json-measure.ts';
import { typeNames, typeSchema } from '../../../../infra/api/kinds/facts.ts';
import type { ObjectSchema } from '../../../../infra/api/kinds/schema.ts';
import { schemaOf } from '../../../../infra/api/kinds/type-names.ts';
import { objectsOf } from './schema-objects.ts';

function schema(apiVersion: string, kind: string): ObjectSchema {
  const found = schemaOf(apiVersion, kind);
  if (found === undefined) throw new Error(`no schema for ${apiVersion} ${kind}`);
  return found;
}

const pod = schema('v1', 'Pod');
const deployment = schema('apps/v1', 'Deployment');

function conformed(object: object, type: ObjectSchema = pod): Record<string, unknown> {
  const result = conform(object as Record<string, unknown>, type);
  if (result.type !== 'conforms') throw new Error(result.message);
  return result.object;
}

function refusal(object: object, type: ObjectSchema = pod): string {
  const result = conform(object as Record<string, unknown>, type);
  if (result.type !== 'refused') throw new Error('conforms');
  return result.message;
}

function validated(text: string, fieldValidation: ConformOptions['fieldValidation'], type: ObjectSchema = deployment) {
  const bytes = Buffer.from(text);
  const json = { bytes, keys: measureJson(bytes).keys };
  return conform(JSON.parse(text) as Record<string, unknown>, type, { fieldValidation, json });
}

const container = (fields: object): object => ({ spec: { containers: [{ name: 'a', ...fields }] } });

describe('wrong types are refused in Kubernetes’ words', () => {
  test.each<[string, object, ObjectSchema, string]>([
    [
      'a text for a number',
      { spec: { replicas: 'two' } },
      deployment,
      'json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32',
    ],
    [
      'a number for a text, inside lists',
      container({ env: [{ name: 'A', value: 1 }] }),
      pod,
      'json: cannot unmarshal number into Go struct field EnvVar.spec.containers.env.value of type string',
    ],
    [
      'a number that is too large',
      { spec: { replicas: 3_000_000_000 } },
      deployment,
      'json: cannot unmarshal number 3000000000 into Go struct field DeploymentSpec.spec.replicas of type int32',
    ],
    [
      'a fraction for a whole number',
      { spec: { replicas: 1.5 } },
      deployment,
      'json: cannot unmarshal number 1.5 into Go struct field DeploymentSpec.spec.replicas of type int32',
    ],
    [
      'a list for a structure',
      { spec: [] },
      pod,
      'json: cannot unmarshal array into Go struct field Pod.spec of type v1.PodSpec',
    ],
    [
      'a structure for a list',
      { spec: { containers: {} } },
      pod,
      'json: cannot unmarshal object into Go struct field PodSpec.spec.containers of type []v1.Container',
    ],
    [
      'a text for a truth value',
      { spec: { hostIPC: 'yes' } },
      pod,
      'json: cannot unmarshal string into Go struct field PodSpec.spec.hostIPC of type bool',
    ],
    [
      'a truth value in a map',
      { metadata: { labels: { app: true } } },
      pod,
      'json: cannot unmarshal bool into Go struct field ObjectMeta.metadata.labels of type string',
    ],
    [
      'a field of an embedded structure',
      { spec: { volumes: [{ name: 'v', emptyDir: [] }] } },
      pod,
      'json: cannot unmarshal array into Go struct field Volume.spec.volumes.VolumeSource.emptyDir of type v1.EmptyDirVolumeSource',
    ],
    [
      'a named text',
      container({ imagePullPolicy: 5 }),
      pod,
      'json: cannot unmarshal number into Go struct field Container.spec.containers.imagePullPolicy of type v1.PullPolicy',
    ],
    [
      'a number for a time',
      { metadata: { creationTimestamp: 5 } },
      pod,
      'json: cannot unmarshal number into Go struct field ObjectMeta.metadata.creationTimestamp of type string',
    ],
    [
      'a text that is no time',
      { metadata: { creationTimestamp: 'yesterday' } },
      pod,
      'parsing time "yesterday" as "2006-01-02T15:04:05Z07:00": cannot parse "yesterday" as "2006"',
    ],
    [
      'a text that is no quantity',
      container({ resources: { limits: { cpu: 'much' } } }),
      pod,
      "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
    ],
    ['data that is not base64', { data: { key: 'a' } }, schema('v1', 'Secret'), 'illegal base64 data at input byte 0'],
    [
      'an error in a type that decodes itself, which wins over the first one',
      { spec: { replicas: 'two', template: { metadata: { creationTimestamp: false } } } },
      deployment,
      'json: cannot unmarshal bool into Go struct field ObjectMeta.spec.template.metadata.creationTimestamp of type string',
    ],
  ])('%s', (_, object, type, message) => {
    expect(refusal(object, type)).toBe(message);
  });

  test('the answer names the kind of the body and the kind that was expected', () => {
    const message = refusal({ spec: { replicas: 'two' } }, deployment);
    expect(cannotBeHandled({ kind: 'Deployment', version: 'v1' }, 'Deployment', message)).toBe(
      'Deployment in version "v1" cannot be handled as a Deployment: json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32',
    );
  });
});

describe('values take the form Go prints', () => {
  test('quantities become canonical', () => {
    const limits = { cpu: '1000m', memory: '1.5Gi', 'ephemeral-storage': 0.5, pods: '1' };
    const object = conformed(container({ resources: { limits } }));
    expect(object).toMatchObject(
      container({ resources: { limits: { cpu: '1', memory: '1536Mi', 'ephemeral-storage': '500m', pods: '1' } } }),
    );
  });

  test('times move to UTC and lose their fractions, MicroTimes keep six digits', () => {
    const lease = schema('coordination.k8s.io/v1', 'Lease');
    const object = conformed(
      {
        metadata: { creationTimestamp: '2026-01-01T01:30:00.9+01:30' },
        spec: { renewTime: '2026-01-01T00:00:00.123456+00:00' },
      },
      lease,
    );
    expect(object).toEqual({
      metadata: { creationTimestamp: '2026-01-01T00:00:00Z' },
      spec: { renewTime: '2026-01-01T00:00:00.123456Z' },
    });
  });

  test('int-or-string stays what it is', () => {
    const ports = [
      { port: 80, targetPort: 'http' },
      { port: 81, targetPort: 8081 },
    ];
    expect(conformed({ spec: { ports } }, schema('v1', 'Service'))).toMatchObject({ spec: { ports } });
  });

  test('null and empty values vanish where Go leaves them out', () => {
    const object = conformed({
      metadata: { name: 'a', creationTimestamp: null, labels: {}, finalizers: [], namespace: '', generation: 0 },
      spec: { containers: [], hostNetwork: false, securityContext: null, nodeSelector: null },
    });
    expect(object).toEqual({ metadata: { name: 'a' }, spec: { containers: [] }, status: {} });
  });

  test('structures and required values appear where Go prints them', () => {
    expect(conformed({ metadata: {}, spec: {} }, deployment)).toEqual({
      metadata: {},
      spec: {
        selector: null,
        strategy: {},
        template: { metadata: {}, spec: { containers: null } },
      },
      status: {},
    });
  });

  test('null items become empty ones', () => {
    const object = conformed(container({ args: ['a', null], env: [null] }));
    expect(object).toMatchObject(container({ args: ['a', ''], env: [{ name: '' }] }));
  });

  test('a false pointer is kept', () => {
    expect(conformed({ spec: { containers: [], enableServiceLinks: false } })).toMatchObject({
      spec: { enableServiceLinks: false },
    });
  });

  test('free-form JSON is left alone', () => {
    const revision = schema('apps/v1', 'ControllerRevision');
    const data = { a: null, b: { c: [null, ''] } };
    expect(conformed({ data, revision: 1 }, revision)).toMatchObject({ data });
  });

  test('a label named __proto__ is a label', () => {
    const object = JSON.parse('{"metadata":{"labels":{"__proto__":null,"a":"b"}}}') as Record<string, unknown>;
    const { metadata } = conformed(object) as { metadata: { labels: object } };
    expect(Object.getOwnPropertyDescriptor(metadata.labels, '__proto__')?.value).toBe('');
    expect(Object.getPrototypeOf(metadata.labels)).toBe(Object.prototype);
  });
});

describe('unknown and duplicate fields', () => {
  const unknown = '{"spec":{"foo":1,"template":{"spec":{"containers":[{"name":"a"},{"name":"b","bar":{}}]}}},"x.y":2}';
  const findings = [
    'unknown field "spec.foo"',
    'unknown field "spec.template.spec.containers[1].bar"',
    'unknown field "x.y"',
  ];

  test('Ignore drops them silently', () => {
    const result = validated(unknown, 'Ignore');
    expect(result).toMatchObject({ type: 'conforms', warnings: [] });
    expect(JSON.stringify(result)).not.toMatch(/foo|bar|x\.y/);
  });

  test('Warn drops them and says so', () => {
    const result = validated(unknown, 'Warn');
    expect(result).toMatchObject({ type: 'conforms', warnings: findings });
    expect(JSON.stringify(result.type === 'conforms' && result.object)).not.toMatch(/foo|bar|x\.y/);
  });

  test('Strict refuses them', () => {
    expect(validated(unknown, 'Strict')).toEqual({
      type: 'refused',
      message: `strict decoding error: ${findings.join(', ')}`,
    });
  });

  test('duplicates are reported in the order of the text, among the unknown fields', () => {
    const text = `{"metadata":{"labels":{"a":"1","a":"2"}},
      "spec":{"unknown1":1,"replicas":1,"replicas":2,"unknown1":2,"template":{"spec":{"containers":[{"name":"a","name":"b"}]}}},
      "spec":{"paused":true}}`;
    expect(validated(text, 'Strict')).toEqual({
      type: 'refused',
      message:
        'strict decoding error: duplicate field "metadata.labels.a", unknown field "spec.unknown1", duplicate field "spec.replicas", ' +
        'duplicate field "spec.template.spec.containers[0].name", duplicate field "spec"',
    });
  });

  test('duplicates inside unknown fields and free-form JSON are nobody’s business', () => {
    const revision = schema('apps/v1', 'ControllerRevision');
    expect(validated('{"data":{"a":1,"a":2},"revision":1}', 'Strict', revision)).toMatchObject({ type: 'conforms' });
    expect(validated('{"foo":{"a":1,"a":2}}', 'Warn')).toMatchObject({ warnings: ['unknown field "foo"'] });
  });

  test('escaped keys are compared by what they mean', () => {
    expect(validated('{"spec":{"paused":true,"pa\\u0075sed":true}}', 'Warn')).toMatchObject({
      warnings: ['duplicate field "spec.paused"'],
    });
  });

  test('at most a hundred are reported', () => {
    const text = JSON.stringify(Object.fromEntries(Array.from({ length: 150 }, (_, index) => [`f${index}`, 1])));
    const result = validated(text, 'Warn');
    expect(result.type === 'conforms' && result.warnings).toHaveLength(100);
  });

  test('a type error wins over them', () => {
    expect(validated('{"foo":1,"spec":{"replicas":"x"}}', 'Strict')).toMatchObject({
      message: expect.stringContaining('json: cannot unmarshal') as string,
    });
  });

  test('definitions’ schemas are cleaned without a report, as Kubernetes does', () => {
    const crd = schema('apiextensions.k8s.io/v1', 'CustomResourceDefinition');
    const items = (field: object): object => ({
      spec: { versions: [{ name: 'v1', schema: { openAPIV3Schema: { properties: { a: { items: field } } } } }] },
    });
    const text = JSON.stringify(items({ type: 'string', foo: 1 }));
    const result = validated(text, 'Strict', crd);
    expect(result.type === 'conforms' && result.object).toMatchObject(items({ type: 'string' }));
    expect(JSON.stringify(result)).not.toContain('foo');
  });
});

const types = typeNames().map((name) => typeSchema(name) as ObjectSchema);

test('an object that conforms is returned as it is, for every type', () => {
  for (const type of types) {
    fc.assert(
      fc.property(objectsOf(type, 4), (object) => {
        const result = conform(object, type);
        expect(result.type === 'conforms' && result.object).toBe(object);
      }),
      { numRuns: 3 },
    );
  }
});

const JUNK = fc.constantFrom(
  null,
  '',
  0,
  false,
  true,
  [],
  {},
  1.5,
  7,
  'x',
  '0.5',
  '2020-01-01T01:00:00+01:00',
  [null],
  { a: null },
);

test('conforming twice changes nothing, whatever the values are', () => {
  fc.assert(
    fc.property(objectsOf(pod, 5), fc.infiniteStream(fc.option(JUNK, { freq: 10, nil: undefined })), (object, junk) => {
      const spoilt = Object.entries(object).map(([key, value]) => [key, spoil(value, junk)]);
      const first = conform(Object.fromEntries(spoilt), pod);
      if (first.type !== 'conforms') return;
      const second = conform(first.object, pod);
      expect(second.type === 'conforms' && second.object).toBe(first.object);
    }),
    { numRuns: 500 },
  );
});

/** Puts junk in place of values, wherever the stream has some. */
function spoil(value: unknown, junk: Iterator<unknown>): unknown {
  const replaced: unknown = junk.next().value;
  if (replaced !== undefined) return replaced;
  if (Array.isArray(value)) return value.map((item) => spoil(item, junk));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, spoil(inner, junk)]));
}
