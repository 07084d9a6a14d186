import { describe, expect, test } from 'vitest';
import {
  podTopologySpreadFilter,
  podTopologySpreadScore,
} from '../../../../../actors/scheduler/plugins/pod-topology-spread.ts';
import type { TopologySpreadConstraint } from '../../../../../streams/resources/pod.ts';
import { aNode, aPod, type PodTraits, scores, verdicts } from '../../../../kit/scheduling.ts';

const zone = 'topology.kubernetes.io/zone';
const host = 'kubernetes.io/hostname';
const no = "node(s) didn't match pod topology spread constraints";
const unlabelled = `${no} (missing required label) (unresolvable)`;

const nodes = [
  aNode('a1', { labels: { [zone]: 'a' } }),
  aNode('a2', { labels: { [zone]: 'a' } }),
  aNode('b1', { labels: { [zone]: 'b' } }),
];
const web = { app: 'web' };
const on = (node: string, count: number, traits: PodTraits = {}) =>
  Array.from({ length: count }, (_, i) =>
    aPod(`${node}-${i}-${JSON.stringify(traits)}`, { nodeName: node, labels: web, ...traits }),
  );

const spread = (constraint: Partial<TopologySpreadConstraint> = {}, traits: PodTraits = {}) =>
  aPod('p', {
    labels: web,
    topologySpreadConstraints: [
      {
        maxSkew: 1,
        topologyKey: zone,
        whenUnsatisfiable: 'DoNotSchedule',
        labelSelector: { matchLabels: web },
        ...constraint,
      },
    ],
    ...traits,
  });

describe('PodTopologySpread keeps pods off nodes where the skew would be too large', () => {
  test.each([
    ['everything is open at first', spread(), [], { a1: 'ok', a2: 'ok', b1: 'ok' }],
    ['then the emptier zone', spread(), on('a1', 1), { a1: no, a2: no, b1: 'ok' }],
    ['up to maxSkew', spread({ maxSkew: 2 }), on('a1', 1), { a1: 'ok', a2: 'ok', b1: 'ok' }],
    [
      'no node has a label that only objects have',
      spread({ topologyKey: 'constructor' }),
      [],
      { a1: unlabelled, a2: unlabelled, b1: unlabelled },
    ],
    ['host by host', spread({ topologyKey: host }), on('a1', 1), { a1: no, a2: 'ok', b1: 'ok' }],
    [
      'pods of other labels do not count',
      spread(),
      on('a1', 1, { labels: { app: 'db' } }),
      { a1: 'ok', a2: 'ok', b1: 'ok' },
    ],
    ['nor of other namespaces', spread(), on('a1', 1, { namespace: 'other' }), { a1: 'ok', a2: 'ok', b1: 'ok' }],
    ['nor those on their way out', spread(), on('a1', 1, { deleting: true }), { a1: 'ok', a2: 'ok', b1: 'ok' }],
    [
      'a pod that does not match itself adds nothing',
      spread({}, { labels: { app: 'x' } }),
      on('a1', 1),
      { a1: 'ok', a2: 'ok', b1: 'ok' },
    ],
    [
      'no selector matches nothing',
      aPod('p', { topologySpreadConstraints: [{ maxSkew: 1, topologyKey: zone, whenUnsatisfiable: 'DoNotSchedule' }] }),
      on('a1', 3),
      { a1: 'ok', a2: 'ok', b1: 'ok' },
    ],
    [
      'too few domains count as an empty one',
      spread({ minDomains: 3 }),
      [...on('a1', 1), ...on('b1', 1)],
      { a1: no, a2: no, b1: no },
    ],
    ['enough do not', spread({ minDomains: 2 }), [...on('a1', 1), ...on('b1', 1)], { a1: 'ok', a2: 'ok', b1: 'ok' }],
    [
      'ScheduleAnyway keeps nobody off',
      spread({ whenUnsatisfiable: 'ScheduleAnyway' }),
      on('a1', 5),
      { a1: 'ok', a2: 'ok', b1: 'ok' },
    ],
    [
      'matchLabelKeys narrows to the own value',
      spread({ matchLabelKeys: ['version'] }, { labels: { ...web, version: '2' } }),
      on('a1', 3, { labels: { ...web, version: '1' } }),
      { a1: 'ok', a2: 'ok', b1: 'ok' },
    ],
    [
      'zones the pod may not enter do not count as empty',
      spread({}, { nodeSelector: { [zone]: 'a' } }),
      on('a1', 3),
      { a1: 'ok', a2: 'ok', b1: 'ok' },
    ],
    [
      'unless it is told to ignore that',
      spread({ nodeAffinityPolicy: 'Ignore' }, { nodeSelector: { [zone]: 'a' } }),
      on('a1', 3),
      { a1: no, a2: no, b1: 'ok' },
    ],
  ])('%s', (_, pod, placed, expected) => {
    expect(verdicts(podTopologySpreadFilter, pod, { nodes, placed })).toEqual(expected);
  });

  test('a node without the label does not qualify', () => {
    const given = { nodes: [aNode('a', { labels: { [zone]: 'a' } }), aNode('nowhere')] };
    expect(verdicts(podTopologySpreadFilter, spread(), given)).toEqual({ a: 'ok', nowhere: unlabelled });
  });

  test('a tainted zone counts, unless taints are honoured', () => {
    const taints = [{ key: 'k', effect: 'NoSchedule' as const }];
    const given = {
      nodes: [nodes[0], aNode('b1', { labels: { [zone]: 'b' }, taints })].flatMap((n) => n ?? []),
      placed: on('a1', 1),
    };
    expect(verdicts(podTopologySpreadFilter, spread(), given)).toEqual({ a1: no, b1: 'ok' });
    expect(verdicts(podTopologySpreadFilter, spread({ nodeTaintsPolicy: 'Honor' }), given)).toEqual({
      a1: 'ok',
      b1: 'ok',
    });
  });
});

