import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Schema } from '../../../../infra/api/kinds/schema.ts';
import { type FieldSet, pathsOf, setOf } from '../../../../infra/api/patch/field-set.ts';
import { applyJsonPatch } from '../../../../infra/api/patch/json-patch.ts';
import { isList, isObject, type Json, type JsonObject, own } from '../../../../infra/api/patch/json-value.ts';
import { lastAppliedAnnotation } from '../../../../infra/api/patch/last-applied.ts';
import { managedFieldsOf, withManagedFields } from '../../../../infra/api/patch/managed-fields.ts';
import { isAtomic, schemaOfKey } from '../../../../infra/api/patch/schema-walk.ts';
import { applyConfiguration } from '../../../../infra/api/patch/server-side-apply.ts';
import { trackUpdate } from '../../../../infra/api/patch/track-update.ts';
import { deploymentSchema, deployments, essence, frozen, schemaNamed } from './support.ts';

const at = (second: number): string => `2026-01-02T03:04:${String(second).padStart(2, '0')}Z`;

type Options = { manager?: string; force?: boolean; second?: number; subresource?: string; resetFields?: FieldSet };

const attempt = (before: JsonObject | undefined, configuration: JsonObject, options: Options = {}) =>
  applyConfiguration({
    schema: deploymentSchema,
    before: frozen(before),
    configuration: frozen(configuration),
    manager: options.manager ?? 'one',
    force: options.force ?? false,
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    time: at(options.second ?? 0),
    ...(options.subresource !== undefined && { subresource: options.subresource }),
    ...(options.resetFields !== undefined && { resetFields: options.resetFields }),
  });

const apply = (before: JsonObject | undefined, configuration: JsonObject, options: Options = {}): JsonObject => {
  const outcome = attempt(before, configuration, options);
  if (outcome.kind !== 'applied') throw new Error(outcome.message);
  return outcome.object;
};

const update = (before: JsonObject | undefined, after: JsonObject, manager: string, second = 0): JsonObject =>
  trackUpdate({
    schema: deploymentSchema,
    before,
    after: frozen(after),
    manager,
    apiVersion: 'apps/v1',
    time: at(second),
  });

const deployment = (spec: JsonObject, metadata: JsonObject = {}): JsonObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', ...metadata },
  spec,
});

const withContainers = (...containers: JsonObject[]): JsonObject => deployment({ template: { spec: { containers } } });

const containersOf = (object: JsonObject): Json | undefined =>
  (object.spec as { template?: { spec?: { containers?: Json } } }).template?.spec?.containers;

const owners = (object: JsonObject) =>
  ((managedFieldsOf(object) ?? []) as readonly JsonObject[]).map(({ manager, operation, subresource }) =>
    [manager, operation, ...(subresource ? [subresource] : [])].join(' '),
  );

const fieldsOf = (object: JsonObject, manager: string): Json | undefined =>
  ((managedFieldsOf(object) ?? []) as readonly JsonObject[]).find((entry) => entry.manager === manager)?.fieldsV1;

