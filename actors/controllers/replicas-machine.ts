// The lifecycle of a replica set, and of a replication controller alike: whether it has the pods it wants, and whether
// they are available. The state is read off the spec and the status the controller last reported.

import { setup } from 'xstate';
import { controllerOf, type KubeObject } from '../../streams/resources/meta.ts';
import { holds } from '../kit/conditions.ts';
import { lawfulName } from '../kit/lawful-name.ts';
import { absent, gone, type Lifecycle, type Step } from '../kit/lifecycle.ts';
import { sameJson } from '../kit/same-json.ts';
import type { Replicated } from './replicas.ts';

export const replicaSetLifecycle = replicasLifecycle('replicaset');
export const replicationControllerLifecycle = replicasLifecycle('replicationcontroller');

type Name = (what: string) => string;

/** Event types are prefixed with the kind's singular name, e.g. `replicaset.scaled`. */
function replicasLifecycle(singular: string): Lifecycle {
  const name: Name = (what) => `${singular}.${what}`;
  const machine = replicasMachine(singular, name);
  return { machine, stateOf, eventOf: (step) => lawfulName(machine, step, candidates(step, name)) };
}

function replicasMachine(id: string, name: Name) {
  /** From every state of one that lives. */
  const always = {
    ...each(name, ['scaled', 'reconfigured'], 'Scaling'),
    ...each(name, ['settled'], 'Settled'),
    ...each(name, ['failed'], 'Failing'),
    ...each(name, ['deletionRequested'], 'Terminating'),
    ...each(name, ['deleted'], gone),
  };
  /** Changes that leave it where it is. */
  const staying = ['adopted', 'released', 'updated', 'statusUpdated'];
  const on = (state: string, moves: Readonly<Record<string, readonly string[]>>, stays: readonly string[] = []) => ({
    on: {
      ...always,
      ...each(name, [...staying, ...stays], state),
      ...Object.assign({}, ...Object.entries(moves).map(([target, events]) => each(name, events, target))),
    },
  });
  return setup({ types: { events: {} as { type: string } } }).createMachine({
    id,
    initial: absent,
    states: {
      [absent]: { on: each(name, ['created'], 'Scaling') },
      /** It has more or fewer pods than it wants. */
      Scaling: on('Scaling', { Starting: ['filled'] }, ['progressed']),
      /** All pods are there; not all of them are available. */
      Starting: on('Starting', { Scaling: ['drifted'] }, ['progressed']),
      /** It has the pods it wants, and every one is available. */
      Settled: on('Settled', { Starting: ['degraded'], Scaling: ['drifted'] }),
      /** Pods could not be created or deleted. It goes on trying. */
      Failing: on('Failing', { Scaling: ['progressed'], Starting: ['filled'] }, ['scaled', 'reconfigured']),
      Terminating: { on: { ...each(name, staying, 'Terminating'), ...each(name, ['deleted'], gone) } },
      [gone]: { type: 'final' },
    },
  });
}

function stateOf(object: KubeObject): string {
  const { metadata, spec, status } = object as Replicated;
  if (metadata.deletionTimestamp !== undefined) return 'Terminating';
  if (holds(status?.conditions, 'ReplicaFailure')) return 'Failing';
  const replicas = spec?.replicas ?? 1;
  const seen = (status?.observedGeneration ?? 0) >= (metadata.generation ?? 1);
  if (!seen || (status?.replicas ?? 0) !== replicas) return 'Scaling';
  return (status?.availableReplicas ?? 0) >= replicas ? 'Settled' : 'Starting';
}

function* candidates({ before, after, from, to }: Step, name: Name): Generator<string> {
  if (after === undefined) return yield name('deleted');
  if (before === undefined || from === null) return yield name('created');
  if (to === 'Terminating') yield name('deletionRequested');
  const [old, now] = [before as Replicated, after as Replicated];
  if (old.spec?.replicas !== now.spec?.replicas) yield name('scaled');
  if (!sameJson(old.spec, now.spec)) yield name('reconfigured');
  const owners = [controllerOf(before)?.uid, controllerOf(after)?.uid];
  if (owners[0] !== owners[1]) yield name(owners[1] === undefined ? 'released' : 'adopted');
  if (from !== to) {
    if (to === 'Settled') yield name('settled');
    if (to === 'Failing') yield name('failed');
    yield* ['filled', 'degraded', 'drifted', 'progressed'].map(name);
  }
  if (!sameJson(old.status, now.status)) yield* ['progressed', 'statusUpdated'].map(name);
  yield name('updated');
}

function each(name: Name, events: readonly string[], target: string): Record<string, string> {
  return Object.fromEntries(events.map((event) => [name(event), target]));
}
