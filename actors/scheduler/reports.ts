// What the scheduler tells people: events about pods, and the pods' own status. Texts are kube-scheduler's.

import type { Cause } from '../../streams/log/event.ts';
import type { Pod } from '../../streams/resources/pod.ts';
import type { Effect } from '../kit/effect.ts';
import type { Note, WriteOutcome } from '../kit/write.ts';
import { truncated } from './fit-error.ts';
import type { WaitingPod } from './pod-shape.ts';
import { StatusWrites, type WantedStatus } from './status-writes.ts';

type Told = { readonly info: WaitingPod; readonly cause: Cause | null };
type Said = Pick<Note, 'type' | 'reason' | 'message'> & { readonly action: string };

export class Reports {
  readonly #emit: (effect: Effect) => void;
  readonly #statuses: StatusWrites;

  constructor({ newest, emit }: { newest: (uid: string) => Pod | undefined; emit: (effect: Effect) => void }) {
    this.#emit = emit;
    this.#statuses = new StatusWrites({ newest, emit });
  }

  get hasDelayed(): boolean {
    return this.#statuses.hasDelayed;
  }

  bound({ namespace, name, pod }: WaitingPod, node: string): void {
    const message = `Successfully assigned ${namespace}/${name} to ${node}`;
    this.#note(pod, { type: 'Normal', reason: 'Scheduled', action: 'Binding', message });
  }

  failed({ info, cause }: Told, wanted: Omit<WantedStatus, 'cause'>, nowMs: number): void {
    const { nominatedNode, waits } = wanted;
    const promise = nominatedNode === undefined ? undefined : { nominatedNode };
    this.#statuses.want(info.uid, { ...(waits && { waits }), ...promise, cause }, nowMs);
    const message = truncated(waits?.message ?? '');
    this.#note(info.pod, { type: 'Warning', reason: 'FailedScheduling', action: 'Scheduling', message });
  }

  /** The pod's status tells which node it is promised; empty: none. */
  nominate({ info, cause }: Told, nominatedNode: string, nowMs: number): void {
    this.#statuses.want(info.uid, { nominatedNode, cause }, nowMs);
  }

  settled(ticket: string, outcome: WriteOutcome, nowMs: number): void {
    if (StatusWrites.owns(ticket)) this.#statuses.settled(ticket, outcome, nowMs);
  }

  retry(nowMs: number): void {
    this.#statuses.retry(nowMs);
  }

  #note(regarding: Pod, note: Said): void {
    const component = regarding.spec.schedulerName ?? 'default-scheduler';
    this.#emit({ kind: 'note', note: { regarding, component, ...note } });
  }
}
