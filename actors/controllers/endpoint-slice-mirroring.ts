// The endpoint slice mirroring controller: Endpoints that somebody writes by hand, for a service without a selector, as
// slices, which the proxy reads. One slice for each family and set of ports, with a thousand addresses at most.

import type { Random } from '../../streams/base/random.ts';
import { resources } from '../../streams/resources/names.ts';
import type {
  EndpointPort,
  EndpointSlice,
  Endpoints,
  Service,
  SliceEndpoint,
} from '../../streams/resources/service.ts';
import type { ObjectReader } from '../../streams/views/object-reader.ts';
import type { Controller, Key, Plan, PlannedNote, ReconcileInput, WatchedChange } from '../kit/controller.ts';
import { keyOfObject, parseKey } from '../kit/object-key.ts';
import { sameJson } from '../kit/same-json.ts';
import type { Write } from '../kit/write.ts';
import { type Repacked, repacked } from './endpoint-repacking.ts';
import { managedByLabel, newSlice, samePorts, serviceNameLabel } from './endpoint-slice-names.ts';
import { isTerminating } from './namespace-phase.ts';
import { hasSelector } from './service-pods.ts';

const manager = 'endpointslicemirroring-controller.k8s.io';
const skipLabel = 'endpointslice.kubernetes.io/skip-mirror';
const leaderAnnotation = 'control-plane.alpha.kubernetes.io/leader';
const notMirrored: ReadonlySet<string> = new Set([
  'endpoints.kubernetes.io/last-change-trigger-time',
  'kubectl.kubernetes.io/last-applied-configuration',
]);
const addressesPerSubsetMax = 1_000;
const component = 'endpoint-slice-mirroring-controller';

type Family = 'IPv4' | 'IPv6';
type Wanted = {
  readonly family: Family;
  readonly ports: readonly EndpointPort[];
  readonly endpoints: readonly SliceEndpoint[];
};

export function endpointSliceMirroringController(): Controller {
  return {
    name: 'endpointslice-mirroring-controller',
    user: 'system:serviceaccount:kube-system:endpointslicemirroring-controller',
    workers: 5,
    watches: [
      { resource: resources.endpoints, keys: keysOfEndpoints },
      { resource: resources.services, keys: keysOfService },
      { resource: resources.endpointSlices, keys: keysOfSlice },
    ],
    reconcile,
  };
}

function reconcile({ world, key, random }: ReconcileInput): Plan {
  const name = parseKey(key);
  const existing = slicesOf(world, name);
  const endpoints = world.get<Endpoints>(resources.endpoints, name);
  const service = world.get<Service>(resources.services, name);
  if (endpoints === undefined || service === undefined || !isMirrored(endpoints) || hasSelector(service)) {
    return { writes: existing.map(removal) };
  }
  const { wanted, notes } = wantedSlices(endpoints);
  const spare = new Map<Family, EndpointSlice[]>([
    ['IPv4', []],
    ['IPv6', []],
  ]);
  const placed = wanted.map((one) => {
    const alike = existing.filter(
      (slice) => slice.addressType === one.family && samePorts(slice.ports ?? [], one.ports),
    );
    return { one, slice: alike[0] };
  });
  const kept = new Set(placed.map(({ slice }) => slice));
  for (const slice of existing) if (!kept.has(slice)) spare.get(slice.addressType as Family)?.push(slice);
  const writes: Write[] = [];
  for (const { one, slice } of placed) {
    // A slice that is not needed any more is used again rather than one deleted and another made.
    const used = slice ?? spare.get(one.family)?.shift();
    if (used !== undefined) writes.push(...changed(used, { endpoints, wanted: one }));
    else if (endpoints.metadata.deletionTimestamp === undefined && !isTerminating(world, name.namespace))
      writes.push(creation({ endpoints, wanted: one, random }));
  }
  return { writes: [...writes, ...[...spare.values()].flat().map(removal)], notes: writes.length === 0 ? [] : notes };
}

function isMirrored({ metadata: { labels = {}, annotations = {} } }: Endpoints): boolean {
  return labels[skipLabel] !== 'true' && annotations[leaderAnnotation] === undefined;
}

/** The slices there should be, and what is to be told of addresses that cannot be in any. */
function wantedSlices(endpoints: Endpoints): { readonly wanted: Wanted[]; readonly notes: readonly PlannedNote[] } {
  const wanted: Wanted[] = [];
  let [invalid, skipped] = [0, 0];
  for (const subset of repacked(endpoints.subsets ?? [])) {
    const taken = takenFrom(subset);
    invalid += taken.invalid;
    skipped += subset.addresses.length - taken.count;
    for (const [family, list] of taken.byFamily) {
      if (list.length > 0) wanted.push({ family, ports: subset.ports.map(slicePort), endpoints: list });
    }
  }
  const warning = (reason: string, message: string): PlannedNote => {
    return { regarding: endpoints, type: 'Warning', reason, message, component };
  };
  const notes: PlannedNote[] = [];
  if (invalid > 0) {
    const message = `Skipped ${invalid} invalid IP addresses when mirroring to EndpointSlices`;
    notes.push(warning('InvalidIPAddress', message));
  }
  if (skipped > invalid) {
    const message = `A max of ${addressesPerSubsetMax} addresses can be mirrored to EndpointSlices per Endpoints subset. ${skipped} addresses were skipped`;
    notes.push(warning('TooManyAddressesToMirror', message));
  }
  return { wanted, notes };
}

