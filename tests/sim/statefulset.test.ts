// Stateful sets in a whole cluster, under random histories: pods come from the bottom up and go from the top down, one
// step waiting for the other, and every history ends with the pods that were asked for.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { firstOrdinal, ordinalOf } from '../../actors/controllers/statefulset/ordinals.ts';
import { podRevision } from '../../actors/controllers/statefulset/stateful-pod.ts';
import { isPodTerminal } from '../../actors/pod/pod-conditions.ts';
import { seededRandom } from '../../streams/base/random.ts';
import type { Pod } from '../../streams/resources/pod.ts';
import type { IntOrString, StatefulSet, StatefulSetSpec } from '../../streams/resources/workload.ts';
import { LiveCluster } from '../kit/live-cluster.ts';
import { isUp, type PodMove, watchPods } from '../kit/pod-ledger.ts';
import { aStatefulSet, template } from '../kit/workloads.ts';

const controller = 'system:serviceaccount:kube-system:statefulset-controller';
const seed = fc.integer({ min: 1, max: 1_000_000 });
const images = fc.constantFrom('nginx:1', 'nginx:2', 'nginx:3');

const step = fc.oneof(
  fc.record({ kind: fc.constant('delete' as const) }),
  fc.record({ kind: fc.constant('fail' as const) }),
  fc.record({ kind: fc.constant('replicas' as const), replicas: fc.integer({ min: 0, max: 6 }) }),
  fc.record({ kind: fc.constant('image' as const), image: images }),
  fc.record({ kind: fc.constant('partition' as const), partition: fc.integer({ min: 0, max: 4 }) }),
  fc.record({ kind: fc.constant('start' as const), start: fc.integer({ min: 0, max: 2 }) }),
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;
const history = fc.array(fc.tuple(step, fc.integer({ min: 0, max: 12_000 })), { maxLength: 14 });

function setOf(cluster: LiveCluster): StatefulSet {
  const set = cluster.get<StatefulSet>('StatefulSet', 'web');
  if (set === undefined) throw new Error('the stateful set is gone');
  return set;
}

function respec(cluster: LiveCluster, change: (spec: StatefulSetSpec) => StatefulSetSpec): Promise<void> {
  return cluster.change<StatefulSet>('StatefulSet', 'web', (set) => ({ ...set, spec: change(set.spec) }));
}

async function play(cluster: LiveCluster, step: Step, pick: (bound: number) => number): Promise<void> {
  const pods = cluster.list<Pod>('Pod').filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  const victim = pods[pick(pods.length)]?.metadata.name;
  switch (step.kind) {
    case 'delete':
      return victim === undefined ? undefined : cluster.remove('Pod', victim);
    case 'fail': {
      const fail = (pod: Pod): Pod => ({ ...pod, status: { ...pod.status, phase: 'Failed' } });
      return victim === undefined ? undefined : cluster.change<Pod>('Pod', victim, fail, 'status');
    }
    case 'image':
      return respec(cluster, (spec) => ({ ...spec, template: template(step.image) }));
    case 'partition':
      return respec(cluster, (spec) => ({
        ...spec,
        updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: step.partition } },
      }));
    case 'replicas':
      return respec(cluster, (spec) => ({ ...spec, replicas: step.replicas }));
    case 'start':
      return respec(cluster, (spec) => ({ ...spec, ordinals: { start: step.start } }));
  }
}

function isSettled(cluster: LiveCluster): boolean {
  const { metadata, spec, status } = setOf(cluster);
  const partition = spec.updateStrategy?.rollingUpdate?.partition ?? 0;
  const replicas = spec.replicas ?? 1;
  return (
    status?.observedGeneration === metadata.generation &&
    status?.replicas === replicas &&
    status.availableReplicas === replicas &&
    (status.updatedReplicas ?? 0) >= replicas - partition
  );
}

/** What the law of ordered pods says of one move of the controller. */
function offence(set: StatefulSet, { kind, pod, seen, at }: PodMove): string | undefined {
  const first = firstOrdinal(set);
  const ordinal = ordinalOf(set, pod.metadata.name) ?? -1;
  const inRange = ordinal >= first && ordinal < first + (set.spec.replicas ?? 1);
  const down = (from: number, to: number) =>
    Array.from({ length: Math.max(0, to - from) }, (_, i) => `web-${from + i}`).find((name) => !isUp(seen.get(name)));
  if (kind === 'created') {
    const waited = down(first, ordinal);
    return waited === undefined ? undefined : `${at} while ${waited} was not up`;
  }
  if (isPodTerminal(pod)) return undefined;
  if (!inRange) {
    const above = [...seen.values()].find((other) => (ordinalOf(set, other.metadata.name) ?? -1) > ordinal);
    return above === undefined || ordinal < first ? undefined : `${at} before ${above.metadata.name} was gone`;
  }
  const waited = down(ordinal + 1, first + (set.spec.replicas ?? 1));
  if (waited !== undefined) return `${at} for an update while ${waited} was not up`;
  const partition = set.spec.updateStrategy?.rollingUpdate?.partition ?? 0;
  return ordinal < first + partition ? `${at} below the partition ${partition}` : undefined;
}

