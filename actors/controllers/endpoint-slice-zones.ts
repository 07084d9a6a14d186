// What share of the cluster's CPUs each zone has: what traffic that stays in its zone is dealt out by. Kept up as nodes
// come, change and go, so that asking costs nothing with thousands of them; built from the nodes when first asked.
// Source: upstream's topologycache (SetNodes).

import { resources } from '../../streams/resources/names.ts';
import type { Node } from '../../streams/resources/node.ts';
import { milliValue, quantityOf } from '../../streams/resources/quantity.ts';
import type { ObjectReader } from '../../streams/views/object-reader.ts';
import { holds } from '../kit/conditions.ts';
import type { WatchedChange } from '../kit/controller.ts';

export const zoneLabel = 'topology.kubernetes.io/zone';

/** Zone → its share of the CPUs; the shares make one. */
export type ZoneShares = ReadonlyMap<string, number>;

const excludedLabels = ['node-role.kubernetes.io/control-plane', 'node-role.kubernetes.io/master'];

/** An empty zone: the node does not say where it is or what it has. */
type Part = { readonly zone: string; readonly milliCpu: number };

export class Zones {
  readonly #parts = new Map<string, Part>();
  readonly #milliCpu = new Map<string, number>();
  #unknown = 0;
  /** Whose nodes are counted. */
  #world: ObjectReader | undefined;

  /** True where the node adds something else to its zone than before. */
  heed({ type, ref: { name }, current, previous, event }: WatchedChange): boolean {
    // Whoever begins to listen has missed what happened before.
    if (event === undefined) this.#world = undefined;
    const part = type === 'DELETED' ? undefined : partOf(current.object as Node);
    const before = previous === undefined ? undefined : partOf(previous.object as Node);
    if (part?.zone === before?.zone && part?.milliCpu === before?.milliCpu) return false;
    if (this.#world !== undefined) this.#put(name, part);
    return true;
  }

  /** Undefined where no share can be told: a node does not say enough, or there are not two zones. */
  shares(world: ObjectReader): ZoneShares | undefined {
    if (this.#world !== world) this.#build(world);
    if (this.#unknown > 0 || this.#milliCpu.size < 2) return undefined;
    let total = 0;
    for (const milliCpu of this.#milliCpu.values()) total += milliCpu;
    const zones = [...this.#milliCpu].sort(([a], [b]) => (a < b ? -1 : 1));
    return new Map(zones.map(([zone, milliCpu]) => [zone, milliCpu / total]));
  }

  #build(world: ObjectReader): void {
    this.#world = world;
    this.#parts.clear();
    this.#milliCpu.clear();
    this.#unknown = 0;
    for (const node of world.list<Node>(resources.nodes)) this.#put(node.metadata.name, partOf(node));
  }

  #put(name: string, part: Part | undefined): void {
    const before = this.#parts.get(name);
    if (before !== undefined) this.#count(before, -1);
    if (part === undefined) this.#parts.delete(name);
    else {
      this.#parts.set(name, part);
      this.#count(part, 1);
    }
  }

  #count({ zone, milliCpu }: Part, by: 1 | -1): void {
    if (zone === '') {
      this.#unknown += by;
      return;
    }
    const left = (this.#milliCpu.get(zone) ?? 0) + by * milliCpu;
    if (left === 0) this.#milliCpu.delete(zone);
    else this.#milliCpu.set(zone, left);
  }
}

/** Undefined for a node that does not count: one of the control plane, and one that is not ready. */
function partOf({ metadata: { labels = {} }, status }: Node): Part | undefined {
  if (excludedLabels.some((label) => label in labels) || !holds(status?.conditions, 'Ready')) return undefined;
  const { [zoneLabel]: zone = '' } = labels;
  const milliCpu = milliValue(quantityOf(status?.allocatable?.cpu ?? '0'));
  return zone === '' || milliCpu === 0 ? unknown : { zone, milliCpu };
}

const unknown: Part = { zone: '', milliCpu: 0 };
