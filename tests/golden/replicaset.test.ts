// The replica set controller as a table: given these objects, when the replica set is looked at, then these writes.

import { describe, expect, test } from 'vitest';
import { podsToDelete } from '../../actors/controllers/pod-deletion-order.ts';
import { replicaSetController } from '../../actors/controllers/replicaset.ts';
import type { KubeObject } from '../../streams/resources/meta.ts';
import type { Pod } from '../../streams/resources/pod.ts';
import { planOf, reconciled, type When, worldOf } from '../kit/given-world.ts';
import {
  aDeployment,
  aNamespace,
  aPod,
  aReplicaSet,
  at,
  atMs,
  controlledBy,
  type PodTraits,
  somePods,
  startMs,
  template,
} from '../kit/workloads.ts';

const controller = replicaSetController();
const key = 'default/web';
const settled = {
  replicas: 3,
  fullyLabeledReplicas: 3,
  readyReplicas: 3,
  availableReplicas: 3,
  terminatingReplicas: 0,
};

function when(objects: readonly KubeObject[], change: Partial<When> = {}): string[] {
  return reconciled(controller, worldOf(...objects), { key, ...change });
}

describe('pods', () => {
  test('that are missing are created, and counted afterwards', () => {
    const set = aReplicaSet('web', { replicas: 2, status: { replicas: 0 } });
    const lines = when([set]);
    expect(lines.map((line) => line.replace(/web-[a-z0-9]{5}$/, 'web-?'))).toEqual([
      'create pods web-?',
      'create pods web-?',
      'note Normal SuccessfulCreate: Created pod: web-?',
      'note Normal SuccessfulCreate: Created pod: web-?',
    ]);
    expect(new Set(lines).size).toBe(4);
  });

  test('are made from the template and owned by the replica set', () => {
    const pods = { ...template(), metadata: { labels: { app: 'web' }, annotations: { a: 'b' }, finalizers: ['x/y'] } };
    const set = aReplicaSet('web', { replicas: 1, template: pods, status: { replicas: 0 } });
    expect(planOf(controller, worldOf(set), { key }).writes[0]).toMatchObject({
      kind: 'create',
      object: {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: {
          generateName: 'web-',
          namespace: 'default',
          labels: { app: 'web' },
          annotations: { a: 'b' },
          finalizers: ['x/y'],
          ownerReferences: [controlledBy(set)],
        },
        spec: { containers: [{ name: 'web', image: 'nginx:1' }] },
      },
    });
  });

  test('keep a name of at most 63 characters', () => {
    const name = 'a'.repeat(80);
    const set = aReplicaSet(name, { replicas: 1, status: { replicas: 0 } });
    const [line] = reconciled(controller, worldOf(set), { key: `default/${name}` });
    expect(line).toMatch(/^create pods a{58}[a-z0-9]{5}$/);
  });

  test('are created 500 at a time', () => {
    const plan = planOf(controller, worldOf(aReplicaSet('web', { replicas: 1_200, status: { replicas: 0 } })), { key });
    expect(plan.writes.length).toBe(500);
  });

  test('that are over or going away are replaced', () => {
    const set = aReplicaSet('web', { status: settled });
    const pods = [
      aPod('a', { owner: set }),
      aPod('b', { owner: set, phase: 'Failed' }),
      aPod('c', { owner: set, meta: { deletionTimestamp: at(30) } }),
    ];
    expect(when([set, ...pods]).filter((line) => line.startsWith('create')).length).toBe(2);
  });

  test('that are too many are deleted', () => {
    const set = aReplicaSet('web', { replicas: 1, status: settled });
    const lines = when([set, ...somePods('p', 3, { owner: set })]);
    expect(lines.filter((line) => line.startsWith('delete pods')).length).toBe(2);
    expect(lines.filter((line) => line.startsWith('note Normal SuccessfulDelete: Deleted pod: p-')).length).toBe(2);
  });

  test('that match and belong to nobody are adopted, those that match no longer are let go', () => {
    const set = aReplicaSet('web', { status: settled });
    const lost = aPod('lost', { owner: set, meta: { labels: { app: 'other' } } });
    const lines = when([set, lost, aPod('stray'), aPod('over', { phase: 'Succeeded' })]);
    expect(lines.map((line) => line.split(':')[0])).toEqual(['update pods lost', 'update pods stray']);
    expect(lines[0]).toMatch(/ownerReferences .* → none/);
    expect(lines[1]).toContain('ownerReferences none →');
  });

  test('are not created in a namespace that is going away, nor for a replica set that is', () => {
    const ending = aNamespace('default', { meta: { deletionTimestamp: at(0) } });
    expect(when([aReplicaSet('web', { status: { replicas: 0 } }), ending]).join()).not.toContain('create');
    const leaving = aReplicaSet('web', { status: { replicas: 0 }, meta: { deletionTimestamp: at(0) } });
    expect(when([leaving]).join()).not.toContain('create');
  });
});

