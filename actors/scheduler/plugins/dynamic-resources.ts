// Pods that claim devices: a claim that has its devices holds the pod to the nodes that reach them; one that has none yet
// is given devices of the node the pod goes to. The claim's status says so before the pod is bound (KEP-4381). Devices
// that are shared out in parts (counters, consumable capacity) are not given.

import type { Allocation, DeviceClaimSpec, DeviceClass, ResourceSlice } from '../../../streams/resources/device.ts';
import type { ResourceName } from '../../../streams/resources/meta.ts';
import { resources } from '../../../streams/resources/names.ts';
import {
  allocatedFinalizer,
  claimNameOf,
  consumersMax,
  isClaimOfPod,
  isReservedFor,
  type ResourceClaim,
} from '../../../streams/resources/resource-claim.ts';
import type { ClusterSnapshot } from '../cluster-snapshot.ts';
import { stateKey } from '../cycle-state.ts';
import { allocate, type SelectsDevice } from '../devices/allocate.ts';
import { completeSlices, devicesFor } from '../devices/node-devices.ts';
import {
  type ClusterEvent,
  type NodeFilter,
  type Plugin,
  type PreFilterResult,
  type Preparation,
  type Rejection,
  skip,
} from '../framework.ts';
import { matchesAnyTerm } from '../node-selector.ts';
import type { WaitingPod } from '../pod-shape.ts';

const name = 'DynamicResources';
export const resourceSlices: ResourceName = { group: 'resource.k8s.io', resource: 'resourceslices' };
export const deviceClasses: ResourceName = { group: 'resource.k8s.io', resource: 'deviceclasses' };
const watches = [resources.resourceClaims, resourceSlices, deviceClasses];

const no = (reason: string): Rejection => ({ plugin: name, reasons: [reason], resolvable: false });
const outOfReach = no('resourceclaim not available on the node');
const notEnough = no('cannot allocate all claims');

type Attempt = {
  readonly claims: readonly ResourceClaim[];
  /** Allocations found for a node, in the order of the claims that have none. */
  readonly found: Map<string, readonly Allocation[]>;
};

const attemptKey = stateKey<Attempt>(name);

export function dynamicResourcesWith(selects: SelectsDevice): Plugin {
  return {
    name,
    preEnqueue: {
      name,
      watches: [resources.resourceClaims],
      claims: [resources.resourceClaims],
      // Claims that are not there yet are soon made: nobody needs to be told that no node suits.
      preEnqueue: (pod, cluster) => missingClaim(pod, cluster),
    },
    filter: {
      name,
      scope: 'cluster',
      watches,
      wakesEach: [resources.resourceClaims],
      preFilter(pod, cluster, state): PreFilterResult {
        if ((pod.pod.spec.resourceClaims ?? []).length === 0) return skip;
        const claims = claimsOf(pod, cluster);
        if (!Array.isArray(claims)) return { kind: 'reject', rejection: no(claims as string) };
        const attempt: Attempt = { claims, found: new Map() };
        state.set(attemptKey, attempt);
        return { kind: 'filter', filter: filterFor(attempt, { cluster, selects, pending: pendingIn(cluster) }) };
      },
      wakesOn(event, _, { pod }) {
        if (event.kind === 'nodeAdded') return true;
        if (event.kind === 'nodeChanged') return event.aspects.labels;
        return event.kind === 'objectChanged' && helps(event, pod);
      },
    },
    postFilter: { name, postFilter: () => ({ kind: 'helpless', message: 'no new claims to deallocate' }) },
    reserve: {
      name,
      reserve(_, node, { state, cluster }) {
        const attempt = state.get(attemptKey);
        const found = attempt?.found.get(node.name);
        if (attempt === undefined || found === undefined) return undefined;
        const pending = pendingIn(cluster);
        unallocated(attempt).forEach((claim, i) => {
          const allocation = found[i];
          if (allocation !== undefined) pending.set(claim.metadata.uid, allocation);
        });
        return undefined;
      },
      unreserve(_, __, { state, cluster }) {
        const attempt = state.get(attemptKey);
        if (attempt === undefined) return;
        for (const { metadata } of unallocated(attempt)) pendingIn(cluster).delete(metadata.uid);
      },
    },
    preBind: {
      name,
      watches: [resources.resourceClaims],
      preBind(pod, _, { state, cluster }): Preparation {
        const attempt = state.get(attemptKey);
        if (attempt === undefined) return { kind: 'done' };
        const pending = pendingIn(cluster);
        for (const { metadata } of attempt.claims) {
          const step = bindStep(
            pod,
            { namespace: metadata.namespace ?? '', name: metadata.name },
            { cluster, pending },
          );
          if (step !== undefined) return step;
          pending.delete(metadata.uid);
        }
        return { kind: 'done' };
      },
    },
  };
}

