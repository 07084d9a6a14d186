import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type RequestInfo, requestInfoOf } from '../../../../infra/api/http/request-info.ts';

function outcome(method: string, target: string) {
  const url = target.split('?');
  return requestInfoOf({ method, path: url[0] ?? '', query: new URLSearchParams(url[1] ?? '') });
}

function infoOf(method: string, target: string): RequestInfo {
  const result = outcome(method, target);
  if (result.kind !== 'info') throw new Error(result.message);
  return result.info;
}

// method, target → verb, group, version, namespace, resource, subresource, name
type Row = readonly [string, string, string, string, string, string, string, string, string];

const core: readonly Row[] = [
  ['GET', '/api/v1/namespaces', 'list', '', 'v1', '', 'namespaces', '', ''],
  ['GET', '/api/v1/namespaces/other', 'get', '', 'v1', 'other', 'namespaces', '', 'other'],
  ['DELETE', '/api/v1/namespaces/other', 'delete', '', 'v1', 'other', 'namespaces', '', 'other'],
  ['PUT', '/api/v1/namespaces/other/finalize', 'update', '', 'v1', 'other', 'namespaces', 'finalize', 'other'],
  ['PATCH', '/api/v1/namespaces/other/status', 'patch', '', 'v1', 'other', 'namespaces', 'status', 'other'],
  ['GET', '/api/v1/namespaces/other/pods', 'list', '', 'v1', 'other', 'pods', '', ''],
  ['GET', '/api/v1/namespaces/other/pods/', 'list', '', 'v1', 'other', 'pods', '', ''],
  ['GET', '/api/v1/namespaces/other/pods/foo', 'get', '', 'v1', 'other', 'pods', '', 'foo'],
  ['HEAD', '/api/v1/namespaces/other/pods/foo', 'get', '', 'v1', 'other', 'pods', '', 'foo'],
  ['HEAD', '/api/v1/namespaces/other/pods', 'list', '', 'v1', 'other', 'pods', '', ''],
  ['GET', '/api/v1/pods', 'list', '', 'v1', '', 'pods', '', ''],
  ['POST', '/api/v1/pods', 'create', '', 'v1', '', 'pods', '', ''],
  ['POST', '/api/v1/namespaces/other/pods', 'create', '', 'v1', 'other', 'pods', '', ''],
  ['PUT', '/api/v1/namespaces/other/pods/foo', 'update', '', 'v1', 'other', 'pods', '', 'foo'],
  ['PATCH', '/api/v1/namespaces/other/pods/foo', 'patch', '', 'v1', 'other', 'pods', '', 'foo'],
  ['DELETE', '/api/v1/namespaces/other/pods/foo', 'delete', '', 'v1', 'other', 'pods', '', 'foo'],
  ['DELETE', '/api/v1/namespaces/other/pods', 'deletecollection', '', 'v1', 'other', 'pods', '', ''],
  ['DELETE', '/api/v1/nodes', 'deletecollection', '', 'v1', '', 'nodes', '', ''],
  ['GET', '/api/v1/namespaces/other/pods/foo/status', 'get', '', 'v1', 'other', 'pods', 'status', 'foo'],
  ['GET', '/api/v1/namespaces/other/pods/foo/log?follow=true', 'get', '', 'v1', 'other', 'pods', 'log', 'foo'],
  ['POST', '/api/v1/namespaces/other/pods/foo/binding', 'create', '', 'v1', 'other', 'pods', 'binding', 'foo'],
  ['GET', '/api/v1/namespaces/other/pods/foo/proxy/a/b', 'get', '', 'v1', 'other', 'pods', 'proxy', 'foo'],
  ['POST', '/api/v1/namespaces/ns/serviceaccounts/d/token', 'create', '', 'v1', 'ns', 'serviceaccounts', 'token', 'd'],
  ['GET', '/api/v1/nodes/node-1', 'get', '', 'v1', '', 'nodes', '', 'node-1'],
  ['OPTIONS', '/api/v1/pods', '', '', 'v1', '', 'pods', '', ''],
  ['GET', '//api/v1/pods//', 'list', '', 'v1', '', 'pods', '', ''],
  ['GET', '/api/v1//pods', 'get', '', 'v1', '', '', '', 'pods'],
];

