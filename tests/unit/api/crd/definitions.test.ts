import { expect, test } from 'vitest';
import type { JsonSchema } from '../../../../infra/api/crd/definition.ts';
import { type ApiWorld, apiWorld, type Body, settled } from '../../../kit/api-world.ts';
import {
  definition,
  definitionsPath,
  install,
  open,
  pass,
  specOf,
  version,
  widget,
  widgetsPath,
} from './given-definition.ts';

const widgetDefinition = `${definitionsPath}/widgets.example.com`;

type Definition = {
  readonly metadata: { readonly generation: number; readonly finalizers?: readonly string[] };
  readonly spec: { readonly names: Body; readonly conversion: Body; readonly versions: readonly Body[] };
  readonly status: {
    readonly acceptedNames: Body;
    readonly storedVersions: readonly string[];
    readonly conditions: readonly {
      readonly type: string;
      readonly status: string;
      readonly reason: string;
      readonly message: string;
    }[];
  };
};

function conditionsOf({ status }: Definition): readonly string[] {
  return status.conditions.map((entry) => `${entry.type}=${entry.status} ${entry.reason}: ${entry.message}`);
}

async function causes(world: ApiWorld, body: Body): Promise<readonly string[]> {
  const status = await world.refused(definitionsPath, { method: 'POST', body });
  expect(status.reason).toBe('Invalid');
  return (status.details?.causes ?? []).map(({ field, message }) => `${field}: ${message}`);
}

test('a definition gets its names, a conversion and the versions its objects lie in', async () => {
  const world = await apiWorld();
  const created = await world.ok<Definition>(definitionsPath, { method: 'POST', body: definition() });
  expect(created.spec.names).toEqual({ plural: 'widgets', singular: 'widget', kind: 'Widget', listKind: 'WidgetList' });
  expect(created.spec.conversion).toEqual({ strategy: 'None' });
  expect(created.status.storedVersions).toEqual(['v1']);
});

test('names that nobody has are accepted, and the definition is established', async () => {
  const world = await apiWorld();
  await install(world, definition());
  const established = await world.ok<Definition>(widgetDefinition);
  expect(conditionsOf(established)).toEqual([
    'NamesAccepted=True NoConflicts: no conflicts found',
    'Established=True InitialNamesAccepted: the initial names have been accepted',
  ]);
  expect(established.status.acceptedNames).toEqual(established.spec.names);
  expect(established.metadata.generation).toBe(1);
});

test('a kind that is taken in the group is not given twice, until the first one goes', async () => {
  const world = await apiWorld();
  await install(world, definition());
  const names = { plural: 'gadgets', kind: 'Widget', shortNames: ['widgets'] };
  await install(world, definition([version()], { names }, { name: 'gadgets.example.com' }));
  const gadgets = `${definitionsPath}/gadgets.example.com`;
  expect(conditionsOf(await world.ok(gadgets))).toEqual([
    'NamesAccepted=False ListKindConflict: "WidgetList" is already in use',
    'Established=False NotAccepted: not all names are accepted',
  ]);
  expect((await world.refused('/apis/example.com/v1/namespaces/default/gadgets')).code).toBe(404);
  await world.ok(widgetDefinition, { method: 'DELETE' });
  await pass(world, 100);
  expect(conditionsOf(await world.ok(gadgets))[1]).toContain('Established=True');
  expect((await world.ok<Body>('/apis/example.com/v1/namespaces/default/gadgets')).kind).toBe('WidgetList');
});

test('a new storage version joins those objects may lie in', async () => {
  const world = await apiWorld();
  await install(world, definition());
  const before = await world.ok<Definition>(widgetDefinition);
  const versions = [{ ...before.spec.versions[0], storage: false }, version({ name: 'v2' })];
  const body = { ...before, spec: { ...before.spec, versions } } as unknown as Body;
  const after = await world.ok<Definition>(widgetDefinition, { method: 'PUT', body });
  expect(after.status.storedVersions).toEqual(['v1', 'v2']);
  expect(after.metadata.generation).toBe(2);
  const dropped = { ...after, spec: { ...after.spec, versions: [version({ name: 'v2' })] } } as unknown as Body;
  const refused = await world.refused(widgetDefinition, { method: 'PUT', body: dropped });
  expect(refused.message).toContain(
    'status.storedVersions[0]: Invalid value: "v1": missing from spec.versions; v1 was previously a storage version',
  );
});

