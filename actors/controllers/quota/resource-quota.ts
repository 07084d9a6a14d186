// The resource quota controller: keeps each quota's status what its namespace really uses. Admission counts up before
// an object is recorded; this counts anew whenever something changed that may use less, and now and then.
// (Writes that are under way at that moment are added by admission, which alone knows of them.)

import type { KubeObject, ResourceName } from '../../../streams/resources/meta.ts';
import { resources } from '../../../streams/resources/names.ts';
import type { Quantities } from '../../../streams/resources/pod.ts';
import { compareQuantity, quantityOf } from '../../../streams/resources/quantity.ts';
import type { ResourceQuota } from '../../../streams/resources/quota.ts';
import type { ObjectReader } from '../../../streams/views/object-reader.ts';
import {
  type Controller,
  type Key,
  nothingToDo,
  type Plan,
  type ReconcileInput,
  type WatchedChange,
} from '../../kit/controller.ts';
import { keyOfObject, parseKey } from '../../kit/object-key.ts';
import { sameJson } from '../../kit/same-json.ts';
import { calculate, quantities } from './calculate.ts';
import { uses } from './usage.ts';

export const quotaControllerUser = 'system:serviceaccount:kube-system:resourcequota-controller';

export type ResourceQuotaOptions = {
  /** Each quota is counted anew at least this often (ms). */
  readonly resyncMs: number;
  /** Counting rests this long (ms) after it was done, so that a burst of deletions costs little. */
  readonly pauseMs: number;
};

export const resourceQuotaDefaults: ResourceQuotaOptions = { resyncMs: 300_000, pauseMs: 200 };

export function resourceQuotaController(options: ResourceQuotaOptions = resourceQuotaDefaults): Controller {
  return {
    name: 'resourcequota-controller',
    user: quotaControllerUser,
    workers: 5,
    watches: [
      {
        resource: resources.resourceQuotas,
        keys: (change) => (isNewLimit(change) ? [keyOfObject(change.current.object)] : []),
      },
      { resource: 'all', keys: quotasConcerned },
    ],
    reconcile: (input) => reconcile(input, options),
  };
}

function reconcile({ world, key, nowMs }: ReconcileInput, { resyncMs, pauseMs }: ResourceQuotaOptions): Plan {
  const quota = world.get<ResourceQuota>(resources.resourceQuotas, parseKey(key));
  if (quota === undefined) return nothingToDo;
  const hard = quota.spec?.hard ?? {};
  const used = quantities(calculate(world, quota, nowMs));
  const rest = { againAfterMs: resyncMs, pauseMs };
  if (same(quota.status?.hard, hard) && same(quota.status?.used, used)) return { writes: [], ...rest };
  const object: ResourceQuota = { ...quota, status: { hard, used } };
  return { writes: [{ kind: 'update', resource: resources.resourceQuotas, subresource: 'status', object }], ...rest };
}

/**
 * What admission charges is left alone: a count in the middle of a burst of charges, some of them by other API servers,
 * could miss what is on its way.
 */
function isNewLimit({ type, current, previous }: WatchedChange): boolean {
  if (type === 'DELETED') return false;
  const { spec, status } = current.object as ResourceQuota;
  if (previous === undefined || status?.hard === undefined) return true;
  return !sameJson(spec, (previous.object as ResourceQuota).spec);
}

/** The quotas of the changed object's namespace that are about such objects, where it may use less than before. */
function quotasConcerned({ ref, type, current, previous }: WatchedChange, world: ObjectReader): readonly Key[] {
  if (type === 'ADDED' || ref.namespace === '' || (ref.group === '' && ref.resource === 'events')) return [];
  const quotas = world.list<ResourceQuota>(resources.resourceQuotas, { namespace: ref.namespace });
  if (quotas.length === 0) return [];
  if (type === 'MODIFIED' && !mayUseLess(ref, current.object, previous?.object)) return [];
  return quotas
    .filter(({ spec }) => Object.keys(spec?.hard ?? {}).some((name) => uses(ref, name)))
    .map((quota) => keyOfObject(quota));
}

/** Of most kinds only the number counts. */
function mayUseLess({ group, resource }: ResourceName, now: KubeObject, before: KubeObject | undefined): boolean {
  if (group !== '') return false;
  if (resource === 'pods') return phaseOf(now) !== phaseOf(before) || generationOf(now) !== generationOf(before);
  return resource === 'services' || resource === 'persistentvolumeclaims';
}

function phaseOf(object: KubeObject | undefined): string | undefined {
  return (object as { readonly status?: { readonly phase?: string } } | undefined)?.status?.phase;
}

function generationOf(object: KubeObject | undefined): number | undefined {
  return object?.metadata.generation;
}

function same(a: Quantities = {}, b: Quantities = {}): boolean {
  const names = new Set([...Object.keys(a), ...Object.keys(b)]);
  for (const name of names) {
    const [left, right] = [a[name], b[name]];
    if (left === undefined || right === undefined) return false;
    if (left !== right && compareQuantity(quantityOf(left), quantityOf(right)) !== 0) return false;
  }
  return true;
}
