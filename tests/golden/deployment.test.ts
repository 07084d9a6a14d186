// The deployment controller as a table: given these objects, when the deployment is looked at, then these writes.

import { describe, expect, test } from 'vitest';
import { deploymentController } from '../../actors/controllers/deployment.ts';
import { podTemplateHash } from '../../actors/controllers/pod-template-hash.ts';
import type { KubeObject } from '../../streams/resources/meta.ts';
import type { Deployment, ReplicaSet } from '../../streams/resources/workload.ts';
import { planOf, reconciled, type When, worldOf } from '../kit/given-world.ts';
import {
  aDeployment,
  aNamespace,
  aPod,
  aReplicaSet,
  at,
  atMs,
  type ReplicaSetTraits,
  somePods,
  template,
} from '../kit/workloads.ts';

const controller = deploymentController();
const key = 'default/web';
const hash = podTemplateHash(template());

function when(objects: readonly KubeObject[], change: Partial<When> = {}): string[] {
  return reconciled(controller, worldOf(...objects), { key, ...change });
}

const sized = (desired: number, max: number, revision: number) => ({
  'deployment.kubernetes.io/revision': String(revision),
  'deployment.kubernetes.io/desired-replicas': String(desired),
  'deployment.kubernetes.io/max-replicas': String(max),
});

/** A replica set of the deployment for an image, with its pods. */
function set(
  owner: Deployment,
  name: string,
  {
    image = 'nginx:1',
    desired = 3,
    max = 4,
    revision = 1,
    ready = 0,
    ...traits
  }: ReplicaSetTraits & {
    image?: string;
    desired?: number;
    max?: number;
    revision?: number;
    ready?: number;
  },
): KubeObject[] {
  const replicas = traits.replicas ?? 3;
  const own = aReplicaSet(name, {
    owner,
    template: template(image),
    status: { replicas, readyReplicas: ready, availableReplicas: ready, terminatingReplicas: 0 },
    ...traits,
    meta: { annotations: sized(desired, max, revision), creationTimestamp: at(revision), ...traits.meta },
  });
  return [
    own,
    ...somePods(name, ready, { owner: own }),
    ...somePods(`${name}-new`, replicas - ready, { owner: own, unready: true }),
  ];
}

const available = {
  type: 'Available',
  status: 'True',
  reason: 'MinimumReplicasAvailable',
  message: 'Deployment has minimum availability.',
} as const;
const done = { type: 'Progressing', status: 'True', reason: 'NewReplicaSetAvailable', lastUpdateTime: at(0) } as const;
const complete = {
  observedGeneration: 1,
  replicas: 3,
  updatedReplicas: 3,
  readyReplicas: 3,
  availableReplicas: 3,
  terminatingReplicas: 0,
  conditions: [{ ...available, lastUpdateTime: at(0), lastTransitionTime: at(0) }, done],
};
const revised = { annotations: { 'deployment.kubernetes.io/revision': '1' } };

describe('a new deployment', () => {
  test('creates the replica set for its template with all its pods', () => {
    expect(when([aDeployment()])).toEqual([
      `create replicasets web-${hash}`,
      'update deployments/status web: status.observedGeneration none → 1; status.terminatingReplicas none → 0; Available=False(MinimumReplicasUnavailable); Progressing=True(NewReplicaSetCreated)',
      `note Normal ScalingReplicaSet: Scaled up replica set web-${hash} from 0 to 3`,
    ]);
  });

  test('gives the replica set its labels, its selector, its owner and its place in the history', () => {
    const [write] = planOf(controller, worldOf(aDeployment()), { key }).writes;
    expect(write).toMatchObject({
      kind: 'create',
      object: {
        metadata: {
          name: `web-${hash}`,
          namespace: 'default',
          labels: { app: 'web', 'pod-template-hash': hash },
          annotations: sized(3, 4, 1),
          ownerReferences: [{ kind: 'Deployment', name: 'web', controller: true, blockOwnerDeletion: true }],
        },
        spec: {
          replicas: 3,
          selector: { matchLabels: { app: 'web', 'pod-template-hash': hash } },
          template: { metadata: { labels: { app: 'web', 'pod-template-hash': hash } } },
        },
      },
    });
  });

  test('takes its revision from its replica set', () => {
    const owner = aDeployment();
    expect(when([owner, ...set(owner, `web-${hash}`, {})])).toEqual([
      'update deployments/status web: metadata.annotations none → {"deployment.kubernetes.io/revision":"1"}',
      'again after 600001 ms',
    ]);
  });

  test('says why its replica set cannot be created, and tries again', () => {
    const owner = aDeployment();
    const [write] = planOf(controller, worldOf(owner), { key }).writes;
    if (write === undefined) throw new Error('nothing was planned');
    const failures = [{ write, reason: 'Forbidden', message: 'exceeded quota' } as const];
    const plan = planOf(controller, worldOf(owner), { key, failures });
    expect(plan.writes[0]).toMatchObject({ kind: 'create' });
    expect(plan.writes[1]).toMatchObject({
      object: {
        status: {
          conditions: [
            {},
            {
              status: 'False',
              reason: 'ReplicaSetCreateError',
              message: `Failed to create new replica set "web-${hash}": exceeded quota`,
            },
          ],
        },
      },
    });
  });

  test('counts a collision where another object has the name', () => {
    expect(
      when([
        aDeployment(),
        aReplicaSet(`web-${hash}`, {
          template: template('other'),
          selector: { matchLabels: { a: 'b' } },
          meta: { labels: { a: 'b' } },
        }),
      ]),
    ).toEqual(['update deployments/status web: status.collisionCount none → 1']);
    expect(podTemplateHash(template(), 1)).not.toBe(hash);
  });

  test('creates nothing in a namespace that is going away', () => {
    const lines = when([aDeployment(), aNamespace('default', { meta: { deletionTimestamp: at(0) } })]);
    expect(lines.filter((line) => line.startsWith('create'))).toEqual([]);
  });

  test('that is paused waits', () => {
    expect(when([aDeployment({ paused: true })])).toEqual([
      'update deployments/status web: status.observedGeneration none → 1; status.terminatingReplicas none → 0; Progressing=Unknown(DeploymentPaused); Available=False(MinimumReplicasUnavailable)',
    ]);
  });

  test('with an empty selector is left alone with a warning', () => {
    expect(when([aDeployment({ selector: {} })])).toEqual([
      'update deployments/status web: status.observedGeneration none → 1',
      'note Warning SelectingAll: This deployment is selecting all pods. A non-empty selector is required.',
    ]);
  });
});

