// The replication controller as a table: what it has in common with the replica set's is told there; here is what is its
// own: a selector of plain labels, its name on events, and a status without pods that are going away.

import { expect, test } from 'vitest';
import { replicationControllerController } from '../../actors/controllers/replication-controller.ts';
import type { KubeObject } from '../../streams/resources/meta.ts';
import { planOf, reconciled, worldOf } from '../kit/given-world.ts';
import { aPod, aReplicationController, at, controlledBy, somePods } from '../kit/workloads.ts';

const controller = replicationControllerController();
const key = 'default/web';
const when = (...objects: readonly KubeObject[]) => reconciled(controller, worldOf(...objects), { key });

test('pods that are missing are made, in its own name', () => {
  const set = aReplicationController('web', { replicas: 1 });
  const { writes, notes } = planOf(controller, worldOf(set), { key });
  expect(writes).toMatchObject([
    { kind: 'create', object: { metadata: { generateName: 'web-', ownerReferences: [controlledBy(set)] } } },
  ]);
  expect(notes).toMatchObject([{ reason: 'SuccessfulCreate', component: 'replication-controller' }]);
});

test('pods with its labels that belong to nobody are adopted, those that lost them are let go', () => {
  const set = aReplicationController('web', { replicas: 2 });
  const lost = aPod('lost', { owner: set, meta: { labels: { app: 'other' } } });
  const lines = when(set, aPod('found'), lost).map((line) => line.split(' →')[0]);
  expect(lines).toEqual([
    expect.stringMatching(/^update pods lost: metadata.ownerReferences \[.*"web".*\]$/),
    'update pods found: metadata.ownerReferences none',
  ]);
});

test('pods too many are deleted', () => {
  const set = aReplicationController('web', { replicas: 1 });
  const lines = when(set, ...somePods('p', 3, { owner: set }));
  expect(lines.filter((line) => line.startsWith('delete pods')).length).toBe(2);
});

test('the status counts all pods but those that are going', () => {
  const set = aReplicationController('web', { replicas: 2, status: { replicas: 0 } });
  const going = aPod('gone', { owner: set, meta: { deletionTimestamp: at(30) } });
  expect(when(set, ...somePods('p', 2, { owner: set }), going)).toEqual([
    'update replicationcontrollers/status web: status.replicas 0 → 2; status.fullyLabeledReplicas none → 2; status.readyReplicas none → 2; status.availableReplicas none → 2',
  ]);
});

test('one that selects nothing is left alone', () => {
  const { selector: _, template: __, ...spec } = aReplicationController('web').spec;
  expect(when({ ...aReplicationController('web'), spec } as KubeObject)).toEqual([]);
});
