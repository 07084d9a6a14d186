// Operations as upstream's own documents name them: generated clients are made of this.

import { describe, expect, test } from 'vitest';
import { allKinds } from '../../../../infra/api/kinds/kinds.ts';
import { pathsOf } from '../../../../infra/api/openapi/paths.ts';
import { itemV2 } from '../../../../infra/api/openapi/paths-v2.ts';
import { Definitions, v3 } from '../../../../infra/api/openapi/schemas.ts';

type Parameter = { readonly name: string; readonly in: string };
type Operation = {
  readonly operationId: string;
  readonly description: string;
  readonly tags: readonly string[];
  readonly parameters: readonly Parameter[];
  readonly responses: object;
};
type Item = Readonly<Record<string, Operation>> & { readonly parameters: readonly Parameter[] };

const definitions = new Definitions(v3, new Map());
const paths = Object.assign({}, ...allKinds().map((kind) => pathsOf(kind, definitions))) as Record<string, Item>;

const core = '/api/v1/namespaces/{namespace}';
const rbac = '/apis/rbac.authorization.k8s.io/v1';

// biome-ignore format: a table is read by columns
const operations: readonly (readonly [path: string, method: string, id: string, text: string, statuses: string])[] = [
  ['/api/v1/pods',                     'get',    'listCoreV1PodForAllNamespaces',          'list or watch objects of kind Pod',              '200'],
  ['/api/v1/componentstatuses',        'get',    'listCoreV1ComponentStatus',              'list objects of kind ComponentStatus',           '200'],
  [`${core}/pods`,                     'post',   'createCoreV1NamespacedPod',              'create a Pod',                                   '200,201,202'],
  [`${core}/endpoints`,                'post',   'createCoreV1NamespacedEndpoints',        'create Endpoints',                               '200,201,202'],
  [`${core}/configmaps`,               'delete', 'deleteCoreV1CollectionNamespacedConfigMap', 'delete collection of ConfigMap',              '200'],
  [`${core}/pods/{name}`,              'get',    'readCoreV1NamespacedPod',                'read the specified Pod',                         '200'],
  [`${core}/pods/{name}/status`,       'put',    'replaceCoreV1NamespacedPodStatus',       'replace status of the specified Pod',            '200,201'],
  [`${core}/pods/{name}/eviction`,     'post',   'createCoreV1NamespacedPodEviction',      'create eviction of a Pod',                       '200,201,202'],
  [`${rbac}/clusterroles/{name}`,      'patch',  'patchRbacAuthorizationV1ClusterRole',    'partially update the specified ClusterRole',     '200,201'],
  ['/apis/networking.k8s.io/v1/ipaddresses/{name}', 'delete', 'deleteNetworkingV1IPAddress', 'delete an IPAddress',                         '200,202'],
];

describe('an operation', () => {
  test.each(operations)('%s %s is %s', (path, method, id, text, statuses) => {
    const operation = paths[path]?.[method];
    expect(operation).toMatchObject({ operationId: id, description: text });
    expect(Object.keys(operation?.responses ?? {})).toEqual([...statuses.split(','), '401']);
  });

  test('has a name none of the others has', () => {
    const ids = Object.values(paths).flatMap(({ parameters: _, ...item }) =>
      Object.values(item).map(({ operationId }) => operationId),
    );
    expect(ids).toEqual([...new Set(ids)]);
  });

  test('is sorted under its group', () => {
    expect(paths[`${rbac}/clusterroles`]?.get?.tags).toEqual(['rbacAuthorization_v1']);
  });
});

describe('parameters', () => {
  const named = (parameters: readonly Parameter[] | undefined) => parameters?.map(({ name }) => name).join(' ');

  test('every part of a path is declared', () => {
    for (const [path, { parameters }] of Object.entries(paths)) {
      const declared = parameters.filter((parameter) => parameter.in === 'path').map(({ name }) => `{${name}}`);
      expect([path, declared]).toEqual([path, path.match(/\{\w+\}/g) ?? []]);
    }
  });

  test('what every operation of a path takes is said of the path', () => {
    const pods = paths[`${core}/pods`];
    expect(named(pods?.parameters)).toBe('namespace pretty');
    expect(named(pods?.post?.parameters)).toBe('dryRun fieldManager fieldValidation');
    expect(named(pods?.get?.parameters)).toBe(
      'allowWatchBookmarks continue fieldSelector labelSelector limit resourceVersion resourceVersionMatch sendInitialEvents timeoutSeconds watch',
    );
    const bindings = paths[`${core}/bindings`];
    expect(named(bindings?.parameters)).toBe('namespace pretty dryRun fieldManager fieldValidation');
    expect(named(bindings?.post?.parameters)).toBe('');
    expect(named(paths[`${core}/pods/{name}/log`]?.parameters)).toBe(
      'namespace name pretty container follow insecureSkipTLSVerifyBackend limitBytes previous sinceSeconds stream tailLines timestamps',
    );
  });
});

describe('in v2', () => {
  const pod = itemV2(paths[`${core}/pods/{name}`] ?? {}) as Item;
  const object = { $ref: '#/components/schemas/io.k8s.api.core.v1.Pod' };

  test('bodies are parameters, and answers have schemas', () => {
    expect(pod.put).toMatchObject({
      operationId: 'replaceCoreV1NamespacedPod',
      schemes: ['https'],
      consumes: ['*/*'],
      produces: ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf'],
      parameters: [
        { name: 'body', in: 'body', required: true, schema: object },
        { name: 'dryRun', in: 'query', type: 'string', uniqueItems: true },
        { name: 'fieldManager' },
        { name: 'fieldValidation' },
      ],
      responses: { 200: { description: 'OK', schema: object }, 401: { description: 'Unauthorized' } },
    });
    expect(pod.get).not.toHaveProperty('requestBody');
    expect(pod.patch).toHaveProperty('consumes', expect.arrayContaining(['application/json-patch+json']));
  });

  test('parameters have a type rather than a schema', () => {
    expect(pod.parameters.map(({ name }) => name)).toEqual(['namespace', 'name', 'pretty']);
    expect(pod.parameters[0]).toMatchObject({ in: 'path', required: true, type: 'string' });
    expect(pod.parameters[0]).not.toHaveProperty('schema');
  });
});
