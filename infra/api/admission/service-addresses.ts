// Cluster IPs and node ports: given out so that no two services have the same. What is taken is read from the view,
// and what was given out but is not in the view yet is remembered here, because writes overlap.
// (The ServiceCIDR and IPAddress objects of KEP-1880 come with the kinds they are.)

import type { Random } from '../../../streams/base/random.ts';
import type { AnyObject } from '../../../streams/resources/meta.ts';
import { resources } from '../../../streams/resources/names.ts';
import type { Service, ServicePort, ServiceSpec } from '../../../streams/resources/service.ts';
import type { ObjectReader } from '../../../streams/views/object-reader.ts';
import { type FieldError, invalid } from '../errors.ts';
import type { AdmissionPlugin, AdmissionRequest } from './admission.ts';

/** 10.96.0.0/16; the lower 256 addresses are left to those who name theirs. */
const base = (10 << 24) | (96 << 16);
const size = 65_536;
const staticBand = 256;
const nodePortMin = 30_000;
const nodePortMax = 32_767;
const nodePortStaticBand = 86;

export function serviceAddresses(): AdmissionPlugin {
  const given = new Given();
  return {
    name: 'ServiceAddresses',
    admit(request) {
      const { kind, operation, subresource } = request;
      if (kind.group !== '' || kind.resource !== 'services' || operation === 'delete' || subresource !== undefined)
        return request.object;
      return { ...request.object, spec: addressed(request, given) } as AnyObject;
    },
  };
}

function addressed(request: AdmissionRequest, given: Given): ServiceSpec {
  const spec = request.object.spec as ServiceSpec;
  const taken = takenBy(request.world, request.object.metadata.uid, given);
  if (spec.type === 'ExternalName') {
    const { clusterIP: _ip, clusterIPs: _ips, ...rest } = spec;
    return rest;
  }
  const clusterIP = spec.clusterIP || freeAddress(taken.addresses, request.random);
  const was = (request.before?.spec as ServiceSpec | undefined)?.clusterIP;
  if (spec.clusterIP && spec.clusterIP !== 'None' && spec.clusterIP !== was)
    checkAddress(request, spec.clusterIP, taken.addresses);
  if (clusterIP !== 'None') given.add(request.context.dryRun, clusterIP);
  const withAddress = { ...spec, clusterIP, clusterIPs: [clusterIP] };
  if (spec.type !== 'NodePort' && spec.type !== 'LoadBalancer') return withAddress;
  const ports = (spec.ports ?? []).map((port, index) =>
    withNodePort(request, { port, index, taken: taken.ports, given }),
  );
  return { ...withAddress, ports };
}

function withNodePort(
  request: AdmissionRequest,
  { port, index, taken, given }: { port: ServicePort; index: number; taken: ReadonlySet<number>; given: Given },
): ServicePort {
  const field = `spec.ports[${index}].nodePort`;
  if (port.nodePort) {
    if (port.nodePort < nodePortMin || port.nodePort > nodePortMax) {
      throw refuse(request, {
        type: 'Invalid',
        field,
        value: port.nodePort,
        detail: `provided port is not in the valid range. The range of valid ports is ${nodePortMin}-${nodePortMax}`,
      });
    }
    if (taken.has(port.nodePort))
      throw refuse(request, {
        type: 'Invalid',
        field,
        value: port.nodePort,
        detail: 'provided port is already allocated',
      });
    given.add(request.context.dryRun, port.nodePort);
    return port;
  }
  const first = nodePortMin + nodePortStaticBand;
  const nodePort = free(
    nodePortMax - first + 1,
    request.random,
    (offset) => !taken.has(first + offset) && !given.has(first + offset),
  );
  given.add(request.context.dryRun, first + nodePort);
  return { ...port, nodePort: first + nodePort };
}

function checkAddress(request: AdmissionRequest, address: string, taken: ReadonlySet<string>): void {
  const field = 'spec.clusterIPs';
  const offset = offsetOf(address);
  if (offset === undefined || offset <= 0 || offset >= size - 1) {
    throw refuse(request, {
      type: 'Invalid',
      field,
      value: [address],
      detail: `failed to allocate IP ${address}: the provided IP (${address}) is not in the valid range. The range of valid IPs is 10.96.0.0/16`,
    });
  }
  if (taken.has(address)) {
    throw refuse(request, {
      type: 'Invalid',
      field,
      value: [address],
      detail: `failed to allocate IP ${address}: provided IP is already allocated`,
    });
  }
}

function refuse({ kind, name }: AdmissionRequest, error: FieldError) {
  return invalid(kind, name, [error]);
}

function freeAddress(taken: ReadonlySet<string>, random: Random): string {
  return addressAt(
    staticBand + free(size - staticBand - 1, random, (offset) => !taken.has(addressAt(staticBand + offset))),
  );
}

/** A random free place, or the next one behind it. */
function free(count: number, random: Random, isFree: (offset: number) => boolean): number {
  const start = random.int(count);
  for (let i = 0; i < count; i++) {
    const offset = (start + i) % count;
    if (isFree(offset)) return offset;
  }
  throw new Error('every address of the range is in use');
}

function takenBy(world: ObjectReader, uid: string, given: Given): { addresses: Set<string>; ports: Set<number> } {
  const addresses = new Set<string>();
  const ports = new Set<number>();
  for (const service of world.list<Service>(resources.services)) {
    const own = service.metadata.uid === uid;
    const { clusterIP } = service.spec;
    if (clusterIP) given.seen(clusterIP);
    if (clusterIP && !own) addresses.add(clusterIP);
    for (const { nodePort } of service.spec.ports ?? []) {
      if (nodePort) given.seen(nodePort);
      if (nodePort && !own) ports.add(nodePort);
    }
  }
  for (const address of given.addresses) addresses.add(address);
  return { addresses, ports };
}

/** The newest addresses given out: a write that is still on its way holds its own. */
class Given {
  readonly #recent = new Set<string | number>();

  add(dryRun: boolean, address: string | number): void {
    if (dryRun) return;
    this.#recent.add(address);
    if (this.#recent.size <= 512) return;
    for (const oldest of this.#recent) {
      this.#recent.delete(oldest);
      break;
    }
  }

  /** The view holds it now. */
  seen(address: string | number): void {
    this.#recent.delete(address);
  }

  has(address: string | number): boolean {
    return this.#recent.has(address);
  }

  get addresses(): string[] {
    return [...this.#recent].filter((address) => typeof address === 'string');
  }
}

function addressAt(offset: number): string {
  const address = base + offset;
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 0xff).join('.');
}

function offsetOf(address: string): number | undefined {
  const parts = address.split('.').map(Number);
  if (parts.length !== 4 || parts.some((part) => !Number.isInteger(part) || part < 0 || part > 255)) return undefined;
  const value = parts.reduce((sum, part) => sum * 256 + part, 0);
  return value - base;
}
