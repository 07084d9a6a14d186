// Which of the cluster's pod networks are taken: one count for each network of a node's size, kept up as nodes come, change
// and go, so that finding a free one costs the same with three nodes and with five thousand. It is a memory of what the
// nodes say and nothing else: built from them when first asked, and again before it is said that nothing is left.

import { formatAddress, type Network, overlap, parseNetwork } from '../../streams/resources/ip-address.ts';
import { resources } from '../../streams/resources/names.ts';
import type { Node } from '../../streams/resources/node.ts';
import type { ObjectReader } from '../../streams/views/object-reader.ts';

/** Places from … to, both included. */
type Span = { readonly from: number; readonly to: number };

export class PodNetworks {
  readonly #cluster: Network;
  readonly #size: bigint;
  readonly #mask: number;
  /** By place: how many nodes have something of it. */
  readonly #users: Uint16Array;
  /** What each node has. */
  readonly #spans = new Map<string, readonly Span[]>();
  /** Nothing above it is free. */
  #highest: number;
  /** Whose nodes are counted. */
  #world: ObjectReader | undefined;

  /** `mask`: bits of a node's network. */
  constructor(cluster: Network, mask: number) {
    this.#cluster = cluster;
    this.#mask = mask;
    this.#size = 1n << BigInt(32 - mask);
    const places = Number((cluster.last - cluster.first + 1n) / this.#size);
    this.#users = new Uint16Array(places);
    this.#highest = places - 1;
  }

  /** A node is there in this version, or is gone. */
  heed(name: string, node: Node | undefined): void {
    if (this.#world !== undefined) this.#put(name, node);
  }

  /**
   * The last free one: simulated nodes take theirs from the front. It is taken once a node that has it is heard of.
   * Undefined where none is free.
   */
  free(world: ObjectReader): string | undefined {
    const place = (this.#world === world ? this.#last() : undefined) ?? this.#rebuilt(world);
    if (place === undefined) return undefined;
    const value = this.#cluster.first + BigInt(place) * this.#size;
    return `${formatAddress({ family: this.#cluster.family, value })}/${this.#mask}`;
  }

  #rebuilt(world: ObjectReader): number | undefined {
    this.#world = world;
    this.#spans.clear();
    this.#users.fill(0);
    this.#highest = this.#users.length - 1;
    for (const node of world.list<Node>(resources.nodes)) this.#put(node.metadata.name, node);
    return this.#last();
  }

  #last(): number | undefined {
    while (this.#highest >= 0 && (this.#users[this.#highest] ?? 0) > 0) this.#highest--;
    return this.#highest < 0 ? undefined : this.#highest;
  }

  #put(name: string, node: Node | undefined): void {
    const before = this.#spans.get(name);
    const after = node === undefined ? none : this.#spansOf(node);
    if (before === undefined && after.length === 0) return;
    for (const span of before ?? none) this.#count(span, -1);
    for (const span of after) this.#count(span, 1);
    if (after.length === 0) this.#spans.delete(name);
    else this.#spans.set(name, after);
  }

  #count({ from, to }: Span, by: 1 | -1): void {
    for (let place = from; place <= to; place++) this.#users[place] = (this.#users[place] ?? 0) + by;
    if (by < 0) this.#highest = Math.max(this.#highest, to);
  }

  #spansOf({ spec }: Node): readonly Span[] {
    const spans: Span[] = [];
    for (const text of spec?.podCIDRs ?? (spec?.podCIDR === undefined ? none : [spec.podCIDR])) {
      const used = parseNetwork(text);
      if (used === undefined || !overlap(used, this.#cluster)) continue;
      const from = Math.max(0, Number((used.first - this.#cluster.first) / this.#size));
      const to = Math.min(this.#users.length - 1, Number((used.last - this.#cluster.first) / this.#size));
      spans.push({ from, to });
    }
    return spans;
  }
}

const none: readonly never[] = [];
