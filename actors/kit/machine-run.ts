// One process's machine while its host drives it: an xstate actor of its own, whose effects come out as what it emits and
// whose faults are the host's to answer for.

import {
  type Actor,
  type AnyStateMachine,
  type ContextFrom,
  createActor,
  type EmittedFrom,
  type EventFrom,
  type InputFrom,
  type StateValue,
} from 'xstate';
import { type ClosedLogic, closedLogic } from './closed-logic.ts';

export type RunOptions<Machine extends AnyStateMachine> = {
  readonly input: InputFrom<Machine>;
  /** Hears what a turn emitted, in order, once the turn is over; nothing before `start`. */
  readonly emitted: (emitted: EmittedFrom<Machine>) => void;
};

export class MachineRun<Machine extends AnyStateMachine> {
  readonly #actor: Actor<ClosedLogic<Machine>>;

  /** Its first turn is taken at once; what it emits is heard when it is started. */
  constructor(machine: Machine, { input, emitted }: RunOptions<Machine>) {
    this.#actor = createActor(closedLogic(machine), { input } as never) as Actor<ClosedLogic<Machine>>;
    this.#throwFault();
    this.#actor.on('*', emitted);
    // Without a listener xstate throws a fault at the process; here it goes to whoever sent the event.
    this.#actor.subscribe(answeredFor);
  }

  /** `error` once an action threw, `done` in a final state. */
  get status(): 'active' | 'done' | 'error' | 'stopped' {
    return this.#actor.getSnapshot().status;
  }

  /** The state it is in. */
  get value(): StateValue {
    return this.#actor.getSnapshot().value;
  }

  get context(): ContextFrom<Machine> {
    return this.#actor.getSnapshot().context;
  }

  start(): void {
    this.#actor.start();
  }

  /** Takes one turn, and throws what an action threw. An event that comes after the end is of no interest any more. */
  send(event: EventFrom<Machine>): void {
    if (this.status !== 'active') return;
    this.#actor.send(event);
    this.#throwFault();
  }

  stop(): void {
    this.#actor.stop();
  }

  #throwFault(): void {
    const { status, error } = this.#actor.getSnapshot();
    if (status === 'error') throw error;
  }
}

const answeredFor = { error() {} };
