// How a pod's containers are stopped: in which order, and with how much time to end by themselves (facts §4.3).

import { type ContainerRecord, isAlive } from './container-record.ts';
import type { PodTurn } from './pod-turn.ts';
import { cleanRunTimer, containerTimer, deadlineTimer, sandboxTimer } from './worker-context.ts';

/** Least time a process gets to end by itself. */
const graceMinMs = 2_000;
const graceDefaultMs = 30_000;
/** Timestamps have a second's precision, and the news of a deletion takes its time. */
const timestampSlackMs = 1_500;

/** stopping: the main containers first, all at once; then the sidecars, the last started first. */
export function stop(turn: PodTurn): void {
  const { draft } = turn;
  for (const { name } of draft.containers) {
    turn.disarm(containerTimer(name));
    turn.disarm(cleanRunTimer(name));
  }
  turn.disarm(deadlineTimer);
  turn.disarm(sandboxTimer);
  const alive = draft.containers.filter(isAlive);
  const others = alive.filter(({ role }) => role !== 'sidecar');
  const next = others.length > 0 ? others : alive.slice(-1);
  for (const record of next) stopContainer(turn, record, { message: `Stopping container ${record.name}` });
}

export type Stopping = {
  readonly message: string;
  /** In place of the pod's own grace: a probe may say so. */
  readonly graceMs?: number | undefined;
};

export function stopContainer(
  turn: PodTurn,
  { name, work, graceMs, status }: ContainerRecord,
  { message, graceMs: given }: Stopping,
): void {
  if (work === 'starting' || status.containerID === undefined) return;
  const grace = given === undefined ? graceOf(turn, { again: graceMs !== null }) : Math.max(graceMinMs, given);
  if (graceMs !== null && grace >= graceMs) return;
  const record = turn.container(name);
  if (graceMs === null) turn.note('Normal', 'Killing', message, record);
  turn.setContainer(name, { work: 'stopping', graceMs: grace });
  turn.ask({ kind: 'stopContainer', pod: turn.draft.pod, container: name, id: status.containerID, graceMs: grace });
}

/**
 * Time to end by itself. The grace of a deletion counts whole from when the kubelet learns of it, and anew when it is
 * shortened; one that began before the kubelet did (it was restarted) is only as long as what is left of it.
 */
function graceOf({ draft, nowMs }: PodTurn, { again }: { again: boolean }): number {
  if (draft.failure?.kind === 'evicted') return graceMinMs;
  const { deletionTimestamp, deletionGracePeriodSeconds } = draft.pod.metadata;
  const configured = draft.pod.spec.terminationGracePeriodSeconds;
  if (deletionTimestamp === undefined) {
    return configured === undefined ? graceDefaultMs : Math.max(graceMinMs, configured * 1000);
  }
  const whole = (deletionGracePeriodSeconds ?? 0) * 1000;
  const left = Date.parse(deletionTimestamp) - nowMs;
  return Math.max(graceMinMs, again || left > whole - timestampSlackMs ? whole : left);
}
