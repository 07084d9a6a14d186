// Keeps a node from more volumes of a CSI driver than the driver can attach there. A volume counts once, however many of
// the node's pods use it, and also where it is still attached for a pod that has gone. Source: nodevolumelimits/csi.go.

import { resources } from '../../../streams/resources/names.ts';
import type {
  CsiNode,
  PersistentVolume,
  PersistentVolumeClaim,
  PodVolume,
  VolumeAttachment,
} from '../../../streams/resources/storage.ts';
import type { ObjectReader } from '../../../streams/views/object-reader.ts';
import { classOf } from '../../volumes/claims.ts';
import { type FilterPlugin, type NodeFilter, type Rejection, skip } from '../framework.ts';
import type { NodeInfo } from '../node-info.ts';
import type { PodInfo } from '../pod-shape.ts';
import { isClaimOf } from '../volumes/pod-claims.ts';

const name = 'NodeVolumeLimits';
const rejection: Rejection = { plugin: name, reasons: ['node(s) exceed max volume count'], resolvable: true };

/** Volume → driver. */
type Volumes = Map<string, string>;

export const nodeVolumeLimits: FilterPlugin = {
  name,
  scope: 'cluster',
  watches: [
    resources.persistentVolumeClaims,
    resources.persistentVolumes,
    resources.csiNodes,
    resources.volumeAttachments,
  ],
  preFilter(pod, { world }) {
    if (pod.volumes === undefined) return skip;
    const wanted: Volumes = new Map();
    collect(world, pod, wanted);
    const limited = new Set(world.list<CsiNode>(resources.csiNodes).flatMap(limitedDrivers));
    if (![...wanted.values()].some((driver) => limited.has(driver))) return skip;
    const attached = attachments(world);
    const filter: NodeFilter = (node) => {
      const limits = limitsOf(world, node);
      if (limits.size === 0) return undefined;
      return exceeds(limits, { wanted, there: volumesOn(world, node, attached) }) ? rejection : undefined;
    };
    return { kind: 'filter', filter };
  },
  wakesEach: [resources.persistentVolumeClaims],
  wakesOn(event, _, { pod }) {
    if (event.kind === 'nodeAdded' || event.kind === 'podLeft') return true;
    if (event.kind !== 'objectChanged') return false;
    switch (event.resource.resource) {
      case 'persistentvolumeclaims':
        return event.change !== 'DELETED' && isClaimOf(pod, event.object);
      case 'volumeattachments':
        return event.change === 'DELETED';
      default:
        return event.change !== 'DELETED' && event.resource.resource === 'csinodes';
    }
  },
};

/** The volumes of drivers that a pod needs. One that is yet to be made counts under its claim's name. */
function collect(world: ObjectReader, pod: PodInfo, into: Volumes): void {
  for (const volume of (pod.volumes ?? []) as readonly PodVolume[]) {
    const claimName = volume.persistentVolumeClaim?.claimName ?? (volume.ephemeral && `${pod.name}-${volume.name}`);
    if (claimName === undefined) continue;
    const key = { namespace: pod.namespace, name: claimName };
    const claim = world.get<PersistentVolumeClaim>(resources.persistentVolumeClaims, key);
    if (claim === undefined) continue;
    const { volumeName = '' } = claim.spec;
    const found = world.get<PersistentVolume>(resources.persistentVolumes, { name: volumeName });
    if (found === undefined) {
      const provisioner = classOf(world, claim)?.provisioner;
      if (provisioner !== undefined) into.set(`${provisioner}/claim of ${key.namespace}/${claimName}`, provisioner);
    } else if (found.spec.csi !== undefined) {
      into.set(`${found.spec.csi.driver}/${found.spec.csi.volumeHandle}`, found.spec.csi.driver);
    }
  }
}

function limitedDrivers({ spec }: CsiNode): string[] {
  return spec.drivers.flatMap((driver) => (driver.allocatable?.count === undefined ? [] : [driver.name]));
}

function limitsOf(world: ObjectReader, node: NodeInfo): ReadonlyMap<string, number> {
  const csiNode = world.get<CsiNode>(resources.csiNodes, { name: node.name });
  const counted = csiNode?.spec.drivers ?? [];
  return new Map(
    counted.flatMap(({ name: driver, allocatable }) =>
      allocatable?.count === undefined ? [] : [[driver, allocatable.count]],
    ),
  );
}

/** The volumes that are attached, by node. */
function attachments(world: ObjectReader): ReadonlyMap<string, Volumes> {
  const byNode = new Map<string, Volumes>();
  for (const { spec } of world.list<VolumeAttachment>(resources.volumeAttachments)) {
    const { persistentVolumeName = '' } = spec.source;
    const csi = world.get<PersistentVolume>(resources.persistentVolumes, { name: persistentVolumeName })?.spec.csi;
    if (csi === undefined) continue;
    const volumes = byNode.get(spec.nodeName) ?? new Map<string, string>();
    volumes.set(`${spec.attacher}/${csi.volumeHandle}`, spec.attacher);
    byNode.set(spec.nodeName, volumes);
  }
  return byNode;
}

function volumesOn(world: ObjectReader, node: NodeInfo, attached: ReadonlyMap<string, Volumes>): Volumes {
  const volumes: Volumes = new Map(attached.get(node.name));
  for (const pod of node.pods.values()) if (pod.volumes !== undefined) collect(world, pod, volumes);
  return volumes;
}

function exceeds(
  limits: ReadonlyMap<string, number>,
  { wanted, there }: { readonly wanted: Volumes; readonly there: Volumes },
): boolean {
  const more = new Map<string, number>();
  for (const [volume, driver] of wanted) if (!there.has(volume)) more.set(driver, (more.get(driver) ?? 0) + 1);
  for (const [driver, count] of more) {
    const limit = limits.get(driver);
    if (limit === undefined) continue;
    const used = [...there.values()].filter((each) => each === driver).length;
    if (used + count > limit) return true;
  }
  return false;
}
