// Bad input over the wire, against the real program: each is refused with Kubernetes' reason and code, the process
// stays alive, and nothing that was there before is changed.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findCluster } from '../../infra/pki/find-cluster.ts';
import { kubectlPath, RunningCluster } from '../kit/running-cluster.ts';
import { overHttp1, overHttp2, type WireAccess, type WireAnswer, type WireCall } from '../kit/wire-client.ts';

type Status = { readonly kind: string; readonly code: number; readonly reason: string; readonly message: string };
type Case = readonly [what: string, call: WireCall, code: number, reason: string, message?: string | RegExp];

const core = '/api/v1/namespaces/default';
const configMaps = `${core}/configmaps`;
const deployments = '/apis/apps/v1/namespaces/default/deployments';
const json = { 'content-type': 'application/json' };
const yaml = { 'content-type': 'application/yaml' };
const protobuf = { 'content-type': 'application/vnd.kubernetes.protobuf' };

function post(path: string, body: unknown, headers: Readonly<Record<string, string>> = json): WireCall {
  const text = typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body);
  return { method: 'POST', path, headers, body: text };
}

function patch(path: string, type: string, body: unknown): WireCall {
  return { ...post(path, body, { 'content-type': `application/${type}` }), method: 'PATCH' };
}

const configMap = (name: string, more: object = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name },
  ...more,
});
const put = (path: string, body: unknown): WireCall => ({ ...post(path, body), method: 'PUT' });
const pod = (spec: object) => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'bad' }, spec });

