// The lifecycles of claims and volumes: every transition is walked, and as tables: given an object, when it is written so,
// then the log says that.

import { describe, expect, test } from 'vitest';
import { claimLifecycle } from '../../actors/volumes/claim-machine.ts';
import { annotations, withAnnotations } from '../../actors/volumes/claims.ts';
import { volumeLifecycle } from '../../actors/volumes/volume-machine.ts';
import type { PersistentVolume } from '../../streams/resources/storage.ts';
import { going, lifecycleTable, withMeta } from '../kit/lifecycle-table.ts';
import { aClaim, aVolume } from '../kit/storage.ts';
import { loose, transitionTable } from '../kit/transition-table.ts';

describe.each([
  ['persistentvolumeclaim', claimLifecycle],
  ['persistentvolume', volumeLifecycle],
])('%s', (_, { machine }) => {
  const table = transitionTable(machine);

  test('begins absent, ends gone, and every state in between has a way in and a way out', () => {
    expect(loose(table)).toEqual({ dead: ['Gone'], unreachable: ['Absent'] });
    expect(new Set(table.flatMap((line) => line.split(/ --.*--> /)))).toEqual(new Set(Object.keys(machine.states)));
  });

  test('moves between its states by these events', () => {
    const moves = table.filter((line) => {
      const [from, to] = line.split(/ --.*--> /);
      return from !== to && to !== 'Terminating' && to !== 'Gone';
    });
    expect(moves).toMatchSnapshot();
  });
});

const pending = aClaim('data', { class: 'local' });
const selected = withAnnotations(pending, { [annotations.selectedNode]: 'n1' });
const bound = aClaim('data', { class: 'local', bound: 'v' });
const larger = { ...bound, spec: { ...bound.spec, resources: { requests: { storage: '2Gi' } } } };
const resizing = {
  ...larger,
  status: { ...bound.status, conditions: [{ type: 'Resizing', status: 'True' as const }] },
};
const lost = { ...bound, status: { phase: 'Lost' as const } };

lifecycleTable('a claim', claimLifecycle, [
  ['is created', undefined, pending, 'persistentvolumeclaim.created', 'null → Pending'],
  ['gets a class', aClaim('data'), pending, 'persistentvolumeclaim.classAssigned', 'Pending → Pending'],
  ['gets a node', pending, selected, 'persistentvolumeclaim.nodeSelected', 'Pending → Pending'],
  ['gives the node back', selected, pending, 'persistentvolumeclaim.nodeReset', 'Pending → Pending'],
  [
    'is left to a provisioner',
    selected,
    withAnnotations(selected, { [annotations.provisioner]: 'x' }),
    'persistentvolumeclaim.provisionerAsked',
    'Pending → Pending',
  ],
  [
    'is told its volume',
    pending,
    aClaim('data', { class: 'local', volumeName: 'v' }),
    'persistentvolumeclaim.volumeAssigned',
    'Pending → Pending',
  ],
  [
    'is bound',
    aClaim('data', { class: 'local', bound: 'v', status: { phase: 'Pending' } }),
    bound,
    'persistentvolumeclaim.bound',
    'Pending → Bound',
  ],
  ['asks for more', bound, larger, 'persistentvolumeclaim.expansionRequested', 'Bound → Bound'],
  ['is being made larger', larger, resizing, 'persistentvolumeclaim.resizing', 'Bound → Resizing'],
  ['is larger', resizing, larger, 'persistentvolumeclaim.resized', 'Resizing → Bound'],
  ['loses its volume', bound, lost, 'persistentvolumeclaim.lost', 'Bound → Lost'],
  ['gets it back', lost, bound, 'persistentvolumeclaim.recovered', 'Lost → Bound'],
  ['is labelled', bound, withMeta(bound, { labels: { a: 'b' } }), 'persistentvolumeclaim.updated', 'Bound → Bound'],
  ['is to go', bound, going(bound), 'persistentvolumeclaim.deletionRequested', 'Bound → Terminating'],
  [
    'is let go of',
    going(bound),
    withMeta(going(bound), { finalizers: [] }),
    'persistentvolumeclaim.updated',
    'Terminating → Terminating',
  ],
  ['is gone', going(bound), undefined, 'persistentvolumeclaim.deleted', 'Terminating → null'],
]);

const fresh = aVolume('v', { phase: 'Pending' });
const free = aVolume('v');
const claimed = aVolume('v', { claim: bound, phase: 'Available' });
const used = aVolume('v', { claim: bound });
const released = aVolume('v', { claim: bound, phase: 'Released' });
const failed = aVolume('v', { claim: bound, phase: 'Failed' });

lifecycleTable('a volume', volumeLifecycle, [
  ['is created', undefined, fresh, 'persistentvolume.created', 'null → Pending'],
  ['is there for whoever wants it', fresh, free, 'persistentvolume.available', 'Pending → Available'],
  ['is claimed', free, claimed, 'persistentvolume.claimed', 'Available → Available'],
  ['is bound', claimed, used, 'persistentvolume.bound', 'Available → Bound'],
  ['was made for a claim', fresh, { ...used } as PersistentVolume, 'persistentvolume.bound', 'Pending → Bound'],
  ['grows', used, aVolume('v', { claim: bound, size: '2Gi' }), 'persistentvolume.expanded', 'Bound → Bound'],
  ['is left', used, released, 'persistentvolume.released', 'Bound → Released'],
  ['could not be reclaimed', released, failed, 'persistentvolume.failed', 'Released → Failed'],
  ['is given out again', released, free, 'persistentvolume.available', 'Released → Available'],
  ['is set free', claimed, free, 'persistentvolume.unclaimed', 'Available → Available'],
  ['is to go', released, going(released), 'persistentvolume.deletionRequested', 'Released → Terminating'],
  ['is gone', going(released), undefined, 'persistentvolume.deleted', 'Terminating → null'],
]);
