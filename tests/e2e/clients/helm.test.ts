// Helm as it is: the whole life of a release, with a small chart of common kinds and a hook.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findProgram, RunningCluster, run } from '../../kit/running-cluster.ts';
import { prepare, skipped, sourceOf } from './program.ts';

type Release = { readonly version: number; readonly info: { readonly status: string; readonly notes: string } };
type Listed = { readonly name: string; readonly revision: string; readonly status: string; readonly chart: string };
type Revision = { readonly revision: number; readonly status: string; readonly description: string };

const source = sourceOf('helm');
const chart = join(source, 'chart');
const helm = await findHelm();

describe.skipIf(helm === undefined)('helm', () => {
  const cluster = new RunningCluster();
  beforeAll(() => cluster.start());
  afterAll(() => cluster.dispose());

  const ok = async (...args: readonly string[]): Promise<string> => {
    const env = { ...process.env, KUBECONFIG: cluster.kubeconfig, HELM_NAMESPACE: 'harbour' };
    const { code, stdout, stderr } = await run(helm ?? '', args, { env });
    if (code !== 0) throw new Error(`helm ${args.join(' ')} failed (${code}): ${stderr}`);
    return stdout;
  };
  const json = async <T>(...args: readonly string[]) => JSON.parse(await ok(...args, '-o', 'json')) as T;
  const wait = ['--wait', '--timeout', '90s'];
  const read = (path: string, of: string) => cluster.ok(['get', '-n', 'harbour', of, '-o', `jsonpath={${path}}`]);
  const history = async () =>
    (await json<Revision[]>('history', 'web')).map(({ revision, status }) => `${revision} ${status}`);

  test('installs a chart with a kind of its own into a namespace it makes, waits for it, and runs its hook', async () => {
    const release = await json<Release>('install', 'web', chart, '--create-namespace', ...wait);
    expect([release.version, release.info.status, release.info.notes]).toEqual([1, 'deployed', 'web says hello.\n']);
    expect(await read('.status.availableReplicas', 'deployment/web')).toBe('2');
    expect(await read('.metadata.labels', 'deployment/web')).toBe(
      '{"app.kubernetes.io/managed-by":"Helm","server":"36"}',
    );
    expect(await read('.data.revision', 'configmap/web-log')).toBe('1');
    expect(await read('.spec.minAvailable', 'pdb/web')).toBe('1');
    expect(await read('.spec.colour', 'lamp/web')).toBe('white');
  });

  test('upgrades it: what changed is patched, the hook runs again', async () => {
    const release = await json<Release>(
      'upgrade',
      'web',
      chart,
      '--set',
      'replicas=3,greeting=ahoy,colour=red',
      ...wait,
    );
    expect([release.version, release.info.notes]).toEqual([2, 'web says ahoy.\n']);
    expect(await read('.status.availableReplicas', 'deployment/web')).toBe('3');
    expect(await cluster.ok(['get', 'lamps', '-n', 'harbour'])).toMatch(/^NAME +COLOUR\nweb +red$/);
    expect(await read('.data', 'configmap/web-log')).toBe('{"neighbour":"default","revision":"2"}');
    expect(await history()).toEqual(['1 superseded', '2 deployed']);
  });

  test('rolls it back, and refuses an upgrade the server refuses', async () => {
    await ok('rollback', 'web', '1', ...wait);
    expect(await read('.status.availableReplicas', 'deployment/web')).toBe('2');
    expect(await read('.data.greeting', 'configmap/web')).toBe('hello');
    expect(await read('.spec', 'lamp/web')).toBe('{"colour":"white","height":7}');
    await expect(ok('upgrade', 'web', chart, '--set', 'replicas=-1', '--atomic', ...wait)).rejects.toThrow(
      'spec.replicas: Invalid value: -1: must be greater than or equal to 0',
    );
    await expect(ok('upgrade', 'web', chart, '--set', 'colour=blue', '--atomic', ...wait)).rejects.toThrow(
      'spec.colour: Unsupported value: "blue": supported values: "white", "red", "green"',
    );
    expect(await history()).toEqual([
      '1 superseded',
      '2 superseded',
      '3 superseded',
      '4 failed',
      '5 superseded',
      '6 failed',
      '7 deployed',
    ]);
  });

  test('tries an installation on the server without effect', async () => {
    expect(await ok('install', 'other', chart, '--dry-run=server')).toContain('other says hello.');
    expect((await json<Listed[]>('list')).map(({ name, revision, chart }) => [name, revision, chart])).toEqual([
      ['web', '7', 'harbour-1.0.0'],
    ]);
  });

  test('uninstalls it: nothing but the hook’s work is left', async () => {
    await ok('uninstall', 'web', ...wait);
    expect(await json<Listed[]>('list', '--all')).toEqual([]);
    expect(await cluster.ok(['get', 'lamps', '-A', '-o', 'name'])).toBe('');
    const left = await cluster.ok(['get', 'all,secret,role,rolebinding,pdb,cm', '-n', 'harbour', '-o', 'name']);
    expect(left.split('\n').filter((name) => !name.startsWith('pod/'))).toEqual([
      'configmap/kube-root-ca.crt',
      'configmap/web-log',
    ]);
  });
});

/** Built by Go, which takes a minute or two the first time: what is on the PATH may be of any generation. */
async function findHelm(): Promise<string | undefined> {
  if (findProgram('kubectl') === undefined) return skipped('helm', 'kubectl must be on the PATH');
  const version = readFileSync(join(source, 'version'), 'utf8').trim();
  const directory = await prepare({
    client: 'helm',
    needs: ['go'],
    manifests: ['version'],
    download: (into) =>
      run('nice', ['-n', '10', 'go', 'install', `helm.sh/helm/v3/cmd/helm@${version}`], {
        env: { ...process.env, GOBIN: into, GOFLAGS: '-p=2' },
      }),
  });
  return directory === undefined ? undefined : join(directory, 'helm');
}
