// The pod's lifecycle as a table: given a pod, when it is written so, then the log says that.

import { describe, expect, test } from 'vitest';
import { transitionOf } from '../../actors/kit/lifecycle.ts';
import { podLifecycle } from '../../actors/pod/pod-machine.ts';
import type { Pod, PodStatus } from '../../streams/resources/pod.ts';
import { aPod, aStatus, exited, holding, type PodShape, running, waiting } from '../kit/pods.ts';

const scheduledTrue = holding('PodScheduled');
const ready = holding('Ready');

const unscheduled = aPod({ status: { phase: 'Pending' } });
const scheduled = on({ phase: 'Pending', conditions: [scheduledTrue] });
const startingStatus: PodStatus = {
  phase: 'Pending',
  startTime: '2026-01-01T00:00:00Z',
  conditions: [scheduledTrue],
  containerStatuses: [aStatus(waiting('ContainerCreating'))],
};
const starting = on(startingStatus);
const notReady = on({
  phase: 'Running',
  conditions: [holding('Ready', 'False')],
  containerStatuses: [aStatus(running, { ready: false })],
});
const readyPod = on({ phase: 'Running', conditions: [ready], containerStatuses: [aStatus(running)] });
const succeeded = on({ phase: 'Succeeded', containerStatuses: [aStatus(exited(0))] });
const failed = on({ phase: 'Failed', containerStatuses: [aStatus(exited(1))] });

type Row = readonly [what: string, before: Pod | undefined, after: Pod | undefined, type: string, step: string];