describe('an apply', () => {
  test('creates what does not exist, with one entry', () => {
    expect(apply(undefined, deployment({ replicas: 2 }, { labels: { app: 'web' }, creationTimestamp: null }))).toEqual({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: {
        name: 'web',
        labels: { app: 'web' },
        managedFields: [
          {
            manager: 'one',
            operation: 'Apply',
            apiVersion: 'apps/v1',
            time: at(0),
            fieldsType: 'FieldsV1',
            fieldsV1: { 'f:metadata': { 'f:labels': { 'f:app': {} } }, 'f:spec': { 'f:replicas': {} } },
          },
        ],
      },
      spec: { replicas: 2 },
    });
  });

  test('of nothing but a name owns nothing', () => {
    expect(
      managedFieldsOf(apply(undefined, { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web' } })),
    ).toBeUndefined();
  });

  test('again returns the very object', () => {
    const configuration = withContainers({ name: 'a', image: '1' });
    const object = apply(undefined, configuration);
    expect(apply(object, structuredClone(configuration), { second: 30 })).toBe(object);
  });

  test('keeps what the server and others added', () => {
    const object = apply(undefined, withContainers({ name: 'a', image: '1' }));
    const defaulted = update(
      object,
      {
        ...object,
        spec: {
          replicas: 1,
          template: {
            spec: { containers: [{ name: 'a', image: '1', imagePullPolicy: 'Always' }, { name: 'sidecar' }] },
          },
        },
      },
      'injector',
      1,
    );
    const applied = apply(defaulted, withContainers({ name: 'a', image: '2' }), { second: 2 });
    expect(containersOf(applied)).toEqual([{ name: 'a', image: '2', imagePullPolicy: 'Always' }, { name: 'sidecar' }]);
    expect(applied.spec).toMatchObject({ replicas: 1 });
  });

  test('drops what its manager applied before and nobody else owns', () => {
    const first = apply(
      undefined,
      deployment(
        {
          replicas: 3,
          paused: true,
          template: {
            spec: { containers: [{ name: 'a', image: '1', env: [{ name: 'X', value: '1' }] }, { name: 'b' }] },
          },
        },
        { labels: { a: '1', b: '2' } },
      ),
    );
    const second = apply(
      first,
      deployment(
        { replicas: 3, template: { spec: { containers: [{ name: 'a', image: '1' }] } } },
        { labels: { b: '2' } },
      ),
      { second: 1 },
    );
    expect(second.metadata).toMatchObject({ labels: { b: '2' } });
    expect(second.metadata).not.toMatchObject({ labels: { a: '1' } });
    expect(second.spec).toEqual({ replicas: 3, template: { spec: { containers: [{ name: 'a', image: '1' }] } } });
  });

  test('leaves a dropped field to whoever else applied it', () => {
    const shared = apply(apply(undefined, deployment({ replicas: 3 })), deployment({ replicas: 3 }), {
      manager: 'two',
    });
    const dropped = apply(shared, deployment({ paused: true }));
    expect(dropped.spec).toEqual({ replicas: 3, paused: true });
    expect(fieldsOf(dropped, 'two')).toEqual({ 'f:spec': { 'f:replicas': {} } });
    expect(fieldsOf(dropped, 'one')).toEqual({ 'f:spec': { 'f:paused': {} } });
  });

  test('leaves a dropped item to whoever owns a part of it', () => {
    const object = apply(undefined, withContainers({ name: 'a', image: '1' }, { name: 'b', image: '2' }));
    const both = apply(object, withContainers({ name: 'b', tty: true }), { manager: 'two' });
    const dropped = apply(both, withContainers({ name: 'a', image: '1' }));
    expect(containersOf(dropped)).toEqual([
      { name: 'a', image: '1' },
      { name: 'b', tty: true },
    ]);
  });

  test('with null unsets its own field and never another manager’s', () => {
    const object = apply(undefined, deployment({ replicas: 3, paused: true }));
    expect(apply(object, deployment({ replicas: null, paused: true })).spec).toEqual({ paused: true });
    expect(attempt(object, deployment({ replicas: null }), { manager: 'two' })).toMatchObject({ kind: 'conflict' });
  });

  test('of the same values by a second manager shares them, and its entry has no time', () => {
    const object = apply(undefined, deployment({ replicas: 3 }));
    const shared = apply(object, deployment({ replicas: 3 }), { manager: 'two', second: 5 });
    expect(owners(shared)).toEqual(['two Apply', 'one Apply']);
    expect((managedFieldsOf(shared) as JsonObject[]).map((entry) => entry.time)).toEqual([undefined, at(0)]);
    expect(apply(shared, deployment({ replicas: 3 }), { manager: 'two', second: 6 })).toBe(shared);
  });

  test('to an untracked object gives what is there to before-first-apply', () => {
    const untracked = deployment({ replicas: 1, paused: true });
    const applied = apply(untracked, deployment({ replicas: 1 }));
    expect(owners(applied)).toEqual(['one Apply', 'before-first-apply Update']);
    expect(attempt(untracked, deployment({ replicas: 2 }))).toMatchObject({
      message: 'Apply failed with 1 conflict: conflict with "before-first-apply" using apps/v1: .spec.replicas',
    });
  });

  test('ignores reset fields', () => {
    const configuration = { ...deployment({ replicas: 2 }), status: { replicas: 5 } };
    expect(fieldsOf(apply(undefined, configuration, { resetFields: setOf(['f:status']) }), 'one')).toEqual({
      'f:spec': { 'f:replicas': {} },
    });
    const status = apply(undefined, configuration, { subresource: 'status', resetFields: setOf(['f:spec']) });
    expect(fieldsOf(status, 'one')).toEqual({ 'f:status': { 'f:replicas': {} } });
    expect(owners(status)).toEqual(['one Apply status']);
  });

  test('orders shared items as the configuration does and leaves others where they stand', () => {
    const object = update(
      undefined,
      withContainers({ name: 'x' }, { name: 'a' }, { name: 'y' }, { name: 'b' }),
      'setup',
    );
    const names = (configuration: JsonObject) =>
      (containersOf(apply(object, configuration)) as readonly JsonObject[]).map(({ name }) => name);
    expect(names(withContainers({ name: 'a' }, { name: 'b' }))).toEqual(['x', 'a', 'y', 'b']);
    expect(names(withContainers({ name: 'b' }, { name: 'a' }))).toEqual(['x', 'y', 'b', 'a']);
    expect(names(withContainers({ name: 'new' }, { name: 'b' }))).toEqual(['x', 'a', 'y', 'new', 'b']);
  });
});

describe('a conflict', () => {
  const object = apply(undefined, deployment({ replicas: 3, paused: true }, { labels: { a: '1' } }), {
    manager: 'two',
  });

  test('changes nothing and names owner and field', () => {
    expect(attempt(object, deployment({ replicas: 4 }))).toMatchObject({
      kind: 'conflict',
      message: 'Apply failed with 1 conflict: conflict with "two": .spec.replicas',
      causes: [{ reason: 'FieldManagerConflict', message: 'conflict with "two"', field: '.spec.replicas' }],
    });
  });

  test('names the version of an updater', () => {
    const scaled = update(undefined, deployment({ replicas: 3 }), 'kubectl-client-side-apply');
    expect(attempt(scaled, deployment({ replicas: 4 }))).toMatchObject({
      message: 'Apply failed with 1 conflict: conflict with "kubectl-client-side-apply" using apps/v1: .spec.replicas',
      causes: [{ message: 'conflict with "kubectl-client-side-apply" using apps/v1' }],
    });
  });

  test('names the subresource of an owner', () => {
    const status = apply(
      undefined,
      { ...deployment({}), status: { replicas: 1 } },
      { manager: 'two', subresource: 'status' },
    );
    expect(attempt(status, { ...deployment({}), status: { replicas: 2 } })).toMatchObject({
      message: 'Apply failed with 1 conflict: conflict with "two" with subresource "status": .status.replicas',
    });
  });

  test('lists several by owner', () => {
    const scaled = update(
      object,
      {
        ...object,
        spec: { replicas: 9, paused: true, template: { spec: { containers: [{ name: 'c', image: '1' }] } } },
      },
      'edit',
      1,
    );
    const outcome = attempt(
      scaled,
      deployment(
        { replicas: 4, paused: false, template: { spec: { containers: [{ name: 'c', image: '2' }] } } },
        { labels: { a: '2' } },
      ),
    );
    expect(outcome).toMatchObject({
      message: [
        'Apply failed with 4 conflicts: conflicts with "edit" using apps/v1:',
        '- .spec.replicas',
        '- .spec.template.spec.containers[name="c"].image',
        'conflicts with "two":',
        '- .metadata.labels.a',
        '- .spec.paused',
      ].join('\n'),
    });
    expect(outcome.kind === 'conflict' && outcome.causes.map(({ message, field }) => `${message}: ${field}`)).toEqual([
      'conflict with "edit" using apps/v1: .spec.replicas',
      'conflict with "edit" using apps/v1: .spec.template.spec.containers[name="c"].image',
      'conflict with "two": .metadata.labels.a',
      'conflict with "two": .spec.paused',
    ]);
  });

  test('is settled by force, which takes the fields away', () => {
    const forced = apply(object, deployment({ replicas: 4 }), { force: true, second: 1 });
    expect(forced.spec).toEqual({ replicas: 4, paused: true });
    expect(fieldsOf(forced, 'one')).toEqual({ 'f:spec': { 'f:replicas': {} } });
    expect(fieldsOf(forced, 'two')).toEqual({
      'f:metadata': { 'f:labels': { 'f:a': {} } },
      'f:spec': { 'f:paused': {} },
    });
  });

  test('does not arise about reset fields', () => {
    const status = update(undefined, { ...deployment({}), status: { replicas: 1 } }, 'controller');
    const configuration = { ...deployment({}), status: { replicas: 2 } };
    expect(attempt(status, configuration, { resetFields: setOf(['f:status']) }).kind).toBe('applied');
    expect(attempt(status, configuration).kind).toBe('conflict');
  });
});

describe('a configuration that is refused', () => {
  const prefix = 'failed to create typed patch object (default/web; apps/v1, Kind=Deployment): ';
  const named = (spec: JsonObject) => deployment(spec, { namespace: 'default' });
  test.each<[string, JsonObject, number, string]>([
    ['of another kind', { ...named({}), kind: 'StatefulSet' }, 400, 'invalid object type: apps/v1, Kind=StatefulSet'],
    ['of another version', { ...named({}), apiVersion: 'v1' }, 400, 'invalid object type: /v1, Kind=Deployment'],
    ['of no kind', { ...named({}), kind: { a: 1 } }, 400, 'invalid object type: apps/v1, Kind='],
    [
      'with a name that is no text',
      { ...named({}), metadata: { name: { a: 1 } } },
      500,
      'failed to create typed patch object (/; apps/v1, Kind=Deployment): .metadata.name: expected string, got &{map[a:1]}',
    ],
    ['with managedFields', deployment({}, { managedFields: [] }), 400, 'metadata.managedFields must be nil'],
    ['with an unknown field', named({ foo: 1 }), 500, `${prefix}.spec.foo: field not declared in schema`],
    [
      'with a wrong type',
      named({ replicas: 'x' }),
      500,
      `${prefix}.spec.replicas: expected numeric (int or float), got string`,
    ],
    ['with a list for a structure', named({ template: [] }), 500, `${prefix}.spec.template: expected map, got &{[]}`],
    [
      'with an unknown field in an item',
      named({ template: { spec: { containers: [{ name: 'a', img: 1 }] } } }),
      500,
      `${prefix}.spec.template.spec.containers[name="a"].img: field not declared in schema`,
    ],
    [
      'with the same item twice',
      named({ template: { spec: { containers: [{ name: 'a' }, { name: 'a' }] } } }),
      500,
      `${prefix}.spec.template.spec.containers: duplicate entries for key [name="a"]`,
    ],
    [
      'with null for an item',
      named({ template: { spec: { containers: [null] } } }),
      500,
      `${prefix}.spec.template.spec.containers: element 0: associative list with keys may not have a null element`,
    ],
    [
      'with a structure in a set',
      deployment({}, { namespace: 'default', finalizers: [{}] }),
      500,
      `${prefix}.metadata.finalizers: element 0: associative list without keys has an element that's a map type`,
    ],
    [
      'for two reasons',
      named({ replicas: 'x', paused: 'y' }),
      500,
      `${prefix}errors:\n  .spec.replicas: expected numeric (int or float), got string\n  .spec.paused: expected boolean, got &value.valueUnstructured{Value:"y"}`,
    ],
  ])('%s', (_, configuration, code, message) => {
    expect(attempt(undefined, configuration)).toEqual({
      kind: 'invalid',
      reason: code === 400 ? 'BadRequest' : '',
      code,
      message,
    });
  });
});

describe('kubectl on the way from client-side to server-side apply', () => {
  const manifest = withContainers({ name: 'a', image: '1' });
  const annotated = (configuration: JsonObject, annotation: JsonObject): JsonObject => ({
    ...configuration,
    metadata: { name: 'web', annotations: { [lastAppliedAnnotation]: `${JSON.stringify(annotation)}\n` } },
  });
  const clientSide = update(undefined, annotated(manifest, manifest), 'kubectl-client-side-apply');
  const annotationOf = (object: JsonObject): Json | undefined =>
    (object.metadata as { annotations?: JsonObject }).annotations?.[lastAppliedAnnotation];

  test('what the annotation proves to be its own is no conflict, and the annotation follows', () => {
    const next = withContainers({ name: 'a', image: '2' });
    expect(attempt(clientSide, next, { manager: 'other' }).kind).toBe('conflict');
    const applied = apply(clientSide, next, { manager: 'kubectl', second: 1 });
    expect(containersOf(applied)).toEqual([{ name: 'a', image: '2' }]);
    expect(annotationOf(applied)).toBe(
      '{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web"},"spec":{"template":{"spec":{"containers":[{"image":"2","name":"a"}]}}}}\n',
    );
    expect(apply(applied, next, { manager: 'kubectl', second: 2 })).toBe(applied);
  });

  test('what somebody changed since stays a conflict', () => {
    const edited = update(
      clientSide,
      { ...clientSide, spec: withContainers({ name: 'a', image: '3' }).spec as Json },
      'edit',
      1,
    );
    expect(attempt(edited, withContainers({ name: 'a', image: '2' }), { manager: 'kubectl' })).toMatchObject({
      message:
        'Apply failed with 1 conflict: conflict with "edit" using apps/v1: .spec.template.spec.containers[name="a"].image',
    });
  });

  test('its three requests work one after the other', () => {
    // 1. The apply itself. 2. The annotation alone, by a manager of its own, so that it is not orphaned.
    const applied = apply(clientSide, manifest, { manager: 'kubectl', second: 1 });
    expect(owners(applied)).toEqual(['kubectl Apply', 'kubectl-client-side-apply Update']);
    const annotation = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'web', annotations: { [lastAppliedAnnotation]: annotationOf(applied) as Json } },
    };
    const kept = apply(applied, annotation, { manager: 'kubectl-last-applied', second: 2 });
    expect(owners(kept)).toContain('kubectl-last-applied Apply');
    expect(apply(kept, annotation, { manager: 'kubectl-last-applied', second: 3 })).toBe(kept);
    // 3. A JSON patch that hands the client-side manager's fields to the applier, and the apply again.
    const managedFields = (managedFieldsOf(kept) as JsonObject[]).filter(
      ({ manager }) => manager !== 'kubectl-client-side-apply',
    );
    const migration = applyJsonPatch(kept, [{ op: 'replace', path: '/metadata/managedFields', value: managedFields }]);
    if (migration.kind === 'invalid') throw new Error(migration.message);
    const migrated = update(kept, migration.object, 'kubectl', 4);
    expect(owners(migrated)).toEqual(['kubectl Apply', 'kubectl-last-applied Apply']);
    const last = apply(migrated, manifest, { manager: 'kubectl', second: 5 });
    expect(last).toBe(migrated);
    expect(containersOf(apply(last, withContainers({ name: 'b' }), { manager: 'kubectl', second: 6 }))).toEqual([
      { name: 'b' },
    ]);
  });
});

describe('laws', () => {
  const sorted = (value: Json): Json =>
    isList(value)
      ? value.map(sorted).sort((left, right) => (JSON.stringify(left) < JSON.stringify(right) ? -1 : 1))
      : isObject(value)
        ? Object.fromEntries(
            Object.keys(value)
              .sort()
              .map((key) => [key, sorted(value[key] as Json)]),
          )
        : value;

  test('applying twice is applying once', () => {
    fc.assert(
      fc.property(deployments, deployments, (live, configuration) => {
        const once = apply(update(undefined, live, 'someone'), configuration, { force: true, second: 1 });
        expect(apply(once, configuration, { second: 2 })).toBe(once);
      }),
    );
  });

  test('managers of different fields commute', () => {
    const one = deployments.map((object) => {
      const { labels: _, ...metadata } = object.metadata as JsonObject;
      const { replicas: __, paused: ___, ...spec } = object.spec as JsonObject;
      return { ...object, metadata, spec };
    });
    const two = fc.record({
      labels: fc.dictionary(fc.constantFrom('x', 'y'), fc.constant('1')),
      replicas: fc.integer({ min: 1, max: 9 }),
    });
    fc.assert(
      fc.property(deployments, one, two, (live, first, { labels, replicas }) => {
        const second = deployment(
          { replicas, template: { spec: { containers: [{ name: 'z', image: '1' }] } } },
          { labels },
        );
        const start = apply(undefined, live, { manager: 'zero' });
        const options = { force: true, second: 1 };
        const left = apply(apply(start, first, { ...options, manager: 'one' }), second, { ...options, manager: 'two' });
        const right = apply(apply(start, second, { ...options, manager: 'two' }), first, {
          ...options,
          manager: 'one',
        });
        expect(sorted(withManagedFields(left, undefined))).toEqual(sorted(withManagedFields(right, undefined)));
        expect(fieldsOf(left, 'one')).toEqual(fieldsOf(right, 'one'));
        expect(fieldsOf(left, 'two')).toEqual(fieldsOf(right, 'two'));
      }),
    );
  });

  test('after force there is no conflict, and the configuration is what is there', () => {
    fc.assert(
      fc.property(deployments, deployments, deployments, (live, theirs, ours) => {
        const contested = apply(update(undefined, live, 'someone'), theirs, { manager: 'two', force: true });
        const forced = apply(contested, ours, { force: true, second: 1 });
        expect(attempt(forced, ours, { second: 2 }).kind).toBe('applied');
        expect(JSON.stringify(sorted(apply(forced, ours)))).toBe(JSON.stringify(sorted(forced)));
      }),
    );
  });

  /** Maps and lists whose entries are owned one by one. Emptied by an apply they go, as in upstream, owned or not. */
  const isContainer = (path: readonly string[]): boolean => {
    const schema = path.reduce<Schema | undefined>(
      (above, element) =>
        above?.kind === 'list' ? above.item : above && schemaOfKey(above, element.slice('f:'.length)),
      deploymentSchema,
    );
    return schema !== undefined && (schema.kind === 'map' || schema.kind === 'list') && !isAtomic(schema);
  };

  test('nobody owns a field the object does not have', () => {
    const steps = fc.array(
      fc.record({
        object: deployments,
        manager: fc.constantFrom('one', 'two', 'three'),
        applies: fc.boolean(),
      }),
      { minLength: 1, maxLength: 6 },
    );
    fc.assert(
      fc.property(steps, (all) => {
        let live: JsonObject | undefined;
        for (const [i, { object, manager, applies }] of all.entries()) {
          const before = live === undefined ? undefined : frozen(live);
          live = applies
            ? apply(before, object, { manager, force: true, second: i })
            : update(
                before,
                before === undefined ? object : withManagedFields(object, managedFieldsOf(before)),
                manager,
                i,
              );
          for (const entry of (managedFieldsOf(live) ?? []) as readonly JsonObject[]) {
            for (const path of pathsOf(entry.fieldsV1 as FieldSet)) {
              expect(has(live, path) || isContainer(path), `${entry.manager} owns ${path.join(' ')}`).toBe(true);
            }
          }
        }
      }),
    );
  });

  const has = (value: Json | undefined, path: readonly string[]): boolean => {
    const [element, ...rest] = path;
    if (element === undefined) return value !== undefined;
    const text = element.slice(2);
    if (element.startsWith('f:')) return isObject(value) && has(own(value, text), rest);
    if (!isList(value)) return false;
    const wanted = JSON.parse(text) as Json;
    if (element.startsWith('v:')) return value.includes(wanted);
    const item = value.find((candidate) =>
      Object.entries(wanted as JsonObject).every(([key, key_]) => (candidate as JsonObject)[key] === key_),
    );
    return has(item, rest);
  };
});

type RecordedStep = {
  do: 'apply' | 'update';
  manager: string;
  force?: boolean;
  subresource?: string;
  resetFields?: string[][];
  object: JsonObject;
  result?: JsonObject;
  owners?: { manager: string; operation: string; subresource?: string; timed: boolean; fieldsV1: FieldSet }[];
  message?: string;
  causes?: { reason: string; message: string; field: string }[];
};
type Recorded = { schema: string; apiVersion: string; kind: string; steps: RecordedStep[] };

const recorded = JSON.parse(
  readFileSync(new URL('./upstream-apply.generated.json', import.meta.url), 'utf8'),
) as readonly Recorded[];

/** Upstream lists conflicts of several managers in random order. */
const lines = (message: string): readonly string[] =>
  message.replace(': conflicts with', '\nconflicts with').split('\n').sort();

test.each(recorded.map((story, i) => [i, story] as const))(
  'agrees with Kubernetes v0.36.6 on recorded story %i',
  (_, story) => {
    let before: JsonObject | undefined;
    for (const step of story.steps) {
      const common = {
        schema: schemaNamed(story.schema),
        before: frozen(before),
        apiVersion: story.apiVersion,
        manager: step.manager,
        time: at(0),
        ...(step.subresource !== undefined && { subresource: step.subresource }),
        ...(step.resetFields !== undefined && { resetFields: setOf(...step.resetFields) }),
      };
      const outcome =
        step.do === 'apply'
          ? applyConfiguration({
              ...common,
              configuration: frozen(step.object),
              force: step.force ?? false,
              kind: story.kind,
            })
          : { kind: 'applied' as const, object: trackUpdate({ ...common, after: frozen(step.object) }) };
      if (step.message !== undefined) {
        if (outcome.kind === 'applied') throw new Error(`upstream refuses: ${step.message}`);
        expect(lines(outcome.message)).toEqual(lines(step.message));
        if (outcome.kind === 'conflict') expect(new Set(outcome.causes)).toEqual(new Set(step.causes));
        continue;
      }
      if (outcome.kind !== 'applied') throw new Error(outcome.message);
      const entries = managedFieldsOf(outcome.object);
      const identity = { uid: 'u1', managedFields: [] };
      const result = { ...outcome.object, metadata: { ...(outcome.object.metadata as JsonObject), ...identity } };
      expect(essence(result)).toEqual(essence(step.result));
      const found = ((entries ?? []) as readonly JsonObject[]).map(
        ({ manager, operation, subresource, time, fieldsV1 }) => ({
          manager,
          operation,
          ...(subresource !== undefined && { subresource }),
          timed: time !== undefined,
          fieldsV1,
        }),
      );
      expect(found).toHaveLength(step.owners?.length ?? 0);
      expect(found).toEqual(expect.arrayContaining(step.owners ?? []));
      before = withManagedFields(step.result as JsonObject, entries);
    }
  },
);
