import { describe, expect, test } from 'vitest';
import { fieldManagerComplaint, fieldManagerOf } from '../../../../infra/api/patch/field-manager.ts';
import { setOf } from '../../../../infra/api/patch/field-set.ts';
import type { Json, JsonObject } from '../../../../infra/api/patch/json-value.ts';
import { managedFieldsOf } from '../../../../infra/api/patch/managed-fields.ts';
import { changesBetween } from '../../../../infra/api/patch/object-changes.ts';
import { fitToSchema, namedFields } from '../../../../infra/api/patch/owned-fields.ts';
import { trackUpdate, withoutTimeOnlyChange } from '../../../../infra/api/patch/track-update.ts';
import { deploymentSchema, frozen, schemaNamed } from './support.ts';

const at = (second: number): string => `2026-01-02T03:04:${String(second).padStart(2, '0')}Z`;

const web: JsonObject = frozen({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', namespace: 'default', labels: { app: 'web' }, finalizers: ['a/1'] },
  spec: {
    replicas: 2,
    selector: { matchLabels: { app: 'web' } },
    strategy: {},
    template: {
      metadata: { labels: { app: 'web' } },
      spec: {
        containers: [
          { name: 'c', image: 'nginx', ports: [{ containerPort: 80, protocol: 'TCP' }], args: ['-a'], resources: {} },
        ],
      },
    },
  },
});

type Write = { manager: string; second?: number; subresource?: string; resetFields?: ReturnType<typeof setOf> };

const write = (before: JsonObject | undefined, after: JsonObject, options: Write): JsonObject =>
  frozen(
    trackUpdate({
      schema: deploymentSchema,
      before,
      after: frozen(after),
      apiVersion: 'apps/v1',
      manager: options.manager,
      time: at(options.second ?? 0),
      ...(options.subresource !== undefined && { subresource: options.subresource }),
      ...(options.resetFields !== undefined && { resetFields: options.resetFields }),
    }),
  );

const created = write(undefined, web, { manager: 'kubectl-create' });

const entriesOf = (object: JsonObject) => (managedFieldsOf(object) ?? []) as readonly JsonObject[];

const fieldsOf = (object: JsonObject, manager: string): Json | undefined =>
  entriesOf(object).find((entry) => entry.manager === manager)?.fieldsV1;

const set = (object: JsonObject, spec: JsonObject, status?: JsonObject): JsonObject => ({
  ...object,
  spec: { ...(object.spec as JsonObject), ...spec },
  ...(status && { status }),
});

describe('the fields of an object', () => {
  test('an apply owns what it names: items and entries, not the structures on the way', () => {
    expect(namedFields(web, deploymentSchema)).toEqual({
      'f:apiVersion': {},
      'f:kind': {},
      'f:metadata': { 'f:finalizers': { 'v:"a/1"': {} }, 'f:labels': { 'f:app': {} }, 'f:name': {}, 'f:namespace': {} },
      'f:spec': {
        'f:replicas': {},
        'f:selector': {},
        'f:strategy': {},
        'f:template': {
          'f:metadata': { 'f:labels': { 'f:app': {} } },
          'f:spec': {
            'f:containers': {
              'k:{"name":"c"}': {
                '.': {},
                'f:args': {},
                'f:image': {},
                'f:name': {},
                'f:ports': {
                  'k:{"containerPort":80,"protocol":"TCP"}': { '.': {}, 'f:containerPort': {}, 'f:protocol': {} },
                },
                'f:resources': {},
              },
            },
          },
        },
      },
    });
  });

  test('a key left out of an item counts with its default', () => {
    const ports = [{ containerPort: 80 }, { containerPort: 80, protocol: 'UDP' }];
    const configuration = { spec: { template: { spec: { containers: [{ name: 'c', ports }] } } } };
    expect(JSON.stringify(namedFields(configuration, deploymentSchema))).toContain(
      '"f:ports":{"k:{\\"containerPort\\":80,\\"protocol\\":\\"TCP\\"}":{".":{},"f:containerPort":{}},"k:{\\"containerPort\\":80,\\"protocol\\":\\"UDP\\"}"',
    );
  });

  test('null names a field, an empty list does not', () => {
    expect(namedFields({ metadata: { finalizers: [] }, spec: { replicas: null } }, deploymentSchema)).toEqual({
      'f:spec': { 'f:replicas': {} },
    });
  });

  test('items with one identity are owned as one', () => {
    const env = [
      { name: 'X', value: '1' },
      { name: 'X', value: '2' },
    ];
    const object = { spec: { template: { spec: { containers: [{ name: 'c', env }] } } } };
    expect(JSON.stringify(namedFields(object, deploymentSchema))).toContain('"f:env":{"k:{\\"name\\":\\"X\\"}":{}}');
  });

  test('pieces of what is atomic by now are owned as the whole', () => {
    const before = { 'f:spec': { 'f:selector': { 'f:matchLabels': { 'f:app': {} } }, 'f:replicas': {} } };
    expect(fitToSchema(before, deploymentSchema)).toEqual({ 'f:spec': { 'f:selector': {}, 'f:replicas': {} } });
    expect(fitToSchema(before, deploymentSchema, { 'f:spec': { 'f:replicas': {} } })).toBe(before);
  });
});

