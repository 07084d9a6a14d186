// What stands between a chosen node and the binding: Permit plugins may hold the pod back, PreBind plugins may write
// and wait. One pod's way through them, resumable at any step. Invariant: steps are passed in the profile's order, each
// is asked until it is through, and none is asked while its writes are unanswered.

import type { ResourceName } from '../../streams/resources/meta.ts';
import type { Write, WriteOutcome } from '../kit/write.ts';
import type { ClusterSnapshot } from './cluster-snapshot.ts';
import type { CycleState } from './cycle-state.ts';
import type { Cycle, PermitPlugin, PreBindPlugin, Profile, Rejection } from './framework.ts';
import type { NodeInfo } from './node-info.ts';
import type { WaitingPod } from './pod-shape.ts';
import type { NamedObject } from './waiters.ts';

export type Progress =
  | { readonly kind: 'ready' }
  /** For a change of these objects, or, where they are not named, of anything the step listens to. */
  | { readonly kind: 'waiting'; readonly on?: readonly NamedObject[] | undefined }
  | { readonly kind: 'writing'; readonly writes: readonly Write[] }
  /** A Permit plugin said no, or did not say yes in time. */
  | { readonly kind: 'denied'; readonly rejection: Rejection }
  | { readonly kind: 'failed'; readonly message: string };

type Step =
  | { readonly point: 'permit'; readonly plugin: PermitPlugin }
  | { readonly point: 'preBind'; readonly plugin: PreBindPlugin };

export type PreparationInput = {
  readonly node: NodeInfo;
  readonly profile: Profile;
  readonly cluster: ClusterSnapshot;
  readonly state: CycleState;
};

export class PodPreparation {
  readonly #input: PreparationInput;
  readonly #steps: readonly Step[];
  #at = 0;
  #writesLeft = 0;
  #despiteConflict = false;
  #refusal: string | undefined;
  #waitingSinceMs: number | undefined;
  /** When the present wait is given up; undefined while nothing is waited for. */
  dueMs: number | undefined;

  constructor(input: PreparationInput) {
    this.#input = input;
    this.#steps = stepsOf(input.profile);
  }

  /** True where a change of this kind may let the pod go on; without a resource, any change in nodes and pods. */
  listensTo(resource?: ResourceName): boolean {
    const step = this.#steps[this.#at];
    if (this.#writesLeft > 0 || step === undefined) return false;
    if (resource === undefined || step.point === 'permit') return true;
    return step.plugin.watches?.some((w) => w.resource === resource.resource && w.group === resource.group) ?? false;
  }

  /** A Permit plugin has still to say yes. */
  get isHeld(): boolean {
    return this.#steps[this.#at]?.point === 'permit';
  }

  /** Goes as far as it can. */
  proceed(pod: WaitingPod, nowMs: number): Progress {
    if (this.#writesLeft > 0) return { kind: 'waiting' };
    const { node, cluster, state } = this.#input;
    const cycle = { cluster, state, nowMs };
    for (;;) {
      const step = this.#steps[this.#at];
      if (step === undefined) return { kind: 'ready' };
      if (this.#refusal !== undefined) return { kind: 'failed', message: said(step, this.#refusal) };
      const progress = step.point === 'permit' ? this.#ask(step, pod, node, cycle) : this.#prepare(step, pod, cycle);
      if (progress !== undefined) return progress;
      this.#at++;
      this.#waitingSinceMs = undefined;
      this.dueMs = undefined;
    }
  }

  /** One of the writes is answered. */
  answered(outcome: WriteOutcome): void {
    this.#writesLeft--;
    if (outcome.kind === 'done' || (this.#despiteConflict && outcome.reason === 'Conflict')) return;
    this.#refusal ??= outcome.message;
  }

  #ask(step: Step & { readonly point: 'permit' }, pod: WaitingPod, node: NodeInfo, cycle: Cycle) {
    const permission = step.plugin.permit(pod, node, cycle);
    if (permission.kind === 'allow') return undefined;
    if (permission.kind === 'deny') return { kind: 'denied', rejection: permission.rejection } as const;
    if (!this.#isOverdue(permission.timeoutMs, cycle.nowMs)) return { kind: 'waiting' } as const;
    const reason = `rejected due to timeout after waiting ${permission.timeoutMs / 1_000}s at plugin ${step.plugin.name}`;
    return { kind: 'denied', rejection: { plugin: step.plugin.name, reasons: [reason], resolvable: true } } as const;
  }

  #prepare(step: Step & { readonly point: 'preBind' }, pod: WaitingPod, cycle: Cycle): Progress | undefined {
    const preparation = step.plugin.preBind(pod, this.#input.node, cycle);
    switch (preparation.kind) {
      case 'done':
        return undefined;
      case 'failed':
        return { kind: 'failed', message: said(step, preparation.message) };
      case 'wait':
        return this.#isOverdue(preparation.timeoutMs, cycle.nowMs)
          ? { kind: 'failed', message: said(step, preparation.message) }
          : { kind: 'waiting', on: preparation.on };
      case 'write':
        this.#writesLeft = preparation.writes.length;
        this.#despiteConflict = preparation.despiteConflict === true;
        return this.#writesLeft === 0 ? { kind: 'waiting' } : { kind: 'writing', writes: preparation.writes };
      default:
        return preparation satisfies never;
    }
  }

  #isOverdue(timeoutMs: number, nowMs: number): boolean {
    this.#waitingSinceMs ??= nowMs;
    this.dueMs = this.#waitingSinceMs + timeoutMs;
    return nowMs >= this.dueMs;
  }
}

/** True where the profile has anything to do between choosing and binding. */
export function needsPreparation({ permits = [], preBinds = [] }: Profile): boolean {
  return permits.length + preBinds.length > 0;
}

function stepsOf({ permits = [], preBinds = [] }: Profile): Step[] {
  return [
    ...permits.map((plugin) => ({ point: 'permit', plugin }) as const),
    ...preBinds.map((plugin) => ({ point: 'preBind', plugin }) as const),
  ];
}

function said({ plugin }: Step, message: string): string {
  return `running PreBind plugin "${plugin.name}": ${message}`;
}
