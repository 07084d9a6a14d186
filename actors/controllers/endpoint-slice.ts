// The endpoint slice controller: the addresses of each service's pods in slices of at most a hundred, with what the
// proxy must know of each: ready for traffic, able to serve, about to end.

import type { Random } from '../../streams/base/random.ts';
import { resources } from '../../streams/resources/names.ts';
import type { Node } from '../../streams/resources/node.ts';
import type { Pod } from '../../streams/resources/pod.ts';
import type { EndpointPort, EndpointSlice, Service, SliceEndpoint } from '../../streams/resources/service.ts';
import type { ObjectReader } from '../../streams/views/object-reader.ts';
import type { Controller, Key, Plan, ReconcileInput, WatchedChange } from '../kit/controller.ts';
import { keyOfObject, parseKey } from '../kit/object-key.ts';
import { restMs } from '../kit/rest.ts';
import { sameJson } from '../kit/same-json.ts';
import type { CreateWrite, DeleteWrite, UpdateWrite, Write } from '../kit/write.ts';
import { isPodReady } from '../pod/pod-conditions.ts';
import { managedByLabel, newSlice, samePorts, serviceNameLabel } from './endpoint-slice-names.ts';
import { pack, type Wanted } from './endpoint-slice-packing.ts';
import { isTerminating } from './namespace-phase.ts';
import {
  endpointLabels,
  hasEndpoint,
  hasSelector,
  hostnameOf,
  podPorts,
  podReference,
  podsPerMs,
  selectedPods,
  servicesOfPod,
} from './service-pods.ts';
import { type Trigger, type TriggerMemory, triggerOf, withTriggerTime } from './trigger-time.ts';

const manager = 'endpointslice-controller.k8s.io';
const zoneLabel = 'topology.kubernetes.io/zone';

/** Wishes for near traffic; the first is what the second was called before. */
const near: ReadonlySet<string> = new Set(['PreferClose', 'PreferSameZone', 'PreferSameNode']);
/** Annotations that ask for hints in another way, which then holds. */
const topologyModes = ['service.kubernetes.io/topology-mode', 'service.kubernetes.io/topology-aware-hints'] as const;

type Family = 'IPv4' | 'IPv6';