describe('what changed between two versions', () => {
  const changes = (before: JsonObject, after: JsonObject) =>
    changesBetween({ schema: deploymentSchema, before, after, ignored: {} });

  test('added, modified and removed fields are told apart', () => {
    const after = set(web, {
      replicas: 3,
      paused: true,
      template: { metadata: { labels: {} }, spec: { containers: [] } },
    });
    expect(changes(web, after)).toEqual({
      added: { 'f:spec': { 'f:paused': {} } },
      modified: { 'f:spec': { 'f:replicas': {} } },
      removed: {
        'f:spec': {
          'f:template': {
            'f:metadata': { 'f:labels': { 'f:app': {} } },
            'f:spec': { 'f:containers': { 'k:{"name":"c"}': expect.objectContaining({ '.': {}, 'f:image': {} }) } },
          },
        },
      },
    });
  });

  test('an absent structure that is no pointer equals an empty one, an absent pointer does not', () => {
    const { strategy: _, ...spec } = web.spec as JsonObject;
    expect(changes(web, { ...web, spec, status: {} })).toEqual({ added: {}, modified: {}, removed: {} });
    const probe = (lifecycle?: JsonObject) => ({
      spec: { template: { spec: { containers: [{ name: 'c', ...(lifecycle && { lifecycle }) }] } } },
    });
    expect(JSON.stringify(changes(probe(), probe({})).added)).toContain('f:lifecycle');
  });

  test('reordered items did not change', () => {
    const spec = (...names: string[]) => ({
      spec: { template: { spec: { containers: names.map((name) => ({ name })) } } },
    });
    expect(changes(spec('a', 'b'), spec('b', 'a'))).toEqual({ added: {}, modified: {}, removed: {} });
  });

  test('an item that becomes a duplicate is removed as such and added as one', () => {
    const object = (...values: string[]) => ({
      spec: { template: { spec: { containers: [{ name: 'c', env: values.map((value) => ({ name: 'X', value })) }] } } },
    });
    const { added, removed } = changes(object('1'), object('1', '2'));
    expect(JSON.stringify(added)).toContain('"k:{\\"name\\":\\"X\\"}":{}}');
    expect(JSON.stringify(removed)).toContain('"k:{\\"name\\":\\"X\\"}":{".":{},"f:name":{},"f:value":{}}');
  });
});

