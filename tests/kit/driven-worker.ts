// A pod's worker or a kubelet driven by hand: events go in, effects come out as short lines. Every event is taken
// twice, by an actor of xstate's and as a host takes it (`walked-machine.ts`).

import { transitionOf } from '../../actors/kit/lifecycle.ts';
import type { Refusal } from '../../actors/kubelet/admission.ts';
import type { KubeletEffect, KubeletEvent } from '../../actors/kubelet/kubelet-context.ts';
import { kubeletMachine } from '../../actors/kubelet/kubelet-machine.ts';
import type { NodeProfile } from '../../actors/kubelet/node-object.ts';
import { podWorkerMachine } from '../../actors/kubelet/pod-worker.ts';
import type { RuntimePod, WorkerEffect } from '../../actors/kubelet/runtime.ts';
import type { WorkerEvent } from '../../actors/kubelet/worker-context.ts';
import { podLifecycle } from '../../actors/pod/pod-machine.ts';
import type { Pod } from '../../streams/resources/pod.ts';
import { WalkedMachine } from './walked-machine.ts';

type Untimed<Event> = Event extends unknown ? Omit<Event, 'nowMs'> : never;
export type WorkerFact = Untimed<WorkerEvent>;
export type KubeletFact = Untimed<KubeletEvent>;

export const startMs = Date.UTC(2026, 0, 1);

export class DrivenWorker {
  /** The pod as the world has it: every write of the worker that is granted makes it newer. */
  world: Pod;
  nowMs: number;
  readonly #machine;
  #told = 0;

  constructor(
    pod: Pod,
    { runtime, refusal, nowMs = startMs }: { runtime?: RuntimePod; refusal?: Refusal; nowMs?: number } = {},
  ) {
    this.world = pod;
    this.nowMs = nowMs;
    const node = { name: 'n1', ip: '172.18.0.2' };
    this.#machine = new WalkedMachine(podWorkerMachine, { pod, node, runtime, refusal, nowMs: this.nowMs });
  }

  get effects(): WorkerEffect[] {
    return this.#machine.emitted.map(({ effect }) => effect);
  }

  get state(): string {
    return this.#machine.state;
  }

  get context() {
    return this.#machine.context;
  }

  send(fact: WorkerFact): void {
    this.#machine.send({ ...fact, nowMs: this.nowMs } as WorkerEvent);
  }

  /** The write under way, if any. */
  get pending(): Extract<WorkerEffect, { kind: 'write' }> | undefined {
    const { inFlight } = this.context.reporting;
    return this.effects.findLast((effect) => effect.kind === 'write' && effect.ticket === inFlight) as
      | Extract<WorkerEffect, { kind: 'write' }>
      | undefined;
  }

  /**
   * The API server decides the write under way: it refuses one that was made from an older version, and may keep the
   * object in other words. Returns the transition it made, with its anomaly if there is one.
   */
  grant(kept: (pod: Pod) => Pod = (pod) => pod): { readonly type: string; readonly anomaly?: string } | undefined {
    const { pending } = this;
    if (pending === undefined) return undefined;
    const before = this.world;
    if (pending.write.kind === 'delete') {
      this.send({ type: 'write.settled', ticket: pending.ticket, outcome: { kind: 'done', object: before } });
      return transitionOf(podLifecycle, { before, after: undefined, from: podLifecycle.stateOf(before) });
    }
    const { object } = pending.write as unknown as { readonly object: Pod };
    if (object.metadata.resourceVersion !== before.metadata.resourceVersion) {
      this.refuse('Conflict');
      return undefined;
    }
    const after = newer(kept(object), before);
    const transition = transitionOf(podLifecycle, { before, after, from: podLifecycle.stateOf(before) });
    this.world = after;
    this.send({ type: 'write.settled', ticket: pending.ticket, outcome: { kind: 'done', object: after } });
    return transition;
  }

  refuse(reason: 'Conflict' | 'Unavailable'): void {
    const { pending } = this;
    if (pending === undefined) return;
    this.send({ type: 'write.settled', ticket: pending.ticket, outcome: { kind: 'failed', reason, message: '' } });
  }

  /** Somebody else changes the pod, and the worker hears of it. */
  change(change: (pod: Pod) => Pod): void {
    this.world = newer(change(this.world), this.world);
    this.send({ type: 'pod.changed', pod: this.world });
  }

  /** What was asked for since the last call. */
  asked(): string[] {
    const lines = this.effects.slice(this.#told).map(describe);
    this.#told = this.effects.length;
    return lines;
  }

  /** Fires the timer of that name as it was armed last. */
  fire(timer: string): void {
    const generation = this.context.timers[timer] ?? 0;
    this.send({ type: 'timer.fired', timer, generation });
  }
}

export class DrivenKubelet {
  nowMs = startMs;
  readonly #machine;
  #told = 0;

  constructor(profile: NodeProfile) {
    const beat = { renewMs: 10_000, firstRenewMs: 4_000, statusMs: 300_000 };
    this.#machine = new WalkedMachine(kubeletMachine, { profile, beat });
  }

  get effects(): KubeletEffect[] {
    return this.#machine.emitted.map(({ effect }) => effect);
  }

  get state(): string {
    return this.#machine.state;
  }

  get context() {
    return this.#machine.context;
  }

  send(fact: KubeletFact): void {
    this.#machine.send({ ...fact, nowMs: this.nowMs } as KubeletEvent);
  }

  fire(timer: string): void {
    this.send({ type: 'timer.fired', timer, generation: this.context.timers[timer] ?? 0 });
  }

  ticket(purpose: string): string {
    const last = this.effects.findLast((effect) => effect.kind === 'write' && effect.ticket.startsWith(purpose));
    return last?.kind === 'write' ? last.ticket : '';
  }

  asked(): string[] {
    const lines = this.effects.slice(this.#told).map(describe);
    this.#told = this.effects.length;
    return lines;
  }
}

function newer(pod: Pod, than: Pod): Pod {
  const resourceVersion = String(Number(than.metadata.resourceVersion) + 1);
  return { ...pod, metadata: { ...pod.metadata, resourceVersion } };
}

function describe(effect: WorkerEffect | KubeletEffect): string {
  switch (effect.kind) {
    case 'write': {
      const { write } = effect;
      if (write.kind === 'bind') return 'bind';
      const what = `${write.kind} ${write.resource.resource}`;
      if (write.kind === 'update' && write.resource.resource === 'pods')
        return `${what} ${podLifecycle.stateOf(write.object)}`;
      return write.kind === 'update' && write.subresource ? `${what}/${write.subresource}` : what;
    }
    case 'note':
      return `note ${effect.note.reason}`;
    case 'arm':
      return `arm ${effect.timer} ${effect.ms}`;
    case 'disarm':
      return `disarm ${effect.timer}`;
    case 'pullImage':
    case 'startContainer':
      return `${effect.kind} ${effect.container}`;
    case 'stopContainer':
      return `${effect.kind} ${effect.container} ${effect.graceMs}`;
    case 'runPod':
      return `runPod ${effect.pod.metadata.name}${effect.refusal === undefined ? '' : ` ${effect.refusal.reason}`}`;
    case 'resizeContainer':
      return `${effect.kind} ${effect.container}`;
    case 'answerResize':
      return `${effect.answer.type} ${effect.uid}`;
    case 'askResize':
    case 'holdLease':
    case 'dropLease':
    case 'makeSandbox':
    case 'removePod':
      return effect.kind;
  }
}
