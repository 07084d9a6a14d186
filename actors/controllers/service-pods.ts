// Which pods stand behind a service, at which of their ports, and which changes of a pod a service has to hear of.
// Endpoints and EndpointSlices are two forms of the same answer.

import { matchesLabels } from '../../streams/resources/labels.ts';
import type { KubeObject } from '../../streams/resources/meta.ts';
import { resources } from '../../streams/resources/names.ts';
import type { Pod } from '../../streams/resources/pod.ts';
import type { EndpointPort, ObjectReference, Service, ServicePort } from '../../streams/resources/service.ts';
import type { ObjectReader } from '../../streams/views/object-reader.ts';
import type { Key, WatchedChange } from '../kit/controller.ts';
import { keyOfObject } from '../kit/object-key.ts';
import { sameJson } from '../kit/same-json.ts';
import { isPodReady, isPodTerminal } from '../pod/pod-conditions.ts';

export const headlessLabel = 'service.kubernetes.io/headless';

export function isHeadless({ spec }: Service): boolean {
  return spec.clusterIP === 'None';
}

/** Services without a selector are filled by somebody else. */
export function hasSelector({ spec }: Service): boolean {
  return spec.selector !== undefined && Object.keys(spec.selector).length > 0;
}

/** Pods the service selects, in order of their names. */
export function selectedPods(world: ObjectReader, { metadata, spec }: Service): Pod[] {
  return world.list<Pod>(resources.pods, { namespace: metadata.namespace ?? '', labels: spec.selector ?? {} });
}

/** It has an address and is not over. */
export function hasEndpoint(pod: Pod): boolean {
  return (pod.status?.podIP ?? '') !== '' && !isPodTerminal(pod);
}

/** All endpoints of a service are made anew at every look, which takes longer than counting pods. */
export const podsPerMs = 10;

/** The service's ports as this pod has them. A named port the pod does not have is left out. */
export function podPorts({ spec }: Service, pod: Pod): EndpointPort[] {
  const ports: EndpointPort[] = [];
  for (const servicePort of spec.ports ?? []) {
    const port = targetPort(servicePort, pod);
    if (port === undefined) continue;
    ports.push({
      ...(servicePort.name === undefined || servicePort.name === '' ? undefined : { name: servicePort.name }),
      port,
      protocol: servicePort.protocol ?? 'TCP',
      ...(servicePort.appProtocol === undefined ? undefined : { appProtocol: servicePort.appProtocol }),
    });
  }
  return ports;
}

function targetPort({ port, targetPort, protocol = 'TCP' }: ServicePort, pod: Pod): number | undefined {
  if (targetPort === undefined || targetPort === 0 || targetPort === '') return port;
  if (typeof targetPort === 'number') return targetPort;
  for (const container of [...pod.spec.containers, ...(pod.spec.initContainers ?? [])]) {
    for (const candidate of container.ports ?? []) {
      if (candidate.name === targetPort && (candidate.protocol ?? 'TCP') === protocol) return candidate.containerPort;
    }
  }
  return undefined;
}

export function podReference({ metadata }: Pod): ObjectReference {
  return { kind: 'Pod', namespace: metadata.namespace ?? '', name: metadata.name, uid: metadata.uid };
}

/** The pod's own DNS name below the service, which a stateful set's pods have. */
export function hostnameOf({ metadata, spec }: Pod, service: Service): string | undefined {
  const own = spec.hostname !== undefined && spec.hostname !== '' && spec.subdomain === service.metadata.name;
  return own && metadata.namespace === service.metadata.namespace ? spec.hostname : undefined;
}

/** Services whose endpoints this change of a pod may touch. */
export function servicesOfPod({ type, current, previous }: WatchedChange, world: ObjectReader): Key[] {
  const after = current.object as unknown as Pod;
  const before = previous?.object as unknown as Pod | undefined;
  if (type === 'MODIFIED' && before !== undefined && isSameEndpoint(before, after)) return [];
  const keys: Key[] = [];
  for (const service of world.list<Service>(resources.services, { namespace: current.ref.namespace })) {
    if (!hasSelector(service)) continue;
    const selects = ({ metadata }: KubeObject) => matchesLabels(service.spec.selector ?? {}, metadata.labels);
    if (selects(after) || (before !== undefined && selects(before))) keys.push(keyOfObject(service));
  }
  return keys;
}

/** Services with endpoints on the node. */
export function servicesOnNode(node: string, world: ObjectReader): Key[] {
  const byNamespace = new Map<string, Pod[]>();
  for (const pod of world.podsOnNode<Pod>(node)) {
    if (!hasEndpoint(pod)) continue;
    const { namespace = '' } = pod.metadata;
    const pods = byNamespace.get(namespace);
    if (pods === undefined) byNamespace.set(namespace, [pod]);
    else pods.push(pod);
  }
  const keys: Key[] = [];
  for (const [namespace, pods] of byNamespace) {
    for (const service of world.list<Service>(resources.services, { namespace })) {
      const { selector = {} } = service.spec;
      if (hasSelector(service) && pods.some(({ metadata }) => matchesLabels(selector, metadata.labels)))
        keys.push(keyOfObject(service));
    }
  }
  return keys;
}

/** Whether all that endpoints say of the pod is as it was. Asked for every change of every pod, by two controllers. */
function isSameEndpoint(before: Pod, after: Pod): boolean {
  return (
    before.spec.nodeName === after.spec.nodeName &&
    isPodReady(before) === isPodReady(after) &&
    isPodTerminal(before) === isPodTerminal(after) &&
    (before.metadata.deletionTimestamp === undefined) === (after.metadata.deletionTimestamp === undefined) &&
    before.spec.hostname === after.spec.hostname &&
    before.spec.subdomain === after.spec.subdomain &&
    sameJson(addressesOf(before), addressesOf(after)) &&
    sameJson(before.metadata.labels, after.metadata.labels)
  );
}

function addressesOf({ status }: Pod): unknown {
  return status?.podIPs ?? status?.podIP;
}

/** Labels of the service that its endpoints carry on, and those that say what they are. */
export function endpointLabels(service: Service, own: Readonly<Record<string, string>>): Record<string, string> {
  const { [headlessLabel]: _, ...labels } = service.metadata.labels ?? {};
  return { ...labels, ...own, ...(isHeadless(service) ? { [headlessLabel]: '' } : undefined) };
}
