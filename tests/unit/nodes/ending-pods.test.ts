// How pods end on simulated nodes: grace, force, finalizers, and what becomes of them meanwhile.

import { expect, test } from 'vitest';
import { NodeCluster } from '../../kit/node-cluster.ts';
import { aContainer } from '../../kit/pods.ts';

test('a deleted pod stops, says how, and goes, in two writes', async () => {
  const cluster = await NodeCluster.start();
  await cluster.run();
  await cluster.clock.advance(500);
  await cluster.delete();
  expect(cluster.pod().metadata.deletionGracePeriodSeconds).toBe(30);
  await cluster.clock.advance(500);
  expect(cluster.story().slice(4)).toEqual(['pod.deletionRequested', 'pod.stopped', 'pod.deleted']);
  expect(cluster.find()).toBeUndefined();
  expect(cluster.told()).toContain('Killing Stopping container c');
  const last = cluster.changes.at(-1)?.current.object as { status?: unknown };
  expect(last.status).toMatchObject({
    phase: 'Succeeded',
    observedGeneration: 2,
    containerStatuses: [{ ready: false, state: { terminated: { exitCode: 0, reason: 'Completed' } } }],
  });
});

test('its address is free again, but not given out at once', async () => {
  const cluster = await NodeCluster.start();
  await cluster.run();
  await cluster.clock.advance(500);
  await cluster.delete();
  await cluster.clock.advance(500);
  await cluster.run();
  await cluster.clock.advance(500);
  expect(cluster.pod().status?.podIP).toBe('10.244.0.2');
});

test('a container that does not listen is killed when the grace is over', async () => {
  const cluster = await NodeCluster.start();
  await cluster.run({ simulation: { 'stop-duration': '5m' } });
  await cluster.clock.advance(500);
  await cluster.delete('web', 10);
  await cluster.clock.advance(9_900);
  expect(cluster.story().at(-1)).toBe('pod.deletionRequested');
  await cluster.clock.advance(200);
  expect(cluster.find()).toBeUndefined();
  const last = cluster.changes.at(-1)?.current.object as { status?: unknown };
  expect(last.status).toMatchObject({
    phase: 'Failed',
    containerStatuses: [{ state: { terminated: { exitCode: 137, reason: 'Error' } } }],
  });
});

test('a second deletion may shorten the grace', async () => {
  const cluster = await NodeCluster.start();
  await cluster.run({ simulation: { 'stop-duration': '5m' } });
  await cluster.clock.advance(500);
  await cluster.delete('web', 60);
  await cluster.clock.advance(5_000);
  await cluster.delete('web', 3);
  await cluster.clock.advance(2_900);
  expect(cluster.find()).toBeDefined();
  await cluster.clock.advance(200);
  expect(cluster.find()).toBeUndefined();
  expect(cluster.told().filter((text) => text.startsWith('Killing'))).toHaveLength(1);
});

test('a forced deletion removes the pod at once, and its containers with it', async () => {
  const cluster = await NodeCluster.start();
  await cluster.run({ simulation: { run: 'complete', duration: '10s' } });
  await cluster.clock.advance(500);
  await cluster.delete('web', 0);
  expect(cluster.find()).toBeUndefined();
  await cluster.clock.advance(60_000);
  expect(cluster.story().at(-1)).toBe('pod.deleted');
});

test('a pod that is deleted while it starts is stopped as soon as it runs', async () => {
  const cluster = await NodeCluster.start();
  await cluster.run({ simulation: { 'start-latency': '3s' } });
  await cluster.clock.advance(1_000);
  await cluster.delete();
  await cluster.clock.advance(4_000);
  expect(cluster.find()).toBeUndefined();
  expect(cluster.anomalies).toEqual([]);
});

test('a pod that is deleted while its image is pulled goes without ever running', async () => {
  const cluster = await NodeCluster.start();
  await cluster.run({ simulation: { 'pull-latency': '1m' } });
  await cluster.clock.advance(1_000);
  await cluster.delete();
  await cluster.clock.advance(100);
  expect(cluster.find()).toBeUndefined();
  expect(cluster.story().slice(3)).toEqual(['pod.deletionRequested', 'pod.stopped', 'pod.deleted']);
  await cluster.clock.advance(120_000);
  expect(cluster.told()).not.toContain('Started Container started');
});

test('a pod that is deleted while it backs off goes at once', async () => {
  const cluster = await NodeCluster.start();
  await cluster.run({ simulation: { run: 'crash-loop' } });
  await cluster.clock.advance(5_000);
  expect(cluster.story().at(-1)).toBe('pod.backedOff');
  await cluster.delete();
  await cluster.clock.advance(100);
  expect(cluster.find()).toBeUndefined();
  expect(cluster.anomalies).toEqual([]);
});

test('a pod that is over goes as soon as it is deleted', async () => {
  const cluster = await NodeCluster.start();
  await cluster.run({ spec: { restartPolicy: 'Never' }, simulation: { run: 'complete' } });
  await cluster.clock.advance(3_000);
  await cluster.delete();
  expect(cluster.find()).toBeUndefined();
});

test('a pod that something holds is stopped, and goes when nothing holds it any more', async () => {
  const cluster = await NodeCluster.start();
  await cluster.run({ finalizers: ['example.com/hold'] });
  await cluster.clock.advance(500);
  await cluster.delete();
  await cluster.clock.advance(60_000);
  expect(cluster.pod().status?.phase).toBe('Succeeded');
  expect(cluster.pod().metadata.deletionGracePeriodSeconds).toBe(0);
  const told = cluster.story();
  await cluster.clock.advance(60_000);
  expect(cluster.story()).toEqual(told);
  await cluster.change('web', ({ metadata: { finalizers: _, ...metadata }, ...pod }) => ({ ...pod, metadata }));
  expect(cluster.find()).toBeUndefined();
});

test('a pod that takes the name of another one is a pod of its own', async () => {
  const cluster = await NodeCluster.start();
  const first = await cluster.run();
  await cluster.clock.advance(500);
  await cluster.delete('web', 0);
  const second = await cluster.run();
  await cluster.clock.advance(500);
  expect(second.metadata.uid).not.toBe(first.metadata.uid);
  expect(cluster.pod().metadata.uid).toBe(second.metadata.uid);
  expect(cluster.pod().status).toMatchObject({ phase: 'Running', containerStatuses: [{ restartCount: 0 }] });
  expect(cluster.anomalies).toEqual([]);
});

test('sidecars stop after the main containers, the last started first', async () => {
  const cluster = await NodeCluster.start();
  const sidecar = (name: string) => aContainer(name, { restartPolicy: 'Always' });
  await cluster.run({
    spec: { initContainers: [sidecar('one'), sidecar('two')] },
    simulation: { 'run.one': 'run', 'run.two': 'run', 'stop-duration': '1s' },
  });
  await cluster.clock.advance(1_000);
  await cluster.delete();
  await cluster.clock.advance(5_000);
  expect(cluster.told().filter((text) => text.startsWith('Killing'))).toEqual([
    'Killing Stopping container c',
    'Killing Stopping container two',
    'Killing Stopping container one',
  ]);
  expect(cluster.find()).toBeUndefined();
  expect(cluster.anomalies).toEqual([]);
});
