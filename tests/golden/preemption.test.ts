// Given nodes full of pods, when a more important pod comes, then these pods have to go, or this is what people are told.

import { beforeEach, describe, expect, test } from 'vitest';
import type { PodDisruptionBudget } from '../../streams/resources/disruption.ts';
import { resources } from '../../streams/resources/names.ts';
import type { Node } from '../../streams/resources/node.ts';
import type { Pod } from '../../streams/resources/pod.ts';
import { SchedulerWorld, type WorldOptions } from '../kit/scheduler-world.ts';
import { aNode, aPod, type PodTraits } from '../kit/scheduling.ts';

const important: PodTraits = { cpu: '2', priority: 100 };
const started = (second: number) => ({
  phase: 'Running' as const,
  startTime: `2026-01-01T00:00:0${second}Z`,
});
const on = (nodeName: string, name: string, traits: PodTraits = {}) =>
  aPod(name, { nodeName, cpu: '1', priority: 0, status: started(0), ...traits });

function budget(app: string, disruptionsAllowed: number): PodDisruptionBudget {
  return {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: { name: app, namespace: 'default', uid: `uid-of-${app}` },
    spec: { selector: { matchLabels: { app } } },
    status: { disruptionsAllowed, currentHealthy: 1, desiredHealthy: 1, expectedPods: 1 },
  };
}

type Row = {
  readonly nodes?: readonly Node[];
  readonly placed: readonly Pod[];
  readonly budgets?: readonly PodDisruptionBudget[];
  readonly pod?: PodTraits;
  /** Node that is promised, and who has to go. */
  readonly promised: string;
  readonly victims: readonly string[];
};

const two = [aNode('a', { cpu: '2' }), aNode('b', { cpu: '2' })];
const one = [aNode('a', { cpu: '2' })];

const rows: Record<string, Row> = {
  'everybody, where all room is needed': {
    nodes: one,
    placed: [on('a', 'x'), on('a', 'y')],
    promised: 'a',
    victims: ['x', 'y'],
  },
  'only as many as must': {
    nodes: one,
    placed: [on('a', 'x', { status: started(1) }), on('a', 'y', { status: started(2) })],
    pod: { cpu: '1', priority: 100 },
    promised: 'a',
    // The one that has run longer stays.
    victims: ['y'],
  },
  'the least important': {
    nodes: one,
    placed: [on('a', 'x', { priority: 5 }), on('a', 'y', { priority: 3 })],
    pod: { cpu: '1', priority: 100 },
    promised: 'a',
    victims: ['y'],
  },
  'nobody as important as the pod': {
    placed: [on('a', 'x', { priority: 100 }), on('a', 'y'), on('b', 'z'), on('b', 'v')],
    promised: 'b',
    victims: ['v', 'z'],
  },
  'pods where no budget is broken': {
    placed: [on('a', 'x', { labels: { app: 'db' } }), on('a', 'y'), on('b', 'z', { priority: 50 }), on('b', 'v')],
    budgets: [budget('db', 0)],
    promised: 'b',
    victims: ['v', 'z'],
  },
  'protected pods, where nothing else helps': {
    nodes: one,
    placed: [on('a', 'x', { labels: { app: 'db' } }), on('a', 'y', { labels: { app: 'db' } })],
    budgets: [budget('db', 1)],
    promised: 'a',
    victims: ['x', 'y'],
  },
  'unprotected pods before protected ones of less importance': {
    nodes: one,
    placed: [on('a', 'x', { labels: { app: 'db' } }), on('a', 'y', { priority: 50 })],
    pod: { cpu: '1', priority: 100 },
    budgets: [budget('db', 0)],
    promised: 'a',
    victims: ['y'],
  },
  'pods on the node whose most important victim matters least': {
    placed: [on('a', 'x', { priority: 9 }), on('a', 'y'), on('b', 'z', { priority: 8 }), on('b', 'v', { priority: 8 })],
    promised: 'b',
    victims: ['v', 'z'],
  },
  'pods on the node where priorities sum up to less': {
    placed: [on('a', 'x', { priority: 9 }), on('a', 'y', { priority: 8 }), on('b', 'z', { priority: 9 }), on('b', 'v')],
    promised: 'b',
    victims: ['v', 'z'],
  },
  'one pod rather than two': {
    nodes: two,
    placed: [on('a', 'x'), on('a', 'y'), on('b', 'z', { cpu: '2' })],
    promised: 'b',
    victims: ['z'],
  },
  'those that started last': {
    placed: [on('a', 'x', { cpu: '2', status: started(1) }), on('b', 'y', { cpu: '2', status: started(7) })],
    promised: 'b',
    victims: ['y'],
  },
  'pods with its host port': {
    nodes: [aNode('a')],
    placed: [on('a', 'x', { hostPort: 80 }), on('a', 'y', { hostPort: 81 })],
    pod: { hostPort: 80, priority: 100 },
    promised: 'a',
    victims: ['x'],
  },
  'pods it may not stand beside': {
    nodes: [aNode('a')],
    placed: [on('a', 'x', { labels: { app: 'web' } }), on('a', 'y')],
    pod: {
      priority: 100,
      affinity: {
        podAntiAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: [
            { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { app: 'web' } } },
          ],
        },
      },
    },
    promised: 'a',
    victims: ['x'],
  },
  'pods that do not want it beside them': {
    nodes: [aNode('a')],
    placed: [
      on('a', 'x', {
        affinity: {
          podAntiAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: [
              { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { app: 'web' } } },
            ],
          },
        },
      }),
      on('a', 'y'),
    ],
    pod: { priority: 100, labels: { app: 'web' } },
    promised: 'a',
    victims: ['x'],
  },
  'pods it is to be spread from': {
    nodes: [aNode('a'), aNode('b', { unschedulable: true })],
    placed: [on('a', 'x', { labels: { app: 'web' } }), on('a', 'y')],
    pod: {
      priority: 100,
      labels: { app: 'web' },
      topologySpreadConstraints: [
        {
          maxSkew: 1,
          topologyKey: 'kubernetes.io/hostname',
          whenUnsatisfiable: 'DoNotSchedule',
          labelSelector: { matchLabels: { app: 'web' } },
        },
      ],
    },
    promised: 'a',
    victims: ['x'],
  },
};

