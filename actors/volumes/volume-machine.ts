// The lifecycle of a persistent volume: free, bound to a claim, left by it. The state is the phase the binder reported.

import { setup } from 'xstate';
import type { KubeObject } from '../../streams/resources/meta.ts';
import type { PersistentVolume } from '../../streams/resources/storage.ts';
import { lawfulName } from '../kit/lawful-name.ts';
import { absent, gone, type Lifecycle, type Step } from '../kit/lifecycle.ts';
import { sameJson } from '../kit/same-json.ts';

/** From every state of a living volume. */
const always = { 'persistentvolume.deletionRequested': 'Terminating', 'persistentvolume.deleted': gone } as const;
/** Changes that leave it where it is. */
const staying = [
  'persistentvolume.claimed',
  'persistentvolume.unclaimed',
  'persistentvolume.expanded',
  'persistentvolume.updated',
  'persistentvolume.statusUpdated',
];
/** A volume that was left can be given out again, by whoever looks after it. */
const reused = { 'persistentvolume.available': 'Available', 'persistentvolume.bound': 'Bound' } as const;

const machine = setup({ types: { events: {} as { type: string } } }).createMachine({
  id: 'persistentvolume',
  initial: absent,
  states: {
    [absent]: { on: { 'persistentvolume.created': 'Pending' } },
    /** Nobody has looked at it yet. */
    Pending: { on: { ...always, ...each(staying, 'Pending'), ...reused, 'persistentvolume.released': 'Released' } },
    Available: {
      on: {
        ...always,
        ...each(staying, 'Available'),
        'persistentvolume.bound': 'Bound',
        'persistentvolume.released': 'Released',
      },
    },
    Bound: {
      on: {
        ...always,
        ...each(staying, 'Bound'),
        'persistentvolume.released': 'Released',
        'persistentvolume.available': 'Available',
      },
    },
    /** Its claim is gone; what happens to it is up to its reclaim policy. */
    Released: { on: { ...always, ...each(staying, 'Released'), ...reused, 'persistentvolume.failed': 'Failed' } },
    /** It could not be reclaimed. */
    Failed: { on: { ...always, ...each(staying, 'Failed'), ...reused } },
    Terminating: { on: { ...each(staying, 'Terminating'), 'persistentvolume.deleted': gone } },
    [gone]: { type: 'final' },
  },
});

export const volumeLifecycle: Lifecycle = {
  machine,
  stateOf,
  eventOf: (step) => lawfulName(machine, step, candidates(step)),
};

function stateOf(object: KubeObject): string {
  const { metadata, status } = object as PersistentVolume;
  if (metadata.deletionTimestamp !== undefined) return 'Terminating';
  return status?.phase ?? 'Pending';
}

function* candidates({ before, after, from, to }: Step): Generator<string> {
  if (after === undefined) return yield 'persistentvolume.deleted';
  if (before === undefined || from === null) return yield 'persistentvolume.created';
  if (to === 'Terminating' && from !== to) yield 'persistentvolume.deletionRequested';
  if (from !== to && to !== null) yield `persistentvolume.${to.toLowerCase()}`;
  const [old, now] = [before as PersistentVolume, after as PersistentVolume];
  const claims = [old.spec.claimRef?.uid ?? '', now.spec.claimRef?.uid ?? ''];
  if (claims[0] !== claims[1]) yield claims[1] === '' ? 'persistentvolume.unclaimed' : 'persistentvolume.claimed';
  if (!sameJson(old.spec.capacity, now.spec.capacity)) yield 'persistentvolume.expanded';
  if (!sameJson(old.status, now.status)) yield 'persistentvolume.statusUpdated';
  yield 'persistentvolume.updated';
}

function each(events: readonly string[], target: string): Record<string, string> {
  return Object.fromEntries(events.map((event) => [event, target]));
}
