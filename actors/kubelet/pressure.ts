// What a node can be short of, how its conditions and events say so, and which pod goes first (facts §4.4, upstream's
// pkg/kubelet/eviction). Pure: usage and time come in.

import type { Condition } from '../../streams/resources/meta.ts';
import type { Pod } from '../../streams/resources/pod.ts';
import { formatQuantity, quantityOf, wholeQuantity, wholeValue } from '../../streams/resources/quantity.ts';
import { requestsOf } from '../scheduler/amounts.ts';

export const pressures = ['memory', 'disk', 'pid'] as const;
export type Pressure = (typeof pressures)[number];

/** Between two looks at what is available, and at most one pod is evicted each time. */
export const evictionCheckMs = 10_000;
/** So long a condition stays after the shortage was last seen. */
export const pressureTransitionMs = 300_000;
/** Hard threshold: less than that available is a shortage. */
export const memoryThresholdBytes = 100 * 1_048_576;

type Said = Pick<Condition, 'reason' | 'message'>;
export const conditionOf: Readonly<
  Record<
    Pressure,
    { readonly type: string; readonly yes: Said; readonly no: Said; readonly events: readonly [string, string] }
  >
> = {
  memory: {
    type: 'MemoryPressure',
    yes: { reason: 'KubeletHasInsufficientMemory', message: 'kubelet has insufficient memory available' },
    no: { reason: 'KubeletHasSufficientMemory', message: 'kubelet has sufficient memory available' },
    events: ['NodeHasInsufficientMemory', 'NodeHasSufficientMemory'],
  },
  disk: {
    type: 'DiskPressure',
    yes: { reason: 'KubeletHasDiskPressure', message: 'kubelet has disk pressure' },
    no: { reason: 'KubeletHasNoDiskPressure', message: 'kubelet has no disk pressure' },
    events: ['NodeHasDiskPressure', 'NodeHasNoDiskPressure'],
  },
  pid: {
    type: 'PIDPressure',
    yes: { reason: 'KubeletHasInsufficientPID', message: 'kubelet has insufficient PID available' },
    no: { reason: 'KubeletHasSufficientPID', message: 'kubelet has sufficient PID available' },
    events: ['NodeHasInsufficientPID', 'NodeHasSufficientPID'],
  },
};

/** The resource as eviction messages and events name it. */
export const starved: Readonly<Record<Pressure, string>> = {
  memory: 'memory',
  disk: 'ephemeral-storage',
  pid: 'pids',
};

/** A pod with what its containers use. */
export type Candidate = {
  readonly pod: Pod;
  readonly containers: readonly { readonly name: string; readonly memoryBytes: number }[];
};

export type Shortage = {
  readonly pressure: Pressure;
  /** Undefined where the shortage was only said to be there. */
  readonly memoryAvailableBytes?: number | undefined;
};

const criticalPriority = 2_000_000_000;

/** Never evicted, and admitted on a node in trouble. */
export function isCritical({ metadata, spec }: Pod): boolean {
  return (
    (spec.priority ?? 0) >= criticalPriority || metadata.annotations?.['kubernetes.io/config.mirror'] !== undefined
  );
}

/** The pod that is evicted for the shortage, and what is said about it. */
export function victimOf(
  candidates: readonly Candidate[],
  shortage: Shortage,
): { readonly pod: Pod; readonly message: string } | undefined {
  const evictable = candidates.filter(({ pod }) => !isCritical(pod));
  const { pressure } = shortage;
  const ranked = [...evictable].sort(
    (a, b) =>
      (pressure === 'memory' ? Number(excessOf(b) > 0) - Number(excessOf(a) > 0) : 0) ||
      (a.pod.spec.priority ?? 0) - (b.pod.spec.priority ?? 0) ||
      (pressure === 'memory' ? excessOf(b) - excessOf(a) : 0) ||
      compare(b.pod.metadata.creationTimestamp, a.pod.metadata.creationTimestamp) ||
      compare(a.pod.metadata.name, b.pod.metadata.name),
  );
  const [first] = ranked;
  return first && { pod: first.pod, message: evictionMessage(first, shortage) };
}

/** Memory used beyond what was asked for, bytes; negative below it. */
function excessOf({ pod, containers }: Candidate): number {
  return containers.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0) - requestsOf(pod.spec).memoryBytes;
}

function evictionMessage({ pod, containers }: Candidate, { pressure, memoryAvailableBytes }: Shortage): string {
  let message = `The node was low on resource: ${starved[pressure]}. `;
  if (pressure !== 'memory') return message;
  if (memoryAvailableBytes !== undefined)
    message += `Threshold quantity: ${bytes(memoryThresholdBytes)}, available: ${bytes(memoryAvailableBytes)}. `;
  for (const { name, memoryBytes } of containers) {
    const spec = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])].find((each) => each.name === name);
    const request = spec?.resources?.requests?.memory ?? '0';
    if (spec === undefined || memoryBytes <= wholeValue(quantityOf(request))) continue;
    message += `Container ${name} was using ${bytes(memoryBytes)}, request is ${request}, has larger consumption of memory. `;
  }
  return message;
}

function bytes(amount: number): string {
  return formatQuantity(wholeQuantity(Math.max(0, Math.round(amount)), 'binary'));
}

function compare(a = '', b = ''): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
