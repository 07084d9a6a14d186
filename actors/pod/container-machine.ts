// The lifecycle of one container, as its status in the pod tells it. Statuses are levels: whoever runs the container may
// report only every second step, so a step may skip states, but it never goes where no chain of real steps leads.
// A container that has ended runs again only as a restart, which its restart count must show.

import { setup } from 'xstate';

import type { ContainerStatus, Pod } from '../../streams/resources/pod.ts';
import { absent, check, gone, type Transition } from '../kit/lifecycle.ts';
import { sameJson } from '../kit/same-json.ts';

export type ContainerState = 'Waiting' | 'ImagePullBackOff' | 'Running' | 'Terminated' | 'BackingOff';

export type ContainerStep = {
  readonly before: ContainerStatus | undefined;
  readonly after: ContainerStatus | undefined;
};

export type ContainerTransition = Transition & {
  readonly container: string;
  readonly role: 'init' | 'main' | 'ephemeral';
};

const ended = {
  'container.exited': 'Terminated',
  'container.crashed': 'Terminated',
  'container.backedOff': 'BackingOff',
};

/** Steps that are possible from every state of a container there is. */
const always = { ...ended, 'container.removed': gone };

const machine = setup({ types: { events: {} as { type: string } } }).createMachine({
  id: 'container',
  initial: absent,
  states: {
    [absent]: {
      on: {
        ...ended,
        'container.created': 'Waiting',
        'container.imagePullFailed': 'ImagePullBackOff',
        'container.started': 'Running',
        'container.restarted': 'Running',
      },
    },
    Waiting: {
      on: {
        ...always,
        'container.updated': 'Waiting',
        'container.imagePullFailed': 'ImagePullBackOff',
        'container.started': 'Running',
        'container.restarted': 'Running',
      },
    },
    ImagePullBackOff: {
      on: {
        ...always,
        'container.updated': 'ImagePullBackOff',
        'container.imagePullFailed': 'ImagePullBackOff',
        'container.imagePullBackedOff': 'ImagePullBackOff',
        'container.imagePulled': 'Waiting',
        'container.started': 'Running',
        'container.restarted': 'Running',
      },
    },
    Running: {
      on: {
        ...always,
        'container.updated': 'Running',
        'container.ready': 'Running',
        'container.unready': 'Running',
        'container.restarted': 'Running',
        'container.reset': 'Waiting',
        'container.imagePullFailed': 'ImagePullBackOff',
      },
    },
    Terminated: {
      on: {
        ...always,
        'container.updated': 'Terminated',
        'container.restarted': 'Running',
        'container.reset': 'Waiting',
        'container.imagePullFailed': 'ImagePullBackOff',
      },
    },
    BackingOff: {
      on: {
        ...always,
        'container.updated': 'BackingOff',
        'container.restarted': 'Running',
        'container.reset': 'Waiting',
        'container.imagePullFailed': 'ImagePullBackOff',
      },
    },
    [gone]: { type: 'final' },
  },
});

export const containerLifecycle = { machine, stateOf, eventOf };

/** What happened to each container between two versions of a pod, in the order of the spec's lists. */
export function containerTransitions(before: Pod | undefined, after: Pod | undefined): ContainerTransition[] {
  const transitions: ContainerTransition[] = [];
  for (const { list, role } of lists) {
    const old = before?.status?.[list];
    const now = after?.status?.[list];
    if (old === now) continue;
    for (const status of now ?? []) push(transitions, role, { before: named(old, status.name), after: status });
    for (const status of old ?? []) {
      if (named(now, status.name) === undefined) push(transitions, role, { before: status, after: undefined });
    }
  }
  return transitions;
}

/** The first step of a container that its machine refuses, in words. */
export function containerAnomaly(before: Pod | undefined, after: Pod | undefined): string | undefined {
  const unlawful = containerTransitions(before, after).find(({ anomaly }) => anomaly !== undefined);
  return unlawful && `container ${unlawful.container}: ${unlawful.anomaly}`;
}

const lists = [
  { list: 'initContainerStatuses', role: 'init' },
  { list: 'containerStatuses', role: 'main' },
  { list: 'ephemeralContainerStatuses', role: 'ephemeral' },
] as const;

const pullProblems = new Set([
  'ErrImagePull',
  'ImagePullBackOff',
  'ErrImageNeverPull',
  'InvalidImageName',
  'ImageInspectError',
  'RegistryUnavailable',
]);

function stateOf({ state }: Pick<ContainerStatus, 'state'>): ContainerState {
  if (state?.running) return 'Running';
  if (state?.terminated) return 'Terminated';
  const reason = state?.waiting?.reason;
  if (reason === 'CrashLoopBackOff') return 'BackingOff';
  return reason !== undefined && pullProblems.has(reason) ? 'ImagePullBackOff' : 'Waiting';
}

function eventOf({ before, after }: ContainerStep): string {
  if (after === undefined) return 'container.removed';
  const from = before === undefined ? undefined : stateOf(before);
  const restarted = (after.restartCount ?? 0) > (before?.restartCount ?? 0);
  switch (stateOf(after)) {
    case 'Running':
      if (from === 'Running' && !restarted) return readinessEvent(before, after);
      return restarted ? 'container.restarted' : 'container.started';
    case 'Terminated':
      if (from === 'Terminated' && !restarted) return 'container.updated';
      return after.state?.terminated?.exitCode === 0 ? 'container.exited' : 'container.crashed';
    case 'BackingOff':
      return from === 'BackingOff' && !restarted ? 'container.updated' : 'container.backedOff';
    case 'ImagePullBackOff':
      return pullEvent(from, before, after);
    case 'Waiting':
      if (from === undefined) return 'container.created';
      if (from === 'ImagePullBackOff') return 'container.imagePulled';
      return from === 'Waiting' ? 'container.updated' : 'container.reset';
  }
}

function readinessEvent(before: ContainerStatus | undefined, after: ContainerStatus): string {
  if (before?.ready === after.ready) return 'container.updated';
  return after.ready ? 'container.ready' : 'container.unready';
}

function pullEvent(from: ContainerState | undefined, before: ContainerStatus | undefined, after: ContainerStatus) {
  if (from !== 'ImagePullBackOff') return 'container.imagePullFailed';
  const reason = after.state?.waiting?.reason;
  if (reason === before?.state?.waiting?.reason) return 'container.updated';
  return reason === 'ImagePullBackOff' ? 'container.imagePullBackedOff' : 'container.imagePullFailed';
}

function push(transitions: ContainerTransition[], role: ContainerTransition['role'], step: ContainerStep): void {
  const { before, after } = step;
  if (before !== undefined && after !== undefined && sameJson(before, after)) return;
  const from = before === undefined ? null : stateOf(before);
  const to = after === undefined ? null : stateOf(after);
  const container = (after ?? before)?.name ?? '';
  transitions.push({ container, role, ...check(containerLifecycle, { type: eventOf(step), from, to }) });
}

function named(statuses: readonly ContainerStatus[] | undefined, name: string): ContainerStatus | undefined {
  return statuses?.find((status) => status.name === name);
}
