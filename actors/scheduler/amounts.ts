// How much of each resource a pod asks for and a node offers, as plain numbers: CPU in thousandths of a core, memory
// and storage in bytes, everything else in whole units. Sources of the rules: KEP-753 (sidecars), KEP-2837 (pod-level
// resources), kubernetes.md §2.5 (what a container without a request counts for when nodes are compared).

import type { Container, PodSpec, Quantities } from '../../streams/resources/pod.ts';
import { milliValue, quantityOf, wholeValue } from '../../streams/resources/quantity.ts';

export type Amounts = {
  readonly milliCpu: number;
  readonly memoryBytes: number;
  readonly ephemeralBytes: number;
  /** Extended resources, huge pages and attachable volumes by name, as far as they are asked for or offered. */
  readonly others: ReadonlyMap<string, number>;
};

/** CPU and memory with a default for containers that ask for none, so that nodes full of such pods do not look empty. */
export type WeightedAmounts = { readonly milliCpu: number; readonly memoryBytes: number };

const missingMilliCpu = 100;
const missingMemoryBytes = 200 * 1024 * 1024;
const noOthers: ReadonlyMap<string, number> = new Map();

/** What the pod takes from a node: the larger of running and initialising, with overhead. */
export function requestsOf(spec: PodSpec): Amounts {
  return {
    milliCpu: requestOf(spec, 'cpu'),
    memoryBytes: requestOf(spec, 'memory'),
    ephemeralBytes: requestOf(spec, 'ephemeral-storage'),
    others: otherRequests(spec),
  };
}

export function weightedRequestsOf(spec: PodSpec): WeightedAmounts {
  return {
    milliCpu: requestOf(spec, 'cpu', missingMilliCpu),
    memoryBytes: requestOf(spec, 'memory', missingMemoryBytes),
  };
}

/** What a node offers to pods. */
export function amountsOf(quantities: Quantities = {}): Amounts {
  let others: Map<string, number> | undefined;
  for (const name in quantities) {
    if (!isOther(name)) continue;
    others ??= new Map();
    others.set(name, amount(quantities, name) ?? 0);
  }
  return {
    milliCpu: amount(quantities, 'cpu') ?? 0,
    memoryBytes: amount(quantities, 'memory') ?? 0,
    ephemeralBytes: amount(quantities, 'ephemeral-storage') ?? 0,
    others: others ?? noOthers,
  };
}

export function sameAmounts(a: Amounts, b: Amounts): boolean {
  if (a.milliCpu !== b.milliCpu || a.memoryBytes !== b.memoryBytes || a.ephemeralBytes !== b.ephemeralBytes) {
    return false;
  }
  if (a.others.size !== b.others.size) return false;
  for (const [name, value] of a.others) if (b.others.get(name) !== value) return false;
  return true;
}

/** The number of pods a node takes; 0 where it does not say. */
export function podsMaxOf(quantities: Quantities = {}): number {
  return amount(quantities, 'pods') ?? 0;
}

/** One resource of a pod. `missing` stands in for containers that do not ask for it. */
function requestOf(spec: PodSpec, resource: string, missing = 0): number {
  const overhead = amount(spec.overhead, resource) ?? 0;
  const wholePod = podLevel.test(resource) ? amount(spec.resources?.requests, resource) : undefined;
  if (wholePod !== undefined) return wholePod + overhead;
  let running = 0;
  for (const container of spec.containers) running += containerRequest(container, resource, missing);
  let sidecars = 0;
  let initialising = 0;
  for (const container of spec.initContainers ?? []) {
    const request = containerRequest(container, resource, missing);
    if (container.restartPolicy === 'Always') {
      // A sidecar goes on running beside everything that starts after it.
      running += request;
      sidecars += request;
      initialising = Math.max(initialising, sidecars);
    } else {
      initialising = Math.max(initialising, request + sidecars);
    }
  }
  return Math.max(running, initialising) + overhead;
}

const podLevel = /^(cpu|memory|hugepages-.*)$/;

function containerRequest(container: Container, resource: string, missing: number): number {
  return amount(container.resources?.requests, resource) ?? missing;
}

function otherRequests(spec: PodSpec): ReadonlyMap<string, number> {
  let names: Set<string> | undefined;
  const collect = (quantities: Quantities | undefined) => {
    for (const name in quantities) {
      if (!isOther(name)) continue;
      names ??= new Set();
      names.add(name);
    }
  };
  for (const container of spec.containers) collect(container.resources?.requests);
  for (const container of spec.initContainers ?? []) collect(container.resources?.requests);
  collect(spec.resources?.requests);
  collect(spec.overhead);
  if (names === undefined) return noOthers;
  const others = new Map<string, number>();
  for (const name of [...names].sort()) {
    const request = requestOf(spec, name);
    if (request > 0) others.set(name, request);
  }
  return others;
}

function isOther(name: string): boolean {
  if (name === 'cpu' || name === 'memory' || name === 'ephemeral-storage' || name === 'pods') return false;
  return name.includes('/') || name.startsWith('hugepages-') || name.startsWith('attachable-volumes-');
}

function amount(quantities: Quantities | undefined, resource: string): number | undefined {
  const text = quantities?.[resource];
  if (text === undefined) return undefined;
  return resource === 'cpu' ? read(text, milliCpus, milliValue) : read(text, wholes, wholeValue);
}

/** The same few texts come with every pod: each is read once. */
const milliCpus = new Map<string, number>();
const wholes = new Map<string, number>();
const rememberedMax = 4_096;

function read(text: string, known: Map<string, number>, value: (quantity: ReturnType<typeof quantityOf>) => number) {
  const before = known.get(text);
  if (before !== undefined) return before;
  if (known.size >= rememberedMax) known.clear();
  const parsed = value(quantityOf(text));
  known.set(text, parsed);
  return parsed;
}
