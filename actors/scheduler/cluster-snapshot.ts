// All nodes as scheduling sees them, kept up to date change by change and never rebuilt: 5,000 nodes are looked at for
// every pod. It holds what the log said and what was assumed on top (pods whose binding is under way). Invariant: a pod
// counts on exactly one node.

import { assert } from '../../streams/base/assert.ts';
import { labelOf } from '../../streams/resources/labels.ts';
import type { Labels } from '../../streams/resources/meta.ts';
import type { Node } from '../../streams/resources/node.ts';
import type { ObjectReader } from '../../streams/views/object-reader.ts';
import { NodeChanges } from './node-changes.ts';
import { type NodeAspects, NodeInfo } from './node-info.ts';
import { Placements } from './placements.ts';
import type { PodInfo, PodShape } from './pod-shape.ts';

const noLabels: Labels = {};
/** For those who schedule without anything but nodes and pods. */
const emptyWorld: ObjectReader = {
  get: () => undefined,
  list: () => [],
  ownedBy: () => [],
  referringTo: () => [],
  podsOnNode: () => [],
  resources: () => [],
  stored: () => undefined,
};
const zoneLabels = ['topology.kubernetes.io/zone', 'failure-domain.beta.kubernetes.io/zone'] as const;
const regionLabels = ['topology.kubernetes.io/region', 'failure-domain.beta.kubernetes.io/region'] as const;

export class ClusterSnapshot {
  /** Every node anybody spoke of; those without an object only carry pods told of early. */
  readonly #byName = new Map<string, NodeInfo>();
  readonly #bySlot: (NodeInfo | undefined)[] = [];
  readonly #freeSlots: number[] = [];
  readonly #nodeOfPod = new Map<string, NodeInfo>();
  readonly #placements = new Map<PodShape, Placements>();
  readonly #imageNodes = new Map<string, number>();
  readonly #namespaces = new Map<string, Labels>();
  readonly changes = new NodeChanges();
  /** Label → its values, as far as anybody asked. */
  readonly #domains = new Map<string, Set<string>>();
  #shapesWithAffinity = 0;
  #order: NodeInfo[] = [];
  #orderStale = false;
  #generation = 0;
  /** Everything else there is: objects of any kind, as recorded. Plugins that read it watch what they read. */
  readonly world: ObjectReader;
  /** Changes with everything in `world` that somebody watches. */
  worldGeneration = 0;

  constructor(world: ObjectReader = emptyWorld) {
    this.world = world;
  }

  /** Changes with everything that changes here. */
  get generation(): number {
    return this.#generation;
  }

  /** Slots are below this number. */
  get slots(): number {
    return this.#bySlot.length;
  }

  /** Nodes that exist, zone by zone in turn, so that the first few hundred are spread over all zones. */
  get nodes(): readonly NodeInfo[] {
    if (this.#orderStale) {
      this.#order = interleave(this.#byName.values());
      this.#orderStale = false;
    }
    return this.#order;
  }

  /** The values a label has on the nodes there are. */
  domainsOf(key: string): ReadonlySet<string> {
    let domains = this.#domains.get(key);
    if (domains === undefined) {
      domains = new Set();
      for (const { labels } of this.nodes) {
        const value = labelOf(labels, key);
        if (value !== undefined) domains.add(value);
      }
      this.#domains.set(key, domains);
    }
    return domains;
  }

  /** The pods by shape: questions about all pods on all nodes are asked of a few shapes instead. */
  get placements(): ReadonlyMap<PodShape, Placements> {
    return this.#placements;
  }

  /** True where some placed pod has affinity or anti-affinity to other pods. */
  get hasPodAffinity(): boolean {
    return this.#shapesWithAffinity > 0;
  }

  /** On how many nodes the image lies, by the name the node reports. */
  nodesWithImage(image: string): number {
    return this.#imageNodes.get(image) ?? 0;
  }

  namespaceLabels(namespace: string): Labels {
    return this.#namespaces.get(namespace) ?? noLabels;
  }

  setNamespace(name: string, labels: Labels | undefined): void {
    if (labels === undefined) this.#namespaces.delete(name);
    else this.#namespaces.set(name, labels);
    this.#generation++;
  }

  /** Something beside nodes, pods and namespaces has changed: what was found out before may not hold any more. */
  worldChanged(): void {
    this.#generation++;
    this.worldGeneration++;
  }

  /** One pod more or less is promised the node, which may not be there yet. */
  promise(name: string, by: 1 | -1): void {
    const info = this.#nodeInfo(name);
    info.promised += by;
    this.#touch(info);
    this.#dropIfEmpty(info);
  }

  node(name: string): NodeInfo | undefined {
    const info = this.#byName.get(name);
    return info?.node === undefined ? undefined : info;
  }

  nodeOf(uid: string): NodeInfo | undefined {
    return this.#nodeOfPod.get(uid);
  }

