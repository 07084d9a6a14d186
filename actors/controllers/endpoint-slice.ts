// The endpoint slice controller: the addresses of each service's pods in slices of at most a hundred, with what the
// proxy must know of each: ready for traffic, able to serve, about to end.

import type { Random } from '../../streams/base/random.ts';
import { resources } from '../../streams/resources/names.ts';
import type { Node } from '../../streams/resources/node.ts';
import type { Pod } from '../../streams/resources/pod.ts';
import type { EndpointPort, EndpointSlice, Service, SliceEndpoint } from '../../streams/resources/service.ts';
import type { ObjectReader } from '../../streams/views/object-reader.ts';
import type { Controller, Key, Plan, PlannedNote, ReconcileInput, WatchedChange } from '../kit/controller.ts';
import { keyOfObject, parseKey } from '../kit/object-key.ts';
import { restMs } from '../kit/rest.ts';
import { sameJson } from '../kit/same-json.ts';
import type { CreateWrite, DeleteWrite, UpdateWrite, Write } from '../kit/write.ts';
import { isPodReady } from '../pod/pod-conditions.ts';
import { dealtOut } from './endpoint-slice-allocation.ts';
import { dealsOutZones, nearHints } from './endpoint-slice-hints.ts';
import { managedByLabel, newSlice, samePorts, serviceNameLabel } from './endpoint-slice-names.ts';
import { pack, type Wanted } from './endpoint-slice-packing.ts';
import { type ZoneShares, Zones, zoneLabel } from './endpoint-slice-zones.ts';
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
  servicesOnNode,
} from './service-pods.ts';
import { type Trigger, type TriggerMemory, triggerOf, withTriggerTime } from './trigger-time.ts';

const manager = 'endpointslice-controller.k8s.io';
const component = 'endpoint-slice-controller';

type Family = 'IPv4' | 'IPv6';

type Memory = TriggerMemory & {
  /** By family why zones were not dealt their endpoints at the last look, as far as they should be; empty where they were. */
  readonly problems?: Partial<Readonly<Record<Family, string>>>;
};

export function endpointSliceController(): Controller<Memory> {
  const zones = new Zones();
  /** Services whose endpoints are dealt out to zones. */
  const dealing = new Set<Key>();
  return {
    name: 'endpointslice-controller',
    user: 'system:serviceaccount:kube-system:endpointslice-controller',
    workers: 5,
    watches: [
      {
        resource: resources.services,
        keys: ({ type, current }) => {
          const key = keyOfObject(current.object);
          if (type !== 'DELETED' && dealsOutZones(current.object)) dealing.add(key);
          else dealing.delete(key);
          return [key];
        },
      },
      { resource: resources.pods, keys: servicesOfPod },
      { resource: resources.endpointSlices, keys: keysOfSlice },
      {
        resource: resources.nodes,
        keys: (change, world) => {
          const dealt = zones.heed(change) ? dealing : none;
          return hasMoved(change) ? [...dealt, ...servicesOnNode(change.ref.name, world)] : [...dealt];
        },
      },
    ],
    reconcile: (input) => reconcile(input, zones),
  };
}

const none: readonly Key[] = [];

function reconcile({ world, key, random, memory }: ReconcileInput<Memory>, zones: Zones): Plan<Memory> {
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
  const notes: PlannedNote[] = [];
  const problems: Partial<Record<Family, string>> = {};
  const deals = dealsOutZones(service);
  // As upstream tells it: of the service as a whole that zones are dealt endpoints, of each family why they are not.
  let areDealt = Object.values(memory?.problems ?? {}).includes('');
  for (const family of families) {
    const slices = existing.filter(({ addressType }) => addressType === family);
    const shares = deals ? zones.shares(world) : undefined;
    const done = familyWrites({ world, service, family, slices, pods, trigger, random, shares });
    writes.push(...done.writes);
    const problem = deals ? (done.problem ?? '') : 'Topology Aware Hints has been disabled';
    const isNews = problem === '' ? !areDealt : deals ? problem !== memory?.problems?.[family] : areDealt;
    if (isNews) notes.push(hintsNote(service, family, problem));
    if (deals) problems[family] = problem;
    areDealt = problem === '';
  }
  return {
    writes,
    notes,
    pauseMs: restMs(selected.length, podsPerMs),
    remember: { memory: { ...trigger.memory, problems } },
  };
}

type FamilyWork = {
  readonly world: ObjectReader;
  readonly service: Service;
  readonly family: Family;
  readonly slices: readonly EndpointSlice[];
  readonly pods: readonly Pod[];
  readonly trigger: Trigger;
  readonly random: Random;
  readonly shares: ZoneShares | undefined;
};

/** `problem`: why zones are not dealt their endpoints, where they should be. */
type FamilyDone = { readonly writes: Write[]; readonly problem: string | undefined };