describe('an ordered stateful set', () => {
  test('makes no pod before those below it are up, and takes none away before those above it are gone or renewed', async () => {
    await fc.assert(
      fc.asyncProperty(seed, history, async (seed, steps) => {
        const cluster = await LiveCluster.start({ seed });
        const random = seededRandom(`${seed}/steps`);
        await cluster.create(aStatefulSet());
        const offences: string[] = [];
        // A spec changes at once, while a step that was decided before is still under way: laws are held against both.
        let [before, set] = [setOf(cluster), setOf(cluster)];
        cluster.view.listen(({ ref, current, previous }) => {
          if (ref.resource !== 'statefulsets') return;
          if (previous?.object.metadata.generation === current.object.metadata.generation) return;
          [before, set] = [set, current.object as StatefulSet];
        });
        watchPods(
          cluster,
          () => true,
          (move) => {
            if (move.by !== controller) return;
            const found = offence(set, move);
            if (found !== undefined && offence(before, move) !== undefined) offences.push(found);
          },
        );
        for (const [step, afterMs] of steps) {
          await cluster.clock.advance(afterMs);
          await play(cluster, step, (bound) => random.int(bound));
        }
        await cluster.until('it is settled', () => isSettled(cluster));
        await cluster.pass(10);
        expect(offences).toEqual([]);
        const { spec, status } = setOf(cluster);
        const first = spec.ordinals?.start ?? 0;
        const names = Array.from({ length: spec.replicas ?? 1 }, (_, i) => `web-${first + i}`);
        const pods = cluster.list<Pod>('Pod');
        expect(pods.map(({ metadata }) => metadata.name).toSorted()).toEqual(names);
        expect(pods.every(isUp)).toBe(true);
        for (const pod of pods) {
          const ordinal = Number(pod.metadata.labels?.['apps.kubernetes.io/pod-index']);
          expect(pod.spec.hostname).toBe(`web-${ordinal}`);
          if (ordinal >= first + (spec.updateStrategy?.rollingUpdate?.partition ?? 0)) {
            expect(podRevision(pod)).toBe(status?.updateRevision);
            expect(pod.spec.containers[0]?.image).toBe(spec.template.spec.containers[0]?.image);
          }
        }
        await cluster.stop();
        expect(cluster.anomalies).toEqual([]);
        expect(cluster.complaints).toEqual([]);
      }),
      { numRuns: 30 },
    );
  });
});

describe('a roll-out', () => {
  const strategy = fc.record({
    partition: fc.integer({ min: 0, max: 3 }),
    maxUnavailable: fc.oneof(fc.constant(undefined), fc.integer({ min: 1, max: 4 }), fc.constantFrom('25%', '60%')),
  });
  const policy = fc.constantFrom('OrderedReady' as const, 'Parallel' as const);
  const rounds = fc.array(fc.tuple(images, fc.integer({ min: 0, max: 12_000 })), { minLength: 1, maxLength: 4 });

  test('never has more pods down than it may, and leaves those below the partition alone', async () => {
    await fc.assert(
      fc.asyncProperty(seed, policy, strategy, rounds, async (seed, podManagementPolicy, given, rounds) => {
        const { partition, maxUnavailable } = given;
        // Where pods are made side by side and no bound is given, a roll-out that overtakes another promises nothing.
        const promising = podManagementPolicy === 'OrderedReady' || maxUnavailable !== undefined;
        const rollingUpdate = { partition, ...(maxUnavailable === undefined ? undefined : { maxUnavailable }) };
        const cluster = await LiveCluster.start({ seed });
        await cluster.create(
          aStatefulSet({ replicas: 5, podManagementPolicy, updateStrategy: { type: 'RollingUpdate', rollingUpdate } }),
        );
        await cluster.until('it is settled', () => isSettled(cluster));
        const most = boundOf(maxUnavailable);
        const broken: string[] = [];
        cluster.view.listen(({ ref, type, event }) => {
          if (ref.resource !== 'pods') return;
          const up = cluster.list<Pod>('Pod').filter(isUp).length;
          if (5 - up > most) broken.push(`revision ${event.revision}: ${5 - up} down > ${most}`);
          if (type === 'DELETED' && Number(ref.name.slice(4)) < partition) broken.push(`${ref.name} was replaced`);
        });
        for (const [image, afterMs] of promising ? rounds : rounds.slice(0, 1)) {
          await respec(cluster, (spec) => ({ ...spec, template: template(image) }));
          await cluster.clock.advance(afterMs);
        }
        await cluster.until('the last roll-out is done', () => isSettled(cluster));
        expect(broken).toEqual([]);
        await cluster.stop();
        expect(cluster.anomalies).toEqual([]);
        expect(cluster.complaints).toEqual([]);
      }),
      { numRuns: 30 },
    );
  });

  function boundOf(maxUnavailable: IntOrString | undefined): number {
    if (typeof maxUnavailable === 'number') return maxUnavailable;
    return Math.max(1, Math.floor((5 * Number.parseInt(maxUnavailable ?? '20', 10)) / 100));
  }
});
