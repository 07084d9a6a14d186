// In-place resizes of a pod's containers (KEP-1287): the wish in the spec, what the node grants, and what containers run
// with are three levels. The worker asks its kubelet once for each generation of the spec; a grant is carried out
// container by container, in place or by a restart as the resize policies say.

import type { Container, Pod } from '../../streams/resources/pod.ts';
import { sameJson } from '../kit/same-json.ts';
import { specOf } from './back-off.ts';
import { type ContainerRecord, resourcesShown } from './container-record.ts';
import type { PodTurn } from './pod-turn.ts';
import type { ResourceAmounts, RuntimeEvent } from './runtime.ts';

export type PodResize = {
  /** Generation whose resources the kubelet was asked about last. */
  readonly asked: number | null;
  /** Why the node does not grant them now. */
  readonly pending: { readonly reason: string; readonly message: string; readonly generation?: number } | null;
  /** Generation that was granted and is being carried out. */
  readonly inProgress: { readonly generation?: number } | null;
  /** Containers whose runtime has been asked and has not answered. */
  readonly applying: readonly string[];
};

const pendingType = 'PodResizePending';
const progressType = 'PodResizeInProgress';

/** A worker that is made again takes up what the pod's conditions say. */
export function resizeOf({ status }: Pod): PodResize {
  const progress = status?.conditions?.find(({ type, status: is }) => type === progressType && is === 'True');
  return {
    asked: null,
    pending: null,
    inProgress: progress === undefined ? null : generationIn(progress),
    applying: [],
  };
}

/** The conditions that tell of a resize; none where there is none. */
export function resizeConditions({ pending, inProgress }: PodResize) {
  return [
    ...(pending === null ? [] : [{ type: pendingType, ...pending }]),
    ...(inProgress === null ? [] : [{ type: progressType, ...inProgress }]),
  ];
}

export const resizeConditionTypes: ReadonlySet<string> = new Set([pendingType, progressType]);

/** The kubelet's answer. A grant of a generation that is past by now is followed by another question. */
export function resizeAnswered(
  turn: PodTurn,
  event: Extract<RuntimeEvent, { type: 'resize.granted' | 'resize.refused' }>,
): void {
  const { draft } = turn;
  const { generation } = draft.pod.metadata;
  if (event.generation !== generation) return;
  if (event.type === 'resize.refused') {
    const { reason, message } = event;
    const known = draft.pod.status?.conditions?.find(({ type }) => type === pendingType);
    if (known?.reason !== reason || known.message !== message || known.observedGeneration !== generation) {
      turn.note('Warning', `Resize${reason}`, resizeMessage(draft.pod, `Pod resize ${reason}`, message));
    }
    set(turn, { pending: { reason, message, ...generationOf(draft.pod) } });
    return;
  }
  for (const record of draft.containers) {
    const allocated = wishOf(draft.pod, record);
    if (allocated === undefined || sameJson(allocated, record.allocated)) continue;
    turn.setContainer(record.name, {
      allocated,
      status: { ...record.status, ...shownWhileGranted(record, allocated) },
    });
  }
  turn.note('Normal', 'ResizeStarted', resizeMessage(draft.pod, 'Pod resize started'));
  set(turn, { pending: null, inProgress: generationOf(draft.pod) });
}

/** Does what is missing: asks, carries out, and says when everything runs with what was granted. */
export function pursueResize(turn: PodTurn, restart: (record: ContainerRecord) => void): void {
  const { draft } = turn;
  const { pod } = draft;
  const wished = draft.containers.some((record) => {
    const wish = wishOf(pod, record);
    return wish !== undefined && !sameJson(wish, record.allocated);
  });
  const { generation = 0 } = pod.metadata;
  if (wished && draft.resize.asked !== generation) {
    set(turn, { asked: generation });
    turn.ask({ kind: 'askResize', pod });
  } else if (!wished && draft.resize.pending !== null) set(turn, { pending: null });
  if (draft.resize.inProgress === null) return;
  for (const record of draft.containers) if (isBehind(record)) carryOut(turn, record, restart);
  if (draft.containers.some((record) => isBehind(record) || record.afterwards === 'replace')) return;
  turn.note('Normal', 'ResizeCompleted', resizeMessage(pod, 'Pod resize completed'));
  set(turn, { inProgress: null, applying: [] });
}

