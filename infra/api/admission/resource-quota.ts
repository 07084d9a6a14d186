// ResourceQuota, last of all: what a write would use is charged to the quotas of its namespace before the write is
// recorded, so that nothing is ever recorded that was not paid for. How exactly is told in quota-ledger.ts.

import { calculate, quantities } from '../../../actors/controllers/quota/calculate.ts';
import { quotaControllerUser } from '../../../actors/controllers/quota/resource-quota.ts';
import { inScopes } from '../../../actors/controllers/quota/scopes.ts';
import { type Usage, usageOf, uses } from '../../../actors/controllers/quota/usage.ts';
import type { AnyObject } from '../../../streams/resources/meta.ts';
import { resources } from '../../../streams/resources/names.ts';
import type { Pod } from '../../../streams/resources/pod.ts';
import { type Quantity, subQuantity } from '../../../streams/resources/quantity.ts';
import type { ResourceQuota } from '../../../streams/resources/quota.ts';
import { forbidden } from '../errors.ts';
import { type AdmissionPlugin, type AdmissionRequest, concerns } from './admission.ts';
import { type Charge, QuotaLedger, type QuotaPorts } from './quota-ledger.ts';

const required: ReadonlySet<string> = new Set([
  'cpu',
  'memory',
  'requests.cpu',
  'requests.memory',
  'limits.cpu',
  'limits.memory',
]);

export function resourceQuota(ports: QuotaPorts): AdmissionPlugin {
  const { now } = ports;
  const ledger = new QuotaLedger(ports);
  return {
    name: 'ResourceQuota',
    admit(request) {
      const counts = request.operation === 'update' && request.context.user.username === quotaControllerUser;
      if (!counts || !concerns(request, { ...resources.resourceQuotas, sub: 'status' })) return request.object;
      return counted(request, { ledger, nowMs: now() });
    },
    reserve(request) {
      if (request.namespace === '' || !isCharged(request)) return undefined;
      const quotas = request.world.list<ResourceQuota>(resources.resourceQuotas, { namespace: request.namespace });
      if (quotas.length === 0) return undefined;
      const charge = chargeOf(request, { quotas, nowMs: now() });
      return charge === undefined ? undefined : ledger.reserve(charge);
    },
  };
}

/** The controller has counted what is recorded; what is under way in this process at this moment comes on top. */
function counted(
  { world, object }: AdmissionRequest,
  { ledger, nowMs }: { readonly ledger: QuotaLedger; readonly nowMs: number },
): AnyObject {
  const quota = object as unknown as ResourceQuota;
  const used = calculate(world, quota, nowMs);
  ledger.addHeld(quota, { world, used });
  return { ...object, status: { hard: quota.spec?.hard ?? {}, used: quantities(used) } } as AnyObject;
}

/** Which writes use something. Updates of most kinds leave their number as it is. */
function isCharged({ operation, kind, subresource }: AdmissionRequest): boolean {
  if (kind.group === '' && kind.resource === 'events') return false;
  if (operation === 'create') return subresource === undefined;
  if (operation !== 'update' || kind.group !== '') return false;
  if (kind.resource === 'pods') return subresource === 'resize';
  return subresource === undefined && (kind.resource === 'services' || kind.resource === 'persistentvolumeclaims');
}

/** Undefined where no quota is about the object, or it uses nothing more than before. */
function chargeOf(
  request: AdmissionRequest,
  { quotas, nowMs }: { readonly quotas: readonly ResourceQuota[]; readonly nowMs: number },
): Charge | undefined {
  const { kind, object, before } = request;
  const usage = usageOf(kind, object, nowMs);
  const deltas = new Map<string, Usage>();
  for (const quota of quotas) {
    const names = Object.keys(quota.status?.hard ?? quota.spec?.hard ?? {}).filter((name) => uses(kind, name));
    if (names.length === 0 || !inScopes(quota, kind, object)) continue;
    const missing = missingAmounts(request, names);
    if (missing !== '') {
      throw forbidden(kind, request.name, `failed quota: ${quota.metadata.name}: must specify ${missing}`);
    }
    const was = before !== undefined && inScopes(quota, kind, before) ? usageOf(kind, before, nowMs) : nothing;
    const delta = increase(usage, was, names);
    if (delta.size > 0) deltas.set(quota.metadata.name, delta);
  }
  return deltas.size === 0 ? undefined : { request, deltas };
}

const nothing: Usage = new Map();

function increase(usage: Usage, was: Usage, names: readonly string[]): Usage {
  const delta = new Map<string, Quantity>();
  for (const name of names) {
    const amount = usage.get(name);
    if (amount === undefined) continue;
    const before = was.get(name);
    const more = before === undefined ? amount : subQuantity(amount, before);
    if (more.nano > 0n) delta.set(name, more);
  }
  return delta;
}

/** Where processor and memory are limited, every container has to say how much it takes: `limits.cpu for: a,b`. */
function missingAmounts({ kind, object }: AdmissionRequest, names: readonly string[]): string {
  if (kind.group !== '' || kind.resource !== 'pods') return '';
  const { containers, initContainers = [] } = object.spec as Pod['spec'];
  const texts: string[] = [];
  for (const name of names.filter((each) => required.has(each)).sort()) {
    const [which, resource] = name.startsWith('limits.')
      ? (['limits', name.slice('limits.'.length)] as const)
      : (['requests', name.replace('requests.', '')] as const);
    const silent = [...containers, ...initContainers].filter(
      (each) => each.resources?.[which]?.[resource] === undefined,
    );
    if (silent.length === 0) continue;
    texts.push(`${name} for: ${[...new Set(silent.map((each) => each.name))].sort().join(',')}`);
  }
  return texts.join('; ');
}
