// What `shiplog nodes` lists: each simulated node with its state, its pods and what they use. Made in slices, because
// with thousands of nodes everybody's pods are looked at.

import { findCondition } from '../../actors/kit/conditions.ts';
import type { Pressure } from '../../actors/kubelet/pressure.ts';
import { type Clock, sleep } from '../../streams/base/clock.ts';
import { resources } from '../../streams/resources/names.ts';
import type { Node } from '../../streams/resources/node.ts';
import { quantityOf, wholeValue } from '../../streams/resources/quantity.ts';
import type { ObjectReader } from '../../streams/views/object-reader.ts';
import type { SimulatedNodes } from './simulated-nodes.ts';

export type NodeRow = {
  readonly name: string;
  readonly profile: string;
  /** As the cluster knows it: `Ready`, `NotReady`, `Unknown`, or `Registering` before it is there. */
  readonly state: string;
  /** Whether the machine runs; the cluster learns of a crash only later. */
  readonly up: boolean;
  readonly zone: string;
  readonly unschedulable: boolean;
  /** What somebody said it is short of. */
  readonly pressures: readonly Pressure[];
  readonly pods: { readonly running: number; readonly max: number };
  /** Billionths of a core. */
  readonly cpu: { readonly used: number; readonly capacity: number };
  /** Bytes. */
  readonly memory: { readonly used: number; readonly capacity: number };
};

const sliceMax = 100;

export async function listNodes(
  nodes: SimulatedNodes,
  { world, clock, only }: { readonly world: ObjectReader; readonly clock: Clock; readonly only?: readonly string[] },
): Promise<readonly NodeRow[]> {
  const rows: NodeRow[] = [];
  for (const name of only ?? nodes.names) {
    rows.push(rowOf(nodes, { name, world }));
    if (rows.length % sliceMax === 0) await sleep(clock, 0);
  }
  return rows;
}

function rowOf(nodes: SimulatedNodes, { name, world }: { name: string; world: ObjectReader }): NodeRow {
  const simulated = nodes.find(name);
  const node = world.get<Node>(resources.nodes, { name });
  const usage = nodes.usage.usageOf(name);
  const capacity = node?.status?.capacity ?? simulated?.profile.capacity ?? {};
  return {
    name,
    profile: simulated?.profile.name ?? '',
    state: stateOf(node),
    up: simulated?.host.isUp === true,
    zone: node?.metadata.labels?.['topology.kubernetes.io/zone'] ?? '',
    unschedulable: node?.spec?.unschedulable === true,
    pressures: simulated?.host.pressures ?? [],
    pods: { running: usage?.pods.length ?? 0, max: Number(capacity.pods ?? 0) },
    cpu: { used: usage?.usage.cpuNanocores ?? 0, capacity: Number(quantityOf(capacity.cpu ?? '0').nano) },
    memory: { used: usage?.usage.memoryBytes ?? 0, capacity: wholeValue(quantityOf(capacity.memory ?? '0')) },
  };
}

function stateOf(node: Node | undefined): string {
  switch (findCondition(node?.status?.conditions, 'Ready')?.status) {
    case undefined:
      return 'Registering';
    case 'True':
      return 'Ready';
    case 'False':
      return 'NotReady';
    default:
      return 'Unknown';
  }
}
