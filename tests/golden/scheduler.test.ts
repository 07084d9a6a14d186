// Given nodes and pods, when a pod comes, then it goes there, or this is what people are told.

import { describe, expect, test } from 'vitest';
import type { Node } from '../../streams/resources/node.ts';
import type { Pod } from '../../streams/resources/pod.ts';
import { SchedulerWorld } from '../kit/scheduler-world.ts';
import { aNode, aPod } from '../kit/scheduling.ts';

const zone = 'topology.kubernetes.io/zone';
const noVictims = 'No preemption victims found for incoming pod';
const notHelpful = 'Preemption is not helpful for scheduling';
const three = [aNode('a', { cpu: '2' }), aNode('b', { cpu: '4' }), aNode('c', { cpu: '8' })];
const full = (node: string, cpu: string) => aPod(`on-${node}`, { nodeName: node, cpu });

const defaultWeights = {
  TaintToleration: 3,
  NodeAffinity: 2,
  NodeResourcesFit: 1,
  PodTopologySpread: 2,
  InterPodAffinity: 2,
  NodeResourcesBalancedAllocation: 1,
  ImageLocality: 1,
};

type Row = {
  readonly nodes: readonly Node[];
  readonly placed?: readonly Pod[];
  readonly pod: Pod;
  readonly outcome: string;
};

const goes: Record<string, Row> = {
  'to the only node': { nodes: [aNode('a')], pod: aPod('p'), outcome: 'a' },
  'to the emptiest': { nodes: three, pod: aPod('p', { cpu: '1' }), outcome: 'c' },
  'to the one with room': {
    nodes: three,
    placed: [full('b', '4'), full('c', '8')],
    pod: aPod('p', { cpu: '1' }),
    outcome: 'a',
  },
  'to the one it selects': {
    nodes: [aNode('a'), aNode('b', { labels: { disk: 'ssd' } })],
    pod: aPod('p', { nodeSelector: { disk: 'ssd' } }),
    outcome: 'b',
  },
  'past cordoned and tainted ones': {
    nodes: [
      aNode('a', { unschedulable: true }),
      aNode('b', { taints: [{ key: 'k', effect: 'NoSchedule' }] }),
      aNode('c'),
    ],
    pod: aPod('p'),
    outcome: 'c',
  },
  'past a discouraging taint': {
    nodes: [aNode('a', { taints: [{ key: 'k', effect: 'PreferNoSchedule' }] }), aNode('b')],
    placed: [full('b', '1')],
    pod: aPod('p', { cpu: '100m', memory: '1Gi' }),
    outcome: 'b',
  },
  'where its image lies': {
    nodes: [aNode('a'), aNode('b', { images: { 'app:1': 900 * 1024 * 1024 } })],
    pod: aPod('p', { image: 'app:1' }),
    outcome: 'b',
  },
  'to the emptier zone, because it must': {
    nodes: [aNode('a', { labels: { [zone]: 'x' } }), aNode('b', { labels: { [zone]: 'y' }, cpu: '1' })],
    placed: [aPod('q', { nodeName: 'a', labels: { app: 'web' } })],
    pod: aPod('p', {
      labels: { app: 'web' },
      topologySpreadConstraints: [
        {
          maxSkew: 1,
          topologyKey: zone,
          whenUnsatisfiable: 'DoNotSchedule',
          labelSelector: { matchLabels: { app: 'web' } },
        },
      ],
    }),
    outcome: 'b',
  },
  'to the host with fewer replicas, though it has less room': {
    nodes: [aNode('a', { cpu: '100' }), aNode('b', { cpu: '90' })],
    placed: [1, 2, 3].map((i) => aPod(`r${i}`, { nodeName: 'a', labels: { app: 'web' }, owner: 'ReplicaSet' })),
    pod: aPod('p', { labels: { app: 'web' }, owner: 'ReplicaSet' }),
    outcome: 'b',
  },
  'to the node a DaemonSet means': {
    nodes: three,
    pod: aPod('p', {
      affinity: {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: {
            nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['a'] }] }],
          },
        },
      },
    }),
    outcome: 'a',
  },
};

