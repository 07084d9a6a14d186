// The lifecycle of a replica set: whether it has the pods it wants, and whether they are available. The state is read
// off the spec and the status the controller last reported.

import { setup } from 'xstate';
import { controllerOf, type KubeObject } from '../../streams/resources/meta.ts';
import type { ReplicaSet } from '../../streams/resources/workload.ts';
import { holds } from '../kit/conditions.ts';
import { lawfulName } from '../kit/lawful-name.ts';
import { absent, gone, type Lifecycle, type Step } from '../kit/lifecycle.ts';
import { sameJson } from '../kit/same-json.ts';

/** From every state of a living replica set. */
const always = {
  'replicaset.scaled': 'Scaling',
  'replicaset.reconfigured': 'Scaling',
  'replicaset.settled': 'Settled',
  'replicaset.failed': 'Failing',
  'replicaset.deletionRequested': 'Terminating',
  'replicaset.deleted': gone,
} as const;
/** Changes that leave it where it is. */
const staying = ['replicaset.adopted', 'replicaset.released', 'replicaset.updated', 'replicaset.statusUpdated'];

const machine = setup({ types: { events: {} as { type: string } } }).createMachine({
  id: 'replicaset',
  initial: absent,
  states: {
    [absent]: { on: { 'replicaset.created': 'Scaling' } },
    /** It has more or fewer pods than it wants. */
    Scaling: {
      on: {
        ...always,
        ...each(staying, 'Scaling'),
        'replicaset.progressed': 'Scaling',
        'replicaset.filled': 'Starting',
      },
    },
    /** All pods are there; not all of them are available. */
    Starting: {
      on: {
        ...always,
        ...each(staying, 'Starting'),
        'replicaset.progressed': 'Starting',
        'replicaset.drifted': 'Scaling',
      },
    },
    /** It has the pods it wants, and every one is available. */
    Settled: {
      on: {
        ...always,
        ...each(staying, 'Settled'),
        'replicaset.degraded': 'Starting',
        'replicaset.drifted': 'Scaling',
      },
    },
    /** Pods could not be created or deleted. It goes on trying. */
    Failing: {
      on: {
        ...always,
        ...each([...staying, 'replicaset.scaled', 'replicaset.reconfigured'], 'Failing'),
        'replicaset.progressed': 'Scaling',
        'replicaset.filled': 'Starting',
      },
    },
    Terminating: { on: { ...each(staying, 'Terminating'), 'replicaset.deleted': gone } },
    [gone]: { type: 'final' },
  },
});

export const replicaSetLifecycle: Lifecycle = {
  machine,
  stateOf,
  eventOf: (step) => lawfulName(machine, step, candidates(step)),
};

function stateOf(object: KubeObject): string {
  const { metadata, spec, status } = object as ReplicaSet;
  if (metadata.deletionTimestamp !== undefined) return 'Terminating';
  if (holds(status?.conditions, 'ReplicaFailure')) return 'Failing';
  const replicas = spec?.replicas ?? 1;
  const seen = (status?.observedGeneration ?? 0) >= (metadata.generation ?? 1);
  if (!seen || (status?.replicas ?? 0) !== replicas) return 'Scaling';
  return (status?.availableReplicas ?? 0) >= replicas ? 'Settled' : 'Starting';
}

function* candidates({ before, after, from, to }: Step): Generator<string> {
  if (after === undefined) return yield 'replicaset.deleted';
  if (before === undefined || from === null) return yield 'replicaset.created';
  if (to === 'Terminating') yield 'replicaset.deletionRequested';
  const [old, now] = [before as ReplicaSet, after as ReplicaSet];
  if (old.spec?.replicas !== now.spec?.replicas) yield 'replicaset.scaled';
  if (!sameJson(old.spec, now.spec)) yield 'replicaset.reconfigured';
  const owners = [controllerOf(before)?.uid, controllerOf(after)?.uid];
  if (owners[0] !== owners[1]) yield owners[1] === undefined ? 'replicaset.released' : 'replicaset.adopted';
  if (from !== to) {
    if (to === 'Settled') yield 'replicaset.settled';
    if (to === 'Failing') yield 'replicaset.failed';
    yield* ['replicaset.filled', 'replicaset.degraded', 'replicaset.drifted', 'replicaset.progressed'];
  }
  if (!sameJson(old.status, now.status)) yield* ['replicaset.progressed', 'replicaset.statusUpdated'];
  yield 'replicaset.updated';
}

function each(events: readonly string[], target: string): Record<string, string> {
  return Object.fromEntries(events.map((event) => [event, target]));
}
