import { describe, expect, test } from 'vitest';
import { nodeResourcesBalancedAllocation } from '../../../../../actors/scheduler/plugins/node-resources-balanced-allocation.ts';
import { nodeResourcesFitFilter } from '../../../../../actors/scheduler/plugins/node-resources-fit.ts';
import { cpuAndMemory, nodeResourcesScore } from '../../../../../actors/scheduler/plugins/node-resources-score.ts';
import { aNode, aPod, scores, verdicts } from '../../../../kit/scheduling.ts';

const leastAllocated = nodeResourcesScore({ type: 'LeastAllocated', resources: cpuAndMemory });

describe('NodeResourcesFit keeps pods off nodes without room', () => {
  const node = aNode('a', {
    cpu: '2',
    memory: '4Gi',
    pods: '3',
    more: { 'ephemeral-storage': '10Gi', 'example.com/gpu': '2', 'hugepages-2Mi': '4Mi' },
  });
  const placed = [
    aPod('q', {
      nodeName: 'a',
      cpu: '1500m',
      memory: '3Gi',
      more: { 'example.com/gpu': '1', 'ephemeral-storage': '8Gi' },
    }),
  ];
  const given = { nodes: [node], placed };

  test.each([
    ['it fits exactly', aPod('p', { cpu: '500m', memory: '1Gi' }), 'ok'],
    ['a thousandth too much', aPod('p', { cpu: '501m' }), 'Insufficient cpu'],
    ['a byte too much', aPod('p', { memory: '1073741825' }), 'Insufficient memory'],
    ['fractions of a thousandth round up', aPod('p', { cpu: '500.1m' }), 'Insufficient cpu'],
    ['both, in this order', aPod('p', { cpu: '1', memory: '2Gi' }), 'Insufficient cpu; Insufficient memory'],
    ['storage', aPod('p', { more: { 'ephemeral-storage': '3Gi' } }), 'Insufficient ephemeral-storage'],
    ['an extended resource', aPod('p', { more: { 'example.com/gpu': '2' } }), 'Insufficient example.com/gpu'],
    ['huge pages', aPod('p', { more: { 'hugepages-2Mi': '4Mi' } }), 'ok'],
    [
      'one the node does not have',
      aPod('p', { more: { 'example.com/fpga': '1' } }),
      'Insufficient example.com/fpga (unresolvable)',
    ],
    ['more than the node has at all', aPod('p', { cpu: '3' }), 'Insufficient cpu (unresolvable)'],
    ['nothing asked', aPod('p'), 'ok'],
    ['an explicit zero', aPod('p', { cpu: '0' }), 'ok'],
  ])('%s', (_, pod, expected) => expect(verdicts(nodeResourcesFitFilter, pod, given)).toEqual({ a: expected }));

  test('a node takes only so many pods', () => {
    const full = [...placed, aPod('r', { nodeName: 'a' }), aPod('s', { nodeName: 'a' })];
    expect(verdicts(nodeResourcesFitFilter, aPod('p'), { nodes: [node], placed: full })).toEqual({
      a: 'Too many pods',
    });
    expect(verdicts(nodeResourcesFitFilter, aPod('p', { cpu: '1' }), { nodes: [node], placed: full })).toEqual({
      a: 'Too many pods; Insufficient cpu',
    });
  });

  const container = (cpu: string, restartPolicy?: string) => ({
    name: `c${cpu}`,
    image: 'i',
    resources: { requests: { cpu } },
    ...(restartPolicy && { restartPolicy }),
  });

  test.each([
    ['containers add up', { containers: [container('300m'), container('200m')] }, '500m'],
    [
      'one-shot init containers run one after another',
      { containers: [container('100m')], initContainers: [container('400m'), container('300m')] },
      '400m',
    ],
    [
      'sidecars run beside the containers',
      { containers: [container('100m')], initContainers: [container('300m', 'Always')] },
      '400m',
    ],
    [
      'and beside the init containers after them',
      { containers: [container('100m')], initContainers: [container('300m', 'Always'), container('500m')] },
      '800m',
    ],
    [
      'but not those before',
      { containers: [container('100m')], initContainers: [container('500m'), container('300m', 'Always')] },
      '500m',
    ],
    ['overhead comes on top', { containers: [container('100m')], overhead: { cpu: '50m' } }, '150m'],
    [
      'the pod as a whole overrules its containers',
      { containers: [container('100m')], resources: { requests: { cpu: '700m' } }, overhead: { cpu: '50m' } },
      '750m',
    ],
  ])('%s', (_, spec, total) => {
    const exact = [aNode('exact', { cpu: total })];
    expect(verdicts(nodeResourcesFitFilter, aPod('p', spec), { nodes: exact })).toEqual({ exact: 'ok' });
    const milli = Number.parseInt(total, 10) - 1;
    const less = [aNode('less', { cpu: `${milli}m` })];
    expect(verdicts(nodeResourcesFitFilter, aPod('p', spec), { nodes: less })).toEqual({
      less: 'Insufficient cpu (unresolvable)',
    });
  });
});

describe('LeastAllocated prefers the emptiest node', () => {
  const nodes = [aNode('a', { cpu: '4', memory: '10Gi' }), aNode('b', { cpu: '10', memory: '20Gi' })];

  test.each([
    // a: cpu (4000-1000)*100/4000 = 75, memory (10-5)*100/10 = 50 → 62; b: 90, 75 → 82.
    ['by what would be left', aPod('p', { cpu: '1', memory: '5Gi' }), [], { a: 62, b: 82 }],
    // a: (4000-2000)/4000 = 50, memory 2.5 of 10 → 75 → 62.
    [
      'counting the pods there',
      aPod('p', { cpu: '1', memory: '0' }),
      [aPod('q', { nodeName: 'a', cpu: '1', memory: '2560Mi' })],
      { a: 62, b: 95 },
    ],
    // A container that asks nothing counts 100m and 200Mi: a: (4000-100)*100/4000 = 97, (10240-200)*100/10240 = 98 → 97.
    ['with defaults for what asks nothing', aPod('p'), [], { a: 97, b: 99 }],
    ['0 where it is overcommitted', aPod('p', { cpu: '5', memory: '11Gi' }), [], { a: 0, b: 47 }],
  ])('%s', (_, pod, placed, expected) => expect(scores(leastAllocated, pod, { nodes, placed })).toEqual(expected));
});

describe('BalancedAllocation prefers nodes used evenly', () => {
  const nodes = [aNode('a', { cpu: '4', memory: '8Gi' }), aNode('b', { cpu: '4', memory: '32Gi' })];

  test.each([
    // a: cpu 0.5, memory 0.5 → 100; b: 0.5 and 0.125 → 1 - 0.1875 = 81.
    ['both shares alike', aPod('p', { cpu: '2', memory: '4Gi' }), [], { a: 100, b: 81 }],
    // b with 12Gi there: memory (4+12)/32 = 0.5, cpu 0.5.
    [
      'counting the pods there',
      aPod('p', { cpu: '2', memory: '4Gi' }),
      [aPod('q', { nodeName: 'b', memory: '12Gi' })],
      { a: 100, b: 100 },
    ],
    ['no more than full', aPod('p', { cpu: '8', memory: '4Gi' }), [], { a: 75, b: 56 }],
  ])('%s', (_, pod, placed, expected) => {
    expect(scores(nodeResourcesBalancedAllocation, pod, { nodes, placed })).toEqual(expected);
  });

  test('a pod that asks for nothing has no preference', () => {
    expect(scores(nodeResourcesBalancedAllocation, aPod('p'), { nodes })).toBeUndefined();
  });
});