describe('a create', () => {
  test('gives all fields to its manager, but none the server sets', () => {
    expect(entriesOf(created)).toEqual([
      {
        manager: 'kubectl-create',
        operation: 'Update',
        apiVersion: 'apps/v1',
        time: at(0),
        fieldsType: 'FieldsV1',
        fieldsV1: {
          'f:metadata': { 'f:finalizers': { '.': {}, 'v:"a/1"': {} }, 'f:labels': { '.': {}, 'f:app': {} } },
          'f:spec': {
            'f:replicas': {},
            'f:selector': {},
            'f:template': {
              'f:metadata': { 'f:labels': { '.': {}, 'f:app': {} } },
              'f:spec': {
                'f:containers': {
                  'k:{"name":"c"}': {
                    '.': {},
                    'f:args': {},
                    'f:image': {},
                    'f:name': {},
                    'f:ports': {
                      '.': {},
                      'k:{"containerPort":80,"protocol":"TCP"}': { '.': {}, 'f:containerPort': {}, 'f:protocol': {} },
                    },
                    'f:resources': {},
                  },
                },
              },
            },
          },
        },
      },
    ]);
  });

  test('keeps the owners a restored object brings along', () => {
    const restored = write(
      undefined,
      { ...created, spec: { ...(created.spec as JsonObject) } },
      { manager: 'restore' },
    );
    expect(entriesOf(restored).map((entry) => entry.manager)).toEqual(['restore']);
    const other = {
      ...web,
      metadata: {
        ...(web.metadata as JsonObject),
        managedFields: [
          {
            manager: 'm',
            operation: 'Apply',
            apiVersion: 'apps/v1',
            fieldsType: 'FieldsV1',
            fieldsV1: { 'f:status': { 'f:replicas': {} } },
          },
        ],
      },
    };
    expect(fieldsOf(write(undefined, other, { manager: 'restore' }), 'm')).toEqual({
      'f:status': { 'f:replicas': {} },
    });
  });
});