  setNode(node: Node): { readonly info: NodeInfo; readonly added: boolean; readonly aspects: NodeAspects } {
    const info = this.#nodeInfo(node.metadata.name);
    const added = info.node === undefined;
    const zone = zoneOf(info);
    const images = info.images;
    const aspects = info.setNode(node);
    if (added || zoneOf(info) !== zone) this.#orderStale = true;
    if (aspects.images) this.#countImages(images, info.images);
    if (aspects.labels) this.#forgetDomains(info);
    if (added || aspects.labels) this.#domains.clear();
    // A heartbeat changes nothing that matters: what is remembered about the node stays good.
    if (added || Object.values(aspects).includes(true)) this.#touch(info);
    return { info, added, aspects };
  }

  removeNode(name: string): void {
    const info = this.#byName.get(name);
    if (info?.node === undefined) return;
    this.#domains.clear();
    this.#countImages(info.images, new Map());
    info.unsetNode();
    this.#forgetDomains(info);
    this.#orderStale = true;
    this.#touch(info);
    this.#dropIfEmpty(info);
  }

  /** Counts the pod on the node: assumed or recorded, the same room is taken. Moves it where it stood elsewhere. */
  place(info: PodInfo, nodeName: string): NodeInfo {
    if (this.#nodeOfPod.has(info.uid)) this.displace(info.uid);
    const node = this.#nodeInfo(nodeName);
    node.add(info);
    this.#nodeOfPod.set(info.uid, node);
    let placements = this.#placements.get(info.shape);
    if (placements === undefined) {
      placements = new Placements();
      this.#placements.set(info.shape, placements);
      if (info.shape.hasPodAffinity) this.#shapesWithAffinity++;
    }
    placements.add(node);
    this.#touch(node);
    return node;
  }

  /** The pod stands where it stood, and asks for the same. */
  replace(info: PodInfo, node: NodeInfo): void {
    const before = node.pods.get(info.uid);
    node.pods.set(info.uid, info);
    // Since when it has been running counts where pods are compared.
    if (before?.startedAtMs !== info.startedAtMs) this.#touch(node);
  }

  /** Gives the pod's room back; returns the node it stood on. */
  displace(uid: string): NodeInfo | undefined {
    const node = this.#nodeOfPod.get(uid);
    const info = node?.pods.get(uid);
    if (node === undefined || info === undefined) return undefined;
    node.remove(info);
    this.#nodeOfPod.delete(uid);
    const placements = this.#placements.get(info.shape);
    assert(placements !== undefined, 'a placed pod is counted under its shape');
    placements.remove(node);
    if (placements.isEmpty) {
      this.#placements.delete(info.shape);
      if (info.shape.hasPodAffinity) this.#shapesWithAffinity--;
    }
    this.#touch(node);
    this.#dropIfEmpty(node);
    return node;
  }

  #nodeInfo(name: string): NodeInfo {
    let info = this.#byName.get(name);
    if (info === undefined) {
      const slot = this.#freeSlots.pop() ?? this.#bySlot.length;
      info = new NodeInfo(name, slot);
      this.#bySlot[slot] = info;
      this.#byName.set(name, info);
    }
    return info;
  }

  #dropIfEmpty(info: NodeInfo): void {
    if (info.node !== undefined || info.pods.size > 0 || info.promised > 0) return;
    this.#byName.delete(info.name);
    this.#bySlot[info.slot] = undefined;
    this.#freeSlots.push(info.slot);
  }

  #forgetDomains({ pods }: NodeInfo): void {
    for (const { shape } of pods.values()) this.#placements.get(shape)?.forgetDomains();
  }

  #touch(info: NodeInfo): void {
    info.generation = ++this.#generation;
    this.changes.record(info);
  }

  #countImages(before: NodeInfo['images'], after: NodeInfo['images']): void {
    for (const image of before.keys()) {
      const count = this.#imageNodes.get(image) ?? 0;
      if (count > 1) this.#imageNodes.set(image, count - 1);
      else this.#imageNodes.delete(image);
    }
    for (const image of after.keys()) this.#imageNodes.set(image, (this.#imageNodes.get(image) ?? 0) + 1);
  }
}

function zoneOf({ labels }: NodeInfo): string {
  const label = (names: readonly string[]) => names.map((name) => labels[name]).find((value) => value !== undefined);
  return `${label(regionLabels) ?? ''}/${label(zoneLabels) ?? ''}`;
}

function interleave(infos: Iterable<NodeInfo>): NodeInfo[] {
  const zones = new Map<string, NodeInfo[]>();
  for (const info of infos) {
    if (info.node === undefined) continue;
    const zone = zoneOf(info);
    const members = zones.get(zone);
    if (members === undefined) zones.set(zone, [info]);
    else members.push(info);
  }
  const lists = [...zones.values()];
  if (lists.length === 1) return lists[0] ?? [];
  const longest = lists.reduce((max, list) => Math.max(max, list.length), 0);
  const order: NodeInfo[] = [];
  for (let i = 0; i < longest; i++) {
    for (const list of lists) {
      const info = list[i];
      if (info !== undefined) order.push(info);
    }
  }
  return order;
}
