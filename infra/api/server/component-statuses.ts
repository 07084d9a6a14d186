// `kubectl get cs`: the health of what a control plane once consisted of, computed when asked for. Scheduler and
// controllers run in this very process, and the log stands in etcd's place.

import type { Clock } from '../../../streams/base/clock.ts';
import type { ClusterLog } from '../../../streams/log/event-log.ts';
import { matchesRequirements, parseLabelSelector } from '../../../streams/resources/labels.ts';
import type { AnyObject } from '../../../streams/resources/meta.ts';
import { badRequest, notFound } from '../errors.ts';
import { offers } from '../http/negotiate.ts';
import { partial, type Rendering, tableHead, tableRow } from '../render/render.ts';
import { fieldReader, parseFieldSelector } from '../verbs/field-selector.ts';
import { sendValue } from './answer.ts';
import { formOf } from './call.ts';
import type { ResourceCall } from './resource-requests.ts';

type Ports = { readonly log: ClusterLog; readonly clock: Clock };

export function componentStatusRequest(call: ResourceCall, { log, clock }: Ports): void {
  const { kind, info, request } = call;
  const { form } = formOf(call, offers.builtIn);
  const rendering = { kind, form, nowMs: clock.now() };
  const all = componentStatuses(log);
  const value =
    info.verb === 'list' ? listed(selected(all, call, request.query), rendering) : shown(named(all, call), rendering);
  sendValue(call, { value, form, status: 200 });
}

function named(all: readonly AnyObject[], { kind, info }: ResourceCall): AnyObject {
  const found = all.find(({ metadata }) => metadata.name === info.name);
  if (found === undefined) throw notFound({ ...kind, resource: 'componentstatus' }, info.name);
  return found;
}

function componentStatuses(log: ClusterLog): readonly AnyObject[] {
  const status = log.status();
  return [
    componentStatus('scheduler', { status: 'True', message: 'ok' }),
    componentStatus('controller-manager', { status: 'True', message: 'ok' }),
    componentStatus(
      'etcd-0',
      status.kind === 'ok' ? { status: 'True', message: 'ok' } : { status: 'False', error: status.reason },
    ),
  ];
}

function componentStatus(name: string, health: object): AnyObject {
  const conditions = [{ type: 'Healthy', ...health }];
  return { apiVersion: 'v1', kind: 'ComponentStatus', metadata: { name }, conditions } as unknown as AnyObject;
}

function selected(all: readonly AnyObject[], { kind }: ResourceCall, query: URLSearchParams): readonly AnyObject[] {
  const labels = parseLabelSelector(query.get('labelSelector') ?? '');
  if (labels.kind === 'invalid') throw badRequest(labels.message);
  const fields = parseFieldSelector(query.get('fieldSelector') ?? '').map(({ field, operator, value }) => {
    const reader = fieldReader(kind, field);
    return (object: AnyObject) => (reader(object) === value) === (operator === '=');
  });
  return all.filter(
    (object) =>
      matchesRequirements(labels.requirements, object.metadata.labels) && fields.every((holds) => holds(object)),
  );
}

function shown(object: AnyObject, rendering: Rendering): object {
  const { form } = rendering;
  if (form.as === 'partial') return partial(object, form);
  return form.as === 'table' ? listed([object], rendering) : object;
}

function listed(objects: readonly AnyObject[], rendering: Rendering): object {
  const { kind, form } = rendering;
  if (form.as === 'table')
    return { ...tableHead(rendering, {}), rows: objects.map((object) => tableRow(object, rendering)) };
  const items = objects.map((object) => shown(object, rendering));
  const meta = { metadata: {}, items };
  return form.as === 'partial'
    ? { kind: 'PartialObjectMetadataList', apiVersion: `meta.k8s.io/${form.metaVersion}`, ...meta }
    : { kind: kind.listKind, apiVersion: 'v1', ...meta };
}
