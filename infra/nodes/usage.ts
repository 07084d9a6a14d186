// What simulated nodes and their pods use of CPU and memory right now: the port for metrics.k8s.io, evictions and
// `shiplog nodes`. Usage follows from a pod's annotations and statuses and from the time alone (invariant: nothing is
// sampled or kept), so reading it costs what is asked for and idle nodes cost nothing.

import { amountAt, parseUsageScript, type UsageScript, type UsageUnit } from '../../actors/kubelet/usage-script.ts';
import type { Clock } from '../../streams/base/clock.ts';
import { controllerOf } from '../../streams/resources/meta.ts';
import { resources } from '../../streams/resources/names.ts';
import type { Node } from '../../streams/resources/node.ts';
import type { Container, ContainerStatus, Pod, Quantities } from '../../streams/resources/pod.ts';
import { quantityOf } from '../../streams/resources/quantity.ts';
import type { ObjectReader } from '../../streams/views/object-reader.ts';

export type Usage = {
  /** Billionths of a core, the mean over the window. */
  readonly cpuNanocores: number;
  /** Working set, bytes. */
  readonly memoryBytes: number;
};

/** When the usage was measured, milliseconds since the Unix epoch, and the span its CPU is the mean of. */
export type Measured = { readonly timestampMs: number; readonly windowMs: number };

export type PodUsage = Measured & {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** Those that run, sidecars and ephemeral containers included, in the order of the spec. */
  readonly containers: readonly (Usage & { readonly name: string })[];
};

export type NodeUsage = Measured & {
  readonly node: string;
  /** Of everything on the node, its own daemons included. */
  readonly usage: Usage;
  /** Pods of which a container runs. */
  readonly pods: readonly PodUsage[];
};

export type UsageReader = {
  /** Undefined for a node that is unknown or down. */
  usageOf(node: string): NodeUsage | undefined;
  /** Undefined where nothing of the pod runs on a node that is up. */
  usageOfPod(pod: Pod): PodUsage | undefined;
};

export type UsagePorts = {
  readonly world: ObjectReader;
  readonly clock: Clock;
  isUp(node: string): boolean;
};

/** As long as metrics-server's own. */
const windowMs = 15_000;
const cores: UsageUnit = 1_000_000_000;
const bytes: UsageUnit = 1;
const mebibyte = 1_048_576;
/** What a node's own daemons take of its capacity. */
const systemShare = { cpu: 0.01, memory: 0.02 };

export function usageReader({ world, clock, isUp }: UsagePorts): UsageReader {
  const podUsage = (pod: Pod): PodUsage | undefined => {
    const nowMs = clock.now();
    const containers = containerUsages(pod, { world, nowMs });
    if (containers.length === 0) return undefined;
    const { namespace = '', name, uid } = pod.metadata;
    return { namespace, name, uid, containers, timestampMs: nowMs, windowMs };
  };
  return {
    usageOfPod: (pod) => (isUp(pod.spec.nodeName ?? '') ? podUsage(pod) : undefined),
    usageOf(name) {
      const node = world.get<Node>(resources.nodes, { name });
      if (node === undefined || !isUp(name)) return undefined;
      const pods = world.podsOnNode<Pod>(name).flatMap((pod) => podUsage(pod) ?? []);
      const { cpu = '0', memory = '0' } = node.status?.capacity ?? {};
      let cpuNanocores = Math.round(numberOf(cpu, cores) * systemShare.cpu);
      let memoryBytes = pages(numberOf(memory, bytes) * systemShare.memory);
      for (const { containers } of pods) {
        for (const usage of containers) {
          cpuNanocores += usage.cpuNanocores;
          memoryBytes += usage.memoryBytes;
        }
      }
      return { node: name, usage: { cpuNanocores, memoryBytes }, pods, timestampMs: clock.now(), windowMs };
    },
  };
}

/** Memory of the pod's running containers together. */
export function memoryOf({ containers }: PodUsage): number {
  return containers.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0);
}

/** What the pod's annotation says of the resource for this container; a text that is no script says nothing. */
export function scriptOf(pod: Pod, container: string, resource: 'cpu' | 'memory'): UsageScript | undefined {
  const { annotations } = pod.metadata;
  if (annotations === undefined) return undefined;
  const key = `simulation.shiplog.dev/${resource}`;
  const text = annotations[`${key}.${container}`] ?? annotations[key];
  return text === undefined ? undefined : parseUsageScript(text, resource === 'cpu' ? cores : bytes);
}

