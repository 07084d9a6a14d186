// A pod worker's hands: in each state it does what is missing to get where it wants to be. Every step looks at the
// context as it is and may be repeated at will (invariant: level-based), so no event is special.

import { formatDuration } from '../kit/go-duration.ts';
import { isPodTerminal } from '../pod/pod-conditions.ts';
import { cleanRunMs, nextBackOff, runsAfterFailedProbe, runsAgain } from './back-off.ts';
import { type ContainerRecord, isAlive, letsNextStart, nextRestartCount } from './container-record.ts';
import { waiting } from './observe-container.ts';
import type { PodTurn } from './pod-turn.ts';
import { isReported } from './report.ts';
import { pursueResize } from './resize.ts';
import { stopContainer } from './stop-containers.ts';
import { containerTimer, deadlineTimer, isEnding, sandboxTimer, type WorkerContext } from './worker-context.ts';

/** The first turn. A pod with a deadline ends by it, however often its kubelet was restarted. */
export function takeUp(turn: PodTurn): void {
  const { pod } = turn.draft;
  if (isPodTerminal(pod) || isEnding(turn.draft)) return;
  const { activeDeadlineSeconds } = pod.spec;
  if (activeDeadlineSeconds !== undefined) {
    const startMs = pod.status?.startTime === undefined ? turn.nowMs : Date.parse(pod.status.startTime);
    turn.arm(deadlineTimer, Math.max(0, startMs + activeDeadlineSeconds * 1000 - turn.nowMs));
  }
  prepare(turn);
}

/** preparing: the pod gets its sandbox. */
export function prepare(turn: PodTurn): void {
  const { pod, podIP, awaitsSandbox } = turn.draft;
  if (podIP !== null || awaitsSandbox || turn.isArmed(sandboxTimer)) return;
  turn.draft.awaitsSandbox = true;
  turn.ask({ kind: 'makeSandbox', pod });
}

/** initializing: one init container after the other; each waits until those before it let it start. */
export function initialize(turn: PodTurn): void {
  for (const record of turn.draft.containers) if (record.role === 'ephemeral') keep(turn, record);
  for (const record of turn.draft.containers) {
    if (record.role === 'main') return;
    keep(turn, record);
    const now = turn.container(record.name);
    if (now !== undefined && !letsNextStart(now)) return;
  }
}

export function isInitialized({ containers }: WorkerContext): boolean {
  return containers.every((record) => !isInit(record) || letsNextStart(record));
}

/** An init container failed for good. */
export function isHopeless({ containers }: WorkerContext): boolean {
  return containers.some(
    ({ role, work, status }) => role === 'init' && work === 'done' && status.state?.terminated?.exitCode !== 0,
  );
}

/** running: sidecars and main containers are started and kept running as their policies say. */
export function keepRunning(turn: PodTurn): void {
  for (const record of turn.draft.containers) if (record.role !== 'init') keep(turn, record);
  pursueResize(turn, (record) => replace(turn, record, `Container ${record.name} resize requires restart`));
}

export function isCompleted({ containers }: WorkerContext): boolean {
  return containers.every(({ role, work }) => role !== 'main' || work === 'done');
}

export function isQuiet({ containers }: WorkerContext): boolean {
  return !containers.some(isAlive);
}

/** finished: everything has stopped; reporting confirms it. */
export function finish(turn: PodTurn): void {
  if (turn.draft.ended) return;
  turn.draft.ended = true;
  turn.draft.podIP = null;
  turn.oweReport();
}

/** gone: the object is no more, so nothing of the pod stays on the node. */
export function cleanUp(turn: PodTurn): void {
  for (const timer in turn.draft.timers) turn.disarm(timer);
  turn.ask({ kind: 'removePod', pod: turn.draft.pod });
}

function isInit({ role }: ContainerRecord): boolean {
  return role === 'init' || role === 'sidecar';
}

function keep(turn: PodTurn, record: ContainerRecord): void {
  switch (record.work) {
    case 'idle':
      pull(turn, record);
      break;
    case 'pulled':
      start(turn, record);
      break;
    case 'running':
      if (record.startedFrom !== record.image) replaceChanged(turn, record);
      else if (record.unhealthy !== null) stopUnhealthy(turn, record, record.unhealthy);
      break;
    case 'exited':
      afterExit(turn, record);
      break;
    case 'waiting':
      announceBackOff(turn, record);
      break;
    case 'pulling':
    case 'starting':
    case 'stopping':
    case 'done':
      return;
  }
}

