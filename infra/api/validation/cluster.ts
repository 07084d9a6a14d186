// What makes a Node or a Namespace invalid.

import { isIPv4, isIPv6 } from 'node:net';
import type { AnyObject } from '../../../streams/resources/meta.ts';
import type { Node } from '../../../streams/resources/node.ts';
import { qualifiedNameProblem } from '../registry/names.ts';
import { type Check, isAbsent, type Rule } from './check.ts';
import { labelValue } from './formats.ts';
import { labelKey } from './label-selector.ts';
import { type ResourceList, resourceAmount } from './resources.ts';
import { each, fields, type Json, oneOf, required, sameValue } from './rules.ts';
import { taintEffects } from './scheduling.ts';

type Taint = { readonly key?: string; readonly value?: string; readonly effect?: string };

const taint: Rule<Taint> = fields({ key: labelKey, value: labelValue, effect: required(oneOf(...taintEffects)) });

/** Taints stand below metadata in upstream's paths. */
function taints(list: readonly Taint[], check: Check): void {
  check.enter('metadata');
  check.enter('taints');
  each(taint)(list, check);
  const seen = new Set<string>();
  for (const [i, one] of list.entries()) {
    const id = `${one.key}:${one.effect}`;
    const detail = 'taints must be unique by key and effect pair';
    if (seen.has(id)) check.add([{ type: 'Duplicate', field: check.pathOf(`[${i}]`), value: one, detail }]);
    seen.add(id);
  }
  check.leave();
  check.leave();
}

type NodeSpec = NonNullable<Node['spec']> & { readonly podCIDRs?: readonly string[]; readonly providerID?: string };
type NodeStatus = {
  readonly capacity?: ResourceList;
  readonly allocatable?: ResourceList;
  readonly addresses?: readonly Json[];
};

export const node: Rule<AnyObject> = (object, check, before) => {
  const spec = (object.spec ?? {}) as NodeSpec;
  if (!isAbsent(spec.taints)) taints(spec.taints as readonly Taint[], check);
  nodeStatus(object, check);
  check.enter('spec');
  if (before === undefined) podCidrs(spec.podCIDRs ?? [], check);
  else nodeChange(spec, (before.spec ?? {}) as NodeSpec, check);
  check.leave();
};

/** Capacity and addresses, whichever endpoint writes them. */
export const nodeStatus: Rule<AnyObject> = (object, check) => {
  const status = (object.status ?? {}) as NodeStatus;
  check.enter('status');
  for (const list of ['capacity', 'allocatable'] as const) {
    check.enter(list);
    for (const name in status[list]) {
      check.enter(name);
      resourceAmount(name, status[list]?.[name] ?? '', check);
      check.leave();
    }
    check.leave();
  }
  const addresses = status.addresses ?? [];
  for (const [i, address] of addresses.entries())
    if (addresses.slice(0, i).some((other) => sameValue(other, address))) check.duplicate(address, `.addresses[${i}]`);
  check.leave();
};

function podCidrs(cidrs: readonly string[], check: Check): void {
  for (const [i, cidr] of cidrs.entries()) {
    const [ip = '', bits = ''] = cidr.split('/');
    const max = isIPv4(ip) ? 32 : isIPv6(ip) ? 128 : -1;
    if (!/^[0-9]{1,3}$/.test(bits) || Number(bits) > max)
      check.invalid(cidr, 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)', `.podCIDRs[${i}]`);
  }
  const sixes = cidrs.filter((cidr) => cidr.includes(':')).length;
  if (cidrs.length > 2 || sixes > 1 || cidrs.length - sixes > 1)
    check.invalid(cidrs, 'may specify no more than one CIDR for each IP family', '.podCIDRs');
}

function nodeChange(is: NodeSpec, was: NodeSpec, check: Check): void {
  if (!isAbsent(was.podCIDRs) && !sameValue(is.podCIDRs, was.podCIDRs))
    check.forbidden('node updates may not change podCIDR except from "" to valid', '.podCIDRs');
  if (!isAbsent(was.providerID) && is.providerID !== was.providerID)
    check.forbidden('node updates may not change providerID except from "" to valid', '.providerID');
}

const standardFinalizers = new Set(['kubernetes', 'orphan', 'foregroundDeletion']);

/** A namespace as it is created; later only /finalize changes its spec. */
export const namespace: Rule<AnyObject> = (object, check) => {
  const { finalizers } = (object.spec ?? {}) as { readonly finalizers?: readonly string[] };
  for (const finalizer of finalizers ?? []) finalizerName(finalizer, '.spec.finalizers', check);
};

export function finalizerName(name: string, sub: string, check: Check): void {
  const problem = qualifiedNameProblem(name);
  if (problem !== undefined) check.invalid(name, problem, sub);
  if (!name.includes('/') && !standardFinalizers.has(name))
    check.invalid(name, 'name is neither a standard finalizer name nor is it fully qualified', sub);
}

export const namespaceStatus: Rule<AnyObject> = ({ metadata, status }, check) => {
  const { phase = '' } = (status ?? {}) as { readonly phase?: string };
  const deleted = metadata.deletionTimestamp !== undefined;
  const expected = deleted ? 'Terminating' : 'Active';
  if (phase === expected) return;
  const when = deleted ? 'not empty' : 'empty';
  check.invalid(phase, `may only be '${expected}' if \`deletionTimestamp\` is ${when}`, '.status.Phase');
};