describe('an update', () => {
  test('takes the changed fields from their owners and leaves the rest', () => {
    const scaled = write(created, set(created, { replicas: 5 }), { manager: 'kubectl-edit', second: 1 });
    expect(fieldsOf(scaled, 'kubectl-edit')).toEqual({ 'f:spec': { 'f:replicas': {} } });
    expect(fieldsOf(scaled, 'kubectl-create')).toMatchObject({ 'f:spec': { 'f:selector': {} } });
    expect(fieldsOf(scaled, 'kubectl-create')).not.toMatchObject({ 'f:spec': { 'f:replicas': {} } });
  });

  test('removes removed fields from all owners, and owners left with nothing', () => {
    const labelled = write(
      created,
      { ...created, metadata: { ...(created.metadata as JsonObject), annotations: { a: '1' } } },
      { manager: 'kubectl-annotate', second: 1 },
    );
    expect(fieldsOf(labelled, 'kubectl-annotate')).toEqual({
      'f:metadata': { 'f:annotations': { '.': {}, 'f:a': {} } },
    });
    const { annotations: _, ...metadata } = labelled.metadata as JsonObject;
    const removed = write(labelled, { ...labelled, metadata }, { manager: 'kubectl-edit', second: 2 });
    expect(entriesOf(removed).map((entry) => entry.manager)).toEqual(['kubectl-create']);
    expect(managedFieldsOf(removed)).not.toBe(managedFieldsOf(labelled));
    expect(entriesOf(removed)[0]).toBe(entriesOf(created)[0]);
  });

  test('that changes nothing keeps entries, times and the very list', () => {
    const same = write(
      created,
      { ...created, spec: { ...(created.spec as JsonObject) } },
      { manager: 'other', second: 9 },
    );
    expect(managedFieldsOf(same)).toBe(managedFieldsOf(created));
    const sent = JSON.parse(JSON.stringify(created)) as JsonObject;
    expect(managedFieldsOf(write(created, sent, { manager: 'other', second: 9 }))).toBe(managedFieldsOf(created));
  });

  test('by a client that does not know managedFields keeps them', () => {
    const replaced = write(created, set(web, { replicas: 4 }), { manager: 'legacy', second: 1 });
    expect(entriesOf(replaced).map((entry) => entry.manager)).toEqual(['kubectl-create', 'legacy']);
  });

  test('through a subresource has an entry of its own and cannot edit entries', () => {
    const status = {
      ...set(created, {}, { replicas: 1 }),
      metadata: { ...(created.metadata as JsonObject), managedFields: [] },
    };
    const updated = write(created, status, { manager: 'kubectl-create', subresource: 'status', second: 1 });
    expect(entriesOf(updated).map(({ manager, subresource, fieldsV1 }) => [manager, subresource, fieldsV1])).toEqual([
      ['kubectl-create', undefined, entriesOf(created)[0]?.fieldsV1],
      ['kubectl-create', 'status', { 'f:status': { 'f:replicas': {} } }],
    ]);
    expect(entriesOf(updated)[0]).toBe(entriesOf(created)[0]);
  });

  test('counts reset fields as unchanged', () => {
    const both = set(created, { replicas: 9 }, { replicas: 1 });
    const main = write(created, both, { manager: 'm', resetFields: setOf(['f:status']), second: 1 });
    expect(fieldsOf(main, 'm')).toEqual({ 'f:spec': { 'f:replicas': {} } });
    const status = write(created, both, {
      manager: 'm',
      resetFields: setOf(['f:spec'], ['f:metadata', 'f:labels']),
      second: 1,
    });
    expect(fieldsOf(status, 'm')).toEqual({ 'f:status': { 'f:replicas': {} } });
  });

  test.each([[[]], [[{}]]])('with managedFields %j clears ownership for good', (managedFields) => {
    const cleared = write(
      created,
      { ...created, metadata: { ...(created.metadata as JsonObject), managedFields } },
      { manager: 'm' },
    );
    expect(managedFieldsOf(cleared)).toBeUndefined();
    expect(managedFieldsOf(write(cleared, set(cleared, { replicas: 7 }), { manager: 'm' }))).toBeUndefined();
  });

  test('with malformed managedFields keeps the recorded ones', () => {
    for (const entry of [
      { manager: 'x' },
      { manager: 'x', operation: 'Apply', apiVersion: 'v1', fieldsType: 'FieldsV2' },
    ]) {
      const sent = { ...created, metadata: { ...(created.metadata as JsonObject), managedFields: [entry] } };
      expect(managedFieldsOf(write(created, sent, { manager: 'm' }))).toBe(managedFieldsOf(created));
    }
  });

  test('without a manager is owned by unknown', () => {
    expect(entriesOf(write(created, set(created, { replicas: 3 }), { manager: '', second: 1 })).at(-1)?.manager).toBe(
      'unknown',
    );
  });

  test('of one field rewrites only the entries that lose or gain it', () => {
    let object = created;
    for (const [i, manager] of ['a', 'b', 'c'].entries()) {
      const labels = { ...((object.metadata as JsonObject).labels as JsonObject), [manager]: '1' };
      object = write(
        object,
        { ...object, metadata: { ...(object.metadata as JsonObject), labels } },
        { manager, second: i + 1 },
      );
    }
    const scaled = write(object, set(object, { replicas: 8 }), { manager: 'c', second: 9 });
    const kept = entriesOf(scaled).filter((entry) => entriesOf(object).includes(entry));
    expect(kept.map((entry) => entry.manager)).toEqual(['a', 'b']);
  });
});

describe('more than ten updaters', () => {
  test('the oldest are merged into ancient-changes, by version', () => {
    let object = created;
    for (let i = 0; i < 12; i++) {
      const labels = { ...((object.metadata as JsonObject).labels as JsonObject), [`l${i}`]: '1' };
      object = write(
        object,
        { ...object, metadata: { ...(object.metadata as JsonObject), labels } },
        { manager: `m${i}`, second: i + 1 },
      );
    }
    expect(entriesOf(object).map((entry) => entry.manager)).toEqual(
      ['ancient-changes', ...[3, 4, 5, 6, 7, 8, 9, 10, 11].map((i) => `m${i}`)].slice(0, 10),
    );
    const ancient = entriesOf(object)[0] as JsonObject;
    expect(ancient.time).toBe(at(3));
    expect(ancient.fieldsV1).toMatchObject({
      'f:metadata': { 'f:labels': { 'f:l0': {}, 'f:l1': {} } },
      'f:spec': { 'f:replicas': {} },
    });
  });
});

