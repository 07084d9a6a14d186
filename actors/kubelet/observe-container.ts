// What a pod worker learns about one container: pulls, starts, probes and ends become its record and its status, and
// people are told in upstream's words.

import { assertNever } from '../../streams/base/assert.ts';
import { formatDuration } from '../kit/go-duration.ts';
import { cleanRunMs, nextBackOff, syncErrorMs } from './back-off.ts';
import { type ContainerRecord, startedStatus, terminated } from './container-record.ts';
import type { PodTurn } from './pod-turn.ts';
import { resizeApplied } from './resize.ts';
import type { RuntimeEvent } from './runtime.ts';
import { cleanRunTimer, containerTimer } from './worker-context.ts';

export type ContainerEvent = Extract<RuntimeEvent, { readonly container: string }>;

export function containerEvent(turn: PodTurn, record: ContainerRecord, event: ContainerEvent): void {
  const { name, image } = record;
  switch (event.type) {
    case 'image.pulling':
      turn.note('Normal', 'Pulling', `Pulling image "${image}"`, record);
      break;
    case 'image.pulled': {
      const { fetched } = event;
      const text =
        fetched === undefined
          ? `Container image "${image}" already present on machine and can be accessed by the pod`
          : `Successfully pulled image "${image}" in ${formatDuration(fetched.ms)} (${formatDuration(fetched.ms)} including waiting). Image size: ${fetched.bytes} bytes.`;
      turn.note('Normal', 'Pulled', text, record);
      turn.setContainer(name, { work: 'pulled', pullBackOffMs: 0 });
      break;
    }
    case 'image.pullFailed':
      pullFailed(turn, record, event);
      break;
    case 'container.started':
      turn.note('Normal', 'Created', 'Container created', record);
      turn.note('Normal', 'Started', 'Container started', record);
      turn.setContainer(name, { work: 'running', graceMs: null, status: startedStatus(record, event) });
      if (event.postStartFailed === true) {
        turn.note('Warning', 'FailedPostStartHook', 'PostStartHook failed', record);
        turn.setContainer(name, { unhealthy: { hook: 'postStart' } });
      }
      if (record.restartBackOffMs > 0) turn.arm(cleanRunTimer(name), cleanRunMs);
      break;
    case 'container.startFailed':
      turn.note('Warning', 'Failed', `Error: ${event.message}`, record);
      turn.arm(containerTimer(name), syncErrorMs);
      turn.setContainer(name, { work: 'waiting', waitMs: syncErrorMs, status: waiting(record, event) });
      break;
    case 'container.readiness':
      if (event.id !== record.status.containerID || event.ready === record.status.ready) return;
      turn.setContainer(name, { status: { ...record.status, ready: event.ready } });
      break;
    case 'container.startedUp':
      if (event.id !== record.status.containerID || record.status.started === true) return;
      turn.setContainer(name, { status: { ...record.status, started: true } });
      break;
    case 'container.probeFailed':
      if (event.id !== record.status.containerID || record.work !== 'running') return;
      turn.note('Warning', 'Unhealthy', `${inCapitals[event.probe]} probe failed: ${event.output}`, record);
      break;
    case 'container.unhealthy': {
      if (event.id !== record.status.containerID || record.work !== 'running') return;
      const { probe, graceMs } = event;
      turn.setContainer(name, { unhealthy: { probe, ...(graceMs === undefined ? undefined : { graceMs }) } });
      break;
    }
    case 'container.hookFailed':
      turn.note('Warning', 'FailedPreStopHook', 'PreStopHook failed', record);
      break;
    case 'container.resized':
      if (event.id !== record.status.containerID) return;
      resizeApplied(turn, record, event.resources);
      break;
    case 'container.exited':
      // A worker that was made again after the exit knows of it already.
      if (event.id !== record.status.containerID || record.status.state?.running === undefined) return;
      turn.disarm(cleanRunTimer(name));
      turn.setContainer(name, { work: 'exited', unhealthy: null, status: terminated(record.status, event) });
      break;
    default:
      assertNever(event);
  }
}

const inCapitals = { startup: 'Startup', liveness: 'Liveness', readiness: 'Readiness' } as const;

function pullFailed(
  turn: PodTurn,
  record: ContainerRecord,
  event: Extract<ContainerEvent, { type: 'image.pullFailed' }>,
) {
  const { reason, message } = event;
  const backOff = nextBackOff(record.pullBackOffMs);
  if (reason === 'ErrImagePull')
    turn.note('Warning', 'Failed', `Failed to pull image "${record.image}": ${message}`, record);
  else turn.note('Warning', reason === 'ErrImageNeverPull' ? reason : 'InspectFailed', message, record);
  turn.note('Warning', 'Failed', `Error: ${reason}`, record);
  turn.arm(containerTimer(record.name), backOff);
  turn.setContainer(record.name, {
    work: 'waiting',
    waitMs: backOff,
    pullBackOffMs: backOff,
    status: waiting(record, event),
  });
}

/** Waiting for another attempt: the run before, if any, becomes the last state. */
export function waiting(
  { status }: ContainerRecord,
  { reason, message }: { readonly reason: string; readonly message: string },
): ContainerRecord['status'] {
  const { terminated: ended } = status.state ?? {};
  return {
    ...status,
    ready: false,
    started: false,
    state: { waiting: { reason, message } },
    ...(ended === undefined ? undefined : { lastState: { terminated: ended } }),
  };
}