const watches: readonly Row[] = [
  ['GET', '/api/v1/pods?watch=true', 'watch', '', 'v1', '', 'pods', '', ''],
  ['GET', '/api/v1/pods?watch=1', 'watch', '', 'v1', '', 'pods', '', ''],
  ['GET', '/api/v1/pods?watch', 'watch', '', 'v1', '', 'pods', '', ''],
  ['GET', '/api/v1/pods?watch=false', 'list', '', 'v1', '', 'pods', '', ''],
  ['GET', '/api/v1/pods?watch=FALSE', 'list', '', 'v1', '', 'pods', '', ''],
  ['GET', '/api/v1/pods?watch=0', 'list', '', 'v1', '', 'pods', '', ''],
  ['GET', '/api/v1/namespaces/ns/pods/x?watch=true', 'get', '', 'v1', 'ns', 'pods', '', 'x'],
  ['GET', '/api/v1/watch/pods', 'watch', '', 'v1', '', 'pods', '', ''],
  ['GET', '/api/v1/watch/namespaces/other/pods', 'watch', '', 'v1', 'other', 'pods', '', ''],
  ['GET', '/api/v1/watch/namespaces/other/pods/x', 'watch', '', 'v1', 'other', 'pods', '', 'x'],
  ['GET', '/api/v1/watch/namespaces', 'watch', '', 'v1', '', 'namespaces', '', ''],
  ['GET', '/api/v1/proxy/namespaces/other/pods/foo/sub', 'proxy', '', 'v1', 'other', 'pods', '', 'foo'],
];

const groups: readonly Row[] = [
  ['GET', '/apis/apps/v1/namespaces/d/deployments', 'list', 'apps', 'v1', 'd', 'deployments', '', ''],
  ['GET', '/apis/apps/v1/deployments', 'list', 'apps', 'v1', '', 'deployments', '', ''],
  ['PATCH', '/apis/apps/v1/namespaces/d/deployments/w/scale', 'patch', 'apps', 'v1', 'd', 'deployments', 'scale', 'w'],
  ['GET', '/apis/a.b/v1/namespaces/d/namespaces', 'list', 'a.b', 'v1', 'd', 'namespaces', '', ''],
  ['DELETE', '/apis/a.b/v1/crs/x', 'delete', 'a.b', 'v1', '', 'crs', '', 'x'],
];

const fieldSelectors: readonly Row[] = [
  ['GET', '/api/v1/namespaces/d/pods?fieldSelector=metadata.name%3Dx', 'list', '', 'v1', 'd', 'pods', '', 'x'],
  ['GET', '/api/v1/pods?watch=1&fieldSelector=metadata.name%3D%3Dx', 'watch', '', 'v1', '', 'pods', '', 'x'],
  ['GET', '/api/v1/pods?fieldSelector=a%3Db,metadata.name%3Dx', 'list', '', 'v1', '', 'pods', '', 'x'],
  ['GET', '/api/v1/pods?fieldSelector=metadata.name!%3Dx', 'list', '', 'v1', '', 'pods', '', ''],
  ['GET', '/api/v1/pods?fieldSelector=a%3Db%5C,metadata.name%3Dx', 'list', '', 'v1', '', 'pods', '', ''],
  ['GET', '/api/v1/pods?fieldSelector=metadata.name%3D..', 'list', '', 'v1', '', 'pods', '', ''],
  ['GET', '/api/v1/pods?fieldSelector=metadata.name%3Da/b', 'list', '', 'v1', '', 'pods', '', ''],
  ['GET', '/api/v1/pods?fieldSelector=metadata.name', 'list', '', 'v1', '', 'pods', '', ''],
  ['DELETE', '/api/v1/nodes?fieldSelector=metadata.name%3Dx', 'deletecollection', '', 'v1', '', 'nodes', '', ''],
];

