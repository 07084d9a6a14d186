// Cluster IPs and node ports: given out so that no two services have the same. What is taken is read from the view;
// what a write on its way was given is held here until the write has ended, because writes overlap.
// (The ServiceCIDR and IPAddress objects of KEP-1880 come with the kinds they are.)

import type { Random } from '../../../streams/base/random.ts';
import type { AnyObject } from '../../../streams/resources/meta.ts';
import { resources } from '../../../streams/resources/names.ts';
import type { Service, ServicePort, ServiceSpec } from '../../../streams/resources/service.ts';
import type { ObjectReader } from '../../../streams/views/object-reader.ts';
import { type FieldError, internalError, invalid } from '../errors.ts';
import type { AdmissionPlugin, AdmissionRequest } from './admission.ts';
import type { Outcome } from './holds.ts';

/** 10.96.0.0/16; the lower 256 addresses are left to those who name theirs. */
const base = (10 << 24) | (96 << 16);
const size = 65_536;
const staticBand = 256;
const nodePortMin = 30_000;
const nodePortMax = 32_767;
const nodePortStaticBand = 86;
const uncertainMax = 512;

export function serviceAddresses(): AdmissionPlugin {
  const held = new Held();
  return {
    name: 'ServiceAddresses',
    admit(request) {
      const { kind, operation, subresource } = request;
      if (kind.group !== '' || kind.resource !== 'services' || operation === 'delete' || subresource !== undefined)
        return request.object;
      return { ...request.object, spec: addressed(request, held) } as AnyObject;
    },
  };
}

/** What other services have, and what this write has been given so far. */
type Taken = {
  readonly addresses: ReadonlySet<string>;
  readonly ports: ReadonlySet<number>;
  readonly own: Set<string | number>;
  readonly held: Held;
};

function addressed(request: AdmissionRequest, held: Held): ServiceSpec {
  const spec = request.object.spec as ServiceSpec;
  if (spec.type === 'ExternalName') {
    const { clusterIP: _ip, clusterIPs: _ips, ...rest } = spec;
    return rest;
  }
  const taken: Taken = { ...takenBy(request.world, request.object.metadata.uid), own: new Set(), held };
  request.holds.onEnd((outcome) => {
    for (const address of taken.own) held.release(address, outcome);
  });
  const clusterIP = clusterIpOf(request, spec, taken);
  const withAddress = { ...spec, clusterIP, clusterIPs: [clusterIP] };
  if (spec.type !== 'NodePort' && spec.type !== 'LoadBalancer') return withAddress;
  const ports = (spec.ports ?? []).map((port, index) => withNodePort(request, { port, index, taken }));
  return { ...withAddress, ports };
}

function clusterIpOf(request: AdmissionRequest, { clusterIP }: ServiceSpec, taken: Taken): string {
  const was = (request.before?.spec as ServiceSpec | undefined)?.clusterIP;
  if (clusterIP === 'None' || (clusterIP && clusterIP === was)) return clusterIP;
  const chosen = clusterIP || freeAddress(taken, request.random);
  if (clusterIP) checkAddress(request, clusterIP, taken);
  hold(taken, chosen);
  return chosen;
}

function withNodePort(
  request: AdmissionRequest,
  { port, index, taken }: { port: ServicePort; index: number; taken: Taken },
): ServicePort {
  const chosen = port.nodePort || freeNodePort(taken, request.random);
  if (port.nodePort) checkNodePort(request, { port: chosen, index, taken });
  hold(taken, chosen);
  return port.nodePort ? port : { ...port, nodePort: chosen };
}

function checkNodePort(
  request: AdmissionRequest,
  { port, index, taken }: { port: number; index: number; taken: Taken },
): void {
  const field = `spec.ports[${index}].nodePort`;
  if (port < nodePortMin || port > nodePortMax) {
    const detail = `provided port is not in the valid range. The range of valid ports is ${nodePortMin}-${nodePortMax}`;
    throw refuse(request, { type: 'Invalid', field, value: port, detail });
  }
  // One service may give one node port to two protocols.
  const others = taken.ports.has(port) || (taken.held.has(port) && !taken.own.has(port));
  if (others)
    throw refuse(request, { type: 'Invalid', field, value: port, detail: 'provided port is already allocated' });
}

function checkAddress(request: AdmissionRequest, address: string, { addresses, held }: Taken): void {
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
  if (addresses.has(address) || held.has(address)) {
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

function freeAddress({ addresses, held }: Taken, random: Random): string {
  const isFree = (address: string) => !addresses.has(address) && !held.has(address) && !held.avoids(address);
  const offset = free(size - staticBand - 1, random, (place) => isFree(addressAt(staticBand + place)));
  return addressAt(staticBand + offset);
}

function freeNodePort({ ports, held }: Taken, random: Random): number {
  const first = nodePortMin + nodePortStaticBand;
  const isFree = (port: number) => !ports.has(port) && !held.has(port) && !held.avoids(port);
  return first + free(nodePortMax - first + 1, random, (place) => isFree(first + place));
}

/** A random free place, or the next one behind it. */
function free(count: number, random: Random, isFree: (offset: number) => boolean): number {
  const start = random.int(count);
  for (let i = 0; i < count; i++) {
    const offset = (start + i) % count;
    if (isFree(offset)) return offset;
  }
  throw internalError(new Error('failed to allocate: range is full'));
}

function takenBy(world: ObjectReader, uid: string): Pick<Taken, 'addresses' | 'ports'> {
  const addresses = new Set<string>();
  const ports = new Set<number>();
  for (const { metadata, spec } of world.list<Service>(resources.services)) {
    if (metadata.uid === uid) continue;
    if (spec.clusterIP) addresses.add(spec.clusterIP);
    for (const { nodePort } of spec.ports ?? []) if (nodePort) ports.add(nodePort);
  }
  return { addresses, ports };
}

function hold({ own, held }: Taken, address: string | number): void {
  if (own.has(address)) return;
  own.add(address);
  held.add(address);
}

/** Addresses of writes on their way. Once a write has ended, what it was given is in the view or free again. */
class Held {
  readonly #held = new Set<string | number>();
  /** The newest ones of writes whose outcome nobody knows: not given out by chance, but not refused either. */
  readonly #uncertain = new Set<string | number>();

  add(address: string | number): void {
    this.#held.add(address);
  }

  release(address: string | number, outcome: Outcome): void {
    this.#held.delete(address);
    if (outcome !== 'unknown') return;
    this.#uncertain.add(address);
    if (this.#uncertain.size <= uncertainMax) return;
    for (const oldest of this.#uncertain) {
      this.#uncertain.delete(oldest);
      break;
    }
  }

  has(address: string | number): boolean {
    return this.#held.has(address);
  }

  avoids(address: string | number): boolean {
    return this.#uncertain.has(address);
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
