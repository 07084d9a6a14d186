// The devices a node can reach: those of complete pools only, in the newest generation of the pool, because a driver
// publishes a pool in several slices and half of one says nothing for sure.

import type { Device, ResourceSlice } from '../../../streams/resources/device.ts';
import type { NodeSelectorTerm } from '../../../streams/resources/pod.ts';
import { matchesAnyTerm, type Selectable } from '../node-selector.ts';

type Where = {
  readonly nodeName?: string;
  readonly allNodes?: boolean;
  readonly nodeSelector?: { readonly nodeSelectorTerms: readonly NodeSelectorTerm[] };
};

export type FoundDevice = {
  /** Driver, pool and name: one device of the cluster. */
  readonly id: string;
  readonly driver: string;
  readonly pool: string;
  readonly device: Device;
  /** Nodes that reach it; undefined: all of them. */
  readonly reach: readonly NodeSelectorTerm[] | undefined;
};

export function completeSlices(slices: readonly ResourceSlice[]): readonly ResourceSlice[] {
  const pools = Map.groupBy(slices, ({ spec }) => `${spec.driver}/${spec.pool.name}`);
  return [...pools.values()].flatMap((pool) => {
    const newest = Math.max(...pool.map(({ spec }) => spec.pool.generation));
    const current = pool.filter(({ spec }) => spec.pool.generation === newest);
    return current.length === current[0]?.spec.pool.resourceSliceCount ? current : [];
  });
}

export function devicesFor(node: Selectable, slices: readonly ResourceSlice[]): readonly FoundDevice[] {
  const found: FoundDevice[] = [];
  for (const { spec } of slices) {
    const { driver, pool, perDeviceNodeSelection = false, devices = [] } = spec;
    if (!perDeviceNodeSelection && !reaches(spec, node)) continue;
    for (const device of devices) {
      if (perDeviceNodeSelection && !reaches(device, node)) continue;
      const reach = termsOf(perDeviceNodeSelection ? device : spec);
      found.push({ id: `${driver}/${pool.name}/${device.name}`, driver, pool: pool.name, device, reach });
    }
  }
  return found;
}

function reaches({ nodeName, allNodes, nodeSelector }: Where, node: Selectable): boolean {
  if (allNodes === true) return true;
  if (nodeName !== undefined && nodeName !== '') return nodeName === node.name;
  return nodeSelector !== undefined && matchesAnyTerm(nodeSelector.nodeSelectorTerms)(node);
}

function termsOf({ nodeName, allNodes, nodeSelector }: Where): readonly NodeSelectorTerm[] | undefined {
  if (allNodes === true) return undefined;
  if (nodeSelector !== undefined) return nodeSelector.nodeSelectorTerms;
  return [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: [nodeName ?? ''] }] }];
}
