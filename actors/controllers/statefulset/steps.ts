// The vocabulary a stateful set's plan is made of: what is done for one pod, with the words it is told in, and whether
// the pods after it have to wait.

import type { KubeObject } from '../../../streams/resources/meta.ts';
import { resources } from '../../../streams/resources/names.ts';
import type { Pod } from '../../../streams/resources/pod.ts';
import type { StatefulSet } from '../../../streams/resources/workload.ts';
import type { FailedWrite, PlannedNote } from '../../kit/controller.ts';
import type { CreateWrite, Write } from '../../kit/write.ts';
import type { PodDraft } from '../workload/pod-template.ts';
import { createPod, deletePod } from '../workload/pod-writes.ts';

export type Steps = {
  readonly writes: readonly Write[];
  readonly notes: readonly PlannedNote[];
  /** The pod is not yet what the ones after it wait for. */
  readonly waits: boolean;
};

export const onward: Steps = { writes: [], notes: [], waits: false };
export const waiting: Steps = { writes: [], notes: [], waits: true };

export function together(all: readonly Steps[]): Steps {
  return {
    writes: all.flatMap(({ writes }) => writes),
    notes: all.flatMap(({ notes }) => notes),
    waits: all.some(({ waits }) => waits),
  };
}

export function creation(set: StatefulSet, pod: PodDraft): Steps {
  const after = createPod(pod);
  return { writes: [after], notes: [done(set, 'Create', pod.metadata.name ?? '', after)], waits: true };
}

export function deletion(set: StatefulSet, pod: Pod): Steps {
  const after = deletePod(pod);
  return { writes: [after], notes: [done(set, 'Delete', pod.metadata.name, after)], waits: true };
}

/** Claims come before the pod that uses them. */
export function claimCreations(set: StatefulSet, podName: string, missing: readonly CreateWrite[]): Steps {
  const notes = missing.map((after) =>
    note(set, {
      reason: 'SuccessfulCreate',
      message: `Create Claim ${after.object.metadata.name} Pod ${podName} in StatefulSet ${set.metadata.name} success`,
      after,
    }),
  );
  return { writes: missing, notes, waits: true };
}

/** The pod or its claims are brought to what they have to be; that is told of the pod as one change. */
export function amendments(set: StatefulSet, pod: Pod, changed: readonly KubeObject[]): Steps {
  if (changed.length === 0) return onward;
  const writes = changed.map((object): Write => {
    const resource = object.kind === 'Pod' ? resources.pods : resources.persistentVolumeClaims;
    return { kind: 'update', resource, object };
  });
  const last = writes[writes.length - 1];
  return { writes, notes: last === undefined ? [] : [done(set, 'Update', pod.metadata.name, last)], waits: false };
}

export function conflictingController(set: StatefulSet, claimName: string): PlannedNote {
  return {
    ...note(set, {
      reason: 'ConflictingController',
      message: `PersistentVolumeClaim ${claimName} has a conflicting OwnerReference that acts as a manging controller, the retention policy is ignored for this claim`,
    }),
    type: 'Warning',
  };
}

/** A pod cannot be made for a reason that no write has told. */
export function refusal(set: StatefulSet, podName: string, error: string): Steps {
  return { writes: [], notes: [failed(set, { verb: 'Create', podName, error })], waits: true };
}

/** What went wrong with the last plan's writes, each told in its own words. */
export function failureNotes(set: StatefulSet, failures: readonly FailedWrite[]): PlannedNote[] {
  return failures.flatMap(({ write, reason, message: error }) => {
    if (write.kind === 'bind' || reason === 'AlreadyExists' || reason === 'Conflict') return [];
    const { resource } = write.resource;
    const name = write.kind === 'delete' ? write.name : (write.object.metadata.name ?? '');
    const verb = write.kind === 'create' ? 'Create' : write.kind === 'delete' ? 'Delete' : 'Update';
    if (resource === resources.pods.resource) {
      return reason === 'NotFound' ? [] : [failed(set, { verb, podName: name, error })];
    }
    if (resource !== resources.persistentVolumeClaims.resource) return [];
    const podName = `${set.metadata.name}-${name.slice(name.lastIndexOf('-') + 1)}`;
    if (verb !== 'Create') {
      const why = `could not update claim ${name} for delete policy ownerRefs: ${error}`;
      return [failed(set, { verb, podName, error: why })];
    }
    const message = `Create Claim ${name} for Pod ${podName} in StatefulSet ${set.metadata.name} failed error: ${error}`;
    return [
      { ...note(set, { reason: 'FailedCreate', message }), type: 'Warning' as const },
      failed(set, { verb, podName, error: `failed to create PVC ${name}: ${error}` }),
    ];
  });
}

type Verb = 'Create' | 'Update' | 'Delete';

function done(set: StatefulSet, verb: Verb, podName: string, after: Write): PlannedNote {
  const message = `${verb} Pod ${podName} in StatefulSet ${set.metadata.name} successful`;
  return note(set, { reason: `Successful${verb}`, message, after });
}

function failed(set: StatefulSet, told: { verb: Verb; podName: string; error: string }): PlannedNote {
  const { verb, podName, error } = told;
  const message = `${verb} Pod ${podName} in StatefulSet ${set.metadata.name} failed error: ${error}`;
  return { ...note(set, { reason: `Failed${verb}`, message }), type: 'Warning' };
}

function note(set: StatefulSet, told: Pick<PlannedNote, 'reason' | 'message' | 'after'>): PlannedNote {
  return { regarding: set, type: 'Normal', component: 'statefulset-controller', ...told };
}
