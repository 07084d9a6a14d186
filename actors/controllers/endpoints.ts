// The endpoints controller: for each service with a selector one Endpoints object of the same name, with the addresses
// of its pods. Older clients read it; the proxy reads EndpointSlices.

import { resources } from '../../streams/resources/names.ts';
import type { Pod } from '../../streams/resources/pod.ts';
import type {
  EndpointAddress,
  EndpointPort,
  EndpointSubset,
  Endpoints,
  Service,
} from '../../streams/resources/service.ts';
import type { Controller, Plan, ReconcileInput } from '../kit/controller.ts';
import { keyOfObject, parseKey } from '../kit/object-key.ts';
import { restMs } from '../kit/rest.ts';
import { sameJson } from '../kit/same-json.ts';
import type { Write } from '../kit/write.ts';
import { isPodReady } from '../pod/pod-conditions.ts';
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
import { type Trigger, type TriggerMemory, triggerOf, withTriggerTime } from './trigger-time.ts';

const managedBy = 'endpoints.kubernetes.io/managed-by';
const overCapacity = 'endpoints.kubernetes.io/over-capacity';
const own = { [managedBy]: 'endpoint-controller' };
/** Addresses an Endpoints object holds; slices hold the rest. */
const addressesMax = 1_000;

export function endpointsController(): Controller<TriggerMemory> {
  return {
    name: 'endpoints-controller',
    user: 'system:serviceaccount:kube-system:endpoint-controller',
    workers: 5,
    watches: [
      { resource: resources.services, keys: ({ current }) => [keyOfObject(current.object)] },
      { resource: resources.pods, keys: servicesOfPod },
      {
        resource: resources.endpoints,
        // Its own work is known; what others do away with is put back, and what a service left behind is found at start.
        keys: ({ type, previous, current }) =>
          type === 'DELETED' || (previous === undefined && isOurs(current.object as Endpoints))
            ? [keyOfObject(current.object)]
            : [],
      },
    ],
    reconcile,
  };
}

function reconcile({ world, key, memory }: ReconcileInput<TriggerMemory>): Plan<TriggerMemory> {
  const name = parseKey(key);
  const service = world.get<Service>(resources.services, name);
  const current = world.get<Endpoints>(resources.endpoints, name);
  if (service === undefined) {
    const writes = current !== undefined && isOurs(current) ? [removal(current)] : [];
    return { writes, remember: { memory: undefined } };
  }
  if (!hasSelector(service) || service.spec.type === 'ExternalName') return { writes: [] };
  if (service.metadata.deletionTimestamp !== undefined) return { writes: [] };
  const selected = selectedPods(world, service);
  const pods = selected.filter(hasEndpoint);
  const { subsets, truncated } = subsetsOf(service, pods);
  const trigger = triggerOf(service, { pods: selected, memory });
  const after = { pauseMs: restMs(selected.length, podsPerMs), remember: { memory: trigger.memory } };
  if (current === undefined) {
    if (isTerminating(world, name.namespace)) return { writes: [] };
    const annotations = withTriggerTime(truncated ? { [overCapacity]: 'truncated' } : undefined, trigger);
    const object = {
      apiVersion: 'v1',
      kind: 'Endpoints',
      metadata: {
        ...name,
        labels: endpointLabels(service, own),
        ...(annotations && { annotations }),
      },
      ...(subsets.length === 0 ? undefined : { subsets }),
    };
    return { writes: [{ kind: 'create', resource: resources.endpoints, object }], ...after };
  }
  const object = changed(current, { service, subsets, truncated, trigger });
  return object === current
    ? { writes: [], ...after }
    : { writes: [{ kind: 'update', resource: resources.endpoints, object }], ...after };
}

/** Endpoints that somebody made by hand are not taken away with a service. */
function isOurs({ metadata }: Endpoints): boolean {
  return metadata.labels?.[managedBy] === own[managedBy];
}

function removal({ metadata: { namespace = '', name, uid } }: Endpoints): Write {
  return { kind: 'delete', resource: resources.endpoints, namespace, name, uid };
}

type Change = {
  readonly service: Service;
  readonly subsets: readonly EndpointSubset[];
  readonly truncated: boolean;
  readonly trigger: Trigger;
};

function changed(current: Endpoints, { service, subsets, truncated, trigger }: Change): Endpoints {
  const labels = endpointLabels(service, own);
  const { [overCapacity]: mark, ...others } = current.metadata.annotations ?? {};
  const sameMark = (mark === 'truncated') === truncated && (truncated || mark === undefined);
  if (sameMark && sameJson(labels, current.metadata.labels) && sameJson(subsets, current.subsets ?? [])) return current;
  const annotations = withTriggerTime(truncated ? { ...others, [overCapacity]: 'truncated' } : others, trigger);
  const { subsets: _, ...rest } = current;
  const { annotations: __, ...metadata } = current.metadata;
  return {
    ...rest,
    metadata: { ...metadata, labels, ...(annotations && { annotations }) },
    ...(subsets.length === 0 ? undefined : { subsets }),
  };
}

type Subset = {
  readonly ports: readonly EndpointPort[];
  readonly ready: EndpointAddress[];
  readonly notReady: EndpointAddress[];
};

/** Pods with the same ports make one subset. */
function subsetsOf(service: Service, pods: readonly Pod[]): { subsets: EndpointSubset[]; truncated: boolean } {
  const publishAll = service.spec.publishNotReadyAddresses === true;
  const byPorts = new Map<string, Subset>();
  let left = addressesMax;
  let truncated = false;
  // Ready pods come first, so that those beyond the limit are ones nobody is sent to.
  const serving = pods.filter((pod) => publishAll || pod.metadata.deletionTimestamp === undefined);
  const ranked = [...serving].sort((a, b) => Number(isPodReady(b)) - Number(isPodReady(a)));
  for (const pod of ranked) {
    const ports = podPorts(service, pod);
    if (ports.length === 0 && !(isHeadless(service) && (service.spec.ports?.length ?? 0) === 0)) continue;
    if (left === 0) {
      truncated = true;
      break;
    }
    left--;
    const id = JSON.stringify(ports);
    const subset = byPorts.get(id) ?? { ports, ready: [], notReady: [] };
    byPorts.set(id, subset);
    (publishAll || isPodReady(pod) ? subset.ready : subset.notReady).push(addressOf(service, pod));
  }
  const ids = [...byPorts.keys()].sort();
  return { subsets: ids.map((id) => subsetOf(byPorts.get(id))), truncated };
}

function subsetOf({ ports, ready, notReady }: Subset = { ports: [], ready: [], notReady: [] }): EndpointSubset {
  return {
    ...(ready.length === 0 ? undefined : { addresses: ready.sort(byIp) }),
    ...(notReady.length === 0 ? undefined : { notReadyAddresses: notReady.sort(byIp) }),
    ...(ports.length === 0 ? undefined : { ports }),
  };
}

function addressOf(service: Service, pod: Pod): EndpointAddress {
  const hostname = hostnameOf(pod, service);
  const nodeName = pod.spec.nodeName ?? '';
  return {
    ip: pod.status?.podIP ?? '',
    ...(hostname === undefined ? undefined : { hostname }),
    ...(nodeName === '' ? undefined : { nodeName }),
    targetRef: podReference(pod),
  };
}

function byIp(a: EndpointAddress, b: EndpointAddress): number {
  return a.ip < b.ip ? -1 : a.ip > b.ip ? 1 : 0;
}
