// What is to be done about a claim: seek a volume, have one made, finish a binding, or tell that the volume is lost.
// A claim that is bound stays bound: only its own volume's end can make it Lost. Source: pv_controller.go (syncClaim).

import type { KubeObject } from '../../../streams/resources/meta.ts';
import { resources } from '../../../streams/resources/names.ts';
import type { Pod } from '../../../streams/resources/pod.ts';
import type { PersistentVolume, PersistentVolumeClaim, StorageClass } from '../../../streams/resources/storage.ts';
import type { ObjectReader } from '../../../streams/views/object-reader.ts';
import { toClaim } from '../../../streams/views/references.ts';
import { type FailedWrite, nothingToDo, type Plan, type PlannedNote } from '../../kit/controller.ts';
import type { UpdateWrite } from '../../kit/write.ts';
import { isPodTerminal } from '../../pod/pod-conditions.ts';
import { boundClaim, boundVolume } from '../../volumes/binding.ts';
import {
  annotationOf,
  annotations,
  claimClass,
  classOf,
  defaultClassOf,
  hasAnnotation,
  namesClass,
  waitsForConsumer,
  withAnnotations,
} from '../../volumes/claims.ts';
import { findVolume, isMeantFor, mismatch, openVolumes } from '../../volumes/matching.ts';
import { claimStatusWrites } from './claim-status.ts';

export const binderComponent = 'persistentvolume-controller';

type Options = { readonly resyncMs: number; readonly failures: readonly FailedWrite[] };

export function claimSide(
  world: ObjectReader,
  key: { readonly namespace: string; readonly name: string },
  options: Options,
): Plan {
  const claim = world.get<PersistentVolumeClaim>(resources.persistentVolumeClaims, key);
  if (claim === undefined) return nothingToDo;
  if (hasAnnotation(claim, annotations.bindCompleted)) return keepBound(world, claim);
  const { volumeName = '' } = claim.spec;
  return volumeName === '' ? seek(world, claim, options) : take(world, claim, { volumeName, options });
}

/** No volume was asked for by name, so each that suits will do. */
function seek(world: ObjectReader, claim: PersistentVolumeClaim, options: Options): Plan {
  const storageClass = classOf(world, claim);
  const delayed = waitsForConsumer(storageClass);
  const volume = findVolume({ claim, volumes: openVolumes(world, claim), onlyMeant: delayed });
  if (volume !== undefined) return bind(volume, claim);
  if (!namesClass(claim)) {
    const found = defaultClassOf(world.list<StorageClass>(resources.storageClasses));
    if (found !== undefined) return { writes: [withClass(claim, found)] };
  }
  if (delayed && !hasAnnotation(claim, annotations.selectedNode)) {
    return pending(claim, consumerNote(world, claim), options);
  }
  if (claimClass(claim) !== '') return provision(claim, storageClass, options);
  const message = 'no persistent volumes available for this claim and no storage class is set';
  return pending(claim, note(claim, 'Normal', 'FailedBinding', message), options);
}

/** One volume was asked for by name. */
function take(
  world: ObjectReader,
  claim: PersistentVolumeClaim,
  { volumeName, options }: { readonly volumeName: string; readonly options: Options },
): Plan {
  const volume = world.get<PersistentVolume>(resources.persistentVolumes, { name: volumeName });
  if (volume === undefined) return pending(claim, undefined, options);
  if (isMeantFor(volume, claim)) return bind(volume, claim);
  if (volume.spec.claimRef !== undefined) {
    const message = `volume "${volumeName}" already bound to a different claim.`;
    return pending(claim, note(claim, 'Warning', 'FailedBinding', message), options);
  }
  const reason = mismatch(volume, claim);
  if (reason === undefined) return bind(volume, claim);
  const message = `Cannot bind to requested volume "${volumeName}": ${reason}`;
  return pending(claim, note(claim, 'Warning', 'VolumeMismatch', message), options);
}

function keepBound(world: ObjectReader, claim: PersistentVolumeClaim): Plan {
  const { volumeName = '' } = claim.spec;
  if (volumeName === '') {
    return lost(claim, 'ClaimLost', 'Bound claim has lost reference to PersistentVolume. Data on the volume is lost!');
  }
  const volume = world.get<PersistentVolume>(resources.persistentVolumes, { name: volumeName });
  if (volume === undefined) {
    return lost(claim, 'ClaimLost', 'Bound claim has lost its PersistentVolume. Data on the volume is lost!');
  }
  const { claimRef } = volume.spec;
  if (claimRef === undefined || claimRef.uid === claim.metadata.uid) return bind(volume, claim);
  const message = 'Two claims are bound to the same volume, this one is bound incorrectly';
  return lost(claim, 'ClaimMisbound', message);
}