describe('a pod goes', () => {
  test.each(Object.entries(goes))('%s', (_, { nodes, placed = [], pod, outcome }) => {
    const world = new SchedulerWorld().sync({ nodes, pods: placed }).pod(pod).settle();
    expect(world.nodeOf('p')).toBe(outcome);
    expect(world.notes).toMatchObject([
      {
        type: 'Normal',
        reason: 'Scheduled',
        action: 'Binding',
        component: 'default-scheduler',
        message: `Successfully assigned default/p to ${outcome}`,
      },
    ]);
    expect(world.state).toBe('running.idle');
  });
});

const waits: Record<string, Row> = {
  'there are no nodes': { nodes: [], pod: aPod('p'), outcome: 'no nodes available to schedule pods' },
  'all are full': {
    nodes: [aNode('a', { cpu: '2' })],
    placed: [full('a', '2')],
    pod: aPod('p', { cpu: '1' }),
    outcome: `0/1 nodes are available: 1 Insufficient cpu. no new claims to deallocate, preemption: 0/1 nodes are available: 1 ${noVictims}.`,
  },
  'each node has its own reason, sorted as texts': {
    nodes: [
      aNode('a', { unschedulable: true }),
      aNode('b', { taints: [{ key: 'k', effect: 'NoSchedule' }] }),
      aNode('c', { cpu: '2', memory: '1Gi' }),
      aNode('d', { cpu: '2' }),
      aNode('e', { pods: '1' }),
    ],
    placed: [full('c', '2'), full('d', '2'), full('e', '1')],
    pod: aPod('p', { cpu: '1', memory: '1Gi' }),
    outcome: `0/5 nodes are available: 1 Too many pods, 1 node(s) had untolerated taint(s), 1 node(s) were unschedulable, 2 Insufficient cpu. no new claims to deallocate, preemption: 0/5 nodes are available: 2 ${notHelpful}, 3 ${noVictims}.`,
  },
  'a node may have several': {
    nodes: [aNode('a', { cpu: '2', memory: '1Gi' })],
    pod: aPod('p', { cpu: '3', memory: '2Gi', more: { 'example.com/gpu': '1' } }),
    outcome: `0/1 nodes are available: 1 Insufficient cpu, 1 Insufficient example.com/gpu, 1 Insufficient memory. no new claims to deallocate, preemption: 0/1 nodes are available: 1 ${notHelpful}.`,
  },
  'none matches its selector': {
    nodes: three,
    pod: aPod('p', { nodeSelector: { disk: 'ssd' } }),
    outcome: `0/3 nodes are available: 3 node(s) didn't match Pod's node affinity/selector. no new claims to deallocate, preemption: 0/3 nodes are available: 3 ${notHelpful}.`,
  },
  'the only node it may go to is full': {
    nodes: three,
    placed: [full('a', '2')],
    pod: aPod('p', {
      cpu: '1',
      affinity: {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: {
            nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['a'] }] }],
          },
        },
      },
    }),
    outcome: `0/3 nodes are available: 1 Insufficient cpu, 2 node(s) didn't satisfy plugin(s) [NodeAffinity]. no new claims to deallocate, preemption: 0/3 nodes are available: 1 ${noVictims}, 2 ${notHelpful}.`,
  },
  'it contradicts itself': {
    nodes: three,
    pod: aPod('p', {
      affinity: {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: {
            nodeSelectorTerms: [
              {
                matchFields: [
                  { key: 'metadata.name', operator: 'In', values: ['a'] },
                  { key: 'metadata.name', operator: 'In', values: ['b'] },
                ],
              },
            ],
          },
        },
      },
    }),
    outcome: `0/3 nodes are available: pod affinity terms conflict. no new claims to deallocate, preemption: 0/3 nodes are available: 3 ${notHelpful}.`,
  },
  'its host port is taken': {
    nodes: [aNode('a')],
    placed: [aPod('q', { nodeName: 'a', hostPort: 80 })],
    pod: aPod('p', { hostPort: 80 }),
    outcome: `0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports. no new claims to deallocate, preemption: 0/1 nodes are available: 1 ${noVictims}.`,
  },
  'it may not preempt': {
    nodes: [aNode('a', { cpu: '2' })],
    placed: [full('a', '2')],
    pod: aPod('p', { cpu: '1', preemptionPolicy: 'Never' }),
    outcome:
      '0/1 nodes are available: 1 Insufficient cpu. no new claims to deallocate, preemption: not eligible due to preemptionPolicy=Never.',
  },
};