describe('PodTopologySpread prefers the emptier domains', () => {
  const soft = (constraint: Partial<TopologySpreadConstraint> = {}) =>
    spread({ whenUnsatisfiable: 'ScheduleAnyway', ...constraint });

  test.each([
    // Raw scores: 3 pods in zone a, 1 in b, times ln(2 + 2) = 1.386, plus maxSkew - 1 = 0: 4 and 1; 100 * (4 + 1 - s) / 4.
    ['zone by zone', soft(), [...on('a1', 2), ...on('a2', 1), ...on('b1', 1)], { a1: 25, a2: 25, b1: 100 }],
    // ln(3 + 2) = 1.609: 3, 2, 0 → 100 * (3 + 0 - s) / 3.
    ['host by host', soft({ topologyKey: host }), [...on('a1', 2), ...on('a2', 1)], { a1: 0, a2: 33, b1: 100 }],
    ['all alike where nothing stands yet', soft(), [], { a1: 100, a2: 100, b1: 100 }],
  ])('%s', (_, pod, placed, expected) =>
    expect(scores(podTopologySpreadScore, pod, { nodes, placed })).toEqual(expected),
  );

  test('a node without the label comes last', () => {
    const given = { nodes: [...nodes, aNode('nowhere')], placed: on('a1', 1) };
    expect(scores(podTopologySpreadScore, soft(), given)).toEqual({ a1: 0, a2: 0, b1: 100, nowhere: 0 });
  });

  test('replicas are spread over hosts and zones even if nobody asks for it', () => {
    const replica = aPod('p', { labels: web, owner: 'ReplicaSet' });
    const ranked = scores(podTopologySpreadScore, replica, { nodes, placed: on('a1', 4) });
    expect(ranked?.b1).toBe(100);
    expect(ranked?.a1).toBeLessThan(ranked?.a2 ?? 0);
    expect(ranked?.a2).toBeLessThan(100);
  });

  test('a pod of its own is not', () => {
    expect(scores(podTopologySpreadScore, aPod('p', { labels: web }), { nodes, placed: on('a1', 4) })).toBeUndefined();
  });

  test('replicas of a StatefulSet are alike but for their own names', () => {
    const replica = (i: number, node?: string) =>
      aPod(`db-${i}`, {
        owner: 'StatefulSet',
        labels: { app: 'db', 'statefulset.kubernetes.io/pod-name': `db-${i}`, 'apps.kubernetes.io/pod-index': `${i}` },
        ...(node && { nodeName: node }),
      });
    const ranked = scores(podTopologySpreadScore, replica(2), { nodes, placed: [replica(0, 'a1'), replica(1, 'a1')] });
    expect(ranked?.b1).toBe(100);
    expect(ranked?.a1).toBeLessThan(100);
  });
});