const rows: readonly Row[] = [
  ['is created', undefined, unscheduled, 'pod.created', 'null → Pending.Unscheduled'],
  [
    'is created with its node named',
    undefined,
    on({ phase: 'Pending' }),
    'pod.createdOnNode',
    'null → Pending.Scheduled',
  ],
  [
    'finds no node',
    unscheduled,
    aPod({ status: { phase: 'Pending', conditions: [holding('PodScheduled', 'False', 'Unschedulable')] } }),
    'pod.unschedulable',
    'Pending.Unscheduled → Pending.Unscheduled',
  ],
  [
    'waits for its gates',
    unscheduled,
    aPod({ status: { phase: 'Pending', conditions: [holding('PodScheduled', 'False', 'SchedulingGated')] } }),
    'pod.schedulingGated',
    'Pending.Unscheduled → Pending.Unscheduled',
  ],
  [
    'is nominated',
    unscheduled,
    aPod({ status: { phase: 'Pending', nominatedNodeName: 'n2' } }),
    'pod.nominated',
    'Pending.Unscheduled → Pending.Unscheduled',
  ],
  ['is bound', unscheduled, scheduled, 'pod.scheduled', 'Pending.Unscheduled → Pending.Scheduled'],
  ['is taken up', scheduled, starting, 'pod.starting', 'Pending.Scheduled → Pending.Starting'],
  [
    'is refused by its node',
    scheduled,
    on({ phase: 'Failed', reason: 'OutOfcpu' }),
    'pod.rejected',
    'Pending.Scheduled → Failed',
  ],
  [
    'cannot pull its image',
    starting,
    on({ ...startingStatus, containerStatuses: [aStatus(waiting('ErrImagePull'))] }),
    'pod.imagePullFailed',
    'Pending.Starting → Pending.Starting',
  ],
  [
    'waits to pull again',
    on({ ...startingStatus, containerStatuses: [aStatus(waiting('ErrImagePull'))] }),
    on({ ...startingStatus, containerStatuses: [aStatus(waiting('ImagePullBackOff'))] }),
    'pod.imagePullBackedOff',
    'Pending.Starting → Pending.Starting',
  ],
  [
    'has pulled its image after all',
    on({ ...startingStatus, containerStatuses: [aStatus(waiting('ImagePullBackOff'))] }),
    starting,
    'pod.imagePulled',
    'Pending.Starting → Pending.Starting',
  ],
  [
    'has an init container that runs',
    on({ ...startingStatus, initContainerStatuses: [aStatus(waiting('PodInitializing'))] }),
    on({ ...startingStatus, initContainerStatuses: [aStatus(running)] }),
    'pod.containerStarted',
    'Pending.Starting → Pending.Starting',
  ],
  [
    'has initialized',
    starting,
    on({ ...startingStatus, conditions: [scheduledTrue, holding('Initialized')] }),
    'pod.initialized',
    'Pending.Starting → Pending.Starting',
  ],
  ['runs, not ready yet', starting, notReady, 'pod.started', 'Pending.Starting → Running.NotReady'],
  ['runs and is ready at once', starting, readyPod, 'pod.ready', 'Pending.Starting → Running.Ready'],
  ['becomes ready', notReady, readyPod, 'pod.ready', 'Running.NotReady → Running.Ready'],
  ['becomes unready', readyPod, notReady, 'pod.unready', 'Running.Ready → Running.NotReady'],
  [
    'crashes',
    readyPod,
    on({ phase: 'Running', conditions: [holding('Ready', 'False')], containerStatuses: [aStatus(exited(1))] }),
    'pod.crashed',
    'Running.Ready → Running.NotReady',
  ],
  [
    'has a container that ended well',
    readyPod,
    on({ phase: 'Running', conditions: [holding('Ready', 'False')], containerStatuses: [aStatus(exited(0))] }),
    'pod.containerExited',
    'Running.Ready → Running.NotReady',
  ],
  [
    'backs off',
    on({ phase: 'Running', containerStatuses: [aStatus(exited(1))] }),
    on({ phase: 'Running', containerStatuses: [aStatus(waiting('CrashLoopBackOff'), { lastState: exited(1) })] }),
    'pod.backedOff',
    'Running.NotReady → Running.NotReady',
  ],
  [
    'runs again but is not ready',
    on({ phase: 'Running', containerStatuses: [aStatus(exited(1))] }),
    on({ phase: 'Running', containerStatuses: [aStatus(running, { restartCount: 1, ready: false })] }),
    'pod.restarted',
    'Running.NotReady → Running.NotReady',
  ],
  [
    'runs again and is ready',
    on({ phase: 'Running', containerStatuses: [aStatus(exited(1))] }),
    on({ phase: 'Running', conditions: [ready], containerStatuses: [aStatus(running, { restartCount: 1 })] }),
    'pod.recovered',
    'Running.NotReady → Running.Ready',
  ],
  [
    'was restarted between two reports',
    readyPod,
    on({ phase: 'Running', conditions: [ready], containerStatuses: [aStatus(running, { restartCount: 1 })] }),
    'pod.restarted',
    'Running.Ready → Running.Ready',
  ],
  [
    'initializes anew after its node booted',
    notReady,
    starting,
    'pod.restarting',
    'Running.NotReady → Pending.Starting',
  ],
  ['completes', readyPod, succeeded, 'pod.succeeded', 'Running.Ready → Succeeded'],
  ['completes between two reports', scheduled, succeeded, 'pod.succeeded', 'Pending.Scheduled → Succeeded'],
  ['fails', readyPod, failed, 'pod.failed', 'Running.Ready → Failed'],
  [
    'is failed before it had a node',
    unscheduled,
    aPod({ status: { phase: 'Failed' } }),
    'pod.failed',
    'Pending.Unscheduled → Failed',
  ],
  ['is to be deleted', readyPod, going(readyPod), 'pod.deletionRequested', 'Running.Ready → Terminating.Running'],
  [
    'is marked for an eviction',
    readyPod,
    on({ ...readyPod.status, conditions: [ready, holding('DisruptionTarget', 'True', 'EvictionByEvictionAPI')] }),
    'pod.disruptionTargeted',
    'Running.Ready → Running.Ready',
  ],
  [
    'is evicted',
    on({ ...readyPod.status, conditions: [ready, holding('DisruptionTarget', 'True', 'DeletionByTaintManager')] }),
    going(
      on({ ...readyPod.status, conditions: [ready, holding('DisruptionTarget', 'True', 'DeletionByTaintManager')] }),
    ),
    'pod.evicted',
    'Running.Ready → Terminating.Running',
  ],
  [
    'is preempted',
    on({ ...readyPod.status, conditions: [ready, holding('DisruptionTarget', 'True', 'PreemptionByScheduler')] }),
    going(
      on({ ...readyPod.status, conditions: [ready, holding('DisruptionTarget', 'True', 'PreemptionByScheduler')] }),
    ),
    'pod.preempted',
    'Running.Ready → Terminating.Running',
  ],
  [
    'is to be deleted while it starts',
    starting,
    going(starting),
    'pod.deletionRequested',
    'Pending.Starting → Terminating.Pending',
  ],
  [
    'is to be deleted when it is over',
    succeeded,
    going(succeeded),
    'pod.deletionRequested',
    'Succeeded → Terminating.Finished',
  ],
  ['has stopped', going(readyPod), going(succeeded), 'pod.stopped', 'Terminating.Running → Terminating.Finished'],
  [
    'was never started before it stopped',
    going(starting),
    going(failed),
    'pod.stopped',
    'Terminating.Pending → Terminating.Finished',
  ],
  [
    'initializes anew while it is to be deleted',
    going(notReady),
    going(starting),
    'pod.restarting',
    'Terminating.Running → Terminating.Pending',
  ],
  ['is gone', going(succeeded), undefined, 'pod.deleted', 'Terminating.Finished → null'],
  ['is removed by force', readyPod, undefined, 'pod.deleted', 'Running.Ready → null'],
  [
    'is labelled',
    readyPod,
    { ...readyPod, metadata: { ...readyPod.metadata, labels: { a: 'b' } } },
    'pod.updated',
    'Running.Ready → Running.Ready',
  ],
  [
    'gets a condition of somebody else',
    readyPod,
    on({ ...readyPod.status, conditions: [ready, holding('example.com/gate')] }),
    'pod.statusUpdated',
    'Running.Ready → Running.Ready',
  ],
];

