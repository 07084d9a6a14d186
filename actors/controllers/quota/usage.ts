// What one object uses of the resources a ResourceQuota limits, under the names quotas have for them. Objects of every
// kind are counted as `count/<resource>.<group>`; pods, services and claims are measured as well.
// Sources: KEP-2579's predecessor design resource_quota.md and upstream's evaluators, whose names these are.

import type { KubeObject, ResourceName } from '../../../streams/resources/meta.ts';
import type { Pod, Quantities } from '../../../streams/resources/pod.ts';
import { addAmounts, limitSums, requestSums } from '../../../streams/resources/pod-resources.ts';
import { compareQuantity, type Quantity, quantityOf, wholeQuantity } from '../../../streams/resources/quantity.ts';
import type { Service } from '../../../streams/resources/service.ts';

export type Usage = ReadonlyMap<string, Quantity>;

type Claim = KubeObject & {
  readonly spec?: { readonly storageClassName?: string; readonly resources?: { readonly requests?: Quantities } };
  readonly status?: { readonly allocatedResources?: Quantities };
};

const one = wholeQuantity(1);
/** Kinds that were counted under their plain name before there was `count/`. */
const plainlyCounted: ReadonlySet<string> = new Set([
  'configmaps',
  'persistentvolumeclaims',
  'replicationcontrollers',
  'resourcequotas',
  'secrets',
  'services',
]);
const classSuffix = '.storageclass.storage.k8s.io/';
const classAnnotation = 'volume.beta.kubernetes.io/storage-class';
const computed = ['cpu', 'memory', 'ephemeral-storage'];
const podNames: ReadonlySet<string> = new Set([
  'pods',
  'count/pods',
  ...computed.flatMap((name) => [name, `requests.${name}`, `limits.${name}`]),
]);

/** The name under which objects of the resource are counted, e.g. `count/deployments.apps`. */
export function countName({ group, resource }: ResourceName): string {
  return group === '' ? `count/${resource}` : `count/${resource}.${group}`;
}

/** Whether objects of the resource may use what the name stands for. */
export function uses(of: ResourceName, name: string): boolean {
  if (name === countName(of)) return true;
  if (of.group !== '') return false;
  switch (of.resource) {
    case 'pods':
      return podNames.has(name) || /^(requests\.)?hugepages-/.test(name) || isExtendedRequest(name);
    case 'services':
      return name === 'services' || name === 'services.nodeports' || name === 'services.loadbalancers';
    case 'persistentvolumeclaims':
      return name === 'persistentvolumeclaims' || name === 'requests.storage' || name.includes(classSuffix);
    default:
      return plainlyCounted.has(name) && name === of.resource;
  }
}

/** The resource a name is used by; undefined for names nothing uses. */
export function userOf(name: string): ResourceName | undefined {
  if (name.startsWith('count/')) {
    const [resource = '', ...group] = name.slice('count/'.length).split('.');
    return { group: group.join('.'), resource };
  }
  if (plainlyCounted.has(name)) return { group: '', resource: name };
  for (const resource of ['pods', 'services', 'persistentvolumeclaims']) {
    if (uses({ group: '', resource }, name)) return { group: '', resource };
  }
  return undefined;
}

/** Versions of objects are never changed, so each is measured once. Finished pods use nothing but their count. */
export function usageOf(of: ResourceName, object: KubeObject, nowMs: number): Usage {
  if (of.group === '' && of.resource === 'pods' && isOver(object as unknown as Pod, nowMs)) return counted.pods;
  let usage = measured.get(object);
  if (usage === undefined) {
    usage = measure(of, object);
    measured.set(object, usage);
  }
  return usage;
}

const measured = new WeakMap<KubeObject, Usage>();
const counted = { pods: new Map([['count/pods', one]]) };

function measure(of: ResourceName, object: KubeObject): Usage {
  const usage = new Map<string, Quantity>([[countName(of), one]]);
  if (of.group !== '') return usage;
  if (plainlyCounted.has(of.resource)) usage.set(of.resource, one);
  if (of.resource === 'pods') measurePod(usage, (object as unknown as Pod).spec);
  else if (of.resource === 'services') measureService(usage, object as Service);
  else if (of.resource === 'persistentvolumeclaims') measureClaim(usage, object as Claim);
  return usage;
}

function measurePod(usage: Map<string, Quantity>, spec: Pod['spec']): void {
  usage.set('pods', one);
  const requests = new Map(requestSums(spec));
  addAmounts(requests, spec.overhead);
  for (const [name, amount] of requests) {
    if (computed.includes(name) || name.startsWith('hugepages-')) usage.set(name, amount);
    if (computed.includes(name) || name.startsWith('hugepages-') || name.includes('/')) {
      usage.set(`requests.${name}`, amount);
    }
  }
  const limits = new Map(limitSums(spec));
  for (const name of computed) {
    const limit = limits.get(name);
    if (limit === undefined) continue;
    const overhead = limit.nano > 0n ? spec.overhead?.[name] : undefined;
    const sum = new Map([[name, limit]]);
    if (overhead !== undefined) addAmounts(sum, { [name]: overhead });
    usage.set(`limits.${name}`, sum.get(name) ?? limit);
  }
}

function measureService(usage: Map<string, Quantity>, { spec }: Service): void {
  const ports = spec.ports ?? [];
  let nodePorts = spec.type === 'NodePort' || spec.type === 'LoadBalancer' ? ports.length : 0;
  if (spec.type === 'LoadBalancer') {
    const { allocateLoadBalancerNodePorts = true } = spec as { allocateLoadBalancerNodePorts?: boolean };
    if (!allocateLoadBalancerNodePorts) nodePorts = ports.filter(({ nodePort }) => nodePort).length;
  }
  usage.set('services.nodeports', wholeQuantity(nodePorts));
  usage.set('services.loadbalancers', wholeQuantity(spec.type === 'LoadBalancer' ? 1 : 0));
}

function measureClaim(usage: Map<string, Quantity>, { metadata, spec, status }: Claim): void {
  const storageClass = metadata.annotations?.[classAnnotation] ?? spec?.storageClassName ?? '';
  const ofClass = (name: string) => `${storageClass}${classSuffix}${name}`;
  if (storageClass !== '') usage.set(ofClass('persistentvolumeclaims'), one);
  const requested = spec?.resources?.requests?.storage;
  if (requested === undefined) return;
  // What a volume has grown to is used even where the claim asks for less again.
  const allocated = status?.allocatedResources?.storage;
  const [asked, given] = [quantityOf(requested), quantityOf(allocated ?? '0')];
  const storage = compareQuantity(given, asked) > 0 ? given : asked;
  usage.set('requests.storage', storage);
  if (storageClass !== '') usage.set(ofClass('requests.storage'), storage);
}

/** It has ended, or should have been gone by now. */
function isOver({ metadata, status }: Pod, nowMs: number): boolean {
  if (status?.phase === 'Succeeded' || status?.phase === 'Failed') return true;
  const { deletionTimestamp, deletionGracePeriodSeconds: grace } = metadata;
  if (deletionTimestamp === undefined || grace === undefined) return false;
  return nowMs > Date.parse(deletionTimestamp) + grace * 1_000;
}

function isExtendedRequest(name: string): boolean {
  return name.startsWith('requests.') && name.includes('/') && !name.includes('kubernetes.io/');
}
