// The node IPAM controller: each node has a network for its pods that no other has. Nodes that bring their own (simulated
// ones do) keep it; the others are given the first free one of the cluster's network.

import { formatAddress, type Network, overlap, parseNetwork } from '../../streams/resources/ip-address.ts';
import { resources } from '../../streams/resources/names.ts';
import type { Node } from '../../streams/resources/node.ts';
import type { ObjectReader } from '../../streams/views/object-reader.ts';
import { type Controller, nothingToDo, type Plan, type ReconcileInput } from '../kit/controller.ts';

export type NodeIpamOptions = {
  /** kube-controller-manager's --cluster-cidr. */
  readonly clusterCidr: string;
  /** Bits of a node's network: its --node-cidr-mask-size-ipv4. */
  readonly nodeMask: number;
};

/** 10.244.0.0–10.255.255.0 are the networks simulated nodes count up through; others are given theirs from the far end. */
export const nodeIpamDefaults: NodeIpamOptions = { clusterCidr: '10.240.0.0/12', nodeMask: 24 };

export function nodeIpamController({ clusterCidr, nodeMask }: NodeIpamOptions): Controller {
  const network = parseNetwork(clusterCidr);
  if (network?.family !== 'IPv4') throw new Error(`the cluster's pod network "${clusterCidr}" is no IPv4 network`);
  const size = 1n << BigInt(32 - nodeMask);
  return {
    name: 'node-ipam-controller',
    user: 'system:serviceaccount:kube-system:node-controller',
    // One at a time: two must not be given the same network.
    workers: 1,
    watches: [
      {
        resource: resources.nodes,
        keys: ({ type, ref, current, previous }) => {
          if (type === 'DELETED') return [];
          return previous === undefined && lacksNetwork(current.object as Node) ? [ref.name] : [];
        },
      },
    ],
    reconcile: (input) => reconcile(input, { network, size, nodeMask }),
  };
}

type Pool = { readonly network: Network; readonly size: bigint; readonly nodeMask: number };

function reconcile({ world, key }: ReconcileInput, pool: Pool): Plan {
  const node = world.get<Node>(resources.nodes, { name: key });
  if (node === undefined || !lacksNetwork(node) || node.metadata.deletionTimestamp !== undefined) return nothingToDo;
  const podCIDR = freeNetwork(world, pool);
  if (podCIDR === undefined) {
    const message = `Node ${key} status is now: CIDRNotAvailable`;
    const note = { regarding: node, type: 'Normal', reason: 'CIDRNotAvailable', message } as const;
    return { writes: [], notes: [{ ...note, component: 'cidrAllocator' }], againAfterMs: 30_000 };
  }
  const object: Node = { ...node, spec: { ...node.spec, podCIDR, podCIDRs: [podCIDR] } };
  return { writes: [{ kind: 'update', resource: resources.nodes, object }] };
}

function lacksNetwork({ spec }: Node): boolean {
  return (spec?.podCIDR ?? '') === '';
}

/** From the end of the cluster's network: it is found at once, and simulated nodes come from the front. */
function freeNetwork(world: ObjectReader, { network, size, nodeMask }: Pool): string | undefined {
  const taken = new Set<bigint>();
  const wide: Network[] = [];
  for (const { spec } of world.list<Node>(resources.nodes)) {
    for (const text of spec?.podCIDRs ?? (spec?.podCIDR === undefined ? [] : [spec.podCIDR])) {
      const used = parseNetwork(text);
      if (used === undefined) continue;
      if (used.last - used.first < size) taken.add(used.first - (used.first % size));
      else wide.push(used);
    }
  }
  for (let first = network.last + 1n - size; first >= network.first; first -= size) {
    const candidate = { family: network.family, first, last: first + size - 1n };
    if (taken.has(first) || wide.some((used) => overlap(used, candidate))) continue;
    return `${formatAddress({ family: network.family, value: first })}/${nodeMask}`;
  }
  return undefined;
}