/** One step of a binding: the volume's end, the claim's end, the claim's status. The volume's phase follows from these. */
function bind(volume: PersistentVolume, claim: PersistentVolumeClaim): Plan {
  const named = boundVolume(volume, claim);
  if (named !== volume) return { writes: [updateVolume(named)] };
  const bound = boundClaim(claim, volume);
  if (bound !== claim) return { writes: [updateClaim(bound)] };
  return { writes: claimStatusWrites(claim, { phase: 'Bound', volume }) };
}

/** Somebody else makes the volume: they are told by annotation, and people by an event. */
function provision(claim: PersistentVolumeClaim, storageClass: StorageClass | undefined, { resyncMs }: Options): Plan {
  const failed = (message: string): Plan => ({
    writes: [],
    notes: [note(claim, 'Warning', 'ProvisioningFailed', message)],
    againAfterMs: resyncMs,
  });
  if (storageClass === undefined) return failed(`storageclass.storage.k8s.io "${claimClass(claim)}" not found`);
  const { provisioner } = storageClass;
  if (provisioner.startsWith('kubernetes.io/')) return failed(`no volume plugin matched name: ${provisioner}`);
  const told = [annotations.provisioner, annotations.betaProvisioner].every(
    (name) => annotationOf(claim, name) === provisioner,
  );
  const write = updateClaim(
    withAnnotations(claim, { [annotations.betaProvisioner]: provisioner, [annotations.provisioner]: provisioner }),
  );
  const message = `Waiting for a volume to be created either by the external provisioner '${provisioner}' or manually by the system administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered.`;
  const waiting = note(claim, 'Normal', 'ExternalProvisioning', message);
  return told
    ? { writes: [], notes: [waiting], againAfterMs: resyncMs }
    : { writes: [write], notes: [{ ...waiting, after: write }] };
}

function withClass(claim: PersistentVolumeClaim, { metadata: { name } }: StorageClass): UpdateWrite {
  return updateClaim({ ...claim, spec: { ...claim.spec, storageClassName: name } });
}

function pending(claim: PersistentVolumeClaim, told: PlannedNote | undefined, { resyncMs, failures }: Options): Plan {
  const writes = claimStatusWrites(claim, { phase: 'Pending' });
  // What a refused write brings back at once was told before.
  const notes = told === undefined || failures.length > 0 ? [] : [told];
  return { writes, notes, againAfterMs: resyncMs };
}

function lost(claim: PersistentVolumeClaim, reason: string, message: string): Plan {
  if (claim.status?.phase === 'Lost') return nothingToDo;
  const [write] = claimStatusWrites(claim, { phase: 'Lost' });
  if (write === undefined) return nothingToDo;
  return { writes: [write], notes: [{ ...note(claim, 'Warning', reason, message), after: write }] };
}

/** Which pods the claim waits for to be placed. */
function consumerNote(world: ObjectReader, claim: PersistentVolumeClaim): PlannedNote {
  const { namespace = '', name } = claim.metadata;
  const pods = world
    .referringTo<Pod>(resources.pods, toClaim({ namespace, name }))
    .filter((pod) => (pod.spec.nodeName ?? '') === '' && !isPodTerminal(pod))
    .map(({ metadata }) => metadata.name)
    .sort();
  if (pods.length === 0) {
    return note(claim, 'Normal', 'WaitForFirstConsumer', 'waiting for first consumer to be created before binding');
  }
  const who = pods.length === 1 ? `pod ${pods[0]}` : `pods ${pods.join(',')}`;
  return note(claim, 'Normal', 'WaitForPodScheduled', `waiting for ${who} to be scheduled`);
}

function note(regarding: KubeObject, type: 'Normal' | 'Warning', reason: string, message: string): PlannedNote {
  return { regarding, type, reason, message, component: binderComponent };
}

function updateClaim(object: PersistentVolumeClaim): UpdateWrite {
  return { kind: 'update', resource: resources.persistentVolumeClaims, object };
}

function updateVolume(object: PersistentVolume): UpdateWrite {
  return { kind: 'update', resource: resources.persistentVolumes, object };
}
