// `kubectl get pods`: READY counts containers, STATUS is the most telling reason there is.

import type { Container, ContainerStatus, Pod } from '../../../streams/resources/pod.ts';
import { age, ageColumn, column, nameColumn, none, since, wide } from './cells.ts';
import type { TablePrinter } from './table.ts';

export const podTable: TablePrinter = {
  columns: [
    nameColumn,
    column('Ready'),
    column('Status'),
    column('Restarts'),
    ageColumn,
    wide('IP'),
    wide('Node'),
    wide('Nominated Node'),
    wide('Readiness Gates'),
  ],
  cells(object, nowMs) {
    const pod = object as unknown as Pod;
    const { ready, total } = readiness(pod);
    return [
      pod.metadata.name,
      `${ready}/${total}`,
      podStatusText(pod),
      restartsText(pod, nowMs),
      age(object, nowMs),
      pod.status?.podIP || pod.status?.podIPs?.[0]?.ip || none,
      pod.spec.nodeName || none,
      pod.status?.nominatedNodeName || none,
      gatesText(pod),
    ];
  },
};

/** What `kubectl get pods` shows as STATUS (facts §3.10). */
export function podStatusText(pod: Pod): string {
  const { status = {}, spec } = pod;
  let text = status.reason || status.phase || '';
  const gated = status.conditions?.find((c) => c.type === 'PodScheduled' && c.reason === 'SchedulingGated');
  if (gated !== undefined) text = 'SchedulingGated';
  const initializing = initText(pod);
  if (initializing !== undefined) text = initializing;
  if (!isInitializing(pod)) text = containersText(pod, text);
  if (pod.metadata.deletionTimestamp !== undefined && pod.metadata.deletionTimestamp !== null) {
    return status.reason === 'NodeLost' ? 'Unknown' : isOver(status.phase) && spec !== undefined ? text : 'Terminating';
  }
  return text;
}

function isOver(phase: string | undefined): boolean {
  return phase === 'Succeeded' || phase === 'Failed';
}

/** Until its init containers are through, a pod is shown by them alone. */
function isInitializing(pod: Pod): boolean {
  return initText(pod) !== undefined && !holds(pod, 'Initialized');
}

function holds({ status }: Pod, type: string): boolean {
  return status?.conditions?.some((condition) => condition.type === type && condition.status === 'True') === true;
}

function initText({ spec, status }: Pod): string | undefined {
  const statuses = status?.initContainerStatuses ?? [];
  const total = spec.initContainers?.length ?? 0;
  for (const [index, container] of statuses.entries()) {
    const { terminated, waiting } = container.state ?? {};
    if (terminated?.exitCode === 0) continue;
    if (isSidecar(spec.initContainers?.[index]) && container.started === true) continue;
    if (terminated !== undefined) return `Init:${terminated.reason || exitText(terminated)}`;
    if (waiting?.reason && waiting.reason !== 'PodInitializing') return `Init:${waiting.reason}`;
    return `Init:${index}/${total}`;
  }
  return undefined;
}

function containersText(pod: Pod, phaseText: string): string {
  const statuses = pod.status?.containerStatuses ?? [];
  let text = phaseText;
  let running = false;
  for (const container of statuses.toReversed()) {
    const { waiting, terminated } = container.state ?? {};
    if (waiting?.reason) text = waiting.reason;
    else if (terminated !== undefined) text = terminated.reason || exitText(terminated);
    else if (container.ready && container.state?.running !== undefined) running = true;
  }
  if (text !== 'Completed' || !running) return text;
  return holds(pod, 'Ready') ? 'Running' : 'NotReady';
}

function exitText({ signal, exitCode }: { readonly signal?: number; readonly exitCode: number }): string {
  return signal !== undefined && signal !== 0 ? `Signal:${signal}` : `ExitCode:${exitCode}`;
}

function isSidecar(container: Container | undefined): boolean {
  return container?.restartPolicy === 'Always';
}

function sidecarStatuses({ spec, status }: Pod): ContainerStatus[] {
  const names = new Set((spec.initContainers ?? []).filter(isSidecar).map((container) => container.name));
  return (status?.initContainerStatuses ?? []).filter((container) => names.has(container.name));
}

function readiness(pod: Pod): { ready: number; total: number } {
  const sidecars = sidecarStatuses(pod).filter(({ ready, started }) => ready && started === true);
  const containers = isInitializing(pod) ? [] : (pod.status?.containerStatuses ?? []);
  const ready = containers.filter((container) => container.ready && container.state?.running !== undefined);
  return {
    ready: ready.length + sidecars.length,
    total: pod.spec.containers.length + (pod.spec.initContainers ?? []).filter(isSidecar).length,
  };
}

/** Of the init containers while they run, then of the containers and sidecars. */
function restartsText(pod: Pod, nowMs: number): string {
  const all = isInitializing(pod)
    ? (pod.status?.initContainerStatuses ?? [])
    : [...(pod.status?.containerStatuses ?? []), ...sidecarStatuses(pod)];
  const restarts = all.reduce((sum, container) => sum + container.restartCount, 0);
  const ends = all.map((container) => container.lastState?.terminated?.finishedAt ?? '').sort();
  const last = ends.at(-1) ?? '';
  return restarts === 0 || last === '' ? String(restarts) : `${restarts} (${since(last, nowMs)} ago)`;
}

function gatesText(pod: Pod): string {
  const gates = pod.spec.readinessGates ?? [];
  if (gates.length === 0) return none;
  const passed = gates.filter((gate) =>
    pod.status?.conditions?.some((c) => c.type === gate.conditionType && c.status === 'True'),
  );
  return `${passed.length}/${gates.length}`;
}
