import { describe, expect, test } from 'vitest';
import {
  interPodAffinityFilter,
  interPodAffinityScore,
} from '../../../../../actors/scheduler/plugins/inter-pod-affinity.ts';
import type { PodAffinityTerm } from '../../../../../streams/resources/pod.ts';
import { aNode, aPod, type PodTraits, scores, verdicts } from '../../../../kit/scheduling.ts';

const zone = 'topology.kubernetes.io/zone';
const host = 'kubernetes.io/hostname';
const far = "node(s) didn't match pod affinity rules (unresolvable)";
const near = "node(s) didn't match pod anti-affinity rules";
const refused = "node(s) didn't satisfy existing pods anti-affinity rules";

const nodes = [
  aNode('a1', { labels: { [zone]: 'a' } }),
  aNode('a2', { labels: { [zone]: 'a' } }),
  aNode('b1', { labels: { [zone]: 'b' } }),
];
const term = (app: string, topologyKey = zone, more: Partial<PodAffinityTerm> = {}): PodAffinityTerm => ({
  labelSelector: { matchLabels: { app } },
  topologyKey,
  ...more,
});
const wants = (...terms: PodAffinityTerm[]): PodTraits => ({
  affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: terms } },
});
const avoids = (...terms: PodAffinityTerm[]): PodTraits => ({
  affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: terms } },
});
const at = (node: string, app: string, traits: PodTraits = {}) =>
  aPod(`${app}-on-${node}`, { nodeName: node, labels: { app }, ...traits });

describe('InterPodAffinity keeps pods', () => {
  test.each([
    ['anywhere when nobody minds', aPod('p'), [at('a1', 'db')], { a1: 'ok', a2: 'ok', b1: 'ok' }],
    ['near what they want near', aPod('p', wants(term('db'))), [at('a1', 'db')], { a1: 'ok', a2: 'ok', b1: far }],
    [
      'on the same host if so asked',
      aPod('p', wants(term('db', host))),
      [at('a1', 'db')],
      { a1: 'ok', a2: far, b1: far },
    ],
    [
      'nowhere by a label that only objects have',
      aPod('p', { labels: { app: 'db' }, ...wants(term('db', 'constructor')) }),
      [at('a1', 'db')],
      { a1: far, a2: far, b1: far },
    ],
    ['nowhere while it is not there', aPod('p', wants(term('db'))), [], { a1: far, a2: far, b1: far }],
    [
      'unless they are the first of their own kind',
      aPod('p', { labels: { app: 'db' }, ...wants(term('db')) }),
      [],
      { a1: 'ok', a2: 'ok', b1: 'ok' },
    ],
    [
      'then with the first',
      aPod('p', { labels: { app: 'db' }, ...wants(term('db')) }),
      [at('b1', 'db')],
      { a1: far, a2: far, b1: 'ok' },
    ],
    [
      'near one pod that is all they want',
      aPod('p', wants(term('db'), { labelSelector: { matchLabels: { tier: 'x' } }, topologyKey: zone })),
      [at('a1', 'db'), at('b1', 'db', { labels: { app: 'db', tier: 'x' } })],
      { a1: far, a2: far, b1: 'ok' },
    ],
    ['away from what they avoid', aPod('p', avoids(term('db'))), [at('a1', 'db')], { a1: near, a2: near, b1: 'ok' }],
    [
      'away from those who avoid them',
      aPod('p', { labels: { app: 'web' } }),
      [at('a1', 'db', avoids(term('web', host)))],
      { a1: refused, a2: 'ok', b1: 'ok' },
    ],
    [
      'in their own namespace by default',
      aPod('p', avoids(term('db'))),
      [at('a1', 'db', { namespace: 'other' })],
      { a1: 'ok', a2: 'ok', b1: 'ok' },
    ],
    [
      'in named ones',
      aPod('p', avoids(term('db', zone, { namespaces: ['other'] }))),
      [at('a1', 'db', { namespace: 'other' })],
      { a1: near, a2: near, b1: 'ok' },
    ],
    [
      'in all by an empty selector',
      aPod('p', avoids(term('db', zone, { namespaceSelector: {} }))),
      [at('a1', 'db', { namespace: 'other' })],
      { a1: near, a2: near, b1: 'ok' },
    ],
    [
      'in those with a label',
      aPod('p', avoids(term('db', zone, { namespaceSelector: { matchLabels: { team: 'red' } } }))),
      [at('a1', 'db', { namespace: 'other' }), at('b1', 'db')],
      { a1: near, a2: near, b1: 'ok' },
    ],
  ])('%s', (_, pod, placed, expected) => {
    const namespaces = { default: {}, other: { team: 'red' } };
    expect(verdicts(interPodAffinityFilter, pod, { nodes, placed, namespaces })).toEqual(expected);
  });

  test('off nodes without the topology they ask for', () => {
    const given = { nodes: [...nodes, aNode('nowhere')], placed: [at('a1', 'db')] };
    expect(verdicts(interPodAffinityFilter, aPod('p', wants(term('db'))), given)).toMatchObject({ nowhere: far });
    expect(verdicts(interPodAffinityFilter, aPod('p', avoids(term('db'))), given)).toMatchObject({ nowhere: 'ok' });
  });
});

describe('InterPodAffinity prefers', () => {
  const prefers = (kind: 'podAffinity' | 'podAntiAffinity', ...terms: [number, PodAffinityTerm][]): PodTraits => ({
    affinity: {
      [kind]: {
        preferredDuringSchedulingIgnoredDuringExecution: terms.map(([weight, podAffinityTerm]) => ({
          weight,
          podAffinityTerm,
        })),
      },
    },
  });

  test.each([
    [
      'what it wants near, by weight and number',
      aPod('p', prefers('podAffinity', [5, term('db', host)])),
      [at('a1', 'db'), at('b1', 'db'), at('b1', 'db', { uid: '2' })],
      { a1: 50, a2: 0, b1: 100 },
    ],
    [
      'to be away from what it avoids',
      aPod('p', prefers('podAntiAffinity', [5, term('db')])),
      [at('a1', 'db')],
      { a1: 0, a2: 0, b1: 100 },
    ],
    [
      'where others want it',
      aPod('p', { labels: { app: 'web' } }),
      [at('b1', 'db', prefers('podAffinity', [3, term('web')]))],
      { a1: 0, a2: 0, b1: 100 },
    ],
    [
      'where others need it',
      aPod('p', { labels: { app: 'web' } }),
      [at('b1', 'db', wants(term('web')))],
      { a1: 0, a2: 0, b1: 100 },
    ],
    [
      'not where others avoid it',
      aPod('p', { labels: { app: 'web' } }),
      [at('b1', 'db', prefers('podAntiAffinity', [3, term('web')]))],
      { a1: 100, a2: 100, b1: 0 },
    ],
  ])('%s', (_, pod, placed, expected) =>
    expect(scores(interPodAffinityScore, pod, { nodes, placed })).toEqual(expected),
  );

  test('nothing where nobody minds', () => {
    expect(scores(interPodAffinityScore, aPod('p'), { nodes, placed: [at('a1', 'db')] })).toBeUndefined();
  });
});
