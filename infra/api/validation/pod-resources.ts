// Resources of a pod as a whole against those of its containers: the pod must ask for at least what they ask for
// together, and no container may have more than the pod.

import { addQuantity, compareQuantity, formatQuantity, type Quantity } from '../../../streams/resources/quantity.ts';
import type { Check } from './check.ts';
import type { CheckedSpec } from './pod-scope.ts';
import { amountOf, isHugePages, ownValue, type Requirements, type ResourceList } from './resources.ts';

type Sized = { readonly restartPolicy?: string; readonly resources?: Requirements };
type Amounts = Map<string, Quantity>;

export function podResourceConsistency(spec: CheckedSpec, { requests, limits }: Requirements, check: Check): void {
  for (const [name, sum] of aggregate(spec, 'requests')) {
    const own = ownValue(requests, name);
    if (own === undefined || !exceeds(sum, own)) continue;
    const detail = `must be greater than or equal to aggregate container requests of ${formatQuantity(sum)}`;
    check.invalid(own, detail, `.requests[${name}]`);
  }
  for (const [name, sum] of aggregate(spec, 'limits')) {
    const own = isHugePages(name) ? ownValue(limits, name) : undefined;
    if (own === undefined || !exceeds(sum, own)) continue;
    const detail = `must be greater than or equal to aggregate container limits of ${formatQuantity(sum)}`;
    check.invalid(own, detail, `.limits[${name}]`);
  }
  for (const [i, { resources }] of ((spec.containers ?? []) as readonly Sized[]).entries()) {
    for (const name in resources?.limits) {
      const [own, ofPod] = [amountOf(resources.limits[name] ?? ''), ownValue(limits, name)];
      if (own === undefined || ofPod === undefined || !exceeds(own, ofPod)) continue;
      const sub = `.containers[${i}][${name}].limits`;
      check.invalid(resources.limits[name], `must be less than or equal to pod limits of ${ofPod}`, sub);
    }
  }
}

/**
 * What a pod's containers ask for together: the sum of those that run beside each other, or more where one that
 * initializes, beside the sidecars started before it, asks for more.
 */
export function aggregate(
  spec: Pick<CheckedSpec, 'containers' | 'initContainers'>,
  list: 'requests' | 'limits',
): Amounts {
  const total: Amounts = new Map();
  for (const { resources } of (spec.containers ?? []) as readonly Sized[]) add(total, resources?.[list]);
  const sidecars: Amounts = new Map();
  const initial: Amounts = new Map();
  for (const { restartPolicy, resources } of (spec.initContainers ?? []) as readonly Sized[]) {
    const own: Amounts = new Map();
    add(own, resources?.[list]);
    if (restartPolicy === 'Always') {
      add(total, resources?.[list]);
      add(sidecars, resources?.[list]);
      raise(initial, sidecars);
    } else {
      for (const [name, amount] of sidecars) own.set(name, plus(own.get(name), amount));
      raise(initial, own);
    }
  }
  raise(total, initial);
  return total;
}

function add(sum: Amounts, list: ResourceList | undefined): void {
  for (const name in list) {
    const amount = amountOf(list[name] ?? '');
    if (amount !== undefined) sum.set(name, plus(sum.get(name), amount));
  }
}

function raise(to: Amounts, by: Amounts): void {
  for (const [name, amount] of by) {
    const had = to.get(name);
    if (had === undefined || compareQuantity(amount, had) > 0) to.set(name, amount);
  }
}

function plus(a: Quantity | undefined, b: Quantity): Quantity {
  return a === undefined ? b : addQuantity(a, b);
}

function exceeds(amount: Quantity, text: string): boolean {
  const other = amountOf(text);
  return other !== undefined && compareQuantity(amount, other) > 0;
}