function pull(turn: PodTurn, { name, image, policy }: ContainerRecord): void {
  turn.setContainer(name, { work: 'pulling' });
  turn.ask({ kind: 'pullImage', pod: turn.draft.pod, container: name, image, policy });
}

function start(turn: PodTurn, record: ContainerRecord): void {
  const { name, image } = record;
  turn.setContainer(name, { work: 'starting', afterwards: 'policy', unhealthy: null, startedFrom: image });
  turn.ask({
    kind: 'startContainer',
    pod: turn.draft.pod,
    container: name,
    image,
    restartCount: nextRestartCount(record),
  });
}

/** A pod's images may be changed in place: the container is stopped and started from the new one. */
function replaceChanged(turn: PodTurn, record: ContainerRecord): void {
  replace(turn, record, `Container ${record.name} definition changed, will be restarted`);
}

function replace(turn: PodTurn, record: ContainerRecord, message: string): void {
  turn.setContainer(record.name, { afterwards: 'replace' });
  stopContainer(turn, record, { message });
}

function stopUnhealthy(
  turn: PodTurn,
  record: ContainerRecord,
  unhealthy: NonNullable<ContainerRecord['unhealthy']>,
): void {
  if ('hook' in unhealthy) {
    // Unlike after a probe, only its exit code and its policy say whether it is started again.
    stopContainer(turn, record, { message: 'FailedPostStartHook' });
    return;
  }
  const { probe, graceMs } = unhealthy;
  const again = runsAfterFailedProbe(turn.draft.pod, record);
  if (again) turn.setContainer(record.name, { afterwards: 'restart' });
  const message = `Container ${record.name} failed ${probe} probe${again ? ', will be restarted' : ''}`;
  stopContainer(turn, record, { message, graceMs });
}

/** Decides what becomes of a container that ended while its pod goes on. */
function afterExit(turn: PodTurn, record: ContainerRecord): void {
  const { name, status, afterwards } = record;
  const end = status.state?.terminated;
  if (afterwards === 'policy' && !runsAgain(turn.draft.pod, record, end?.exitCode ?? 0)) {
    turn.setContainer(name, { work: 'done' });
    return;
  }
  const ranMs = Date.parse(end?.finishedAt ?? '') - Date.parse(end?.startedAt ?? '');
  const replaced = afterwards === 'replace';
  const backOff = replaced || ranMs >= cleanRunMs ? 0 : record.restartBackOffMs;
  const sinceMs = Math.max(0, turn.nowMs - Date.parse(end?.finishedAt ?? ''));
  turn.setContainer(name, { restartBackOffMs: replaced ? 0 : nextBackOff(backOff) });
  if (backOff <= sinceMs) {
    pull(turn, record);
  } else {
    turn.arm(containerTimer(name), backOff);
    turn.setContainer(name, { work: 'waiting', waitMs: backOff });
  }
}

/**
 * A failure is reported as it happened first; once the world knows, the status says that the next attempt waits. So
 * whoever watches sees the exit code and not only the back-off.
 */
function announceBackOff(turn: PodTurn, record: ContainerRecord): void {
  const { name, status, image } = record;
  if (turn.draft.reporting.inFlight !== null || !isReported(turn.draft, record)) return;
  const { metadata } = turn.draft.pod;
  if (status.state?.terminated !== undefined) {
    const full = `${metadata.name}_${metadata.namespace}(${metadata.uid})`;
    const delay = formatDuration(record.waitMs);
    const message = `back-off ${delay} restarting failed container=${name} pod=${full}`;
    turn.note('Warning', 'BackOff', `Back-off restarting failed container ${name} in pod ${full}`, record);
    turn.setContainer(name, { status: waiting(record, { reason: 'CrashLoopBackOff', message }) });
  } else if (status.state?.waiting?.reason === 'ErrImagePull') {
    const message = `Back-off pulling image "${image}": ErrImagePull: ${status.state.waiting.message ?? ''}`;
    turn.note('Normal', 'BackOff', `Back-off pulling image "${image}"`, record);
    turn.note('Warning', 'Failed', 'Error: ImagePullBackOff', record);
    turn.setContainer(name, { status: waiting(record, { reason: 'ImagePullBackOff', message }) });
  }
}
