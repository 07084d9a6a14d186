import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { ClusterSnapshot } from '../../../../actors/scheduler/cluster-snapshot.ts';
import type { ClusterEvent, FilterPlugin } from '../../../../actors/scheduler/framework.ts';
import { nodeResourcesFitFilter } from '../../../../actors/scheduler/plugins/node-resources-fit.ts';
import { nodeUnschedulable } from '../../../../actors/scheduler/plugins/node-unschedulable.ts';
import { nodeVolumeLimits } from '../../../../actors/scheduler/plugins/node-volume-limits.ts';
import { prioritySort } from '../../../../actors/scheduler/plugins/priority-sort.ts';
import { volumeBinding } from '../../../../actors/scheduler/plugins/volume-binding.ts';
import { volumeRestrictions } from '../../../../actors/scheduler/plugins/volume-restrictions.ts';
import { volumeZone } from '../../../../actors/scheduler/plugins/volume-zone.ts';
import { PodShapes } from '../../../../actors/scheduler/pod-shape.ts';
import { backoffMs, type QueuedPod } from '../../../../actors/scheduler/queued-pod.ts';
import { SchedulingQueue } from '../../../../actors/scheduler/scheduling-queue.ts';
import { defined } from '../../../../streams/base/assert.ts';
import { resources } from '../../../../streams/resources/names.ts';
import type { PodVolume } from '../../../../streams/resources/storage.ts';
import { aNode, aPod, aScene, type PodTraits } from '../../../kit/scheduling.ts';

const plugins = new Map([nodeResourcesFitFilter, nodeUnschedulable].map((plugin) => [plugin.name, plugin]));
const cause = { stream: 'LOG', revision: 7 } as never;
let queue: SchedulingQueue;
let shapes: PodShapes;

beforeEach(() => {
  queue = new SchedulingQueue({ sort: prioritySort, filters: () => plugins, cluster: new ClusterSnapshot() });
  shapes = new PodShapes();
});

const add = (name: string, nowMs: number, traits: PodTraits & { gated?: boolean } = {}): QueuedPod => {
  const { gated = false, ...pod } = traits;
  return queue.add(shapes.acquire(aPod(name, pod)), { nowMs, gated, cause: null });
};
const take = (): QueuedPod => defined(queue.pop(), 'a pod is ready');
const names = () => {
  const taken: string[] = [];
  for (let pod = queue.pop(); pod !== undefined; pod = queue.pop()) taken.push(pod.info.name);
  return taken;
};
const nodeAdded = (cpu: string) =>
  ({ kind: 'nodeAdded', node: defined(aScene({ nodes: [aNode('n', { cpu })] }).cluster.node('n'), '') }) as const;

describe('ready pods are given out', () => {
  test('the important first, then those who wait longest, then in order of arrival', () => {
    add('late', 2);
    add('early', 1);
    add('twin', 2);
    add('urgent', 3, { priority: 1_000 });
    add('humble', 0, { priority: -5 });
    expect(names()).toEqual(['urgent', 'early', 'late', 'twin', 'humble']);
  });

  test('each once', () => {
    add('p', 0);
    take();
    expect(queue.pop()).toBeUndefined();
    expect(queue.isReady).toBe(false);
  });

  test('and none that has left', () => {
    add('p', 0);
    queue.remove('uid-of-p');
    expect(queue.pop()).toBeUndefined();
  });
});