describe('a refusal', () => {
  const set = aReplicaSet('web', { replicas: 100, status: { replicas: 0 } });
  const refused = (reason: 'Forbidden' | 'AlreadyExists') => {
    const [write] = planOf(controller, worldOf(set), { key }).writes;
    if (write === undefined) throw new Error('nothing was planned');
    return [{ write, reason, message: 'pods "web-x" is forbidden: exceeded quota' }] as const;
  };

  test('is told, and one pod tries the ground', () => {
    const lines = when([set], { failures: refused('Forbidden') });
    expect(lines[0]).toMatch(/^create pods web-/);
    expect(lines.slice(1)).toEqual([
      'update replicasets/status web: status.terminatingReplicas none → 0; ReplicaFailure=True(FailedCreate)',
      expect.stringMatching(/^note Normal SuccessfulCreate/),
      'note Warning FailedCreate: Error creating: pods "web-x" is forbidden: exceeded quota',
    ]);
  });

  test('that lasts is not told in the status again', () => {
    const first = planOf(controller, worldOf(set), { key, failures: refused('Forbidden') }).writes[1];
    if (first?.kind !== 'update') throw new Error('no status was planned');
    const lines = when([first.object], { failures: refused('Forbidden'), nowMs: atMs(9) });
    expect(lines.filter((line) => line.startsWith('update'))).toEqual([]);
  });

  test('that is over is forgotten', () => {
    const failing = aReplicaSet('web', {
      status: {
        ...settled,
        conditions: [{ type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate' }],
      },
    });
    expect(when([failing, ...somePods('p', 3, { owner: failing })])).toEqual([
      'update replicasets/status web: no ReplicaFailure',
    ]);
  });

  test('of a name that is taken is no failure', () => {
    const lines = when([set], { failures: refused('AlreadyExists') });
    expect(lines.filter((line) => line.startsWith('create')).length).toBe(100);
    expect(lines.join()).not.toContain('FailedCreate');
  });
});

describe('the status', () => {
  test('counts pods that are there, labelled, ready, available and going away', () => {
    const set = aReplicaSet('web', { status: { replicas: 0 }, minReadySeconds: 10, meta: { generation: 2 } });
    const ending = aPod('e', { owner: set, meta: { deletionTimestamp: at(30) } });
    const labelled = { ...template(), metadata: { labels: { app: 'web', tier: 'front' } } };
    const strict = { ...set, spec: { ...set.spec, template: labelled } };
    const pods = [
      aPod('a', { owner: set, readyAt: 0, meta: { labels: { app: 'web', tier: 'front' } } }),
      aPod('b', { owner: set, readyAt: 15 }),
      aPod('c', { owner: set, unready: true }),
    ];
    expect(when([strict, ...pods, ending], { nowMs: atMs(20) })).toEqual([
      'update replicasets/status web: status.replicas 0 → 3; status.observedGeneration 1 → 2; status.fullyLabeledReplicas none → 1; status.readyReplicas none → 2; status.availableReplicas none → 1; status.terminatingReplicas none → 1',
      'again after 5000 ms',
    ]);
  });

  test('that says all there is to say is left alone', () => {
    const set = aReplicaSet('web', { status: settled });
    expect(when([set, ...somePods('p', 3, { owner: set })])).toEqual([]);
  });
});

describe('of two pods', () => {
  const ten = { conditions: [] } as const;
  const cost = (value: string): PodTraits => ({
    meta: { annotations: { 'controller.kubernetes.io/pod-deletion-cost': value } },
  });
  test.each<[string, PodTraits, PodTraits]>([
    ['the one without a node goes first', { node: '', phase: 'Pending' }, { phase: 'Pending' }],
    ['the pending one goes before the running one', { phase: 'Pending' }, { unready: true }],
    ['the one of unknown phase goes before the running one', { phase: 'Unknown' }, { unready: true }],
    ['the one that is not ready goes first', { unready: true }, {}],
    ['the cheaper one goes first', cost('-5'), cost('7')],
    ['the one that shares its node goes first', { node: 'crowded' }, { node: 'lonely' }],
    ['the one that has been ready for a shorter time goes first', { readyAt: 900 }, { readyAt: 0 }],
    ['the one that has restarted more often goes first', { restarts: 4 }, { restarts: 1 }],
    ['the newer one goes first', { meta: { creationTimestamp: at(900) } }, { meta: { creationTimestamp: at(0) } }],
  ])('%s', (_, first, second) => {
    // Names and uids are the wrong way round, so that only the rule can put the pods in order.
    const goes = aPod('z', { ...ten, ...first });
    const stays = aPod('a', { ...ten, ...second });
    const crowd = somePods('sibling', 3, { node: 'crowded' });
    const order = { siblings: [goes, stays, ...crowd], minReadySeconds: 0, nowMs: atMs(1_000) };
    expect(podsToDelete([stays, goes], 1, order)).toEqual([goes]);
    expect(podsToDelete([goes, stays], 1, order)).toEqual([goes]);
  });

  test('of about the same age none is preferred for being newer by a little', () => {
    const pods = [aPod('a', { readyAt: 0 }), aPod('b', { readyAt: 100 })];
    const order = { siblings: pods, minReadySeconds: 0, nowMs: atMs(1_000) };
    expect(podsToDelete(pods, 1, order).map(nameOf)).toEqual(['a']);
  });

  test('siblings of other replica sets of the same deployment count', () => {
    const owner = aDeployment();
    const set = aReplicaSet('web', { owner, replicas: 1, status: settled });
    const other = aReplicaSet('other', { owner, replicas: 2 });
    const pods = [aPod('a', { owner: set, node: 'node-1' }), aPod('z', { owner: set, node: 'node-2' })];
    const lines = when([owner, set, other, ...pods, ...somePods('o', 2, { owner: other, node: 'node-2' })]);
    expect(lines[0]).toBe('delete pods z');
  });
});

test('a replica set that is gone needs nothing', () => {
  expect(when([], { nowMs: startMs })).toEqual([]);
});

function nameOf(pod: Pod): string {
  return pod.metadata.name;
}
