// Everything is killed in the middle of a rollout, with writers at work: nothing that was acknowledged is missing, the
// rollout goes on, revisions continue upwards, and the log still tells the whole story.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../kit/eventually.ts';
import { kubectlPath, RunningCluster } from '../kit/running-cluster.ts';

type Acknowledged = { readonly name: string; readonly resourceVersion: number; readonly value: string };
type ConfigMap = {
  readonly metadata: { readonly name: string; readonly resourceVersion: string };
  readonly data: { readonly value: string };
};

const writers = 6;

if (kubectlPath === undefined)
  console.warn('SKIPPED: tests/e2e need kubectl on the PATH (https://kubernetes.io/docs/tasks/tools/)');

describe.skipIf(kubectlPath === undefined)('kill -9 of everything during a rollout', () => {
  const cluster = new RunningCluster();
  beforeAll(() => cluster.start());
  afterAll(() => cluster.dispose());

  const acknowledged: Acknowledged[] = [];
  let beforeScaleUp = 0;

  /** Creates config maps until the cluster no longer answers; remembers what was acknowledged. */
  const write = async (writer: number): Promise<void> => {
    for (let count = 0; ; count++) {
      const name = `writer-${writer}-${count}`;
      const value = `${writer}.${count}`;
      const ran = await cluster.kubectl(['create', 'configmap', name, `--from-literal=value=${value}`, '-o', 'json']);
      if (ran.code !== 0) return;
      const { metadata } = JSON.parse(ran.stdout) as ConfigMap;
      acknowledged.push({ name, value, resourceVersion: Number(metadata.resourceVersion) });
    }
  };

  test('leaves every acknowledged write behind, and the rollout finishes after the next start', async () => {
    await cluster.ok(['create', 'deployment', 'web', '--image=nginx:1', '--replicas=3']);
    await cluster.ok(['rollout', 'status', 'deployment/web', '--timeout=60s']);
    beforeScaleUp = Number(
      await cluster.ok(['get', 'deployment', 'web', '-o', 'jsonpath={.metadata.resourceVersion}']),
    );
    await cluster.ok(['scale', 'deployment/web', '--replicas=30']);
    await cluster.ok(['rollout', 'status', 'deployment/web', '--timeout=60s']);
    const writing = Promise.all(Array.from({ length: writers }, (_, writer) => write(writer)));
    await eventually(() => expect(acknowledged.length).toBeGreaterThan(writers));
    await cluster.ok(['set', 'image', 'deployment/web', 'nginx=nginx:2']);
    await eventually(async () => {
      const updated = await cluster.ok(['get', 'deployment', 'web', '-o', 'jsonpath={.status.updatedReplicas}']);
      expect(Number(updated)).toBeGreaterThan(0);
    });
    await cluster.killEverything();
    await writing;
    const newest = Math.max(...acknowledged.map(({ resourceVersion }) => resourceVersion));

    await cluster.start();
    const { items } = await cluster.json<{ items: readonly ConfigMap[] }>(['get', 'configmaps']);
    const found = new Map(items.map((item) => [item.metadata.name, item]));
    for (const { name, value, resourceVersion } of acknowledged) {
      expect(found.get(name)?.data.value).toBe(value);
      expect(Number(found.get(name)?.metadata.resourceVersion)).toBe(resourceVersion);
    }
    await cluster.ok(['rollout', 'status', 'deployment/web', '--timeout=90s']);
    expect(
      await cluster.ok([
        'get',
        'deployment',
        'web',
        '-o',
        'jsonpath={.status.updatedReplicas} {.status.availableReplicas}',
      ]),
    ).toBe('30 30');
    const next = JSON.parse(await cluster.ok(['create', 'configmap', 'after', '-o', 'json'])) as ConfigMap;
    expect(Number(next.metadata.resourceVersion)).toBeGreaterThan(newest);
    console.info(`${acknowledged.length} acknowledged writes, newest revision ${newest}, all there after kill -9`);
  });

  test('replays clean, and shows the state before the scale-up', async () => {
    const verified = await cluster.shiplog(['replay', '--verify']);
    expect(`${verified.stdout}${verified.stderr}`).toContain('the replayed state is the live one');
    expect(verified.code).toBe(0);
    const past = await cluster.shiplog(['replay', '--to', String(beforeScaleUp)]);
    expect(past.stdout).toMatch(/deployment\.apps\/web\s+3\/3/);
    expect(past.stdout.match(/pod\/web-/g)).toHaveLength(3);
  });

  test('ends a nats-server that dies alone by starting it again, and loses nothing', async () => {
    const before = await cluster.ok(['get', 'configmaps', '-o', 'name']);
    const { natsPid } = cluster;
    process.kill(natsPid, 'SIGKILL');
    await eventually(async () =>
      expect((await cluster.kubectl(['create', 'configmap', 'survivor'])).stderr).toMatch(/^$|already exists/),
    );
    expect(cluster.natsPid).not.toBe(natsPid);
    expect(cluster.alive).toBe(true);
    const after = new Set((await cluster.ok(['get', 'configmaps', '-o', 'name'])).split('\n'));
    expect(before.split('\n').filter((name) => !after.has(name))).toEqual([]);
  });
});
