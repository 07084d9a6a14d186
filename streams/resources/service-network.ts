// ServiceCIDR and IPAddress (KEP-1880): the networks services have their addresses from, and one object for each address
// that is given out.

import { contains, type Family, formatAddress, type Network, parseAddress, parseNetwork } from './ip-address.ts';
import type { Condition, Draft, KubeObject } from './meta.ts';
import { resources } from './names.ts';

export type ServiceCidr = KubeObject & {
  readonly spec?: { readonly cidrs?: readonly string[] };
  readonly status?: { readonly conditions?: readonly Condition[] };
};

export type ParentReference = {
  readonly group?: string;
  readonly resource?: string;
  readonly namespace?: string;
  readonly name?: string;
};

export type IpAddress = KubeObject & { readonly spec?: { readonly parentRef?: ParentReference } };

/** The network a cluster begins with, and the name of the ServiceCIDR that says so. */
export const defaultServiceNetwork = '10.96.0.0/16';
export const defaultServiceCidrName = 'kubernetes';

export const familyLabel = 'ipaddress.kubernetes.io/ip-family';
export const managedByLabel = 'ipaddress.kubernetes.io/managed-by';
export const ipAllocator = 'ipallocator.k8s.io';

export function networksOf({ spec }: Pick<ServiceCidr, 'spec'>): readonly Network[] {
  return (spec?.cidrs ?? []).map(parseNetwork).filter((network) => network !== undefined);
}

/** Addresses are given out from it; one nobody has judged yet counts as ready. */
export function isReadyCidr({ metadata, status }: ServiceCidr): boolean {
  if (metadata.deletionTimestamp !== undefined) return false;
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  return ready === undefined || ready.status === 'True';
}

/** True where the address was given out to services, and not made by somebody else for another purpose. */
export function isAllocated({ metadata }: KubeObject): boolean {
  return metadata.labels?.[managedByLabel] === ipAllocator;
}

export function isOf(cidr: ServiceCidr, address: string): boolean {
  const parsed = parseAddress(address);
  return parsed !== undefined && networksOf(cidr).some((network) => contains(network, parsed));
}

/** The object that stands for an address of a service. */
export function ipAddressOf(address: string, service: { readonly namespace: string; readonly name: string }) {
  const family: Family = address.includes(':') ? 'IPv6' : 'IPv4';
  const parentRef: ParentReference = { group: '', resource: resources.services.resource, ...service };
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'IPAddress',
    metadata: { name: canonical(address), labels: { [familyLabel]: family, [managedByLabel]: ipAllocator } },
    spec: { parentRef },
  } satisfies Draft<IpAddress>;
}

/** The spelling an IPAddress has as its name. */
export function canonical(address: string): string {
  const parsed = parseAddress(address);
  return parsed === undefined ? address : formatAddress(parsed);
}

/** The addresses a service holds: none where it is headless or only a name. */
export function addressesOf(spec: {
  readonly type?: string;
  readonly clusterIP?: string;
  readonly clusterIPs?: readonly string[];
}): readonly string[] {
  if (spec.type === 'ExternalName') return [];
  const all = spec.clusterIPs ?? (spec.clusterIP ? [spec.clusterIP] : []);
  return all.filter((address) => address !== '' && address !== 'None').map(canonical);
}
