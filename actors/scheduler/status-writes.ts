// Keeps the status of waiting pods telling why they wait (condition PodScheduled) and which node they are promised
// (nominatedNodeName). A few writes at a time: where these change faster than they are written, only the newest are.
// Invariant: what the status already says is not written again.

import type { Cause } from '../../streams/log/event.ts';
import { type Condition, timestamp } from '../../streams/resources/meta.ts';
import { resources } from '../../streams/resources/names.ts';
import type { Pod } from '../../streams/resources/pod.ts';
import type { Effect } from '../kit/effect.ts';
import type { FailureReason, WriteOutcome } from '../kit/write.ts';

/** `Unschedulable` where no node suits, `SchedulerError` where something went wrong on the way. */
export type WaitReason = 'Unschedulable' | 'SchedulerError';

export type WantedStatus = {
  /** Why it waits; absent: as before. */
  readonly waits?: { readonly reason: WaitReason; readonly message: string };
  /** Node it is promised, empty for none; absent: as before. */
  readonly nominatedNode?: string | undefined;
  readonly cause: Cause | null;
};

type Wanted = WantedStatus & { tries: number };

const writesInFlightMax = 64;
const triesMax = 5;
/** The API server was not able to, but will be. */
const passing: ReadonlySet<FailureReason> = new Set<FailureReason>(['Unavailable', 'TooManyRequests']);
const ticketPrefix = 'status/';

export class StatusWrites {
  readonly #newest: (uid: string) => Pod | undefined;
  readonly #emit: (effect: Effect) => void;
  readonly #wanted = new Map<string, Wanted>();
  readonly #inFlight = new Map<string, Wanted>();
  /** To be asked for again by `retry`. */
  readonly #delayed = new Map<string, Wanted>();

  /** `newest` gives the pod's newest version as long as it waits for a node. */
  constructor({ newest, emit }: { newest: (uid: string) => Pod | undefined; emit: (effect: Effect) => void }) {
    this.#newest = newest;
    this.#emit = emit;
  }

  static owns(ticket: string): boolean {
    return ticket.startsWith(ticketPrefix);
  }

  want(uid: string, wanted: WantedStatus, nowMs: number): void {
    const before = this.#wanted.get(uid) ?? this.#delayed.get(uid);
    this.#wanted.set(uid, { ...before, ...wanted, tries: 0 });
    this.#delayed.delete(uid);
    this.#proceed(nowMs);
  }

  settled(ticket: string, outcome: WriteOutcome, nowMs: number): void {
    const uid = ticket.slice(ticketPrefix.length);
    const written = this.#inFlight.get(uid);
    this.#inFlight.delete(uid);
    if (outcome.kind === 'failed' && written !== undefined) {
      // Somebody else changed the pod meanwhile: say it again on top of that, at once unless that happens all the time.
      const conflict = outcome.reason === 'Conflict';
      const newer = this.#wanted.get(uid);
      if (newer !== undefined) this.#wanted.set(uid, { ...written, ...newer });
      else if (conflict && written.tries < triesMax) this.#wanted.set(uid, written);
      else if (conflict || passing.has(outcome.reason)) this.#delayed.set(uid, { ...written, tries: 0 });
    }
    this.#proceed(nowMs);
  }

  get hasDelayed(): boolean {
    return this.#delayed.size > 0;
  }

  retry(nowMs: number): void {
    for (const [uid, wanted] of this.#delayed) if (!this.#wanted.has(uid)) this.#wanted.set(uid, wanted);
    this.#delayed.clear();
    this.#proceed(nowMs);
  }

  #proceed(nowMs: number): void {
    for (const [uid, wanted] of this.#wanted) {
      if (this.#inFlight.size >= writesInFlightMax) return;
      // The write under way is answered first, then this one follows.
      if (this.#inFlight.has(uid)) continue;
      this.#wanted.delete(uid);
      const pod = this.#newest(uid);
      const object = pod === undefined ? undefined : withStatus(pod, wanted, nowMs);
      if (object === undefined) continue;
      wanted.tries++;
      this.#inFlight.set(uid, wanted);
      this.#emit({
        kind: 'write',
        ticket: `${ticketPrefix}${uid}`,
        write: { kind: 'update', resource: resources.pods, subresource: 'status', object },
        cause: wanted.cause,
      });
    }
  }
}

/** The pod with the status, or undefined where it has it already. */
function withStatus(pod: Pod, { waits, nominatedNode }: Wanted, nowMs: number): Pod | undefined {
  const { nominatedNodeName = '', ...status } = pod.status ?? {};
  const conditions = waits === undefined ? undefined : withCondition(pod, waits, nowMs);
  const promised = nominatedNode ?? nominatedNodeName;
  if (conditions === undefined && promised === nominatedNodeName) return undefined;
  return {
    ...pod,
    status: {
      ...status,
      ...(conditions && { conditions }),
      ...(promised !== '' && { nominatedNodeName: promised }),
    },
  };
}

/** The pod's conditions with this one, or undefined where they hold it already. */
function withCondition(
  { metadata: { generation }, status }: Pod,
  { reason, message }: { readonly reason: WaitReason; readonly message: string },
  nowMs: number,
): readonly Condition[] | undefined {
  const conditions = status?.conditions ?? [];
  const before = conditions.find(({ type }) => type === 'PodScheduled');
  if (before?.status === 'False' && before.reason === reason && before.message === message) return undefined;
  const condition: Condition = {
    type: 'PodScheduled',
    ...(generation === undefined ? undefined : { observedGeneration: generation }),
    status: 'False',
    lastProbeTime: null,
    lastTransitionTime:
      before?.status === 'False' && before.lastTransitionTime !== undefined
        ? before.lastTransitionTime
        : timestamp(nowMs),
    reason,
    message,
  };
  return [...conditions.filter(({ type }) => type !== 'PodScheduled'), condition];
}
