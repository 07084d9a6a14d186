// Paths, headers and query options: right ones of every kind put together wrongly, and wrong ones.

import type { Kind } from '../../../infra/api/kinds/kind.ts';
import { allKinds } from '../../../infra/api/kinds/kinds.ts';
import { goldens } from '../corpus.ts';
import type { Draw } from '../draw.ts';
import { collectionPath, type FuzzRequest, freshNames, jsonBody, jsonType, kindOfBody } from '../request.ts';
import { rawBody } from './bodies.ts';

const methods = ['GET', 'GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS', 'TRACE', 'PROPFIND', 'get'];

export function paths(draw: Draw): FuzzRequest {
  const method = draw.one(methods);
  const path = draw.way([
    [5, () => builtPath(draw)],
    [3, () => typoPath(draw)],
    [2, () => draw.one(plainPaths)],
    [1, () => typo(draw, draw.one(plainPaths))],
  ]);
  const body = method === 'GET' || method === 'HEAD' ? undefined : rawBody(draw);
  return { method, path, headers: draw.chance(0.5) ? jsonType : {}, body };
}

export function headers(draw: Draw): FuzzRequest {
  const golden = draw.one(goldens);
  const collection = collectionPath(kindOfBody(golden));
  const reads = draw.chance(0.6);
  const all = Object.fromEntries(
    draw.some(4, (): [string, string] => {
      const [name, values] = draw.one(headerValues);
      return [name, printable(draw.chance(0.15) ? draw.typo(draw.one(values)) : draw.one(values))];
    }),
  );
  const path = reads ? `${collection}${draw.one(['', '/golden', '/absent'])}` : `${collection}?dryRun=All`;
  return { method: reads ? 'GET' : 'POST', path, headers: all, body: reads ? undefined : jsonBody(golden) };
}

export function queries(draw: Draw): FuzzRequest {
  const kind = draw.one(allKinds());
  const method = draw.one(['GET', 'GET', 'GET', 'DELETE', 'POST', 'PUT', 'PATCH']);
  const terms = draw.some(5, () => {
    const [name, values] = draw.one(options);
    const value = draw.chance(0.6) ? draw.one(values) : draw.one(oddValues);
    return `${draw.chance(0.03) ? name.toUpperCase() : name}=${value}`;
  });
  const collection = collectionPath(kind, draw.chance(0.8) ? undefined : draw.one(['absent', '']));
  const name = method === 'POST' ? '' : draw.one(['', '/golden', '/absent', '/golden/status', '/golden/log']);
  // A whole collection goes only where the answer cannot be that it went.
  if (method === 'DELETE' && name === '') terms.push('dryRun=All');
  const type = method === 'PATCH' ? { 'content-type': 'application/merge-patch+json' } : jsonType;
  const body = method === 'GET' ? undefined : jsonBody(draw.one([{}, { metadata: {} }, { kind: 'DeleteOptions' }]));
  const query = terms.join('&').replaceAll(' ', '%20');
  return { method, path: `${collection}${name}?${query}`, headers: type, body };
}

function builtPath(draw: Draw): string {
  const kind = draw.one(allKinds());
  const within = draw.one(['default', 'default', 'absent', '', '%', '..', '__proto__', '%2e%2e', 'x'.repeat(300)]);
  const name = draw.one(['', '/golden', '/golden', '/absent', '/%2F', '/constructor', `/${'x'.repeat(300)}`, '/A_B']);
  return `${collectionPath(kind, within)}${name}${draw.chance(0.4) ? part(draw, kind) : ''}`;
}

function part(draw: Draw, { subresources }: Kind): string {
  const names = [...subresources.map((entry) => entry.name), 'status', 'nothing', 'proxy/a/b', 'scale', '', 'a/b/c/d'];
  return `/${draw.one(names)}`;
}

function typoPath(draw: Draw): string {
  return typo(draw, `${collectionPath(draw.one(allKinds()))}/${draw.one(freshNames)}`);
}

/** Whatever a request line can carry: the rest is percent-encoded, some of it wrongly. */
function typo(draw: Draw, path: string): string {
  const text = draw.typo(path).replaceAll(/[^\u0021-\u007e]/gu, (letter) => encodeURIComponent(letter.toWellFormed()));
  const whole = draw.chance(0.2) ? text.replace('/', draw.one(['%', '%zz', '%00', '//', '/./', '/../', '\\'])) : text;
  return whole.startsWith('/') ? whole : `/${whole}`;
}

/** What a header can carry at all. */
export function printable(value: string): string {
  return value.replaceAll(/[^\t\u0020-\u007e]/gu, '?').trim();
}