/** Claim → what it is about to be given: no other pod may have these devices, whichever profile it is of. */
type Pending = Map<string, Allocation>;

/** It lives as long as the scheduler: one that leads again later begins with nothing. */
const pendingByCluster = new WeakMap<ClusterSnapshot, Pending>();

function pendingIn(cluster: ClusterSnapshot): Pending {
  let pending = pendingByCluster.get(cluster);
  if (pending === undefined) {
    pending = new Map();
    pendingByCluster.set(cluster, pending);
  }
  return pending;
}

type Ports = {
  readonly cluster: ClusterSnapshot;
  readonly selects: SelectsDevice;
  readonly pending: ReadonlyMap<string, Allocation>;
};

/** Slices and classes always may; a claim does if it is the pod's, or has given devices back. */
function helps({ resource, change, object, previous }: ObjectChanged, { pod, namespace }: WaitingPod): boolean {
  if (resource.resource !== resources.resourceClaims.resource) {
    return resource.resource === resourceSlices.resource || resource.resource === deviceClasses.resource;
  }
  const before = (previous as ResourceClaim | undefined)?.status?.allocation;
  const after = change === 'DELETED' ? undefined : (object as unknown as ResourceClaim).status?.allocation;
  if (before !== undefined && after === undefined) return true;
  if (object.metadata.namespace !== namespace) return false;
  return (pod.spec.resourceClaims ?? []).some((entry) => {
    const named = claimNameOf(pod, entry);
    return named.kind === 'named' && named.name === object.metadata.name;
  });
}

type ObjectChanged = Extract<ClusterEvent, { kind: 'objectChanged' }>;

/** Which of the pod's claims is not there. */
function missingClaim({ pod, namespace, name: podName }: WaitingPod, { world }: ClusterSnapshot): string | undefined {
  for (const entry of pod.spec.resourceClaims ?? []) {
    const named = claimNameOf(pod, entry);
    if (named.kind === 'unmade') return `pod "${namespace}/${podName}": ResourceClaim not created yet`;
    if (named.kind === 'needless') continue;
    if (world.get<ResourceClaim>(resources.resourceClaims, { namespace, name: named.name }) === undefined) {
      return `resourceclaim.resource.k8s.io "${named.name}" not found`;
    }
  }
  return undefined;
}

/** The pod's claims, or why it cannot be tried. */
function claimsOf(waiting: WaitingPod, cluster: ClusterSnapshot): ResourceClaim[] | string {
  const { pod, namespace, name: podName } = waiting;
  const { world } = cluster;
  const absent = missingClaim(waiting, cluster);
  if (absent !== undefined) return absent;
  const found: ResourceClaim[] = [];
  for (const entry of pod.spec.resourceClaims ?? []) {
    const named = claimNameOf(pod, entry);
    if (named.kind !== 'named') continue;
    const claim = world.get<ResourceClaim>(resources.resourceClaims, { namespace, name: named.name });
    if (claim === undefined) continue;
    if (claim.metadata.deletionTimestamp !== undefined) return `resourceclaim "${named.name}" is being deleted`;
    if (named.generated && !isClaimOfPod(claim, pod)) {
      return `ResourceClaim ${namespace}/${named.name} was not created for pod ${namespace}/${podName} (pod is not owner)`;
    }
    const full = (claim.status?.reservedFor?.length ?? 0) >= consumersMax;
    if (full && !isReservedFor(claim, pod)) return 'resourceclaim in use';
    const missing = missingClass(claim, world.get.bind(world));
    if (missing !== undefined) return missing;
    found.push(claim);
  }
  return found;
}