describe('a deployment at rest', () => {
  const owner = aDeployment({ meta: revised, status: complete });

  test('needs nothing', () => {
    expect(when([owner, ...set(owner, 'web-a', { ready: 3 })])).toEqual([]);
  });

  test('adopts a replica set that matches and belongs to nobody, and lets go of one that matches no longer', () => {
    const stranger = aReplicaSet('stranger', { replicas: 0 });
    const lost = aReplicaSet('lost', { owner, meta: { labels: { app: 'other' } } });
    expect(when([owner, stranger, lost])).toEqual([
      'update replicasets lost: metadata.ownerReferences [{"apiVersion":"apps/v1","kind":"Deployment","name":"web","uid":"uid-of-web","controller":true,"blockOwnerDeletion":true}] → none',
      'update replicasets stranger: metadata.ownerReferences none → [{"apiVersion":"apps/v1","kind":"Deployment","name":"web","uid":"uid-of-web","controller":true,"blockOwnerDeletion":true}]',
    ]);
  });

  test('that is being deleted only reports', () => {
    const leaving = { ...owner, metadata: { ...owner.metadata, deletionTimestamp: at(9), generation: 2 } };
    expect(when([leaving, ...set(owner, 'web-a', { ready: 2 })])).toEqual([
      'update deployments/status web: status.observedGeneration 1 → 2; status.readyReplicas 3 → 2; status.availableReplicas 3 → 2; Available=False(MinimumReplicasUnavailable); status.unavailableReplicas none → 1',
    ]);
  });

  test('loses a pod without becoming a rollout again', () => {
    expect(when([owner, ...set(owner, 'web-a', { ready: 2 })])).toEqual([
      'update deployments/status web: status.readyReplicas 3 → 2; status.availableReplicas 3 → 2; Available=False(MinimumReplicasUnavailable); status.unavailableReplicas none → 1',
    ]);
  });

  test('hands its annotations and minReadySeconds on to its replica set', () => {
    const next = aDeployment({
      meta: { annotations: { ...revised.annotations, team: 'a' } },
      minReadySeconds: 5,
      status: complete,
    });
    expect(when([next, ...set(owner, 'web-a', { ready: 3 })])).toEqual([
      'update replicasets web-a: metadata.annotations.team none → "a"; spec.minReadySeconds none → 5',
    ]);
  });
});

