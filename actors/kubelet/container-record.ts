// What a pod's worker knows of one container: what it is doing about it, and the status it will report. Plain data.

import { timestamp } from '../../streams/resources/meta.ts';
import type { Container, ContainerStatus, Pod } from '../../streams/resources/pod.ts';
import { type ContainerRole, containerLists, roleOf, runsAgain } from './back-off.ts';
import type { ContainerExit, PullPolicy, ResourceAmounts, RunningContainer, RuntimeContainer } from './runtime.ts';

export type Work =
  /** To be begun as soon as the worker wants it to run. */
  | 'idle'
  | 'pulling'
  | 'pulled'
  | 'starting'
  | 'running'
  | 'stopping'
  /** It ended; whether it runs again is not decided yet. */
  | 'exited'
  /** It will be begun again when its timer fires. */
  | 'waiting'
  /** It ended for good. */
  | 'done';

export type ContainerRecord = {
  readonly name: string;
  readonly role: ContainerRole;
  readonly image: string;
  readonly policy: PullPolicy;
  readonly work: Work;
  readonly status: ContainerStatus;
  /** What the next back-off will be, milliseconds; 0 where the next failure is forgiven. */
  readonly restartBackOffMs: number;
  readonly pullBackOffMs: number;
  /** The back-off it waits for now. */
  readonly waitMs: number;
  /** The image its current run was started from. */
  readonly startedFrom: string;
  /** Grace it was last told to stop within. */
  readonly graceMs: number | null;
  /**
   * What comes after the run that is being stopped: what its policy says; `restart`, because a probe failed; `replace`,
   * at once and without a back-off, because its definition changed.
   */
  readonly afterwards: 'policy' | 'restart' | 'replace';
  /** The probe that found it unhealthy, and the grace it is given for that; or the hook that failed. */
  readonly unhealthy:
    | { readonly probe: 'startup' | 'liveness'; readonly graceMs?: number }
    | { readonly hook: 'postStart' }
    | null;
  /** What the node has granted it. */
  readonly allocated: ResourceAmounts;
};

/** Exit code and reason a runtime reports for containers that did not survive their machine. */
const lost = { exitCode: 255, reason: 'Unknown' } as const;

/** Records of a pod's containers in the order they are begun: init containers and sidecars, then the main ones. */
export function recordsOf(
  pod: Pod,
  { known, nowMs }: { known: readonly RuntimeContainer[] | undefined; nowMs: number },
): ContainerRecord[] {
  const initial = (pod.spec.initContainers?.length ?? 0) > 0 ? 'PodInitializing' : 'ContainerCreating';
  const records: ContainerRecord[] = [];
  for (const list of containerLists) {
    const statuses = pod.status?.[statusListOf[list]];
    for (const container of pod.spec[list] ?? []) {
      const status = statuses?.find(({ name }) => name === container.name) ?? freshStatus(container, initial);
      const latest = known?.find(({ name }) => name === container.name);
      records.push(adopt(freshRecord(container, { role: roleOf(container, list), status }), { latest, nowMs }));
    }
  }
  return known === undefined ? initializedAnew(records, pod) : records;
}

export const statusListOf = {
  initContainers: 'initContainerStatuses',
  containers: 'containerStatuses',
  ephemeralContainers: 'ephemeralContainerStatuses',
} as const;

/** The record of an ephemeral container that was added to a pod that runs. */
export function addedRecord(container: Container): ContainerRecord {
  return freshRecord(container, { role: 'ephemeral', status: freshStatus(container, 'ContainerCreating') });
}

export function freshStatus({ name, image }: Pick<Container, 'name' | 'image'>, reason: string): ContainerStatus {
  return {
    name,
    state: { waiting: { reason } },
    lastState: {},
    ready: false,
    restartCount: 0,
    image,
    imageID: '',
    started: false,
  };
}

/** The status of a container that has started, perhaps again. */
export function startedStatus(record: ContainerRecord, started: Omit<RunningContainer, 'name'>): ContainerStatus {
  const { status } = record;
  const last = status.state?.terminated ?? status.lastState?.terminated;
  return {
    ...status,
    state: { running: { startedAt: timestamp(started.startedAtMs) } },
    lastState: last === undefined ? {} : { terminated: last },
    ready: started.ready,
    started: started.started ?? true,
    restartCount: nextRestartCount(record),
    image: started.image,
    imageID: started.imageID,
    containerID: started.id,
    ...resourcesShown(record.allocated),
  };
}

