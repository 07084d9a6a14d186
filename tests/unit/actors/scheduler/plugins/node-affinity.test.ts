import { describe, expect, test } from 'vitest';
import { nodeAffinityFilter, nodeAffinityScore } from '../../../../../actors/scheduler/plugins/node-affinity.ts';
import type { NodeSelectorRequirement, NodeSelectorTerm } from '../../../../../streams/resources/pod.ts';
import { aNode, aPod, scores, verdicts } from '../../../../kit/scheduling.ts';

const no = "node(s) didn't match Pod's node affinity/selector (unresolvable)";
const nodes = [
  aNode('a', { labels: { zone: 'x', disk: 'ssd', cores: '8' } }),
  aNode('b', { labels: { zone: 'y', cores: '16' } }),
  aNode('c'),
];

const required = (...nodeSelectorTerms: NodeSelectorTerm[]) => ({
  affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } } },
});
const expression = (key: string, operator: NodeSelectorRequirement['operator'], ...values: string[]) => ({
  matchExpressions: [{ key, operator, values }],
});
const named = (...values: string[]) => ({
  matchFields: [{ key: 'metadata.name', operator: 'In' as const, values }],
});

describe('NodeAffinity holds a pod to the nodes that match', () => {
  test.each([
    ['nothing asked', {}, { a: 'ok', b: 'ok', c: 'ok' }],
    ['its nodeSelector', { nodeSelector: { zone: 'x' } }, { a: 'ok', b: no, c: no }],
    ['every label of it', { nodeSelector: { zone: 'x', disk: 'hdd' } }, { a: no, b: no, c: no }],
    ['In', required(expression('zone', 'In', 'x', 'y')), { a: 'ok', b: 'ok', c: no }],
    ['NotIn, also where the label is missing', required(expression('zone', 'NotIn', 'x')), { a: no, b: 'ok', c: 'ok' }],
    ['Exists', required(expression('disk', 'Exists')), { a: 'ok', b: no, c: no }],
    ['Exists of what only objects have', required(expression('constructor', 'Exists')), { a: no, b: no, c: no }],
    ['DoesNotExist', required(expression('disk', 'DoesNotExist')), { a: no, b: 'ok', c: 'ok' }],
    ['Gt, by number', required(expression('cores', 'Gt', '9')), { a: no, b: 'ok', c: no }],
    ['Lt, by number', required(expression('cores', 'Lt', '9')), { a: 'ok', b: no, c: no }],
    ['Gt of a value that is no number', required(expression('zone', 'Gt', '0')), { a: no, b: no, c: no }],
    [
      'terms are alternatives',
      required(expression('disk', 'Exists'), expression('zone', 'In', 'y')),
      { a: 'ok', b: 'ok', c: no },
    ],
    [
      'expressions of a term are not',
      required({
        matchExpressions: [
          ...expression('zone', 'Exists').matchExpressions,
          ...expression('disk', 'Exists').matchExpressions,
        ],
      }),
      { a: 'ok', b: no, c: no },
    ],
    ['an empty term matches nothing', required({}), { a: no, b: no, c: no }],
    [
      'selector and affinity both count',
      { nodeSelector: { zone: 'y' }, ...required(expression('disk', 'Exists')) },
      { a: no, b: no, c: no },
    ],
    ['nodes by name: the others are not even asked', required(named('b')), { a: 'not asked', b: 'ok', c: 'not asked' }],
    ['a name or a label', required(named('b'), expression('disk', 'Exists')), { a: 'ok', b: 'ok', c: no }],
    [
      'a name and a label',
      required({ ...named('b'), ...expression('disk', 'Exists') }),
      { a: 'not asked', b: no, c: 'not asked' },
    ],
  ])('%s', (_, spec, expected) => expect(verdicts(nodeAffinityFilter, aPod('p', spec), { nodes })).toEqual(expected));

  test('names that contradict each other suit no node', () => {
    const term = { matchFields: [...named('a').matchFields, ...named('b').matchFields] };
    expect(verdicts(nodeAffinityFilter, aPod('p', required(term)), { nodes })).toBe('pod affinity terms conflict');
  });
});

describe('NodeAffinity prefers', () => {
  const preferring = (...terms: [number, NodeSelectorTerm][]) =>
    aPod('p', {
      affinity: {
        nodeAffinity: {
          preferredDuringSchedulingIgnoredDuringExecution: terms.map(([weight, preference]) => ({
            weight,
            preference,
          })),
        },
      },
    });

  test.each([
    [
      'the nodes whose matching weights add up to most',
      preferring([2, expression('zone', 'Exists')], [3, expression('disk', 'Exists')]),
      { a: 100, b: 40, c: 0 },
    ],
    ['none where none matches', preferring([1, expression('moon', 'Exists')]), { a: 0, b: 0, c: 0 }],
    ['all alike by an empty term', preferring([5, {}]), { a: 100, b: 100, c: 100 }],
  ])('%s', (_, pod, expected) => expect(scores(nodeAffinityScore, pod, { nodes })).toEqual(expected));

  test('nothing where nothing is preferred', () => {
    expect(scores(nodeAffinityScore, aPod('p'), { nodes })).toBeUndefined();
    expect(scores(nodeAffinityScore, preferring([0, {}]), { nodes })).toBeUndefined();
  });
});
