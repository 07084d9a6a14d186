// Daemon sets in a whole cluster, under random histories of nodes and pods: a node that fits has one pod (while an update
// surges, two), nodes that do not fit end without one, and a roll-out keeps to its bounds.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { targetNode } from '../../actors/controllers/daemonset/daemon-pod.ts';
import { nodeFitOf } from '../../actors/controllers/daemonset/node-fit.ts';
import { allowsSurge } from '../../actors/controllers/daemonset/rolling-update.ts';
import { seededRandom } from '../../streams/base/random.ts';
import type { Node, Taint } from '../../streams/resources/node.ts';
import type { Pod } from '../../streams/resources/pod.ts';
import type { DaemonSet, DaemonSetSpec } from '../../streams/resources/workload.ts';
import { LiveCluster } from '../kit/live-cluster.ts';
import { isUp } from '../kit/pod-ledger.ts';
import { aDaemonSet, template } from '../kit/workloads.ts';

const seed = fc.integer({ min: 1, max: 1_000_000 });
const image = fc.constantFrom('nginx:1', 'nginx:2', 'nginx:3');
const rolling = fc.constantFrom(
  { maxUnavailable: 1, maxSurge: 0 },
  { maxUnavailable: 3, maxSurge: 0 },
  { maxUnavailable: '40%', maxSurge: 0 },
  { maxUnavailable: 0, maxSurge: 1 },
  { maxUnavailable: 0, maxSurge: '50%' },
);