function familyWrites(work: FamilyWork): FamilyDone {
  const { service, family, trigger, random } = work;
  const { created, changed, kept, gone } = placed(work);
  const slices = [...changed.keys()];
  const contents = { fresh: [...created.map(({ endpoints }) => endpoints), ...changed.values()], kept };
  const dealt = dealsOutZones(service) ? dealtOut(contents, work.shares) : { ...contents, changed: new Map() };
  const updates = new Map(slices.map((slice, i) => [slice, dealt.fresh[created.length + i] ?? []]));
  for (const [slice, endpoints] of dealt.changed) updates.set(slice, endpoints);
  return {
    writes: [
      ...Array.from(updates, ([slice, endpoints]) => update(service, slice, { endpoints, trigger })),
      ...kept.filter((slice) => !updates.has(slice)).flatMap((slice) => relabel(service, slice, trigger)),
      ...gone.map(removal),
      ...created.map(({ ports }, i) =>
        creation({ service, family, ports, endpoints: dealt.fresh[i] ?? [], trigger, random }),
      ),
    ],
    problem: 'problem' in dealt ? dealt.problem : undefined,
  };
}

type Placed = {
  readonly created: { readonly ports: readonly EndpointPort[]; readonly endpoints: readonly SliceEndpoint[] }[];
  readonly changed: Map<EndpointSlice, readonly SliceEndpoint[]>;
  readonly kept: EndpointSlice[];
  readonly gone: readonly EndpointSlice[];
};

/** Which slices there are to be, and with what in them. */
function placed({ slices, ...work }: FamilyWork): Placed {
  const created: Placed['created'] = [];
  const changed: Placed['changed'] = new Map();
  const kept: EndpointSlice[] = [];
  const emptied: EndpointSlice[] = [];
  const known = new Set<EndpointSlice>();
  for (const wanted of wantedGroups(work)) {
    const alike = slices.filter((slice) => samePorts(slice.ports ?? [], wanted.ports));
    for (const slice of alike) known.add(slice);
    const packing = pack(alike, wanted);
    for (const [slice, endpoints] of packing.changed) changed.set(slice, endpoints);
    kept.push(...alike.filter((slice) => !packing.changed.has(slice) && !packing.emptied.includes(slice)));
    // A service without pods keeps one slice, so that its absence means that nobody has looked yet.
    const spare = wanted.endpoints.size === 0 ? packing.emptied[0] : undefined;
    if (spare !== undefined && (spare.endpoints?.length ?? 0) === 0) kept.push(spare);
    else if (spare !== undefined) changed.set(spare, []);
    emptied.push(...packing.emptied.filter((slice) => slice !== spare));
    const contents = wanted.endpoints.size === 0 && alike.length === 0 ? [[]] : packing.added;
    for (const endpoints of contents) created.push({ ports: wanted.ports, endpoints });
  }
  return { created, changed, kept, gone: [...emptied, ...slices.filter((slice) => !known.has(slice))] };
}

/** Endpoints by their ports, which may differ between pods where the service names its target ports. */
function wantedGroups({ world, service, family, pods }: Omit<FamilyWork, 'slices'>): Wanted[] {
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
  if (groups.size === 0) return [{ ports: [], endpoints: new Map() }];
  const keepsHints = dealsOutZones(service);
  return Array.from(groups.values(), (group) => ({ ...group, keepsHints }));
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
    ...(ready ? nearHints(service, { zone, nodeName }) : undefined),
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

/** A slice of a service that was deleted and made anew goes. */
function isOwned({ metadata: { ownerReferences = [] } }: EndpointSlice, { metadata: { uid } }: Service): boolean {
  return ownerReferences.some((owner) => owner.uid === uid);
}

function removal({ metadata: { namespace = '', name, uid } }: EndpointSlice): DeleteWrite {
  return { kind: 'delete', resource: resources.endpointSlices, namespace, name, uid };
}

function sliceLabels(service: Service): Record<string, string> {
  return endpointLabels(service, { [serviceNameLabel]: service.metadata.name, [managedByLabel]: manager });
}

function hintsNote(service: Service, family: Family, problem: string): PlannedNote {
  const [type, reason] = problem === '' ? (['Normal', 'Enabled'] as const) : (['Warning', 'Disabled'] as const);
  const message = `${problem || 'Topology Aware Hints has been enabled'}, addressType: ${family}`;
  return { regarding: service, type, reason: `TopologyAwareHints${reason}`, message, component };
}

/** The zone of a node that was known to be elsewhere has to be told of the endpoints there. */
function hasMoved({ type, current, previous, event }: WatchedChange): boolean {
  if (type === 'DELETED' || event === undefined) return false;
  return previous?.object.metadata.labels?.[zoneLabel] !== current.object.metadata.labels?.[zoneLabel];
}

/** Its own new slices are known; what others do to them is put right. */
function keysOfSlice({ type, current }: WatchedChange): readonly Key[] {
  const { namespace = '', labels } = current.object.metadata;
  const name = labels?.[serviceNameLabel];
  if (type === 'ADDED' || name === undefined || labels?.[managedByLabel] !== manager) return [];
  return [`${namespace}/${name}`];
}
