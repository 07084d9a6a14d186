// What a pod asks for as a whole, exactly: its containers side by side, or an init container with the sidecars started
// before it, whichever is more (KEP-753); amounts given for the pod itself replace both (KEP-2837).

import type { Container, PodSpec, Quantities } from './pod.ts';
import { addQuantity, compareQuantity, formatQuantity, type Quantity, quantityOf } from './quantity.ts';

export type Sums = ReadonlyMap<string, Quantity>;

const podLevel = /^(cpu|memory|hugepages-.*)$/;

/** Without the overhead of its runtime class. */
export function podRequests(spec: PodSpec): Quantities {
  return texts(requestSums(spec));
}

export function podLimits(spec: PodSpec): Quantities {
  return texts(limitSums(spec));
}

export function requestSums(spec: PodSpec): Sums {
  return sums(spec, 'requests');
}

export function limitSums(spec: PodSpec): Sums {
  return sums(spec, 'limits');
}

/** Adds amounts to sums, in place. */
export function addAmounts(sum: Map<string, Quantity>, amounts: Quantities | undefined): void {
  for (const name in amounts) {
    const text = amounts[name];
    if (text === undefined) continue;
    const before = sum.get(name);
    const amount = quantityOf(text);
    sum.set(name, before === undefined ? amount : addQuantity(before, amount));
  }
}

export function texts(sum: Sums): Quantities {
  const quantities: Record<string, string> = {};
  for (const [name, quantity] of sum) quantities[name] = formatQuantity(quantity);
  return quantities;
}

function sums(spec: PodSpec, which: 'requests' | 'limits'): Sums {
  const of = (container: Container) => container.resources?.[which];
  const running = new Map<string, Quantity>();
  for (const container of spec.containers ?? []) addAmounts(running, of(container));
  const sidecars = new Map<string, Quantity>();
  const starting = new Map<string, Quantity>();
  for (const container of spec.initContainers ?? []) {
    const now = new Map(sidecars);
    addAmounts(now, of(container));
    if (container.restartPolicy === 'Always') {
      addAmounts(running, of(container));
      addAmounts(sidecars, of(container));
    }
    raise(starting, now);
  }
  raise(running, starting);
  const whole = spec.resources?.[which];
  for (const name in whole) {
    const text = whole[name];
    if (text !== undefined && podLevel.test(name)) running.set(name, quantityOf(text));
  }
  return running;
}

/** Makes each sum at least what the other has. */
function raise(sum: Map<string, Quantity>, other: Sums): void {
  for (const [name, amount] of other) {
    const before = sum.get(name);
    if (before === undefined || compareQuantity(before, amount) < 0) sum.set(name, amount);
  }
}
