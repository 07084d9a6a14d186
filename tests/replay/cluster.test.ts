// Replay of a whole cluster as its user has it: the state the log alone rebuilds is the one kubectl prints, and
// verification passes while the cluster runs, after it was stopped and after everything was killed.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../kit/eventually.ts';
import { kubectlPath, RunningCluster } from '../kit/running-cluster.ts';

describe.skipIf(kubectlPath === undefined)('a cluster that kubectl drives', () => {
  const cluster = new RunningCluster(['--nodes', '2']);

  beforeAll(() => cluster.start());
  afterAll(() => cluster.dispose());

  /** Ages grow while one looks. */
  /** Wherever the column is: the two commands are never run in the same second on a machine with work to do. */
  const ageless = (table: string) =>
    table
      .trim()
      .split('\n')
      .map((line) => line.replaceAll(/(?<= )\d+(s|m\d+s|m)(?= |$)/g, (age) => '#'.repeat(age.length)));

  test('is printed from the log as kubectl get all -A prints it', async () => {
    await cluster.ok(['create', 'deployment', 'web', '--image=nginx', '--replicas=3']);
    await cluster.ok(['expose', 'deployment', 'web', '--port', '80']);
    await cluster.ok(['create', 'namespace', 'prod']);
    await cluster.ok(['-n', 'prod', 'create', 'deployment', 'a-longer-name', '--image=nginx']);
    await cluster.ok(['rollout', 'status', 'deployment', 'web']);
    await cluster.ok(['-n', 'prod', 'rollout', 'status', 'deployment', 'a-longer-name']);
    for (const output of ['', 'wide']) {
      const format = output === '' ? [] : ['-o', output];
      await eventually(async () => {
        const replayed = await cluster.shiplog(['replay', ...format]);
        expect(replayed.stderr).toBe('');
        expect(ageless(replayed.stdout)).toEqual(ageless(await cluster.ok(['get', 'all', '-A', ...format])));
      });
    }
  });

  test('is verified against its API server while it works', async () => {
    await cluster.ok(['scale', 'deployment', 'web', '--replicas=40']);
    const { code, stdout } = await cluster.shiplog(['replay', '--verify']);
    expect(stdout).toMatch(/^Compared \d+ objects with the API server at https:\/\/127\.0\.0\.1:\d+: the same\.$/m);
    expect(code).toBe(0);
    await cluster.ok(['rollout', 'status', 'deployment', 'web']);
  });

  test('shows the state before a change', async () => {
    const version = await cluster.ok(['get', 'deployment', 'web', '-o', 'jsonpath={.metadata.resourceVersion}']);
    await cluster.ok(['scale', 'deployment', 'web', '--replicas=1']);
    const { stdout } = await cluster.shiplog(['replay', '--to', version]);
    expect(stdout).toMatch(/deployment\.apps\/web {3,}40\/40 /);
  });

  test('verifies after everything was killed, before and after it is started again', async () => {
    await cluster.ok(['set', 'image', 'deployment/web', 'nginx=nginx:1.28']);
    await cluster.killEverything();
    const stopped = await cluster.shiplog(['replay', '--verify']);
    expect(stopped.stdout).toContain('with the last event of every subject');
    expect(stopped.code).toBe(0);
    await cluster.start();
    await cluster.ok(['rollout', 'status', 'deployment', 'web']);
    const running = await cluster.shiplog(['replay', '--verify']);
    expect(running.stdout).toContain('with the API server at');
    expect(running.code).toBe(0);
  });
});
