// Bindings under way. Binding is optimistic: the pod takes its room at once (it is assumed there), the write follows,
// and many are in flight together. Invariant: room is given back only when the binding surely did not happen. An
// unknown outcome keeps the room and asks for the very same binding again, because the log may already hold it.

import { assertNever } from '../../streams/base/assert.ts';
import type { Effect } from '../kit/effect.ts';
import type { WriteOutcome } from '../kit/write.ts';
import type { Rejection } from './framework.ts';
import { needsPreparation, PodPreparation, type PreparationInput } from './preparation.ts';
import type { QueuedPod } from './queued-pod.ts';
import { type NamedObject, Waiters } from './waiters.ts';

export type Binding = {
  readonly queued: QueuedPod;
  readonly node: string;
  /** What is done first, and what it is done with; the binding is asked for once that is over. */
  readonly preparation: PodPreparation | undefined;
  readonly input: PreparationInput;
  /** The write is under way. */
  asked: boolean;
  /** The log has told of it. */
  recorded: boolean;
  /** The last answer left open whether it happened. */
  open: boolean;
  /** Some answer did: what the log holds may well be this binding. */
  unsure: boolean;
};

export type Settled =
  | { readonly kind: 'bound'; readonly binding: Binding }
  /** It did not happen; the pod may be tried again unless it is gone. */
  | { readonly kind: 'refused'; readonly binding: Binding; readonly message: string; readonly conflict: boolean }
  | { readonly kind: 'gone'; readonly binding: Binding }
  /** A Permit plugin turned the pod away. */
  | { readonly kind: 'denied'; readonly binding: Binding; readonly rejection: Rejection }
  /** Nothing is to be done yet. */
  | { readonly kind: 'waiting' }
  /** Somebody else bound the pod, to the same node. */
  | { readonly kind: 'taken' }
  /** To be asked again by `retry`. */
  | { readonly kind: 'open' }
  /** An answer for a pod that was deleted meanwhile. */
  | { readonly kind: 'stale' };

const ticketPrefix = 'bind/';
const preparePrefix = 'prepare/';

export class Bindings {
  readonly #emit: (effect: Effect) => void;
  readonly #permitted: (uid: string) => void;
  readonly #byUid = new Map<string, Binding>();
  readonly #preparing = new Set<Binding>();
  readonly #waiters = new Waiters<Binding>();
  #open = 0;
  #nextDueMs: number | undefined;

  /** `permitted`: no Permit plugin can turn the pod away any more. */
  constructor(emit: (effect: Effect) => void, permitted: (uid: string) => void) {
    this.#emit = emit;
    this.#permitted = permitted;
  }

  static owns(ticket: string): boolean {
    return ticket.startsWith(ticketPrefix) || ticket.startsWith(preparePrefix);
  }

  get size(): number {
    return this.#byUid.size;
  }

  /** Asked for and not yet answered; without those that are still being prepared. */
  get asked(): number {
    return this.#byUid.size - this.#preparing.size;
  }

  /** No wait of a preparation is given up before. */
  get nextDueMs(): number | undefined {
    return this.#preparing.size === 0 ? undefined : this.#nextDueMs;
  }

  get hasOpen(): boolean {
    return this.#open > 0;
  }

  get(uid: string): Binding | undefined {
    return this.#byUid.get(uid);
  }

  start(queued: QueuedPod, input: PreparationInput, nowMs: number): Settled {
    const { node, profile } = input;
    const preparation = needsPreparation(profile) ? new PodPreparation(input) : undefined;
    const state = { asked: false, recorded: false, open: false, unsure: false };
    const binding: Binding = { queued, node: node.name, preparation, input, ...state };
    this.#byUid.set(queued.info.uid, binding);
    if (preparation !== undefined) this.#preparing.add(binding);
    return this.#proceed(binding, nowMs);
  }

  /** An object has changed, or, without one, nodes and pods: which preparations have come to an end? */
  poke(nowMs: number, changed?: NamedObject): Settled[] {
    const listening = ({ preparation }: Binding) => preparation?.listensTo(changed?.resource) === true;
    return this.#proceedWith(this.#waiters.concernedBy(changed).filter(listening), nowMs);
  }

  /** Time has passed: which preparations have come to an end? */
  giveUpLate(nowMs: number): Settled[] {
    this.#nextDueMs = undefined;
    return this.#proceedWith([...this.#preparing], nowMs);
  }

