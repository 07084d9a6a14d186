// The last look at a pod before its node takes it: whether the node is well enough, whether the pod fits beside those that
// are there, and whether it belongs there. The scheduler has looked already; this refuses what was bound past it, or
// what two schedulers bound to the same room. The order and the texts are upstream's (pkg/kubelet/lifecycle).

import type { Node } from '../../streams/resources/node.ts';
import type { Container, Pod, Quantities } from '../../streams/resources/pod.ts';
import { type Amounts, amountsOf, podsMaxOf, requestsOf } from '../scheduler/amounts.ts';
import { clash, type HostPort, hostPortsOf } from '../scheduler/host-ports.ts';
import { matchesAnyTerm } from '../scheduler/node-selector.ts';
import { tolerates } from '../scheduler/tolerations.ts';
import { conditionOf, isCritical, type Pressure } from './pressure.ts';

/** What one pod takes from its node. */
export type Share = {
  readonly uid: string;
  readonly milliCpu: number;
  readonly memoryBytes: number;
  readonly ephemeralBytes: number;
  /** Absent for nearly all pods. */
  readonly ports?: readonly HostPort[];
};

export type Refusal = { readonly reason: string; readonly message: string };

/** What the pod takes: what its node has granted it, where that is not what its spec wants by now. */
export function shareOf(pod: Pod): Share {
  const granted = new Map<string, Quantities>();
  const { initContainerStatuses: init = [], containerStatuses: main = [] } = pod.status ?? {};
  for (const { name, allocatedResources } of [...init, ...main])
    if (allocatedResources !== undefined) granted.set(name, allocatedResources);
  if (granted.size === 0) return wantedShareOf(pod);
  const withGrant = (container: Container): Container => {
    const requests = granted.get(container.name);
    return requests === undefined ? container : { ...container, resources: { ...container.resources, requests } };
  };
  const { containers, initContainers } = pod.spec;
  const spec = {
    ...pod.spec,
    containers: containers.map(withGrant),
    ...(initContainers && { initContainers: initContainers.map(withGrant) }),
  };
  return wantedShareOf({ ...pod, spec });
}

/** What the pod's spec asks for. */
export function wantedShareOf({ metadata, spec }: Pod): Share {
  const { milliCpu, memoryBytes, ephemeralBytes } = requestsOf(spec);
  const ports = hostPortsOf(spec);
  return { uid: metadata.uid, milliCpu, memoryBytes, ephemeralBytes, ...(ports.length > 0 && { ports }) };
}

export type Admission = {
  readonly share: Share;
  readonly shares: readonly Share[];
  readonly node: Node | null;
  readonly allocatable: Quantities;
  readonly pressures: readonly Pressure[];
};

/** Why the node does not take the pod; undefined where it does. */
export function admissionRefusal(pod: Pod, admission: Admission): Refusal | undefined {
  return (
    pressureRefusal(pod, admission.pressures) ?? refusalOf(admission.share, admission) ?? misplaced(pod, admission)
  );
}

/** A node that is short of something takes critical pods only; where it is memory, those that asked for some as well. */
function pressureRefusal(pod: Pod, pressures: readonly Pressure[]): Refusal | undefined {
  if (pressures.length === 0 || isCritical(pod)) return undefined;
  if (pressures.length === 1 && pressures[0] === 'memory') {
    if (pod.status?.qosClass !== 'BestEffort') return undefined;
    if (tolerates(pod.spec.tolerations ?? [], memoryPressureTaint)) return undefined;
  }
  const conditions = pressures.map((pressure) => conditionOf[pressure].type).join(' ');
  return { reason: 'Evicted', message: rejected(`The node had condition: [${conditions}]. `) };
}

const memoryPressureTaint = { key: 'node.kubernetes.io/memory-pressure', effect: 'NoSchedule' } as const;