export function endpointSliceController(): Controller<TriggerMemory> {
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

function reconcile({ world, key, random, memory }: ReconcileInput<TriggerMemory>): Plan<TriggerMemory> {
  const name = parseKey(key);
  const service = world.get<Service>(resources.services, name);
  if (service === undefined) return { writes: [], remember: { memory: undefined } };
  if (service.metadata.deletionTimestamp !== undefined) return { writes: [] };
  if (!hasSelector(service) || isTerminating(world, name.namespace)) return { writes: [] };
  const all = slicesOf(world, service);
  if (service.spec.type === 'ExternalName') return { writes: all.map(removal) };
  const selected = selectedPods(world, service);
  const trigger = triggerOf(service, { pods: selected, memory });
  const existing = all.filter((slice) => isOwned(slice, service));
  const pods = selected.filter(hasEndpoint);
  const families = familiesOf(service);
  const unfit = (slice: EndpointSlice) => !existing.includes(slice) || !families.includes(slice.addressType as Family);
  const writes: Write[] = all.filter(unfit).map(removal);
  for (const family of families) {
    const slices = existing.filter(({ addressType }) => addressType === family);
    writes.push(...familyWrites({ world, service, family, slices, pods, trigger, random }));
  }
  return { writes, pauseMs: restMs(selected.length, podsPerMs), remember: { memory: trigger.memory } };
}

type FamilyWork = {
  readonly world: ObjectReader;
  readonly service: Service;
  readonly family: Family;
  readonly slices: readonly EndpointSlice[];
  readonly pods: readonly Pod[];
  readonly trigger: Trigger;
  readonly random: Random;
};

function familyWrites({ world, service, family, slices, pods, trigger, random }: FamilyWork): Write[] {
  const groups = wantedGroups({ world, service, family, pods });
  const writes: Write[] = [];
  const placed = new Set<EndpointSlice>();
  for (const wanted of groups) {
    const alike = slices.filter((slice) => samePorts(slice.ports ?? [], wanted.ports));
    for (const slice of alike) placed.add(slice);
    const { changed, emptied, added } = pack(alike, wanted);
    for (const [slice, endpoints] of changed) writes.push(update(service, slice, { endpoints, trigger }));
    for (const slice of alike)
      if (!changed.has(slice) && !emptied.includes(slice)) writes.push(...relabel(service, slice, trigger));
    // A service without pods keeps one slice, so that its absence means that nobody has looked yet.
    const spare = wanted.endpoints.size === 0 ? emptied[0] : undefined;
    if (spare !== undefined) writes.push(...emptiedPlaceholder(service, spare, trigger));
    writes.push(...emptied.filter((slice) => slice !== spare).map(removal));
    const contents = wanted.endpoints.size === 0 && alike.length === 0 ? [[]] : added;
    for (const endpoints of contents)
      writes.push(creation({ service, family, ports: wanted.ports, endpoints, trigger, random }));
  }
  return [...writes, ...slices.filter((slice) => !placed.has(slice)).map(removal)];
}

/** Endpoints by their ports, which may differ between pods where the service names its target ports. */
function wantedGroups({ world, service, family, pods }: Omit<FamilyWork, 'slices' | 'random' | 'trigger'>): Wanted[] {
  const groups = new Map<string, { ports: EndpointPort[]; endpoints: Map<string, SliceEndpoint> }>();
  for (const pod of pods) {
    const address = addressOf(pod, family);
    if (address === undefined) continue;
    const ports = podPorts(service, pod);
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
    ...(ready ? hintsOf(service, { zone, nodeName }) : undefined),
    targetRef: podReference(pod),
  };
}

/** Endpoints that are ready say from where they are near, if the service wants its traffic to stay near. */
function hintsOf(
  { spec: { trafficDistribution = '' }, metadata }: Service,
  { zone, nodeName }: { readonly zone: string | undefined; readonly nodeName: string },
): Pick<SliceEndpoint, 'hints'> | undefined {
  if (!near.has(trafficDistribution) || topologyModes.some((name) => isAuto(metadata.annotations?.[name])))
    return undefined;
  const forZones = zone === undefined ? undefined : { forZones: [{ name: zone }] };
  const onNode = trafficDistribution === 'PreferSameNode' && nodeName !== '';
  const forNodes = onNode ? { forNodes: [{ name: nodeName }] } : undefined;
  return forZones === undefined && forNodes === undefined ? undefined : { hints: { ...forZones, ...forNodes } };
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
  trigger,
  random,
}: {
  service: Service;
  family: Family;
  ports: readonly EndpointPort[];
  endpoints: readonly SliceEndpoint[];
  trigger: Trigger;
  random: Random;
}): CreateWrite {
  return newSlice(service, {
    labels: sliceLabels(service),
    annotations: withTriggerTime(undefined, trigger),
    addressType: family,
    endpoints,
    ports,
    random,
  });
}

type Change = { readonly endpoints: readonly SliceEndpoint[]; readonly trigger: Trigger };

function update(service: Service, slice: EndpointSlice, { endpoints, trigger }: Change): UpdateWrite {
  const { annotations: before, ...metadata } = slice.metadata;
  const annotations = withTriggerTime(before, trigger);
  const own = { ...metadata, labels: sliceLabels(service), ...(annotations && { annotations }) };
  const object: EndpointSlice = { ...slice, metadata: own, endpoints };
  return { kind: 'update', resource: resources.endpointSlices, object };
}

/** Labels follow the service's. */
function relabel(service: Service, slice: EndpointSlice, trigger: Trigger): UpdateWrite[] {
  const same = sameJson(slice.metadata.labels, sliceLabels(service));
  return same ? [] : [update(service, slice, { endpoints: slice.endpoints ?? [], trigger })];
}

function emptiedPlaceholder(service: Service, slice: EndpointSlice, trigger: Trigger): UpdateWrite[] {
  const isEmpty = (slice.endpoints?.length ?? 0) === 0;
  return isEmpty ? relabel(service, slice, trigger) : [update(service, slice, { endpoints: [], trigger })];
}

/** A slice of a service that was deleted and made anew goes. */
function isOwned({ metadata: { ownerReferences = [] } }: EndpointSlice, { metadata: { uid } }: Service): boolean {
  return ownerReferences.some((owner) => owner.uid === uid);
}

function isAuto(mode: string | undefined): boolean {
  return mode === 'Auto' || mode === 'auto';
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
