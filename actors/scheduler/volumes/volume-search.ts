// Which volumes a pod would have on one node: those of its bound claims must be within reach, and each of the others gets
// a free volume there or a new one, if its class can make one for that node and there is room. Made once for an attempt
// and asked for every node. Source: volumebinding/binder.go (FindPodVolumes).

import { matchesSelector } from '../../../streams/resources/labels.ts';
import { resources } from '../../../streams/resources/names.ts';
import { compareQuantity, quantityOf } from '../../../streams/resources/quantity.ts';
import type {
  CsiDriver,
  CsiStorageCapacity,
  PersistentVolume,
  PersistentVolumeClaim,
  TopologySelectorTerm,
} from '../../../streams/resources/storage.ts';
import type { ObjectReader } from '../../../streams/views/object-reader.ts';
import {
  annotationOf,
  annotations,
  claimClass,
  noProvisioner,
  requestedStorage,
  volumeClass,
} from '../../volumes/claims.ts';
import { findVolume, openVolumes } from '../../volumes/matching.ts';
import type { NodeInfo } from '../node-info.ts';
import { matchesAnyTerm } from '../node-selector.ts';
import type { AssumedVolumes } from './assumed-volumes.ts';
import type { DelayedClaim, PodClaims } from './pod-claims.ts';

/** What is decided for a node: claims that get a volume that is there, and claims for which one is to be made. */
export type PodVolumes = {
  readonly bindings: readonly { readonly claim: PersistentVolumeClaim; readonly volume: PersistentVolume }[];
  readonly provisions: readonly PersistentVolumeClaim[];
};

export const reasons = {
  nodeAffinity: "node(s) didn't match PersistentVolume's node affinity",
  noVolume: "node(s) didn't find available persistent volumes to bind",
  noSpace: 'node(s) did not have enough free storage',
  lostVolume: 'node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)',
} as const;

export type NodeSearch = (
  node: NodeInfo,
) =>
  | { readonly kind: 'found'; readonly volumes: PodVolumes }
  | { readonly kind: 'none'; readonly reasons: readonly string[] };

export function volumeSearch(
  world: ObjectReader,
  claims: Extract<PodClaims, { kind: 'claims' }>,
  assumed: AssumedVolumes,
): NodeSearch {
  const reach = claims.bound.map((claim) => reachOf(world, claim));
  const seeking = seekersOf(world, claims.delayed);
  return (node) => {
    const unmet: string[] = [];
    const outOfReach = reach.map((at) => at(node)).find((reason) => reason !== undefined);
    if (outOfReach !== undefined) unmet.push(outOfReach);
    const found = unbound({ node, seeking, assumed });
    if (typeof found === 'string') unmet.push(found);
    else if (unmet.length === 0) return { kind: 'found', volumes: found };
    return { kind: 'none', reasons: unmet };
  };
}

/** Why a bound claim's volume cannot be used on a node. */
function reachOf(world: ObjectReader, { spec }: PersistentVolumeClaim): (node: NodeInfo) => string | undefined {
  const volume = world.get<PersistentVolume>(resources.persistentVolumes, { name: spec.volumeName ?? '' });
  if (volume === undefined) return () => reasons.lostVolume;
  const terms = volume.spec.nodeAffinity?.required?.nodeSelectorTerms;
  if (terms === undefined) return () => undefined;
  const matches = matchesAnyTerm(terms);
  return (node) => (matches(node) ? undefined : reasons.nodeAffinity);
}

/** A claim without a volume, with everything about it that is the same on every node. */
type Seeker = DelayedClaim & {
  readonly volumes: readonly PersistentVolume[];
  hasRoom(node: NodeInfo): boolean;
};

