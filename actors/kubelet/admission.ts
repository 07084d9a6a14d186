// The last look at a pod before its node takes it: whether it fits beside those that are there. The scheduler has looked
// already; this refuses what was bound past it, or what two schedulers bound to the same room.

import type { Pod, Quantities } from '../../streams/resources/pod.ts';
import { type Amounts, amountsOf, podsMaxOf, requestsOf } from '../scheduler/amounts.ts';

/** What one pod takes from its node. */
export type Share = {
  readonly uid: string;
  readonly milliCpu: number;
  readonly memoryBytes: number;
  readonly ephemeralBytes: number;
};

export type Refusal = { readonly reason: string; readonly message: string };

export function shareOf({ metadata, spec }: Pod): Share {
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
