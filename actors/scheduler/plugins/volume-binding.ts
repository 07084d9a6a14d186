// Volumes and nodes, chosen together: a pod goes only where its volumes are, can be found or can be made; what was found
// is reserved, written before the pod is bound, and waited for. Source: volumebinding/{volume_binding,binder}.go.

import { resources } from '../../../streams/resources/names.ts';
import { compareQuantity, quantityOf } from '../../../streams/resources/quantity.ts';
import type {
  CsiDriver,
  CsiStorageCapacity,
  PersistentVolumeClaim,
  StorageClass,
} from '../../../streams/resources/storage.ts';
import type { ObjectReader } from '../../../streams/views/object-reader.ts';
import { sameJson } from '../../kit/same-json.ts';
import { stateKey } from '../cycle-state.ts';
import {
  type ClusterEvent,
  type FilterPlugin,
  type NodeFilter,
  type PreBindPlugin,
  type Rejection,
  type ReservePlugin,
  skip,
  type WakeContext,
} from '../framework.ts';
import { assumedIn } from '../volumes/assumed-volumes.ts';
import { bindVolumes } from '../volumes/bind-volumes.ts';
import { isClaimOf, podClaims } from '../volumes/pod-claims.ts';
import { type PodVolumes, volumeSearch } from '../volumes/volume-search.ts';
import type { NamedObject } from '../waiters.ts';

const name = 'VolumeBinding';
/** Upstream's bindTimeoutSeconds. */
const bindTimeoutMs = 600_000;

type Decided = { readonly byNode: Map<string, PodVolumes>; wrote: boolean };
const decided = stateKey<Decided>(name);

export const volumeBinding: FilterPlugin & ReservePlugin & PreBindPlugin = {
  name,
  scope: 'cluster',
  watches: [
    resources.persistentVolumeClaims,
    resources.persistentVolumes,
    resources.storageClasses,
    resources.csiDrivers,
    resources.csiNodes,
    resources.csiStorageCapacities,
  ],
  preFilter(pod, cluster, state) {
    if (pod.volumes === undefined) return skip;
    const claims = podClaims(cluster.world, pod);
    if (claims.kind === 'none') return skip;
    if (claims.kind === 'unusable') return { kind: 'reject', rejection: rejectionOf([claims.reason]) };
    const byNode = new Map<string, PodVolumes>();
    state.set(decided, { byNode, wrote: false });
    const search = volumeSearch(cluster.world, claims, assumedIn(cluster));
    const filter: NodeFilter = (node) => {
      const found = search(node);
      if (found.kind === 'none') return rejectionOf(found.reasons);
      byNode.set(node.name, found.volumes);
      return undefined;
    };
    return { kind: 'filter', filter };
  },
  wakesEach: [resources.persistentVolumeClaims],
  wakesOn: (event, _, at) => mayHelp(event, at),
  reserve({ uid }, node, { cluster, state }) {
    const volumes = state.get(decided)?.byNode.get(node.name);
    const assumed = assumedIn(cluster);
    for (const { claim, volume } of volumes?.bindings ?? [])
      assumed.bind(uid, claim.metadata.uid, volume.metadata.name);
    for (const { metadata } of volumes?.provisions ?? []) assumed.provision(uid, metadata.uid, node.name);
    return undefined;
  },
  unreserve(pod, node, { cluster, state }) {
    forget(pod, state.get(decided)?.byNode.get(node.name), assumedIn(cluster));
  },
  preBind(pod, node, { cluster, state }) {
    const decision = state.get(decided);
    const volumes = decision?.byNode.get(node.name);
    if (decision === undefined || volumes === undefined) return { kind: 'done' };
    const progress = bindVolumes(cluster.world, { node, volumes, wrote: decision.wrote });
    switch (progress.kind) {
      case 'write':
        decision.wrote = true;
        return progress;
      case 'wait':
        return {
          ...progress,
          timeoutMs: bindTimeoutMs,
          message: 'binding volumes: context deadline exceeded',
          on: waitedFor(cluster.world, volumes),
        };
      case 'failed':
        return progress;
      default:
        forget(pod, volumes, assumedIn(cluster));
        return progress;
    }
  },
};

/** Claims that get a volume, and the volumes that matter to them. */
function waitedFor(world: ObjectReader, { bindings, provisions }: PodVolumes): NamedObject[] {
  const on: NamedObject[] = [];
  for (const { claim, volume } of bindings) {
    on.push(claimNamed(claim), { resource: resources.persistentVolumes, name: volume.metadata.name });
  }
  for (const claim of provisions) {
    const { namespace = '', name } = claim.metadata;
    const now = world.get<PersistentVolumeClaim>(resources.persistentVolumeClaims, { namespace, name });
    const { volumeName = '' } = now?.spec ?? {};
    on.push(claimNamed(claim));
    if (volumeName !== '') on.push({ resource: resources.persistentVolumes, name: volumeName });
  }
  return on;
}

function claimNamed({ metadata: { namespace = '', name } }: PersistentVolumeClaim): NamedObject {
  return { resource: resources.persistentVolumeClaims, namespace, name };
}

function forget(
  { uid }: { readonly uid: string },
  volumes: PodVolumes | undefined,
  assumed: ReturnType<typeof assumedIn>,
): void {
  for (const { claim } of volumes?.bindings ?? []) assumed.forget(uid, claim.metadata.uid);
  for (const { metadata } of volumes?.provisions ?? []) assumed.forget(uid, metadata.uid);
}

/** Verdicts are counted by identity, so equal ones are the same object. */
const rejections = new Map<string, Rejection>();
const rejectionsMax = 1_000;

function rejectionOf(reasons: readonly string[]): Rejection {
  const key = reasons.join('\n');
  let rejection = rejections.get(key);
  if (rejection === undefined) {
    if (rejections.size >= rejectionsMax) rejections.clear();
    rejection = { plugin: name, reasons, resolvable: false };
    rejections.set(key, rejection);
  }
  return rejection;
}

function mayHelp(event: ClusterEvent, { pod }: WakeContext): boolean {
  if (event.kind === 'nodeAdded') return true;
  if (event.kind === 'nodeChanged') return event.aspects.labels;
  if (event.kind !== 'objectChanged' || event.change === 'DELETED') return false;
  const { object, previous } = event;
  switch (event.resource.resource) {
    case 'persistentvolumeclaims':
      return isClaimOf(pod, object);
    case 'storageclasses':
      return (
        previous === undefined ||
        !sameJson((object as unknown as StorageClass).allowedTopologies, previous.allowedTopologies)
      );
    case 'csidrivers':
      return tellsCapacity(previous as CsiDriver | undefined) && !tellsCapacity(object as unknown as CsiDriver);
    case 'csinodes':
      return previous === undefined;
    case 'csistoragecapacities':
      return grew(object as unknown as CsiStorageCapacity, previous as CsiStorageCapacity | undefined);
    default:
      return true;
  }
}

function tellsCapacity(driver: CsiDriver | undefined): boolean {
  return driver?.spec.storageCapacity === true;
}

function grew(after: CsiStorageCapacity, before: CsiStorageCapacity | undefined): boolean {
  if (before === undefined) return true;
  const [limit, was] = [limitOf(after), limitOf(before)];
  if (limit === undefined) return false;
  return was === undefined || compareQuantity(quantityOf(limit), quantityOf(was)) > 0;
}

function limitOf({ maximumVolumeSize, capacity }: CsiStorageCapacity): string | undefined {
  return maximumVolumeSize ?? capacity;
}