describe('a pod no node suits', () => {
  test('waits until something helps', () => {
    add('p', 0, { cpu: '2' });
    queue.putUnschedulable(take(), ['NodeResourcesFit'], 0);
    expect(queue.counts).toEqual({ active: 0, backoff: 0, unschedulable: 1, gated: 0 });
    expect(queue.wake(nodeAdded('1'), { nowMs: 60_000, cause })).toBe(0);
    expect(queue.wake(nodeAdded('2'), { nowMs: 60_000, cause })).toBe(1);
    expect(take()).toMatchObject({ info: { name: 'p' }, cause, attempts: 1 });
  });

  test('is not tried while others are evicted for it, even where it changes meanwhile', () => {
    const pod = add('p', 0, { cpu: '2' });
    queue.putUnschedulable(take(), ['NodeResourcesFit'], 0);
    queue.hold(pod);
    const smaller = shapes.acquire(aPod('p', { cpu: '1' }));
    queue.update(pod, smaller, { nowMs: 60_000, gated: false, matters: true, cause });
    expect(queue.counts).toMatchObject({ active: 0, backoff: 0, unschedulable: 1 });
    queue.release('uid-of-p', 60_000, false);
    expect(queue.counts).toMatchObject({ active: 1, unschedulable: 0 });
  });

  test('is asked about only by those who turned it away', () => {
    add('p', 0, { cpu: '2' });
    queue.putUnschedulable(take(), ['NodeUnschedulable'], 0);
    expect(queue.wake(nodeAdded('1'), { nowMs: 60_000, cause })).toBe(1);
  });

  test('is woken by anything where nobody in particular turned it away', () => {
    add('p', 0);
    queue.putUnschedulable(take(), [], 0);
    expect(queue.wake({ kind: 'nodeRemoved' }, { nowMs: 60_000, cause })).toBe(1);
  });

  test('rests after its last attempt: 1 s, then twice as long each time, 10 s at most', () => {
    expect([1, 2, 3, 4, 5, 6].map((failures) => backoffMs(failures))).toEqual([
      1_000, 2_000, 4_000, 8_000, 10_000, 10_000,
    ]);
    add('p', 0, { cpu: '2' });
    queue.putUnschedulable(take(), ['NodeResourcesFit'], 0);
    queue.wake(nodeAdded('2'), { nowMs: 400, cause });
    expect(queue.counts).toMatchObject({ active: 0, backoff: 1 });
    queue.flush(999);
    expect(queue.counts).toMatchObject({ active: 0, backoff: 1 });
    queue.flush(1_000);
    expect(queue.counts).toMatchObject({ active: 1, backoff: 0 });
  });

  test('rests behind all others, but not where there are none', () => {
    add('tired', 0, { cpu: '2', priority: 10 });
    queue.putUnschedulable(take(), ['NodeResourcesFit'], 0);
    queue.wake(nodeAdded('2'), { nowMs: 400, cause });
    add('fresh', 500);
    expect(names()).toEqual(['fresh', 'tired']);
  });

  test('is tried again after five minutes, come what may', () => {
    add('p', 0);
    queue.putUnschedulable(take(), ['NodeResourcesFit'], 0);
    queue.flushUnschedulable(300_000);
    expect(queue.counts).toMatchObject({ active: 0, unschedulable: 1 });
    queue.flushUnschedulable(300_001);
    expect(queue.counts).toMatchObject({ active: 1, unschedulable: 0 });
  });

  test('is tried again when it has changed in what matters, and only then', () => {
    const queued = add('p', 0, { cpu: '9' });
    queue.putUnschedulable(take(), ['NodeResourcesFit'], 0);
    const renewed = shapes.acquire(aPod('p', { cpu: '1' }));
    queue.update(queued, renewed, { nowMs: 60_000, gated: false, matters: false, cause });
    expect(queue.isReady).toBe(false);
    queue.update(queued, renewed, { nowMs: 60_000, gated: false, matters: true, cause });
    expect(take().info).toBe(renewed);
  });
});

describe('a pod whose binding was refused', () => {
  test('rests for its full time even if the scheduler has nothing else to do', () => {
    add('p', 0);
    queue.putBack(take(), { nowMs: 0, gated: false });
    expect(queue.pop()).toBeUndefined();
    expect(queue.nextReadyAtMs).toBe(1_000);
    queue.flush(1_000);
    queue.putBack(take(), { nowMs: 1_000, gated: false });
    expect(queue.nextReadyAtMs).toBe(3_000);
  });

  test('waits for its gates where it was gated meanwhile', () => {
    add('p', 0);
    queue.putBack(take(), { nowMs: 0, gated: true });
    queue.flush(60_000);
    expect(queue.counts).toEqual({ active: 0, backoff: 0, unschedulable: 0, gated: 1 });
  });
});

describe('a gated pod', () => {
  test('is not given out and not woken until its gates are gone', () => {
    const queued = add('p', 0, { gated: true });
    expect(queue.isReady).toBe(false);
    expect(queue.wake(nodeAdded('64'), { nowMs: 1, cause })).toBe(0);
    queue.flushUnschedulable(10_000_000);
    expect(queue.pop()).toBeUndefined();
    queue.update(queued, queued.info, { nowMs: 2, gated: false, matters: true, cause });
    expect(take()).toBe(queued);
  });
});

test('a pod is in one place at a time, so it cannot be put back twice', () => {
  const queued = add('p', 0);
  queue.putUnschedulable(take(), [], 0);
  expect(() => queue.putBack(queued, { nowMs: 0, gated: false })).toThrow('only a pod that was given out is put back');
});

