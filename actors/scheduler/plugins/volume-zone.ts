// Keeps pods in the zones of their volumes, where a volume says its zone by label and not by node affinity. Nodes that
// know nothing of zones are not held to them. Source: volumezone/volume_zone.go.

import { resources } from '../../../streams/resources/names.ts';
import type { PersistentVolume, PersistentVolumeClaim, PodVolume } from '../../../streams/resources/storage.ts';
import { claimClass, classOf, waitsForConsumer } from '../../volumes/claims.ts';
import type { ClusterSnapshot } from '../cluster-snapshot.ts';
import { type FilterPlugin, type NodeFilter, type Rejection, skip } from '../framework.ts';
import type { WaitingPod } from '../pod-shape.ts';
import { isClaimOf } from '../volumes/pod-claims.ts';

const name = 'VolumeZone';
const rejection: Rejection = { plugin: name, reasons: ['node(s) had no available volume zone'], resolvable: false };

/** Labels of volumes, and the other name nodes may have for the same. */
const labels: readonly { readonly key: string; readonly newer: string }[] = [
  { key: 'failure-domain.beta.kubernetes.io/zone', newer: 'topology.kubernetes.io/zone' },
  { key: 'failure-domain.beta.kubernetes.io/region', newer: 'topology.kubernetes.io/region' },
  { key: 'topology.kubernetes.io/zone', newer: 'topology.kubernetes.io/zone' },
  { key: 'topology.kubernetes.io/region', newer: 'topology.kubernetes.io/region' },
];

type Zone = { readonly key: string; readonly newer: string; readonly values: ReadonlySet<string> };

export const volumeZone: FilterPlugin = {
  name,
  scope: 'cluster',
  watches: [resources.persistentVolumeClaims, resources.persistentVolumes, resources.storageClasses],
  preFilter(pod, cluster) {
    if (pod.volumes === undefined) return skip;
    const zones = zonesOf(pod, cluster);
    if (typeof zones === 'string') {
      return { kind: 'reject', rejection: { plugin: name, reasons: [zones], resolvable: false } };
    }
    if (zones.length === 0) return skip;
    const filter: NodeFilter = (node) => {
      if (!labels.some(({ key }) => node.labels[key] !== undefined)) return undefined;
      const inAll = zones.every(({ key, newer, values }) => values.has(node.labels[key] ?? node.labels[newer] ?? ''));
      return inAll ? undefined : rejection;
    };
    return { kind: 'filter', filter };
  },
  wakesEach: [resources.persistentVolumeClaims],
  wakesOn(event, _, { pod }) {
    if (event.kind === 'nodeAdded') return true;
    if (event.kind === 'nodeChanged') return event.aspects.labels;
    if (event.kind !== 'objectChanged' || event.change === 'DELETED') return false;
    if (event.resource.resource === 'persistentvolumeclaims') return isClaimOf(pod, event.object);
    return event.resource.resource === 'persistentvolumes' || event.previous === undefined;
  },
};

/** The zones of the pod's volumes, or why they cannot be told. */
function zonesOf({ volumes, namespace }: WaitingPod, { world }: ClusterSnapshot): readonly Zone[] | string {
  const zones: Zone[] = [];
  for (const { persistentVolumeClaim } of (volumes ?? []) as readonly PodVolume[]) {
    if (persistentVolumeClaim === undefined) continue;
    const key = { namespace, name: persistentVolumeClaim.claimName };
    const claim = world.get<PersistentVolumeClaim>(resources.persistentVolumeClaims, key);
    if (claim === undefined) return `persistentvolumeclaim "${key.name}" not found`;
    const { volumeName = '' } = claim.spec;
    if (volumeName === '') {
      if (claimClass(claim) === '') return 'PersistentVolumeClaim had no pv name and storageClass name';
      const storageClass = classOf(world, claim);
      if (storageClass === undefined) return `storageclass.storage.k8s.io "${claimClass(claim)}" not found`;
      if (!waitsForConsumer(storageClass)) return 'PersistentVolume had no name';
      continue;
    }
    const volume = world.get<PersistentVolume>(resources.persistentVolumes, { name: volumeName });
    if (volume === undefined) return `persistentvolume "${volumeName}" not found`;
    zones.push(...zonesOfVolume(volume));
  }
  return zones;
}

/** A volume may be in several zones, joined by two underscores. */
function zonesOfVolume({ metadata }: PersistentVolume): Zone[] {
  return labels.flatMap(({ key, newer }) => {
    const value = metadata.labels?.[key];
    return value === undefined ? [] : [{ key, newer, values: new Set(value.split('__')) }];
  });
}