describe('a change of nothing but times', () => {
  const later = {
    ...created,
    metadata: {
      ...(created.metadata as JsonObject),
      managedFields: entriesOf(created).map((entry) => ({ ...entry, time: at(30) })),
    },
  };

  test('is none', () => {
    expect(withoutTimeOnlyChange(created, frozen(later))).toBe(created);
    expect(withoutTimeOnlyChange(created, frozen(structuredClone(created)))).toBe(created);
  });

  test('is one when anything else changed too', () => {
    const changed = frozen(set(later, { replicas: 9 }));
    expect(withoutTimeOnlyChange(created, changed)).toBe(changed);
    const fewer = frozen({ ...later, metadata: { ...later.metadata, managedFields: [] } });
    expect(withoutTimeOnlyChange(created, fewer)).toBe(fewer);
  });
});

describe('other API versions', () => {
  test('owners are compared in theirs, and leave with a version that is gone', () => {
    const hpa = schemaNamed('io.k8s.api.autoscaling.v2.HorizontalPodAutoscaler');
    const old = schemaNamed('io.k8s.api.autoscaling.v1.HorizontalPodAutoscaler');
    const entry = (manager: string, apiVersion: string, field: string) => ({
      manager,
      operation: 'Update',
      apiVersion,
      fieldsType: 'FieldsV1',
      fieldsV1: { 'f:spec': { [field]: {}, 'f:minReplicas': {} } },
    });
    const before = frozen({
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata: {
        name: 'x',
        managedFields: [
          entry('old', 'autoscaling/v1', 'f:targetCPUUtilizationPercentage'),
          entry('gone', 'autoscaling/v2beta1', 'f:maxReplicas'),
        ],
      },
      spec: { minReplicas: 1, maxReplicas: 3, metrics: [{ type: 'Resource', value: 50 }] },
    });
    const versions = {
      schemaAt: (apiVersion: string) => (apiVersion === 'autoscaling/v1' ? old : undefined),
      convert: (object: JsonObject) => {
        const { metrics, ...spec } = object.spec as JsonObject;
        const value = (metrics as readonly JsonObject[])[0]?.value as Json;
        return { ...object, spec: { ...spec, targetCPUUtilizationPercentage: value } };
      },
    };
    const after = frozen({ ...before, spec: { ...before.spec, metrics: [{ type: 'Resource', value: 60 }] } });
    const tracked = trackUpdate({
      schema: hpa,
      before,
      after,
      manager: 'new',
      apiVersion: 'autoscaling/v2',
      time: at(1),
      versions,
    });
    expect(entriesOf(tracked).map(({ manager, fieldsV1 }) => [manager, fieldsV1])).toEqual([
      ['old', { 'f:spec': { 'f:minReplicas': {} } }],
      ['new', { 'f:spec': { 'f:metrics': {} } }],
    ]);
  });
});

describe('the name of a manager', () => {
  test.each([
    [{ fieldManager: 'me', userAgent: 'kubectl/v1.36' }, 'me'],
    [{ fieldManager: '', userAgent: 'kubectl/v1.36 (linux/amd64)' }, 'kubectl'],
    [{ fieldManager: '', userAgent: 'Mozilla\t5.0' }, 'Mozilla5.0'],
    [{ fieldManager: '', userAgent: 'ä'.repeat(100) }, 'ä'.repeat(64)],
    [{ fieldManager: '', userAgent: '' }, ''],
  ])('%j is %s', (request, manager) => {
    expect(fieldManagerOf(request)).toBe(manager);
  });

  test('is refused when it is too long or not printable', () => {
    expect(fieldManagerComplaint('kubectl edit')).toBeUndefined();
    expect(fieldManagerComplaint('x'.repeat(129))).toBe('fieldManager: Too long: may not be more than 128 bytes');
    expect(fieldManagerComplaint('a\u0007')).toBe(
      'fieldManager: Invalid value: "a\\u0007": invalid character U+0007 (at position 1)',
    );
  });
});
