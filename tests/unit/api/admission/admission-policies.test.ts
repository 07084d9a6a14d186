import { describe, expect, test } from 'vitest';
import { type ApiWorld, apiWorld, type Body, settled } from '../../../kit/api-world.ts';

const group = '/apis/admissionregistration.k8s.io/v1';
const configMaps = '/api/v1/namespaces/default/configmaps';
const apiVersion = 'admissionregistration.k8s.io/v1';

const onConfigMaps = {
  resourceRules: [
    { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: ['configmaps'] },
  ],
};

/** A policy about ConfigMaps, bound for everything. */
async function aPolicy(world: ApiWorld, spec: Body, binding: Body = {}): Promise<void> {
  const kind = spec.mutations === undefined ? 'ValidatingAdmissionPolicy' : 'MutatingAdmissionPolicy';
  const resource = spec.mutations === undefined ? 'validatingadmissionpolicies' : 'mutatingadmissionpolicies';
  const full = { failurePolicy: 'Fail', matchConstraints: onConfigMaps, ...spec };
  const reinvocation = spec.mutations === undefined ? {} : { reinvocationPolicy: 'Never' };
  const body = { apiVersion, kind, metadata: { name: 'p' }, spec: { ...reinvocation, ...full } };
  await world.ok(`${group}/${resource}`, { method: 'POST', body });
  const actions = spec.mutations === undefined ? { validationActions: ['Deny'] } : {};
  await world.ok(`${group}/${resource.replace('policies', 'policybindings')}`, {
    method: 'POST',
    body: {
      apiVersion,
      kind: `${kind}Binding`,
      metadata: { name: 'b' },
      spec: { policyName: 'p', ...actions, ...binding },
    },
  });
}

function aConfigMap(name: string, data: Body): Body {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data };
}

function post(world: ApiWorld, name: string, data: Body) {
  return world.ok(configMaps, { method: 'POST', body: aConfigMap(name, data) });
}

function refused(world: ApiWorld, name: string, data: Body) {
  return world.refused(configMaps, { method: 'POST', body: aConfigMap(name, data) });
}

