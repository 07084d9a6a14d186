// One turn of a node's actor: a copy of its context that the turn's steps may change, and the effects they ask for. The
// machine takes both over at the end of the action; nothing outside the turn ever sees it half done.

import { parseRevision } from '../../streams/base/brand.ts';
import type { Cause } from '../../streams/log/event.ts';
import type { KubeObject } from '../../streams/resources/meta.ts';
import type { Effect } from '../kit/effect.ts';

/** What every actor of a node may ask for. */
export type CommonEffect = Extract<Effect, { kind: 'write' | 'note' | 'arm' | 'disarm' }>;

export type TurnContext = {
  /** Armed timers by name, with the generation that counts. */
  readonly timers: Readonly<Record<string, number>>;
  /** Last number given to a timer or a write. */
  readonly count: number;
};

export class Turn<Context extends TurnContext, Asked> {
  readonly draft: { -readonly [Key in keyof Context]: Context[Key] };
  readonly effects: (CommonEffect | Asked)[] = [];
  readonly nowMs: number;

  constructor(context: Context, nowMs: number) {
    this.draft = { ...context };
    this.nowMs = nowMs;
  }

  ask(effect: CommonEffect | Asked): void {
    this.effects.push(effect);
  }

  /** A ticket no other write of this actor has. */
  ticket(purpose: string): string {
    return `${purpose}-${++this.draft.count}`;
  }

  /** Arms a timer; an earlier one of the same name no longer counts. */
  arm(timer: string, ms: number): void {
    const generation = ++this.draft.count;
    this.draft.timers = { ...this.draft.timers, [timer]: generation };
    this.ask({ kind: 'arm', timer, generation, ms });
  }

  disarm(timer: string): void {
    if (!this.isArmed(timer)) return;
    this.#drop(timer);
    this.ask({ kind: 'disarm', timer });
  }

  isArmed(timer: string): boolean {
    return this.draft.timers[timer] !== undefined;
  }

  /** True where the timer that fired is the one that counts; it is spent. */
  spend(timer: string, generation: number): boolean {
    if (this.draft.timers[timer] !== generation) return false;
    this.#drop(timer);
    return true;
  }

  #drop(timer: string): void {
    const { [timer]: _, ...others } = this.draft.timers;
    this.draft.timers = others;
  }
}

/** The event that left the object as it is: what made the reader act. */
export function causeOf(object: KubeObject): Cause | null {
  const revision = parseRevision(object.metadata.resourceVersion ?? '');
  return revision === undefined ? null : { stream: 'LOG', revision };
}

/** Revisions are integers: the larger is the newer. */
export function isNewer(object: KubeObject, than: KubeObject): boolean {
  return Number(object.metadata.resourceVersion) > Number(than.metadata.resourceVersion);
}
