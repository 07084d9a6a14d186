// Starts that cannot succeed, with the real program: each ends with one clear line and an exit code, leaves no process
// behind, and harms neither the cluster that runs nor the data of one that does not.

import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dataDirPaths } from '../../infra/nats/data-dir.ts';
import { strayServers } from '../../infra/nats/server-record.ts';
import { findCluster } from '../../infra/pki/find-cluster.ts';
import { kubectlPath, RunningCluster } from '../kit/running-cluster.ts';

if (kubectlPath === undefined)
  console.warn('SKIPPED: tests/e2e need kubectl on the PATH (https://kubernetes.io/docs/tasks/tools/)');

/** Where nats-server keeps a stream of ours. */
function streamDir(dataDir: string, stream: string): string {
  return join(dataDirPaths(dataDir).natsStore, 'jetstream', 'SHIPLOG', 'streams', stream);
}

/** Turns some bits of the one event of a config map. */
function flip(path: string): void {
  const bytes = readFileSync(path);
  const at = bytes.indexOf('log._.configmaps.default.b');
  expect(at).toBeGreaterThan(0);
  for (let i = at + 200; i < at + 232; i++) bytes[i] = (bytes[i] ?? 0) ^ 0xff;
  writeFileSync(path, bytes);
}

describe.skipIf(kubectlPath === undefined)('beside a cluster that runs', () => {
  const cluster = new RunningCluster(['--nodes', '1']);
  beforeAll(async () => {
    await cluster.start();
    await cluster.ok(['create', 'configmap', 'kept', '--from-literal=a=1']);
  });
  afterAll(() => cluster.dispose());

  /** One line on standard error, and nothing that looks like a defect. */
  const refused = async (args: readonly string[]): Promise<string> => {
    const ran = await cluster.shiplog(['up', '--nodes', '1', ...args]);
    expect(ran.code).toBe(1);
    const lines = ran.stderr.trim().split('\n');
    const errors = lines.filter((line) => line.startsWith('error: '));
    expect(errors).toHaveLength(1);
    expect(ran.stderr).not.toMatch(/^\s+at /m);
    expect(cluster.alive).toBe(true);
    expect(await cluster.ok(['get', 'configmap', 'kept', '-o', 'jsonpath={.data.a}'])).toBe('1');
    return errors[0] ?? '';
  };

  test('its data directory is refused, and the message names its process', async () => {
    const text = await refused(['--data-dir', cluster.dataDir, '--port', '0']);
    expect(text).toContain(`${cluster.dataDir} is in use by the Shiplog with pid ${cluster.pid}`);
  });

  test('its port is refused', async () => {
    const { server } = await findCluster({ kubeconfig: cluster.kubeconfig, dataDir: cluster.dataDir });
    const { port } = new URL(server);
    const text = await refused(['--data-dir', join(cluster.directory, 'other'), '--port', port]);
    expect(text).toMatch(new RegExp(`port ${port} .*in use`, 'i'));
    expect(text).toContain('--port');
  });

  test('a directory that holds something else is refused and left as it is', async () => {
    const foreign = join(cluster.directory, 'foreign');
    mkdirSync(foreign);
    writeFileSync(join(foreign, 'thesis.tex'), 'years of work');
    const text = await refused(['--data-dir', foreign, '--port', '0']);
    expect(text).toContain('is not a Shiplog data directory: it holds thesis.tex');
    expect(readdirSync(foreign)).toEqual(['thesis.tex']);
    expect(readFileSync(join(foreign, 'thesis.tex'), 'utf8')).toBe('years of work');
  });

  test('a NATS server that is not there is refused', async () => {
    const text = await refused([
      '--data-dir',
      join(cluster.directory, 'remote'),
      '--port',
      '0',
      '--nats',
      'nats://127.0.0.1:1',
    ]);
    expect(text).toContain('cannot connect to NATS at nats://127.0.0.1:1');
  });
});

describe.skipIf(kubectlPath === undefined)('on the data directory of a cluster that was stopped', () => {
  const cluster = new RunningCluster(['--nodes', '1']);
  const whole = join(cluster.directory, 'whole');
  beforeAll(async () => {
    await cluster.start();
    for (const name of ['a', 'b', 'c']) await cluster.ok(['create', 'configmap', name, `--from-literal=name=${name}`]);
    await cluster.stop();
    cpSync(cluster.dataDir, whole, { recursive: true });
  });
  afterAll(() => cluster.dispose());

  const damages: readonly (readonly [string, (dataDir: string) => void, RegExp])[] = [
    [
      'garbage for a marker',
      (dir) => writeFileSync(dataDirPaths(dir).marker, Buffer.from([0, 255, 1])),
      /shiplog\.json is damaged.*Restore it from a backup/,
    ],
    [
      'garbage for the log’s description',
      (dir) => writeFileSync(join(streamDir(dir, 'LOG'), 'meta.inf'), 'garbage'),
      /LOG is gone while its mirror HIST holds \d+ events: restore LOG from a backup/,
    ],
    [
      'garbage for the log’s messages',
      (dir) => writeFileSync(join(streamDir(dir, 'LOG'), 'msgs', '1.blk'), 'garbage'),
      /LOG lost events it had acknowledged/,
    ],
    [
      'flipped bits in the log',
      (dir) => flip(join(streamDir(dir, 'LOG'), 'msgs', '1.blk')),
      /LOG holds \d+ objects, of which \d+ cannot be read: its store is damaged/,
    ],
    ['no log', (dir) => rmSync(streamDir(dir, 'LOG'), { recursive: true }), /LOG is gone while its mirror HIST/],
    [
      'garbage for the signing key',
      (dir) => writeFileSync(join(dataDirPaths(dir).pki, 'sa.key'), 'garbage'),
      /sa\.key holds no usable signing key/,
    ],
    [
      'garbage for NATS’ passwords',
      (dir) => writeFileSync(dataDirPaths(dir).natsCredentials, '{'),
      /credentials\.json is damaged/,
    ],
  ];

  test.each(damages)('%s is refused, and nothing is made worse', async (_, damage, text) => {
    rmSync(cluster.dataDir, { recursive: true, force: true });
    cpSync(whole, cluster.dataDir, { recursive: true });
    damage(cluster.dataDir);
    const ran = await cluster.shiplog(['up', '--nodes', '1', '--data-dir', cluster.dataDir, '--port', '0']);
    expect(ran.code).toBe(1);
    expect(ran.stderr).toMatch(text);
    expect(ran.stderr).not.toMatch(/^\s+at /m);
    expect(strayServers(dataDirPaths(cluster.dataDir))).toEqual([]);
  });

  test('without damage everything is there', async () => {
    rmSync(cluster.dataDir, { recursive: true, force: true });
    cpSync(whole, cluster.dataDir, { recursive: true });
    await cluster.start();
    for (const name of ['a', 'b', 'c']) {
      expect(await cluster.ok(['get', 'configmap', name, '-o', 'jsonpath={.data.name}'])).toBe(name);
    }
    expect((await cluster.shiplog(['replay', '--verify'])).code).toBe(0);
  });
});
