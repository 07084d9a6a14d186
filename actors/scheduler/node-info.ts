// One node with everything on it that scheduling looks at, kept up to date pod by pod. Invariant: what is requested is
// the sum over the pods held here, and `generation` changes whenever anything a plugin may read has changed.

import type { Labels } from '../../streams/resources/meta.ts';
import type { Node, Taint } from '../../streams/resources/node.ts';
import { type Amounts, amountsOf, podsMaxOf, sameAmounts } from './amounts.ts';
import { HostPorts } from './host-ports.ts';
import type { PodInfo } from './pod-shape.ts';

export type NodeImage = { readonly sizeBytes: number };

const noTaints: readonly Taint[] = [];
const noLabels: Labels = {};
const nothing: Amounts = amountsOf();

/** What a new version of a node object changed, as far as a waiting pod may care. */
export type NodeAspects = {
  readonly allocatable: boolean;
  readonly labels: boolean;
  readonly taints: boolean;
  readonly images: boolean;
  /** Annotations, or which conditions hold. */
  readonly state: boolean;
};

export class NodeInfo {
  readonly name: string;
  /** Dense number of this node in the cluster; given to another node once this one is gone. */
  readonly slot: number;
  /** Never the same for two states of any node, so that what was derived from one state is not taken for another's. */
  generation = 0;

  node: Node | undefined;
  labels: Labels = noLabels;
  unschedulable = false;
  /** Taints that keep pods away: NoSchedule and NoExecute. */
  repellingTaints: readonly Taint[] = noTaints;
  /** Taints that only count against the node: PreferNoSchedule. */
  discouragingTaints: readonly Taint[] = noTaints;
  allocatable: Amounts = nothing;
  podsMax = 0;
  images: ReadonlyMap<string, NodeImage> = new Map();

  milliCpu = 0;
  memoryBytes = 0;
  ephemeralBytes = 0;
  readonly others = new Map<string, number>();
  /** With the defaults for containers that ask for nothing. */
  weightedMilliCpu = 0;
  weightedMemoryBytes = 0;
  readonly ports = new HostPorts();
  readonly pods = new Map<string, PodInfo>();
  /** How many pods are promised this node, see nominations.ts. */
  promised = 0;

  constructor(name: string, slot: number) {
    this.name = name;
    this.slot = slot;
  }

  /** Takes in the node object; tells what changed. */
  setNode(node: Node): NodeAspects {
    const { spec = {}, status = {} } = node;
    const { allocatable, podsMax, labels, images, node: before } = this;
    const taints = spec.taints ?? noTaints;
    const repelling = taints.filter(({ effect }) => effect !== 'PreferNoSchedule');
    const discouraging = taints.filter(({ effect }) => effect === 'PreferNoSchedule');
    const unschedulable = spec.unschedulable === true;
    const taintsChanged =
      unschedulable !== this.unschedulable ||
      !sameTaints(repelling, this.repellingTaints) ||
      !sameTaints(discouraging, this.discouragingTaints);
    this.node = node;
    this.labels = node.metadata.labels ?? noLabels;
    this.unschedulable = unschedulable;
    this.repellingTaints = repelling;
    this.discouragingTaints = discouraging;
    this.allocatable = amountsOf(status.allocatable);
    this.podsMax = podsMaxOf(status.allocatable);
    this.images = imagesOf(node, images);
    return {
      allocatable: this.podsMax !== podsMax || !sameAmounts(this.allocatable, allocatable),
      labels: !sameLabels(this.labels, labels),
      taints: taintsChanged,
      images: this.images !== images,
      state: before === undefined || stateOf(before) !== stateOf(node),
    };
  }

  /** The node object is gone; its pods may still be told of. */
  unsetNode(): void {
    this.node = undefined;
    this.labels = noLabels;
    this.images = new Map();
    this.allocatable = nothing;
    this.podsMax = 0;
  }

  add(info: PodInfo): void {
    this.pods.set(info.uid, info);
    this.#account(info, 1);
    for (const port of info.shape.hostPorts) this.ports.add(port);
  }

  remove(info: PodInfo): void {
    if (!this.pods.delete(info.uid)) return;
    this.#account(info, -1);
    for (const port of info.shape.hostPorts) this.ports.remove(port);
  }

  #account({ shape }: PodInfo, sign: 1 | -1): void {
    const { requests, weighted } = shape;
    this.milliCpu += sign * requests.milliCpu;
    this.memoryBytes += sign * requests.memoryBytes;
    this.ephemeralBytes += sign * requests.ephemeralBytes;
    this.weightedMilliCpu += sign * weighted.milliCpu;
    this.weightedMemoryBytes += sign * weighted.memoryBytes;
    for (const [name, value] of requests.others) this.others.set(name, (this.others.get(name) ?? 0) + sign * value);
  }
}

function imagesOf(node: Node, before: ReadonlyMap<string, NodeImage>): ReadonlyMap<string, NodeImage> {
  const images = node.status?.images ?? [];
  const now = new Map<string, NodeImage>();
  for (const { names, sizeBytes = 0 } of images) for (const name of names ?? []) now.set(name, { sizeBytes });
  if (now.size !== before.size) return now;
  for (const [name, { sizeBytes }] of now) if (before.get(name)?.sizeBytes !== sizeBytes) return now;
  return before;
}

function stateOf({ metadata, status }: Node): string {
  return JSON.stringify([metadata.annotations, status?.conditions?.map(({ type, status }) => [type, status])]);
}

function sameTaints(a: readonly Taint[], b: readonly Taint[]): boolean {
  if (a.length !== b.length) return false;
  return a.every((taint, i) => {
    const other = b[i];
    return taint.key === other?.key && taint.effect === other.effect && (taint.value ?? '') === (other.value ?? '');
  });
}

function sameLabels(a: Labels, b: Labels): boolean {
  let count = 0;
  for (const key in a) {
    if (a[key] !== b[key]) return false;
    count++;
  }
  for (const _ in b) count--;
  return count === 0;
}
