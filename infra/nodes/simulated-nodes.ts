// The simulated nodes of one process: those it is started with, those added while it runs, and every Node object that
// somebody creates with a profile's name on it. Names, addresses and capacities follow from a node's number and its
// profile, so a cluster that is started again finds its nodes and their pods.

import type { Pressure } from '../../actors/kubelet/pressure.ts';
import type { Clock, Timer } from '../../streams/base/clock.ts';
import type { Logger } from '../../streams/base/logger.ts';
import type { Random } from '../../streams/base/random.ts';
import type { Labels } from '../../streams/resources/meta.ts';
import { resources } from '../../streams/resources/names.ts';
import type { Node } from '../../streams/resources/node.ts';
import type { Pod, Quantities } from '../../streams/resources/pod.ts';
import type { Change } from '../../streams/views/change.ts';
import type { ObjectView } from '../../streams/views/object-view.ts';
import type { Writer } from '../host/writer.ts';
import type { LogOptions, LogOutcome } from './container-runtime.ts';
import { KubeletHost } from './kubelet-host.ts';
import { NodeIndexes } from './node-indexes.ts';
import { simulatedNodesMax } from './node-network.ts';
import { defaultProfile, type SimulationProfile } from './node-profile.ts';
import { ProfileShelf } from './profile-shelf.ts';
import { isReady } from './ready-nodes.ts';
import { SharedTimers } from './shared-timers.ts';
import { profileAnnotation, SimulatedNode, type SimulatedNodePorts } from './simulated-node.ts';
import { type UsageReader, usageReader } from './usage.ts';

export type SimulatedNodesOptions = {
  readonly count: number;
  /** `node-1` … `node-<count>` where not given; as many as `count`. */
  readonly names?: readonly string[];
  readonly capacity?: Quantities;
  readonly labels?: Labels;
  /** As many as there are addresses for, unless told otherwise. */
  readonly nodesMax?: number;
  /** Complete: nodes and pods of an earlier run are in it. */
  readonly world: ObjectView;
  readonly writer: Writer;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
};

export const defaultCapacity = defaultProfile.capacity;

/**
 * So many machines are on their way from power on to Ready at once: each costs the cluster a dozen writes, and a log that is
 * flooded answers nobody, leader elections included. One that takes longer is not waited for.
 */
const bootingMax = 200;
const bootingMsMax = 5_000;

export function startSimulatedNodes(options: SimulatedNodesOptions): SimulatedNodes {
  return new SimulatedNodes(options);
}

export class SimulatedNodes {
  readonly usage: UsageReader;
  readonly shelf: ProfileShelf;
  readonly #host: KubeletHost;
  readonly #ports: SimulatedNodePorts;
  readonly #nodes = new Map<string, SimulatedNode>();
  readonly #nodesMax: number;
  readonly #indexes: NodeIndexes;
  readonly #unlisten: () => void;
  readonly #timers: SharedTimers;
  /** Still to be booted. */
  #off: SimulatedNode[] = [];
  /** Booted and not seen Ready since. */
  readonly #booting = new Set<string>();
  #patience: Timer | undefined;

