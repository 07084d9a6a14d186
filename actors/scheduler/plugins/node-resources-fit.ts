// Keeps pods off nodes without room for what they ask.

import type { FilterPlugin, Rejection } from '../framework.ts';
import type { NodeInfo } from '../node-info.ts';
import type { PodShape } from '../pod-shape.ts';

const name = 'NodeResourcesFit';

/** One rejection object per set of missing resources: the same few come up for thousands of nodes. */
const usual: (Rejection | undefined)[] = new Array(32).fill(undefined);
const unusual = new Map<string, Rejection>();
const unusualMax = 1_000;

/** Extended resources somebody else looks after: by name, or by what stands before the slash. */
export type Ignored = { readonly resources: readonly string[]; readonly groups: readonly string[] };

export function nodeResourcesFitFilterWith(ignored: Ignored): FilterPlugin {
  const counted = (shape: PodShape) => withoutIgnored(shape, ignored);
  return {
    name,
    scope: 'node',
    preFilter(shape) {
      const asking = counted(shape);
      return { kind: 'filter', filter: (node) => (fits(asking, node) ? undefined : shortage(asking, node)) };
    },
    wakesOn(event, shape) {
      switch (event.kind) {
        case 'nodeAdded':
        case 'podLeft':
          return fits(counted(shape), event.node);
        case 'nodeChanged':
          return event.aspects.allocatable && fits(counted(shape), event.node);
        default:
          return false;
      }
    },
  };
}

export const nodeResourcesFitFilter = nodeResourcesFitFilterWith({ resources: [], groups: [] });

type Asking = Pick<PodShape, 'requests'>;

export function fits({ requests }: Asking, node: NodeInfo): boolean {
  if (node.pods.size + 1 > node.podsMax) return false;
  const { allocatable } = node;
  if (requests.milliCpu > 0 && requests.milliCpu > allocatable.milliCpu - node.milliCpu) return false;
  if (requests.memoryBytes > 0 && requests.memoryBytes > allocatable.memoryBytes - node.memoryBytes) return false;
  if (requests.ephemeralBytes > 0 && requests.ephemeralBytes > allocatable.ephemeralBytes - node.ephemeralBytes) {
    return false;
  }
  for (const [resource, request] of requests.others) {
    if (request > (allocatable.others.get(resource) ?? 0) - (node.others.get(resource) ?? 0)) return false;
  }
  return true;
}

function withoutIgnored({ requests }: PodShape, { resources, groups }: Ignored): Asking {
  if (requests.others.size === 0 || resources.length + groups.length === 0) return { requests };
  const others = new Map(
    [...requests.others].filter(([resource]) => {
      return !resources.includes(resource) && !groups.includes(resource.slice(0, resource.indexOf('/')));
    }),
  );
  return { requests: { ...requests, others } };
}

/** Every resource that is short, in the order Kubernetes names them. */
function shortage({ requests }: Asking, node: NodeInfo): Rejection {
  const { allocatable } = node;
  let short = node.pods.size + 1 > node.podsMax ? 1 : 0;
  // What exceeds even the empty node cannot be helped by pods leaving.
  let hopeless = 0;
  const check = (bit: number, request: number, offered: number, used: number) => {
    if (request <= 0 || request <= offered - used) return;
    short |= bit;
    if (request > offered) hopeless = 16;
  };
  check(2, requests.milliCpu, allocatable.milliCpu, node.milliCpu);
  check(4, requests.memoryBytes, allocatable.memoryBytes, node.memoryBytes);
  check(8, requests.ephemeralBytes, allocatable.ephemeralBytes, node.ephemeralBytes);
  if (requests.others.size > 0) {
    const others: string[] = [];
    for (const [resource, request] of requests.others) {
      const offered = allocatable.others.get(resource) ?? 0;
      if (request <= offered - (node.others.get(resource) ?? 0)) continue;
      others.push(`Insufficient ${resource}`);
      if (request > offered) hopeless = 16;
    }
    if (others.length > 0) return shared([...reasonsOf(short), ...others], hopeless === 0);
  }
  let rejection = usual[short | hopeless];
  if (rejection === undefined) {
    rejection = { plugin: name, reasons: reasonsOf(short), resolvable: hopeless === 0 };
    usual[short | hopeless] = rejection;
  }
  return rejection;
}

function reasonsOf(short: number): string[] {
  return ['Too many pods', 'Insufficient cpu', 'Insufficient memory', 'Insufficient ephemeral-storage'].filter(
    (_, bit) => (short & (1 << bit)) !== 0,
  );
}

function shared(reasons: readonly string[], resolvable: boolean): Rejection {
  const id = `${resolvable} ${reasons.join()}`;
  const known = unusual.get(id);
  if (known !== undefined) return known;
  if (unusual.size >= unusualMax) unusual.clear();
  const rejection = { plugin: name, reasons, resolvable };
  unusual.set(id, rejection);
  return rejection;
}