const given = ({ nodes = two, placed, budgets = [], pod = important }: Row, options?: WorldOptions) => {
  const world = new SchedulerWorld(options).sync({ nodes, pods: placed });
  for (const object of budgets) world.object(object as never, resources.podDisruptionBudgets);
  return world.pod(aPod('p', pod));
};
const told = ({ notes }: SchedulerWorld, reason: string) =>
  notes.filter((note) => note.reason === reason).map(({ regarding, message }) => [regarding.metadata.name, message]);

describe('an important pod makes room for itself by evicting', () => {
  test.each(Object.entries(rows))('%s', (_, row) => {
    const world = given(row, { graceful: true }).settle();
    expect(world.byName('p')?.status?.nominatedNodeName).toBe(row.promised);
    const going = row.placed.filter(({ metadata }) => world.pods.get(metadata.uid)?.metadata.deletionTimestamp);
    expect(going.map(({ metadata }) => metadata.name).sort()).toEqual([...row.victims].sort());
    for (const { metadata } of going) world.removePod(metadata.uid);
    world.settle().advance(20_000);
    expect(world.nodeOf('p')).toBe(row.promised);
  });
});

describe('preemption', () => {
  let world: SchedulerWorld;
  const full: Row = { nodes: one, placed: [on('a', 'x'), on('a', 'y')], promised: 'a', victims: ['x', 'y'] };

  beforeEach(() => {
    world = given(full, { graceful: true });
  });

  test('tells victims, people and the pod itself', () => {
    world.settle();
    for (const name of ['x', 'y']) {
      expect(world.byName(name)?.status?.conditions).toMatchObject([
        {
          type: 'DisruptionTarget',
          status: 'True',
          reason: 'PreemptionByScheduler',
          message: 'default-scheduler: preempting to accommodate a higher priority pod',
        },
      ]);
    }
    expect(told(world, 'Preempted')).toEqual([
      ['x', 'Preempted by pod uid-of-p on node a'],
      ['y', 'Preempted by pod uid-of-p on node a'],
    ]);
    expect(told(world, 'FailedScheduling')).toEqual([['p', '0/1 nodes are available: 1 Insufficient cpu.']]);
    expect(world.byName('p')?.status).toMatchObject({
      nominatedNodeName: 'a',
      conditions: [
        { type: 'PodScheduled', reason: 'Unschedulable', message: '0/1 nodes are available: 1 Insufficient cpu.' },
      ],
    });
  });

  test('waits while victims end, and does not evict more', () => {
    world.settle().removePod('uid-of-x').settle().advance(15_000);
    expect(world.nodeOf('p')).toBeUndefined();
    world
      .object(budget('any', 0) as never, resources.podDisruptionBudgets)
      .node(aNode('a', { cpu: '2', labels: { l: '1' } }));
    world.settle().advance(15_000);
    expect(told(world, 'Preempted')).toHaveLength(2);
    world.removePod('uid-of-y').settle().advance(15_000);
    expect(world.nodeOf('p')).toBe('a');
  });

  test('keeps the room it made from less important pods', () => {
    world.settle().removePod('uid-of-x').removePod('uid-of-y');
    world
      .pod(aPod('q', { cpu: '1', priority: 50 }))
      .settle()
      .advance(15_000);
    expect(world.nodeOf('p')).toBe('a');
    expect(world.nodeOf('q')).toBeUndefined();
  });

  test('gives way to a still more important pod, and looks elsewhere', () => {
    world
      .settle()
      .pod(aPod('r', { cpu: '2', priority: 200 }))
      .settle();
    expect(world.byName('r')?.status?.nominatedNodeName).toBe('a');
    expect(world.byName('p')?.status?.nominatedNodeName).toBeUndefined();
    for (const uid of ['uid-of-x', 'uid-of-y']) world.removePod(uid);
    world.settle().advance(15_000);
    expect([world.nodeOf('r'), world.nodeOf('p')]).toEqual(['a', undefined]);
  });

  test('is not tried by a pod that must not, and says so', () => {
    world = given({ ...full, pod: { ...important, preemptionPolicy: 'Never' } }).settle();
    expect(told(world, 'FailedScheduling')).toEqual([
      [
        'p',
        '0/1 nodes are available: 1 Insufficient cpu. no new claims to deallocate, preemption: not eligible due to preemptionPolicy=Never.',
      ],
    ]);
  });

  test('says why it would not help, node by node', () => {
    const nodes = [aNode('a', { cpu: '2' }), aNode('b', { cpu: '1' }), aNode('c', { cpu: '2' })];
    const placed = [on('a', 'x', { priority: 100 }), on('c', 'z', { priority: 100 }), on('c', 'v')];
    world = given({ nodes, placed, promised: '', victims: [] }).settle();
    expect(told(world, 'FailedScheduling')).toEqual([
      [
        'p',
        '0/3 nodes are available: 3 Insufficient cpu. no new claims to deallocate, preemption: 0/3 nodes are available: 1 Insufficient cpu, 1 No preemption victims found for incoming pod, 1 Preemption is not helpful for scheduling.',
      ],
    ]);
  });

  test('goes on when a victim has gone by itself meanwhile', () => {
    world.work();
    world.removePod('uid-of-x').settle();
    world.removePod('uid-of-y').settle().advance(15_000);
    expect(world.nodeOf('p')).toBe('a');
  });

  test('is tried again when the API server refuses an eviction', () => {
    world.work();
    const eviction = world.writes.find(({ ticket }) => ticket.startsWith('evict/'));
    world.answer(eviction, { kind: 'failed', reason: 'Unavailable', message: 'no log' }).settle().advance(15_000);
    // As long as one of them ends, nobody else is asked to go.
    expect(world.pods.get('uid-of-x')?.metadata.deletionTimestamp).toBeUndefined();
    world.removePod('uid-of-y').settle().advance(15_000);
    expect(world.pods.get('uid-of-x')?.metadata.deletionTimestamp).toBeDefined();
    world.removePod('uid-of-x');
    world.settle().advance(15_000);
    expect(world.nodeOf('p')).toBe('a');
  });

  test('ends its promise with the pod', () => {
    world.settle().removePod('uid-of-x').removePod('uid-of-y').removePod('uid-of-p');
    expect(world.scheduler.nominations.size).toBe(0);
    world.pod(aPod('q', { cpu: '1' })).settle();
    expect(world.nodeOf('q')).toBe('a');
  });
});