describe('a scaled deployment', () => {
  test('resizes its only live replica set', () => {
    const owner = aDeployment({ replicas: 5, meta: { ...revised, generation: 2 }, status: complete });
    const lines = when([owner, ...set(owner, 'web-a', { ready: 3 })]);
    expect(lines[0]).toBe(
      'update replicasets web-a: metadata.annotations.deployment.kubernetes.io/desired-replicas "3" → "5"; metadata.annotations.deployment.kubernetes.io/max-replicas "4" → "6"; spec.replicas 3 → 5',
    );
    expect(lines.at(-1)).toBe('note Normal ScalingReplicaSet: Scaled up replica set web-a from 3 to 5');
  });

  test('is scaled while it is paused', () => {
    const owner = aDeployment({ replicas: 1, paused: true, meta: { ...revised, generation: 2 }, status: complete });
    const lines = when([owner, ...set(owner, 'web-a', { ready: 3 })]);
    expect(lines).toContain('note Normal ScalingReplicaSet: Scaled down replica set web-a from 3 to 1');
  });

  test.each([
    { from: 10, to: 15, old: 8, now: 5, sizes: ['web-old from 8 to 11', 'web-new from 5 to 7'] },
    { from: 10, to: 5, old: 8, now: 5, sizes: ['web-old from 8 to 5', 'web-new from 5 to 3'] },
    { from: 10, to: 0, old: 8, now: 5, sizes: ['web-old from 8 to 0', 'web-new from 5 to 0'] },
  ])('shares out $from → $to in the middle of a rollout', ({ from, to, old, now, sizes }) => {
    const owner = aDeployment({
      replicas: to,
      template: template('nginx:2'),
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 3, maxUnavailable: 2 } },
      meta: { annotations: { 'deployment.kubernetes.io/revision': '2' }, generation: 3 },
    });
    const [desired, max] = [from, from + 3];
    const lines = when([
      owner,
      ...set(owner, 'web-old', { replicas: old, ready: old, desired, max }),
      ...set(owner, 'web-new', { replicas: now, ready: 0, image: 'nginx:2', revision: 2, desired, max }),
    ]);
    const scaled = lines.flatMap((line) => /Scaled (?:up|down) replica set (.*)/.exec(line)?.[1] ?? []);
    expect(scaled.sort()).toEqual([...sizes].sort());
  });
});

