// A pod's status computed from its containers' statuses, as its node reports it: phase and conditions (facts §4.2).
// Invariant: a final phase never changes again, and a condition's lastTransitionTime moves only with its status.

import { type Condition, timestamp } from '../../streams/resources/meta.ts';
import type { Container, ContainerStatus, Pod, PodPhase, PodStatus } from '../../streams/resources/pod.ts';
import { findCondition } from '../kit/conditions.ts';

/** Why a node gave a pod up: it never took it, it is short of something, or the pod's time was over. */
export type PodFailure = {
  readonly kind: 'rejected' | 'evicted' | 'expired';
  readonly reason: string;
  readonly message: string;
};

export type PodReport = {
  /** The newest version, whose status this one follows. */
  readonly pod: Pod;
  readonly initContainers: readonly ContainerStatus[];
  readonly containers: readonly ContainerStatus[];
  readonly ephemeralContainers?: readonly ContainerStatus[];
  readonly hostIP: string;
  /** Absent until the pod's sandbox stands, and again once it is gone. */
  readonly podIP: string | undefined;
  /** Nothing runs any more and nothing will be started again. */
  readonly ended: boolean;
  /** Why the node gave the pod up, e.g. `DeadlineExceeded`: it fails whatever its containers did. */
  readonly failure?: PodFailure | undefined;
  /** What is to be said of a resize. */
  readonly resize?: readonly {
    readonly type: string;
    readonly reason?: string;
    readonly message?: string;
    readonly generation?: number;
  }[];
  readonly nowMs: number;
};

export function podStatus(report: PodReport): PodStatus {
  const { pod, hostIP, podIP, failure } = report;
  const before = pod.status ?? {};
  const phase = podPhase(report);
  const generation = observedGeneration(report);
  const now = timestamp(report.nowMs);
  const ip = podIP ?? before.podIP;
  const { conditions: _c, reason: _r, message: _m, initContainerStatuses: _i, containerStatuses: _s, ...kept } = before;
  const ephemeral = report.ephemeralContainers ?? [];
  return {
    ...kept,
    ...(generation === undefined ? undefined : { observedGeneration: generation }),
    phase,
    conditions: podConditions(report, { phase, generation, now }),
    ...(isFinal(before) ? verdictOf(before) : report.ended && failure !== undefined && verdictOf(failure)),
    hostIP,
    hostIPs: [{ ip: hostIP }],
    ...(ip === undefined ? undefined : { podIP: ip, podIPs: [{ ip }] }),
    startTime: before.startTime ?? now,
    ...(report.initContainers.length === 0 ? undefined : { initContainerStatuses: report.initContainers }),
    // A pod the node never took has no containers to speak of.
    ...(isRejected(report) ? undefined : { containerStatuses: report.containers }),
    ...(ephemeral.length === 0 ? undefined : { ephemeralContainerStatuses: ephemeral }),
  };
}

function isRejected({ failure, pod: { status } }: PodReport): boolean {
  return failure?.kind === 'rejected' || (isFinal(status) && status?.containerStatuses === undefined);
}

function isFinal(status: PodStatus | undefined): boolean {
  return status?.phase === 'Succeeded' || status?.phase === 'Failed';
}

function verdictOf({ reason, message }: { readonly reason?: string; readonly message?: string }) {
  return { ...(reason !== undefined && { reason }), ...(message !== undefined && { message }) };
}

/**
 * A deletion counts as a change of the spec (KEP-5067), but it is no news of a container: it is told together with the
 * pod's end, not by a write of its own.
 */
function observedGeneration({ pod, ended }: PodReport): number | undefined {
  const { generation, deletionTimestamp } = pod.metadata;
  return deletionTimestamp === undefined || ended ? generation : (pod.status?.observedGeneration ?? generation);
}

export function podPhase({ pod, initContainers, containers, ended, failure }: PodReport): PodPhase {
  const before = pod.status?.phase;
  if (before === 'Succeeded' || before === 'Failed') return before;
  if (ended) {
    if (failure !== undefined) return 'Failed';
    return containers.every(({ state }) => state?.terminated?.exitCode === 0) ? 'Succeeded' : 'Failed';
  }
  const initialized = initContainers.every((status) => isInitialized(status, pod.spec.initContainers));
  return initialized && containers.every(hasBegun) ? 'Running' : 'Pending';
}

/** Whether an init container lets the next one start: it completed, or it is a sidecar that runs. */
export function isInitialized(
  { name, state, started }: ContainerStatus,
  specs: readonly Container[] | undefined,
): boolean {
  if (state?.terminated?.exitCode === 0) return true;
  return started === true && specs?.find((spec) => spec.name === name)?.restartPolicy === 'Always';
}

function hasBegun({ state, lastState }: ContainerStatus): boolean {
  return (state?.running ?? state?.terminated ?? lastState?.terminated) !== undefined;
}