test('objects go before their definition does, and those held are waited for', async () => {
  const world = await apiWorld();
  await install(world, definition());
  await world.ok(widgetsPath, { method: 'POST', body: widget('free') });
  const held = { metadata: { name: 'held', finalizers: ['example.com/hold'] } };
  await world.ok(widgetsPath, { method: 'POST', body: widget('held', held) });
  const dying = await world.ok<Definition>(widgetDefinition, { method: 'DELETE' });
  expect(dying.metadata.finalizers).toEqual(['customresourcecleanup.apiextensions.k8s.io']);
  expect(conditionsOf(dying).at(-1)).toContain('Terminating=True InstanceDeletionPending');
  await pass(world, 100);
  expect(conditionsOf(await world.ok(widgetDefinition)).at(-1)).toContain('InstanceDeletionInProgress');
  expect((await world.ok<{ items: Body[] }>(widgetsPath)).items).toHaveLength(1);
  const created = await world.refused(widgetsPath, { method: 'POST', body: widget('late') });
  expect(created.message).toBe(
    'widgets.example.com "late" is forbidden: create not allowed while custom resource definition is terminating',
  );
  const patch = [{ op: 'remove', path: '/metadata/finalizers' }];
  const headers = { 'content-type': 'application/json-patch+json' };
  await world.ok(`${widgetsPath}/held`, { method: 'PATCH', headers, body: patch });
  await pass(world, 100);
  expect((await world.refused(widgetDefinition)).code).toBe(404);
  expect((await world.refused(widgetsPath)).code).toBe(404);
});

test('a server that starts on a log with definitions serves them', async () => {
  const world = await apiWorld();
  await install(world, definition());
  await world.ok(widgetsPath, { method: 'POST', body: widget('a') });
  await world.restart();
  expect((await world.ok<Body>(`${widgetsPath}/a`)).kind).toBe('Widget');
});

test('groups of the community need an approval, which the definition tells', async () => {
  const world = await apiWorld();
  const annotated = (annotations: Body) =>
    definition([version()], { group: 'x.k8s.io' }, { name: 'widgets.x.k8s.io', annotations });
  const key = 'api-approved.kubernetes.io';
  expect(await causes(world, annotated({}))).toEqual([
    `metadata.annotations[${key}]: Required value: protected groups must have approval annotation "${key}", see https://github.com/kubernetes/enhancements/pull/1111`,
  ]);
  expect(await causes(world, annotated({ [key]: 'sure' }))).toHaveLength(1);
  await install(world, annotated({ [key]: 'unapproved, experimental' }));
  expect(conditionsOf(await world.ok(`${definitionsPath}/widgets.x.k8s.io`)).at(-1)).toBe(
    'KubernetesAPIApprovalPolicyConformant=False UnapprovedAnnotation: not approved: "unapproved, experimental"',
  );
});

