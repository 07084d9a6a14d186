// What `kubectl get pods` prints for pods in every state (facts §3.10).

import { describe, expect, test } from 'vitest';
import { podTable } from '../../../../infra/api/tables/pods.ts';
import type { AnyObject } from '../../../../streams/resources/meta.ts';
import type { ContainerStatus, PodStatus } from '../../../../streams/resources/pod.ts';
import { aContainer, aPod, aStatus, exited, holding, type PodShape, running, waiting } from '../../../kit/pods.ts';

const nowMs = Date.UTC(2026, 0, 1, 1);

/** Ready, Status and Restarts. */
function row(shape: PodShape): string {
  const [, ready, status, restarts] = podTable.cells(aPod(shape) as unknown as AnyObject, nowMs);
  return [ready, status, restarts].join(' · ');
}

function status(containers: readonly ContainerStatus[], more: PodStatus = {}): PodShape {
  return { status: { phase: 'Running', containerStatuses: containers, ...more } };
}

const crashed = (restartCount: number, finishedAt?: string): Partial<ContainerStatus> => ({
  restartCount,
  lastState: { terminated: { exitCode: 1, ...(finishedAt && { finishedAt }) } },
});

const init = { initContainers: [aContainer('i'), aContainer('j')] };
const sidecar = { initContainers: [aContainer('s', { restartPolicy: 'Always' })] };

describe('STATUS and READY', () => {
  test.each<[string, PodShape, string]>([
    ['new', { status: { phase: 'Pending' } }, '0/1 · Pending · 0'],
    ['without status', {}, '0/1 ·  · 0'],
    [
      'gated',
      { status: { phase: 'Pending', conditions: [holding('PodScheduled', 'False', 'SchedulingGated')] } },
      '0/1 · SchedulingGated · 0',
    ],
    ['starting', status([aStatus(waiting('ContainerCreating'))], { phase: 'Pending' }), '0/1 · ContainerCreating · 0'],
    [
      'without an image',
      status([aStatus(waiting('ImagePullBackOff'))], { phase: 'Pending' }),
      '0/1 · ImagePullBackOff · 0',
    ],
    ['running', status([aStatus(running)], { conditions: [holding('Ready')] }), '1/1 · Running · 0'],
    ['running, not ready', status([aStatus(running, { ready: false })]), '0/1 · Running · 0'],
    ['crashed', status([aStatus(exited(1))]), '0/1 · Error · 0'],
    ['crashed without a reason', status([aStatus({ terminated: { exitCode: 3 } })]), '0/1 · ExitCode:3 · 0'],
    ['killed', status([aStatus({ terminated: { exitCode: 137, signal: 9 } })]), '0/1 · Signal:9 · 0'],
    [
      'crash looping',
      status([aStatus(waiting('CrashLoopBackOff'), crashed(3, '2026-01-01T00:55:00Z'))]),
      '0/1 · CrashLoopBackOff · 3 (5m ago)',
    ],
    ['restarted, when is not known', status([aStatus(running, crashed(2))]), '1/1 · Running · 2'],
    ['completed', status([aStatus(exited(0))], { phase: 'Succeeded' }), '0/1 · Completed · 0'],
    ['failed', status([], { phase: 'Failed' }), '0/1 · Failed · 0'],
    ['evicted', { status: { phase: 'Failed', reason: 'Evicted' } }, '0/1 · Evicted · 0'],
    [
      'one of two completed, ready',
      {
        spec: { containers: [aContainer('c'), aContainer('d')] },
        ...status([aStatus(exited(0)), aStatus(running, { name: 'd' })], { conditions: [holding('Ready')] }),
      },
      '1/2 · Running · 0',
    ],
    [
      'one of two completed, not ready',
      {
        spec: { containers: [aContainer('c'), aContainer('d')] },
        ...status([aStatus(exited(0)), aStatus(running, { name: 'd' })]),
      },
      '1/2 · NotReady · 0',
    ],
    [
      'the first container’s reason counts',
      {
        spec: { containers: [aContainer('c'), aContainer('d')] },
        ...status([aStatus(waiting('First')), aStatus(waiting('Second'), { name: 'd' })]),
      },
      '0/2 · First · 0',
    ],
    ['terminating', { deleted: true, ...status([aStatus(running)]) }, '1/1 · Terminating · 0'],
    [
      'terminating and over',
      { deleted: true, ...status([aStatus(exited(0))], { phase: 'Succeeded' }) },
      '0/1 · Completed · 0',
    ],
    ['on a lost node', { deleted: true, ...status([aStatus(running)], { reason: 'NodeLost' }) }, '1/1 · Unknown · 0'],
  ])('%s', (_, shape, expected) => {
    expect(row(shape)).toBe(expected);
  });
});

