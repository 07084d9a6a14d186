// Going back by annotation, and what else a deployment says in words that people search for.

import { describe, expect, test } from 'vitest';
import { deploymentController } from '../../actors/controllers/deployment.ts';
import { newSetName } from '../../actors/controllers/deployment-replicasets.ts';
import type { Deployment, ReplicaSet } from '../../streams/resources/workload.ts';
import { planOf, reconciled, worldOf } from '../kit/given-world.ts';
import { aDeployment, aNamespace, aReplicaSet, at, template } from '../kit/workloads.ts';

const controller = deploymentController();
const key = 'default/web';
const revisionAnnotation = 'deployment.kubernetes.io/revision';

function asking(revision: string): Deployment {
  const annotations = { 'deprecated.deployment.rollback.to': revision, cause: 'the third', [revisionAnnotation]: '3' };
  return aDeployment({ meta: { annotations }, template: template('nginx:3') });
}

function revisions(owner: Deployment): ReplicaSet[] {
  return [1, 2, 3].map((revision) => {
    const hash = { 'pod-template-hash': `h${revision}` };
    const made = template(`nginx:${revision}`);
    return aReplicaSet(`web-${revision}`, {
      owner,
      replicas: revision === 3 ? 3 : 0,
      template: { ...made, metadata: { ...made.metadata, labels: { ...made.metadata?.labels, ...hash } } },
      meta: {
        annotations: { [revisionAnnotation]: `${revision}`, cause: `number ${revision}` },
        creationTimestamp: at(revision),
      },
    });
  });
}

function undone(revision: string): { readonly object: Deployment; readonly lines: readonly string[] } {
  const deployment = asking(revision);
  const world = worldOf(aNamespace('default'), deployment, ...revisions(deployment));
  const [write] = planOf(controller, world, { key }).writes;
  if (write?.kind !== 'update') throw new Error('nothing was written');
  return { object: write.object as Deployment, lines: reconciled(controller, world, { key }).slice(1) };
}

describe('a deployment that is asked to go back', () => {
  test('takes the template and the annotations of that revision, once', () => {
    const { object, lines } = undone('1');
    expect(object.spec.template).toEqual(template('nginx:1'));
    expect(object.metadata.annotations).toEqual({ cause: 'number 1', [revisionAnnotation]: '3' });
    expect(lines).toEqual(['note Normal DeploymentRollback: Rolled back deployment "web" to revision 1']);
  });

  test('goes to the last revision but one where none is named', () => {
    expect(undone('0').lines).toEqual(['note Normal DeploymentRollback: Rolled back deployment "web" to revision 2']);
  });

  const refused: readonly (readonly [revision: string, line: string])[] = [
    [
      '3',
      'DeploymentRollbackTemplateUnchanged: The rollback revision contains the same template as current deployment "web"',
    ],
    ['9', 'DeploymentRollbackRevisionNotFound: Unable to find the revision to rollback to.'],
  ];
  test.each(refused)('to revision %s says why it does not, and forgets it', (revision, line) => {
    const { object, lines } = undone(revision);
    expect(object.spec.template).toEqual(template('nginx:3'));
    expect(object.metadata.annotations).toEqual({ cause: 'the third', [revisionAnnotation]: '3' });
    expect(lines).toEqual([`note Warning ${line}`]);
  });

  test('with nowhere to go says so', () => {
    const lonely = asking('0');
    const world = worldOf(aNamespace('default'), lonely, ...revisions(lonely).slice(2));
    expect(reconciled(controller, world, { key }).slice(1)).toEqual([
      'note Warning DeploymentRollbackRevisionNotFound: Unable to find last revision.',
    ]);
  });

  test('in words that are no number goes on as ever', () => {
    const deployment = asking('yesterday');
    const world = worldOf(aNamespace('default'), deployment, ...revisions(deployment));
    expect(reconciled(controller, world, { key }).join()).not.toContain('Rollback');
  });

  test('while it is paused waits', () => {
    const deployment = { ...asking('1'), spec: { ...asking('1').spec, paused: true } };
    const world = worldOf(aNamespace('default'), deployment, ...revisions(deployment));
    expect(reconciled(controller, world, { key }).join()).not.toContain('Rollback');
  });
});

test('the name of a replica set has room for its hash', () => {
  const name = newSetName(aDeployment({ meta: { name: 'n'.repeat(253) } }));
  expect(name).toMatch(/^n{242}-[a-z0-9]{10}$/);
});

test('the condition that was set last stands last', () => {
  const conditions = (['Progressing', 'Available'] as const).map((type) => {
    return { type, status: 'True' as const, reason: 'Before', message: '', lastUpdateTime: at(0) };
  });
  const deployment = aDeployment({ status: { observedGeneration: 1, conditions } });
  const plan = planOf(controller, worldOf(aNamespace('default'), deployment), { key });
  const write = plan.writes.find(({ kind }) => kind === 'update');
  const told = write?.kind === 'update' ? (write.object as Deployment).status?.conditions : [];
  expect(told?.map(({ type, reason }) => `${type} ${reason}`)).toEqual([
    'Available MinimumReplicasUnavailable',
    'Progressing NewReplicaSetCreated',
  ]);
});
