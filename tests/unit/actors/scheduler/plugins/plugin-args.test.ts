// What the arguments of KubeSchedulerConfiguration change about the plugins: formulas worked out by hand.

import { describe, expect, test } from 'vitest';
import type { FilterPlugin, Plugin, ScorePlugin } from '../../../../../actors/scheduler/framework.ts';
import { type PluginArgs, pluginTable } from '../../../../../actors/scheduler/plugin-table.ts';
import { defined } from '../../../../../streams/base/assert.ts';
import { worldOf } from '../../../../kit/given-world.ts';
import { aNode, aPod, type Given, scores, verdicts } from '../../../../kit/scheduling.ts';

const make = (name: string, args: PluginArgs): Plugin =>
  defined(
    pluginTable.find((entry) => entry.name === name),
    'there is such a plugin',
  ).make(args, { selectsDevice: () => undefined });
const scoring = (name: string, args: PluginArgs) => defined(make(name, args).score as ScorePlugin, 'it scores');
const filtering = (name: string, args: PluginArgs) => defined(make(name, args).filter as FilterPlugin, 'it filters');

const nodes = [
  aNode('a', { cpu: '4', memory: '8Gi' }),
  aNode('b', { cpu: '8', memory: '8Gi', more: { 'example.com/gpu': '4' } }),
];
const placed = [aPod('x', { nodeName: 'a', cpu: '1', memory: '4Gi' })];
const pod = aPod('p', { cpu: '1', memory: '2Gi' });
const strategy = (type: string, more: object = {}) => ({ scoringStrategy: { type, ...more } });

describe('NodeResourcesFit scores by', () => {
  test.each<[string, PluginArgs, Record<string, number>]>([
    // a: cpu 2/4, memory 6/8; b: cpu 1/8, memory 2/8.
    ['what is left', strategy('LeastAllocated'), { a: 37, b: 81 }],
    ['what is used', strategy('MostAllocated'), { a: 62, b: 18 }],
    [
      'what is used, cpu counting three times',
      strategy('MostAllocated', {
        resources: [
          { name: 'cpu', weight: 3 },
          { name: 'memory', weight: 1 },
        ],
      }),
      { a: 56, b: 15 },
    ],
    [
      'a rising curve',
      strategy('RequestedToCapacityRatio', {
        resources: [{ name: 'cpu', weight: 1 }],
        requestedToCapacityRatio: {
          shape: [
            { utilization: 0, score: 0 },
            { utilization: 100, score: 10 },
          ],
        },
      }),
      { a: 50, b: 12 },
    ],
    [
      'a curve that falls',
      strategy('RequestedToCapacityRatio', {
        resources: [{ name: 'memory', weight: 1 }],
        requestedToCapacityRatio: {
          shape: [
            { utilization: 0, score: 10 },
            { utilization: 50, score: 5 },
            { utilization: 100, score: 1 },
          ],
        },
      }),
      { a: 30, b: 75 },
    ],
  ])('%s', (_, args, expected) =>
    expect(scores(scoring('NodeResourcesFit', args), pod, { nodes, placed })).toEqual(expected),
  );

  test('an extended resource only where the pod asks for it', () => {
    const args = strategy('MostAllocated', { resources: [{ name: 'example.com/gpu', weight: 1 }] });
    const plugin = scoring('NodeResourcesFit', args);
    expect(scores(plugin, pod, { nodes })).toEqual({ a: 0, b: 0 });
    expect(scores(plugin, aPod('g', { more: { 'example.com/gpu': '1' } }), { nodes })).toEqual({ a: 0, b: 25 });
  });

  test('what pods are short of, but for what is ignored', () => {
    const asking = aPod('g', { more: { 'example.com/gpu': '9', 'other.org/x': '1' } });
    const all = {
      a: 'Insufficient example.com/gpu; Insufficient other.org/x (unresolvable)',
      b: 'Insufficient example.com/gpu; Insufficient other.org/x (unresolvable)',
    };
    expect(verdicts(filtering('NodeResourcesFit', {}), asking, { nodes })).toEqual(all);
    const ignoring = { ignoredResources: ['other.org/x'], ignoredResourceGroups: ['example.com'] };
    expect(verdicts(filtering('NodeResourcesFit', ignoring), asking, { nodes })).toEqual({ a: 'ok', b: 'ok' });
  });
});