  isPreparingPod(uid: string): boolean {
    const binding = this.#byUid.get(uid);
    return binding !== undefined && !binding.asked;
  }

  get isPreparing(): boolean {
    return this.#preparing.size > 0;
  }

  settled(ticket: string, outcome: WriteOutcome, nowMs: number): Settled {
    if (ticket.startsWith(preparePrefix)) return this.#prepared(ticket, outcome, nowMs);
    const uid = ticket.slice(ticketPrefix.length);
    const binding = this.#byUid.get(uid);
    if (binding === undefined || !binding.asked) return { kind: 'stale' };
    if (outcome.kind === 'failed' && outcome.reason === 'Unavailable' && !binding.recorded) {
      if (!binding.open) this.#open++;
      binding.open = true;
      binding.unsure = true;
      return { kind: 'open' };
    }
    this.drop(uid);
    if (outcome.kind === 'done') return { kind: 'bound', binding };
    if (binding.recorded)
      return binding.unsure || outcome.reason === 'Unavailable' ? { kind: 'bound', binding } : { kind: 'taken' };
    if (outcome.reason === 'NotFound') return { kind: 'gone', binding };
    const message = `binding rejected: running Bind plugin "DefaultBinder": ${outcome.message}`;
    return { kind: 'refused', binding, message, conflict: outcome.reason === 'Conflict' };
  }

  /** Asks again for every binding whose outcome is unknown. */
  retry(): void {
    for (const binding of this.#byUid.values()) {
      if (!binding.open) continue;
      binding.open = false;
      this.#open--;
      this.#ask(binding);
    }
  }

  /** The pod is gone, or its end is known otherwise: an answer to come is of no interest. */
  drop(uid: string): void {
    const binding = this.#byUid.get(uid);
    if (binding === undefined) return;
    if (binding.open) this.#open--;
    this.#prepareNoMore(binding);
    this.#byUid.delete(uid);
  }

  /** No more asking: what is open stays for the next scheduler to find out. */
  dropOpen(): void {
    for (const [uid, { open, asked }] of this.#byUid) if (open || !asked) this.drop(uid);
  }

  #prepared(ticket: string, outcome: WriteOutcome, nowMs: number): Settled {
    const uid = ticket.slice(preparePrefix.length);
    const binding = this.#byUid.get(uid);
    if (binding?.preparation === undefined || binding.asked) return { kind: 'stale' };
    binding.preparation.answered(outcome);
    return this.#proceed(binding, nowMs);
  }

  #proceedWith(bindings: readonly Binding[], nowMs: number): Settled[] {
    return bindings.map((binding) => this.#proceed(binding, nowMs)).filter(({ kind }) => kind !== 'waiting');
  }

  #prepareNoMore(binding: Binding): void {
    this.#preparing.delete(binding);
    this.#waiters.leave(binding);
  }

  #proceed(binding: Binding, nowMs: number): Settled {
    const { queued, preparation } = binding;
    const progress = preparation?.proceed(queued.info, nowMs) ?? ready;
    if (preparation?.isHeld !== true) this.#permitted(queued.info.uid);
    switch (progress.kind) {
      case 'ready':
        this.#prepareNoMore(binding);
        this.#ask(binding);
        return { kind: 'waiting' };
      case 'waiting':
        this.#waiters.wait(binding, progress.on);
        this.#nextDueMs = earlier(this.#nextDueMs, preparation?.dueMs);
        return { kind: 'waiting' };
      case 'writing':
        this.#waiters.leave(binding);
        for (const write of progress.writes) {
          this.#emit({ kind: 'write', ticket: `${preparePrefix}${queued.info.uid}`, write, cause: queued.cause });
        }
        return { kind: 'waiting' };
      case 'denied':
        this.drop(queued.info.uid);
        return { kind: 'denied', binding, rejection: progress.rejection };
      case 'failed':
        this.drop(queued.info.uid);
        return { kind: 'refused', binding, message: progress.message, conflict: false };
      default:
        return assertNever(progress);
    }
  }

  #ask(binding: Binding): void {
    const { queued, node } = binding;
    const { uid, namespace, name } = queued.info;
    binding.asked = true;
    this.#emit({
      kind: 'write',
      ticket: `${ticketPrefix}${uid}`,
      write: { kind: 'bind', namespace, name, uid, node },
      cause: queued.cause,
    });
  }
}

const ready = { kind: 'ready' } as const;

function earlier(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return Math.min(a, b);
}