const escapes: readonly Row[] = [
  ['GET', '/api/v1/namespaces/d/pods/a%2Db', 'get', '', 'v1', 'd', 'pods', '', 'a-b'],
  ['GET', '/api/v1/namespaces/d/pods/system%3Afoo', 'get', '', 'v1', 'd', 'pods', '', 'system:foo'],
  ['GET', '/api/v1/namespaces/d/pods/%C3%A9', 'get', '', 'v1', 'd', 'pods', '', 'é'],
  ['GET', '/api/v1/namespaces/d/pods/a%2Fstatus', 'get', '', 'v1', 'd', 'pods', 'status', 'a'],
  ['GET', '/api/v1/namespaces/d/pods/a+b', 'get', '', 'v1', 'd', 'pods', '', 'a+b'],
];

describe('a resource request', () => {
  it.each([...core, ...watches, ...groups, ...fieldSelectors, ...escapes])(
    '%s %s is %s %s/%s in %j of %s/%s named %j',
    (method, target, verb, group, version, namespace, resource, subresource, name) => {
      const apiPrefix = target.includes('/apis/') ? 'apis' : 'api';
      expect(infoOf(method, target)).toMatchObject({
        isResourceRequest: true,
        verb,
        apiPrefix,
        group,
        version,
        namespace,
        resource,
        subresource,
        name,
      });
    },
  );

  it('keeps what follows the subresource', () => {
    expect(infoOf('GET', '/api/v1/namespaces/d/services/web/proxy/x/y').parts).toEqual([
      'services',
      'web',
      'proxy',
      'x',
      'y',
    ]);
  });

  it('carries its selectors for the verbs that take them', () => {
    const query = '?labelSelector=app%3Dweb&fieldSelector=spec.nodeName%3Dn';
    const selectors = { labelSelector: 'app=web', fieldSelector: 'spec.nodeName=n' };
    const none = { labelSelector: '', fieldSelector: '' };
    expect(infoOf('GET', `/api/v1/pods${query}`)).toMatchObject(selectors);
    expect(infoOf('DELETE', `/api/v1/namespaces/d/pods${query}`)).toMatchObject(selectors);
    expect(infoOf('GET', `/api/v1/namespaces/d/pods/x${query}`)).toMatchObject(none);
    expect(infoOf('GET', `/api/v1/watch/pods${query}`)).toMatchObject(none);
  });
});

describe('a request that is about no resource', () => {
  it.each([
    ['GET', '/', 'get', ''],
    ['GET', '/healthz', 'get', ''],
    ['GET', '/livez/ping', 'get', ''],
    ['POST', '/version', 'post', ''],
    ['GET', '/api', 'get', ''],
    ['GET', '/api/v1', 'get', ''],
    ['GET', '/apis', 'get', ''],
    ['GET', '/apis/apps', 'get', ''],
    ['GET', '/apis/apps/v1', 'get', 'apis'],
    ['GET', '/openapi/v3/apis/apps/v1', 'get', ''],
    ['OPTIONS', '/metrics', 'options', ''],
    ['HEAD', '/openid/v1/jwks', 'head', ''],
  ])('%s %s has the verb %s', (method, path, verb, apiPrefix) => {
    expect(infoOf(method, path)).toMatchObject({ isResourceRequest: false, path, verb, apiPrefix, resource: '' });
  });
});

describe('a bad request', () => {
  it.each(['/api/v1/pods/%zz', '/api/v1/pods/%', '/healthz%2', '/api/v1/pods/%ff'])('is the escape in %s', (path) => {
    expect(outcome('GET', path)).toEqual({
      kind: 'badRequest',
      message: `invalid URL escape in path ${JSON.stringify(path)}`,
    });
  });

  it.each(['/api/v1/watch', '/apis/apps/v1/watch', '/api/v1/proxy'])('is %s, which watches nothing', (path) => {
    expect(outcome('GET', path)).toEqual({
      kind: 'badRequest',
      message: `unable to determine kind and namespace from url, ${path}`,
    });
  });
});

it('any path and query give an answer, and never a name that hides a slash', () => {
  const part = fc.constantFrom('api', 'apis', 'v1', 'namespaces', 'pods', 'x', '', '%2F', '%', 'watch', 'status', '..');
  fc.assert(
    fc.property(fc.array(part, { maxLength: 8 }), fc.webQueryParameters(), (parts, query) => {
      const result = outcome('GET', `/${parts.join('/')}?${query}`);
      if (result.kind === 'info') expect(result.info.name.includes('/')).toBe(false);
    }),
  );
});
