// The claims of a stateful set's pods: one for each template and ordinal, named after both. They outlive the pod, so that
// the next one of the ordinal finds its data, unless the retention policy says otherwise: then they are owned by the
// set (deleted with it) or, once scaled away, by the pod, and the garbage collector does the rest.

import type { Draft, KubeObject, OwnerReference } from '../../../streams/resources/meta.ts';
import { resources } from '../../../streams/resources/names.ts';
import type { Pod } from '../../../streams/resources/pod.ts';
import type { StatefulSet } from '../../../streams/resources/workload.ts';
import type { ObjectReader } from '../../../streams/views/object-reader.ts';
import { controllerReference } from '../../kit/owners.ts';
import type { CreateWrite } from '../../kit/write.ts';
import { isInRange, ordinalOf, podNameOf } from './ordinals.ts';

export function claimNameOf({ metadata }: StatefulSet, template: string, ordinal: number): string {
  return `${template}-${metadata.name}-${ordinal}`;
}

/** Whether a claim of that name would be one of the set's. */
export function isClaimOf(set: StatefulSet, claimName: string): boolean {
  return (set.spec.volumeClaimTemplates ?? []).some(({ metadata: { name } }) => {
    const start = `${name}-`;
    return claimName.startsWith(start) && ordinalOf(set, claimName.slice(start.length)) !== undefined;
  });
}

export type Claims = {
  readonly there: readonly KubeObject[];
  readonly missing: readonly CreateWrite[];
};

export function claimsOf(world: ObjectReader, set: StatefulSet, ordinal: number): Claims {
  const { namespace = '' } = set.metadata;
  const there: KubeObject[] = [];
  const missing: CreateWrite[] = [];
  for (const template of set.spec.volumeClaimTemplates ?? []) {
    const name = claimNameOf(set, template.metadata.name, ordinal);
    const claim = world.get(resources.persistentVolumeClaims, { namespace, name });
    if (claim !== undefined) there.push(claim);
    else
      missing.push({
        kind: 'create',
        resource: resources.persistentVolumeClaims,
        object: newClaim(set, template, name),
      });
  }
  return { there, missing };
}

/** A claim that still belongs to the pod that went before: it goes with that pod, and nothing is built on it. */
export function isStaleClaim(set: StatefulSet, ordinal: number, claim: KubeObject): boolean {
  const podName = podNameOf(set, ordinal);
  return retentionOf(set).whenScaled === 'Delete' && owners(claim).some((owner) => isPod(owner, podName));
}

/** The owners the claim is to have; undefined where it has them, or where it is for others to sort out. */
export function retainedBy(set: StatefulSet, pod: Pod, claim: KubeObject): readonly OwnerReference[] | undefined {
  const refs = owners(claim);
  const ofSet = (owner: OwnerReference) => isSet(owner, set);
  const ofPod = (owner: OwnerReference) => isPod(owner, pod.metadata.name);
  const [setRef, podRef] = [refs.find(ofSet), refs.find(ofPod)];
  if (setRef !== undefined && setRef.uid !== set.metadata.uid) return undefined;
  if (podRef !== undefined && podRef.uid !== pod.metadata.uid) return undefined;
  const others = refs.filter((owner) => !ofSet(owner) && !ofPod(owner));
  const wanted = hasOtherController(set, pod, claim) ? [] : wantedOwners(set, pod);
  const has = [setRef, podRef].filter((owner) => owner !== undefined);
  const same = has.length === wanted.length && wanted.every(({ uid }) => has.some((ref) => isController(ref, uid)));
  return same ? undefined : [...others, ...wanted];
}

/** Somebody else manages the claim: the retention policy does not apply to it. */
export function hasOtherController(set: StatefulSet, pod: Pod, claim: KubeObject): boolean {
  const { whenDeleted, whenScaled } = retentionOf(set);
  if (whenDeleted === 'Retain' && whenScaled === 'Retain') return false;
  return owners(claim).some(
    (owner) => owner.controller === true && !isSet(owner, set) && !isPod(owner, pod.metadata.name),
  );
}

function wantedOwners(set: StatefulSet, pod: Pod): OwnerReference[] {
  const { whenDeleted, whenScaled } = retentionOf(set);
  const ordinal = ordinalOf(set, pod.metadata.name);
  const scaledAway = ordinal === undefined || !isInRange(set, ordinal);
  if (whenScaled === 'Delete' && scaledAway) return [controllerReference({ ...pod, apiVersion: 'v1', kind: 'Pod' })];
  return whenDeleted === 'Delete' ? [controllerReference(set)] : [];
}

function retentionOf({ spec }: StatefulSet) {
  const { whenDeleted = 'Retain', whenScaled = 'Retain' } = spec.persistentVolumeClaimRetentionPolicy ?? {};
  return { whenDeleted, whenScaled };
}

function newClaim(set: StatefulSet, template: KubeObject, name: string): Draft<KubeObject> {
  const labels = { ...template.metadata.labels, ...set.spec.selector.matchLabels };
  return {
    ...template,
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { ...template.metadata, name, namespace: set.metadata.namespace ?? '', labels },
  };
}

function owners({ metadata }: KubeObject): readonly OwnerReference[] {
  return metadata.ownerReferences ?? [];
}

function isSet(owner: OwnerReference, { metadata: { name } }: StatefulSet): boolean {
  return owner.apiVersion === 'apps/v1' && owner.kind === 'StatefulSet' && owner.name === name;
}

function isPod(owner: OwnerReference, name: string): boolean {
  return owner.apiVersion === 'v1' && owner.kind === 'Pod' && owner.name === name;
}

function isController(owner: OwnerReference, uid: string): boolean {
  return owner.uid === uid && owner.controller === true;
}
