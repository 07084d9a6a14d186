// The logic of an xstate actor whose machine is closed. It takes the same course as the machine's own logic, which a test
// walks beside it, at a fraction of the cost: there are several turns for every pod, and the general interpreter was a
// third of all that is allocated on its way. Invariant: a turn is whole before anybody hears what it emitted, and a turn
// that throws has emitted nothing.

import type {
  ActorLogic,
  ActorScope,
  AnyActorScope,
  AnyStateMachine,
  ContextFrom,
  EmittedFrom,
  EventFrom,
  EventObject,
  InputFrom,
  Snapshot,
  StateValue,
} from 'xstate';
import { assert } from '../../streams/base/assert.ts';
import { type Moment, type Place, type Step, startOf } from './machine-table.ts';

type System = AnyActorScope['system'];

export type ClosedSnapshot<Machine extends AnyStateMachine> = Snapshot<undefined> & {
  readonly value: StateValue;
  readonly context: ContextFrom<Machine>;
  readonly place: Place;
};

export type ClosedLogic<Machine extends AnyStateMachine> = ActorLogic<
  ClosedSnapshot<Machine>,
  EventFrom<Machine>,
  InputFrom<Machine>,
  System,
  EmittedFrom<Machine>
>;

const logics = new WeakMap<AnyStateMachine, unknown>();

/** For `createActor`. Made once for each machine. */
export function closedLogic<Machine extends AnyStateMachine>(machine: Machine): ClosedLogic<Machine> {
  let logic = logics.get(machine) as ClosedLogic<Machine> | undefined;
  if (logic === undefined) {
    logic = logicOf(machine);
    logics.set(machine, logic);
  }
  return logic;
}

type Scope<Machine extends AnyStateMachine> = ActorScope<
  ClosedSnapshot<Machine>,
  EventFrom<Machine>,
  System,
  EmittedFrom<Machine>
>;

function logicOf<Machine extends AnyStateMachine>(machine: Machine): ClosedLogic<Machine> {
  const start = startOf(machine);
  const turn = new Turn();
  const after = (place: Place, context: unknown, scope: Scope<Machine>): ClosedSnapshot<Machine> => {
    const emitted = turn.takeEmitted() as EmittedFrom<Machine>[];
    // The actor hears of the turn first.
    if (emitted.length > 0) scope.defer(() => emitted.forEach(scope.emit));
    const status = place.final ? 'done' : 'active';
    return {
      status,
      output: undefined,
      error: undefined,
      value: place.value,
      context,
      place,
    } as ClosedSnapshot<Machine>;
  };
  return {
    getInitialSnapshot(scope, input) {
      const { context } = machine.config;
      const first: unknown = typeof context === 'function' ? context({ input } as never) : (context ?? {});
      const { place, context: then } = turn.take({ place: start.to, context: first }, initial(input), start);
      return after(place, then, scope);
    },
    transition(snapshot, event, scope) {
      const { type } = event as EventObject;
      if (type === 'xstate.stop') return { ...snapshot, status: 'stopped' } as ClosedSnapshot<Machine>;
      if (snapshot.status !== 'active') return snapshot;
      const step = chosen(snapshot.place.on(type), { context: snapshot.context, event });
      const { place, context, emits } = turn.take(snapshot, event, step);
      const isSame = place === snapshot.place && context === snapshot.context && !emits;
      return isSame ? snapshot : after(place, context, scope);
    },
    getPersistedSnapshot: ({ status, value, context }) => ({ status, value, context }) as unknown as Snapshot<unknown>,
  };
}

function initial(input: unknown): EventObject {
  return { type: 'xstate.init', input } as EventObject;
}

type Rest = { readonly place: Place; readonly context: unknown };

/** One turn of one machine at a time: a step, and every step that follows of itself. */
class Turn {
  readonly #enqueue: Enqueue;
  #place: Place | undefined;
  #context: unknown;
  #event: unknown;
  #assigned = false;
  #emitted: unknown[] = [];

  constructor() {
    this.#enqueue = {
      assign: (change) => this.#assign(change),
      emit: (emitted) => this.#emitted.push(emitted),
    };
  }

  /** Where the machine rests afterwards. */
  take({ place, context }: Rest, event: unknown, first: Step | undefined): Rest & { readonly emits: boolean } {
    assert(this.#place === undefined, 'a machine takes one turn at a time');
    this.#place = place;
    this.#context = context;
    this.#event = event;
    try {
      if (first !== undefined) this.#step(first);
      // A step that changed nothing would be taken for ever.
      for (let moved = true; moved && !this.#place.final; ) {
        const step = chosen(this.#place.always, { context: this.#context, event });
        moved = step !== undefined && this.#step(step);
      }
      return { place: this.#place, context: this.#context, emits: this.#emitted.length > 0 };
    } catch (error) {
      this.#emitted = [];
      throw error;
    } finally {
      this.#place = undefined;
      this.#context = undefined;
      this.#event = undefined;
    }
  }

  takeEmitted(): readonly unknown[] {
    if (this.#emitted.length === 0) return nothing;
    const emitted = this.#emitted;
    this.#emitted = [];
    return emitted;
  }

  /** True where the machine is not as it was before. */
  #step({ actions, to }: Step): boolean {
    this.#assigned = false;
    for (const action of actions) {
      action({ context: this.#context, event: this.#event, enqueue: this.#enqueue }, undefined);
    }
    const moved = to !== undefined && to !== this.#place;
    if (moved) this.#place = to;
    return moved || this.#assigned;
  }

  #assign(change: Change): void {
    const moment = { context: this.#context, event: this.#event };
    this.#assigned = true;
    this.#context = {
      ...(this.#context as object),
      ...(typeof change === 'function' ? change(moment) : each(change, moment)),
    };
  }
}

const nothing: readonly unknown[] = [];

type Change = object | ((moment: Moment) => object);

/** What an action is given to say what it wants: of xstate's, all that closed machines use. */
type Enqueue = {
  assign(change: Change): void;
  emit(emitted: unknown): void;
};

function chosen(steps: readonly Step[], moment: Moment): Step | undefined {
  for (const step of steps) if (step.guard === undefined || step.guard(moment)) return step;
  return undefined;
}

/** The values, of which each may be told by a function. */
function each(change: object, moment: Moment): object {
  const values: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(change)) values[key] = typeof value === 'function' ? value(moment) : value;
  return values;
}
