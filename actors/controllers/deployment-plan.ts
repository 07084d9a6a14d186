// Turns what a deployment's replica sets are to be next into writes: one for each replica set that changes, and one for
// the deployment itself, either its revision or its status.

import { resources } from '../../streams/resources/names.ts';
import type { Deployment, DeploymentStatus, ReplicaSet } from '../../streams/resources/workload.ts';
import type { FailedWrite, Plan, PlannedNote } from '../kit/controller.ts';
import { sameJson } from '../kit/same-json.ts';
import type { Write } from '../kit/write.ts';
import type { RolloutBounds } from './deployment-bounds.ts';
import { hasProgressDeadline, hasRevisionHistoryLimit } from './deployment-progress.ts';
import { newSet, newSetName, type OwnedSets, update } from './deployment-replicasets.ts';
import {
  annotations,
  newSetAnnotations,
  nextRevision,
  revisionOf,
  sameAnnotations,
  sizeAnnotations,
} from './deployment-revisions.ts';
import { type Sizes, sizeOf } from './deployment-rollout.ts';
import { withProgressing } from './deployment-status.ts';

export type PlanInput = {
  readonly deployment: Deployment;
  readonly sets: OwnedSets;
  readonly bounds: RolloutBounds;
  readonly status: DeploymentStatus;
};

const component = 'deployment-controller';

/** Resizes replica sets, removes the history beyond its limit where asked to, and reports. */
export function resizePlan(input: PlanInput, { sizes, cleanUp }: { sizes: Sizes; cleanUp: boolean }): Plan {
  const { deployment, sets } = input;
  const writes: Write[] = [];
  const notes: PlannedNote[] = [];
  let revision: string | undefined;
  for (const set of sets.all) {
    const next = edited(set, input, sizes.get(set));
    if (set === sets.newest) revision = next.metadata.annotations?.[annotations.revision];
    if (next === set) continue;
    const write = update(next);
    writes.push(write);
    if (sizeOf(next) !== sizeOf(set)) notes.push({ ...scaledNote(deployment, set, sizeOf(next)), after: write });
  }
  if (cleanUp) writes.push(...outdated(input));
  if (revision !== undefined && revision !== deployment.metadata.annotations?.[annotations.revision]) {
    writes.push(withRevision(deployment, revision));
  } else {
    writes.push(...statusWrite(input));
  }
  return { writes, notes };
}

/** Creates the replica set for a template that has none yet. */
export function createPlan(
  input: PlanInput,
  { replicas, failures, nowMs }: { replicas: number; failures: readonly FailedWrite[]; nowMs: number },
): Plan {
  const { deployment, sets, bounds, status } = input;
  const write = newSet(deployment, { old: sets.old, replicas, bounds });
  const name = newSetName(deployment);
  const failure = failures.find(({ write: { kind } }) => kind === 'create');
  const progress =
    failure === undefined
      ? ({ status: 'True', reason: 'NewReplicaSetCreated', message: `Created new replica set "${name}"` } as const)
      : ({
          status: 'False',
          reason: 'ReplicaSetCreateError',
          message: `Failed to create new replica set "${name}": ${failure.message}`,
        } as const);
  const reported = hasProgressDeadline(deployment) ? withProgressing(status, progress, nowMs) : status;
  const notes: PlannedNote[] = [];
  if (failure !== undefined) {
    const { reason, message } = progress;
    notes.push({ regarding: deployment, type: 'Warning', reason, message, component });
  }
  if (replicas > 0) notes.push({ ...scaled(deployment, `up replica set ${name} from 0 to ${replicas}`), after: write });
  return { writes: [write, ...statusWrite({ ...input, status: reported })], notes };
}

/** Another object has the name the new replica set would get: the next hash counts one more. */
export function collisionPlan({ deployment }: Pick<PlanInput, 'deployment'>): Plan {
  const collisionCount = (deployment.status?.collisionCount ?? 0) + 1;
  return { writes: [statusUpdate(deployment, { ...deployment.status, collisionCount })] };
}

export function statusPlan(input: Pick<PlanInput, 'deployment' | 'status'>): Plan {
  return { writes: statusWrite(input) };
}

/** The replica set as it is to be; the same object where nothing changes. */
function edited(set: ReplicaSet, { deployment, sets, bounds }: PlanInput, size: number | undefined): ReplicaSet {
  const { metadata, spec } = set;
  const isNewest = set === sets.newest;
  const own = isNewest
    ? newSetAnnotations(deployment, { current: metadata.annotations, revision: nextRevision(sets.old) })
    : metadata.annotations;
  const next = size === undefined ? own : { ...own, ...sizeAnnotations(bounds) };
  const minReadySeconds = isNewest ? deployment.spec.minReadySeconds : spec.minReadySeconds;
  const replicas = size ?? spec.replicas;
  const same =
    replicas === spec.replicas &&
    (minReadySeconds ?? 0) === (spec.minReadySeconds ?? 0) &&
    sameAnnotations(next, metadata.annotations);
  if (same) return set;
  return {
    ...set,
    metadata: { ...metadata, ...(next === undefined ? undefined : { annotations: next }) },
    spec: {
      ...spec,
      ...(replicas === undefined ? undefined : { replicas }),
      ...(minReadySeconds === undefined ? undefined : { minReadySeconds }),
    },
  };
}

/** Old replica sets beyond the history's limit, the lowest revisions first; those that still have pods are left. */
function outdated({ deployment, sets }: PlanInput): Write[] {
  if (!hasRevisionHistoryLimit(deployment)) return [];
  const old = sets.old.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  const surplus = old.length - (deployment.spec.revisionHistoryLimit ?? 0);
  if (surplus <= 0) return [];
  return old
    .toSorted((a, b) => revisionOf(a) - revisionOf(b))
    .slice(0, surplus)
    .filter(isIdle)
    .map(({ metadata: { namespace = '', name, uid } }) => ({
      kind: 'delete',
      resource: resources.replicaSets,
      namespace,
      name,
      uid,
    }));
}

function isIdle(set: ReplicaSet): boolean {
  const { metadata, status } = set;
  const seen = (status?.observedGeneration ?? 0) >= (metadata.generation ?? 1);
  return seen && sizeOf(set) === 0 && (status?.replicas ?? 0) === 0;
}

function withRevision(deployment: Deployment, revision: string): Write {
  const { metadata } = deployment;
  const next = { ...metadata.annotations, [annotations.revision]: revision };
  const object = { ...deployment, metadata: { ...metadata, annotations: next } };
  // Through the status, as upstream: an annotation written through the main endpoint would count as a new generation.
  return { kind: 'update', resource: resources.deployments, subresource: 'status', object };
}

function statusWrite({ deployment, status }: Pick<PlanInput, 'deployment' | 'status'>): Write[] {
  return sameJson(status, deployment.status) ? [] : [statusUpdate(deployment, status)];
}

function statusUpdate(deployment: Deployment, status: DeploymentStatus): Write {
  const object: Deployment = { ...deployment, status };
  return { kind: 'update', resource: resources.deployments, subresource: 'status', object };
}

function scaledNote(deployment: Deployment, set: ReplicaSet, size: number): PlannedNote {
  const before = sizeOf(set);
  const direction = size > before ? 'up' : 'down';
  return scaled(deployment, `${direction} replica set ${set.metadata.name} from ${before} to ${size}`);
}

function scaled(deployment: Deployment, what: string): PlannedNote {
  return { regarding: deployment, type: 'Normal', reason: 'ScalingReplicaSet', message: `Scaled ${what}`, component };
}
