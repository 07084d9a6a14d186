// One simulated node: a real kubelet's host on a runtime that runs nothing, made after a profile. It goes down and comes
// up again as its profile says. What is drawn for it depends on the seed and its name alone.

import type { Beat } from '../../actors/kubelet/kubelet-context.ts';
import { kubeletVersion, type NodeProfile } from '../../actors/kubelet/node-object.ts';
import type { Clock, Timer } from '../../streams/base/clock.ts';
import type { Logger } from '../../streams/base/logger.ts';
import { type Random, seededRandom } from '../../streams/base/random.ts';
import type { Labels } from '../../streams/resources/meta.ts';
import type { ObjectView } from '../../streams/views/object-view.ts';
import type { Writer } from '../host/writer.ts';
import { drawMs } from './latency.ts';
import { NodeHost } from './node-host.ts';
import { nodeAddressOf, PodAddresses, podCidrOf } from './node-network.ts';
import type { SimulationProfile } from './node-profile.ts';
import { SimulatedRuntime, simulatedRuntimeVersion } from './simulated-runtime.ts';
import type { UsageReader } from './usage.ts';

/** On a Node object: the profile it is made of. A Node somebody creates with it gets a kubelet. */
export const profileAnnotation = 'simulation.shiplog.dev/profile';

export type SimulatedNodePorts = {
  readonly world: ObjectView;
  readonly writer: Writer;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly usage: UsageReader;
};

export type SimulatedNodeOptions = {
  readonly name: string;
  /** Decides its addresses; no two nodes share one. */
  readonly index: number;
  /** Decides its zone. */
  readonly ordinal: number;
  readonly profile: SimulationProfile;
  readonly labels: Labels;
  /** Added while the cluster ran: its Node object says of what profile. */
  readonly added: boolean;
};

/** Renewal of a node's lease, with jitter so that nodes drift apart; status at least every 5 minutes. */
const renewMs = 10_000;
const statusMs = 300_000;

export class SimulatedNode {
  readonly host: NodeHost;
  readonly profile: SimulationProfile;
  readonly added: boolean;
  readonly #clock: Clock;
  readonly #random: Random;
  #timer: Timer | undefined;
  #boots = 0;

  constructor(options: SimulatedNodeOptions, ports: SimulatedNodePorts) {
    const { name, profile, added } = options;
    this.profile = profile;
    this.added = added;
    this.#clock = ports.clock;
    const own = (profile.seed === undefined ? ports.random : seededRandom(profile.seed)).stream(name);
    this.#random = own;
    const node = nodeProfileOf(options, own);
    const { clock } = ports;
    const boot = () => ({
      runtime: new SimulatedRuntime({
        clock,
        random: own.stream('runtime'),
        addresses: new PodAddresses(node.podCIDR),
        hostIP: node.ip,
        profile,
      }),
      bootID: own.uuid(),
    });
    this.host = new NodeHost({ ...ports, profile: node, beat: beatOf(own, profile.heartbeatJitter), boot });
  }

  boot(): void {
    if (this.host.isUp) return;
    this.host.boot();
    const { interruption } = this.profile;
    if (interruption === undefined) return;
    this.#after(drawMs(interruption.after, this.#random.stream(`up/${++this.#boots}`)), () => {
      this.crash();
      if (interruption.down === undefined) return;
      this.#after(drawMs(interruption.down, this.#random.stream(`down/${this.#boots}`)), () => this.boot());
    });
  }

  crash(): void {
    this.forget();
    this.host.crash();
  }

  /** Nothing happens to the node by itself any more. */
  forget(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #after(ms: number, fn: () => void): void {
    this.forget();
    this.#timer = this.#clock.after(ms, fn);
  }
}

function nodeProfileOf(
  { name, index, ordinal, profile, labels, added }: SimulatedNodeOptions,
  random: Random,
): NodeProfile {
  const { zones, region } = profile;
  const zone = zones[ordinal % Math.max(1, zones.length)];
  return {
    name,
    ip: nodeAddressOf(index),
    podCIDR: podCidrOf(index),
    capacity: profile.capacity,
    labels: {
      'shiplog.dev/simulated': 'true',
      ...(region !== undefined && { 'topology.kubernetes.io/region': region }),
      ...(zone !== undefined && { 'topology.kubernetes.io/zone': zone }),
      ...profile.labels,
      ...labels,
    },
    ...(added && { annotations: { [profileAnnotation]: profile.name } }),
    taints: profile.taints,
    nodeInfo: {
      architecture: 'amd64',
      bootID: '',
      containerRuntimeVersion: simulatedRuntimeVersion,
      kernelVersion: 'simulated',
      kubeProxyVersion: '',
      kubeletVersion,
      machineID: random.stream('machine').uuid().replaceAll('-', ''),
      operatingSystem: 'linux',
      osImage: 'Shiplog simulated node',
      systemUUID: random.stream('system').uuid(),
    },
  };
}

function beatOf(random: Random, jitter: number): Beat {
  const draw = random.stream('beat');
  const jittered = renewMs * (1 + jitter * draw.float());
  return {
    renewMs: Math.round(jittered),
    firstRenewMs: Math.round(jittered * (0.1 + 0.9 * draw.float())),
    statusMs: Math.round(statusMs * (1 + jitter * draw.float())),
  };
}
