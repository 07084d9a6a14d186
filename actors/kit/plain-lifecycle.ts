// The lifecycle of kinds whose objects only come, change and go: config maps, services, leases of no one …
// Deletion has two steps for objects with finalizers, as the API conventions say.

import { setup } from 'xstate';
import type { KubeObject } from '../../streams/resources/meta.ts';
import { absent, gone, type Lifecycle } from './lifecycle.ts';

/** Event types are prefixed with the kind's singular name, e.g. `configmap.created`. */
export function plainLifecycle(singular: string): Lifecycle {
  const event = (what: string) => `${singular}.${what}`;
  const machine = setup({ types: { events: {} as { type: string } } }).createMachine({
    id: singular,
    initial: absent,
    states: {
      [absent]: { on: { [event('created')]: 'Present' } },
      Present: {
        on: {
          [event('updated')]: 'Present',
          [event('deletionRequested')]: 'Terminating',
          [event('deleted')]: gone,
          [event('expired')]: gone,
        },
      },
      Terminating: { on: { [event('updated')]: 'Terminating', [event('deleted')]: gone, [event('expired')]: gone } },
      [gone]: { type: 'final' },
    },
  });
  return {
    machine,
    stateOf: (object: KubeObject) => (object.metadata.deletionTimestamp === undefined ? 'Present' : 'Terminating'),
    eventOf: ({ from, to }) =>
      event(from === null ? 'created' : to === null ? 'deleted' : from !== to ? 'deletionRequested' : 'updated'),
  };
}
