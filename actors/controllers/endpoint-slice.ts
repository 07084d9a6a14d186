// The endpoint slice controller: the addresses of each service's pods in slices of at most a hundred, with what the
// proxy must know of each: ready for traffic, able to serve, about to end.

import type { Random } from '../../streams/base/random.ts';
import { resources } from '../../streams/resources/names.ts';
import type { Node } from '../../streams/resources/node.ts';
import type { Pod } from '../../streams/resources/pod.ts';
import type { EndpointPort, EndpointSlice, Service, SliceEndpoint } from '../../streams/resources/service.ts';
import type { ObjectReader } from '../../streams/views/object-reader.ts';
import {
  type Controller,
  type Key,
  nothingToDo,
  type Plan,
  type ReconcileInput,
  type WatchedChange,
} from '../kit/controller.ts';
import { keyOfObject, parseKey } from '../kit/object-key.ts';
import { controllerReference } from '../kit/owners.ts';
import { restMs } from '../kit/rest.ts';
import { sameJson } from '../kit/same-json.ts';
import type { CreateWrite, DeleteWrite, UpdateWrite, Write } from '../kit/write.ts';
import { isPodReady } from '../pod/pod-conditions.ts';
import { managedByLabel, samePorts, serviceNameLabel, sliceName } from './endpoint-slice-names.ts';
import { pack, type Wanted } from './endpoint-slice-packing.ts';
import { isTerminating } from './namespace-phase.ts';
import {
  endpointLabels,
  hasEndpoint,
  hasSelector,
  hostnameOf,
  isHeadless,
  podPorts,
  podReference,
  podsPerMs,
  selectedPods,
  servicesOfPod,
} from './service-pods.ts';

const manager = 'endpointslice-controller.k8s.io';
const zoneLabel = 'topology.kubernetes.io/zone';

type Family = 'IPv4' | 'IPv6';

export function endpointSliceController(): Controller {
  return {
    name: 'endpointslice-controller',
    user: 'system:serviceaccount:kube-system:endpointslice-controller',
    workers: 5,
    watches: [
      { resource: resources.services, keys: ({ current }) => [keyOfObject(current.object)] },
      { resource: resources.pods, keys: servicesOfPod },
      { resource: resources.endpointSlices, keys: keysOfSlice },
    ],
    reconcile,
  };
}

function reconcile({ world, key, random }: ReconcileInput): Plan {
  const name = parseKey(key);
  const service = world.get<Service>(resources.services, name);
  if (service === undefined || service.metadata.deletionTimestamp !== undefined) return nothingToDo;
  if (!hasSelector(service) || isTerminating(world, name.namespace)) return nothingToDo;
  const existing = slicesOf(world, service);
  if (service.spec.type === 'ExternalName') return { writes: existing.map(removal) };
  const selected = selectedPods(world, service);
  const pods = selected.filter(hasEndpoint);
  const families = familiesOf(service);
  const writes: Write[] = existing.filter(({ addressType }) => !families.includes(addressType as Family)).map(removal);
  for (const family of families) {
    const slices = existing.filter(({ addressType }) => addressType === family);
    writes.push(...familyWrites({ world, service, family, slices, pods, random }));
  }
  return { writes, pauseMs: restMs(selected.length, podsPerMs) };
}

type FamilyWork = {
  readonly world: ObjectReader;
  readonly service: Service;
  readonly family: Family;
  readonly slices: readonly EndpointSlice[];
  readonly pods: readonly Pod[];
  readonly random: Random;
};

function familyWrites({ world, service, family, slices, pods, random }: FamilyWork): Write[] {
  const groups = wantedGroups({ world, service, family, pods });
  const writes: Write[] = [];
  const placed = new Set<EndpointSlice>();
  for (const wanted of groups) {
    const alike = slices.filter((slice) => samePorts(slice.ports ?? [], wanted.ports));
    for (const slice of alike) placed.add(slice);
    const { changed, emptied, added } = pack(alike, wanted);
    for (const [slice, endpoints] of changed) writes.push(update(service, slice, endpoints));
    for (const slice of alike)
      if (!changed.has(slice) && !emptied.includes(slice)) writes.push(...relabel(service, slice));
    // A service without pods keeps one slice, so that its absence means that nobody has looked yet.
    const spare = wanted.endpoints.size === 0 ? emptied[0] : undefined;
    if (spare !== undefined) writes.push(...emptiedPlaceholder(service, spare));
    writes.push(...emptied.filter((slice) => slice !== spare).map(removal));
    const contents = wanted.endpoints.size === 0 && alike.length === 0 ? [[]] : added;
    for (const endpoints of contents)
      writes.push(creation({ service, family, ports: wanted.ports, endpoints, random }));
  }
  return [...writes, ...slices.filter((slice) => !placed.has(slice)).map(removal)];
}

