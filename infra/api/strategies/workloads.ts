// Deployments and ReplicaSets: generation follows the spec, the selector never changes.

import type { AnyObject } from '../../../streams/resources/meta.ts';
import type {
  Deployment,
  DeploymentSpec,
  PodTemplate,
  ReplicaSet,
  ReplicaSetSpec,
} from '../../../streams/resources/workload.ts';
import type { Strategy } from '../registry/strategy.ts';
import { deploymentProblems, replicaSetProblems } from '../validation/workloads.ts';
import { fill, within } from './fill.ts';
import { defaultPodSpec } from './pod-spec-defaults.ts';

export const deploymentStrategy: Omit<Strategy, 'lifecycle'> = {
  generation: true,
  generationOfAnnotations: true,
  status: true,
  statusKeepsLabels: true,
  defaults: (object) =>
    within(object as Deployment & AnyObject, 'spec', (spec) => {
      const filled = fill(spec, {
        replicas: 1,
        strategy: {},
        revisionHistoryLimit: 10,
        progressDeadlineSeconds: 600,
      });
      return within(within(filled, 'template', defaultTemplate), 'strategy', defaultRollout);
    }),
  prepareCreate: (object) => ({ ...object, status: {} }) as AnyObject,
  validate: (next, before) =>
    deploymentProblems(next as unknown as Deployment, before as unknown as Deployment | undefined),
};

export const replicaSetStrategy: Omit<Strategy, 'lifecycle'> = {
  generation: true,
  status: true,
  defaults: (object) =>
    within(object as ReplicaSet & AnyObject, 'spec', (spec: ReplicaSetSpec) =>
      within(fill(spec, { replicas: 1 }), 'template', defaultTemplate),
    ),
  prepareCreate: (object) => ({ ...object, status: { replicas: 0 } }) as AnyObject,
  validate: (next, before) =>
    replicaSetProblems(next as unknown as ReplicaSet, before as unknown as ReplicaSet | undefined),
};

function defaultTemplate(template: PodTemplate): PodTemplate {
  return within(fill(template, { metadata: { creationTimestamp: null } }), 'spec', defaultPodSpec);
}

function defaultRollout(strategy: NonNullable<DeploymentSpec['strategy']>): NonNullable<DeploymentSpec['strategy']> {
  const filled = fill(strategy, { type: 'RollingUpdate' });
  if (filled.type !== 'RollingUpdate') return filled;
  return within(fill(filled, { rollingUpdate: {} }), 'rollingUpdate', (rolling) =>
    fill(rolling, { maxUnavailable: '25%', maxSurge: '25%' }),
  );
}