  constructor(options: SimulatedNodesOptions) {
    const { world, writer, logger, count } = options;
    const random = options.random.stream('simulated-nodes');
    this.#nodesMax = options.nodesMax ?? simulatedNodesMax;
    this.#indexes = new NodeIndexes(this.#nodesMax);
    this.#timers = new SharedTimers(options.clock);
    const clock = this.#timers;
    this.#host = new KubeletHost({ world, clock: options.clock });
    this.usage = usageReader({ world, clock, isUp: (name) => this.#host.node(name)?.isUp === true });
    this.shelf = new ProfileShelf({ world, writer });
    this.#ports = { world, writer, clock, random, logger, usage: this.usage };
    const profile = { ...defaultProfile, capacity: options.capacity ?? defaultCapacity };
    const names = options.names ?? Array.from({ length: count }, (_, index) => `node-${index + 1}`);
    // Those that are there keep their addresses; new ones take what is free.
    const kept = world.list<Node>(resources.nodes);
    for (const node of kept) this.#indexes.reserve(node);
    for (const name of names.slice(0, count)) this.#make({ name, profile, labels: options.labels ?? {}, added: false });
    for (const node of kept) this.#adopt(node);
    this.#unlisten = world.resource(resources.nodes).listen((change) => this.#nodeChanged(change));
    this.#bootMore();
    logger.info('simulated nodes started', { count: this.#nodes.size });
  }

  get names(): readonly string[] {
    return [...this.#nodes.keys()];
  }

  /** Ends all of them; the nodes stay in the cluster. Resolves once nothing is being written any more. */
  async stop(): Promise<void> {
    this.#unlisten();
    this.#patience?.cancel();
    this.#off = [];
    for (const node of this.#nodes.values()) node.forget();
    await this.#host.stop();
    this.#timers.stop();
  }

  /**
   * Makes nodes of the profile, named `<prefix>-<number>` with the first free numbers. Returns their names.
   * @throws {NoAddresses} where there are fewer addresses left; then none is made.
   */
  add(count: number, { profile, prefix = profile.name }: { profile: SimulationProfile; prefix?: string }): string[] {
    const { left } = this.#indexes;
    if (count > left) throw new NoAddresses(this.#nodesMax, left);
    const taken = new Set(this.#ports.world.list<Node>(resources.nodes).map(({ metadata: { name } }) => name));
    const names: string[] = [];
    for (let number = 1; names.length < count; number++) {
      const name = `${prefix}-${number}`;
      if (taken.has(name) || this.#nodes.has(name)) continue;
      names.push(name);
      this.#make({ name, profile, labels: {}, added: true });
    }
    this.#bootMore();
    return names;
  }

  /**
   * Ends the node and deletes its object.
   * @throws {NodeStays} where the object could not be deleted.
   */
  async remove(name: string): Promise<void> {
    this.#node(name);
    await this.#drop(name);
    const context = { user: 'system:shiplog:simulated-nodes', agent: 'shiplog', cause: null };
    const write = { kind: 'delete', resource: resources.nodes, namespace: '', name } as const;
    const outcome = await this.#ports.writer.write(write, context);
    if (outcome.kind === 'failed' && outcome.reason !== 'NotFound') throw new NodeStays(name, outcome.message);
  }

  /** The machine goes down: its containers are gone, and its lease runs out. */
  crash(name: string): void {
    this.#node(name).crash();
  }

  /** Brings it up (again), as a machine that boots: it registers, and the pods bound to it are started anew. */
  restart(name: string): void {
    const node = this.#node(name);
    if (node.host.isUp) node.crash();
    node.boot();
  }

  /** Its kubelet starts anew and takes up what runs; a machine that is down comes up. */
  restartKubelet(name: string): void {
    const node = this.#node(name);
    if (node.host.isUp) node.host.restartKubelet();
    else node.boot();
  }

  /** The node is short of something from now on, or no longer: pods are evicted until it is not. */
  press(name: string, pressure: Pressure, isShort: boolean): void {
    this.#node(name).host.press(pressure, isShort);
  }

  /** Whether a node is made of the profile. */
  uses(profile: string): boolean {
    for (const node of this.#nodes.values()) if (node.added && node.profile.name === profile) return true;
    return false;
  }

  /** What there is to say about a node beside its object; undefined where it is not run here. */
  find(name: string): SimulatedNode | undefined {
    return this.#nodes.get(name);
  }

  logs(namespace: string, name: string, container: string, logOptions: LogOptions): LogOutcome {
    const pod = this.#ports.world.get<Pod>(resources.pods, { namespace, name });
    const node = pod === undefined ? undefined : this.#host.node(pod.spec.nodeName ?? '');
    if (pod !== undefined && node !== undefined) return node.logs(pod, container, logOptions);
    return { kind: 'unavailable', message: `pod "${name}" runs on none of the simulated nodes` };
  }

  #node(name: string): SimulatedNode {
    const node = this.#nodes.get(name);
    if (node === undefined) throw new UnknownNode(name, this.names);
    return node;
  }

  /** False where no address is left for it. */
  #make(made: { name: string; profile: SimulationProfile; labels: Labels; added: boolean }): boolean {
    const { name } = made;
    const index = this.#indexes.take(name, this.#ports.world.get<Node>(resources.nodes, { name }));
    if (index === undefined) return false;
    const ordinal = Number(/\d+$/.exec(name)?.[0] ?? index + 1) - 1;
    const node = new SimulatedNode({ ...made, index, ordinal }, this.#ports);
    this.#nodes.set(name, node);
    this.#host.add(node.host);
    this.#off.push(node);
    return true;
  }

  #bootMore(): void {
    if (this.#off.length === 0 || this.#booting.size >= bootingMax) return;
    for (const node of this.#off.splice(0, bootingMax - this.#booting.size)) {
      const { name } = node.host;
      // It may have been removed or booted since.
      if (this.#nodes.get(name) !== node || node.host.isUp) continue;
      this.#booting.add(name);
      node.boot();
    }
    this.#patience?.cancel();
    this.#patience = this.#ports.clock.after(bootingMsMax, () => {
      this.#booting.clear();
      this.#bootMore();
    });
  }

  /** One more is Ready: others may boot, many at a time. */
  #booted(name: string): void {
    if (this.#booting.delete(name) && this.#booting.size <= bootingMax / 2) this.#bootMore();
  }

  #nodeChanged({ type, ref: { name }, current }: Change): void {
    const hosted = this.#nodes.get(name);
    if (this.#booting.has(name) && isReady(current.object as unknown as Node)) this.#booted(name);
    if (type === 'DELETED') {
      if (hosted?.added === true) void this.#drop(name);
      else this.#release(name);
    } else if (hosted === undefined) {
      const node = current.object as unknown as Node;
      this.#indexes.reserve(node);
      if (type !== 'ADDED') return;
      this.#adopt(node);
      this.#bootMore();
    }
  }

  /** A Node object with a profile's name on it is run here. */
  #adopt(node: Node): void {
    const { name } = node.metadata;
    const profileName = profileNameOf(node);
    if (profileName === undefined || this.#nodes.has(name)) return;
    const profile = this.shelf.named(profileName);
    if (profile === undefined)
      this.#ports.logger.warn('a node names a profile that is not there', { node: name, profileName });
    const made = { name, profile: profile ?? { ...defaultProfile, name: profileName }, labels: {}, added: true };
    if (this.#make(made)) return;
    const message = 'a node names a profile, but there are addresses for no further simulated node';
    this.#ports.logger.warn(message, { node: name });
  }

  async #drop(name: string): Promise<void> {
    const node = this.#nodes.get(name);
    this.#nodes.delete(name);
    if (node === undefined) return;
    node.forget();
    await this.#host.remove(name);
    this.#release(name);
  }

  /** Its network may be given to another once the node is neither run nor in the cluster. */
  #release(name: string): void {
    const { world } = this.#ports;
    if (!this.#nodes.has(name) && world.get<Node>(resources.nodes, { name }) === undefined) this.#indexes.release(name);
  }
}

/** The node runs no more, but the cluster still has its object. */
export class NodeStays extends Error {
  override readonly name = 'NodeStays';

  constructor(node: string, problem: string) {
    super(`node "${node}" is ended, but not deleted: ${problem}; what is left goes with: kubectl delete node ${node}`);
  }
}

/** More nodes were asked for than there are addresses. */
export class NoAddresses extends Error {
  override readonly name = 'NoAddresses';

  constructor(max: number, left: number) {
    super(`there are addresses for ${max} simulated nodes and ${left} are left: ask for fewer, or remove some first`);
  }
}

export class UnknownNode extends Error {
  override readonly name = 'UnknownNode';

  constructor(node: string, known: readonly string[]) {
    const shown = known.length > 10 ? [...known.slice(0, 10), `and ${known.length - 10} more`] : known;
    super(`there is no simulated node "${node}"; there are: ${shown.join(', ')}`);
  }
}

function profileNameOf({ metadata }: Node): string | undefined {
  return metadata.annotations?.[profileAnnotation];
}