describe('a validating policy', () => {
  test('denies what its expression does not hold for, in its own words', async () => {
    const world = await apiWorld();
    await aPolicy(world, {
      variables: [{ name: 'size', expression: "int(object.data['size'])" }],
      validations: [
        { expression: 'variables.size < 10', messageExpression: "'size ' + string(variables.size) + ' is too much'" },
        { expression: "object.metadata.name != 'taken'", reason: 'Forbidden' },
      ],
    });
    await post(world, 'small', { size: '3' });
    const message = "ValidatingAdmissionPolicy 'p' with binding 'b' denied request: size 30 is too much";
    expect(await refused(world, 'large', { size: '30' })).toMatchObject({
      code: 422,
      reason: 'Invalid',
      message: `configmaps "large" is forbidden: ${message}`,
      details: { name: 'large', kind: 'configmaps', causes: [{ message }] },
    });
    expect(await refused(world, 'taken', { size: '3' })).toMatchObject({
      code: 403,
      reason: 'Forbidden',
      message: expect.stringContaining("failed expression: object.metadata.name != 'taken'"),
    });
  });

  test('that fails denies, unless its failures are to be ignored', async () => {
    for (const [failurePolicy, denied] of [['Fail', true] as const, ['Ignore', false] as const]) {
      const world = await apiWorld();
      await aPolicy(world, { failurePolicy, validations: [{ expression: 'object.nothing.here == 1' }] });
      if (!denied) await post(world, 'a', {});
      else
        expect(await refused(world, 'a', {})).toMatchObject({
          message: expect.stringContaining(
            "denied request: expression 'object.nothing.here == 1' resulted in error: no such key: nothing",
          ),
        });
    }
  });

  test('only warns where the binding says so', async () => {
    const world = await apiWorld();
    await aPolicy(world, { validations: [{ expression: 'false', message: 'no' }] }, { validationActions: ['Warn'] });
    const response = await world.ask(configMaps, { method: 'POST', body: aConfigMap('a', {}) });
    expect(response.status).toBe(201);
    expect(response.headers.warning).toEqual([
      `299 - "Validation failed for ValidatingAdmissionPolicy 'p' with binding 'b': no"`,
    ]);
  });

  test('is asked only about what its conditions, rules and selectors mean', async () => {
    const world = await apiWorld();
    await aPolicy(
      world,
      {
        matchConditions: [
          { name: 'mine', expression: "request.userInfo.username != 'nobody' && object.metadata.name.startsWith('x')" },
        ],
        validations: [{ expression: 'false' }],
      },
      { matchResources: { objectSelector: { matchLabels: { strict: 'yes' } } } },
    );
    await post(world, 'x1', {});
    const labelled = { ...aConfigMap('x2', {}), metadata: { name: 'x2', labels: { strict: 'yes' } } };
    expect(await world.refused(configMaps, { method: 'POST', body: labelled })).toMatchObject({ code: 422 });
    const other = { ...labelled, metadata: { name: 'y', labels: { strict: 'yes' } } };
    await world.ok(configMaps, { method: 'POST', body: other });
  });

  test('reads its parameters, and says what to do without them', async () => {
    const world = await apiWorld();
    await post(world, 'limits', { max: '5' });
    const paramKind = { apiVersion: 'v1', kind: 'ConfigMap' };
    await aPolicy(
      world,
      { paramKind, validations: [{ expression: '!has(object.data.n) || int(object.data.n) <= int(params.data.max)' }] },
      { paramRef: { name: 'limits', parameterNotFoundAction: 'Deny' } },
    );
    await post(world, 'five', { n: '5' });
    expect(await refused(world, 'six', { n: '6' })).toMatchObject({ code: 422 });
    await world.ok(`${configMaps}/limits`, { method: 'DELETE' });
    expect(await refused(world, 'one', { n: '1' })).toMatchObject({
      message: expect.stringContaining(
        'denied request: failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction',
      ),
    });
  });

  test('asks what the user may do', async () => {
    const world = await apiWorld();
    await aPolicy(world, {
      validations: [
        {
          expression:
            "authorizer.group('').resource('secrets').namespace('default').check('get').allowed() && authorizer.requestResource.check('create').allowed()",
        },
        { expression: "!authorizer.serviceAccount('default', 'x').path('/metrics').check('get').allowed()" },
      ],
    });
    await post(world, 'a', {});
  });

  test('sees what is deleted as the old object', async () => {
    const world = await apiWorld();
    const matchConstraints = {
      resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['DELETE'], resources: ['configmaps'] }],
    };
    const expression = "request.operation == 'DELETE' && object == null && !has(oldObject.data.keep)";
    await aPolicy(world, { matchConstraints, validations: [{ expression }] });
    await post(world, 'kept', { keep: '1' });
    await post(world, 'loose', { a: '1' });
    expect(await world.refused(`${configMaps}/kept`, { method: 'DELETE' })).toMatchObject({ code: 422 });
    await world.ok(`${configMaps}/loose`, { method: 'DELETE' });
  });

  test('is never about policies', async () => {
    const world = await apiWorld();
    const everything = {
      resourceRules: [{ apiGroups: ['*'], apiVersions: ['*'], operations: ['*'], resources: ['*'] }],
    };
    await aPolicy(world, { matchConstraints: everything, validations: [{ expression: 'false' }] });
    await refused(world, 'a', {});
    await world.ok(`${group}/validatingadmissionpolicies/p`, { method: 'DELETE' });
    await post(world, 'a', {});
  });
});