describe('pods with claims of their own', () => {
  const filters: readonly FilterPlugin[] = [
    volumeBinding,
    volumeZone,
    volumeRestrictions,
    nodeVolumeLimits,
    nodeResourcesFitFilter,
  ];
  let asked: { plugin: string; pod: string }[] = [];
  const noting = new Map(
    filters.map((plugin) => [
      plugin.name,
      {
        ...plugin,
        wakesOn: (...[event, shape, at]: Parameters<FilterPlugin['wakesOn']>) => {
          asked.push({ plugin: plugin.name, pod: at.pod.name });
          return plugin.wakesOn(event, shape, at);
        },
      } as FilterPlugin,
    ]),
  );
  const claiming = (name: string): PodTraits => ({
    volumes: [{ name: 'data', persistentVolumeClaim: { claimName: `of-${name}` } } satisfies PodVolume],
  });
  const object = (kind: keyof typeof resources, name: string, namespace?: string): ClusterEvent => ({
    kind: 'objectChanged',
    change: 'ADDED',
    resource: resources[kind],
    object: { apiVersion: 'v1', kind: 'x', metadata: { name, uid: name, ...(namespace && { namespace }) } },
    previous: undefined,
  });
  const cluster = new ClusterSnapshot();

  beforeEach(() => {
    queue = new SchedulingQueue({ sort: prioritySort, filters: () => noting, cluster });
    asked = [];
  });

  /** Puts them where they wait, each turned away by these. */
  const wait = (pods: readonly { readonly name: string; readonly rejectedBy: readonly string[] }[]) => {
    for (const { name } of pods) add(name, 0, claiming(name));
    const rejectedBy = new Map(pods.map((pod) => [pod.name, pod.rejectedBy]));
    for (let queued = queue.pop(); queued !== undefined; queued = queue.pop())
      queue.putUnschedulable(queued, rejectedBy.get(queued.info.name) ?? [], 0);
  };

  test('are asked about one of them, where the event is about the claim of one', () => {
    wait(Array.from({ length: 100 }, (_, i) => ({ name: `p${i}`, rejectedBy: ['VolumeBinding'] })));
    expect(queue.wake(object('persistentVolumeClaims', 'of-p7', 'default'), { nowMs: 60_000, cause })).toBe(1);
    expect(take().info.name).toBe('p7');
    expect(asked.length).toBeLessThanOrEqual(2);
    expect(queue.wake(object('persistentVolumeClaims', 'of-p7', 'elsewhere'), { nowMs: 60_000, cause })).toBe(0);
    expect(queue.wake(object('persistentVolumeClaims', 'of-p9', 'default'), { nowMs: 60_000, cause })).toBe(1);
    asked = [];
    expect(queue.wake(object('persistentVolumes', 'v'), { nowMs: 60_000, cause })).toBe(98);
    expect(asked).toHaveLength(1);
    queue.remove('uid-of-p8');
    expect(queue.counts.unschedulable).toBe(0);
  });

  test('are woken by what would wake each of them if it were asked', () => {
    const name = fc.constantFrom(...Array.from({ length: 8 }, (_, i) => `p${i}`));
    const rejectedBy = fc.subarray(filters.map((plugin) => plugin.name));
    const event = fc.oneof(
      fc
        .tuple(fc.constantFrom('default', 'elsewhere'), name)
        .map(([namespace, of]) => object('persistentVolumeClaims', `of-${of}`, namespace)),
      fc
        .constantFrom<keyof typeof resources>('persistentVolumes', 'csiNodes', 'storageClasses', 'resourceClaims')
        .map((kind) => object(kind, 'x')),
      fc.constantFrom(nodeAdded('1'), { kind: 'nodeRemoved' } as const),
    );
    const pods = fc.uniqueArray(fc.record({ name, rejectedBy }), { selector: (pod) => pod.name, maxLength: 8 });
    fc.assert(
      fc.property(pods, fc.array(event, { minLength: 1, maxLength: 4 }), (waiting, events) => {
        queue = new SchedulingQueue({ sort: prioritySort, filters: () => noting, cluster });
        shapes = new PodShapes();
        wait(waiting);
        for (const happened of events) {
          const expected = [...queue.pods()]
            .filter(({ place }) => place === 'unschedulable')
            .filter(({ info, rejectedBy: by }) => {
              const helps = (plugin: string) =>
                noting.get(plugin)?.wakesOn(happened, info.shape, { pod: info, cluster });
              return by.length === 0 || by.some(helps);
            })
            .map(({ info }) => info.name);
          expect(queue.wake(happened, { nowMs: 60_000, cause })).toBe(expected.length);
          const woken = [...queue.pods()].filter(({ place }) => place === 'active').map(({ info }) => info.name);
          expect(woken).toEqual(expect.arrayContaining(expected));
          for (const pod of names()) queue.done(`uid-of-${pod}`);
        }
      }),
      { numRuns: 300 },
    );
  });
});

test('gated pods are asked whether they may go where one of their claims has changed', () => {
  const claiming = (name: string): PodTraits => ({
    resourceClaims: [{ name: 'gpu', resourceClaimName: `of-${name}` }],
  });
  for (let i = 0; i < 100; i++) add(`p${i}`, 0, { ...claiming(`p${i}`), gated: true });
  const moment = { nowMs: 1, cause };
  const claim = (name: string, namespace = 'default') => ({ resource: resources.resourceClaims, namespace, name });
  const asked: string[] = [];
  const free = ({ name }: { name: string }) => asked.push(name) > 0;
  queue.ungate(moment, free, claim('of-p7', 'elsewhere'));
  queue.ungate(moment, free, claim('of-p7'));
  expect(asked).toEqual(['p7']);
  expect(names()).toEqual(['p7']);
  queue.remove('uid-of-p8');
  queue.ungate(moment, free, claim('of-p8'));
  expect(asked).toEqual(['p7']);
  queue.ungate(moment, free);
  expect(asked).toHaveLength(99);
  expect(queue.counts).toMatchObject({ gated: 0, active: 98 });
});