describe('a rolling update', () => {
  const owner = (change: Parameters<typeof aDeployment>[0] = {}) =>
    aDeployment({
      template: template('nginx:2'),
      meta: { annotations: { 'deployment.kubernetes.io/revision': '2' }, generation: 2 },
      ...change,
    });
  const scaling = (lines: readonly string[]) => lines.filter((line) => line.includes('ScalingReplicaSet'));

  test('creates the new replica set as large as the surge allows', () => {
    const deployment = owner({ meta: { ...revised, generation: 2 }, status: complete });
    const name = `web-${podTemplateHash(template('nginx:2'))}`;
    expect(when([deployment, ...set(deployment, 'web-old', { ready: 3 })])).toEqual([
      `create replicasets ${name}`,
      expect.stringContaining('Progressing=True(NewReplicaSetCreated)'),
      `note Normal ScalingReplicaSet: Scaled up replica set ${name} from 0 to 1`,
    ]);
  });

  test('waits for the new pod before an old one goes', () => {
    const deployment = owner();
    const lines = when([
      deployment,
      ...set(deployment, 'web-old', { ready: 3 }),
      ...set(deployment, 'web-new', { image: 'nginx:2', revision: 2, replicas: 1 }),
    ]);
    expect(scaling(lines)).toEqual([]);
  });

  test('lets an old pod go for a new one that is available', () => {
    const deployment = owner();
    const lines = when([
      deployment,
      ...set(deployment, 'web-old', { ready: 3 }),
      ...set(deployment, 'web-new', { image: 'nginx:2', revision: 2, replicas: 1, ready: 1 }),
    ]);
    expect(scaling(lines)).toEqual(['note Normal ScalingReplicaSet: Scaled down replica set web-old from 3 to 2']);
  });

  test('does not surge while the old pod is still there, whatever the replica set was asked for', () => {
    const deployment = owner();
    const old = set(deployment, 'web-old', { ready: 3 });
    const shrunk = { ...(old[0] as ReplicaSet), spec: { ...(old[0] as ReplicaSet).spec, replicas: 2 } };
    const fresh = set(deployment, 'web-new', { image: 'nginx:2', revision: 2, replicas: 1, ready: 1 });
    expect(scaling(when([deployment, shrunk, ...old.slice(1), ...fresh]))).toEqual([]);
    expect(scaling(when([deployment, shrunk, ...old.slice(2), ...fresh]))).toEqual([
      'note Normal ScalingReplicaSet: Scaled up replica set web-new from 1 to 2',
    ]);
  });

  test('takes away old pods that are not available first', () => {
    const deployment = owner({
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 1 } },
    });
    const lines = when([
      deployment,
      ...set(deployment, 'web-older', { image: 'nginx:0', replicas: 1, ready: 1 }),
      ...set(deployment, 'web-old', { revision: 2, replicas: 2, ready: 1 }),
      ...set(deployment, 'web-new', { image: 'nginx:2', revision: 3, replicas: 1, ready: 1 }),
    ]);
    expect(scaling(lines)).toEqual([
      'note Normal ScalingReplicaSet: Scaled down replica set web-older from 1 to 0',
      'note Normal ScalingReplicaSet: Scaled down replica set web-old from 2 to 1',
    ]);
  });

  test('back to an older template makes its replica set the newest revision', () => {
    const deployment = aDeployment({
      meta: { annotations: { 'deployment.kubernetes.io/revision': '2' }, generation: 3 },
    });
    const lines = when([
      deployment,
      ...set(deployment, 'web-a', { replicas: 0 }),
      ...set(deployment, 'web-b', { image: 'nginx:2', revision: 2, ready: 3 }),
    ]);
    expect(lines[0]).toContain('web-a: metadata.annotations.deployment.kubernetes.io/revision "1" → "3"');
    expect(lines[0]).toContain('revision-history none → "1"');
    expect(lines[0]).toContain('spec.replicas 0 → 1');
    expect(lines[1]).toBe(
      'update deployments/status web: metadata.annotations.deployment.kubernetes.io/revision "2" → "3"',
    );
  });

  test('that is over clears old replica sets beyond the history limit', () => {
    const deployment = owner({ revisionHistoryLimit: 1, status: { ...complete, observedGeneration: 2 } });
    const lines = when([
      deployment,
      ...set(deployment, 'web-a', { replicas: 0, image: 'nginx:0' }),
      ...set(deployment, 'web-b', { replicas: 0, image: 'nginx:1', revision: 2 }),
      ...set(deployment, 'web-c', { image: 'nginx:2', revision: 3, ready: 3 }),
    ]);
    expect(lines).toContain('delete replicasets web-a');
    expect(lines.some((line) => line.includes('delete replicasets web-b'))).toBe(false);
  });

  test('reports progress, and completion once all pods are new and available', () => {
    const deployment = owner();
    const fresh = set(deployment, 'web-new', { image: 'nginx:2', revision: 2, ready: 3 });
    expect(when([deployment, ...fresh])).toEqual([
      'update deployments/status web: status.observedGeneration none → 2; status.replicas none → 3; status.updatedReplicas none → 3; status.readyReplicas none → 3; status.availableReplicas none → 3; status.terminatingReplicas none → 0; Available=True(MinimumReplicasAvailable); Progressing=True(NewReplicaSetAvailable)',
    ]);
  });

  test('stalls when nothing has moved within the deadline', () => {
    const status = {
      observedGeneration: 2,
      replicas: 3,
      updatedReplicas: 3,
      unavailableReplicas: 3,
      terminatingReplicas: 0,
      conditions: [
        {
          type: 'Available',
          status: 'False',
          reason: 'MinimumReplicasUnavailable',
          lastUpdateTime: at(0),
          lastTransitionTime: at(0),
        },
        {
          type: 'Progressing',
          status: 'True',
          reason: 'ReplicaSetUpdated',
          lastUpdateTime: at(0),
          lastTransitionTime: at(0),
        },
      ],
    } as const;
    const deployment = owner({ status });
    const objects = [deployment, ...set(deployment, 'web-new', { image: 'nginx:2', revision: 2 })];
    expect(when(objects, { nowMs: atMs(10) })).toEqual(['again after 590001 ms']);
    expect(when(objects, { nowMs: atMs(601) })).toEqual([
      'update deployments/status web: Progressing=False(ProgressDeadlineExceeded)',
    ]);
  });

  test('passes on what its replica set cannot do', () => {
    const deployment = owner();
    const failing = aReplicaSet('web-new', {
      owner: deployment,
      template: template('nginx:2'),
      meta: { annotations: sized(3, 4, 2) },
      status: {
        replicas: 0,
        conditions: [{ type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message: 'exceeded quota' }],
      },
    });
    expect(when([deployment, failing])[0]).toContain('ReplicaFailure=True(FailedCreate)');
  });
});

describe('the strategy Recreate', () => {
  const deployment = aDeployment({
    strategy: { type: 'Recreate' },
    template: template('nginx:2'),
    meta: { ...revised, generation: 2 },
  });
  const name = `web-${podTemplateHash(template('nginx:2'))}`;

  test('first takes all old pods away', () => {
    const lines = when([deployment, ...set(deployment, 'web-old', { ready: 3, max: 3 })]);
    expect(lines).toContain('note Normal ScalingReplicaSet: Scaled down replica set web-old from 3 to 0');
    expect(lines.some((line) => line.startsWith('create'))).toBe(false);
  });

  test('waits for pods that are still ending', () => {
    const [old] = set(deployment, 'web-old', { replicas: 0, max: 3 });
    if (old === undefined) throw new Error('no replica set');
    const ending = aPod('web-old-0', { owner: old, meta: { deletionTimestamp: at(30) } });
    expect(when([deployment, old, ending]).some((line) => line.startsWith('create'))).toBe(false);
    expect(when([deployment, old])).toContain(
      `note Normal ScalingReplicaSet: Scaled up replica set ${name} from 0 to 3`,
    );
  });
});
