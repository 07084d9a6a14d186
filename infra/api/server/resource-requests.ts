// Requests about resources: finds the kind the path names and hands the call to its verb or subresource.

import type { Clock } from '../../../streams/base/clock.ts';
import type { Random } from '../../../streams/base/random.ts';
import type { ClusterLog } from '../../../streams/log/event-log.ts';
import { streamOf } from '../../../streams/log/subjects.ts';
import type { ObjectView } from '../../../streams/views/object-view.ts';
import type { Authorizer } from '../auth/authorize.ts';
import { methodNotAllowed, unknownPath } from '../errors.ts';
import type { Kind, Verb } from '../kinds/kind.ts';
import type { KindTable } from '../kinds/kind-table.ts';
import type { Deleter } from '../registry/deletion.ts';
import type { Registry } from '../registry/registry.ts';
import { storedKind } from '../render/convert.ts';
import type { FanOut } from '../verbs/fan-out.ts';
import { list, notFuture } from '../verbs/list.ts';
import { parseListOptions, parseResourceVersion } from '../verbs/list-options.ts';
import type { PodLogs } from '../verbs/pod-logs.ts';
import { parseSelection } from '../verbs/selection.ts';
import { watch } from '../verbs/watch.ts';
import { sendList, sendStored } from './answer.ts';
import { type Call, formOf, offerOf, watchOfferOf } from './call.ts';
import { componentStatuses } from './component-statuses.ts';
import { computedRequest } from './computed-objects.ts';
import { metricsGroup, resourceMetrics, type UsagePorts } from './resource-metrics.ts';
import type { Reviews } from './reviews.ts';
import { bindByName, subresourceRequest } from './subresource-requests.ts';
import {
  createRequest,
  deleteCollectionRequest,
  deleteRequest,
  patchRequest,
  updateRequest,
} from './write-requests.ts';

export type ResourcePorts = UsagePorts & {
  readonly authorizer: Authorizer;
  readonly kinds: KindTable;
  readonly registry: Registry;
  readonly deleter: Deleter;
  readonly view: ObjectView;
  readonly fanOut: FanOut;
  readonly log: ClusterLog;
  readonly clock: Clock;
  readonly random: Random;
  readonly logs: PodLogs;
  readonly reviews: Reviews;
};

/** A call with the kind it names and the kind that is stored for it. */
export type ResourceCall = Call & { readonly kind: Kind; readonly stored: Kind };

export async function resourceRequest(call: Call, ports: ResourcePorts): Promise<void> {
  const { group, version, resource, subresource, verb } = call.info;
  const kind = ports.kinds.byResource(group, version, resource);
  if (kind === undefined) throw unknownPath();
  checkPath(call, kind);
  // A request about a namespace names it twice, but the namespace itself lies in none.
  const info = kind.namespaced ? call.info : { ...call.info, namespace: '' };
  const resourceCall = { ...call, info, kind, stored: storedKind(kind) };
  for (const warning of kind.custom?.warnings ?? []) call.warnings.push(warning);
  if (kind.warning !== undefined) call.warnings.push(kind.warning);
  if (subresource !== '') return subresourceRequest(resourceCall, ports);
  if (ports.reviews.handles(kind)) return ports.reviews.answer(resourceCall);
  if (!kind.verbs.includes(verb as Verb)) throw methodNotAllowed();
  if (isCore(kind, 'componentstatuses')) return computedRequest(resourceCall, componentStatuses(ports.log), ports);
  if (kind.group === metricsGroup && kind.custom === undefined)
    return computedRequest(resourceCall, resourceMetrics(kind, ports), ports);
  switch (verb) {
    case 'get':
      return getRequest(resourceCall, ports);
    case 'list':
      return listRequest(resourceCall, ports);
    case 'watch':
      return watchRequest(resourceCall, ports);
    case 'create':
      return isCore(kind, 'bindings') ? bindByName(resourceCall, ports) : createRequest(resourceCall, ports);
    case 'update':
      return updateRequest(resourceCall, ports);
    case 'patch':
      return patchRequest(resourceCall, ports);
    case 'delete':
      return deleteRequest(resourceCall, ports);
    case 'deletecollection':
      return deleteCollectionRequest(resourceCall, ports);
    default:
      throw methodNotAllowed();
  }
}

/** Definitions may call their kinds what they like. */
function isCore({ group, resource }: Kind, name: string): boolean {
  return group === '' && resource === name;
}

/**
 * Refuses paths upstream has no route for: what is authorized by its namespace and name must be what is served. A method
 * a path does not have is 405, a path that is nothing 404.
 */
function checkPath({ request, info }: Call, kind: Kind): void {
  const { verb, namespace, parts } = info;
  const collection = parts.length === 1;
  if (parts.length > 3) throw unknownPath();
  if (kind.namespaced) {
    if (namespace === '' && !collection) throw unknownPath();
    if (namespace === '' && verb !== 'list' && verb !== 'watch') throw methodNotAllowed();
  } else if (namespace !== '' && !(kind.resource === 'namespaces' && parts[1] === namespace)) throw unknownPath();
  if (collection ? verb === 'update' || verb === 'patch' : verb === 'create' && parts.length === 2)
    throw methodNotAllowed();
  if (verb === 'watch' && request.method !== 'GET' && request.method !== 'HEAD') throw methodNotAllowed();
}

async function getRequest(call: ResourceCall, { registry, clock, view }: ResourcePorts): Promise<void> {
  const { kind, stored, request, info } = call;
  const { form } = formOf(call, offerOf(kind));
  const revision = parseResourceVersion(request.query.get('resourceVersion') ?? '');
  if (revision !== undefined) await notFuture({ view, clock, stream: streamOf(stored), revision });
  const found = registry.get({ kind: stored, namespace: info.namespace, name: info.name });
  sendStored(call, { stored: found, rendering: { kind, form, nowMs: clock.now() }, status: 200 });
}

async function listRequest(call: ResourceCall, ports: ResourcePorts): Promise<void> {
  const { kind, stored, request, info } = call;
  const { form } = formOf(call, offerOf(kind));
  const options = parseListOptions(request.query);
  const selection = parseSelection({ kind: stored, namespace: namespaceOf(kind, info.namespace) }, request.query);
  const listed = await list({ kind: stored, selection, options }, ports);
  await sendList(call, { listed, rendering: { kind, form, nowMs: ports.clock.now() } }, ports);
}

async function watchRequest(call: ResourceCall, ports: ResourcePorts): Promise<void> {
  const { kind, stored, request, response, info } = call;
  const { form, contentType } = formOf(call, watchOfferOf(kind));
  const query = named(request.query, info.name);
  const options = parseListOptions(query);
  const selection = parseSelection({ kind: stored, namespace: namespaceOf(kind, info.namespace) }, query);
  const rendering = { kind, form, nowMs: ports.clock.now() };
  const ended = kind.custom === undefined ? undefined : ports.kinds.changeOf(kind);
  await watch({ rendering, stored, selection, options, contentType, request, response, ended }, ports);
}

/** `namespaces/x` is about a namespace, which itself lies in none. */
export function namespaceOf(kind: Kind, namespace: string): string | undefined {
  return kind.namespaced && namespace !== '' ? namespace : undefined;
}

/** The old form `/watch/pods/x` names its object in the path. */
function named(query: URLSearchParams, name: string): URLSearchParams {
  if (name === '' || (query.get('fieldSelector') ?? '').includes('metadata.name')) return query;
  const selecting = new URLSearchParams(query);
  selecting.set('fieldSelector', `metadata.name=${name}`);
  return selecting;
}
