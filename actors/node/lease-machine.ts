// The lifecycle of a Lease: held by somebody, or released for the next one. Nodes hold theirs for life and renew it as
// their heartbeat; leader election takes leases over. Whether a held lease has run out is for its readers to judge by
// their own clocks, so it is no state of the object.

import { setup } from 'xstate';
import type { KubeObject } from '../../streams/resources/meta.ts';
import type { Lease } from '../../streams/resources/node.ts';
import { absent, gone, type Lifecycle, type Step } from '../kit/lifecycle.ts';

const leaving = { 'lease.deletionRequested': 'Terminating', 'lease.deleted': gone, 'lease.expired': gone };

const machine = setup({ types: { events: {} as { type: string } } }).createMachine({
  id: 'lease',
  initial: absent,
  states: {
    [absent]: { on: { 'lease.created': 'Released', 'lease.acquired': 'Held' } },
    Released: { on: { ...leaving, 'lease.updated': 'Released', 'lease.acquired': 'Held' } },
    Held: {
      on: {
        ...leaving,
        'lease.renewed': 'Held',
        'lease.takenOver': 'Held',
        'lease.updated': 'Held',
        'lease.released': 'Released',
      },
    },
    Terminating: { on: { 'lease.updated': 'Terminating', 'lease.deleted': gone, 'lease.expired': gone } },
    [gone]: { type: 'final' },
  },
});

export const leaseLifecycle: Lifecycle = { machine, stateOf, eventOf };

function stateOf(object: KubeObject): string {
  if (object.metadata.deletionTimestamp !== undefined) return 'Terminating';
  return holderOf(object as Lease) === '' ? 'Released' : 'Held';
}

function eventOf({ before, after, from, to }: Step): string {
  if (to === null) return 'lease.deleted';
  if (to === 'Terminating') return from === to ? 'lease.updated' : 'lease.deletionRequested';
  if (to === 'Released') return from === null ? 'lease.created' : from === to ? 'lease.updated' : 'lease.released';
  return from === to ? newsOf(before as Lease, after as Lease) : 'lease.acquired';
}

function newsOf(before: Lease, after: Lease): string {
  if (holderOf(before) !== holderOf(after)) return 'lease.takenOver';
  return before.spec?.renewTime === after.spec?.renewTime ? 'lease.updated' : 'lease.renewed';
}

function holderOf({ spec }: Lease): string {
  return spec?.holderIdentity ?? '';
}