const plainPaths = [
  ...['/', '/api', '/apis', '/version', '/healthz', '/openapi/v3', '/metrics', '//', '/api/v1/watch', '/readyz/log'],
  ...['/livez?verbose', '/readyz?exclude=x&exclude', '/openapi/v3/apis/apps/v1?hash=0', '/openapi/v2', '/apis/apps'],
  ...['/apis/none', '/apis/apps/v9', '/api/v1/namespaces/default', '/.well-known/openid-configuration', '/logs/../x'],
  ...['/openid/v1/jwks', '/api/v1/watch/namespaces/default/pods/x', '/apis/fuzz.example.com', '/debug/pprof', '/x?'],
  ...['/api/v1/namespaces/default/pods/a/exec?command=', '/api/v1/nodes/a/proxy/', '/openapi/v3/api/v1?hash=%zz'],
  ...[`/${'a/'.repeat(500)}`, `/api/v1/pods?${'a=b&'.repeat(800)}`, `/api/v1/pods?a=${'x'.repeat(6_000)}`],
];

const mediaTypes = [
  ...['*/*', 'application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf', 'text/html', ';;,,', '/'],
  'application/json;as=Table;v=v1;g=meta.k8s.io',
  'application/json;as=Table;v=v9;g=meta.k8s.io,application/json',
  'application/vnd.kubernetes.protobuf;as=PartialObjectMetadata;v=v1;g=meta.k8s.io',
  'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1beta1',
  'application/cbor',
  'application/json;q=x',
  'application/json;as=Nothing;g=;v=',
  'application/json; charset=utf-16',
  'application/apply-patch+yaml',
  'application/json;stream=watch',
  `${'text/a,'.repeat(300)}*/*;q=0.1`,
];

const headerValues: readonly (readonly [string, readonly string[]])[] = [
  ['accept', mediaTypes],
  ['content-type', mediaTypes],
  ['accept-encoding', ['gzip', 'gzip;q=0', 'br', '*', 'identity;q=0', 'gzip;q=9', '']],
  ['content-encoding', ['gzip', 'br', 'identity', 'x', 'gzip, gzip']],
  ['if-none-match', ['*', '"x"', 'W/""', 'x'.repeat(500)]],
  ['if-match', ['*', '"1"']],
  ['range', ['bytes=0-1', 'bytes=-1', 'lines=5']],
  ['user-agent', ['', 'kubectl/v9', 'x'.repeat(2_000), '%s%n', 'a(b']],
  ['x-http-method-override', ['DELETE', 'PATCH']],
  ['x-forwarded-for', ['127.0.0.1', ',,,', 'x'.repeat(1_000)]],
  ['x-remote-user', ['system:admin']],
  ['x-remote-group', ['system:masters']],
  ['origin', ['https://example.com', 'null']],
  ['cookie', ['a=b', ';;;']],
  ['traceparent', ['00-0-0-0', 'x', '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01']],
  ['expect', ['100-continue']],
  ['audit-id', ['x', 'a/b', 'x'.repeat(200)]],
  ['x-kubernetes-pf-prioritylevel-uid', ['x']],
  ['sec-websocket-protocol', ['base64url.bearer.authorization.k8s.io.eA', 'v5.channel.k8s.io,x']],
];

const versions = ['0', '1', '-1', '2', '99999999999999999999', 'x', '', '1.5', '00', '9007199254740993'];
const options: readonly (readonly [string, readonly string[]])[] = [
  ['resourceVersion', versions],
  ['resourceVersionMatch', ['Exact', 'NotOlderThan', 'x', '']],
  ['limit', ['0', '1', '-1', '1e3', '9223372036854775808']],
  ['timeoutSeconds', ['0', '1', '-5', 'x']],
  ['watch', ['1', 'true', 'x', '0']],
  ['allowWatchBookmarks', ['true', '', 'x']],
  ['sendInitialEvents', ['true', 'false', '']],
  ['dryRun', ['All', 'None', '', 'All&dryRun=All', 'x']],
  ['fieldManager', ['f', '', 'x'.repeat(200), '%F0%9F%92%A5', '%07']],
  ['fieldValidation', ['Strict', 'Warn', 'Ignore', 'x']],
  ['force', ['true', 'x', '']],
  ['gracePeriodSeconds', ['0', '-1', '1e9', 'x', '99999999999999999999']],
  ['propagationPolicy', ['Orphan', 'Foreground', 'Background', 'x']],
  ['orphanDependents', ['true', 'x']],
  ['pretty', ['true', '1', 'x']],
  ['includeObject', ['None', 'Object', 'Metadata', 'x']],
  ['labelSelector', ['a=b', 'a in (b', '!', ',', 'a==b==c']],
  ['fieldSelector', ['metadata.name=golden', 'x=y', 'spec.nodeName!=', '=', 'metadata.name']],
  ['continue', ['x', 'e30', 'bnVsbA', '%00']],
  ['container', ['c', '']],
  ['tailLines', ['-1', 'x', '1']],
  ['sinceTime', ['x', '2020-01-01T00:00:00Z']],
  ['sinceSeconds', ['-1', '0', '5']],
  ['limitBytes', ['0', '-1', '1']],
  ['follow', ['true', 'x']],
];
const oddValues = [
  '',
  '%00',
  '%ff',
  '%',
  '%zz',
  '__proto__',
  '[object]',
  '%F0%9F%92%A5',
  'x'.repeat(500),
  '&&',
  '=',
  '+',
];
