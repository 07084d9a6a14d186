// What replica sets and replication controllers report of their pods.

import { matchesLabels } from '../../streams/resources/labels.ts';
import { timestamp } from '../../streams/resources/meta.ts';
import type { Pod } from '../../streams/resources/pod.ts';
import type { ReplicaSetStatus } from '../../streams/resources/workload.ts';
import { type Conditions, findCondition } from '../kit/conditions.ts';
import type { FailedWrite } from '../kit/controller.ts';
import { isPodAvailable, isPodReady, isPodTerminating } from '../pod/pod-conditions.ts';
import type { Replicated } from './replicas.ts';
import { podFailures } from './workload/pod-writes.ts';

export type Observed = {
  /** Its pods that are neither over nor going away. */
  readonly active: readonly Pod[];
  /** All of its pods. */
  readonly owned: readonly Pod[];
  readonly failures: readonly FailedWrite[];
  readonly nowMs: number;
  readonly reportsTerminating: boolean;
};

export function replicasStatus(
  set: Replicated,
  { active, owned, failures, nowMs, reportsTerminating }: Observed,
): ReplicaSetStatus {
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
    ...(reportsTerminating ? { terminatingReplicas: owned.filter(isPodTerminating).length } : undefined),
    observedGeneration: metadata.generation ?? 1,
    ...(conditions === undefined || conditions.length === 0 ? undefined : { conditions }),
  };
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
