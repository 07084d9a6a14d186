// metrics.k8s.io as clients get it: amounts, selections and refusals of metrics-server's kind, in every form.

import { expect, test } from 'vitest';
import { noUsage, resourceMetrics } from '../../../../infra/api/server/resource-metrics.ts';
import type { UsageReader } from '../../../../infra/nodes/usage.ts';
import { worldOf } from '../../../kit/given-world.ts';
import { aNode, aPod, startMs } from '../../../kit/workloads.ts';

const measured = { timestampMs: startMs, windowMs: 15_000 };
const usage: UsageReader = {
  usageOf: (node) =>
    node === 'up'
      ? { ...measured, node, usage: { cpuNanocores: 1_500_000_000, memoryBytes: 3 * 2 ** 30 }, pods: [] }
      : undefined,
  usageOfPod: ({ metadata: { name, namespace = '', uid } }) =>
    name === 'idle'
      ? undefined
      : {
          ...measured,
          namespace,
          name,
          uid,
          containers: [
            { name: 'main', cpuNanocores: 123_456_789, memoryBytes: 5_000 },
            { name: 'side', cpuNanocores: 0, memoryBytes: 64 * 2 ** 20 },
          ],
        },
};
const world = worldOf(
  aNode('up', { labels: { disk: 'fast' } }),
  aNode('down'),
  aPod('web', { meta: { labels: { app: 'shop' } } }),
  aPod('idle'),
  aPod('far', { meta: { namespace: 'other' } }),
);
const nodes = resourceMetrics({ resource: 'nodes' }, { view: world, usage });
const pods = resourceMetrics({ resource: 'pods' }, { view: world, usage });

test('a node tells what it uses, in the smallest units that lose nothing', () => {
  expect(nodes.get('', 'up')).toEqual({
    kind: 'NodeMetrics',
    apiVersion: 'metrics.k8s.io/v1beta1',
    metadata: { name: 'up', creationTimestamp: '2026-01-01T00:00:00Z', labels: { disk: 'fast' } },
    timestamp: '2026-01-01T00:00:00Z',
    window: '15s',
    usage: { cpu: '1500m', memory: '3Gi' },
  });
});

test('a pod tells it of each container', () => {
  expect(pods.get('default', 'web')).toMatchObject({
    kind: 'PodMetrics',
    metadata: { name: 'web', namespace: 'default', labels: { app: 'shop' } },
    containers: [
      { name: 'main', usage: { cpu: '123456789n', memory: '5000' } },
      { name: 'side', usage: { cpu: '0', memory: '64Mi' } },
    ],
  });
});

test('lists leave out what nothing is known of, and what is not chosen', () => {
  const names = (list: Iterable<{ readonly metadata: { readonly name: string } }>) =>
    [...list].map(({ metadata }) => metadata.name).sort();
  expect(names(nodes.all('', () => true))).toEqual(['up']);
  expect(names(pods.all('', () => true))).toEqual(['far', 'web']);
  expect(names(pods.all('default', () => true))).toEqual(['web']);
  expect(names(pods.all('', ({ metadata }) => metadata.labels?.app === 'shop'))).toEqual(['web']);
});

test('what is asked for by name and is not there, or tells nothing, is not found', () => {
  expect(() => pods.get('default', 'nobody')).toThrow('pods "nobody" not found');
  expect(() => pods.get('default', 'idle')).toThrow('podmetrics.metrics.k8s.io "default/idle" not found');
  expect(() => nodes.get('', 'nowhere')).toThrow('nodes "nowhere" not found');
  expect(() => nodes.get('', 'down')).toThrow('nodemetrics.metrics.k8s.io "down" not found');
});

test('a process without nodes knows of nothing', () => {
  const silent = resourceMetrics({ resource: 'pods' }, { view: world, usage: noUsage });
  expect([...silent.all('', () => true)]).toEqual([]);
});
