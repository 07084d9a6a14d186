// Paths that are not resources: health, version, discovery, OpenAPI, token keys.

import { createHash } from 'node:crypto';
import type { Metrics } from '../../metrics/metrics.ts';
import type { TokenIssuer } from '../auth/service-account-tokens.ts';
import { jwksPath, openidConfigurationPath } from '../auth/service-account-tokens.ts';
import { aggregated, apiGroup, groupList, legacyVersions, resourceList } from '../discovery/resources.ts';
import { methodNotAllowed, unknownPath } from '../errors.ts';
import { offers } from '../http/negotiate.ts';
import { sendJson } from '../http/status.ts';
import type { KindTable } from '../kinds/kind-table.ts';
import type { Form } from '../render/form.ts';
import { encodeValue } from '../render/render.ts';
import { type Call, formOf } from './call.ts';
import type { Health } from './health.ts';
import type { OpenApi } from './openapi.ts';
import { type OwnPaths, ownRequest } from './own-paths.ts';
import { versionInfo } from './version.ts';

export type PlainPorts = {
  readonly kinds: KindTable;
  readonly health: Health;
  readonly openApi: OpenApi;
  readonly metrics: Metrics;
  readonly tokens: TokenIssuer;
  /** `host:port` clients reach the server at. */
  readonly address: () => string;
  /** What Shiplog answers beyond Kubernetes. */
  readonly own: OwnPaths;
};

export async function plainRequest(call: Call, ports: PlainPorts): Promise<void> {
  const path = call.info.path.replace(/(.)\/$/, '$1');
  const [, root = '', ...rest] = path.split('/');
  const { method } = call.request;
  if (root === 'healthz' || root === 'livez' || root === 'readyz')
    return ports.health.answer(call, { root, checks: rest.length === 0 ? [] : [rest.join('/')] });
  // Everything here is only read; what is not here is not found by any method.
  if (method !== 'GET' && method !== 'HEAD' && isRead(path, root)) throw methodNotAllowed();
  switch (root) {
    case 'version':
      return sendJson(call.response, 200, versionInfo);
    case 'api':
    case 'apis':
      discovery(call, ports, { root, rest });
      return;
    case 'openapi':
      return ports.openApi.answer(call, rest);
    case 'metrics':
      if (rest.length > 0) throw unknownPath();
      return call.response.send({ status: 200, headers: metricsHeaders }, ports.metrics.render());
    case 'shiplog':
      return ownRequest(call, ports.own, rest);
    case '':
      return sendJson(call.response, 200, {
        paths: rootPaths(ports),
      });
    default:
      if (path === jwksPath) {
        const headers = { ...issuerHeaders, 'content-type': 'application/jwk-set+json' };
        return sendJson(call.response, 200, ports.tokens.keys, headers);
      }
      if (path === openidConfigurationPath) {
        const document = ports.tokens.openidConfiguration(`https://${ports.address()}${jwksPath}`);
        return sendJson(call.response, 200, document, issuerHeaders);
      }
      throw unknownPath();
  }
}

/** Relying parties may keep what the issuer says for an hour, as upstream lets them. */
const issuerHeaders = { 'cache-control': 'public, max-age=3600' };

const metricsHeaders = {
  'content-type': 'text/plain; version=0.0.4; charset=utf-8',
  'cache-control': 'no-cache, private',
};

/** What `GET /` lists. */
function rootPaths({ kinds, own }: PlainPorts): readonly string[] {
  const plain = ['/.well-known/openid-configuration', '/api', '/api/v1', '/apis', '/healthz', '/livez', '/metrics'];
  plain.push('/openapi/v2', '/openapi/v3', jwksPath, '/readyz', '/version');
  for (const name of own.keys()) plain.push(`/shiplog/v1/${name}`);
  const groups = new Set<string>();
  for (const { group, version } of kinds.all()) {
    if (group !== '') groups.add(`/apis/${group}`).add(`/apis/${group}/${version}`);
  }
  return [...plain, ...groups].sort();
}

function isRead(path: string, root: string): boolean {
  return (
    ['', 'version', 'api', 'apis', 'metrics', 'openapi'].includes(root) ||
    path === jwksPath ||
    path === openidConfigurationPath
  );
}

function discovery(
  call: Call,
  ports: PlainPorts,
  { root, rest }: { root: 'api' | 'apis'; rest: readonly string[] },
): void {
  const kinds = ports.kinds.all();
  if (rest.length === 0) {
    discoveryRoot(call, ports, root === 'api');
    return;
  }
  const [first = '', second] = rest;
  const document =
    root === 'api'
      ? resourceList(kinds, { group: '', version: first })
      : second === undefined
        ? apiGroup(kinds, first)
        : resourceList(kinds, { group: first, version: second });
  if (document === undefined || (root === 'api' && second !== undefined)) throw unknownPath();
  const { form, contentType } = formOf(call, offers.discovery);
  answer(call, { contentType, body: plainDocument(document, form) });
}

/** In protobuf every document says its version, also those that are older than saying it in JSON. */
function plainDocument(document: object, form: Form): Buffer {
  return encodeValue(form.encoding === 'protobuf' ? { apiVersion: 'v1', ...document } : document, form);
}

function discoveryRoot(call: Call, ports: PlainPorts, core: boolean): void {
  const kinds = ports.kinds.all();
  const { request } = call;
  const { form, contentType } = formOf(call, offers.discoveryRoot);
  const version = /;g=apidiscovery\.k8s\.io;v=(v2(?:beta1)?)/.exec(contentType)?.[1];
  const document =
    version !== undefined
      ? aggregated(kinds, { core, apiVersion: `apidiscovery.k8s.io/${version}` })
      : core
        ? legacyVersions(ports.address())
        : groupList(kinds);
  if (version === undefined) {
    answer(call, { contentType, body: plainDocument(document, form) });
    return;
  }
  const body = Buffer.from(JSON.stringify(document));
  const etag = `"${createHash('sha512').update(body).digest('hex').toUpperCase()}"`;
  if (request.headers['if-none-match'] === etag) call.response.send({ status: 304, headers: { etag } }, '');
  else answer(call, { contentType, body, etag });
}

function answer(call: Call, { contentType, body, etag }: { contentType: string; body: Buffer; etag?: string }): void {
  const headers = {
    'content-type': contentType,
    vary: 'Accept',
    'cache-control': etag === undefined ? 'no-cache, private' : 'public',
    ...(etag === undefined ? undefined : { etag }),
  };
  call.response.send({ status: 200, headers }, body);
}
