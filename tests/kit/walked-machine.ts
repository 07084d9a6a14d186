// A machine that takes every event twice: as an actor of xstate's, and as hosts run it. Both have come to the same after
// each, and have emitted the same.

import { deepStrictEqual } from 'node:assert/strict';
import {
  type AnyStateMachine,
  type ContextFrom,
  createActor,
  type EmittedFrom,
  type EventFrom,
  type InputFrom,
} from 'xstate';
import { stateName } from '../../actors/kit/lifecycle.ts';
import { MachineRun } from '../../actors/kit/machine-run.ts';

export class WalkedMachine<Machine extends AnyStateMachine> {
  /** In the order in which it was emitted. */
  readonly emitted: EmittedFrom<Machine>[] = [];
  readonly #actor;
  readonly #run: MachineRun<Machine>;
  readonly #emittedByActor: unknown[] = [];

  constructor(machine: Machine, input: InputFrom<Machine>) {
    this.#actor = createActor(machine, { input } as never);
    this.#actor.on('*', (emitted) => this.#emittedByActor.push(emitted));
    this.#run = new MachineRun(machine, { input, emitted: (emitted) => this.emitted.push(emitted) });
    this.#actor.start();
    this.#run.start();
    this.#compare();
  }

  get state(): string {
    return stateName(this.#run.value);
  }

  get context(): ContextFrom<Machine> {
    return this.#run.context;
  }

  send(event: EventFrom<Machine>): void {
    this.#actor.send(event);
    this.#run.send(event);
    this.#compare();
  }

  #compare(): void {
    const { value, context, status } = this.#actor.getSnapshot();
    deepStrictEqual([this.#run.value, this.#run.status, this.#run.context], [value, status, context]);
    deepStrictEqual(this.emitted, this.#emittedByActor);
  }
}