const step = fc.oneof(
  fc.record({ kind: fc.constantFrom('delete' as const, 'fail' as const, 'label' as const, 'unlabel' as const) }),
  fc.record({ kind: fc.constantFrom('taint' as const, 'untaint' as const, 'join' as const) }),
  fc.record({ kind: fc.constant('image' as const), image }),
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;
const history = fc.array(fc.tuple(step, fc.integer({ min: 0, max: 9_000 })), { maxLength: 14 });

function setOf(cluster: LiveCluster): DaemonSet {
  const set = cluster.get<DaemonSet>('DaemonSet', 'web');
  if (set === undefined) throw new Error('the daemon set is gone');
  return set;
}

function respec(cluster: LiveCluster, change: (spec: DaemonSetSpec) => DaemonSetSpec): Promise<void> {
  return cluster.change<DaemonSet>('DaemonSet', 'web', (set) => ({ ...set, spec: change(set.spec) }));
}

const labelled = (tier: string | undefined) => (node: Node) => {
  const { tier: _, ...labels } = node.metadata.labels ?? {};
  return { ...node, metadata: { ...node.metadata, labels: tier === undefined ? labels : { ...labels, tier } } };
};
const tainted = (taints: readonly Taint[]) => (node: Node) => ({ ...node, spec: { ...node.spec, taints } });

async function play(cluster: LiveCluster, step: Step, pick: (bound: number) => number): Promise<void> {
  const pods = cluster.list<Pod>('Pod').filter(isStaying);
  const nodes = cluster.list<Node>('Node');
  const victim = pods[pick(pods.length)]?.metadata.name ?? '';
  const node = nodes[pick(nodes.length)]?.metadata.name ?? '';
  const effect = pick(2) === 0 ? 'NoSchedule' : 'NoExecute';
  switch (step.kind) {
    case 'delete':
      return cluster.remove('Pod', victim);
    case 'fail':
      return cluster.change<Pod>('Pod', victim, (pod) => ({ ...pod, status: { phase: 'Failed' } }), 'status');
    case 'label':
      return cluster.change<Node>('Node', node, labelled('front'));
    case 'unlabel':
      return cluster.change<Node>('Node', node, labelled(undefined));
    case 'taint':
      return cluster.change<Node>('Node', node, tainted([{ key: 'busy', effect }]));
    case 'untaint':
      return cluster.change<Node>('Node', node, tainted([]));
    case 'join':
      return cluster.settled(cluster.nodes.join(`node-${nodes.length + 1}`));
    case 'image':
      return respec(cluster, (spec) => ({ ...spec, template: templateOf(step.image) }));
  }
}

/** Half of the histories' nodes come and go by their label. */
function templateOf(image: string, selecting = true): DaemonSetSpec['template'] {
  const { metadata, spec } = template(image);
  return { ...(metadata && { metadata }), spec: selecting ? { ...spec, nodeSelector: { tier: 'front' } } : spec };
}

function isStaying({ metadata }: Pod): boolean {
  return metadata.deletionTimestamp === undefined;
}

function podsByNode(cluster: LiveCluster): Map<string, Pod[]> {
  const byNode = new Map<string, Pod[]>();
  for (const pod of cluster.list<Pod>('Pod')) {
    const node = targetNode(pod) ?? 'nowhere';
    byNode.set(node, [...(byNode.get(node) ?? []), pod]);
  }
  return byNode;
}

function isSettled(cluster: LiveCluster): boolean {
  const { metadata, status } = setOf(cluster);
  if (status === undefined || status.observedGeneration !== metadata.generation) return false;
  const { desiredNumberScheduled: desired, currentNumberScheduled, numberMisscheduled } = status;
  return (
    currentNumberScheduled === desired &&
    numberMisscheduled === 0 &&
    (status.numberAvailable ?? 0) === desired &&
    (status.updatedNumberScheduled ?? 0) === desired &&
    cluster.list<Pod>('Pod').length === desired
  );
}

test('a daemon set has one pod on each node that fits, whatever happens to nodes and pods', async () => {
  await fc.assert(
    fc.asyncProperty(seed, rolling, history, async (seed, rollingUpdate, steps) => {
      const cluster = await LiveCluster.start({ seed, nodes: 4 });
      const random = seededRandom(`${seed}/steps`);
      for (const node of ['node-1', 'node-2', 'node-3']) await cluster.change<Node>('Node', node, labelled('front'));
      const updateStrategy = { type: 'RollingUpdate' as const, rollingUpdate };
      await cluster.create(aDaemonSet({ template: templateOf('nginx:1'), updateStrategy }));
      const most = allowsSurge(setOf(cluster)) ? 2 : 1;
      const crowded: string[] = [];
      cluster.view.listen(({ ref, type, event }) => {
        if (ref.resource !== 'pods' || type !== 'ADDED') return;
        for (const [node, pods] of podsByNode(cluster)) {
          const staying = most === 1 ? pods : pods.filter(isStaying);
          if (staying.length > most) crowded.push(`revision ${event.revision}: ${staying.length} pods on ${node}`);
        }
      });
      for (const [step, afterMs] of steps) {
        await cluster.clock.advance(afterMs);
        await play(cluster, step, (bound) => random.int(bound));
      }
      // A node that was tainted NoSchedule may keep a pod of an old template for ever: nobody may start a new one there.
      for (const { metadata } of cluster.list<Node>('Node')) {
        await cluster.change<Node>('Node', metadata.name, tainted([]));
      }
      await cluster.until('it is settled', () => isSettled(cluster));
      await cluster.pass(10);
      expect(crowded).toEqual([]);
      const set = setOf(cluster);
      const fits = nodeFitOf(set);
      const wanted = cluster.list<Node>('Node').filter((node) => fits(node).runs);
      expect([...podsByNode(cluster).keys()].toSorted()).toEqual(
        wanted.map(({ metadata }) => metadata.name).toSorted(),
      );
      for (const pod of cluster.list<Pod>('Pod')) {
        expect(pod.spec.nodeName).toBe(targetNode(pod));
        expect(isUp(pod)).toBe(true);
        expect(pod.spec.containers[0]?.image).toBe(set.spec.template.spec.containers[0]?.image);
      }
      await cluster.stop();
      expect(cluster.anomalies).toEqual([]);
      expect(cluster.complaints).toEqual([]);
    }),
    { numRuns: 30 },
  );
});

describe('a roll-out', () => {
  const rounds = fc.array(fc.tuple(image, fc.integer({ min: 0, max: 9_000 })), { minLength: 1, maxLength: 4 });
  const nodes = 5;

  const boundOf = (bound: number | string) =>
    typeof bound === 'number' ? bound : Math.ceil((nodes * Number.parseInt(bound, 10)) / 100);

  test('never leaves more nodes without an available pod, nor gives more nodes two, than it may', async () => {
    await fc.assert(
      fc.asyncProperty(seed, rolling, rounds, async (seed, rollingUpdate, rounds) => {
        const cluster = await LiveCluster.start({ seed, nodes });
        const updateStrategy = { type: 'RollingUpdate' as const, rollingUpdate };
        await cluster.create(aDaemonSet({ updateStrategy }));
        await cluster.until('it is settled', () => isSettled(cluster));
        const most = boundOf(rollingUpdate.maxUnavailable);
        const surge = boundOf(rollingUpdate.maxSurge);
        const broken: string[] = [];
        cluster.view.listen(({ ref, event }) => {
          if (ref.resource !== 'pods') return;
          const places = [...podsByNode(cluster).values()];
          const without = nodes - places.filter((pods) => pods.some(isUp)).length;
          const twice = places.filter((pods) => pods.filter(isStaying).length > 1).length;
          if (without > most) broken.push(`revision ${event.revision}: ${without} nodes without > ${most}`);
          if (twice > surge) broken.push(`revision ${event.revision}: ${twice} nodes with two > ${surge}`);
        });
        for (const [image, afterMs] of rounds) {
          await respec(cluster, (spec) => ({ ...spec, template: templateOf(image, false) }));
          await cluster.clock.advance(afterMs);
        }
        await cluster.until('the last roll-out is done', () => isSettled(cluster));
        expect(broken).toEqual([]);
        expect(cluster.list<Pod>('Pod').every(isUp)).toBe(true);
        await cluster.stop();
        expect(cluster.anomalies).toEqual([]);
        expect(cluster.complaints).toEqual([]);
      }),
      { numRuns: 30 },
    );
  });

  test('keeps as many revisions as the history may have', async () => {
    const cluster = await LiveCluster.start({ seed: 5, nodes: 2 });
    await cluster.create(aDaemonSet({ revisionHistoryLimit: 1 }));
    for (const image of ['nginx:2', 'nginx:3', 'nginx:4']) {
      await cluster.until('it is settled', () => isSettled(cluster));
      await respec(cluster, (spec) => ({ ...spec, template: template(image) }));
    }
    await cluster.until('it is settled', () => isSettled(cluster));
    await cluster.pass(5);
    const numbers = cluster
      .list('ControllerRevision')
      .map((object) => (object as unknown as { revision: number }).revision);
    expect(numbers.toSorted()).toEqual([3, 4]);
    await cluster.stop();
    expect(cluster.complaints).toEqual([]);
  });
});
