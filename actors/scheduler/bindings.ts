// Bindings under way. Binding is optimistic: the pod takes its room at once (it is assumed there), the write follows,
// and many are in flight together. Invariant: room is given back only when the binding surely did not happen. An
// unknown outcome keeps the room and asks for the very same binding again, because the log may already hold it.

import type { Effect } from '../kit/effect.ts';
import type { WriteOutcome } from '../kit/write.ts';
import type { QueuedPod } from './scheduling-queue.ts';

export type Binding = {
  readonly queued: QueuedPod;
  readonly node: string;
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
  /** Somebody else bound the pod, to the same node. */
  | { readonly kind: 'taken' }
  /** To be asked again by `retry`. */
  | { readonly kind: 'open' }
  /** An answer for a pod that was deleted meanwhile. */
  | { readonly kind: 'stale' };

const ticketPrefix = 'bind/';

export class Bindings {
  readonly #emit: (effect: Effect) => void;
  readonly #byUid = new Map<string, Binding>();
  #open = 0;

  constructor(emit: (effect: Effect) => void) {
    this.#emit = emit;
  }

  static owns(ticket: string): boolean {
    return ticket.startsWith(ticketPrefix);
  }

  get size(): number {
    return this.#byUid.size;
  }

  get hasOpen(): boolean {
    return this.#open > 0;
  }

  get(uid: string): Binding | undefined {
    return this.#byUid.get(uid);
  }

  start(queued: QueuedPod, node: string): void {
    const binding: Binding = { queued, node, recorded: false, open: false, unsure: false };
    this.#byUid.set(queued.info.uid, binding);
    this.#ask(binding);
  }

  settled(ticket: string, outcome: WriteOutcome): Settled {
    const uid = ticket.slice(ticketPrefix.length);
    const binding = this.#byUid.get(uid);
    if (binding === undefined) return { kind: 'stale' };
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
    return { kind: 'refused', binding, message: outcome.message, conflict: outcome.reason === 'Conflict' };
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
    if (binding?.open) this.#open--;
    this.#byUid.delete(uid);
  }

  /** No more asking: what is open stays for the next scheduler to find out. */
  dropOpen(): void {
    for (const [uid, { open }] of this.#byUid) if (open) this.drop(uid);
  }

  #ask({ queued, node }: Binding): void {
    const { uid, namespace, name } = queued.info;
    this.#emit({
      kind: 'write',
      ticket: `${ticketPrefix}${uid}`,
      write: { kind: 'bind', namespace, name, uid, node },
      cause: queued.cause,
    });
  }
}
