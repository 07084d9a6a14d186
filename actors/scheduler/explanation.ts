// All that is known about where a pod is, or why it is nowhere yet, as plain data: the last decision on it, its place in
// the queue, and what has been done for it. Times are ISO texts, so that it can be sent as it is.

import type { Decision } from './decisions.ts';
import type { Profile } from './framework.ts';
import { gateOf } from './pod-standing.ts';
import type { QueuedPod } from './queued-pod.ts';
import type { Scheduler } from './scheduler.ts';

export type Explanation = {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** Node the pod stands on, as far as the scheduler knows: bound, or about to be. */
  readonly node?: string;
  /** Absent where the pod was decided on before this scheduler began, or so long ago that it is forgotten. */
  readonly decision?: Omit<Decision, 'atMs'> & { readonly at: string };
  /** Absent for a pod that does not wait. */
  readonly queue?: {
    /** `binding`: a node was found, and it is being prepared or asked for. */
    readonly place: 'active' | 'backoff' | 'unschedulable' | 'gated' | 'binding';
    readonly since: string;
    readonly attempts: number;
    /** When it is tried again if nothing happens. */
    readonly nextAttempt?: string;
    /** Plugins whose word it waits for to change. */
    readonly rejectedBy: readonly string[];
    /** What keeps it from being tried at all. */
    readonly gate?: string;
    /** Node it is promised while others leave. */
    readonly nominatedNode?: string;
    /** Evictions for it are being asked for. */
    readonly evicting: boolean;
  };
};

/** A pod nothing woke is tried again after this. */
const unschedulableMsMax = 5 * 60_000;

export function explain(
  scheduler: Scheduler,
  { namespace, name, uid }: { readonly namespace: string; readonly name: string; readonly uid: string },
  profileOf: (schedulerName: string) => Profile | undefined,
): Explanation {
  const known = scheduler.decisions.get({ namespace, name });
  const decision = known?.uid === uid ? known : undefined;
  const queued = scheduler.queue.get(uid);
  const node = scheduler.cluster.nodeOf(uid)?.name;
  return {
    namespace,
    name,
    uid,
    ...(node !== undefined && { node }),
    ...(decision && { decision: dated(decision) }),
    ...(queued && { queue: placeOf(queued, scheduler, profileOf) }),
  };
}

function dated({ atMs, ...decision }: Decision) {
  return { ...decision, at: iso(atMs) };
}

function placeOf(
  queued: QueuedPod,
  scheduler: Scheduler,
  profileOf: (schedulerName: string) => Profile | undefined,
): NonNullable<Explanation['queue']> {
  const { info, place, queuedAtMs, readyAtMs, tries, rejectedBy, held } = queued;
  const profile = profileOf(info.shape.schedulerName);
  const gate = profile === undefined ? undefined : gateOf(info, profile, scheduler.cluster);
  const nominatedNode = scheduler.nominations.nodeOf(info.uid);
  const nextMs =
    place === 'backoff' ? readyAtMs : place === 'unschedulable' ? queuedAtMs + unschedulableMsMax : undefined;
  return {
    place: place === 'out' ? 'binding' : place,
    since: iso(queuedAtMs),
    attempts: tries,
    ...(nextMs !== undefined && { nextAttempt: iso(nextMs) }),
    rejectedBy,
    ...(gate !== undefined && { gate }),
    ...(nominatedNode !== undefined && { nominatedNode }),
    evicting: held,
  };
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