function misplaced({ spec }: Pod, { share, shares, node }: Admission): Refusal | undefined {
  if (node === null) return undefined;
  const selectable = { name: node.metadata.name, labels: node.metadata.labels ?? {} };
  const terms = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  const selected = Object.entries(spec.nodeSelector ?? {}).every(([key, value]) => selectable.labels[key] === value);
  if (!selected || (terms !== undefined && !matchesAnyTerm(terms)(selectable)))
    return failed('NodeAffinity', "node(s) didn't match Pod's node affinity/selector");
  const taken = shares.flatMap(({ ports = [] }) => ports);
  if (share.ports?.some((port) => taken.some((other) => clash(port, other))) === true)
    return failed('NodePorts', "node(s) didn't have free ports for the requested pod ports");
  const drivenAway = node.spec?.taints?.some(
    (taint) => taint.effect === 'NoExecute' && !tolerates(spec.tolerations ?? [], taint),
  );
  return drivenAway === true ? failed('TaintToleration', 'node(s) had untolerated taint(s)') : undefined;
}

function failed(predicate: string, message: string): Refusal {
  return { reason: predicate, message: rejected(`Predicate ${predicate} failed: ${message}`) };
}

function rejected(message: string): string {
  return `Pod was rejected: ${message}`;
}

/** Why the node refuses the pod (facts §4.2: OutOfpods, OutOfcpu, OutOfmemory); undefined where it fits. */
export function refusalOf(
  share: Share,
  { shares, allocatable }: { shares: readonly Share[]; allocatable: Quantities },
): Refusal | undefined {
  const used = { pods: shares.length, milliCpu: 0, memoryBytes: 0, ephemeralBytes: 0 };
  for (const other of shares) {
    used.milliCpu += other.milliCpu;
    used.memoryBytes += other.memoryBytes;
    used.ephemeralBytes += other.ephemeralBytes;
  }
  const { capacity, podsMax } = roomOf(allocatable);
  const wanted = [
    { resource: 'pods', asked: 1, used: used.pods, capacity: podsMax },
    { resource: 'cpu', asked: share.milliCpu, used: used.milliCpu, capacity: capacity.milliCpu },
    { resource: 'memory', asked: share.memoryBytes, used: used.memoryBytes, capacity: capacity.memoryBytes },
    {
      resource: 'ephemeral-storage',
      asked: share.ephemeralBytes,
      used: used.ephemeralBytes,
      capacity: capacity.ephemeralBytes,
    },
  ];
  for (const { resource, asked, used: taken, capacity: whole } of wanted) {
    if (asked === 0 || taken + asked <= whole) continue;
    return {
      reason: `OutOf${resource}`,
      message: rejected(
        `Node didn't have enough resource: ${resource}, requested: ${asked}, used: ${taken}, capacity: ${whole}`,
      ),
    };
  }
  return undefined;
}

/** Why a node that had no other pods could not grant it; undefined where it could. */
export function fits({ milliCpu, memoryBytes }: Share, allocatable: Quantities): string | undefined {
  const { capacity } = roomOf(allocatable);
  const text = (resource: string, requested: number, whole: number) =>
    `Node didn't have enough capacity: ${resource}, requested: ${requested}, capacity: ${whole}`;
  if (memoryBytes > capacity.memoryBytes) return text('memory', memoryBytes, capacity.memoryBytes);
  return milliCpu > capacity.milliCpu ? text('cpu', milliCpu, capacity.milliCpu) : undefined;
}

type Room = { readonly capacity: Amounts; readonly podsMax: number };

/** A node's quantities are read once, not once for each pod. */
const rooms = new WeakMap<Quantities, Room>();

function roomOf(allocatable: Quantities): Room {
  let room = rooms.get(allocatable);
  if (room === undefined) {
    room = { capacity: amountsOf(allocatable), podsMax: podsMaxOf(allocatable) };
    rooms.set(allocatable, room);
  }
  return room;
}
