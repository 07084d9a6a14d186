// Simulated nodes: real kubelets over runtimes that run nothing. Names, addresses and capacities follow from a node's
// number, so a cluster that is started again finds its nodes and their pods.

import type { Beat } from '../../actors/kubelet/kubelet-context.ts';
import { kubeletVersion, type NodeProfile } from '../../actors/kubelet/node-object.ts';
import type { Pressure } from '../../actors/kubelet/pressure.ts';
import type { Clock } from '../../streams/base/clock.ts';
import type { Logger } from '../../streams/base/logger.ts';
import type { Random } from '../../streams/base/random.ts';
import type { Labels } from '../../streams/resources/meta.ts';
import { resources } from '../../streams/resources/names.ts';
import type { Pod, Quantities } from '../../streams/resources/pod.ts';
import type { ObjectView } from '../../streams/views/object-view.ts';
import type { Writer } from '../host/writer.ts';
import type { LogOptions, LogOutcome } from './container-runtime.ts';
import { KubeletHost } from './kubelet-host.ts';
import { NodeHost } from './node-host.ts';
import { nodeAddressOf, PodAddresses, podCidrOf } from './node-network.ts';
import { SimulatedRuntime, simulatedRuntimeVersion } from './simulated-runtime.ts';
import { type UsageReader, usageReader } from './usage.ts';

export type SimulatedNodesOptions = {
  readonly count: number;
  /** `node-1` … `node-<count>` where not given; as many as `count`. */
  readonly names?: readonly string[];
  readonly capacity?: Quantities;
  readonly labels?: Labels;
  /** Complete: nodes and pods of an earlier run are in it. */
  readonly world: ObjectView;
  readonly writer: Writer;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
};

export type SimulatedNodes = {
  readonly names: readonly string[];
  /** Ends all of them; the nodes stay in the cluster. Resolves once nothing is being written any more. */
  stop(): Promise<void>;
  /** The machine goes down: its containers are gone, and its lease runs out. */
  crash(node: string): void;
  /** Brings it up (again): it registers, and the pods bound to it are started anew. */
  restart(node: string): void;
  /** The node is short of something from now on, or no longer: pods are evicted until it is not. */
  press(node: string, pressure: Pressure, isShort: boolean): void;
  /** What the nodes and their pods use now. */
  readonly usage: UsageReader;
  logs(namespace: string, pod: string, container: string, options: LogOptions): LogOutcome;
};

export const defaultCapacity: Quantities = {
  cpu: '8',
  'ephemeral-storage': '100Gi',
  memory: '32Gi',
  pods: '110',
};

/** Renewal of a node's lease, with up to 4 % jitter so that nodes drift apart; status at least every 5 minutes. */
const renewMs = 10_000;
const renewJitter = 0.04;
const statusMs = 300_000;

export function startSimulatedNodes(options: SimulatedNodesOptions): SimulatedNodes {
  const { count, world, writer, clock, logger } = options;
  const random = options.random.stream('simulated-nodes');
  const host = new KubeletHost({ world, clock });
  const usage = usageReader({ world, clock, isUp: (name) => host.node(name)?.isUp === true });
  const names = options.names ?? Array.from({ length: count }, (_, index) => `node-${index + 1}`);
  for (const [index, name] of names.slice(0, count).entries()) {
    const own = random.stream(name);
    const profile = profileOf(name, { index, options, random: own });
    const boot = () => ({
      runtime: new SimulatedRuntime({
        clock,
        random: own.stream('runtime'),
        addresses: new PodAddresses(profile.podCIDR),
        hostIP: profile.ip,
      }),
      bootID: own.uuid(),
    });
    host.add(new NodeHost({ profile, beat: beatOf(own), world, writer, clock, logger, usage, boot }));
  }
  for (const name of host.names) host.node(name)?.boot();
  logger.info('simulated nodes started', { count: host.names.length });
  const nodeNamed = (name: string): NodeHost => {
    const node = host.node(name);
    if (node === undefined) throw new UnknownNode(name, host.names);
    return node;
  };
  return {
    names: host.names,
    stop: () => host.stop(),
    usage,
    press: (name, pressure, isShort) => nodeNamed(name).press(pressure, isShort),
    crash: (name) => nodeNamed(name).crash(),
    restart(name) {
      nodeNamed(name).crash();
      nodeNamed(name).boot();
    },
    logs(namespace, name, container, logOptions) {
      const pod = world.get<Pod>(resources.pods, { namespace, name });
      const node = pod === undefined ? undefined : host.node(pod.spec.nodeName ?? '');
      if (pod !== undefined && node !== undefined) return node.logs(pod, container, logOptions);
      return { kind: 'unavailable', message: `pod "${name}" runs on none of the simulated nodes` };
    },
  };
}

export class UnknownNode extends Error {
  override readonly name = 'UnknownNode';

  constructor(node: string, known: readonly string[]) {
    const shown = known.length > 10 ? [...known.slice(0, 10), `and ${known.length - 10} more`] : known;
    super(`there is no simulated node "${node}"; there are: ${shown.join(', ')}`);
  }
}

function profileOf(
  name: string,
  { index, options, random }: { index: number; options: SimulatedNodesOptions; random: Random },
): NodeProfile {
  return {
    name,
    ip: nodeAddressOf(index),
    podCIDR: podCidrOf(index),
    capacity: options.capacity ?? defaultCapacity,
    labels: { 'shiplog.dev/simulated': 'true', ...options.labels },
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

function beatOf(random: Random): Beat {
  const draw = random.stream('beat');
  const jittered = renewMs * (1 + renewJitter * draw.float());
  return {
    renewMs: Math.round(jittered),
    firstRenewMs: Math.round(jittered * (0.1 + 0.9 * draw.float())),
    statusMs: Math.round(statusMs * (1 + renewJitter * draw.float())),
  };
}