describe('NodeResourcesBalancedAllocation', () => {
  test('takes the deviation over all resources it is given', () => {
    const args = { resources: ['cpu', 'memory', 'example.com/gpu'].map((name) => ({ name, weight: 1 })) };
    const asking = aPod('g', { cpu: '4', memory: '4Gi', more: { 'example.com/gpu': '2' } });
    // a has no such resource: cpu 4/4, memory 4/8; b: all of them by half.
    expect(scores(scoring('NodeResourcesBalancedAllocation', args), asking, { nodes })).toEqual({ a: 75, b: 100 });
  });
});

describe('NodeAffinity', () => {
  const added = (value: string) => ({
    addedAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [{ matchExpressions: [{ key: 'disk', operator: 'In', values: [value] }] }],
      },
    },
  });

  test('holds every pod of the profile to the nodes its arguments say', () => {
    const given = { nodes: [aNode('a', { labels: { disk: 'ssd' } }), aNode('b')] };
    expect(verdicts(filtering('NodeAffinity', added('ssd')), pod, given)).toEqual({
      a: 'ok',
      b: "node(s) didn't match scheduler-enforced node affinity (unresolvable)",
    });
  });
});

describe('InterPodAffinity', () => {
  const near = {
    affinity: {
      podAffinity: {
        preferredDuringSchedulingIgnoredDuringExecution: [
          {
            weight: 10,
            podAffinityTerm: { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { app: 'x' } } },
          },
        ],
      },
    },
  };
  const given: Given = { nodes, placed: [aPod('old', { nodeName: 'b', ...near })] };

  test('leaves out what pods that stand prefer, if told to', () => {
    const x = aPod('x', { labels: { app: 'x' } });
    expect(scores(scoring('InterPodAffinity', {}), x, given)).toEqual({ a: 0, b: 100 });
    expect(scores(scoring('InterPodAffinity', { ignorePreferredTermsOfExistingPods: true }), x, given)).toBeUndefined();
  });
});

describe('PodTopologySpread', () => {
  const zoned = ['a', 'b'].map((name) => aNode(name, { labels: { 'topology.kubernetes.io/zone': `zone-${name}` } }));
  const service = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'web', namespace: 'default', uid: 'u' },
    spec: { selector: { app: 'web' } },
  };
  const web = aPod('p', { labels: { app: 'web' } });
  const given: Given = {
    nodes: zoned,
    placed: [1, 2, 3].map((n) => aPod(`w${n}`, { nodeName: 'a', labels: { app: 'web' } })),
    world: worldOf(service),
  };

  test('spreads what a service selects even if no controller keeps it', () => {
    // By host 3·ln 4 + 2 and 2, by zone 3·ln 4 + 4 and 4: 14 and 6, turned around.
    expect(scores(scoring('PodTopologySpread', {}), web, given)).toEqual({ a: 42, b: 100 });
    expect(scores(scoring('PodTopologySpread', {}), web, { ...given, world: worldOf() })).toBeUndefined();
  });

  test('takes the defaults of a list instead, hard ones too', () => {
    const args = {
      defaultingType: 'List',
      defaultConstraints: [
        { maxSkew: 1, topologyKey: 'topology.kubernetes.io/zone', whenUnsatisfiable: 'DoNotSchedule' },
      ],
    };
    expect(verdicts(filtering('PodTopologySpread', args), web, given)).toEqual({
      a: "node(s) didn't match pod topology spread constraints",
      b: 'ok',
    });
    expect(verdicts(filtering('PodTopologySpread', {}), web, given)).toEqual({ a: 'ok', b: 'ok' });
  });
});