const refusals: [what: string, body: Body, ...causes: string[]][] = [
  [
    'a name that is not made of its parts',
    definition([version()], {}, { name: 'widgets' }),
    'metadata.name: Invalid value: "widgets": must be spec.names.plural+"."+spec.group',
  ],
  [
    'a group without a dot',
    definition([version()], { group: 'example' }, { name: 'widgets.example' }),
    'spec.group: Invalid value: "example": should be a domain with at least one dot',
  ],
  [
    'an unknown scope',
    definition([version()], { scope: 'Universe' }),
    'spec.scope: Unsupported value: "Universe": supported values: "Cluster", "Namespaced"',
  ],
  [
    'two storage versions',
    definition([version(), version({ name: 'v2' })]),
    `spec.versions: Invalid value: ${JSON.stringify([version(), version({ name: 'v2' })])}: must have exactly one version marked as storage version`,
    'status.storedVersions: Invalid value: ["v1"]: must have the storage version v2',
  ],
  [
    'a version without a schema',
    definition([{ name: 'v1', served: true, storage: true }]),
    'spec.versions[0].schema.openAPIV3Schema: Required value',
  ],
  [
    'unknown fields everywhere, as in v1beta1',
    definition([version()], { preserveUnknownFields: true }),
    'spec.preserveUnknownFields: Invalid value: true: cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead',
  ],
  [
    'a column of no type, and one without a path',
    definition([version({ additionalPrinterColumns: [{ name: 'A', type: 'text', jsonPath: 'a' }] })]),
    'spec.additionalPrinterColumns[0].type: Invalid value: "text": must be one of boolean,date,integer,number,string',
    'spec.additionalPrinterColumns[0].JSONPath: Invalid value: "a": must be a simple json path starting with .',
  ],
  [
    'a scale that looks elsewhere',
    definition([version({ subresources: { scale: { specReplicasPath: '.replicas', statusReplicasPath: '' } } })]),
    'spec.subresources.scale.specReplicasPath: Invalid value: ".replicas": should be a json path under .spec',
    'spec.subresources.scale.statusReplicasPath: Required value',
  ],
  [
    'fields nobody can be selected by',
    definition([
      version({
        schema: specOf({ a: { type: 'object' } }),
        selectableFields: [{ jsonPath: '.spec.a' }, { jsonPath: '.spec.b' }],
      }),
    ]),
    'spec.selectableFields[0].jsonPath: Invalid value: ".spec.a": must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.',
    'spec.selectableFields[1].jsonPath: Invalid value: ".spec.b": is an invalid path: does not refer to a valid field',
  ],
  [
    'a conversion nobody carries out',
    definition([version()], { conversion: { strategy: 'Magic' } }),
    'spec.conversion.strategy: Unsupported value: "Magic": supported values: "None", "Webhook"',
  ],
  [
    'a webhook that is not named',
    definition([version()], { conversion: { strategy: 'Webhook' } }),
    'spec.conversion.webhookClientConfig: Required value: required when strategy is set to Webhook',
    'spec.conversion.conversionReviewVersions: Required value',
  ],
];

test.each(refusals)('refused: %s', async (_what, body, ...expected) => {
  const world = await apiWorld();
  expect(await causes(world, body)).toEqual(expected);
});