describe('a mutating policy', () => {
  test('merges the configuration it builds', async () => {
    const world = await apiWorld();
    await aPolicy(world, {
      mutations: [
        {
          patchType: 'ApplyConfiguration',
          applyConfiguration: {
            expression:
              "Object{ metadata: Object.metadata{ labels: {'size': string(object.data.size())} }, data: {'added': object.metadata.name} }",
          },
        },
      ],
    });
    expect(await post(world, 'a', { own: '1' })).toMatchObject({
      metadata: { labels: { size: '1' } },
      data: { own: '1', added: 'a' },
    });
  });

  test('applies the patch it builds, and none where a test fails', async () => {
    const world = await apiWorld();
    const expression = `[
      JSONPatch{op: "test", path: "/data/kind", value: "plain"},
      JSONPatch{op: "add", path: "/metadata/annotations", value: {}},
      JSONPatch{op: "add", path: "/metadata/annotations/" + jsonpatch.escapeKey("a/b"), value: "1"}
    ]`;
    await aPolicy(world, { mutations: [{ patchType: 'JSONPatch', jsonPatch: { expression } }] });
    expect(await post(world, 'a', { kind: 'plain' })).toMatchObject({ metadata: { annotations: { 'a/b': '1' } } });
    expect((await post(world, 'b', { kind: 'other' })).metadata.annotations).toBeUndefined();
  });

  test('that makes something else of the object denies', async () => {
    const wrong: readonly (readonly [string, Body, string])[] = [
      [
        'ApplyConfiguration',
        { applyConfiguration: { expression: 'Object{ data: {"a": 1} }' } },
        'error applying patch: failed to convert patch object to typed object: .data.a: expected string, got &{1}',
      ],
      [
        'JSONPatch',
        { jsonPatch: { expression: '[JSONPatch{op: "add", path: "/data", value: 5}]' } },
        'cannot be handled as a ConfigMap',
      ],
      [
        'JSONPatch',
        { jsonPatch: { expression: '[JSONPatch{op: "remove", path: "/nothing"}]' } },
        'JSON Patch: Unable to remove nonexistent key: nothing: missing value',
      ],
    ];
    for (const [patchType, body, message] of wrong) {
      const world = await apiWorld();
      await aPolicy(world, { mutations: [{ patchType, ...body }] });
      expect(await refused(world, 'a', {})).toMatchObject({ code: 403, message: expect.stringContaining(message) });
    }
  });

  test('that builds an object under a wrong name denies', async () => {
    const world = await apiWorld();
    const expression = 'Object{ metadata: Object.spec{ labels: {"a": "b"} } }';
    await aPolicy(world, { mutations: [{ patchType: 'ApplyConfiguration', applyConfiguration: { expression } }] });
    expect(await refused(world, 'a', {})).toMatchObject({
      message: expect.stringContaining(
        `policy 'p' with binding 'b' denied request: type mismatch: unexpected type name "Object.spec", expected "Object.metadata"`,
      ),
    });
  });
});