describe('init containers', () => {
  const states = (...containers: ContainerStatus[]): PodStatus => ({
    phase: 'Pending',
    initContainerStatuses: containers,
  });
  test.each<[string, PodShape, string]>([
    [
      'waiting for the first',
      { spec: init, status: states(aStatus(waiting('PodInitializing'), { name: 'i' })) },
      '0/1 · Init:0/2 · 0',
    ],
    ['the first runs', { spec: init, status: states(aStatus(running, { name: 'i' })) }, '0/1 · Init:0/2 · 0'],
    [
      'the second runs',
      { spec: init, status: states(aStatus(exited(0), { name: 'i' }), aStatus(running, { name: 'j' })) },
      '0/1 · Init:1/2 · 0',
    ],
    [
      'the first has no image',
      { spec: init, status: states(aStatus(waiting('ErrImagePull'), { name: 'i' })) },
      '0/1 · Init:ErrImagePull · 0',
    ],
    ['the first failed', { spec: init, status: states(aStatus(exited(1), { name: 'i' })) }, '0/1 · Init:Error · 0'],
    [
      'failed without a reason',
      { spec: init, status: states(aStatus({ terminated: { exitCode: 2 } }, { name: 'i' })) },
      '0/1 · Init:ExitCode:2 · 0',
    ],
    [
      'killed',
      { spec: init, status: states(aStatus({ terminated: { exitCode: 137, signal: 9 } }, { name: 'i' })) },
      '0/1 · Init:Signal:9 · 0',
    ],
    [
      'their restarts count while they run',
      {
        spec: init,
        status: states(aStatus(waiting('CrashLoopBackOff'), { name: 'i', ...crashed(4, '2026-01-01T00:59:00Z') })),
      },
      '0/1 · Init:CrashLoopBackOff · 4 (60s ago)',
    ],
    [
      'and no more when they are through',
      {
        spec: init,
        status: {
          phase: 'Running',
          initContainerStatuses: [aStatus(exited(0), { name: 'i', restartCount: 4 })],
          containerStatuses: [aStatus(running)],
        },
      },
      '1/1 · Running · 0',
    ],
    [
      'an initialized pod is shown by its containers',
      {
        spec: init,
        status: {
          phase: 'Running',
          conditions: [holding('Initialized')],
          initContainerStatuses: [aStatus(exited(1), { name: 'i' })],
          containerStatuses: [aStatus(waiting('CrashLoopBackOff'))],
        },
      },
      '0/1 · CrashLoopBackOff · 0',
    ],
    [
      'a sidecar counts as a container',
      {
        spec: sidecar,
        status: {
          phase: 'Running',
          initContainerStatuses: [aStatus(running, { name: 's', started: true, restartCount: 1 })],
          containerStatuses: [aStatus(running)],
        },
      },
      '2/2 · Running · 1',
    ],
    [
      'a sidecar that has not started holds the pod',
      { spec: sidecar, status: states(aStatus(running, { name: 's', started: false })) },
      '0/1 · Init:0/1 · 0'.replace('0/1 ·', '0/2 ·'),
    ],
  ])('%s', (_, shape, expected) => {
    expect(row(shape)).toBe(expected);
  });
});

test('the wide columns tell where the pod is', () => {
  const cells = (shape: PodShape) => podTable.cells(aPod(shape) as unknown as AnyObject, nowMs).slice(5);
  expect(cells({})).toEqual(['<none>', '<none>', '<none>', '<none>']);
  const gates = [{ conditionType: 'a' }, { conditionType: 'b' }];
  const shape = {
    node: 'n',
    spec: { readinessGates: gates },
    status: { podIP: '1.2.3.4', nominatedNodeName: 'm', conditions: [holding('a'), holding('b', 'False')] },
  };
  expect(cells(shape)).toEqual(['1.2.3.4', 'n', 'm', '1/2']);
  expect(podTable.columns.filter(({ priority }) => priority > 0).map(({ name }) => name)).toEqual([
    'IP',
    'Node',
    'Nominated Node',
    'Readiness Gates',
  ]);
});
