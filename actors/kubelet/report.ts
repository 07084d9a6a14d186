// How a pod worker tells the world: one status write at a time, made from the newest version it knows, and only where
// the status would change. A refused write is made again from a newer version; nothing is lost, because the status is
// computed anew each time. The last word on a deleted pod is the deletion itself.

import { resources } from '../../streams/resources/names.ts';
import type { ContainerStatus, Pod } from '../../streams/resources/pod.ts';
import type { WriteSettled } from '../kit/effect.ts';
import { sameJson } from '../kit/same-json.ts';
import type { Write } from '../kit/write.ts';
import { podStatus } from '../pod/pod-status.ts';
import { listOf } from './back-off.ts';
import { type ContainerRecord, statusListOf } from './container-record.ts';
import type { PodTurn } from './pod-turn.ts';
import { resizeConditions } from './resize.ts';
import { causeOf, isNewer } from './turn.ts';
import { retryTimer, type WorkerContext } from './worker-context.ts';

const retryFirstMs = 1_000;
const retryMaxMs = 30_000;

export function owesReport({ reporting: { dirty, inFlight, held } }: WorkerContext): boolean {
  return dirty && inFlight === null && !held;
}

export function report(turn: PodTurn): void {
  const { draft, nowMs } = turn;
  const { pod, ended, reporting } = draft;
  turn.setReporting({ dirty: false });
  const init = draft.containers.filter(({ role }) => role === 'init' || role === 'sidecar');
  const main = draft.containers.filter(({ role }) => role === 'main');
  const ephemeral = draft.containers.filter(({ role }) => role === 'ephemeral');
  const status = podStatus({
    pod,
    initContainers: init.map(statusOf),
    containers: main.map(statusOf),
    ephemeralContainers: ephemeral.map(statusOf),
    hostIP: draft.node.ip,
    podIP: draft.tellsSandbox ? (draft.podIP ?? undefined) : undefined,
    ended,
    failure: draft.failure ?? undefined,
    resize: resizeConditions(draft.resize),
    nowMs,
  });
  if (!reporting.told && !sameJson(status, pod.status)) {
    write(turn, 'status', {
      kind: 'update',
      resource: resources.pods,
      subresource: 'status',
      object: { ...pod, status } as Pod,
    });
  } else if (ended && pod.metadata.deletionTimestamp !== undefined && !reporting.released) {
    const { namespace = '', name, uid } = pod.metadata;
    write(turn, 'delete', { kind: 'delete', resource: resources.pods, namespace, name, uid, gracePeriodSeconds: 0 });
  }
}

/** The outcome of the write under way. */
export function settled(turn: PodTurn, { ticket, outcome }: WriteSettled): void {
  const { draft } = turn;
  const { inFlight, writtenFrom, failures, dirty } = draft.reporting;
  if (ticket !== inFlight) return;
  if (outcome.kind === 'done') {
    const released = ticket.startsWith('delete');
    const written = outcome.object as Pod;
    if (!released && isNewer(written, draft.pod)) draft.pod = written;
    const last = draft.ended && !released;
    turn.setReporting({ inFlight: null, failures: 0, dirty: dirty || last, told: !dirty, released });
    return;
  }
  const raced = outcome.reason === 'Conflict' && draft.pod.metadata.resourceVersion !== writtenFrom;
  turn.setReporting({ inFlight: null, held: !raced, failures: failures + 1 });
  turn.oweReport();
  if (!raced) turn.arm(retryTimer, Math.min(retryFirstMs * 2 ** failures, retryMaxMs));
}

/** Whether the world shows the container's state as the worker has it. */
export function isReported({ pod }: WorkerContext, { name, role, status }: ContainerRecord): boolean {
  const statuses = pod.status?.[statusListOf[listOf(role)]];
  return sameJson(statuses?.find((shown) => shown.name === name)?.state, status.state);
}

function write(turn: PodTurn, purpose: 'status' | 'delete', asked: Write): void {
  const { pod } = turn.draft;
  const ticket = turn.ticket(purpose);
  turn.setReporting({ inFlight: ticket, writtenFrom: pod.metadata.resourceVersion ?? '' });
  turn.ask({ kind: 'write', ticket, write: asked, cause: causeOf(pod) });
}

function statusOf({ status }: ContainerRecord): ContainerStatus {
  return status;
}
