// Cluster IPs: the addresses of the ready ServiceCIDRs, each given to one service. An address is taken where there is
// an IPAddress of its name; one that a write on its way was given is held until the write has ended. The lower part of
// each network is left to those who name their address (KEP-3070).

import type { Random } from '../../../streams/base/random.ts';
import {
  type Address,
  contains,
  type Family,
  formatAddress,
  type Network,
  parseAddress,
} from '../../../streams/resources/ip-address.ts';
import { resources } from '../../../streams/resources/names.ts';
import {
  canonical,
  defaultServiceNetwork,
  isReadyCidr,
  networksOf,
  type ServiceCidr,
} from '../../../streams/resources/service-network.ts';
import type { ObjectReader } from '../../../streams/views/object-reader.ts';
import { internalError, invalid } from '../errors.ts';
import type { AdmissionRequest } from './admission.ts';
import type { HeldValues } from './held-values.ts';

/** The part for named addresses is a sixteenth of the network, within these bounds. */
const staticMin = 16n;
const staticMax = 256n;
const staticShare = 16n;
const offsetMax = 2 ** 31 - 1;

/** The networks addresses are given out from, the oldest first; the one a cluster begins with before there is any. */
export function serviceNetworks(world: ObjectReader): readonly Network[] {
  const all = world.list<ServiceCidr>(resources.serviceCidrs);
  if (all.length === 0) return firstNetworks;
  const cidrs = all.filter(isReadyCidr);
  cidrs.sort((a, b) => (a.metadata.creationTimestamp ?? '').localeCompare(b.metadata.creationTimestamp ?? ''));
  return cidrs.flatMap(networksOf);
}

const firstNetworks = networksOf({ spec: { cidrs: [defaultServiceNetwork] } });

export function familiesOf(networks: readonly Network[]): readonly Family[] {
  return [...new Set(networks.map(({ family }) => family))];
}

export type Allocation = {
  readonly request: AdmissionRequest;
  readonly networks: readonly Network[];
  readonly held: HeldValues<string>;
};

/** Takes the address the service names; throws Invalid where it cannot have it. */
export function takeNamed(allocation: Allocation, ip: string, clusterIPs: readonly string[]): void {
  const { request, networks, held } = allocation;
  const address = parseAddress(ip);
  // Validation has more to say about what is no address.
  if (address === undefined) return;
  const network = networks.find((candidate) => contains(candidate, address));
  const name = canonical(ip);
  if (network === undefined) throw refused(request, clusterIPs, `${ip}: ${mismatched}`);
  const { first, last } = hosts(network);
  if (address.value < first || address.value > last) {
    const why = `the provided IP (${ip}) is not in the valid range. The range of valid IPs is ${cidrText(network)}`;
    throw refused(request, clusterIPs, `${ip}: ${why}`);
  }
  if (isTaken(request.world, name) || !held.take(name, request.holds)) {
    throw refused(request, clusterIPs, `${ip}: provided IP is already allocated`);
  }
}

/** Takes any free address of the family. */
export function takeFree({ request, networks, held }: Allocation, family: Family): string {
  const own = networks.filter((network) => network.family === family);
  for (const network of own) {
    for (const band of bands(network)) {
      const found = search(band, { family, request, held });
      if (found !== undefined) return found;
    }
  }
  const { name } = request;
  const why = `failed to allocate a serviceIP for Service ${JSON.stringify(name)}: range is full`;
  throw internalError(new Error(why));
}

const mismatched = 'the provided network does not match the current range';

type Band = { readonly first: bigint; readonly last: bigint };

function search(
  { first, last }: Band,
  { family, request, held }: { family: Family; request: AdmissionRequest; held: HeldValues<string> },
): string | undefined {
  if (last < first) return undefined;
  const size = last - first + 1n;
  const start = first + BigInt(randomOffset(size, request.random));
  let value = start;
  do {
    const name = formatAddress({ family, value });
    if (!held.avoids(name) && !isTaken(request.world, name) && held.take(name, request.holds)) return name;
    value = value === last ? first : value + 1n;
  } while (value !== start);
  return undefined;
}

function randomOffset(size: bigint, random: Random): number {
  return random.int(size > BigInt(offsetMax) ? offsetMax : Number(size));
}

/** Where addresses are looked for: the upper part of the network, and only then the part for named ones. */
function bands(network: Network): readonly Band[] {
  const { first, last } = hosts(network);
  const size = network.last - network.first + 1n;
  if (size <= staticMin) return [{ first, last }];
  const share = size / staticShare;
  const reserved = share < staticMin ? staticMin : share > staticMax ? staticMax : share;
  return [
    { first: first + reserved, last },
    { first, last: first + reserved - 1n },
  ];
}

/** Without the network's own address and, in IPv4, its broadcast address. */
function hosts({ family, first, last }: Network): Band {
  return { first: first + 1n, last: family === 'IPv4' ? last - 1n : last };
}

function isTaken(world: ObjectReader, name: string): boolean {
  return world.stored(resources.ipAddresses, { name }) !== undefined;
}

function cidrText({ family, first, last }: Network): string {
  const bits = (family === 'IPv4' ? 32 : 128) - (last - first + 1n).toString(2).length + 1;
  const address: Address = { family, value: first };
  return `${formatAddress(address)}/${bits}`;
}

function refused({ kind, name }: AdmissionRequest, value: readonly string[], why: string) {
  const detail = `failed to allocate IP ${why}`;
  return invalid(kind, name, [{ type: 'Invalid', field: 'spec.clusterIPs', value, detail }]);
}