const bodies: readonly Case[] = [
  [
    'half an object',
    post(configMaps, '{"apiVersion":"v1","kind":"Conf'),
    400,
    'BadRequest',
    /unexpected end of JSON input/,
  ],
  ['no JSON', post(configMaps, 'hello'), 400, 'BadRequest', /invalid character 'h'/],
  ['no UTF-8', post(configMaps, Buffer.from([0x7b, 0xff, 0xfe, 0x7d])), 400, 'BadRequest'],
  ['nothing', post(configMaps, ''), 400, 'BadRequest'],
  ['a list', post(configMaps, '[]'), 400, 'BadRequest', /cannot unmarshal array/],
  ['too deep', post(configMaps, '{"a":'.repeat(5_000)), 400, 'BadRequest'],
  [
    'a number for a text',
    post(configMaps, configMap('bad', { data: { a: 5 } })),
    400,
    'BadRequest',
    /ConfigMap in version "v1" cannot be handled as a ConfigMap: json: cannot unmarshal number into Go struct field ConfigMap\.data of type string/,
  ],
  [
    'a text for a list',
    post(`${core}/pods`, pod({ containers: 'x' })),
    400,
    'BadRequest',
    /cannot unmarshal string into Go struct field PodSpec\.spec\.containers/,
  ],
  [
    'a text for a number',
    post(deployments, {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'bad' },
      spec: { replicas: 'three' },
    }),
    400,
    'BadRequest',
    /cannot unmarshal string into Go struct field DeploymentSpec\.spec\.replicas of type int32/,
  ],
  [
    'a quantity',
    post(`${core}/pods`, pod({ containers: [{ name: 'c', image: 'x', resources: { limits: { cpu: 'much' } } }] })),
    400,
    'BadRequest',
    /quantities must match the regular expression/,
  ],
  [
    'another kind',
    post(configMaps, { ...configMap('bad'), kind: 'Secret' }),
    400,
    'BadRequest',
    /cannot be handled as a ConfigMap/,
  ],
  [
    'a kind nobody serves',
    post(configMaps, { ...configMap('bad'), kind: 'Widget' }),
    400,
    'BadRequest',
    /no kind "Widget" is registered for version "v1"/,
  ],
  [
    'another version',
    post(deployments, { apiVersion: 'apps/v1beta1', kind: 'Deployment', metadata: { name: 'bad' } }),
    400,
    'BadRequest',
    /no kind "Deployment" is registered for version "apps\/v1beta1"/,
  ],
  [
    'a version of three parts',
    post(configMaps, { ...configMap('bad'), apiVersion: 'a/b/c' }),
    400,
    'BadRequest',
    /unexpected GroupVersion string: a\/b\/c/,
  ],
  [
    'an unknown field, strictly',
    post(`${configMaps}?fieldValidation=Strict`, configMap('bad', { dat: {} })),
    400,
    'BadRequest',
    /strict decoding error: unknown field "dat"/,
  ],
  [
    'a field twice, strictly',
    post(
      `${configMaps}?fieldValidation=Strict`,
      '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"bad"},"data":{"a":"1","a":"2"}}',
    ),
    400,
    'BadRequest',
    /strict decoding error: duplicate field "data\.a"/,
  ],
  [
    'a field validation',
    post(`${configMaps}?fieldValidation=Harsh`, configMap('bad')),
    422,
    'Invalid',
    /fieldValidation: Unsupported value: "Harsh"/,
  ],
  ['YAML that is none', post(configMaps, 'a: [b', yaml), 400, 'BadRequest'],
  ['YAML with a tab', post(configMaps, 'a:\n\t- b', yaml), 400, 'BadRequest'],
  ['YAML that multiplies', post(configMaps, bomb(), yaml), 400, 'BadRequest'],
  [
    'protobuf without its magic',
    post(configMaps, Buffer.from('0a0b0c', 'hex'), protobuf),
    400,
    'BadRequest',
    /does not appear to be a protobuf message/,
  ],
  ['protobuf cut short', post(configMaps, Buffer.from('6b3873000a0f0a02', 'hex'), protobuf), 400, 'BadRequest'],
  [
    'an object beyond 1.5 MiB',
    post(
      configMaps,
      configMap('bad', {
        metadata: {
          name: 'bad',
          managedFields: [
            {
              manager: 'm',
              operation: 'Update',
              apiVersion: 'v1',
              fieldsType: 'FieldsV1',
              fieldsV1: { [`f:${'x'.repeat(1_600_000)}`]: {} },
            },
          ],
        },
      }),
    ),
    413,
    'RequestEntityTooLarge',
    'Request entity too large: limit is 1572864',
  ],
  [
    'a body beyond 3 MiB',
    post(configMaps, configMap('bad', { data: { a: 'x'.repeat(3_200_000) } })),
    413,
    'RequestEntityTooLarge',
    'Request entity too large: limit is 3145728',
  ],
  [
    'data beyond 1 MiB',
    post(configMaps, configMap('bad', { data: { a: 'x'.repeat(1_100_000) } })),
    422,
    'Invalid',
    /Too long: may not be more than 1048576 bytes/,
  ],
  ['gzip that is none', post(configMaps, '{}', { ...json, 'content-encoding': 'gzip' }), 400, 'BadRequest'],
  ['gzip of Brotli', post(configMaps, '{}', { ...json, 'content-encoding': 'br' }), 415, 'UnsupportedMediaType'],
];

/** Nine aliases of nine aliases, nine deep. */
function bomb(): string {
  const lines = ['a0: &a0 [x]'];
  for (let i = 1; i < 10; i++) lines.push(`a${i}: &a${i} [${Array.from({ length: 9 }, () => `*a${i - 1}`).join(',')}]`);
  return lines.join('\n');
}

