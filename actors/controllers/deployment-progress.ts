// When a rollout is complete, moving, or stuck: Kubernetes' definitions, on which `kubectl rollout status` relies.

import type { Deployment, DeploymentStatus } from '../../streams/resources/workload.ts';
import { findCondition } from '../kit/conditions.ts';

/** Absent, or the largest 32-bit integer, which is how clients say "never". */
const never = 2 ** 31 - 1;

export function hasProgressDeadline({ spec }: Deployment): boolean {
  return spec.progressDeadlineSeconds !== undefined && spec.progressDeadlineSeconds !== never;
}

export function hasRevisionHistoryLimit({ spec }: Deployment): boolean {
  return spec.revisionHistoryLimit !== undefined && spec.revisionHistoryLimit !== never;
}

/** Every replica is of the newest template and available, and none of the old ones is left. */
export function deploymentComplete({ metadata, spec }: Deployment, status: DeploymentStatus): boolean {
  const replicas = spec?.replicas ?? 1;
  return (
    (status.updatedReplicas ?? 0) === replicas &&
    (status.replicas ?? 0) === replicas &&
    (status.availableReplicas ?? 0) === replicas &&
    (status.observedGeneration ?? 0) >= (metadata.generation ?? 1)
  );
}

/** More new, fewer old, more ready or more available pods than last reported. */
export function deploymentProgressing({ status: before = {} }: Deployment, now: DeploymentStatus): boolean {
  const old = ({ replicas = 0, updatedReplicas = 0 }: DeploymentStatus) => replicas - updatedReplicas;
  return (
    (now.updatedReplicas ?? 0) > (before.updatedReplicas ?? 0) ||
    old(now) < old(before) ||
    (now.readyReplicas ?? 0) > (before.readyReplicas ?? 0) ||
    (now.availableReplicas ?? 0) > (before.availableReplicas ?? 0)
  );
}

/** When the rollout runs out of time, milliseconds since the Unix epoch; undefined where no deadline is running. */
export function progressDeadlineMs(deployment: Deployment, now: DeploymentStatus): number | undefined {
  if (!hasProgressDeadline(deployment)) return undefined;
  const condition = findCondition(now.conditions, 'Progressing');
  if (condition === undefined || condition.reason === 'NewReplicaSetAvailable') return undefined;
  const fromMs = Date.parse(condition.lastUpdateTime ?? condition.lastTransitionTime ?? '');
  return Number.isNaN(fromMs) ? undefined : fromMs + (deployment.spec.progressDeadlineSeconds ?? 0) * 1000;
}

export function timedOut(deployment: Deployment, status: DeploymentStatus, nowMs: number): boolean {
  const reason = findCondition(status.conditions, 'Progressing')?.reason;
  if (hasProgressDeadline(deployment) && reason === 'ProgressDeadlineExceeded') return true;
  const deadlineMs = progressDeadlineMs(deployment, status);
  return deadlineMs !== undefined && deadlineMs < nowMs;
}
