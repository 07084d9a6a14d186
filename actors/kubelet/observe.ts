// A pod worker's ears: what each event says becomes part of its context. Facts are facts in every state; what to do
// about them is decided elsewhere (`pursue.ts`).

import { assertNever } from '../../streams/base/assert.ts';
import type { Pod } from '../../streams/resources/pod.ts';
import { formatDuration } from '../kit/go-duration.ts';
import { nextBackOff, syncErrorMs } from './back-off.ts';
import { type ContainerRecord, startedStatus, terminated } from './container-record.ts';
import type { PodTurn } from './pod-turn.ts';
import { settled } from './report.ts';
import type { RuntimeEvent } from './runtime.ts';
import { isNewer } from './turn.ts';
import { containerTimer, deadlineTimer, retryTimer, sandboxTimer, type WorkerEvent } from './worker-context.ts';

export function observe(turn: PodTurn, event: WorkerEvent): void {
  switch (event.type) {
    case 'pod.changed':
      podChanged(turn, event.pod);
      break;
    case 'pod.gone':
      return;
    case 'write.settled':
      settled(turn, event);
      break;
    case 'timer.fired':
      if (turn.spend(event.timer, event.generation)) timerFired(turn, event.timer);
      return;
    case 'sandbox.ready':
      turn.draft.podIP = event.ip;
      turn.draft.awaitsSandbox = false;
      return;
    case 'sandbox.failed':
      turn.note('Warning', 'FailedCreatePodSandBox', `Failed to create pod sandbox: ${event.message}`);
      turn.draft.awaitsSandbox = false;
      turn.arm(sandboxTimer, syncErrorMs);
      break;
    default: {
      const record = turn.container(event.container);
      if (record !== undefined) containerEvent(turn, record, event);
    }
  }
}

function podChanged(turn: PodTurn, pod: Pod): void {
  if (!isNewer(pod, turn.draft.pod)) return;
  turn.draft.pod = pod;
  turn.disarm(retryTimer);
  turn.setReporting({ held: false });
  turn.oweReport();
  for (const { name, image } of turn.draft.containers) {
    const spec = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])].find(
      (container) => container.name === name,
    );
    if (spec !== undefined && spec.image !== image) turn.setContainer(name, { image: spec.image });
  }
}

function timerFired(turn: PodTurn, timer: string): void {
  switch (timer) {
    case retryTimer:
      turn.setReporting({ held: false });
      turn.oweReport();
      break;
    case deadlineTimer: {
      const message = 'Pod was active on the node longer than the specified deadline';
      turn.draft.failure = { reason: 'DeadlineExceeded', message };
      turn.note('Normal', 'DeadlineExceeded', message);
      break;
    }
    case sandboxTimer:
      return;
    default: {
      const record = turn.draft.containers.find(({ name }) => containerTimer(name) === timer);
      if (record?.work === 'waiting') turn.setContainer(record.name, { work: 'idle' });
    }
  }
}

type ContainerEvent = Extract<RuntimeEvent, { readonly container: string }>;

function containerEvent(turn: PodTurn, record: ContainerRecord, event: ContainerEvent): void {
  const { name, image } = record;
  switch (event.type) {
    case 'image.pulling':
      turn.note('Normal', 'Pulling', `Pulling image "${image}"`, record);
      break;
    case 'image.pulled': {
      const { fetched } = event;
      const text =
        fetched === undefined
          ? `Container image "${image}" already present on machine`
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
    case 'container.exited':
      // A worker that was made again after the exit knows of it already.
      if (event.id !== record.status.containerID || record.status.state?.running === undefined) return;
      turn.setContainer(name, { work: 'exited', status: terminated(record.status, event) });
      break;
    default:
      assertNever(event);
  }
}

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
