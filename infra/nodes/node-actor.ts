// One actor of a node as its host drives it: events go in, effects come out after the turn, timers are kept by name.
// Invariant: no effect is carried out while the machine is in the middle of a turn.

import type { AnyStateMachine, EventFrom, InputFrom } from 'xstate';
import { MachineRun } from '../../actors/kit/machine-run.ts';
import type { Clock, Timer } from '../../streams/base/clock.ts';

export type TimerEffect =
  | { readonly kind: 'arm'; readonly timer: string; readonly generation: number; readonly ms: number }
  | { readonly kind: 'disarm'; readonly timer: string };

type TimerEvent = {
  readonly type: 'timer.fired';
  readonly timer: string;
  readonly generation: number;
  readonly nowMs: number;
};

export type NodeActorPorts<Effect> = {
  readonly clock: Clock;
  /** Carries out an effect that is not a timer. */
  perform(effect: Effect): void;
  /** Called after the actor's first turn and after every later one, its effects included. */
  turned(): void;
};

export class NodeActor<Machine extends AnyStateMachine, Effect extends { readonly kind: string }> {
  readonly run: MachineRun<Machine>;
  readonly #ports: NodeActorPorts<Effect>;
  #timers: Map<string, Timer> | undefined;
  #outbox: (Effect | TimerEffect)[] = [];
  #turning = false;
  #stopped = false;

  constructor(machine: Machine, input: InputFrom<Machine>, ports: NodeActorPorts<Effect>) {
    this.#ports = ports;
    this.run = new MachineRun(machine, {
      input,
      emitted: (emitted) => this.#outbox.push((emitted as { readonly effect: Effect | TimerEffect }).effect),
    });
  }

  start(): void {
    this.run.start();
    this.#turned();
  }

  /** From within `perform` the event is taken in at once; what comes of it is carried out with the rest. */
  send(event: EventFrom<Machine>): void {
    if (this.#stopped) return;
    this.run.send(event);
    this.#turned();
  }

  stop(): void {
    this.#stopped = true;
    for (const timer of this.#timers?.values() ?? []) timer.cancel();
    this.#timers = undefined;
    this.run.stop();
  }

  #turned(): void {
    if (this.#turning) return;
    this.#turning = true;
    while (this.#outbox.length > 0) {
      const effects = this.#outbox;
      this.#outbox = [];
      for (const effect of effects) this.#perform(effect);
    }
    this.#turning = false;
    this.#ports.turned();
  }

  #perform(effect: Effect | TimerEffect): void {
    if (isTimer(effect)) this.#setTimer(effect);
    else this.#ports.perform(effect);
  }

  #setTimer(effect: TimerEffect): void {
    this.#timers?.get(effect.timer)?.cancel();
    this.#timers?.delete(effect.timer);
    if (effect.kind === 'disarm') return;
    const { timer, generation, ms } = effect;
    this.#timers ??= new Map();
    const { clock } = this.#ports;
    const armed = clock.after(ms, () => {
      this.#timers?.delete(timer);
      const fired: TimerEvent = { type: 'timer.fired', timer, generation, nowMs: clock.now() };
      this.send(fired as EventFrom<Machine>);
    });
    this.#timers.set(timer, armed);
  }
}

function isTimer(effect: { readonly kind: string }): effect is TimerEffect {
  return effect.kind === 'arm' || effect.kind === 'disarm';
}
