// Going back to an earlier template by annotation, as the first versions of the API had it (`kubectl rollout undo` writes
// the template itself). Whatever comes of it, the wish is taken away, so that it is fulfilled once.

import { resources } from '../../streams/resources/names.ts';
import type { Deployment, PodTemplate, ReplicaSet } from '../../streams/resources/workload.ts';
import type { Plan, PlannedNote } from '../kit/controller.ts';
import type { Write } from '../kit/write.ts';
import { sameTemplate } from './deployment-replicasets.ts';
import { annotations, isOwnAnnotation, revisionOf } from './deployment-revisions.ts';
import { templateHashLabel } from './pod-template-hash.ts';

/** The revision that is asked for; undefined where none is. */
export function rollbackRevision({ metadata }: Deployment): number | undefined {
  const text = metadata.annotations?.[annotations.rollbackTo];
  return text !== undefined && /^[+-]?\d+$/.test(text) ? Number(text) : undefined;
}

export function rollbackPlan(deployment: Deployment, sets: readonly ReplicaSet[], revision: number): Plan {
  const wanted = revision === 0 ? lastRevision(sets) : revision;
  if (wanted === 0) return forgotten(deployment, 'DeploymentRollbackRevisionNotFound', 'Unable to find last revision.');
  const set = sets.find((candidate) => revisionOf(candidate) === wanted);
  const template = set?.spec.template;
  if (set === undefined || template === undefined) {
    return forgotten(deployment, 'DeploymentRollbackRevisionNotFound', 'Unable to find the revision to rollback to.');
  }
  const name = JSON.stringify(deployment.metadata.name);
  if (sameTemplate(template, deployment.spec.template)) {
    const message = `The rollback revision contains the same template as current deployment ${name}`;
    return forgotten(deployment, 'DeploymentRollbackTemplateUnchanged', message);
  }
  const { metadata, spec } = deployment;
  // What was annotated when the template was made comes back with it.
  const own = Object.entries(metadata.annotations ?? {}).filter(([name]) => isOwnAnnotation(name));
  const theirs = Object.entries(set.metadata.annotations ?? {}).filter(([name]) => !isOwnAnnotation(name));
  const after = write({
    ...deployment,
    metadata: { ...metadata, annotations: Object.fromEntries([...own, ...theirs]) },
    spec: { ...spec, template: withoutHash(template) },
  });
  const message = `Rolled back deployment ${name} to revision ${wanted}`;
  return { writes: [after], notes: [{ ...note(deployment, 'Normal', 'DeploymentRollback', message), after }] };
}

/** The last revision but one; 0 where there is none. */
function lastRevision(sets: readonly ReplicaSet[]): number {
  return sets.map(revisionOf).sort((a, b) => b - a)[1] ?? 0;
}

function forgotten(deployment: Deployment, reason: string, message: string): Plan {
  return { writes: [write(deployment)], notes: [note(deployment, 'Warning', reason, message)] };
}

function write(deployment: Deployment): Write {
  const { [annotations.rollbackTo]: _, ...kept } = deployment.metadata.annotations ?? {};
  const object: Deployment = { ...deployment, metadata: { ...deployment.metadata, annotations: kept } };
  return { kind: 'update', resource: resources.deployments, object };
}

function withoutHash(template: PodTemplate): PodTemplate {
  const { [templateHashLabel]: _, ...labels } = template.metadata?.labels ?? {};
  return { ...template, metadata: { ...template.metadata, labels } };
}

function note(regarding: Deployment, type: 'Normal' | 'Warning', reason: string, message: string): PlannedNote {
  return { regarding, type, reason, message, component: 'deployment-controller' };
}
