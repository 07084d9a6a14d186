// A quota's usage, counted anew from all objects of its namespace.

import type { KubeObject, ResourceName } from '../../../streams/resources/meta.ts';
import type { Quantities } from '../../../streams/resources/pod.ts';
import { addQuantity, formatQuantity, type Quantity, wholeQuantity } from '../../../streams/resources/quantity.ts';
import type { ResourceQuota } from '../../../streams/resources/quota.ts';
import type { ObjectReader } from '../../../streams/views/object-reader.ts';
import { inScopes } from './scopes.ts';
import { usageOf, userOf } from './usage.ts';

/** Every resource the quota limits, with what is used of it. */
export function calculate(world: ObjectReader, quota: ResourceQuota, nowMs: number): Map<string, Quantity> {
  const names = Object.keys(quota.spec?.hard ?? {});
  const used = new Map(names.map((name) => [name, zero]));
  const { namespace = '' } = quota.metadata;
  for (const of of usersOf(names)) {
    for (const object of world.list<KubeObject>(of, { namespace })) {
      if (inScopes(quota, of, object)) addTo(used, usageOf(of, object, nowMs));
    }
  }
  return used;
}

/** Adds what is used of the resources the sums are about. */
export function addTo(sums: Map<string, Quantity>, usage: ReadonlyMap<string, Quantity>): void {
  for (const [name, amount] of usage) {
    const before = sums.get(name);
    if (before !== undefined && amount.nano !== 0n) sums.set(name, addQuantity(before, amount));
  }
}

export function quantities(sums: ReadonlyMap<string, Quantity>): Quantities {
  return Object.fromEntries(Array.from(sums, ([name, amount]) => [name, formatQuantity(amount)]));
}

const zero = wholeQuantity(0);

function usersOf(names: readonly string[]): ResourceName[] {
  const users = new Map<string, ResourceName>();
  for (const name of names) {
    const user = userOf(name);
    if (user !== undefined) users.set(`${user.resource}.${user.group}`, user);
  }
  return [...users.values()];
}
