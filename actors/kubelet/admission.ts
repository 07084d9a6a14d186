// The last look at a pod before its node takes it: whether it fits beside those that are there. The scheduler has looked
// already; this refuses what was bound past it, or what two schedulers bound to the same room.

import type { Container, Pod, Quantities } from '../../streams/resources/pod.ts';
import { type Amounts, amountsOf, podsMaxOf, requestsOf } from '../scheduler/amounts.ts';

/** What one pod takes from its node. */
export type Share = {
  readonly uid: string;
  readonly milliCpu: number;
  readonly memoryBytes: number;
  readonly ephemeralBytes: number;
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
  return { uid: metadata.uid, milliCpu, memoryBytes, ephemeralBytes };
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
      message: `Pod was rejected: Node didn't have enough resource: ${resource}, requested: ${asked}, used: ${taken}, capacity: ${whole}`,
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