/** Addresses by family, the ready ones first. */
function takenFrom({ addresses }: Repacked) {
  const byFamily = new Map<Family, SliceEndpoint[]>([
    ['IPv4', []],
    ['IPv6', []],
  ]);
  let [count, invalid] = [0, 0];
  const ranked = [...addresses].sort((a, b) => Number(b.ready) - Number(a.ready));
  for (const { address, ready } of ranked) {
    if (count >= addressesPerSubsetMax) break;
    const family = familyOf(address.ip);
    if (family === undefined) {
      invalid++;
      continue;
    }
    count++;
    const { ip, hostname = '', nodeName, targetRef } = address;
    byFamily.get(family)?.push({
      addresses: [ip],
      conditions: { ready },
      ...(hostname !== '' && { hostname }),
      ...(nodeName !== undefined && { nodeName }),
      ...(targetRef !== undefined && { targetRef }),
    });
  }
  return { byFamily, count, invalid };
}

function familyOf(ip: string): Family | undefined {
  if (/^\d{1,3}(\.\d{1,3}){3}$/.test(ip)) return ip.split('.').every((part) => Number(part) < 256) ? 'IPv4' : undefined;
  return /^[0-9a-fA-F:.]*:[0-9a-fA-F:.]*$/.test(ip) ? 'IPv6' : undefined;
}

function slicePort({ name = '', port, protocol = 'TCP', appProtocol }: EndpointPort): EndpointPort {
  return {
    name,
    ...(port !== undefined && { port }),
    protocol,
    ...(appProtocol !== undefined && { appProtocol }),
  };
}

type Making = { readonly endpoints: Endpoints; readonly wanted: Wanted };

/** Labels and annotations of the Endpoints travel along. */
function metadataOf({ metadata }: Endpoints) {
  const kept = Object.entries(metadata.annotations ?? {}).filter(([name]) => !notMirrored.has(name));
  return {
    labels: { ...metadata.labels, [serviceNameLabel]: metadata.name, [managedByLabel]: manager },
    annotations: kept.length === 0 ? undefined : Object.fromEntries(kept),
  };
}

function creation({ endpoints, wanted, random }: Making & { readonly random: Random }): Write {
  const { family: addressType, ...addresses } = wanted;
  return newSlice(endpoints, { ...metadataOf(endpoints), addressType, ...addresses, random });
}

function changed(slice: EndpointSlice, { endpoints, wanted }: Making): Write[] {
  const { labels, annotations } = metadataOf(endpoints);
  const same =
    sameJson(labels, slice.metadata.labels) &&
    sameJson(annotations ?? {}, slice.metadata.annotations ?? {}) &&
    samePorts(slice.ports ?? [], wanted.ports) &&
    sameJson(inOrder(slice.endpoints ?? []), inOrder(wanted.endpoints));
  if (same) return [];
  const { annotations: _, ...rest } = slice.metadata;
  const object: EndpointSlice = {
    ...slice,
    metadata: { ...rest, labels, ...(annotations && { annotations }) },
    endpoints: wanted.endpoints,
    ports: wanted.ports,
  };
  return [{ kind: 'update', resource: resources.endpointSlices, object }];
}

function inOrder(endpoints: readonly SliceEndpoint[]): readonly SliceEndpoint[] {
  const address = ({ addresses: [first = ''] }: SliceEndpoint) => first;
  return [...endpoints].sort((a, b) => (address(a) < address(b) ? -1 : 1));
}

function slicesOf(world: ObjectReader, { namespace, name }: { namespace: string; name: string }): EndpointSlice[] {
  const labels = { [serviceNameLabel]: name, [managedByLabel]: manager };
  return world
    .list<EndpointSlice>(resources.endpointSlices, { namespace, labels })
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined);
}

function removal({ metadata: { namespace = '', name, uid } }: EndpointSlice): Write {
  return { kind: 'delete', resource: resources.endpointSlices, namespace, name, uid };
}

function keysOfEndpoints({ current, previous }: WatchedChange): readonly Key[] {
  const [after, before] = [current.object as Endpoints, previous?.object as Endpoints | undefined];
  return isMirrored(after) || (before !== undefined && isMirrored(before)) ? [keyOfObject(after)] : [];
}

/** A service matters where it has no selector, or has just got or lost one. */
function keysOfService({ type, current, previous }: WatchedChange): readonly Key[] {
  const [after, before] = [current.object as unknown as Service, previous?.object as unknown as Service | undefined];
  const selects = hasSelector(after);
  if (type === 'MODIFIED' && before !== undefined) return selects === hasSelector(before) ? [] : [keyOfObject(after)];
  return selects ? [] : [keyOfObject(after)];
}

/** Its own new slices are known; what others do to them is put right. */
function keysOfSlice({ type, current, previous }: WatchedChange): readonly Key[] {
  const keys: Key[] = [];
  for (const slice of [current.object, previous?.object]) {
    const { namespace = '', labels } = slice?.metadata ?? {};
    const name = labels?.[serviceNameLabel];
    if (name !== undefined && labels?.[managedByLabel] === manager) keys.push(`${namespace}/${name}`);
  }
  return type === 'ADDED' ? [] : [...new Set(keys)];
}