describe('a pod waits and says why where', () => {
  test.each(Object.entries(waits))('%s', (_, { nodes, placed = [], pod, outcome }) => {
    const world = new SchedulerWorld().sync({ nodes, pods: placed }).pod(pod).settle();
    expect(world.notes).toMatchObject([
      {
        type: 'Warning',
        reason: 'FailedScheduling',
        action: 'Scheduling',
        component: 'default-scheduler',
        message: outcome,
      },
    ]);
    expect(world.byName('p')?.status?.conditions).toEqual([
      {
        type: 'PodScheduled',
        observedGeneration: 1,
        status: 'False',
        lastProbeTime: null,
        lastTransitionTime: '1970-01-01T00:00:00Z',
        reason: 'Unschedulable',
        message: outcome,
      },
    ]);
    expect(world.bound).toEqual([]);
    expect(world.scheduler.counts).toMatchObject({ unschedulable: 1, active: 0 });
  });

  test('the text is long: the event is cut, the condition is not', () => {
    const nodes = Array.from({ length: 60 }, (_, i) => aNode(`n${i}`));
    const more = Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`example.com/resource-${i}`, '1']));
    const world = new SchedulerWorld().sync({ nodes }).pod(aPod('p', { more })).settle();
    const [note] = world.notes;
    const [condition] = world.byName('p')?.status?.conditions ?? [];
    expect(note?.message).toHaveLength(1_024);
    expect(note?.message.endsWith(' ...')).toBe(true);
    expect(condition?.message?.startsWith(note?.message.slice(0, -4) ?? '?')).toBe(true);
    expect(condition?.message?.length).toBeGreaterThan(2_000);
  });
});

describe('a decision is remembered with its reasons', () => {
  test('for a pod that found a node: what the best scored, and who was turned away', () => {
    const nodes = [aNode('a', { cpu: '1' }), aNode('b', { cpu: '4' }), aNode('c', { cpu: '8' })];
    const world = new SchedulerWorld()
      .sync({ nodes })
      .pod(aPod('p', { cpu: '2', memory: '1Gi' }))
      .settle();
    expect(world.scheduler.decisions.get({ namespace: 'default', name: 'p' })).toEqual({
      weights: defaultWeights,
      namespace: 'default',
      name: 'p',
      uid: 'uid-of-p',
      atMs: 0,
      node: 'c',
      nodes: 3,
      examined: 3,
      feasible: 2,
      verdicts: [
        { node: 'a', rejection: { plugin: 'NodeResourcesFit', reasons: ['Insufficient cpu'], resolvable: false } },
      ],
      scores: [
        {
          node: 'c',
          total: 474,
          plugins: { NodeResourcesBalancedAllocation: 89, NodeResourcesFit: 85, TaintToleration: 300 },
        },
        {
          node: 'b',
          total: 449,
          plugins: { NodeResourcesBalancedAllocation: 76, NodeResourcesFit: 73, TaintToleration: 300 },
        },
      ],
    });
  });

  test('for a pod that did not: every verdict, up to a hundred', () => {
    const nodes = Array.from({ length: 150 }, (_, i) => aNode(`n${i}`, { cpu: '1' }));
    const world = new SchedulerWorld()
      .sync({ nodes })
      .pod(aPod('p', { cpu: '2' }))
      .settle();
    const decision = world.scheduler.decisions.get({ namespace: 'default', name: 'p' });
    expect(decision).toMatchObject({ nodes: 150, examined: 150, feasible: 0 });
    expect(decision?.node).toBeUndefined();
    expect(decision?.verdicts).toHaveLength(100);
  });
});
