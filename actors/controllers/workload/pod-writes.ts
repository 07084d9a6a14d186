// Pods made and taken away by a workload: the writes, what is told of them, and what went wrong with them last time.

import type { KubeObject } from '../../../streams/resources/meta.ts';
import { resources } from '../../../streams/resources/names.ts';
import type { Pod } from '../../../streams/resources/pod.ts';
import type { FailedWrite, PlannedNote } from '../../kit/controller.ts';
import type { CreateWrite, DeleteWrite } from '../../kit/write.ts';
import type { PodDraft } from './pod-template.ts';

export function createPod(object: PodDraft): CreateWrite {
  return { kind: 'create', resource: resources.pods, object };
}

/** Deletes this very pod, not another of its name. */
export function deletePod({ metadata: { namespace = '', name, uid } }: Pod): DeleteWrite {
  return { kind: 'delete', resource: resources.pods, namespace, name, uid };
}

/**
 * Writes about pods that were refused. A name that is taken, a pod that is gone or that changed meanwhile is no failure:
 * the next plan does without it.
 */
export function podFailures(failures: readonly FailedWrite[], kind: 'create' | 'delete'): readonly FailedWrite[] {
  return failures.filter(
    ({ write, reason }) =>
      write.kind === kind &&
      write.resource.resource === resources.pods.resource &&
      reason !== 'AlreadyExists' &&
      reason !== 'NotFound' &&
      reason !== 'Conflict',
  );
}

/** One note for each write once it is done; what went wrong last time is told once, however many pods it struck. */
export function podNotes(
  regarding: KubeObject,
  component: string,
  { writes, failures }: { writes: readonly (CreateWrite | DeleteWrite)[]; failures: readonly FailedWrite[] },
): PlannedNote[] {
  const notes: PlannedNote[] = writes.map((write) => {
    const created = write.kind === 'create';
    const reason = created ? 'SuccessfulCreate' : 'SuccessfulDelete';
    const message = created ? `Created pod: ${write.object.metadata.name}` : `Deleted pod: ${write.name}`;
    return { regarding, type: 'Normal', reason, message, component, after: write };
  });
  const create = podFailures(failures, 'create')[0];
  const remove = podFailures(failures, 'delete')[0];
  const warn = (reason: string, message: string) =>
    notes.push({ regarding, type: 'Warning', reason, message, component });
  if (create !== undefined) warn('FailedCreate', `Error creating: ${create.message}`);
  if (remove !== undefined) warn('FailedDelete', `Error deleting: ${remove.message}`);
  return notes;
}
