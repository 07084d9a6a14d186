import { expect, test } from 'vitest';
import { type ApiWorld, apiWorld, type Body, settled } from '../../../kit/api-world.ts';

const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const gauges = '/apis/example.com/v1/namespaces/default/gauges';

function definition(rules: readonly Body[]): Body {
  const integer = { type: 'integer' };
  const spec = { type: 'object', properties: { size: integer, max: integer }, 'x-kubernetes-validations': rules };
  const openAPIV3Schema = { type: 'object', properties: { spec } };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'gauges.example.com' },
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      names: { plural: 'gauges', kind: 'Gauge', listKind: 'GaugeList', singular: 'gauge' },
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema } }],
    },
  };
}

async function defined(rules: readonly Body[]): Promise<ApiWorld> {
  const world = await apiWorld();
  await world.ok(definitions, { method: 'POST', body: definition(rules) });
  await settled(12);
  return world;
}

function aGauge(spec: Body): Body {
  return { apiVersion: 'example.com/v1', kind: 'Gauge', metadata: { name: 'a' }, spec };
}

const rules = [
  { rule: 'self.size <= self.max', messageExpression: "'size ' + string(self.size) + ' exceeds ' + string(self.max)" },
  { rule: 'self.max >= oldSelf.max', message: 'max may not shrink' },
];
// Texts of unknown length cost more than a definition may have.
const plain = [{ rule: 'self.size <= self.max', message: 'too large' }, ...rules.slice(1)];

test('a custom resource that breaks a rule is refused, and so is a change that does', async () => {
  const world = await defined(plain);
  const body = aGauge({ size: 3, max: 2 });
  expect(await world.refused(gauges, { method: 'POST', body })).toMatchObject({
    code: 422,
    message: 'Gauge.example.com "a" is invalid: spec: Invalid value: too large',
    details: { causes: [{ reason: 'FieldValueInvalid', field: 'spec', message: 'Invalid value: too large' }] },
  });
  await world.ok(gauges, { method: 'POST', body: aGauge({ size: 1, max: 2 }) });
  const patch = (spec: Body) => ({
    method: 'PATCH',
    headers: { 'content-type': 'application/merge-patch+json' },
    body: { spec },
  });
  expect(await world.refused(`${gauges}/a`, patch({ max: 1 }))).toMatchObject({
    message: 'Gauge.example.com "a" is invalid: spec: Invalid value: max may not shrink',
  });
  await world.ok(`${gauges}/a`, patch({ max: 4, size: 4 }));
});

test('what breaks a new rule may stay, with a warning', async () => {
  const world = await defined([]);
  await world.ok(gauges, { method: 'POST', body: aGauge({ size: 3, max: 2 }) });
  const current = await world.ok<Body>(`${definitions}/gauges.example.com`);
  const { spec } = definition(plain);
  await world.ok(`${definitions}/gauges.example.com`, { method: 'PUT', body: { ...current, spec } });
  await settled(12);
  const headers = { 'content-type': 'application/merge-patch+json' };
  const body = { metadata: { labels: { a: 'b' } } };
  const answer = await world.ask(`${gauges}/a`, { method: 'PATCH', headers, body });
  expect(answer.status).toBe(200);
  expect(answer.headers.warning).toEqual(['299 - "spec: Invalid value: too large"']);
  const change = { method: 'PATCH', headers, body: { spec: { size: 4 } } };
  expect(await world.refused(`${gauges}/a`, change)).toMatchObject({ code: 422 });
});

test('a definition whose rules do not compile, or cost too much, is refused', async () => {
  const world = await apiWorld();
  const at = 'spec.validation.openAPIV3Schema.properties[spec].x-kubernetes-validations[0]';
  const refused = async (more: readonly Body[]) =>
    (await world.refused(definitions, { method: 'POST', body: definition(more) })).message;
  const unknown = await refused([{ rule: 'self.sise < 3' }]);
  expect(unknown).toContain(`${at}.rule: Invalid value: {"Rule":"self.sise`);
  expect(unknown).toContain(
    "compilation failed: ERROR: <input>:1:5: undefined field 'sise'\n | self.sise < 3\n | ....^",
  );
  expect(await refused(rules)).toContain(
    `${at}.messageExpression: Forbidden: estimated messageExpression cost exceeds budget by factor of more than 100x`,
  );
});
