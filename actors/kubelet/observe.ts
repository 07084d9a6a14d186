// A pod worker's ears: what each event says becomes part of its context. Facts are facts in every state; what to do
// about them is decided elsewhere (`pursue.ts`).

import type { Pod } from '../../streams/resources/pod.ts';
import { nextMountBackOff, specOf, syncErrorMs } from './back-off.ts';
import { addedRecord } from './container-record.ts';
import { containerEvent } from './observe-container.ts';
import type { PodTurn } from './pod-turn.ts';
import { settled } from './report.ts';
import { resizeAnswered } from './resize.ts';
import { isNewer } from './turn.ts';
import {
  cleanRunTimer,
  containerTimer,
  deadlineTimer,
  retryTimer,
  sandboxTimer,
  type WorkerEvent,
} from './worker-context.ts';

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
    case 'volumes.failed': {
      turn.note('Warning', 'FailedMount', event.message);
      const waitMs = nextMountBackOff(turn.draft.mountBackOffMs);
      turn.draft.awaitsSandbox = false;
      turn.draft.mountBackOffMs = waitMs;
      turn.arm(sandboxTimer, waitMs);
      break;
    }
    case 'pod.evicted':
      turn.draft.failure = { kind: 'evicted', reason: 'Evicted', message: event.message };
      turn.note('Warning', 'Evicted', event.message);
      turn.oweReport();
      break;
    case 'resize.granted':
    case 'resize.refused':
      resizeAnswered(turn, event);
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
  for (const record of turn.draft.containers) {
    const image = specOf(pod, record)?.image;
    if (image !== undefined && image !== record.image) turn.setContainer(record.name, { image });
  }
  for (const container of pod.spec.ephemeralContainers ?? []) {
    if (turn.container(container.name) !== undefined) continue;
    turn.draft.containers = [...turn.draft.containers, addedRecord(container)];
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
      turn.draft.failure = { kind: 'expired', reason: 'DeadlineExceeded', message };
      turn.note('Normal', 'DeadlineExceeded', message);
      break;
    }
    case sandboxTimer:
      return;
    default:
      for (const { name, work } of turn.draft.containers) {
        if (containerTimer(name) === timer && work === 'waiting') turn.setContainer(name, { work: 'idle' });
        if (cleanRunTimer(name) === timer) turn.setContainer(name, { restartBackOffMs: 0 });
      }
  }
}