describe('a pod', () => {
  test.each(rows)('%s', (_, before, after, type, step) => {
    const transition = transitionOf(podLifecycle, {
      before,
      after,
      from: before ? podLifecycle.stateOf(before) : null,
    });
    expect({ ...transition, step: `${transition.from} → ${transition.to}` }).toMatchObject({ type, step });
    expect(transition.anomaly).toBeUndefined();
  });

  test('has every event of its machine in this table', () => {
    expect(new Set(rows.map(([, , , type]) => type))).toEqual(new Set(podLifecycle.machine.events));
  });

  test.each([
    ['runs without a node', unscheduled, aPod({ status: { phase: 'Running' } })],
    ['completes without a node', unscheduled, aPod({ status: { phase: 'Succeeded' } })],
    ['rises from the dead', failed, readyPod],
    ['fails after it succeeded', succeeded, failed],
    ['is no longer to be deleted', going(readyPod), readyPod],
    ['forgets that it was taken up', starting, scheduled],
  ])('that %s is an anomaly', (_, before, after) => {
    const transition = transitionOf(podLifecycle, { before, after, from: podLifecycle.stateOf(before) });
    expect(transition.anomaly).toMatch(/is not allowed in|leads from/);
  });
});

function on(status: PodStatus, shape: PodShape = {}): Pod {
  return aPod({ node: 'n1', status, ...shape });
}

function going(pod: Pod): Pod {
  const meta = { deletionTimestamp: '2026-01-01T00:00:30Z', deletionGracePeriodSeconds: 30 };
  return { ...pod, metadata: { ...pod.metadata, ...meta } };
}
