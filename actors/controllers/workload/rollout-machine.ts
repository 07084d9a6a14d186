// The lifecycle of the kinds whose pods have a place each (stateful sets: ordinals, daemon sets: nodes): whether every
// place has its pod, whether the pods have the present template, and whether they are available. The state is read off
// the spec and the status the controller last reported.

import { setup } from 'xstate';
import type { KubeObject } from '../../../streams/resources/meta.ts';
import type { PodTemplate } from '../../../streams/resources/workload.ts';
import { lawfulName } from '../../kit/lawful-name.ts';
import { absent, gone, type Lifecycle, type Step } from '../../kit/lifecycle.ts';
import { sameJson } from '../../kit/same-json.ts';

/** What the controller last reported, in places. */
export type Counted = {
  /** The report is about the spec as it is. */
  readonly observed: boolean;
  readonly wanted: number;
  readonly filled: number;
  readonly available: number;
  readonly updated: number;
  /** Places that the roll-out goes on to update by itself. */
  readonly updating: number;
};

type Workload = KubeObject & {
  readonly spec?: { readonly replicas?: number; readonly template?: PodTemplate };
  readonly status?: unknown;
};

/** Target state → events that lead there, each with the states it leads from; `*` is every other living state. */
const moves: Readonly<Record<string, Readonly<Record<string, readonly string[] | '*'>>>> = {
  Scaling: { drifted: '*' },
  Updating: { updating: '*' },
  Starting: { filled: ['Scaling', 'Updating'], degraded: ['Held', 'Settled'] },
  Held: { held: '*' },
  Settled: { settled: '*' },
};
const living = Object.keys(moves);

export type RolloutKind<T extends KubeObject> = {
  /** Event types are prefixed with it, e.g. `statefulset.settled`. */
  readonly singular: string;
  /** Whether the number of places is the spec's to say. */
  readonly scalable: boolean;
  count(object: T): Counted;
};

export function rolloutLifecycle<T extends KubeObject>({ singular, scalable, count }: RolloutKind<T>): Lifecycle {
  const name = (what: string) => `${singular}.${what}`;
  const machine = rolloutMachine(singular, scalable);
  return {
    machine,
    stateOf: (object) => stateOf(object, () => count(object as T)),
    eventOf: (step) => lawfulName(machine, step, [...candidates(step, scalable)].map(name)),
  };
}

function rolloutMachine(id: string, scalable: boolean) {
  const on = (events: readonly string[], target: string) =>
    Object.fromEntries(events.map((event) => [`${id}.${event}`, target]));
  const respecified = ['rolloutStarted', 'reconfigured', ...(scalable ? ['scaled'] : [])];
  const state = (from: string) => ({
    on: {
      ...on(respecified, 'Scaling'),
      ...on(['progressed', 'updated'], from),
      ...Object.assign(
        {},
        ...Object.entries(moves).map(([target, events]) => on(leading(from, target, events), target)),
      ),
      ...on(['deletionRequested'], 'Terminating'),
      ...on(['deleted'], gone),
    },
  });
  return setup({ types: { events: {} as { type: string } } }).createMachine({
    id,
    initial: absent,
    states: {
      [absent]: { on: on(['created'], 'Scaling') },
      /** Pods are missing, or stand where they should not; or nobody has looked at the spec yet. */
      Scaling: state('Scaling'),
      /** Every place has its pod; some are of a template that is being replaced. */
      Updating: state('Updating'),
      /** All pods are there and of the template they should be; not all of them are available. */
      Starting: state('Starting'),
      /** All pods are available. Some keep an older template: below the partition, or until they are deleted by hand. */
      Held: state('Held'),
      /** All pods are available and of the present template. */
      Settled: state('Settled'),
      Terminating: { on: { ...on(['progressed', 'updated'], 'Terminating'), ...on(['deleted'], gone) } },
      [gone]: { type: 'final' },
    },
  });
}

function leading(from: string, target: string, events: Readonly<Record<string, readonly string[] | '*'>>): string[] {
  if (from === target) return [];
  return living.includes(from)
    ? Object.entries(events).flatMap(([event, origins]) => (origins === '*' || origins.includes(from) ? [event] : []))
    : [];
}

function stateOf({ metadata }: KubeObject, count: () => Counted): string {
  if (metadata.deletionTimestamp !== undefined) return 'Terminating';
  const { observed, wanted, filled, available, updated, updating } = count();
  if (!observed || filled !== wanted) return 'Scaling';
  if (updated < updating) return 'Updating';
  if (available < wanted) return 'Starting';
  return updated < wanted ? 'Held' : 'Settled';
}

/** Of all that could be said about a change, the most telling first. */
function* candidates({ before, after, from, to }: Step, scalable: boolean): Generator<string> {
  if (after === undefined) return yield 'deleted';
  if (before === undefined || from === null) return yield 'created';
  if (to === 'Terminating') yield 'deletionRequested';
  const [old, now] = [before as Workload, after as Workload];
  if (!sameJson(old.spec?.template, now.spec?.template)) yield 'rolloutStarted';
  if (scalable && old.spec?.replicas !== now.spec?.replicas) yield 'scaled';
  if (!sameJson(old.spec, now.spec)) yield 'reconfigured';
  if (from !== to) yield* Object.keys(moves[to ?? ''] ?? {});
  if (!sameJson(old.status, now.status)) yield 'progressed';
  yield 'updated';
}