const identities: readonly Case[] = [
  [
    'a name',
    post(configMaps, configMap('Bad_Name')),
    422,
    'Invalid',
    /metadata\.name: Invalid value: "Bad_Name": a lowercase RFC 1123 subdomain/,
  ],
  [
    'no name',
    post(configMaps, configMap('')),
    422,
    'Invalid',
    /metadata\.name: Required value: name or generateName is required/,
  ],
  [
    'a namespace’s name',
    post('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'a.b' } }),
    422,
    'Invalid',
  ],
  [
    'a name that is taken',
    post(configMaps, configMap('kept')),
    409,
    'AlreadyExists',
    'configmaps "kept" already exists',
  ],
  [
    'a resourceVersion',
    post(configMaps, configMap('bad', { metadata: { name: 'bad', resourceVersion: '1' } })),
    400,
    'BadRequest',
  ],
  [
    'another namespace',
    post(configMaps, configMap('bad', { metadata: { name: 'bad', namespace: 'other' } })),
    400,
    'BadRequest',
  ],
  [
    'a namespace that is absent',
    post('/api/v1/namespaces/absent/configmaps', configMap('bad')),
    404,
    'NotFound',
    'namespaces "absent" not found',
  ],
  [
    'a stale resourceVersion',
    put(`${configMaps}/kept`, configMap('kept', { metadata: { name: 'kept', resourceVersion: '1' } })),
    409,
    'Conflict',
    /the object has been modified; please apply your changes to the latest version and try again/,
  ],
  [
    'another uid',
    put(`${configMaps}/kept`, configMap('kept', { metadata: { name: 'kept', uid: 'other' } })),
    409,
    'Conflict',
  ],
  ['another name than the path', put(`${configMaps}/kept`, configMap('other')), 400, 'BadRequest'],
  ['a PUT of nothing there', put(`${configMaps}/absent`, configMap('absent')), 404, 'NotFound'],
  ['a DELETE of nothing there', { method: 'DELETE', path: `${configMaps}/absent` }, 404, 'NotFound'],
  [
    'a DELETE of another uid',
    { ...post(`${configMaps}/kept`, { preconditions: { uid: 'other' } }), method: 'DELETE' },
    409,
    'Conflict',
  ],
  [
    'a DELETE with an unknown policy',
    { method: 'DELETE', path: `${configMaps}/kept?propagationPolicy=Up` },
    422,
    'Invalid',
  ],
  [
    'a DELETE with a strange grace',
    { method: 'DELETE', path: `${configMaps}/kept?gracePeriodSeconds=soon` },
    400,
    'BadRequest',
  ],
  ['a DELETE of what must stay', { method: 'DELETE', path: '/api/v1/namespaces/kube-system' }, 403, 'Forbidden'],
];

const patches: readonly Case[] = [
  ['a JSON patch that is no list', patch(`${configMaps}/kept`, 'json-patch+json', {}), 400, 'BadRequest'],
  [
    'a JSON patch of nothing there',
    patch(`${configMaps}/kept`, 'json-patch+json', [{ op: 'remove', path: '/data/x' }]),
    422,
    'Invalid',
  ],
  [
    'a JSON patch whose test fails',
    patch(`${configMaps}/kept`, 'json-patch+json', [{ op: 'test', path: '/data/a', value: 'no' }]),
    422,
    'Invalid',
  ],
  [
    'a JSON patch of ten thousand steps',
    patch(
      `${configMaps}/kept`,
      'json-patch+json',
      Array.from({ length: 10_001 }, () => ({ op: 'test', path: '', value: 1 })),
    ),
    413,
    'RequestEntityTooLarge',
  ],
  ['a merge patch that is no object', patch(`${configMaps}/kept`, 'merge-patch+json', '5'), 400, 'BadRequest'],
  ['a merge patch cut short', patch(`${configMaps}/kept`, 'merge-patch+json', '{"data":'), 400, 'BadRequest'],
  ['a merge patch of wrong types', patch(`${configMaps}/kept`, 'merge-patch+json', { data: [] }), 400, 'BadRequest'],
  [
    'a strategic merge patch that is null',
    patch(`${configMaps}/kept`, 'strategic-merge-patch+json', 'null'),
    400,
    'BadRequest',
  ],
  [
    'an apply without a manager',
    patch(`${configMaps}/kept`, 'apply-patch+yaml', configMap('kept')),
    422,
    'Invalid',
    /fieldManager: Required value: is required for apply patch/,
  ],
  [
    'an apply of another kind',
    patch(`${configMaps}/kept?fieldManager=m`, 'apply-patch+yaml', { ...configMap('kept'), kind: 'Secret' }),
    400,
    'BadRequest',
  ],
  [
    'an apply that is no YAML',
    patch(`${configMaps}/kept?fieldManager=m`, 'apply-patch+yaml', '{a: ['),
    400,
    'BadRequest',
  ],
  [
    'an apply of what others own',
    patch(`${configMaps}/kept?fieldManager=m`, 'apply-patch+yaml', configMap('kept', { data: { a: 'mine' } })),
    409,
    'Conflict',
    /^Apply failed with 1 conflict/,
  ],
  [
    'a patch of an unknown type',
    patch(`${configMaps}/kept`, 'json', {}),
    415,
    'UnsupportedMediaType',
    /accepted media types include: application\/json-patch\+json/,
  ],
  ['a patch of nothing there', patch(`${configMaps}/absent`, 'merge-patch+json', {}), 404, 'NotFound'],
];

const get = (path: string, headers: Readonly<Record<string, string>> = {}): WireCall => ({ path, headers });

const requests: readonly Case[] = [
  [
    'a body nobody reads',
    post(configMaps, 'x', { 'content-type': 'text/plain' }),
    415,
    'UnsupportedMediaType',
    /accepted media types include: application\/json, application\/yaml, application\/vnd\.kubernetes\.protobuf/,
  ],
  [
    'an answer nobody writes',
    get(configMaps, { accept: 'text/html' }),
    406,
    'NotAcceptable',
    /only the following media types are accepted: application\/json/,
  ],
  ['a watch as YAML', get(`${configMaps}?watch=1`, { accept: 'application/yaml' }), 406, 'NotAcceptable'],
  [
    'a path that is nothing',
    get('/api/v1/nothing'),
    404,
    'NotFound',
    'the server could not find the requested resource',
  ],
  ['a resource nobody serves', get('/apis/example.com/v1/widgets'), 404, 'NotFound'],
  ['an escape', get(`${configMaps}/%zz`), 400, 'BadRequest', /invalid URL escape/],
  ['an escape that is no UTF-8', get(`${configMaps}/%ff`), 400, 'BadRequest'],
  ['a name that climbs', get(`${configMaps}/..%2F..%2Fsecrets`), 404, 'NotFound'],
  [
    'a method the path lacks',
    { method: 'POST', path: `${configMaps}/kept`, headers: json, body: '{}' },
    405,
    'MethodNotAllowed',
    'the server does not allow this method on the requested resource',
  ],
  ['a method nobody has', { method: 'PROPFIND', path: configMaps }, 405, 'MethodNotAllowed'],
  ['a label selector', get(`${configMaps}?labelSelector=a%20in%20b`), 400, 'BadRequest', /unable to parse/],
  [
    'a field selector',
    get(`${configMaps}?fieldSelector=data.a%3D1`),
    400,
    'BadRequest',
    'field label not supported: data.a',
  ],
  ['a limit', get(`${configMaps}?limit=many`), 400, 'BadRequest'],
  ['a continue token', get(`${configMaps}?continue=abc`), 400, 'BadRequest', /continue key is not valid/],
  ['a revision', get(`${configMaps}?resourceVersion=new`), 400, 'BadRequest'],
  [
    'a revision of the future',
    get(`${configMaps}?resourceVersion=99999999`),
    504,
    'Timeout',
    /Too large resource version: 99999999/,
  ],
  ['a match without a revision', get(`${configMaps}?resourceVersionMatch=Exact`), 422, 'Invalid'],
  ['the logs of no pod', get(`${core}/pods/absent/log`), 404, 'NotFound', 'pods "absent" not found'],
  ['the scale of a config map', get(`${configMaps}/kept/scale`), 404, 'NotFound'],
  [
    'a scale below nothing',
    put(`${deployments}/web/scale`, {
      apiVersion: 'autoscaling/v1',
      kind: 'Scale',
      metadata: { name: 'web' },
      spec: { replicas: -1 },
    }),
    422,
    'Invalid',
  ],
  [
    'a binding to nowhere',
    post(`${core}/pods/absent/binding`, {
      apiVersion: 'v1',
      kind: 'Binding',
      metadata: { name: 'absent' },
      target: { name: 'n' },
    }),
    404,
    'NotFound',
  ],
];

if (kubectlPath === undefined)
  console.warn('SKIPPED: tests/e2e need kubectl on the PATH (https://kubernetes.io/docs/tasks/tools/)');

describe.skipIf(kubectlPath === undefined)('a running cluster', () => {
  const cluster = new RunningCluster(['--nodes', '1']);
  let access: WireAccess = { port: 0, ca: '' };
  let before: readonly unknown[] = [];

  const state = async () => {
    const paths = [configMaps, `${core}/secrets`, `${core}/serviceaccounts`, '/api/v1/namespaces'];
    const answers = await Promise.all(paths.map((path) => overHttp1(access, { path })));
    return answers.map(({ text }) => (JSON.parse(text) as { items: unknown }).items);
  };

  beforeAll(async () => {
    await cluster.start();
    const {
      server,
      ca = '',
      certificate: cert = '',
      key = '',
    } = await findCluster({ kubeconfig: cluster.kubeconfig, dataDir: cluster.dataDir });
    access = { port: Number(new URL(server).port), ca, cert, key };
    await cluster.ok(['create', 'configmap', 'kept', '--from-literal=a=1']);
    await cluster.ok(['create', 'secret', 'generic', 'kept', '--from-literal=a=1']);
    await cluster.ok(['create', 'deployment', 'web', '--image=nginx', '--replicas=1']);
    await cluster.ok(['rollout', 'status', 'deployment/web', '--timeout=60s']);
    before = await state();
  });
  afterAll(() => cluster.dispose());

  const refused = (answer: WireAnswer, code: number, reason: string, message: string | RegExp | undefined) => {
    const status = JSON.parse(answer.text) as Status;
    expect(status).toMatchObject({ kind: 'Status', code, reason });
    expect(answer.status).toBe(code);
    expect(answer.headers['content-type']).toBe('application/json');
    expect(status.message).not.toBe('');
    if (message !== undefined) expect(status.message).toMatch(message);
    expect(cluster.alive).toBe(true);
  };

  describe.each([
    ['bodies', bodies],
    ['identities', identities],
    ['patches', patches],
    ['requests', requests],
  ])('refuses %s:', (_, cases) => {
    for (const [what, call, code, reason, message] of cases) {
      test(what, async () => {
        refused(await overHttp1(access, call), code, reason, message);
        refused(await overHttp2(access, call), code, reason, message);
      });
    }
  });

  test('warns of what it takes without liking it, as asked', async () => {
    const twice =
      '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"warned"},"dat":{},"data":{"a":"1","a":"2"}}';
    const warned = await overHttp1(access, post(`${configMaps}?dryRun=All`, twice));
    expect(warned.status).toBe(201);
    expect(warned.headers.warning).toContain('unknown field \\"dat\\"');
    expect(warned.headers.warning).toContain('duplicate field \\"data.a\\"');
    const ignored = await overHttp1(access, post(`${configMaps}?dryRun=All&fieldValidation=Ignore`, twice));
    expect(ignored.status).toBe(201);
    expect(ignored.headers.warning).toBeUndefined();
  });

  test('refuses kubectl’s mistakes in kubectl’s words', async () => {
    const file = cluster.file(
      'typo.yaml',
      'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: typo}\nspec: {replica: 1}\n',
    );
    const typo = await cluster.kubectl(['apply', '-f', file]);
    expect(typo).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('strict decoding error: unknown field "spec.replica"'),
    });
    const scaled = await cluster.kubectl(['scale', 'deployment/web', '--replicas=2', '--resource-version=1']);
    expect(scaled.code).toBe(1);
    expect((await cluster.kubectl(['get', 'pods', '--field-selector=spec.image=x'])).stderr).toContain(
      'field label not supported: spec.image',
    );
    expect((await cluster.kubectl(['get', 'nothings'])).stderr).toContain(
      'the server doesn\'t have a resource type "nothings"',
    );
  });

  test('deletes nothing in a dry run', async () => {
    expect(await cluster.ok(['delete', 'configmap', 'kept', '--dry-run=server'])).toContain('deleted (server dry run)');
    expect(await cluster.ok(['delete', 'secrets', '--all', '--dry-run=server'])).toContain('deleted (server dry run)');
    expect(await cluster.ok(['get', 'configmap', 'kept', '-o', 'jsonpath={.data.a}'])).toBe('1');
  });

  test('is none the worse for it: every object is as it was, and writes go on', async () => {
    expect(await state()).toEqual(before);
    expect(await cluster.ok(['create', 'configmap', 'after'])).toContain('created');
    expect((await cluster.shiplog(['replay', '--verify'])).code).toBe(0);
  });
});
