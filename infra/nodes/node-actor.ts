// One actor of a node as its host drives it: events go in, effects come out after the turn, timers are kept by name.
// Invariant: no effect is carried out while the machine is in the middle of a turn.

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

/** As much of an xstate actor as is needed to drive it. */
export type Driven<Event, Effect> = {
  start(): unknown;
  stop(): unknown;
  send(event: Event): void;
  on(type: 'effect', handler: (emitted: { readonly effect: Effect | TimerEffect }) => void): unknown;
};

export type NodeActorPorts<Effect> = {
  readonly clock: Clock;
  /** Carries out an effect that is not a timer. */
  perform(effect: Effect): void;
  /** Called after the actor's first turn and after every later one, its effects included. */
  turned(): void;
};

export class NodeActor<Event, Effect extends { readonly kind: string }> {
  readonly #actor: Driven<Event | TimerEvent, Effect>;
  readonly #ports: NodeActorPorts<Effect>;
  #timers: Map<string, Timer> | undefined;
  #outbox: (Effect | TimerEffect)[] = [];
  #turning = false;
  #stopped = false;

  constructor(actor: Driven<Event | TimerEvent, Effect>, ports: NodeActorPorts<Effect>) {
    this.#actor = actor;
    this.#ports = ports;
    actor.on('effect', ({ effect }) => this.#outbox.push(effect));
  }

  start(): void {
    this.#turn(() => this.#actor.start());
  }

  /** From within `perform` the event is taken in at once; what comes of it is carried out with the rest. */
  send(event: Event | TimerEvent): void {
    if (!this.#stopped) this.#turn(() => this.#actor.send(event));
  }

  stop(): void {
    this.#stopped = true;
    for (const timer of this.#timers?.values() ?? []) timer.cancel();
    this.#timers = undefined;
    this.#actor.stop();
  }

  #turn(take: () => void): void {
    take();
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
      this.send({ type: 'timer.fired', timer, generation, nowMs: clock.now() });
    });
    this.#timers.set(timer, armed);
  }
}

function isTimer(effect: { readonly kind: string }): effect is TimerEffect {
  return effect.kind === 'arm' || effect.kind === 'disarm';
}
