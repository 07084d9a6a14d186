import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ClusterSnapshot } from '../../../../actors/scheduler/cluster-snapshot.ts';
import { defaultProfile } from '../../../../actors/scheduler/default-profile.ts';
import type { Profile } from '../../../../actors/scheduler/framework.ts';
import { type Finding, feasibleNodesWanted, SchedulingCycle } from '../../../../actors/scheduler/scheduling-cycle.ts';
import { seededRandom } from '../../../../streams/base/random.ts';
import type { Taint } from '../../../../streams/resources/node.ts';
import type { Pod } from '../../../../streams/resources/pod.ts';
import { aNode, aPod, aScene } from '../../../kit/scheduling.ts';

const zone = 'topology.kubernetes.io/zone';
const cycleOver = (cluster: ClusterSnapshot, profile: Profile = defaultProfile, seed = 1) =>
  new SchedulingCycle({ profile, cluster, random: seededRandom(seed) });

const taints: readonly Taint[] = [
  { key: 'k', effect: 'NoSchedule' },
  { key: 'k', effect: 'PreferNoSchedule' },
];
const action = fc.oneof(
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('node' as const),
      name: fc.nat(7),
      cpu: fc.integer({ min: 1, max: 8 }),
      zone: fc.nat(2),
      taint: fc.nat(4),
      cordoned: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('leave' as const), pod: fc.nat(30) }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('pod' as const), template: fc.nat(5) }) },
);

const templates = [
  { cpu: '500m', memory: '1Gi' },
  { cpu: '1', memory: '256Mi', tolerations: [{ operator: 'Exists' as const }] },
  { cpu: '250m', labels: { app: 'web' }, owner: 'ReplicaSet' },
  {
    labels: { app: 'lone' },
    affinity: {
      podAntiAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: [
          { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { app: 'lone' } } },
        ],
      },
    },
  },
  {
    cpu: '100m',
    labels: { app: 'even' },
    topologySpreadConstraints: [
      {
        maxSkew: 1,
        topologyKey: zone,
        whenUnsatisfiable: 'DoNotSchedule' as const,
        labelSelector: { matchLabels: { app: 'even' } },
      },
    ],
  },
  { cpu: '2', nodeSelector: { [zone]: 'z1' }, hostPort: 80 },
];

/** What does not depend on chance: the texts, and what the best node scored. */
function gist(finding: Finding) {
  if (finding.kind === 'none') return { message: finding.message, rejectedBy: [...finding.rejectedBy].sort() };
  const [best, ...others] = finding.scores;
  return { feasible: finding.feasible, best: best?.total, next: others.map(({ total }) => total) };
}

test('what is remembered of a shape is what asking anew would say', () => {
  fc.assert(
    fc.property(fc.array(action, { minLength: 5, maxLength: 60, size: 'max' }), (actions) => {
      const { cluster, shapes } = aScene({
        nodes: [aNode('n0', { labels: { [zone]: 'z0' } }), aNode('n1', { labels: { [zone]: 'z1' } })],
      });
      const remembering = cycleOver(cluster);
      const placed: string[] = [];
      for (const [i, step] of actions.entries()) {
        if (step.kind === 'node') {
          const taint = taints[step.taint];
          cluster.setNode(
            aNode(`n${step.name}`, {
              cpu: `${step.cpu}`,
              labels: { [zone]: `z${step.zone}` },
              unschedulable: step.cordoned,
              ...(taint && { taints: [taint] }),
            }),
          );
        } else if (step.kind === 'leave') {
          cluster.displace(placed[step.pod] ?? '');
        } else {
          const info = shapes.acquire(aPod(`p${i}`, templates[step.template] ?? {}));
          const finding = remembering.schedule(info);
          expect(gist(finding)).toEqual(gist(cycleOver(cluster).schedule(info)));
          if (finding.kind === 'found') cluster.place(info, finding.node.name);
          placed.push(info.uid);
        }
      }
    }),
    { numRuns: 200 },
  );
});

