// What simulated containers say, and how `kubectl logs` asks for it.

import { describe, expect, test } from 'vitest';
import type { LogOptions } from '../../../infra/nodes/container-runtime.ts';
import { NodeCluster, textOf } from '../../kit/node-cluster.ts';
import { aContainer } from '../../kit/pods.ts';

const read = (cluster: NodeCluster, options: LogOptions = {}, container = 'c') =>
  textOf(cluster.nodes.logs('default', 'web', container, options));

const greeting = 'container c of pod default/web started from docker.io/library/nginx:1.27';

describe('a log', () => {
  test('begins with a line that names container, pod and image', async () => {
    const cluster = await NodeCluster.start();
    await cluster.run();
    await cluster.clock.advance(500);
    expect(await read(cluster)).toBe(`${greeting}\n`);
  });

  test('goes on as often as told, and is the same each time it is read', async () => {
    const cluster = await NodeCluster.start();
    await cluster.run({
      simulation: { 'log-every': '1s', run: 'complete', duration: '3s' },
      spec: { restartPolicy: 'Never' },
    });
    await cluster.clock.advance(10_000);
    const text = `${greeting}\nline 1\nline 2\nline 3\nexited with code 0\n`;
    expect(await read(cluster)).toBe(text);
    expect(await read(cluster)).toBe(text);
  });

  test('is read from its tail, since a time, with times, up to a limit', async () => {
    const cluster = await NodeCluster.start();
    await cluster.run({ simulation: { 'log-every': '1s', 'pull-latency': '0', 'start-latency': '0' } });
    await cluster.clock.advance(5_000);
    expect(await read(cluster, { tailLines: 2 })).toBe('line 4\nline 5\n');
    expect(await read(cluster, { tailLines: 0 })).toBe('');
    expect(await read(cluster, { sinceMs: cluster.clock.now() - 1_500 })).toBe('line 4\nline 5\n');
    expect(await read(cluster, { tailLines: 1, timestamps: true })).toBe('2026-01-01T00:00:05.500000000Z line 5\n');
    expect(await read(cluster, { limitBytes: 12 })).toBe(greeting.slice(0, 12));
    expect(await read(cluster, { tailLines: 2, limitBytes: 9 })).toBe('line 4\nli');
  });

  test('is followed until its container ends', async () => {
    const cluster = await NodeCluster.start();
    await cluster.run({ simulation: { 'log-every': '1s' } });
    await cluster.clock.advance(1_500);
    const following = read(cluster, { follow: true, tailLines: 1 });
    await cluster.clock.advance(2_000);
    await cluster.delete();
    await cluster.clock.advance(1_000);
    expect(await following).toBe('line 1\nline 2\nline 3\nreceived SIGTERM, shutting down\nexited with code 0\n');
  });

  test('is followed to the last word where end and line come at once', async () => {
    const cluster = await NodeCluster.start();
    const simulation = { 'log-every': '1s', run: 'complete', duration: '2s' };
    await cluster.run({ simulation, spec: { restartPolicy: 'Never' } });
    await cluster.clock.advance(500);
    const following = read(cluster, { follow: true });
    await cluster.clock.advance(5_000);
    expect(await following).toBe(`${greeting}\nline 1\nline 2\nexited with code 0\n`);
  });

  test('is followed until the reader goes away', async () => {
    const cluster = await NodeCluster.start();
    await cluster.run({ simulation: { 'log-every': '1s' } });
    await cluster.clock.advance(500);
    const reader = new AbortController();
    const following = read(cluster, { follow: true, signal: reader.signal });
    await cluster.clock.advance(1_500);
    reader.abort();
    expect(await following).toBe(`${greeting}\nline 1\n`);
  });

  test('of the run before the last restart is kept', async () => {
    const cluster = await NodeCluster.start();
    await cluster.run({ simulation: { run: 'fail', failures: '1', duration: '1s' } });
    expect(await read(cluster, { previous: true })).toMatch(
      /^unavailable: previous terminated container "c" in pod "web" not found$/,
    );
    await cluster.clock.advance(3_000);
    expect(await read(cluster, { previous: true })).toBe(`${greeting}\nexited with code 1\n`);
    expect(await read(cluster)).toBe(`${greeting}, restart 1\n`);
  });

  test('of a container that has not started says why', async () => {
    const cluster = await NodeCluster.start();
    await cluster.run({ simulation: { run: 'never-pull' } });
    await cluster.clock.advance(1_000);
    expect(await read(cluster)).toBe('unavailable: container "c" in pod "web" is waiting to start: ImagePullBackOff');
  });

  test('of a pod that runs elsewhere is not there', async () => {
    const cluster = await NodeCluster.start();
    expect(await read(cluster)).toBe('unavailable: pod "web" runs on none of the simulated nodes');
  });

  test('of a container that ended before the process began is told from its status', async () => {
    const cluster = await NodeCluster.start();
    await cluster.run({
      simulation: { run: 'complete' },
      spec: { restartPolicy: 'Never', initContainers: [aContainer('setup')] },
    });
    await cluster.clock.advance(3_000);
    await cluster.nodes.stop();
    cluster.startNodes();
    await cluster.clock.advance(1_000);
    expect(await read(cluster)).toBe(`${greeting}\nexited with code 0\n`);
    expect(await read(cluster, {}, 'setup')).toBe(
      `${greeting.replace('container c', 'container setup')}\nexited with code 0\n`,
    );
  });
});