function missingClass(claim: ResourceClaim, get: ClusterSnapshot['world']['get']): string | undefined {
  if (claim.status?.allocation !== undefined) return undefined;
  for (const { name: request, exactly, firstAvailable = [] } of devicesOf(claim).requests ?? []) {
    for (const { deviceClassName } of exactly === undefined ? firstAvailable : [exactly]) {
      if (get<DeviceClass>(deviceClasses, { name: deviceClassName }) === undefined) {
        return `request ${request}: device class ${deviceClassName} does not exist`;
      }
    }
  }
  return undefined;
}

function filterFor(attempt: Attempt, { cluster, selects, pending }: Ports): NodeFilter {
  const { world } = cluster;
  const reach = attempt.claims.flatMap(({ status }) => {
    const terms = (status?.allocation as Allocation | undefined)?.nodeSelector?.nodeSelectorTerms;
    return terms === undefined ? [] : [matchesAnyTerm(terms)];
  });
  const open = unallocated(attempt);
  const wanted = open.map((claim) => ({ uid: claim.metadata.uid, devices: devicesOf(claim) }));
  const slices = wanted.length === 0 ? [] : completeSlices(world.list<ResourceSlice>(resourceSlices));
  const taken = wanted.length === 0 ? new Set<string>() : takenDevices(world.list(resources.resourceClaims), pending);
  const classOf = (of: string) => world.get<DeviceClass>(deviceClasses, { name: of });
  return (node) => {
    for (const matches of reach) if (!matches(node)) return outOfReach;
    if (wanted.length === 0) return undefined;
    // What another pod is about to write for one of these claims is known in a moment.
    if (open.some(({ metadata }) => pending.has(metadata.uid))) return notEnough;
    const found = allocate({ claims: wanted, devices: devicesFor(node, slices), taken, classOf, selects });
    if (found === undefined) return notEnough;
    attempt.found.set(node.name, found);
    return undefined;
  };
}

function takenDevices(all: readonly ResourceClaim[], pending: ReadonlyMap<string, Allocation>): ReadonlySet<string> {
  const taken = new Set<string>();
  const take = (allocation: Allocation | undefined) => {
    for (const { driver, pool, device, adminAccess } of allocation?.devices?.results ?? []) {
      if (adminAccess !== true) taken.add(`${driver}/${pool}/${device}`);
    }
  };
  for (const { status } of all) take(status?.allocation as Allocation | undefined);
  for (const allocation of pending.values()) take(allocation);
  return taken;
}

/** What is to be written for the claim next; undefined once it has its devices and is reserved for the pod. */
function bindStep(
  { pod }: WaitingPod,
  key: { readonly namespace: string; readonly name: string },
  { cluster, pending }: Pick<Ports, 'cluster' | 'pending'>,
): Preparation | undefined {
  const claim = cluster.world.get<ResourceClaim>(resources.resourceClaims, key);
  if (claim === undefined || claim.metadata.deletionTimestamp !== undefined) {
    return { kind: 'failed', message: `claim ${key.namespace}/${key.name} got deleted in the meantime` };
  }
  const { allocation, reservedFor = [] } = claim.status ?? {};
  const planned = pending.get(claim.metadata.uid);
  if (allocation !== undefined && isReservedFor(claim, pod)) return undefined;
  const { finalizers = [] } = claim.metadata;
  if (allocation === undefined && planned === undefined) {
    return { kind: 'failed', message: `claim ${key.namespace}/${key.name} lost its devices in the meantime` };
  }
  if (allocation === undefined && !finalizers.includes(allocatedFinalizer)) {
    const object = { ...claim, metadata: { ...claim.metadata, finalizers: [...finalizers, allocatedFinalizer] } };
    return {
      kind: 'write',
      writes: [{ kind: 'update', resource: resources.resourceClaims, object }],
      despiteConflict: true,
    };
  }
  const user = { resource: 'pods', name: pod.metadata.name, uid: pod.metadata.uid };
  const status = {
    ...claim.status,
    allocation: allocation ?? planned,
    reservedFor: isReservedFor(claim, pod) ? reservedFor : [...reservedFor, user],
  };
  const object = { ...claim, status };
  return {
    kind: 'write',
    writes: [{ kind: 'update', resource: resources.resourceClaims, subresource: 'status', object }],
  };
}

function unallocated({ claims: all }: Attempt): readonly ResourceClaim[] {
  return all.filter(({ status }) => status?.allocation === undefined);
}

function devicesOf({ spec }: ResourceClaim): DeviceClaimSpec {
  return (spec.devices ?? {}) as DeviceClaimSpec;
}