/** The runtime has given the container what was granted then. */
export function resizeApplied(turn: PodTurn, { name, status, allocated }: ContainerRecord, actual: ResourceAmounts) {
  turn.setContainer(name, { status: { ...status, ...resourcesShown(allocated, actual) } });
  set(turn, { applying: turn.draft.resize.applying.filter((applying) => applying !== name) });
}

function carryOut(turn: PodTurn, record: ContainerRecord, restart: (record: ContainerRecord) => void): void {
  const { name, allocated, status, work } = record;
  const { pod, resize } = turn.draft;
  if (resize.applying.includes(name) || work !== 'running' || status.containerID === undefined) return;
  if (needsRestart(specOf(pod, record), { from: status.resources ?? {}, to: allocated })) {
    restart(record);
    return;
  }
  set(turn, { applying: [...resize.applying, name] });
  turn.ask({ kind: 'resizeContainer', pod, container: name, id: status.containerID, resources: allocated });
}

/** It runs, and not with what was granted. */
function isBehind({ allocated, status, work }: ContainerRecord): boolean {
  if (work !== 'running' && work !== 'stopping') return false;
  return !sameJson(status.resources ?? {}, resourcesShown(allocated).resources ?? {});
}

function shownWhileGranted({ status }: ContainerRecord, allocated: ResourceAmounts) {
  return {
    ...(allocated.requests && { allocatedResources: allocated.requests }),
    ...(status.resources && { resources: status.resources }),
  };
}

function needsRestart(
  container: Container | undefined,
  { from, to }: { readonly from: ResourceAmounts; readonly to: ResourceAmounts },
): boolean {
  return (container?.resizePolicy ?? []).some(
    ({ resourceName, restartPolicy }) =>
      restartPolicy === 'RestartContainer' &&
      (from.requests?.[resourceName] !== to.requests?.[resourceName] ||
        from.limits?.[resourceName] !== to.limits?.[resourceName]),
  );
}

/** What the spec wants; only containers that may run on can be resized. */
function wishOf(pod: Pod, record: ContainerRecord): ResourceAmounts | undefined {
  if (record.role !== 'main' && record.role !== 'sidecar') return undefined;
  return specOf(pod, record)?.resources ?? {};
}

function resizeMessage(pod: Pod, prefix: string, error?: string): string {
  const summary = (containers: readonly Container[] | undefined) =>
    (containers?.length ?? 0) === 0
      ? undefined
      : containers?.map(({ name, resources }) => ({ name, resources: inGoOrder(resources ?? {}) }));
  const { generation = 0 } = pod.metadata;
  const [initContainers, containers] = [summary(pod.spec.initContainers), summary(pod.spec.containers)];
  return `${prefix}: ${JSON.stringify({ initContainers, containers, generation, error })}`;
}

function inGoOrder({ requests, limits }: ResourceAmounts) {
  const sorted = (amounts: ResourceAmounts['requests']) =>
    amounts && Object.fromEntries(Object.entries(amounts).sort(([a], [b]) => (a < b ? -1 : 1)));
  return { limits: sorted(limits), requests: sorted(requests) };
}

function generationOf({ metadata: { generation } }: Pod): { readonly generation?: number } {
  return generation === undefined ? {} : { generation };
}

function generationIn({ observedGeneration }: { readonly observedGeneration?: number }): {
  readonly generation?: number;
} {
  return observedGeneration === undefined ? {} : { generation: observedGeneration };
}

function set(turn: PodTurn, change: Partial<PodResize>): void {
  turn.draft.resize = { ...turn.draft.resize, ...change };
  if (!('asked' in change) && !('applying' in change && !('inProgress' in change))) turn.oweReport();
}
