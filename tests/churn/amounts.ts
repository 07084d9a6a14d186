// What pods ask of their nodes, added up by itself: the scheduler's own sums must not judge the scheduler.

import type { Container, Pod } from '../../streams/resources/pod.ts';
import { milliValue, quantityOf, wholeValue } from '../../streams/resources/quantity.ts';

export type Amounts = { readonly cpu: number; readonly memory: number; readonly pods: number };

export const zero: Amounts = { cpu: 0, memory: 0, pods: 0 };

/** Containers together, or the largest init container where that is more. */
export function amountsOfPod({ spec }: Pod): Amounts {
  const main = { cpu: 0, memory: 0 };
  for (const container of spec.containers) {
    const { cpu, memory } = asked(container);
    main.cpu += cpu;
    main.memory += memory;
  }
  for (const container of spec.initContainers ?? []) {
    const { cpu, memory } = asked(container);
    main.cpu = Math.max(main.cpu, cpu);
    main.memory = Math.max(main.memory, memory);
  }
  return { ...main, pods: 1 };
}

export function plus(sum: Amounts, pod: Pod, sign: 1 | -1): Amounts {
  const { cpu, memory, pods } = amountsOfPod(pod);
  return { cpu: sum.cpu + sign * cpu, memory: sum.memory + sign * memory, pods: sum.pods + sign * pods };
}

/** What is exceeded, with the figures; undefined where nothing is. */
export function exceeds(used: Amounts, limits: Amounts): string | undefined {
  for (const what of ['cpu', 'memory', 'pods'] as const) {
    if (used[what] > limits[what]) return `${what}: ${used[what]} of ${limits[what]}`;
  }
  return undefined;
}

function asked({ resources }: Container): { readonly cpu: number; readonly memory: number } {
  const { cpu = '0', memory = '0' } = resources?.requests ?? {};
  return { cpu: milliValue(quantityOf(cpu)), memory: wholeValue(quantityOf(memory)) };
}