/** What a status says of resources; nothing for containers that neither ask for any nor are limited. */
export function resourcesShown(
  allocated: ResourceAmounts,
  actual = allocated,
): Pick<ContainerStatus, 'allocatedResources' | 'resources'> {
  if (allocated.requests === undefined && allocated.limits === undefined) return {};
  return { ...(allocated.requests && { allocatedResources: allocated.requests }), resources: actual };
}

/** The status of a container that ended. */
export function terminated(status: ContainerStatus, exit: ContainerExit): ContainerStatus {
  const { exitCode, reason, message, finishedAtMs } = exit;
  const startedAt = status.state?.running?.startedAt;
  return {
    ...status,
    ready: false,
    started: false,
    state: {
      terminated: {
        exitCode,
        reason,
        ...(message === undefined ? undefined : { message }),
        ...(startedAt === undefined ? undefined : { startedAt }),
        finishedAt: timestamp(finishedAtMs),
        ...(status.containerID === undefined ? undefined : { containerID: status.containerID }),
      },
    },
  };
}

/** Whether the container lets the next one start: an init container that completed, a sidecar that runs. */
export function letsNextStart({ role, work, status }: ContainerRecord): boolean {
  return role === 'sidecar' ? status.started === true && work === 'running' : work === 'done';
}

/** A process of it may be there. */
export function isAlive({ work }: ContainerRecord): boolean {
  return work === 'starting' || work === 'running' || work === 'stopping';
}

/** How often the container was restarted once it has started again. */
export function nextRestartCount({ status }: ContainerRecord): number {
  return status.containerID === undefined ? status.restartCount : status.restartCount + 1;
}

function freshRecord(
  { name, image, imagePullPolicy, resources }: Container,
  { role, status }: { role: ContainerRole; status: ContainerStatus },
): ContainerRecord {
  const policy = imagePullPolicy ?? 'IfNotPresent';
  return {
    name,
    role,
    image,
    policy,
    work: 'idle',
    status,
    restartBackOffMs: 0,
    pullBackOffMs: 0,
    waitMs: 0,
    startedFrom: image,
    graceMs: null,
    afterwards: 'policy',
    unhealthy: null,
    // What a kubelet before this one granted holds; where nothing was granted yet, the pod was admitted with its spec.
    allocated: grantedBefore(status) ?? resources ?? {},
  };
}

function grantedBefore({ allocatedResources, resources }: ContainerStatus): ResourceAmounts | undefined {
  if (allocatedResources === undefined && resources === undefined) return undefined;
  return { ...resources, ...(allocatedResources && { requests: allocatedResources }) };
}

/** Brings a record in line with the container's latest run as the runtime knows it. */
function adopt(
  record: ContainerRecord,
  { latest, nowMs }: { latest: RuntimeContainer | undefined; nowMs: number },
): ContainerRecord {
  const { status, role } = record;
  const { running, terminated: ended } = status.state ?? {};
  if (latest !== undefined && (running !== undefined || latest.id !== status.containerID)) {
    const began = running !== undefined && latest.id === status.containerID ? status : startedStatus(record, latest);
    if (latest.exit !== undefined) return { ...record, work: 'exited', status: terminated(began, latest.exit) };
    const { ready, started = true } = latest;
    const now = began.ready === ready && began.started === started ? began : { ...began, ready, started };
    return { ...record, work: 'running', startedFrom: latest.requestedImage, status: now };
  }
  if (running) return { ...record, work: 'exited', status: terminated(status, { ...lost, finishedAtMs: nowMs }) };
  if (ended && role === 'init' && ended.exitCode === 0) return { ...record, work: 'done' };
  return ended ? { ...record, work: 'exited' } : record;
}

/** A pod whose sandbox is gone initializes again before its containers run again. */
function initializedAnew(records: ContainerRecord[], pod: Pod): ContainerRecord[] {
  const over = records.every(
    ({ name, role, status }) =>
      role !== 'main' ||
      (status.state?.terminated && !runsAgain(pod, { name, role }, status.state.terminated.exitCode)),
  );
  return over
    ? records
    : records.map((record) =>
        record.role === 'init' && record.work === 'done' ? { ...record, work: 'idle' } : record,
      );
}