type Verdict = Pick<Condition, 'status'> & { readonly reason?: string; readonly message?: string };

const yes: Verdict = { status: 'True' };
const no: Verdict = { status: 'False' };

type Frame = { readonly phase: PodPhase; readonly generation: number | undefined; readonly now: string };

function podConditions(report: PodReport, frame: Frame): readonly Condition[] {
  const { pod, podIP, ended } = report;
  const { phase } = frame;
  const before = pod.status?.conditions ?? [];
  const containersReady = containersReadiness(report, phase);
  // Whoever bound the pod has said PodScheduled already; a pod that was created on its node lacks it.
  const scheduled = findCondition(before, 'PodScheduled');
  const conditions = [
    follow(before, 'PodReadyToStartContainers', podIP !== undefined && !ended ? yes : no, frame),
    follow(before, 'Initialized', initialization(report, phase), frame),
    follow(before, 'Ready', readiness(pod, containersReady), frame),
    follow(before, 'ContainersReady', containersReady, frame),
    scheduled?.status === 'True' ? scheduled : follow(before, 'PodScheduled', yes, frame),
  ];
  for (const { type, generation = frame.generation, ...verdict } of report.resize ?? [])
    conditions.push(follow(before, type, { status: 'True', ...verdict }, { ...frame, generation }));
  if (report.failure?.kind === 'evicted') {
    const verdict = { status: 'True', reason: 'TerminationByKubelet', message: report.failure.message } as const;
    conditions.push(follow(before, 'DisruptionTarget', verdict, frame));
  }
  for (const condition of before) {
    if (!own.has(condition.type) && findCondition(conditions, condition.type) === undefined) conditions.push(condition);
  }
  return conditions;
}

/** Kept by the kubelet alone: what it does not say does not hold. */
const own = new Set([
  'PodReadyToStartContainers',
  'Initialized',
  'Ready',
  'ContainersReady',
  'PodScheduled',
  'PodResizePending',
  'PodResizeInProgress',
]);

/** The condition as it is now; the same object where nothing about it changed. */
function follow(
  before: readonly Condition[],
  type: string,
  { status, reason, message }: Verdict,
  { generation, now }: Frame,
): Condition {
  const old = findCondition(before, type);
  const since = old?.status === status ? old.lastTransitionTime : undefined;
  if (old !== undefined && since !== undefined && old.observedGeneration === generation) {
    if (old.reason === reason && old.message === message) return old;
  }
  return {
    type,
    ...(generation === undefined ? undefined : { observedGeneration: generation }),
    status,
    ...(reason === undefined ? undefined : { reason }),
    ...(message === undefined ? undefined : { message }),
    lastTransitionTime: since ?? now,
  };
}

function initialization({ pod, initContainers, ended }: PodReport, phase: PodPhase): Verdict {
  const open = initContainers.filter((status) => !isInitialized(status, pod.spec.initContainers));
  if (phase === 'Succeeded') return { status: 'True', reason: 'PodCompleted' };
  // A sidecar that was stopped with its pod does not undo the initialization.
  if (open.length === 0 || (ended && !open.some((status) => isRegular(status, pod)))) return yes;
  return {
    status: 'False',
    reason: 'ContainersNotInitialized',
    message: `containers with incomplete status: [${open.map(({ name }) => name).join(' ')}]`,
  };
}

function isRegular({ name }: ContainerStatus, pod: Pod): boolean {
  return pod.spec.initContainers?.find((spec) => spec.name === name)?.restartPolicy !== 'Always';
}

function containersReadiness({ pod, initContainers, containers }: PodReport, phase: PodPhase): Verdict {
  if (phase === 'Succeeded') return { status: 'False', reason: 'PodCompleted' };
  if (phase === 'Failed') return { status: 'False', reason: 'PodFailed' };
  const sidecars = initContainers.filter((status) => !isRegular(status, pod));
  const unready = [...sidecars, ...containers].filter(({ ready }) => !ready);
  if (unready.length === 0) return phase === 'Running' ? yes : { status: 'False', reason: 'ContainersNotReady' };
  return {
    status: 'False',
    reason: 'ContainersNotReady',
    message: `containers with unready status: [${unready.map(({ name }) => name).join(' ')}]`,
  };
}

function readiness(pod: Pod, containersReady: Verdict): Verdict {
  if (containersReady.status !== 'True') return containersReady;
  const problems: string[] = [];
  for (const { conditionType } of pod.spec.readinessGates ?? []) {
    const gate = findCondition(pod.status?.conditions, conditionType);
    if (gate === undefined)
      problems.push(`corresponding condition of pod readiness gate "${conditionType}" does not exist.`);
    else if (gate.status !== 'True')
      problems.push(`the status of pod readiness gate "${conditionType}" is not "True", but ${gate.status}`);
  }
  return problems.length === 0
    ? yes
    : { status: 'False', reason: 'ReadinessGatesNotReady', message: problems.join(', ') };
}