describe('an expression that does not compile is refused when it is written', () => {
  const spec = { failurePolicy: 'Fail', matchConstraints: onConfigMaps };
  const validations = [{ expression: 'true' }];
  const wrong: readonly (readonly [string, Body, string])[] = [
    [
      'a validation',
      { validations: [{ expression: 'object.x +' }] },
      'spec.validations[0].expression: Invalid value: "object.x +": compilation failed: ERROR: <input>:1:11: Syntax error: mismatched input \'<EOF>\' expecting',
    ],
    [
      'a validation of another type',
      { validations: [{ expression: '"a"' }] },
      'spec.validations[0].expression: Invalid value: "\\"a\\"": must evaluate to bool but got string',
    ],
    [
      'a message',
      { validations: [{ expression: 'true', messageExpression: 'authorizer.path("/").check("get").allowed()' }] },
      'spec.validations[0].messageExpression: Invalid value: "authorizer.path(\\"/\\").check(\\"get\\").allowed()": compilation failed: ERROR: <input>:1:1: undeclared reference to \'authorizer\' (in container \'\')',
    ],
    [
      'a condition that looks at parameters there are none of',
      { validations, matchConditions: [{ name: 'a', expression: 'params.x == 1' }] },
      "spec.matchConditions[0].expression: Invalid value: \"params.x == 1\": compilation failed: ERROR: <input>:1:1: undeclared reference to 'params' (in container '')",
    ],
    [
      'a variable that uses a later one',
      {
        validations,
        variables: [
          { name: 'a', expression: 'variables.b' },
          { name: 'b', expression: '1' },
        ],
      },
      'spec.variables[0].expression: Invalid value: "variables.b": compilation failed: ERROR: <input>:1:10: undefined field \'b\'',
    ],
    [
      'a variable used as what it is not',
      { variables: [{ name: 'a', expression: '1' }], validations: [{ expression: 'variables.a == "1"' }] },
      "found no matching overload for '_==_' applied to '(int, string)'",
    ],
    [
      'an annotation',
      { validations, auditAnnotations: [{ key: 'a', valueExpression: '1' }] },
      'spec.auditAnnotations[0].valueExpression: Invalid value: "1": must evaluate to one of [string null_type] but got int',
    ],
  ];

  test.each(wrong)('%s', async (_, more, message) => {
    const world = await apiWorld();
    const body = { apiVersion, kind: 'ValidatingAdmissionPolicy', metadata: { name: 'p' }, spec: { ...spec, ...more } };
    expect(await world.refused(`${group}/validatingadmissionpolicies`, { method: 'POST', body })).toMatchObject({
      code: 422,
      message: expect.stringContaining(message),
    });
  });

  test('a mutation has to build what its kind of patch asks for', async () => {
    const world = await apiWorld();
    const mutations = [{ patchType: 'JSONPatch', jsonPatch: { expression: 'Object{}' } }];
    const body = {
      apiVersion,
      kind: 'MutatingAdmissionPolicy',
      metadata: { name: 'p' },
      spec: { ...spec, reinvocationPolicy: 'Never', mutations },
    };
    expect(await world.refused(`${group}/mutatingadmissionpolicies`, { method: 'POST', body })).toMatchObject({
      message: expect.stringContaining(
        'spec.mutations[0].jsonPatch.expression: Invalid value: "Object{}": must evaluate to list(JSONPatch) but got Object',
      ),
    });
  });

  test('a condition of a webhook', async () => {
    const world = await apiWorld();
    const webhook = {
      name: 'a.example.com',
      clientConfig: { url: 'https://example.com' },
      sideEffects: 'None',
      admissionReviewVersions: ['v1'],
      matchConditions: [{ name: 'a', expression: '... [] bad expression' }],
    };
    const body = { apiVersion, kind: 'ValidatingWebhookConfiguration', metadata: { name: 'p' }, webhooks: [webhook] };
    expect(await world.refused(`${group}/validatingwebhookconfigurations`, { method: 'POST', body })).toMatchObject({
      message: expect.stringContaining('compilation failed'),
    });
  });
});

