// The lifecycle of a claim: it seeks a volume, has one, outgrows it, or has lost it. The state is read off the phase, the
// spec and the conditions that were reported.

import { setup } from 'xstate';
import type { KubeObject } from '../../streams/resources/meta.ts';
import type { PersistentVolumeClaim } from '../../streams/resources/storage.ts';
import { holds } from '../kit/conditions.ts';
import { lawfulName } from '../kit/lawful-name.ts';
import { absent, gone, type Lifecycle, type Step } from '../kit/lifecycle.ts';
import { sameJson } from '../kit/same-json.ts';
import { annotationOf, annotations } from './claims.ts';

/** From every state of a living claim. */
const always = {
  'persistentvolumeclaim.deletionRequested': 'Terminating',
  'persistentvolumeclaim.deleted': gone,
} as const;
/** Changes that leave it where it is. */
const staying = [
  'persistentvolumeclaim.classAssigned',
  'persistentvolumeclaim.nodeSelected',
  'persistentvolumeclaim.nodeReset',
  'persistentvolumeclaim.provisionerAsked',
  'persistentvolumeclaim.volumeAssigned',
  'persistentvolumeclaim.expansionRequested',
  'persistentvolumeclaim.updated',
  'persistentvolumeclaim.statusUpdated',
];

const machine = setup({ types: { events: {} as { type: string } } }).createMachine({
  id: 'persistentvolumeclaim',
  initial: absent,
  states: {
    [absent]: { on: { 'persistentvolumeclaim.created': 'Pending' } },
    /** It has no volume yet, or is not yet told that it has. */
    Pending: {
      on: {
        ...always,
        ...each(staying, 'Pending'),
        'persistentvolumeclaim.bound': 'Bound',
        'persistentvolumeclaim.lost': 'Lost',
      },
    },
    Bound: {
      on: {
        ...always,
        ...each(staying, 'Bound'),
        'persistentvolumeclaim.resizing': 'Resizing',
        'persistentvolumeclaim.lost': 'Lost',
      },
    },
    /** Bound, and its volume is being made larger. */
    Resizing: {
      on: {
        ...always,
        ...each(staying, 'Resizing'),
        'persistentvolumeclaim.resized': 'Bound',
        'persistentvolumeclaim.lost': 'Lost',
      },
    },
    /** Its volume is gone, or another's. Only the very same volume brings it back. */
    Lost: { on: { ...always, ...each(staying, 'Lost'), 'persistentvolumeclaim.recovered': 'Bound' } },
    Terminating: { on: { ...each(staying, 'Terminating'), 'persistentvolumeclaim.deleted': gone } },
    [gone]: { type: 'final' },
  },
});

export const claimLifecycle: Lifecycle = {
  machine,
  stateOf,
  eventOf: (step) => lawfulName(machine, step, candidates(step)),
};

function stateOf(object: KubeObject): string {
  const { metadata, status } = object as PersistentVolumeClaim;
  if (metadata.deletionTimestamp !== undefined) return 'Terminating';
  const phase = status?.phase ?? 'Pending';
  return phase === 'Bound' && holds(status?.conditions, 'Resizing') ? 'Resizing' : phase;
}

function* candidates({ before, after, from, to }: Step): Generator<string> {
  if (after === undefined) return yield 'persistentvolumeclaim.deleted';
  if (before === undefined || from === null) return yield 'persistentvolumeclaim.created';
  if (to === 'Terminating' && from !== to) yield 'persistentvolumeclaim.deletionRequested';
  if (from !== to) {
    if (to === 'Lost') yield 'persistentvolumeclaim.lost';
    if (to === 'Resizing') yield 'persistentvolumeclaim.resizing';
    if (to === 'Bound') yield* moved[from] ?? [];
  }
  const [old, now] = [before as PersistentVolumeClaim, after as PersistentVolumeClaim];
  if ((old.spec.volumeName ?? '') !== (now.spec.volumeName ?? '')) yield 'persistentvolumeclaim.volumeAssigned';
  const node = [annotationOf(old, annotations.selectedNode), annotationOf(now, annotations.selectedNode)];
  if (node[0] !== node[1]) yield `persistentvolumeclaim.${node[1] === undefined ? 'nodeReset' : 'nodeSelected'}`;
  const asked = [annotationOf(old, annotations.provisioner), annotationOf(now, annotations.provisioner)];
  if (asked[0] !== asked[1]) yield 'persistentvolumeclaim.provisionerAsked';
  if (old.spec.storageClassName !== now.spec.storageClassName) yield 'persistentvolumeclaim.classAssigned';
  if (!sameJson(old.spec.resources, now.spec.resources)) yield 'persistentvolumeclaim.expansionRequested';
  if (!sameJson(old.status, now.status)) yield 'persistentvolumeclaim.statusUpdated';
  yield 'persistentvolumeclaim.updated';
}

/** What it is called to be bound, by where the claim comes from. */
const moved: Readonly<Record<string, readonly string[]>> = {
  Pending: ['persistentvolumeclaim.bound'],
  Resizing: ['persistentvolumeclaim.resized'],
  Lost: ['persistentvolumeclaim.recovered'],
};

function each(events: readonly string[], target: string): Record<string, string> {
  return Object.fromEntries(events.map((event) => [event, target]));
}