const at = 'spec.validation.openAPIV3Schema';
const schemas: [what: string, schema: JsonSchema, ...causes: string[]][] = [
  ['a root that is no object', { type: 'string' }, `${at}.type: Invalid value: "string": must be object at the root`],
  [
    'a field without a type',
    specOf({ a: {} }),
    `${at}.properties[spec].properties[a].type: Required value: must not be empty for specified object fields`,
  ],
  [
    'an array of nothing',
    specOf({ a: { type: 'array' } }),
    `${at}.properties[spec].properties[a].items: Required value: must be specified`,
  ],
  [
    'a type under allOf',
    specOf({ a: { type: 'string', allOf: [{ type: 'string' }] } }),
    `${at}.properties[spec].properties[a].allOf[0].type: Forbidden: must be empty to be structural`,
  ],
  [
    'a restriction of what is not described',
    { ...specOf({}), anyOf: [{ properties: { spec: { properties: { a: { minimum: 1 } } } } }] },
    `${at}.properties[spec].properties[a]: Required value: because it is defined in ${at}.anyOf[0].properties[spec].properties[a]`,
  ],
  [
    'metadata described by the schema',
    {
      ...open,
      properties: { ...open.properties, metadata: { type: 'object', properties: { labels: { type: 'object' } } } },
    },
    `${at}.properties[metadata]: Forbidden: must not specify anything other than name and generateName, but metadata is implicitly specified`,
  ],
  [
    'a pattern that is none',
    specOf({ a: { type: 'string', pattern: '(' } }),
    `${at}.properties[spec].properties[a].pattern: Invalid value: "(": must be a valid regular expression, but isn't: error parsing regexp: missing closing ): \`(\``,
  ],
  [
    'properties and additionalProperties at once',
    specOf({ a: { type: 'string' } }, { additionalProperties: { type: 'string' } }),
    `${at}.properties[spec].additionalProperties: Forbidden: additionalProperties and properties are mutual exclusive`,
  ],
  [
    'unique items',
    specOf({ a: { type: 'array', items: { type: 'string' }, uniqueItems: true } }),
    `${at}.properties[spec].properties[a].uniqueItems: Forbidden: uniqueItems cannot be set to true since the runtime complexity becomes quadratic`,
  ],
  [
    'a reference',
    specOf({ a: { $ref: '#/definitions/a' } }),
    `${at}.properties[spec].properties[a].$ref: Forbidden: $ref is not supported`,
  ],
  [
    'a map list without keys',
    specOf({ a: { type: 'array', 'x-kubernetes-list-type': 'map', items: { type: 'object' } } }),
    `${at}.properties[spec].properties[a].x-kubernetes-list-map-keys: Required value: must not be empty if x-kubernetes-list-type is map`,
  ],
  [
    'a map list whose key may be missing',
    specOf({
      a: {
        type: 'array',
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['k'],
        items: { type: 'object', properties: { k: { type: 'string' } } },
      },
    }),
    `${at}.properties[spec].properties[a].items.properties[k].default: Required value: this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property`,
  ],
  [
    'a default of the wrong type',
    specOf({ a: { type: 'integer', default: 'one' } }),
    `${at}.properties[spec].properties[a].default: Invalid value: "string":  in body must be of type integer: "string"`,
  ],
  [
    'a default with unknown fields',
    specOf({ a: { type: 'object', default: { b: 1 } } }),
    `${at}.properties[spec].properties[a].default: Invalid value: {"b":1}: must not have unknown fields`,
  ],
  [
    'an embedded resource that is no object',
    specOf({
      a: { type: 'string', 'x-kubernetes-embedded-resource': true, 'x-kubernetes-preserve-unknown-fields': true },
    }),
    `${at}.properties[spec].properties[a].type: Invalid value: "string": must be object if x-kubernetes-embedded-resource is true`,
  ],
];

test.each(schemas)('a schema is refused: %s', async (_what, schema, ...expected) => {
  const world = await apiWorld();
  expect(await causes(world, definition([version({ schema })]))).toEqual(expected);
});

test('what only one of several versions says is told of that version', async () => {
  const world = await apiWorld();
  const versions = [version(), version({ name: 'v2', storage: false, schema: specOf({ a: {} }) })];
  expect(await causes(world, definition(versions))).toEqual([
    'spec.versions[1].schema.openAPIV3Schema.properties[spec].properties[a].type: Required value: must not be empty for specified object fields',
  ]);
});

test('scope and kind of an established definition stay, group and plural always do', async () => {
  const world = await apiWorld();
  await install(world, definition());
  const before = await world.ok<Definition>(widgetDefinition);
  const names = { ...before.spec.names, kind: 'Gadget', listKind: 'GadgetList' };
  const body = { ...before, spec: { ...before.spec, scope: 'Cluster', names } } as unknown as Body;
  const { message } = await world.refused(widgetDefinition, { method: 'PUT', body });
  expect(message).toContain('spec.scope: Invalid value: "Cluster": field is immutable');
  expect(message).toContain('spec.names.kind: Invalid value: "Gadget": field is immutable');
});

test('formats nobody checks are warned of once', async () => {
  const world = await apiWorld();
  const body = definition([version({ schema: specOf({ a: { type: 'string', format: 'poem' } }) })]);
  const answer = await world.ask(definitionsPath, { method: 'POST', body });
  expect(answer.headers.warning).toEqual(['299 - "unrecognized format \\"poem\\""']);
  await settled(12);
});