/** Endpoints by their ports, which may differ between pods where the service names its target ports. */
function wantedGroups({ world, service, family, pods }: Omit<FamilyWork, 'slices' | 'random'>): Wanted[] {
  const groups = new Map<string, { ports: EndpointPort[]; endpoints: Map<string, SliceEndpoint> }>();
  for (const pod of pods) {
    const address = addressOf(pod, family);
    if (address === undefined) continue;
    const ports = podPorts(service, pod);
    if (ports.length === 0 && !isHeadless(service) && (service.spec.ports?.length ?? 0) > 0) continue;
    const id = JSON.stringify(ports);
    const group = groups.get(id) ?? { ports, endpoints: new Map() };
    groups.set(id, group);
    group.endpoints.set(pod.metadata.uid, endpointOf(world, service, { pod, address }));
  }
  return groups.size === 0 ? [{ ports: [], endpoints: new Map() }] : [...groups.values()];
}

function endpointOf(
  world: ObjectReader,
  service: Service,
  { pod, address }: { pod: Pod; address: string },
): SliceEndpoint {
  const serving = isPodReady(pod);
  const terminating = pod.metadata.deletionTimestamp !== undefined;
  const ready = service.spec.publishNotReadyAddresses === true || (serving && !terminating);
  const hostname = hostnameOf(pod, service);
  const nodeName = pod.spec.nodeName ?? '';
  const zone = world.get<Node>(resources.nodes, { name: nodeName })?.metadata.labels?.[zoneLabel];
  return {
    addresses: [address],
    conditions: { ready, serving, terminating },
    ...(hostname === undefined ? undefined : { hostname }),
    ...(nodeName === '' ? undefined : { nodeName }),
    ...(zone === undefined ? undefined : { zone }),
    targetRef: podReference(pod),
  };
}

function addressOf({ status }: Pod, family: Family): string | undefined {
  const addresses = status?.podIPs?.map(({ ip }) => ip) ?? [status?.podIP ?? ''];
  return addresses.find((ip) => ip !== '' && ip.includes(':') === (family === 'IPv6'));
}

function familiesOf({ spec }: Service): readonly Family[] {
  if (spec.ipFamilies !== undefined && spec.ipFamilies.length > 0) return spec.ipFamilies;
  return [spec.clusterIP?.includes(':') === true ? 'IPv6' : 'IPv4'];
}

function slicesOf(world: ObjectReader, { metadata }: Service): EndpointSlice[] {
  const labels = { [serviceNameLabel]: metadata.name, [managedByLabel]: manager };
  return world
    .list<EndpointSlice>(resources.endpointSlices, { namespace: metadata.namespace ?? '', labels })
    .filter((slice) => slice.metadata.deletionTimestamp === undefined);
}

function creation({
  service,
  family,
  ports,
  endpoints,
  random,
}: {
  service: Service;
  family: Family;
  ports: readonly EndpointPort[];
  endpoints: readonly SliceEndpoint[];
  random: Random;
}): CreateWrite {
  const { name, namespace = '' } = service.metadata;
  const object = {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      ...sliceName(name, random),
      namespace,
      labels: sliceLabels(service),
      ownerReferences: [controllerReference(service)],
    },
    addressType: family,
    endpoints,
    ports,
  };
  return { kind: 'create', resource: resources.endpointSlices, object };
}

function update(service: Service, slice: EndpointSlice, endpoints: readonly SliceEndpoint[]): UpdateWrite {
  const metadata = { ...slice.metadata, labels: sliceLabels(service) };
  const object: EndpointSlice = { ...slice, metadata, endpoints };
  return { kind: 'update', resource: resources.endpointSlices, object };
}

/** Labels follow the service's. */
function relabel(service: Service, slice: EndpointSlice): UpdateWrite[] {
  return sameJson(slice.metadata.labels, sliceLabels(service)) ? [] : [update(service, slice, slice.endpoints ?? [])];
}

function emptiedPlaceholder(service: Service, slice: EndpointSlice): UpdateWrite[] {
  return (slice.endpoints?.length ?? 0) === 0 ? relabel(service, slice) : [update(service, slice, [])];
}

function removal({ metadata: { namespace = '', name, uid } }: EndpointSlice): DeleteWrite {
  return { kind: 'delete', resource: resources.endpointSlices, namespace, name, uid };
}

function sliceLabels(service: Service): Record<string, string> {
  return endpointLabels(service, { [serviceNameLabel]: service.metadata.name, [managedByLabel]: manager });
}

/** Its own new slices are known; what others do to them is put right. */
function keysOfSlice({ type, current }: WatchedChange): readonly Key[] {
  const { namespace = '', labels } = current.object.metadata;
  const name = labels?.[serviceNameLabel];
  if (type === 'ADDED' || name === undefined || labels?.[managedByLabel] !== manager) return [];
  return [`${namespace}/${name}`];
}
