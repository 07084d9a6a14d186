// What a deployment reports of itself: counts summed over its replica sets and the three conditions Available,
// Progressing and ReplicaFailure, with the reasons and texts that clients match on.

import { type Condition, timestamp } from '../../streams/resources/meta.ts';
import type { Deployment, DeploymentStatus, ReplicaSet } from '../../streams/resources/workload.ts';
import { type Conditions, findCondition, withCondition, withoutCondition } from '../kit/conditions.ts';
import { rolloutBounds } from './deployment-bounds.ts';
import { deploymentComplete, deploymentProgressing, hasProgressDeadline, timedOut } from './deployment-progress.ts';

export type StatusInput = {
  readonly deployment: Deployment;
  readonly newest: ReplicaSet | undefined;
  readonly old: readonly ReplicaSet[];
  readonly nowMs: number;
};

/** Counts and availability; what the conditions said of the progress is kept. */
export function countedStatus(input: StatusInput): DeploymentStatus {
  const { deployment, newest, old, nowMs } = input;
  const { metadata, status } = deployment;
  const sets = newest === undefined ? old : [...old, newest];
  const sum = (count: (set: ReplicaSet) => number | undefined) => sets.reduce((all, set) => all + (count(set) ?? 0), 0);
  const available = sum((set) => set.status?.availableReplicas);
  const { replicas, maxUnavailable } = rolloutBounds(deployment);
  const enough = available >= replicas - maxUnavailable;
  const conditions = setCondition(
    pausing(deployment, nowMs),
    enough
      ? {
          type: 'Available',
          status: 'True',
          reason: 'MinimumReplicasAvailable',
          message: 'Deployment has minimum availability.',
        }
      : {
          type: 'Available',
          status: 'False',
          reason: 'MinimumReplicasUnavailable',
          message: 'Deployment does not have minimum availability.',
        },
    nowMs,
  );
  return {
    observedGeneration: metadata.generation ?? 1,
    ...nonZero(
      'replicas',
      sum(({ status }) => status?.replicas),
    ),
    ...nonZero('updatedReplicas', newest?.status?.replicas ?? 0),
    ...nonZero(
      'readyReplicas',
      sum(({ status }) => status?.readyReplicas),
    ),
    ...nonZero('availableReplicas', available),
    ...nonZero('unavailableReplicas', Math.max(0, sum(({ spec }) => spec.replicas ?? 1) - available)),
    ...terminating(sets),
    ...(status?.collisionCount === undefined ? undefined : { collisionCount: status.collisionCount }),
    conditions,
  };
}

/** Pods going away; unknown where a replica set that has been looked after does not say. */
function terminating(sets: readonly ReplicaSet[]): Pick<DeploymentStatus, 'terminatingReplicas'> {
  let terminatingReplicas = 0;
  for (const { status } of sets) {
    if (status?.terminatingReplicas !== undefined) terminatingReplicas += status.terminatingReplicas;
    else if ((status?.observedGeneration ?? 0) > 0) return {};
  }
  return { terminatingReplicas };
}

/** The same with what is to be said about the progress of the rollout. */
export function rolloutStatus(input: StatusInput): DeploymentStatus {
  const { deployment, newest, old, nowMs } = input;
  const counted = countedStatus(input);
  let conditions = counted.conditions;
  if (!hasProgressDeadline(deployment)) conditions = withoutCondition(conditions, 'Progressing');
  else if (!wasComplete(counted)) conditions = withProgress(input, counted);
  const failure = findFailure(newest === undefined ? old : [newest, ...old]);
  conditions =
    failure === undefined ? withoutCondition(conditions, 'ReplicaFailure') : setCondition(conditions, failure, nowMs);
  return { ...counted, conditions };
}

/** Status with a Progressing condition that the rollout itself cannot tell from the counts. */
export function withProgressing(
  status: DeploymentStatus,
  condition: Omit<Condition, 'type'>,
  nowMs: number,
): DeploymentStatus {
  return { ...status, conditions: setCondition(status.conditions, { type: 'Progressing', ...condition }, nowMs) };
}