/** The smallest first, so that each takes the smallest volume that will do. */
function seekersOf(world: ObjectReader, claims: readonly DelayedClaim[]): Seeker[] {
  if (claims.length === 0) return [];
  return claims
    .toSorted((a, b) => compareQuantity(requestedStorage(a.claim.spec), requestedStorage(b.claim.spec)))
    .map((each) => ({
      ...each,
      volumes: openVolumes(world, each.claim).filter((volume) => volumeClass(volume) === claimClass(each.claim)),
      hasRoom: roomFor(world, each),
    }));
}

type Search = {
  readonly node: NodeInfo;
  readonly seeking: readonly Seeker[];
  readonly assumed: AssumedVolumes;
};

/** What the claims that wait for a consumer get on the node, or why they get nothing. */
function unbound({ node, seeking, assumed }: Search): PodVolumes | string {
  const bindings: { claim: PersistentVolumeClaim; volume: PersistentVolume }[] = [];
  const provisions: PersistentVolumeClaim[] = [];
  const chosen = new Set<string>();
  for (const each of seeking) {
    const { claim, volumes } = each;
    const { uid } = claim.metadata;
    const selected = annotationOf(claim, annotations.selectedNode) ?? assumed.nodeOf(uid);
    if (selected !== undefined && selected !== node.name) return reasons.noVolume;
    const volume = selected === undefined ? pick({ claim, volumes, node, chosen, assumed }) : undefined;
    if (volume !== undefined) {
      chosen.add(volume.metadata.name);
      bindings.push({ claim, volume });
      continue;
    }
    if (assumed.volumeOf(uid) !== undefined) return reasons.noVolume;
    const refusal = canProvision(each, node);
    if (refusal !== undefined) return refusal;
    provisions.push(claim);
  }
  return { bindings, provisions };
}

function pick({
  claim,
  volumes,
  node,
  chosen,
  assumed,
}: {
  readonly claim: PersistentVolumeClaim;
  readonly volumes: readonly PersistentVolume[];
  readonly node: NodeInfo;
  readonly chosen: ReadonlySet<string>;
  readonly assumed: AssumedVolumes;
}): PersistentVolume | undefined {
  const own = assumed.volumeOf(claim.metadata.uid);
  const open = volumes.filter(({ metadata: { name } }) =>
    own === undefined ? !chosen.has(name) && !assumed.isTaken(name, claim.metadata.uid) : name === own,
  );
  return findVolume({ claim, volumes: open, node });
}

/** Why no volume can be made for the claim on the node; undefined where one can. */
function canProvision({ storageClass, hasRoom }: Seeker, node: NodeInfo): string | undefined {
  const { provisioner, allowedTopologies = [] } = storageClass;
  if (provisioner === noProvisioner || !matchesTopology(allowedTopologies, node)) return reasons.noVolume;
  return hasRoom(node) ? undefined : reasons.noSpace;
}

/** Terms are alternatives; within one, every expression must hold. No term at all allows every node. */
function matchesTopology(terms: readonly TopologySelectorTerm[], { labels }: NodeInfo): boolean {
  if (terms.length === 0) return true;
  return terms.some(({ matchLabelExpressions = [] }) => {
    if (matchLabelExpressions.length === 0) return false;
    return matchLabelExpressions.every(({ key, values }) => values.includes(labels[key] ?? ''));
  });
}

/** Only drivers that say so tell how much room there is. */
function roomFor(world: ObjectReader, { claim, storageClass }: DelayedClaim): (node: NodeInfo) => boolean {
  const driver = world.get<CsiDriver>(resources.csiDrivers, { name: storageClass.provisioner });
  if (driver?.spec.storageCapacity !== true) return () => true;
  const wanted = requestedStorage(claim.spec);
  const large = world.list<CsiStorageCapacity>(resources.csiStorageCapacities).filter((each) => {
    const limit = each.maximumVolumeSize ?? each.capacity;
    if (each.storageClassName !== storageClass.metadata.name || limit === undefined) return false;
    return compareQuantity(quantityOf(limit), wanted) >= 0;
  });
  return ({ labels }) =>
    large.some(({ nodeTopology }) => nodeTopology !== undefined && matchesSelector(nodeTopology, labels));
}
