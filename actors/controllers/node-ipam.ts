// The node IPAM controller: each node has a network for its pods that no other has. Nodes that bring their own (simulated
// ones do) keep it; the others are given the first free one of the cluster's network.

import { parseNetwork } from '../../streams/resources/ip-address.ts';
import { resources } from '../../streams/resources/names.ts';
import type { Node } from '../../streams/resources/node.ts';
import { type Controller, nothingToDo, type Plan, type ReconcileInput } from '../kit/controller.ts';
import { PodNetworks } from './pod-networks.ts';

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
  const networks = new PodNetworks(network, nodeMask);
  return {
    name: 'node-ipam-controller',
    user: 'system:serviceaccount:kube-system:node-controller',
    // One at a time: two must not be given the same network.
    workers: 1,
    watches: [
      {
        resource: resources.nodes,
        keys: ({ type, ref: { name }, current, previous }) => {
          const node = type === 'DELETED' ? undefined : (current.object as Node);
          if (previous === undefined || !sameNetworks(previous.object as Node, node)) networks.heed(name, node);
          return previous === undefined && node !== undefined && lacksNetwork(node) ? [name] : [];
        },
      },
    ],
    reconcile: (input) => reconcile(input, networks),
  };
}

function reconcile({ world, key }: ReconcileInput, networks: PodNetworks): Plan {
  const node = world.get<Node>(resources.nodes, { name: key });
  if (node === undefined || !lacksNetwork(node) || node.metadata.deletionTimestamp !== undefined) return nothingToDo;
  const podCIDR = networks.free(world);
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

function sameNetworks(a: Node, b: Node | undefined): boolean {
  return a.spec?.podCIDR === b?.spec?.podCIDR && a.spec?.podCIDRs?.join() === b?.spec?.podCIDRs?.join();
}
