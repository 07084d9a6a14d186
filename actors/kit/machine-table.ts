// A closed machine laid out as a table: its places (the states nothing is nested in) and, for each event, the steps that
// lead on from there, with their actions in order. What xstate's interpreter works out anew at every step follows from
// the statechart alone where there are no parallel states, history, delays or spawned actors; machines here have none
// of these (invariant: machines are closed), and one that does is refused when its table is made.

import type { AnyStateMachine, AnyStateNode, StateValue } from 'xstate';
import { assert, defined } from '../../streams/base/assert.ts';

/** A state the machine can rest in. */
export type Place = {
  readonly value: StateValue;
  /** The machine is over. */
  readonly final: boolean;
  /** Taken whenever their guard holds, the innermost state's first. */
  readonly always: readonly Step[];
  /** The steps for an event, in the order in which their guards are asked. */
  on(type: string): readonly Step[];
};

export type Step = {
  readonly guard: Guard | undefined;
  readonly actions: readonly Action[];
  /** Where it leads; undefined where the machine stays. */
  readonly to: Place | undefined;
};

export type Moment = { readonly context: unknown; readonly event: unknown };
export type Guard = (moment: Moment) => boolean;

/** An `enqueueActions` of xstate's: it says what to assign and what to emit. */
export type Action = (moment: Moment & { readonly enqueue: unknown }, params: undefined) => void;

/** The way into the machine: its actions, and where it leads. */
export type Start = Step & { readonly to: Place };

type Transition = AnyStateNode['initial'] | NonNullable<AnyStateNode['always']>[number];

export function startOf(machine: AnyStateMachine): Start {
  const root: AnyStateNode = machine.root;
  const places = new Map<AnyStateNode, Place>();
  for (const leaf of leavesOf(root)) places.set(leaf, placeAt(leaf));
  const first = leafBelow(root);
  return { guard: undefined, actions: entered(root.parent, first), to: at(first) };

  function at(leaf: AnyStateNode): Place {
    return defined(places.get(leaf), 'every innermost state has a place');
  }

  function placeAt(leaf: AnyStateNode): Place {
    const states = [leaf, ...ancestorsOf(leaf)];
    const known = new Map<string, readonly Step[]>();
    let always: readonly Step[] | undefined;
    return {
      value: valueAt(leaf),
      final: leaf.type === 'final',
      get always() {
        always ??= states.flatMap((state) => (state.always ?? []).map((transition) => stepOf(leaf, transition)));
        return always;
      },
      on(type) {
        let steps = known.get(type);
        if (steps === undefined) {
          steps = states.flatMap((state) => heard(state, type).map((transition) => stepOf(leaf, transition)));
          known.set(type, steps);
        }
        return steps;
      },
    };
  }

  function stepOf(from: AnyStateNode, transition: Transition): Step {
    assert(transition.reenter !== true, `${machine.id}: a state is left and entered anew by no transition`);
    const guard = guardOf(machine, transition.guard);
    const own = transition.actions.map((action) => actionOf(machine, action));
    const [target, ...others] = transition.target ?? [];
    if (target === undefined) return { guard, actions: own, to: undefined };
    assert(others.length === 0, `${machine.id}: a transition leads to one state`);
    const domain = domainOf(transition.source, target);
    const to = leafBelow(target);
    const left = [from, ...ancestorsOf(from)].filter((state) => isBelow(state, domain));
    const last = to.type === 'final' ? actionsOf([to, ...ancestorsOf(to)], 'exit') : [];
    const actions = [...actionsOf(left, 'exit'), ...own, ...entered(domain, to), ...last];
    return { guard, actions, to: at(to) };
  }

  /** The entry actions on the way from a state that stays down to the innermost one. */
  function entered(above: AnyStateNode | undefined, leaf: AnyStateNode): Action[] {
    const way = [leaf, ...ancestorsOf(leaf)].filter((state) => above === undefined || isBelow(state, above));
    return actionsOf(way.reverse(), 'entry');
  }

  function actionsOf(states: readonly AnyStateNode[], when: 'entry' | 'exit'): Action[] {
    return states.flatMap((state) => state[when].map((action) => actionOf(machine, action)));
  }
}

function leavesOf(state: AnyStateNode): AnyStateNode[] {
  const { machine, type, id } = state;
  assert(type !== 'parallel' && type !== 'history', `${machine.id}: ${id} is ${type}, which no closed machine is`);
  assert(state.invoke.length === 0 && state.after.length === 0, `${machine.id}: ${id} waits for what others do`);
  if (type !== 'compound') {
    assert(
      type !== 'final' || state.parent === machine.root,
      `${machine.id}: ${id} ends the machine from within a state`,
    );
    return [state];
  }
  assert(state.initial.actions.length === 0, `${machine.id}: ${id} begins without actions of its own`);
  return Object.values(state.states as Record<string, AnyStateNode>).flatMap(leavesOf);
}

function leafBelow(state: AnyStateNode): AnyStateNode {
  let leaf = state;
  while (leaf.type === 'compound') leaf = defined(leaf.initial.target?.[0], 'a state with states begins in one');
  return leaf;
}

/** From the parent up. */
function ancestorsOf(state: AnyStateNode): AnyStateNode[] {
  const ancestors: AnyStateNode[] = [];
  for (let above = state.parent; above !== undefined; above = above.parent) ancestors.push(above);
  return ancestors;
}

function isBelow(state: AnyStateNode, above: AnyStateNode): boolean {
  return ancestorsOf(state).includes(above);
}

/** The innermost state that a transition does not leave (SCXML's transition domain, as xstate has it). */
function domainOf(source: AnyStateNode, target: AnyStateNode): AnyStateNode {
  if (target === source || isBelow(target, source)) return source;
  return ancestorsOf(target).find((above) => isBelow(source, above)) ?? source.machine.root;
}

function valueAt(leaf: AnyStateNode): StateValue {
  let value: StateValue = leaf.key;
  for (const { key, parent } of ancestorsOf(leaf)) if (parent !== undefined) value = { [key]: value };
  return value;
}

/** A state's transitions for an event: those that name it, then those of wider descriptors, the longest first. */
function heard(state: AnyStateNode, type: string): Transition[] {
  const wider = [...state.transitions.keys()]
    .filter((descriptor) => descriptor !== type && covers(descriptor, type))
    .sort((a, b) => b.length - a.length);
  return [type, ...wider].flatMap((descriptor) => state.transitions.get(descriptor) ?? []);
}

function covers(descriptor: string, type: string): boolean {
  if (descriptor === '*') return true;
  if (!descriptor.endsWith('.*')) return false;
  const stem = descriptor.slice(0, -2);
  return type === stem || type.startsWith(`${stem}.`);
}

function guardOf({ id, implementations: { guards } }: AnyStateMachine, guard: unknown): Guard | undefined {
  if (guard === undefined) return undefined;
  const resolved: unknown = typeof guard === 'string' ? guards[guard] : guard;
  assert(typeof resolved === 'function' && !('check' in resolved), `${id}: a guard is a plain function`);
  return resolved as Guard;
}

function actionOf({ id, implementations: { actions } }: AnyStateMachine, action: unknown): Action {
  const resolved: unknown = typeof action === 'string' ? actions[action] : action;
  assert(typeof resolved === 'function' && 'collect' in resolved, `${id}: an action is made by enqueueActions`);
  return resolved.collect as Action;
}