/** Once a rollout has completed, lost pods do not make it a rollout again. */
function wasComplete({ replicas, updatedReplicas, conditions }: DeploymentStatus): boolean {
  return replicas === updatedReplicas && findCondition(conditions, 'Progressing')?.reason === 'NewReplicaSetAvailable';
}

function withProgress({ deployment, newest, nowMs }: StatusInput, counted: DeploymentStatus): Conditions {
  const { conditions } = counted;
  const subject =
    newest === undefined ? `Deployment "${deployment.metadata.name}"` : `ReplicaSet "${newest.metadata.name}"`;
  const say = (status: 'True' | 'False', reason: string, message: string): Condition => ({
    type: 'Progressing',
    status,
    reason,
    message: `${subject} ${message}`,
  });
  if (deploymentComplete(deployment, counted)) {
    return setCondition(conditions, say('True', 'NewReplicaSetAvailable', 'has successfully progressed.'), nowMs);
  }
  if (deploymentProgressing(deployment, counted)) {
    // Each bit of progress restarts the deadline, so the time is set anew even where the words stay.
    const condition = { ...say('True', 'ReplicaSetUpdated', 'is progressing.'), lastUpdateTime: timestamp(nowMs) };
    return moved(conditions, condition, nowMs);
  }
  if (timedOut(deployment, counted, nowMs)) {
    return setCondition(conditions, say('False', 'ProgressDeadlineExceeded', 'has timed out progressing.'), nowMs);
  }
  return conditions;
}

/** The clock of the progress deadline stands still while the deployment is paused. */
function pausing(deployment: Deployment, nowMs: number): Conditions {
  const { spec, status } = deployment;
  const conditions = status?.conditions;
  if (!hasProgressDeadline(deployment)) return conditions;
  const reason = findCondition(conditions, 'Progressing')?.reason;
  if (reason === 'ProgressDeadlineExceeded') return conditions;
  const say = (reason: string, message: string) =>
    setCondition(conditions, { type: 'Progressing', status: 'Unknown', reason, message }, nowMs);
  if (spec.paused === true) return say('DeploymentPaused', 'Deployment is paused');
  return reason === 'DeploymentPaused' ? say('DeploymentResumed', 'Deployment is resumed') : conditions;
}

function findFailure(sets: readonly ReplicaSet[]): Condition | undefined {
  for (const { status } of sets) {
    const failure = findCondition(status?.conditions, 'ReplicaFailure');
    if (failure !== undefined) {
      const { type, status, lastTransitionTime, reason = '', message = '' } = failure;
      const times = lastTransitionTime === undefined ? {} : { lastTransitionTime, lastUpdateTime: lastTransitionTime };
      return { type, status, ...times, reason, message };
    }
  }
  return undefined;
}

/** Replaces a condition only where its status or its reason changes; it was then updated now, unless it says when. */
function setCondition(conditions: Conditions, condition: Condition, nowMs: number): readonly Condition[] {
  const before = findCondition(conditions, condition.type);
  if (before?.status === condition.status && before.reason === condition.reason) return conditions ?? [];
  return moved(conditions, { lastUpdateTime: timestamp(nowMs), ...condition }, nowMs);
}

/** The condition that was set last stands last: people read them in that order. */
function moved(conditions: Conditions, condition: Condition, nowMs: number): readonly Condition[] {
  const set = findCondition(withCondition(conditions, condition, nowMs), condition.type) ?? condition;
  return [...withoutCondition(conditions, condition.type), set];
}

/** Counts that are 0 are left out, as Kubernetes' encoding does. */
function nonZero<Name extends string>(name: Name, count: number): { [K in Name]?: number } {
  return (count === 0 ? {} : { [name]: count }) as { [K in Name]?: number };
}
