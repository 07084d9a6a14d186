// A container's lifecycle as a table: given its status, when the pod reports another, then this has happened to it.

import { describe, expect, test } from 'vitest';
import { containerLifecycle, containerTransitions } from '../../actors/pod/container-machine.ts';
import type { ContainerStatus } from '../../streams/resources/pod.ts';
import { aPod, aStatus, exited, running, waiting } from '../kit/pods.ts';

const creating = aStatus(waiting('ContainerCreating'));
const pullFailed = aStatus(waiting('ErrImagePull'));
const pullBackOff = aStatus(waiting('ImagePullBackOff'));
const runs = aStatus(running);
const runsUnready = aStatus(running, { ready: false });
const ended = aStatus(exited(0));
const crashed = aStatus(exited(1));
const backingOff = aStatus(waiting('CrashLoopBackOff'), { lastState: exited(1) });
const runsAgain = aStatus(running, { restartCount: 1, lastState: exited(1) });

const rows: readonly (readonly [ContainerStatus | undefined, ContainerStatus | undefined, string, string])[] = [
  [undefined, creating, 'container.created', 'null → Waiting'],
  [creating, pullFailed, 'container.imagePullFailed', 'Waiting → ImagePullBackOff'],
  [pullFailed, pullBackOff, 'container.imagePullBackedOff', 'ImagePullBackOff → ImagePullBackOff'],
  [pullBackOff, pullFailed, 'container.imagePullFailed', 'ImagePullBackOff → ImagePullBackOff'],
  [pullBackOff, creating, 'container.imagePulled', 'ImagePullBackOff → Waiting'],
  [pullBackOff, runs, 'container.started', 'ImagePullBackOff → Running'],
  [creating, runs, 'container.started', 'Waiting → Running'],
  [undefined, runs, 'container.started', 'null → Running'],
  [undefined, runsAgain, 'container.restarted', 'null → Running'],
  [runsUnready, runs, 'container.ready', 'Running → Running'],
  [runs, runsUnready, 'container.unready', 'Running → Running'],
  [runs, ended, 'container.exited', 'Running → Terminated'],
  [runs, crashed, 'container.crashed', 'Running → Terminated'],
  [creating, ended, 'container.exited', 'Waiting → Terminated'],
  [crashed, backingOff, 'container.backedOff', 'Terminated → BackingOff'],
  [runs, backingOff, 'container.backedOff', 'Running → BackingOff'],
  [backingOff, runsAgain, 'container.restarted', 'BackingOff → Running'],
  [crashed, runsAgain, 'container.restarted', 'Terminated → Running'],
  [runs, runsAgain, 'container.restarted', 'Running → Running'],
  [crashed, aStatus(exited(1), { restartCount: 1 }), 'container.crashed', 'Terminated → Terminated'],
  [runs, aStatus(waiting('PodInitializing'), { lastState: exited(255) }), 'container.reset', 'Running → Waiting'],
  [runs, { ...runs, imageID: 'sha256:1' }, 'container.updated', 'Running → Running'],
  [ended, undefined, 'container.removed', 'Terminated → null'],
];

describe('a container', () => {
  test.each(rows)('%# %o', (before, after, type, step) => {
    expect(happened(before, after)).toEqual([{ type, step, container: 'c', role: 'main' }]);
  });

  test('has every event of its machine in this table', () => {
    expect(new Set(rows.map(([, , type]) => type))).toEqual(new Set(containerLifecycle.machine.events));
  });

  test('whose status stays the same takes no step', () => {
    expect(happened(runs, { ...runs })).toEqual([]);
  });

  test.each([
    ['that ended and runs without a restart', crashed, runs],
    ['that backs off and runs without a restart', backingOff, runs],
  ])('%s is an anomaly', (_, before, after) => {
    expect(containerTransitions(podOf(before), podOf(after))[0]?.anomaly).toMatch(/container.started is not allowed/);
  });

  test('is told apart from the others of its pod, by name and list', () => {
    const before = aPod({ status: { initContainerStatuses: [aStatus(running, { name: 'setup' })] } });
    const after = aPod({
      status: { initContainerStatuses: [aStatus(exited(0), { name: 'setup' })], containerStatuses: [creating] },
    });
    expect(containerTransitions(before, after)).toMatchObject([
      { container: 'setup', role: 'init', type: 'container.exited' },
      { container: 'c', role: 'main', type: 'container.created' },
    ]);
  });
});

function happened(before: ContainerStatus | undefined, after: ContainerStatus | undefined) {
  return containerTransitions(podOf(before), podOf(after)).map(({ from, to, ...rest }) => ({
    ...rest,
    step: `${from} → ${to}`,
  }));
}

function podOf(status: ContainerStatus | undefined) {
  return aPod({ status: { containerStatuses: status === undefined ? [] : [status] } });
}