describe('the types of expressions', () => {
  const onDeployments = {
    resourceRules: [{ apiGroups: ['apps'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['deployments'] }],
  };
  const written = async (spec: Body) => {
    const world = await apiWorld();
    const whole = { failurePolicy: 'Fail', matchConstraints: onDeployments, ...spec };
    const body = { apiVersion, kind: 'ValidatingAdmissionPolicy', metadata: { name: 'p' }, spec: whole };
    await world.ok(`${group}/validatingadmissionpolicies`, { method: 'POST', body });
    await settled(12);
    return world.ok<Body>(`${group}/validatingadmissionpolicies/p`);
  };

  test('are told where they do not fit the kinds a policy is about', async () => {
    const policy = await written({
      variables: [{ name: 'replicas', expression: 'object.spec.replicas' }],
      validations: [
        { expression: 'object.spec.maxRetries > 1' },
        { expression: 'variables.replicas > "1"' },
        { expression: 'object.spec.replicas > 1', messageExpression: '"too few: " + object.metadata.labels' },
      ],
    });
    const line = 'apps/v1, Kind=Deployment: ERROR: <input>:';
    expect(policy.status).toEqual({
      observedGeneration: 1,
      typeChecking: {
        expressionWarnings: [
          {
            fieldRef: 'spec.validations[0].expression',
            warning: `${line}1:12: undefined field 'maxRetries'\n | object.spec.maxRetries > 1\n | ...........^\n`,
          },
          {
            fieldRef: 'spec.validations[1].expression',
            warning: `${line}1:20: found no matching overload for '_>_' applied to '(int, string)'\n | variables.replicas > "1"\n | ...................^\n`,
          },
          {
            fieldRef: 'spec.validations[2].messageExpression',
            warning: `${line}1:13: found no matching overload for '_+_' applied to '(string, map(string, string))'\n | "too few: " + object.metadata.labels\n | ............^\n`,
          },
        ],
      },
    });
  });

  test('that fit are noted as checked', async () => {
    const validations = [
      { expression: 'object.spec.template.spec.containers.all(c, c.image.startsWith("a") && has(c.resources.limits))' },
    ];
    expect((await written({ validations })).status).toEqual({ observedGeneration: 1, typeChecking: {} });
  });
});

describe('rules choose requests', () => {
  const deny = { validations: [{ expression: 'false' }] };
  const rule = (more: Body = {}): Body => ({
    resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['*'], resources: ['configmaps'], ...more }],
  });
  const rows: readonly (readonly [string, Body, boolean])[] = [
    ['by resource', rule(), true],
    ['by another resource', rule({ resources: ['secrets'] }), false],
    ['by any resource', rule({ resources: ['*'] }), true],
    ['by a subresource', rule({ resources: ['configmaps/status'] }), false],
    ['by another group', rule({ apiGroups: ['apps'] }), false],
    ['by operation', rule({ operations: ['UPDATE'] }), false],
    ['by scope', rule({ scope: 'Cluster' }), false],
    ['by name', rule({ resourceNames: ['a'] }), true],
    ['by another name', rule({ resourceNames: ['b'] }), false],
    ['by another version, which is the same resource', rule({ apiVersions: ['v2'] }), true],
    ['by another version, exactly', { ...rule({ apiVersions: ['v2'] }), matchPolicy: 'Exact' }, false],
    ['but for exclusions', { ...rule(), excludeResourceRules: rule({ resourceNames: ['a'] }).resourceRules }, false],
    ['by their namespace', { ...rule(), namespaceSelector: { matchLabels: { strict: 'yes' } } }, false],
    [
      'by the name of their namespace',
      { ...rule(), namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'default' } } },
      true,
    ],
  ];

  test.each(rows)('%s', async (_, matchConstraints, denied) => {
    const world = await apiWorld();
    await aPolicy(world, { ...deny, matchConstraints });
    if (denied) expect(await refused(world, 'a', {})).toMatchObject({ code: 422 });
    else await post(world, 'a', {});
  });
});

test('a mutating policy that asks for it sees once more what another made of the object', async () => {
  const world = await apiWorld();
  const adding = (name: string, reinvocationPolicy: string, data: string): Body => ({
    apiVersion,
    kind: 'MutatingAdmissionPolicy',
    metadata: { name },
    spec: {
      failurePolicy: 'Fail',
      matchConstraints: onConfigMaps,
      reinvocationPolicy,
      mutations: [{ patchType: 'ApplyConfiguration', applyConfiguration: { expression: `Object{data: {${data}}}` } }],
    },
  });
  const counting = '"count": string(object.data.size())';
  for (const body of [adding('a', 'IfNeeded', counting), adding('b', 'Never', '"more": "1"')]) {
    await world.ok(`${group}/mutatingadmissionpolicies`, { method: 'POST', body });
    const { name } = body.metadata as { readonly name: string };
    const binding = {
      apiVersion,
      kind: 'MutatingAdmissionPolicyBinding',
      metadata: { name },
      spec: { policyName: name },
    };
    await world.ok(`${group}/mutatingadmissionpolicybindings`, { method: 'POST', body: binding });
  }
  expect((await post(world, 'x', { own: '1' })).data).toEqual({ own: '1', more: '1', count: '3' });
});
