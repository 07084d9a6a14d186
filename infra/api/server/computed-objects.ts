// Kinds that are not stored but computed when asked for: a get, or a list in any form. A long list is made in slices, so
// that nobody waits for it. Nobody can watch what is computed, and a list of it has no revision.

import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '../../../streams/base/clock.ts';
import { matchesRequirements, parseLabelSelector } from '../../../streams/resources/labels.ts';
import type { AnyObject, KubeObject } from '../../../streams/resources/meta.ts';
import { badRequest } from '../errors.ts';
import { offers } from '../http/negotiate.ts';
import { apiVersionOf, partial, type Rendering, tableHead, tableRow } from '../render/render.ts';
import { fieldReader, parseFieldSelector } from '../verbs/field-selector.ts';
import { sendValue } from './answer.ts';
import { formOf } from './call.ts';
import type { ResourceCall } from './resource-requests.ts';

export type ComputedObjects = {
  /** Throws NotFound. */
  get(namespace: string, name: string): AnyObject;
  /** Those whose name, namespace and labels are chosen; all namespaces where none is named. */
  all(namespace: string, isChosen: (object: KubeObject) => boolean): Iterable<AnyObject>;
};

const objectsPerSlice = 256;

export async function computedRequest(
  call: ResourceCall,
  objects: ComputedObjects,
  { clock }: { readonly clock: Clock },
): Promise<void> {
  const { kind, info, request } = call;
  const { form } = formOf(call, offers.builtIn);
  const rendering = { kind, form, nowMs: clock.now() };
  const value =
    info.verb === 'list'
      ? await listed(objects.all(info.namespace, chosen(call, request.query)), rendering)
      : shown(objects.get(info.namespace, info.name), rendering);
  sendValue(call, { value, form, status: 200 });
}

function chosen({ kind }: ResourceCall, query: URLSearchParams): (object: KubeObject) => boolean {
  const labels = parseLabelSelector(query.get('labelSelector') ?? '');
  if (labels.kind === 'invalid') throw badRequest(labels.message);
  const fields = parseFieldSelector(query.get('fieldSelector') ?? '').map(({ field, operator, value }) => {
    const reader = fieldReader(kind, field);
    return (object: KubeObject) => (reader(object as AnyObject) === value) === (operator === '=');
  });
  return (object) =>
    matchesRequirements(labels.requirements, object.metadata.labels) && fields.every((holds) => holds(object));
}

function shown(object: AnyObject, rendering: Rendering): object {
  const { form } = rendering;
  if (form.as === 'partial') return partial(object, form);
  return form.as === 'table' ? { ...tableHead(rendering, {}), rows: [tableRow(object, rendering)] } : object;
}

async function listed(objects: Iterable<AnyObject>, rendering: Rendering): Promise<object> {
  const { kind, form } = rendering;
  const made: object[] = [];
  for (const object of objects) {
    made.push(form.as === 'table' ? tableRow(object, rendering) : shown(object, rendering));
    if (made.length % objectsPerSlice === 0) await nextTurn();
  }
  if (form.as === 'table') return { ...tableHead(rendering, {}), rows: made };
  const meta = { metadata: {}, items: made };
  return form.as === 'partial'
    ? { kind: 'PartialObjectMetadataList', apiVersion: `meta.k8s.io/${form.metaVersion}`, ...meta }
    : { kind: kind.listKind, apiVersion: apiVersionOf(kind), ...meta };
}
