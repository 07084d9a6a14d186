// A pod's status computed from its containers' statuses, as its node reports it: phase and conditions (facts §4.2).
// Invariant: a final phase never changes again, and a condition's lastTransitionTime moves only with its status.

import { type Condition, timestamp } from '../../streams/resources/meta.ts';
import type { Container, ContainerStatus, Pod, PodPhase, PodStatus } from '../../streams/resources/pod.ts';
import { findCondition } from '../kit/conditions.ts';
import { sameJson } from '../kit/same-json.ts';

export type PodReport = {
  /** The newest version, whose status this one follows. */
  readonly pod: Pod;
  readonly initContainers: readonly ContainerStatus[];
  readonly containers: readonly ContainerStatus[];
  readonly hostIP: string;
  /** Absent until the pod's sandbox stands, and again once it is gone. */
  readonly podIP: string | undefined;
  /** Nothing runs any more and nothing will be started again. */
  readonly ended: boolean;
  /** Why the node gave the pod up, e.g. `DeadlineExceeded`: it fails whatever its containers did. */
  readonly failure?: { readonly reason: string; readonly message: string } | undefined;
  readonly nowMs: number;
};

export function podStatus(report: PodReport): PodStatus {
  const { pod, hostIP, podIP, failure } = report;
  const before = pod.status ?? {};
  const phase = podPhase(report);
  const generation = pod.metadata.generation;
  const ip = podIP ?? before.podIP;
  const { conditions: _c, reason: _r, message: _m, initContainerStatuses: _i, containerStatuses: _s, ...kept } = before;
  return {
    ...kept,
    ...(generation === undefined ? undefined : { observedGeneration: generation }),
    phase,
    conditions: podConditions(report, phase),
    ...failure,
    hostIP,
    hostIPs: [{ ip: hostIP }],
    ...(ip === undefined ? undefined : { podIP: ip, podIPs: [{ ip }] }),
    startTime: before.startTime ?? timestamp(report.nowMs),
    ...(report.initContainers.length === 0 ? undefined : { initContainerStatuses: report.initContainers }),
    containerStatuses: report.containers,
  };
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

function podConditions(report: PodReport, phase: PodPhase): readonly Condition[] {
  const { pod, podIP, ended } = report;
  const containersReady = containersReadiness(report, phase);
  const verdicts: Readonly<Record<string, Verdict>> = {
    PodReadyToStartContainers: podIP !== undefined && !ended ? yes : { status: 'False' },
    Initialized: initialization(report, phase),
    Ready: readiness(pod, containersReady),
    ContainersReady: containersReady,
    PodScheduled: yes,
  };
  const before = pod.status?.conditions ?? [];
  const conditions: Condition[] = [];
  for (const type in verdicts) {
    const verdict = verdicts[type];
    const old = findCondition(before, type);
    // Whoever bound the pod has said PodScheduled already; a pod that was created on its node lacks it.
    if (type === 'PodScheduled' && old?.status === 'True') conditions.push(old);
    else if (verdict !== undefined) conditions.push(follow(old, { type, verdict, report }));
  }
  for (const condition of before) if (verdicts[condition.type] === undefined) conditions.push(condition);
  return conditions;
}

function follow(
  old: Condition | undefined,
  { type, verdict, report }: { type: string; verdict: Verdict; report: PodReport },
): Condition {
  const { generation } = report.pod.metadata;
  const since = old?.status === verdict.status ? old.lastTransitionTime : undefined;
  const condition: Condition = {
    type,
    ...(generation === undefined ? undefined : { observedGeneration: generation }),
    ...verdict,
    lastTransitionTime: since ?? timestamp(report.nowMs),
  };
  return old !== undefined && sameJson(old, condition) ? old : condition;
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
