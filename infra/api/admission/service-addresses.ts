// A service's addresses and node ports, given out so that no two services have the same (KEP-1880).
//
// Every cluster IP has an IPAddress object. It is recorded before its service and removed again where the service is
// refused; once a service has let an address go, its IPAddress goes. Whatever a crash leaves between two of these steps
// is mended by actors/controllers/ip-addresses.ts.

import type { AnyObject } from '../../../streams/resources/meta.ts';
import { resources } from '../../../streams/resources/names.ts';
import type { Service } from '../../../streams/resources/service.ts';
import { addressesOf, type IpAddress, ipAddressOf } from '../../../streams/resources/service-network.ts';
import type { Writer } from '../../host/writer.ts';
import { ApiError, invalid, logUnavailable } from '../errors.ts';
import { type AdmissionPlugin, type AdmissionRequest, concerns } from './admission.ts';
import { type Allocation, familiesOf, serviceNetworks, takeFree, takeNamed } from './cluster-ips.ts';
import { HeldValues } from './held-values.ts';
import { type PortedSpec, withNodePorts } from './node-ports.ts';
import { Problems } from './problems.ts';
import { type FamilySpec, withFamilies } from './service-families.ts';

const context = { user: 'system:apiserver', agent: 'kube-apiserver', cause: null } as const;

type AddressedSpec = FamilySpec & PortedSpec;

export function serviceAddresses({ writer }: { readonly writer: Writer }): AdmissionPlugin {
  const heldIps = new HeldValues<string>();
  const heldPorts = new HeldValues<number>();
  return {
    name: 'ServiceAddresses',
    admit(request) {
      const { object, before, operation } = request;
      if (!concerns(request, resources.services)) return object;
      const gone = operation === 'delete' ? object : before;
      if (gone !== undefined) releaseAfterwards(request, gone, writer);
      if (operation !== 'create' && operation !== 'update') return object;
      const spec = (object.spec ?? {}) as AddressedSpec;
      const was = before?.spec as AddressedSpec | undefined;
      const addressed = withAddresses(spec, { request, before: was, held: heldIps });
      const next = withNodePorts(addressed, { request, before: was, held: heldPorts });
      return next === spec ? object : ({ ...object, spec: next } as AnyObject);
    },
    reserve(request) {
      if (request.context.dryRun || !concerns(request, resources.services)) return undefined;
      const was = addressesOf((request.before?.spec ?? {}) as AddressedSpec);
      const fresh = addressesOf(request.object.spec as AddressedSpec).filter((address) => !was.includes(address));
      return fresh.length === 0 ? undefined : record(fresh, { request, writer });
    },
  };
}

function withAddresses(
  given: AddressedSpec,
  {
    request,
    before,
    held,
  }: {
    readonly request: AdmissionRequest;
    readonly before: AddressedSpec | undefined;
    readonly held: HeldValues<string>;
  },
): AddressedSpec {
  if (given.type === 'ExternalName') return before === undefined ? given : withoutAddresses(given, before);
  const networks = serviceNetworks(request.world);
  const problems = new Problems();
  const spec = withFamilies(bothForms(given, before), { before, configured: familiesOf(networks), problems });
  if (problems.found) throw invalid(request.kind, request.name, problems.list);
  if (spec.clusterIP === 'None') return spec;
  const allocation: Allocation = { request, networks, held };
  const was = before?.type === 'ExternalName' ? [] : (before?.clusterIPs ?? []);
  const named = spec.clusterIPs ?? [];
  const clusterIPs = (spec.ipFamilies ?? []).map((family, index) => {
    const ip = named[index];
    if (ip === undefined || ip === '') return takeFree(allocation, family);
    if (!was.includes(ip)) takeNamed(allocation, ip, named);
    return ip;
  });
  const [clusterIP = ''] = clusterIPs;
  return { ...spec, clusterIP, clusterIPs };
}

/** `clusterIP` and the first of `clusterIPs` say the same; clients may send either alone. */
function bothForms(spec: AddressedSpec, before: AddressedSpec | undefined): AddressedSpec {
  const { clusterIP = '', clusterIPs = [] } = spec;
  if (clusterIP !== '' && clusterIPs.length === 0) return { ...spec, clusterIPs: [clusterIP] };
  if (clusterIP === '' && clusterIPs.length > 0 && before === undefined)
    return { ...spec, clusterIP: clusterIPs[0] ?? '' };
  return spec;
}

/** A service that has become a mere name has no addresses, unless the client insists, which validation refuses. */
function withoutAddresses(spec: AddressedSpec, before: AddressedSpec): AddressedSpec {
  const kept: Record<string, unknown> = { ...spec };
  for (const field of ['clusterIP', 'clusterIPs', 'ipFamilies', 'ipFamilyPolicy'] as const) {
    if (JSON.stringify(spec[field]) === JSON.stringify(before[field])) delete kept[field];
  }
  return kept as AddressedSpec;
}

/** Records the addresses' objects; rejects with Invalid where one is taken, and then leaves none behind. */
async function record(
  addresses: readonly string[],
  { request, writer }: { readonly request: AdmissionRequest; readonly writer: Writer },
): Promise<void> {
  const { namespace } = request;
  const { name } = request.object.metadata;
  const recorded: string[] = [];
  request.holds.onEnd((outcome) => {
    if (outcome !== 'refused') return undefined;
    return removeAll(recorded, { namespace, name }, { request, writer });
  });
  for (const address of addresses) {
    const object = ipAddressOf(address, { namespace, name });
    const outcome = await writer.write({ kind: 'create', resource: resources.ipAddresses, object }, context);
    if (outcome.kind === 'done') recorded.push(address);
    else if (outcome.reason === 'AlreadyExists') throw taken(request, address);
    else if (outcome.reason === 'Unavailable') throw logUnavailable(new Error(outcome.message));
    else throw new ApiError({ code: 500, reason: 'InternalError', message: outcome.message });
  }
}

function taken({ kind, name, object }: AdmissionRequest, address: string): ApiError {
  const detail = `failed to allocate IP ${address}: provided IP is already allocated`;
  const value = (object.spec as AddressedSpec).clusterIPs;
  return invalid(kind, name, [{ type: 'Invalid', field: 'spec.clusterIPs', value, detail }]);
}

/** Once the write is recorded, the addresses the service has no longer go, its own objects and nobody else's. */
function releaseAfterwards(request: AdmissionRequest, gone: AnyObject, writer: Writer): void {
  const had = addressesOf(gone.spec as AddressedSpec);
  if (had.length === 0) return;
  const { namespace, world } = request;
  const { name, uid } = gone.metadata;
  request.holds.onEnd((outcome) => {
    if (outcome !== 'recorded') return undefined;
    const now = world.get<Service>(resources.services, { namespace, name });
    const has = now === undefined || now.metadata.uid !== uid ? [] : addressesOf(now.spec);
    const left = had.filter((address) => !has.includes(address));
    return left.length === 0 ? undefined : removeAll(left, { namespace, name }, { request, writer });
  });
}

async function removeAll(
  addresses: readonly string[],
  service: { readonly namespace: string; readonly name: string },
  { request, writer }: { readonly request: AdmissionRequest; readonly writer: Writer },
): Promise<void> {
  for (const name of addresses) {
    const object = request.world.get<IpAddress>(resources.ipAddresses, { name });
    const parent = object?.spec?.parentRef;
    if (object === undefined || parent?.namespace !== service.namespace || parent.name !== service.name) continue;
    const { uid } = object.metadata;
    await writer.write({ kind: 'delete', resource: resources.ipAddresses, namespace: '', name, uid }, context);
  }
}
