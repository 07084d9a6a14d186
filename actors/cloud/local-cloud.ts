// The cloud a cluster on one machine has: load balancers are addresses of one network, nodes are instances in three zones
// of the region `local`. What an instance is said to be can be scripted by an annotation of its node
// (`simulation.shiplog.dev/instance`: running, shutdown or gone).

import { contains, formatAddress, parseAddress, parseNetwork } from '../../streams/resources/ip-address.ts';
import type { Node } from '../../streams/resources/node.ts';
import type { BalancedService, CloudProvider, InstanceState } from './provider.ts';

export type LocalCloudOptions = {
  /** Network of the load balancers' addresses. */
  readonly loadBalancers: string;
  readonly zones: readonly string[];
};

export const localCloudDefaults: LocalCloudOptions = {
  loadBalancers: '172.30.0.0/16',
  zones: ['local-a', 'local-b', 'local-c'],
};

export const instanceAnnotation = 'simulation.shiplog.dev/instance';
const simulatedLabel = 'shiplog.dev/simulated';
const uninitialized = 'node.cloudprovider.kubernetes.io/uninitialized';
const region = 'local';
const zoneLabel = 'topology.kubernetes.io/zone';
const regionLabel = 'topology.kubernetes.io/region';

export function localCloud({ loadBalancers, zones }: LocalCloudOptions = localCloudDefaults): CloudProvider {
  const network = parseNetwork(loadBalancers);
  if (network === undefined) throw new Error(`"${loadBalancers}" is no network: write it as 172.30.0.0/16`);
  return {
    name: 'local',
    instance(node) {
      if (!isOurs(node)) return undefined;
      const { name, labels = {} } = node.metadata;
      const zone = labels[zoneLabel] ?? zones[placeOf(name) % zones.length] ?? region;
      return {
        providerID: `shiplog://${zone}/${name}`,
        instanceType: labels['node.kubernetes.io/instance-type'] ?? 'simulated',
        zone,
        region: labels[regionLabel] ?? region,
      };
    },
    state({ metadata: { annotations = {} } }): InstanceState {
      const said = annotations[instanceAnnotation];
      return said === 'shutdown' || said === 'gone' ? said : 'running';
    },
    loadBalancer(service, others) {
      const held = service.status?.loadBalancer?.ingress?.[0]?.ip;
      const wish = service.spec.loadBalancerIP;
      if (held !== undefined && (wish === undefined || wish === held)) return { kind: 'ensured', ingress: [vip(held)] };
      const taken = new Set(others.flatMap(addressesOf));
      if (wish !== undefined) {
        const address = parseAddress(wish);
        if (address === undefined || !contains(network, address)) {
          return { kind: 'failed', message: `spec.loadBalancerIP ${wish} is not in ${loadBalancers}` };
        }
        if (taken.has(wish)) return { kind: 'failed', message: `spec.loadBalancerIP ${wish} is another service's` };
        return { kind: 'ensured', ingress: [vip(wish)] };
      }
      // The first address is the network's own, the last one its broadcast address.
      for (let value = network.first + 1n; value < network.last; value++) {
        const ip = formatAddress({ family: network.family, value });
        if (!taken.has(ip)) return { kind: 'ensured', ingress: [vip(ip)] };
      }
      return { kind: 'failed', message: `all addresses of ${loadBalancers} are in use` };
    },
  };
}

function vip(ip: string) {
  return { ip, ipMode: 'VIP' } as const;
}

function addressesOf({ status }: BalancedService): readonly string[] {
  return (status?.loadBalancer?.ingress ?? []).flatMap(({ ip }) => ip ?? []);
}

/** Simulated nodes, and any other that waits for a cloud to initialize it. */
function isOurs({ metadata, spec }: Node): boolean {
  return (
    metadata.labels?.[simulatedLabel] === 'true' || spec?.taints?.some(({ key }) => key === uninitialized) === true
  );
}

/** node-1, node-2, … go round the zones; names without a number are dealt out by their letters. */
function placeOf(name: string): number {
  const number = /(\d{1,9})$/.exec(name)?.[1];
  if (number !== undefined) return Number(number) + 2;
  let sum = 0;
  for (const letter of name) sum += letter.charCodeAt(0);
  return sum;
}
