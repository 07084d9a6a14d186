// What makes Endpoints or an EndpointSlice invalid: whoever programs a network from them reads addresses and ports
// without asking again.

import { isIPv4, isIPv6 } from 'node:net';
import type { EndpointSlice, Endpoints } from '../../../streams/resources/service.ts';
import type { FieldError } from '../errors.ts';
import { nameProblem } from '../registry/names.ts';
import { notSupported } from './not-supported.ts';
import { portProblems } from './pod.ts';
import { immutable } from './workloads.ts';

const protocols = ['SCTP', 'TCP', 'UDP'];
const addressTypes = ['FQDN', 'IPv4', 'IPv6'];
const addressesMax = 100;

export function endpointsProblems({ subsets }: Endpoints): FieldError[] {
  const errors: FieldError[] = [];
  for (const [index, subset] of (subsets ?? []).entries()) {
    const path = `subsets[${index}]`;
    for (const list of ['addresses', 'notReadyAddresses'] as const) {
      for (const [at, { ip }] of (subset[list] ?? []).entries()) {
        if (isIPv4(ip) || isIPv6(ip)) continue;
        const detail = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)';
        errors.push({ type: 'Invalid', field: `${path}.${list}[${at}].ip`, value: ip, detail });
      }
    }
    for (const [at, { port, protocol }] of (subset.ports ?? []).entries()) {
      errors.push(...portProblems(port ?? 0, `${path}.ports[${at}].port`));
      errors.push(...notSupported(protocol, protocols, `${path}.ports[${at}].protocol`));
    }
  }
  return errors;
}

export function endpointSliceProblems(next: EndpointSlice, before: EndpointSlice | undefined): FieldError[] {
  const { addressType, endpoints, ports } = next;
  const errors: FieldError[] = [];
  if (!addressType) errors.push({ type: 'Required', field: 'addressType', detail: '' });
  errors.push(...notSupported(addressType, addressTypes, 'addressType'));
  if (before !== undefined && before.addressType !== addressType) errors.push(immutable('addressType', addressType));
  for (const [index, endpoint] of (endpoints ?? []).entries()) {
    errors.push(...addressProblems(endpoint.addresses ?? [], { addressType, path: `endpoints[${index}].addresses` }));
  }
  for (const [index, { name, port, protocol }] of (ports ?? []).entries()) {
    const path = `ports[${index}]`;
    const problem = name ? nameProblem(name, 'label') : undefined;
    if (problem !== undefined) errors.push({ type: 'Invalid', field: `${path}.name`, value: name, detail: problem });
    errors.push(...notSupported(protocol, protocols, `${path}.protocol`));
    if (port !== undefined && port !== null) errors.push(...portProblems(port, `${path}.port`));
  }
  return errors;
}

function addressProblems(
  addresses: readonly string[],
  { addressType, path }: { addressType: string; path: string },
): FieldError[] {
  if (addresses.length === 0) return [{ type: 'Required', field: path, detail: 'must contain at least 1 address' }];
  if (addresses.length > addressesMax) {
    const detail = `must have at most ${addressesMax} items`;
    return [{ type: 'TooMany', field: path, value: addresses.length, detail }];
  }
  return addresses.flatMap((address, at): FieldError[] => {
    const field = `${path}[${at}]`;
    const right =
      addressType === 'IPv4'
        ? isIPv4(address)
        : addressType === 'IPv6'
          ? isIPv6(address)
          : nameProblem(address, 'subdomain') === undefined;
    const what = addressType === 'FQDN' ? 'fully qualified domain name' : `${addressType} address`;
    return right ? [] : [{ type: 'Invalid', field, value: address, detail: `must be a valid ${what}` }];
  });
}
