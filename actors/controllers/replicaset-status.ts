// What a replica set reports of its pods.

import { matchesLabels } from '../../streams/resources/labels.ts';
import { timestamp } from '../../streams/resources/meta.ts';
import { resources } from '../../streams/resources/names.ts';
import type { Pod } from '../../streams/resources/pod.ts';
import type { ReplicaSet, ReplicaSetStatus } from '../../streams/resources/workload.ts';
import { type Conditions, findCondition } from '../kit/conditions.ts';
import type { FailedWrite } from '../kit/controller.ts';
import { availableInMs, isPodAvailable, isPodReady, isPodTerminating } from '../pod/pod-conditions.ts';

export type Observed = {
  /** Its pods that are neither over nor going away. */
  readonly active: readonly Pod[];
  /** All of its pods. */
  readonly owned: readonly Pod[];
  readonly failures: readonly FailedWrite[];
  readonly nowMs: number;
};

export function replicaSetStatus(set: ReplicaSet, { active, owned, failures, nowMs }: Observed): ReplicaSetStatus {
  const { metadata, spec, status } = set;
  const templateLabels = spec.template?.metadata?.labels ?? {};
  const { minReadySeconds = 0 } = spec;
  let [fullyLabeled, ready, available] = [0, 0, 0];
  for (const pod of active) {
    if (matchesLabels(templateLabels, pod.metadata.labels)) fullyLabeled++;
    if (!isPodReady(pod)) continue;
    ready++;
    if (minReadySeconds === 0 || isPodAvailable(pod, { minReadySeconds, nowMs })) available++;
  }
  const conditions = withFailure(status?.conditions, { failures, nowMs });
  return {
    replicas: active.length,
    ...(fullyLabeled === 0 ? undefined : { fullyLabeledReplicas: fullyLabeled }),
    ...(ready === 0 ? undefined : { readyReplicas: ready }),
    ...(available === 0 ? undefined : { availableReplicas: available }),
    terminatingReplicas: owned.filter((pod) => isPodTerminating(pod)).length,
    observedGeneration: metadata.generation ?? 1,
    ...(conditions === undefined || conditions.length === 0 ? undefined : { conditions }),
  };
}

/** How long until the next of the ready pods counts as available. */
export function nextAvailableInMs(set: ReplicaSet, active: readonly Pod[], nowMs: number): number | undefined {
  const { minReadySeconds = 0 } = set.spec;
  if (minReadySeconds === 0) return undefined;
  let soonest: number | undefined;
  for (const pod of active) {
    const ms = availableInMs(pod, { minReadySeconds, nowMs });
    if (ms !== undefined && (soonest === undefined || ms < soonest)) soonest = ms;
  }
  return soonest;
}

/** Writes about pods the replica set owns or wants. */
export function podFailures(failures: readonly FailedWrite[], kind: 'create' | 'delete'): readonly FailedWrite[] {
  return failures.filter(
    ({ write, reason }) =>
      write.kind === kind &&
      write.resource.resource === resources.pods.resource &&
      // A name that is taken or a pod that is gone is no failure: the next plan does without it.
      reason !== 'AlreadyExists' &&
      reason !== 'NotFound' &&
      reason !== 'Conflict',
  );
}

/** The first failure is what is told; the condition stays as it is until all goes well again. */
function withFailure(
  conditions: Conditions,
  { failures, nowMs }: { failures: readonly FailedWrite[]; nowMs: number },
): Conditions {
  const others = conditions?.filter(({ type }) => type !== 'ReplicaFailure');
  const create = podFailures(failures, 'create')[0];
  const failure = create ?? podFailures(failures, 'delete')[0];
  if (failure === undefined) return others;
  const before = findCondition(conditions, 'ReplicaFailure');
  if (before !== undefined) return conditions;
  const reason = create === undefined ? 'FailedDelete' : 'FailedCreate';
  const lastTransitionTime = timestamp(nowMs);
  const { message } = failure;
  return [...(others ?? []), { type: 'ReplicaFailure', status: 'True', lastTransitionTime, reason, message }];
}

/** Whether the replica set manages the pod. */
export function owns(set: ReplicaSet, pod: Pod): boolean {
  const { uid, namespace } = set.metadata;
  if (pod.metadata.namespace !== namespace) return false;
  for (const owner of pod.metadata.ownerReferences ?? [])
    if (owner.uid === uid && owner.controller === true) return true;
  return false;
}
