// Carries preemption out: each victim is told why it has to go (condition DisruptionTarget) and deleted with its own
// grace. Scheduling goes on meanwhile; the pod the room is made for is not tried before all requests are answered.
// Invariant: an eviction is asked for until it is granted, found to be needless, or refused for good.

import { type Condition, timestamp } from '../../../streams/resources/meta.ts';
import { resources } from '../../../streams/resources/names.ts';
import type { Pod } from '../../../streams/resources/pod.ts';
import type { ObjectReader } from '../../../streams/views/object-reader.ts';
import type { Effect } from '../../kit/effect.ts';
import type { Write, WriteOutcome } from '../../kit/write.ts';
import type { PodInfo } from '../pod-shape.ts';
import type { QueuedPod } from '../queued-pod.ts';

type Eviction = {
  readonly preemptor: QueuedPod;
  readonly node: string;
  readonly victim: PodInfo;
  stage: 'telling' | 'deleting';
  tries: number;
};

/** All victims of one pod have been dealt with. */
export type Preempted = { readonly uid: string; readonly failed: boolean };

const ticketPrefix = 'evict/';
const triesMax = 5;

export class Evictions {
  readonly #world: ObjectReader;
  readonly #emit: (effect: Effect) => void;
  readonly #byTicket = new Map<string, Eviction>();
  /** Preemptor → evictions not yet answered, and whether one has failed. */
  readonly #left = new Map<string, { count: number; failed: boolean }>();

  constructor({ world, emit }: { world: ObjectReader; emit: (effect: Effect) => void }) {
    this.#world = world;
    this.#emit = emit;
  }

  static owns(ticket: string): boolean {
    return ticket.startsWith(ticketPrefix);
  }

  isRunning(uid: string): boolean {
    return this.#left.has(uid);
  }

  /** False where nobody needs to be asked to go any more. */
  start(preemptor: QueuedPod, node: string, victims: readonly PodInfo[], nowMs: number): boolean {
    const { uid } = preemptor.info;
    const going = victims.filter(({ shape }) => !shape.terminating);
    if (going.length === 0) return false;
    this.#left.set(uid, { count: going.length, failed: false });
    for (const victim of going) {
      const eviction: Eviction = { preemptor, node, victim, stage: 'telling', tries: 0 };
      this.#byTicket.set(ticketOf(eviction), eviction);
      if (this.#advance(eviction, nowMs) !== 'asked') this.#end(eviction, false);
    }
    return this.#left.has(uid);
  }

  /** Says so when the last eviction for a pod is through. */
  settled(ticket: string, outcome: WriteOutcome, nowMs: number): Preempted | undefined {
    const eviction = this.#byTicket.get(ticket);
    if (eviction === undefined) return undefined;
    if (outcome.kind === 'failed' && outcome.reason !== 'NotFound') {
      // Its node writes to the victim's status as well: the next try is made on top of that.
      if (outcome.reason !== 'Conflict' || eviction.tries >= triesMax) return this.#end(eviction, true);
    } else if (outcome.kind === 'failed') return this.#end(eviction, false);
    else if (eviction.stage === 'telling') eviction.stage = 'deleting';
    else {
      this.#tell(eviction);
      return this.#end(eviction, false);
    }
    return this.#advance(eviction, nowMs) === 'asked' ? undefined : this.#end(eviction, false);
  }

  #advance(eviction: Eviction, nowMs: number): 'asked' | 'gone' {
    const { namespace, name, uid } = eviction.victim;
    const pod = this.#world.get<Pod>(resources.pods, { namespace, name });
    if (pod?.metadata.uid !== uid || pod.metadata.deletionTimestamp !== undefined) return 'gone';
    eviction.tries++;
    const told = eviction.stage === 'telling' ? withCondition(pod, schedulerOf(eviction), nowMs) : undefined;
    if (told === undefined) eviction.stage = 'deleting';
    const write: Write =
      told === undefined
        ? { kind: 'delete', resource: resources.pods, namespace, name, uid }
        : { kind: 'update', resource: resources.pods, subresource: 'status', object: told };
    this.#emit({ kind: 'write', ticket: ticketOf(eviction), write, cause: eviction.preemptor.cause });
    return 'asked';
  }

  #end(eviction: Eviction, failed: boolean): Preempted | undefined {
    this.#byTicket.delete(ticketOf(eviction));
    const { uid } = eviction.preemptor.info;
    const left = this.#left.get(uid);
    if (left === undefined) return undefined;
    left.count--;
    left.failed ||= failed;
    if (left.count > 0) return undefined;
    this.#left.delete(uid);
    return { uid, failed: left.failed };
  }

  #tell(eviction: Eviction): void {
    const { victim, node, preemptor } = eviction;
    const { namespace, name, uid } = victim;
    const regarding = this.#world.get<Pod>(resources.pods, { namespace, name }) ?? {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { namespace, name, uid },
    };
    const message = `Preempted by pod ${preemptor.info.uid} on node ${node}`;
    const said = { type: 'Normal', reason: 'Preempted', action: 'Preempting', message } as const;
    this.#emit({ kind: 'note', note: { regarding, component: schedulerOf(eviction), ...said } });
  }
}

function ticketOf({ preemptor, victim }: Eviction): string {
  return `${ticketPrefix}${preemptor.info.uid}/${victim.uid}`;
}

function schedulerOf({ preemptor }: Eviction): string {
  return preemptor.info.shape.schedulerName;
}

/** Undefined where the pod says so already. */
function withCondition(pod: Pod, scheduler: string, nowMs: number): Pod | undefined {
  const conditions = pod.status?.conditions ?? [];
  const before = conditions.find(({ type }) => type === 'DisruptionTarget');
  const reason = 'PreemptionByScheduler';
  const message = `${scheduler}: preempting to accommodate a higher priority pod`;
  if (before?.status === 'True' && before.reason === reason && before.message === message) return undefined;
  const { generation } = pod.metadata;
  const condition: Condition = {
    type: 'DisruptionTarget',
    ...(generation === undefined ? undefined : { observedGeneration: generation }),
    status: 'True',
    lastProbeTime: null,
    lastTransitionTime: before?.status === 'True' ? (before.lastTransitionTime ?? timestamp(nowMs)) : timestamp(nowMs),
    reason,
    message,
  };
  const others = conditions.filter(({ type }) => type !== 'DisruptionTarget');
  return { ...pod, status: { ...pod.status, conditions: [...others, condition] } };
}
