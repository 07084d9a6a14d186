// The lifecycle of a pod: where the log says it is, and which steps lead on from there. A pod's status is a level that
// its node reports: a kubelet may report only every second step (a short job goes from Pending to Succeeded), so steps
// on a node may skip forward. They never lead back from a final phase, and nothing runs before it has a node.

import { setup } from 'xstate';
import type { KubeObject } from '../../streams/resources/meta.ts';
import type { Pod } from '../../streams/resources/pod.ts';
import { holds } from '../kit/conditions.ts';
import { lawfulName } from '../kit/lawful-name.ts';
import { absent, gone, type Lifecycle } from '../kit/lifecycle.ts';
import { containerAnomaly } from './container-machine.ts';
import { podEvents } from './pod-events.ts';

const at = {
  unscheduled: '#pod.Pending.Unscheduled',
  scheduled: '#pod.Pending.Scheduled',
  starting: '#pod.Pending.Starting',
  notReady: '#pod.Running.NotReady',
  ready: '#pod.Running.Ready',
  succeeded: '#pod.Succeeded',
  failed: '#pod.Failed',
  endingPending: '#pod.Terminating.Pending',
  endingRunning: '#pod.Terminating.Running',
  endingFinished: '#pod.Terminating.Finished',
  gone: `#pod.${gone}`,
} as const;

/** What may happen to a pod anywhere without moving it. */
const changes = ['pod.updated', 'pod.statusUpdated', 'pod.disruptionTargeted'];
/** Told by the node about single containers. */
const containerNews = [
  'pod.containerStarted',
  'pod.containerExited',
  'pod.crashed',
  'pod.backedOff',
  'pod.restarted',
  'pod.imagePullFailed',
  'pod.imagePullBackedOff',
  'pod.imagePulled',
];

const machine = setup({ types: { events: {} as { type: string } } }).createMachine({
  id: 'pod',
  initial: absent,
  states: {
    [absent]: { on: { 'pod.created': at.unscheduled, 'pod.createdOnNode': at.scheduled } },
    Pending: {
      initial: 'Unscheduled',
      on: {
        'pod.failed': at.failed,
        'pod.deletionRequested': at.endingPending,
        'pod.evicted': at.endingPending,
        'pod.preempted': at.endingPending,
        'pod.deleted': at.gone,
      },
      states: {
        Unscheduled: {
          on: {
            ...each([...changes, 'pod.unschedulable', 'pod.schedulingGated', 'pod.nominated'], at.unscheduled),
            'pod.scheduled': at.scheduled,
          },
        },
        Scheduled: {
          on: {
            ...each(changes, at.scheduled),
            'pod.starting': at.starting,
            'pod.started': at.notReady,
            'pod.ready': at.ready,
            'pod.succeeded': at.succeeded,
            'pod.rejected': at.failed,
          },
        },
        Starting: {
          on: {
            ...each([...changes, ...containerNews, 'pod.initialized'], at.starting),
            'pod.started': at.notReady,
            'pod.ready': at.ready,
            'pod.succeeded': at.succeeded,
          },
        },
      },
    },
    Running: {
      initial: 'NotReady',
      on: {
        'pod.restarting': at.starting,
        'pod.succeeded': at.succeeded,
        'pod.failed': at.failed,
        'pod.deletionRequested': at.endingRunning,
        'pod.evicted': at.endingRunning,
        'pod.preempted': at.endingRunning,
        'pod.deleted': at.gone,
      },
      states: {
        NotReady: {
          on: {
            ...each([...changes, ...containerNews], at.notReady),
            ...each(['pod.ready', 'pod.recovered'], at.ready),
          },
        },
        Ready: {
          on: {
            ...each([...changes, 'pod.restarted'], at.ready),
            ...each(['pod.unready', 'pod.containerExited', 'pod.crashed', 'pod.backedOff'], at.notReady),
          },
        },
      },
    },
    Succeeded: {
      on: { ...each(changes, at.succeeded), 'pod.deletionRequested': at.endingFinished, 'pod.deleted': at.gone },
    },
    Failed: { on: { ...each(changes, at.failed), 'pod.deletionRequested': at.endingFinished, 'pod.deleted': at.gone } },
    Terminating: {
      initial: 'Pending',
      on: { 'pod.stopped': at.endingFinished, 'pod.deleted': at.gone },
      states: {
        Pending: { on: { ...each([...changes, ...containerNews], at.endingPending), 'pod.started': at.endingRunning } },
        Running: {
          on: {
            ...each([...changes, ...containerNews, 'pod.ready', 'pod.unready'], at.endingRunning),
            'pod.restarting': at.endingPending,
          },
        },
        Finished: { on: each(changes, at.endingFinished) },
      },
    },
    [gone]: { type: 'final' },
  },
});

export const podLifecycle: Lifecycle = {
  machine,
  stateOf,
  eventOf: (step) => lawfulName(machine, step, podEvents(step)),
  // A pod that is gone takes its containers along.
  innerAnomaly: ({ before, after }) =>
    after === undefined ? undefined : containerAnomaly(before as Pod | undefined, after as Pod),
};

/**
 * Total: a client may write any phase. One that Kubernetes does not define says nothing, and the containers' statuses
 * decide instead.
 */
function stateOf(object: KubeObject): string {
  const { metadata, spec, status } = object as Pod;
  const phase = phaseOf(status);
  if (metadata.deletionTimestamp !== undefined) {
    if (phase === 'Succeeded' || phase === 'Failed') return 'Terminating.Finished';
    return phase === 'Running' ? 'Terminating.Running' : 'Terminating.Pending';
  }
  switch (phase) {
    case 'Succeeded':
    case 'Failed':
      return phase;
    case 'Running': {
      return holds(status?.conditions, 'Ready') ? 'Running.Ready' : 'Running.NotReady';
    }
    case 'Pending': {
      if (status?.startTime !== undefined || hasStatuses(status)) return 'Pending.Starting';
      return (spec?.nodeName ?? '') === '' ? 'Pending.Unscheduled' : 'Pending.Scheduled';
    }
  }
}

function phaseOf(status: Pod['status']): 'Pending' | 'Running' | 'Succeeded' | 'Failed' {
  const phase = status?.phase;
  if (phase === 'Pending' || phase === 'Running' || phase === 'Succeeded' || phase === 'Failed') return phase;
  const began = status?.containerStatuses?.some(
    ({ state, lastState }) => state?.running || state?.terminated || lastState?.terminated,
  );
  return began === true ? 'Running' : 'Pending';
}

function hasStatuses(status: Pod['status']): boolean {
  return (status?.containerStatuses?.length ?? 0) > 0 || (status?.initContainerStatuses?.length ?? 0) > 0;
}

function each(events: readonly string[], target: string): Record<string, string> {
  return Object.fromEntries(events.map((event) => [event, target]));
}
