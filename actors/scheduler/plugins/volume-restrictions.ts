// Keeps pods apart that cannot share a volume: claims for one pod only, everywhere; and, on one node, disks that two pods
// cannot mount at the same time. Source: volumerestrictions/volume_restrictions.go.

import { resources } from '../../../streams/resources/names.ts';
import type { PersistentVolumeClaim, PodVolume } from '../../../streams/resources/storage.ts';
import type { ClusterSnapshot } from '../cluster-snapshot.ts';
import { type Adjust, type FilterPlugin, type NodeFilter, type Rejection, skip } from '../framework.ts';
import type { PodInfo, WaitingPod } from '../pod-shape.ts';
import { isClaimOf } from '../volumes/pod-claims.ts';

const name = 'VolumeRestrictions';
const diskInUse: Rejection = { plugin: name, reasons: ['node(s) had no available disk'], resolvable: true };
const claimInUse: Rejection = {
  plugin: name,
  reasons: [
    'node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod',
  ],
  resolvable: true,
};

type Disk = { readonly readOnly?: boolean } & Readonly<Record<string, unknown>>;

/** Which disks are the same. Unless said otherwise, pods that only read may share one. */
const disks: readonly { readonly field: string; readonly never?: true; same(a: Disk, b: Disk): boolean }[] = [
  { field: 'gcePersistentDisk', same: (a, b) => a.pdName === b.pdName },
  { field: 'awsElasticBlockStore', never: true, same: (a, b) => a.volumeID === b.volumeID },
  { field: 'iscsi', same: (a, b) => a.iqn === b.iqn },
  {
    field: 'rbd',
    same: (a, b) => overlap(a.monitors, b.monitors) && (a.pool ?? 'rbd') === (b.pool ?? 'rbd') && a.image === b.image,
  },
];

export const volumeRestrictions: FilterPlugin = {
  name,
  scope: 'cluster',
  watches: [resources.persistentVolumeClaims],
  preFilter(pod, cluster) {
    if (pod.volumes === undefined) return skip;
    const alone = claimsForOnePod(pod, cluster);
    if (typeof alone === 'string') {
      return { kind: 'reject', rejection: { plugin: name, reasons: [alone], resolvable: false } };
    }
    let users = alone.size === 0 ? 0 : usersOf(pod, alone, cluster);
    const mountsDisks = disksOf(pod).length > 0;
    if (!mountsDisks && users === 0) return skip;
    const filter: NodeFilter = (node) => {
      if (mountsDisks) for (const other of node.pods.values()) if (conflict(pod, other)) return diskInUse;
      return users > 0 ? claimInUse : undefined;
    };
    const adjust: Adjust = (other, _, by) => {
      users += by * uses(other, pod.namespace, alone);
    };
    return { kind: 'filter', filter, adjust };
  },
  wakesEach: [resources.persistentVolumeClaims],
  wakesOn(event, _, { pod }) {
    if (event.kind === 'nodeAdded' || event.kind === 'podLeft') return true;
    if (event.kind !== 'objectChanged' || event.resource.resource !== 'persistentvolumeclaims') return false;
    return event.change === 'ADDED' && isClaimOf(pod, event.object);
  },
};

/** The pod's claims that no other pod may use, or why they cannot be told. */
function claimsForOnePod(pod: WaitingPod, { world }: ClusterSnapshot): ReadonlySet<string> | string {
  const alone = new Set<string>();
  for (const claimName of claimNames(pod)) {
    const key = { namespace: pod.namespace, name: claimName };
    const claim = world.get<PersistentVolumeClaim>(resources.persistentVolumeClaims, key);
    if (claim === undefined) return `persistentvolumeclaim "${claimName}" not found`;
    if (claim.spec.accessModes?.includes('ReadWriteOncePod') === true) alone.add(claimName);
  }
  return alone;
}

/** How often pods that have a node use these claims. */
function usersOf(pod: WaitingPod, claims: ReadonlySet<string>, cluster: ClusterSnapshot): number {
  let count = 0;
  for (const node of cluster.nodes) for (const other of node.pods.values()) count += uses(other, pod.namespace, claims);
  return count;
}

function uses(pod: PodInfo, namespace: string, claims: ReadonlySet<string>): number {
  if (pod.volumes === undefined || pod.namespace !== namespace) return 0;
  return claimNames(pod).filter((claimName) => claims.has(claimName)).length;
}

function claimNames({ volumes }: PodInfo): string[] {
  return ((volumes ?? []) as readonly PodVolume[]).flatMap(
    ({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName ?? [],
  );
}

function disksOf({ volumes }: PodInfo): { readonly field: string; readonly disk: Disk }[] {
  return ((volumes ?? []) as readonly Readonly<Record<string, unknown>>[]).flatMap((volume) =>
    disks.flatMap(({ field }) => (volume[field] === undefined ? [] : [{ field, disk: volume[field] as Disk }])),
  );
}

function conflict(pod: PodInfo, other: PodInfo): boolean {
  if (other.volumes === undefined) return false;
  const theirs = disksOf(other);
  return disksOf(pod).some(({ field, disk }) => {
    const kind = disks.find((each) => each.field === field);
    return theirs.some((their) => {
      if (their.field !== field || kind?.same(disk, their.disk) !== true) return false;
      return kind.never === true || disk.readOnly !== true || their.disk.readOnly !== true;
    });
  });
}

function overlap(a: unknown, b: unknown): boolean {
  return Array.isArray(a) && Array.isArray(b) && a.some((each) => b.includes(each));
}
