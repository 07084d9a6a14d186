// Which run of a container `kubectl logs` means, and what it is told where there is none. Runs the runtime no longer has
// (their process ended) are made again from the pod's status, which says when they started and how they ended.

import type { Clock } from '../../streams/base/clock.ts';
import type { ContainerState, ContainerStatus, Pod } from '../../streams/resources/pod.ts';
import { type LogOutcome, type LogRequest, nameOf } from './container-runtime.ts';
import { behaviourOf } from './simulated-behaviour.ts';
import { greetingOf, type SimulatedContainer } from './simulated-container.ts';
import { type ContainerRun, readLog } from './simulated-log.ts';

export function simulatedLog(
  { pod, container: name, options }: LogRequest,
  { container, clock }: { container: SimulatedContainer | undefined; clock: Clock },
): LogOutcome {
  const failed = (message: string): LogOutcome => ({ kind: 'unavailable', message });
  const status = statusOf(pod, name);
  const still = async () => {};
  if (options.previous === true) {
    const run = container?.before ?? runOf(pod, { status, state: status?.lastState, restartsBack: 1 });
    if (run === undefined)
      return failed(`previous terminated container "${name}" in pod "${pod.metadata.name}" not found`);
    return {
      kind: 'lines',
      chunks: readLog(() => run, { options: { ...options, follow: false }, clock, news: still }),
    };
  }
  if (container !== undefined) {
    return {
      kind: 'lines',
      chunks: readLog(() => container.run, { options, clock, news: (signal) => container.news(signal) }),
    };
  }
  const run =
    runOf(pod, { status, state: status?.state, restartsBack: 0 }) ??
    runOf(pod, { status, state: status?.lastState, restartsBack: 0 });
  if (run !== undefined)
    return {
      kind: 'lines',
      chunks: readLog(() => run, { options: { ...options, follow: false }, clock, news: still }),
    };
  const reason = status?.state?.waiting?.reason ?? 'ContainerCreating';
  return failed(`container "${name}" in pod "${pod.metadata.name}" is waiting to start: ${reason}`);
}

function statusOf({ status }: Pod, name: string): ContainerStatus | undefined {
  return [...(status?.containerStatuses ?? []), ...(status?.initContainerStatuses ?? [])].find(
    (shown) => shown.name === name,
  );
}

function runOf(
  pod: Pod,
  told: { status: ContainerStatus | undefined; state: ContainerState | undefined; restartsBack: number },
): ContainerRun | undefined {
  const { status, state, restartsBack } = told;
  const startedAt = state?.terminated?.startedAt ?? state?.running?.startedAt;
  if (status === undefined || startedAt === undefined) return undefined;
  const { name: container, image } = status;
  const restartCount = Math.max(0, status.restartCount - restartsBack);
  const read = behaviourOf(pod, container, restartCount);
  const finishedAt = state?.terminated?.finishedAt;
  const endedAtMs = finishedAt === undefined ? undefined : Date.parse(finishedAt);
  const code = state?.terminated?.exitCode;
  return {
    greeting: greetingOf(nameOf(pod), { container, image, restartCount }),
    startedAtMs: Date.parse(startedAt),
    everyMs: read.kind === 'behaviour' ? read.behaviour.logEveryMs : undefined,
    remarks: endedAtMs === undefined ? [] : [{ atMs: endedAtMs, text: `exited with code ${code}` }],
    endedAtMs,
  };
}
