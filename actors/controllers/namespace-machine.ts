// The lifecycle of a namespace. It ends in two steps: deletion is asked for, then the namespace controller empties it
// and gives up the finalizer in its spec; finalizers of others may still hold it after that.

import { setup } from 'xstate';
import type { Namespace } from '../../streams/resources/config.ts';
import type { KubeObject } from '../../streams/resources/meta.ts';
import { findCondition } from '../kit/conditions.ts';
import { lawfulName } from '../kit/lawful-name.ts';
import { absent, gone, type Lifecycle, type Step } from '../kit/lifecycle.ts';

const machine = setup({ types: { events: {} as { type: string } } }).createMachine({
  id: 'namespace',
  initial: absent,
  states: {
    [absent]: { on: { 'namespace.created': 'Active' } },
    Active: {
      on: {
        'namespace.updated': 'Active',
        'namespace.terminationRequested': 'Terminating',
        'namespace.finalized': 'Finalized',
        'namespace.deleted': gone,
      },
    },
    /** Nothing new comes in; what is in it goes. */
    Terminating: {
      on: {
        'namespace.contentRemaining': 'Terminating',
        'namespace.contentRemoved': 'Terminating',
        'namespace.updated': 'Terminating',
        'namespace.finalized': 'Finalized',
        'namespace.deleted': gone,
      },
    },
    /** Empty, and held only by finalizers of others. */
    Finalized: {
      on: { 'namespace.updated': 'Finalized', 'namespace.held': 'Terminating', 'namespace.deleted': gone },
    },
    [gone]: { type: 'final' },
  },
});

export const namespaceLifecycle: Lifecycle = {
  machine,
  stateOf,
  eventOf: (step) => lawfulName(machine, step, candidates(step)),
};

function stateOf(object: KubeObject): string {
  const { metadata, spec } = object as Namespace;
  if (metadata.deletionTimestamp === undefined) return 'Active';
  return (spec?.finalizers?.length ?? 0) > 0 ? 'Terminating' : 'Finalized';
}

function* candidates({ before, after, from, to }: Step): Generator<string> {
  if (after === undefined) return yield 'namespace.deleted';
  if (before === undefined || from === null) return yield 'namespace.created';
  if (to === 'Finalized') yield 'namespace.finalized';
  if (from === 'Active') yield 'namespace.terminationRequested';
  if (from === 'Finalized') yield 'namespace.held';
  const remaining = [contentRemaining(before), contentRemaining(after)];
  if (remaining[0] !== remaining[1]) {
    yield remaining[1] === 'True' ? 'namespace.contentRemaining' : 'namespace.contentRemoved';
  }
  yield 'namespace.updated';
}

function contentRemaining(object: KubeObject): string | undefined {
  return findCondition((object as Namespace).status?.conditions, 'NamespaceContentRemaining')?.status;
}