describe('the search', () => {
  test.each([
    [50, 0, 50],
    [99, 0, 99],
    [100, 0, 100],
    [200, 0, 100],
    [1_000, 0, 420],
    [5_000, 0, 500],
    [6_000, 0, 300],
    [50_000, 0, 2_500],
    [5_000, 30, 1_500],
    [5_000, 100, 5_000],
    [150, 10, 100],
  ])('among %i nodes at %i %% stops at %i that suit', (nodes, percentage, wanted) => {
    expect(feasibleNodesWanted(nodes, percentage)).toBe(wanted);
  });

  test('goes on where it ended, so that every node gets its turn', () => {
    const { cluster, shapes } = aScene({ nodes: Array.from({ length: 1_000 }, (_, i) => aNode(`n${i}`)) });
    const cycle = cycleOver(cluster);
    const chosen = new Set<number>();
    for (let i = 0; i < 3; i++) {
      const finding = cycle.schedule(shapes.acquire(aPod(`p${i}`)));
      expect(finding).toMatchObject({ nodes: 1_000, examined: 420, feasible: 420 });
      if (finding.kind === 'found')
        chosen.add(Math.floor((Number(finding.node.name.slice(1)) + 1_000 - 420 * i) % 1_000));
    }
    for (const offset of chosen) expect(offset).toBeLessThan(420);
  });

  test('does not stop before it has found enough', () => {
    const nodes = Array.from({ length: 1_000 }, (_, i) => aNode(`n${i}`, { unschedulable: i !== 999 }));
    const { cluster, shapes } = aScene({ nodes });
    expect(cycleOver(cluster).schedule(shapes.acquire(aPod('p')))).toMatchObject({
      kind: 'found',
      examined: 1_000,
      feasible: 1,
    });
  });
});

describe('of nodes that score alike', () => {
  const chosen = (seed: number) => {
    const { cluster, shapes } = aScene({ nodes: Array.from({ length: 4 }, (_, i) => aNode(`n${i}`)) });
    const cycle = cycleOver(cluster, defaultProfile, seed);
    return Array.from({ length: 200 }, () => {
      const finding = cycle.schedule(shapes.acquire(aPod('p')));
      return finding.kind === 'found' ? finding.node.name : '';
    });
  };

  test('each is taken about as often', () => {
    const counts = Map.groupBy(chosen(1), (name) => name);
    expect(counts.size).toBe(4);
    for (const taken of counts.values()) expect(taken.length).toBeGreaterThan(25);
  });

  test('the same seed takes the same', () => {
    expect(chosen(7)).toEqual(chosen(7));
    expect(chosen(7)).not.toEqual(chosen(8));
  });
});

describe("a user's own plugin", () => {
  const pod: Pod = aPod('p');

  test('is asked beside the others and named in the verdicts', () => {
    const { cluster, shapes } = aScene({ nodes: [aNode('a'), aNode('b')] });
    const rejection = { plugin: 'Mine', reasons: ['node(s) are not mine'], resolvable: false };
    const profile: Profile = {
      ...defaultProfile,
      filters: [
        ...defaultProfile.filters,
        {
          name: 'Mine',
          scope: 'node',
          preFilter: () => ({ kind: 'filter', filter: ({ name }) => (name === 'a' ? rejection : undefined) }),
          wakesOn: () => true,
        },
      ],
    };
    expect(cycleOver(cluster, profile).schedule(shapes.acquire(pod))).toMatchObject({
      node: { name: 'b' },
      verdicts: [{ node: 'a', rejection }],
    });
  });

  test('can outweigh them', () => {
    const { cluster, shapes } = aScene({ nodes: [aNode('a', { cpu: '1' }), aNode('b', { cpu: '64' })] });
    const profile: Profile = {
      ...defaultProfile,
      scores: [
        ...defaultProfile.scores,
        {
          weight: 100,
          plugin: {
            name: 'Mine',
            scope: 'cluster',
            preScore:
              () =>
              ({ name }) =>
                name === 'a' ? 100 : 0,
          },
        },
      ],
    };
    const finding = cycleOver(cluster, profile).schedule(shapes.acquire(pod));
    expect(finding).toMatchObject({
      node: { name: 'a' },
      scores: [{ plugins: { Mine: 10_000 } }, { plugins: { Mine: 0 } }],
    });
  });

  test('two that allow no node in common suit no node', () => {
    const { cluster, shapes } = aScene({ nodes: [aNode('a'), aNode('b')] });
    const only = (name: string, node: string): Profile['filters'][number] => ({
      name,
      scope: 'cluster',
      preFilter: () => ({ kind: 'filter', filter: () => undefined, nodes: new Set([node]) }),
      wakesOn: () => true,
    });
    const profile: Profile = { ...defaultProfile, filters: [only('First', 'a'), only('Second', 'b')], postFilters: [] };
    expect(cycleOver(cluster, profile).schedule(shapes.acquire(pod))).toMatchObject({
      kind: 'none',
      message: "0/2 nodes are available: node(s) didn't satisfy plugin(s) [First Second] simultaneously.",
    });
  });
});
