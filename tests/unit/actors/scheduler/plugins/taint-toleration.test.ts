import { describe, expect, test } from 'vitest';
import {
  taintTolerationFilter,
  taintTolerationScore,
} from '../../../../../actors/scheduler/plugins/taint-toleration.ts';
import type { Taint } from '../../../../../streams/resources/node.ts';
import type { Toleration } from '../../../../../streams/resources/pod.ts';
import { aNode, aPod, scores, verdicts } from '../../../../kit/scheduling.ts';

const untolerated = 'node(s) had untolerated taint(s) (unresolvable)';
const gpu: Taint = { key: 'gpu', value: 'yes', effect: 'NoSchedule' };
const leaving: Taint = { key: 'leaving', effect: 'NoExecute' };
const slow: Taint = { key: 'slow', effect: 'PreferNoSchedule' };
const noisy: Taint = { key: 'noisy', effect: 'PreferNoSchedule' };

describe('TaintToleration keeps pods off', () => {
  test.each<[string, Taint[], Toleration[], string]>([
    ['no taint', [], [], 'ok'],
    ['an untolerated one', [gpu], [], untolerated],
    ['the same key and value', [gpu], [{ key: 'gpu', operator: 'Equal', value: 'yes', effect: 'NoSchedule' }], 'ok'],
    ['Equal is what no operator means', [gpu], [{ key: 'gpu', value: 'yes' }], 'ok'],
    ['another value', [gpu], [{ key: 'gpu', operator: 'Equal', value: 'no' }], untolerated],
    ['any value of the key', [gpu], [{ key: 'gpu', operator: 'Exists' }], 'ok'],
    ['another effect', [gpu], [{ key: 'gpu', operator: 'Exists', effect: 'NoExecute' }], untolerated],
    ['everything', [gpu, leaving], [{ operator: 'Exists' }], 'ok'],
    ['one of two', [gpu, leaving], [{ key: 'gpu', operator: 'Exists' }], untolerated],
    ['NoExecute repels as well', [leaving], [], untolerated],
    ['PreferNoSchedule does not', [slow], [], 'ok'],
  ])('%s', (_, taints, tolerations, expected) => {
    const given = { nodes: [aNode('a', { taints })] };
    expect(verdicts(taintTolerationFilter, aPod('p', { tolerations }), given)).toEqual({ a: expected });
  });
});

describe('TaintToleration prefers', () => {
  const nodes = [aNode('a'), aNode('b', { taints: [slow] }), aNode('c', { taints: [slow, noisy] })];

  test.each<[string, Toleration[], object]>([
    ['nodes with fewer discouraging taints', [], { a: 100, b: 50, c: 0 }],
    [
      'those whose taints are tolerated as if they had none',
      [{ key: 'slow', operator: 'Exists' }],
      { a: 100, b: 100, c: 0 },
    ],
    ['none where all are tolerated', [{ operator: 'Exists' }], { a: 100, b: 100, c: 100 }],
    [
      'as before where only another effect is tolerated',
      [{ operator: 'Exists', effect: 'NoSchedule' }],
      { a: 100, b: 50, c: 0 },
    ],
  ])('%s', (_, tolerations, expected) => {
    expect(scores(taintTolerationScore, aPod('p', { tolerations }), { nodes })).toEqual(expected);
  });
});
