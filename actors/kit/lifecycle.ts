// A lifecycle is the statechart of one kind of object. Its events are the transitions the log records, its state is a
// function of the object. The API server asks it to name every change; replay asks it whether every recorded
// transition is lawful. Invariant: a lifecycle machine is closed, synchronous and has no context.

import type { AnyStateMachine, StateValue } from 'xstate';
import { getNextSnapshot } from 'xstate';
import type { KubeObject } from '../../streams/resources/meta.ts';

export type Transition = {
  /** Past tense, e.g. `pod.scheduled`: the event type the machine takes. */
  readonly type: string;
  /** null where the object did not exist before. */
  readonly from: string | null;
  /** null where it does not exist after. */
  readonly to: string | null;
  /** Why the machine refuses it. */
  readonly anomaly?: string;
};

export type Lifecycle = {
  /** The machine: its initial state is `Absent`, and a deletion leads to the final state `Gone`. */
  readonly machine: AnyStateMachine;
  /** The state an existing object is in, in the machine's own names; nested states are joined by dots. */
  stateOf(object: KubeObject): string;
  /** Names the step between two versions of an object; `after` is absent for a deletion. */
  eventOf(step: Step): string;
  /** Why a step that the machine allows is unlawful all the same, for objects with machines inside (containers). */
  innerAnomaly?(step: Pick<Step, 'before' | 'after'>): string | undefined;
};

export type Step = {
  readonly before: KubeObject | undefined;
  readonly after: KubeObject | undefined;
  readonly from: string | null;
  readonly to: string | null;
};

export const absent = 'Absent';
export const gone = 'Gone';

/** Names the change from `before` to `after` and says whether the machine allows it. */
export function transitionOf(
  lifecycle: Lifecycle,
  { before, after, from }: { before: KubeObject | undefined; after: KubeObject | undefined; from: string | null },
): Transition {
  const to = after === undefined ? null : lifecycle.stateOf(after);
  const type = lifecycle.eventOf({ before, after, from, to });
  const transition = check(lifecycle, { type, from, to });
  if (transition.anomaly !== undefined) return transition;
  const anomaly = lifecycle.innerAnomaly?.({ before, after });
  return anomaly === undefined ? transition : { ...transition, anomaly };
}

/** The same transition, with the reason it is unlawful where it is. */
export function check({ machine }: Pick<Lifecycle, 'machine'>, { type, from, to }: Transition): Transition {
  const next = step(machine, from ?? absent, type);
  const wanted = to ?? gone;
  if (next === wanted) return { type, from, to };
  const anomaly =
    next === undefined
      ? `${type} is not allowed in ${from ?? absent}`
      : `${type} leads from ${from ?? absent} to ${next}, not to ${wanted}`;
  return { type, from, to, anomaly };
}

/**
 * The state after one event, or undefined where the machine has no such transition. Remembered per machine, because
 * a machine without context always answers the same.
 */
export function step(machine: AnyStateMachine, state: string, type: string): string | undefined {
  let steps = remembered.get(machine);
  if (steps === undefined) {
    steps = new Map();
    remembered.set(machine, steps);
  }
  const id = `${state}\n${type}`;
  const known = steps.get(id);
  if (known !== undefined || steps.has(id)) return known;
  const next = take(machine, state, type);
  steps.set(id, next);
  return next;
}

const remembered = new WeakMap<AnyStateMachine, Map<string, string | undefined>>();

function take(machine: AnyStateMachine, state: string, type: string): string | undefined {
  const snapshot = machine.resolveState({ value: stateValue(state), context: {} });
  if (!snapshot.can({ type })) return undefined;
  return stateName(getNextSnapshot(machine, snapshot, { type }).value);
}

/** `Running.Ready` → `{ Running: 'Ready' }`. */
export function stateValue(name: string): StateValue {
  const at = name.indexOf('.');
  return at < 0 ? name : { [name.slice(0, at)]: stateValue(name.slice(at + 1)) };
}

/** `{ Running: 'Ready' }` → `Running.Ready`. */
export function stateName(value: StateValue): string {
  if (typeof value === 'string') return value;
  return Object.entries(value)
    .map(([name, inner]) => (inner === undefined ? name : `${name}.${stateName(inner)}`))
    .join('|');
}