type Now = { readonly world: ObjectReader; readonly nowMs: number };

function containerUsages(pod: Pod, now: Now): (Usage & { name: string })[] {
  const { spec, status } = pod;
  const usages: (Usage & { name: string })[] = [];
  const add = (containers: readonly Container[] | undefined, statuses: readonly ContainerStatus[] | undefined) => {
    for (const container of containers ?? []) {
      const running = statuses?.find(({ name }) => name === container.name)?.state?.running;
      if (running === undefined) continue;
      const startedMs = Date.parse(running.startedAt ?? '');
      usages.push({ name: container.name, ...usageOfContainer(pod, container, { ...now, startedMs }) });
    }
  };
  add(spec.initContainers, status?.initContainerStatuses);
  add(spec.containers, status?.containerStatuses);
  add(spec.ephemeralContainers, status?.ephemeralContainerStatuses);
  return usages;
}

function usageOfContainer(pod: Pod, container: Container, now: Now & { readonly startedMs: number }): Usage {
  const { requests, limits } = container.resources ?? {};
  const amountOf = (resource: 'cpu' | 'memory', unit: UsageUnit, plausible: () => number): number => {
    const script = scriptOf(pod, container.name, resource);
    const amount = script === undefined ? plausible() : scripted(script, pod, now);
    const limit = limits?.[resource];
    // CPU above the limit is throttled; memory above it ends the container, which its runtime sees to.
    return limit === undefined || (script !== undefined && resource === 'memory')
      ? amount
      : Math.min(amount, numberOf(limit, unit));
  };
  return {
    cpuNanocores: amountOf('cpu', cores, () => plausibleUsage(pod, container, requests).cpuNanocores),
    memoryBytes: pages(amountOf('memory', bytes, () => plausibleUsage(pod, container, requests).memoryBytes)),
  };
}

/** A load that is shared counts from the oldest of those who share it, and is dealt out evenly. */
function scripted({ shape, shared }: UsageScript, pod: Pod, { world, nowMs, startedMs }: Now & { startedMs: number }) {
  const owner = shared ? controllerOf(pod)?.uid : undefined;
  if (owner === undefined) return amountAt(shape, Math.max(0, nowMs - startedMs));
  const running = world.ownedBy<Pod>(resources.pods, owner).filter(({ status }) => status?.phase === 'Running');
  const since = running.map(({ metadata }) => Date.parse(metadata.creationTimestamp ?? '') || startedMs);
  const amount = amountAt(shape, Math.max(0, nowMs - Math.min(startedMs, ...since)));
  return Math.round(amount / Math.max(1, running.length));
}

/** A container without a script uses a fraction of what it asked for that depends on its pod and name alone. */
function plausibleUsage(pod: Pod, { name }: Container, requests: Quantities | undefined): Usage {
  const draw = fraction(`${pod.metadata.uid}/${name}`);
  const { cpu, memory } = requests ?? {};
  return {
    cpuNanocores: Math.round(cpu === undefined ? 1e6 * (1 + 4 * draw) : numberOf(cpu, cores) * (0.15 + 0.25 * draw)),
    memoryBytes: Math.round(
      memory === undefined ? mebibyte * (8 + 16 * draw) : numberOf(memory, bytes) * (0.4 + 0.3 * draw),
    ),
  };
}

/** Memory comes in pages. */
function pages(amount: number): number {
  return Math.round(amount / 4_096) * 4_096;
}

/** FNV-1a, as a number in [0, 1). */
function fraction(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return (hash >>> 0) / 2 ** 32;
}

const known = new Map<string, number>();

/** The same few texts come with every pod: each is read once. */
function numberOf(quantity: string, unit: UsageUnit): number {
  const key = `${unit === bytes ? 'b' : 'n'}${quantity}`;
  let number = known.get(key);
  if (number === undefined) {
    if (known.size >= 4_096) known.clear();
    const { nano } = quantityOf(quantity);
    number = unit === bytes ? Number(nano) / 1e9 : Number(nano);
    known.set(key, number);
  }
  return number;
}
