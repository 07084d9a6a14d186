// One process's machine while it runs: where it is, its context, and what it emits. It takes the same course as an actor
// of xstate's, which a test walks beside it, at a fraction of the cost: there are several turns for every pod, and the
// general interpreter was a third of all that is allocated on its way. Invariant: a turn is whole before anybody hears
// what it emitted, and a turn that throws has emitted nothing.

import type { AnyStateMachine, ContextFrom, EmittedFrom, EventFrom, InputFrom, StateValue } from 'xstate';
import { assert } from '../../streams/base/assert.ts';
import { type MachineTable, type Place, type Step, tableOf } from './machine-table.ts';

export type RunOptions<Machine extends AnyStateMachine> = {
  readonly input: InputFrom<Machine>;
  /** Hears what a turn emitted, in order, once the turn is over; nothing before `start`. */
  readonly emitted: (emitted: EmittedFrom<Machine>) => void;
};

export type RunStatus =
  | 'active'
  /** It has reached a final state. */
  | 'done'
  /** One of its actions threw. */
  | 'failed'
  | 'stopped';

export class MachineRun<Machine extends AnyStateMachine> {
  readonly #table: MachineTable;
  readonly #hear: (emitted: EmittedFrom<Machine>) => void;
  readonly #enqueue: Enqueue;
  #place: Place;
  #context: unknown;
  #event: unknown;
  #assigned = false;
  #started = false;
  #turning = false;
  #telling = false;
  #emitted: EmittedFrom<Machine>[] = [];
  #status: RunStatus = 'active';

  /** Its first turn is taken at once; what it emits is heard when it is started. */
  constructor(machine: Machine, { input, emitted }: RunOptions<Machine>) {
    this.#table = tableOf(machine);
    this.#hear = emitted;
    this.#enqueue = {
      assign: (change) => this.#assign(change),
      emit: (emitted) => this.#emitted.push(emitted as EmittedFrom<Machine>),
    };
    const { context } = machine.config;
    const { start } = this.#table;
    this.#place = start.to;
    this.#context = typeof context === 'function' ? context({ input } as never) : (context ?? {});
    this.#turn({ type: 'xstate.init', input }, start);
  }

  get status(): RunStatus {
    return this.#status;
  }

  /** The state it is in. */
  get value(): StateValue {
    return this.#place.value;
  }

  get context(): ContextFrom<Machine> {
    return this.#context as ContextFrom<Machine>;
  }

  start(): void {
    this.#started = true;
    this.#tell();
  }

  /** Takes one turn. An event that comes after the end is of no interest any more. */
  send(event: EventFrom<Machine>): void {
    if (this.#status !== 'active') return;
    const { type } = event as { readonly type: string };
    this.#turn(event, this.#chosen(this.#place.on(type), event));
    this.#tell();
  }

  stop(): void {
    if (this.#status === 'active') this.#status = 'stopped';
  }

  /** The step, and every step that follows of itself. */
  #turn(event: unknown, first: Step | undefined): void {
    assert(!this.#turning, 'a machine takes one turn at a time');
    this.#turning = true;
    this.#event = event;
    try {
      if (first !== undefined) this.#take(first);
      // A step that changed nothing would be taken for ever.
      for (let moved = true; moved && this.#status === 'active'; ) {
        const step = this.#chosen(this.#place.always, event);
        moved = step !== undefined && this.#take(step);
      }
    } catch (error) {
      this.#status = 'failed';
      this.#emitted = [];
      throw error;
    } finally {
      this.#turning = false;
      this.#event = undefined;
    }
  }

  #chosen(steps: readonly Step[], event: unknown): Step | undefined {
    for (const step of steps)
      if (step.guard === undefined || step.guard({ context: this.#context, event })) return step;
    return undefined;
  }

  /** True where the machine is not as it was before. */
  #take({ actions, to = this.#place }: Step): boolean {
    this.#assigned = false;
    for (const action of actions) {
      action({ context: this.#context, event: this.#event, enqueue: this.#enqueue }, undefined);
    }
    const moved = to !== this.#place;
    this.#place = to;
    if (to.final) this.#status = 'done';
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

  #tell(): void {
    // Whoever hears may send: what comes of it is heard after the rest.
    if (!this.#started || this.#telling) return;
    this.#telling = true;
    try {
      while (this.#emitted.length > 0) for (const emitted of this.#emitted.splice(0)) this.#hear(emitted);
    } finally {
      this.#telling = false;
    }
  }
}

type Moment = { readonly context: unknown; readonly event: unknown };
type Change = object | ((moment: Moment) => object);

/** What an action is given to say what it wants: of xstate's, all that closed machines use. */
type Enqueue = {
  assign(change: Change): void;
  emit(emitted: unknown): void;
};

/** The values, of which each may be told by a function. */
function each(change: object, moment: Moment): object {
  const values: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(change)) values[key] = typeof value === 'function' ? value(moment) : value;
  return values;
}
