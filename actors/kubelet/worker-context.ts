// What a pod's worker remembers, and what it hears. Plain data: an actor can be stored, or made again from the pod in
// the world and what the runtime still has of it, which is how a kubelet survives a restart.

import type { Pod } from '../../streams/resources/pod.ts';
import type { WriteSettled } from '../kit/effect.ts';
import type { PodFailure } from '../pod/pod-status.ts';
import type { Refusal } from './admission.ts';
import { type ContainerRecord, recordsOf } from './container-record.ts';
import { type PodResize, resizeOf } from './resize.ts';
import type { NodeTimerFired, RuntimeEvent, RuntimePod, Timed } from './runtime.ts';
import type { TurnContext } from './turn.ts';

export type WorkerInput = {
  readonly pod: Pod;
  readonly node: { readonly name: string; readonly ip: string };
  /** What the runtime has of the pod; undefined where it has nothing, not even a sandbox. */
  readonly runtime: RuntimePod | undefined;
  /** Why the kubelet does not take the pod: it fails at once. */
  readonly refusal?: Refusal | undefined;
  readonly nowMs: number;
};

export type WorkerEvent =
  | Timed<{ readonly type: 'pod.changed'; readonly pod: Pod }>
  /** The object is no more. */
  | Timed<{ readonly type: 'pod.gone' }>
  | Timed<RuntimeEvent>
  | Timed<WriteSettled>
  | NodeTimerFired;

export type Reporting = {
  /** Something may have changed that the world does not know. */
  readonly dirty: boolean;
  /** The last status was granted and nothing has changed since, in whatever words the API server keeps it. */
  readonly told: boolean;
  /** Ticket of the write that is under way. */
  readonly inFlight: string | null;
  /** resourceVersion of the pod the last write was made from. */
  readonly writtenFrom: string | null;
  /** Nothing is written before a newer version of the pod or the retry timer comes. */
  readonly held: boolean;
  readonly failures: number;
  /** The deletion was confirmed to the API server; the object goes once nothing else holds it. */
  readonly released: boolean;
};

export type WorkerContext = TurnContext & {
  readonly pod: Pod;
  readonly node: { readonly name: string; readonly ip: string };
  readonly podIP: string | null;
  /** The sandbox is told with the first news of a container in it: it is not worth a write of its own. */
  readonly tellsSandbox: boolean;
  /** The sandbox is being made. */
  readonly awaitsSandbox: boolean;
  readonly containers: readonly ContainerRecord[];
  /** What the next wait for its volumes will follow, milliseconds. */
  readonly mountBackOffMs: number;
  /** The resize that was asked for and what came of it. */
  readonly resize: PodResize;
  /** Why the pod was given up while its containers were well. */
  readonly failure: PodFailure | null;
  /** Nothing runs any more and nothing will. */
  readonly ended: boolean;
  readonly reporting: Reporting;
};

export function workerContext({ pod, node, runtime, refusal, nowMs }: WorkerInput): WorkerContext {
  return {
    pod,
    node,
    podIP: runtime?.ip ?? null,
    tellsSandbox: runtime !== undefined,
    awaitsSandbox: false,
    containers: recordsOf(pod, { known: runtime?.containers, nowMs }),
    mountBackOffMs: 0,
    resize: resizeOf(pod),
    failure: refusal === undefined ? null : { kind: 'rejected', ...refusal },
    ended: false,
    reporting: {
      dirty: true,
      told: false,
      inFlight: null,
      writtenFrom: null,
      held: false,
      failures: 0,
      released: false,
    },
    timers: {},
    count: 0,
  };
}

/** Nothing is under way and nothing to remember: the worker could be made again from the world as it is. */
export function atRest(context: WorkerContext): boolean {
  const { containers, reporting, timers, podIP, ended } = context;
  const { dirty, inFlight, held } = reporting;
  if (dirty || inFlight !== null || held) return false;
  for (const _ in timers) return false;
  if (ended) return context.pod.metadata.deletionTimestamp === undefined;
  if (podIP === null || isEnding(context)) return false;
  return containers.every(
    ({ work, restartBackOffMs, pullBackOffMs }) =>
      (work === 'running' || work === 'done') && restartBackOffMs === 0 && pullBackOffMs === 0,
  );
}

/** The pod is to end, whatever its containers do. */
export function isEnding({ pod, failure }: WorkerContext): boolean {
  return failure !== null || pod.metadata.deletionTimestamp !== undefined;
}

export const containerTimer = (name: string) => `container/${name}`;
/** Fires when a container that was restarted has run so long that it is forgiven. */
export const cleanRunTimer = (name: string) => `clean-run/${name}`;
export const sandboxTimer = 'sandbox';
export const deadlineTimer = 'deadline';
export const retryTimer = 'write';
