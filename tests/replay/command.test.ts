// `shiplog replay`, the real program, on a data directory that a real API stack has written to.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type ApiStack, startApiStack } from '../../infra/boot/api-stack.ts';
import { openDataDir } from '../../infra/nats/data-dir.ts';
import { strayServers } from '../../infra/nats/server-record.ts';
import { systemClock } from '../../streams/base/clock.ts';
import { silentLogger } from '../../streams/base/logger.ts';
import { seededRandom, systemRandom } from '../../streams/base/random.ts';
import { VirtualClock } from '../../streams/base/virtual-clock.ts';
import type { ClusterLog } from '../../streams/log/event-log.ts';
import { subjectOf } from '../../streams/log/subjects.ts';
import type { AnyObject, ResourceName } from '../../streams/resources/meta.ts';
import { resources } from '../../streams/resources/names.ts';
import { anEvent } from '../kit/events.ts';
import { openLog } from '../kit/jetstream.ts';
import type { TestNats } from '../kit/nats-server.ts';
import { type Ran, run } from '../kit/running-cluster.ts';
import { scratchNats } from '../kit/scratch-nats.ts';
import { aDeployment } from '../kit/simulated-cluster.ts';
import { tempDir } from '../kit/temp-dir.ts';

const main = fileURLToPath(new URL('../../infra/cli/main.ts', import.meta.url));
const user = { user: 'kubernetes-admin', agent: 'kubectl', cause: null } as const;

type Recording = {
  readonly dataDir: string;
  readonly log: ClusterLog;
  readonly stack: ApiStack;
  /** The revision before the last change. */
  readonly before: number;
  /** Ends everything that was started, so that the directory is free. */
  stop(): Promise<void>;
};

/** Two namespaces, a service with its address, a deployment that is scaled a minute after it was made. */
async function recording(): Promise<Recording> {
  const dataDir = openDataDir({ path: tempDir(), clock: systemClock, random: systemRandom() });
  const { server, credentials } = await scratchNats({ paths: dataDir.paths });
  const log = await openLog({ address: new URL(server.url).host, credentials } as TestNats);
  const clock = new VirtualClock();
  const stack = await startApiStack({ log, clock, random: seededRandom('replay'), logger: silentLogger });
  const create = async (resource: ResourceName, object: object): Promise<AnyObject> => {
    const outcome = await stack.writer.write({ kind: 'create', resource, object: object as never }, user);
    if (outcome.kind === 'failed') throw new Error(outcome.message);
    return outcome.object as AnyObject;
  };
  for (const name of ['default', 'prod']) {
    await create(resources.namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  }
  const ports = [{ port: 80 }];
  await create(resources.services, {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'web', namespace: 'prod' },
    spec: { clusterIP: '10.96.0.10', selector: { app: 'web' }, ports },
  });
  const web = (await create(resources.deployments, aDeployment('web', 2))) as AnyObject & { spec: object };
  const before = stack.view.revision('LOG');
  await clock.advance(60_000);
  const object = { ...web, spec: { ...web.spec, replicas: 5 } };
  await stack.writer.write({ kind: 'update', resource: resources.deployments, object }, user);
  let stopped = false;
  const stop = async () => {
    if (stopped) return;
    stopped = true;
    await stack.feed.stop();
    await log.close();
    await server.stop();
    dataDir.release();
  };
  onTestFinished(stop);
  return { dataDir: dataDir.paths.root, log, stack, before, stop };
}

async function replay({ dataDir }: Pick<Recording, 'dataDir'>, ...args: readonly string[]): Promise<Ran> {
  const { KUBECONFIG: _, ...env } = process.env;
  const ran = await run(process.execPath, [main, 'replay', '--data-dir', dataDir, ...args], { env });
  return { ...ran, stderr: withoutProgress(ran.stderr) };
}

/** A slow machine is told what it waits for. */
function withoutProgress(stderr: string): string {
  return stderr.replaceAll(/^.* …\n/gm, '');
}

describe('shiplog replay', () => {
  test('prints the state as kubectl get all -A would, of a running log and of a stopped one', async () => {
    const here = await recording();
    const running = await replay(here, '--to', String(here.before + 1));
    expect(running).toEqual({
      code: 0,
      stdout: [
        'NAMESPACE   NAME          TYPE        CLUSTER-IP   EXTERNAL-IP   PORT(S)   AGE',
        'prod        service/web   ClusterIP   10.96.0.10   <none>        80/TCP    60s',
        '',
        'NAMESPACE   NAME                  READY   UP-TO-DATE   AVAILABLE   AGE',
        'default     deployment.apps/web   0/5     0            0           60s',
        '',
      ].join('\n'),
      stderr: '',
    });
    await here.stop();
    expect(await replay(here, '--to', String(here.before + 1))).toEqual(running);
  });

  test('shows the state before a change, by revision and by time', async () => {
    const here = await recording();
    await here.stop();
    for (const to of [String(here.before), '2026-01-01T00:00:59Z']) {
      const { stdout } = await replay(here, '--to', to);
      expect(stdout).toMatch(/deployment\.apps\/web {3}0\/2 /);
    }
    expect((await replay(here, '--to', '2026-01-01T00:00:59Z')).stdout).toMatch(/web {3}ClusterIP .* 59s$/m);
  });

  test('prints every object as JSON, and more columns when asked', async () => {
    const here = await recording();
    await here.stop();
    const list = JSON.parse((await replay(here, '-o', 'json')).stdout);
    expect(list).toMatchObject({
      apiVersion: 'v1',
      kind: 'List',
      metadata: { resourceVersion: String(here.before + 1) },
    });
    expect(list.items.map(({ kind, metadata }: AnyObject) => `${kind} ${metadata.name}`)).toEqual([
      'Deployment web',
      'IPAddress 10.96.0.10',
      'Namespace default',
      'Namespace prod',
      'Service web',
    ]);
    expect((await replay(here, '-o', 'wide')).stdout).toMatch(
      /AGE +CONTAINERS +IMAGES +SELECTOR\n.* nginx +nginx:1\.27 +app=web$/m,
    );
  });

  test('plays the events on the way when a speed is given', async () => {
    const here = await recording();
    await here.stop();
    const { stdout, code } = await replay(here, '--speed', '600');
    expect(code).toBe(0);
    const lines = stdout.trimEnd().split('\n');
    expect(lines.slice(0, 6).map((line) => line.replaceAll(/ {2,}/g, '  '))).toEqual([
      '00:00:00.000  1  namespace/default  created  ∅ → Active  by kubernetes-admin',
      '00:00:00.000  2  namespace/prod  created  ∅ → Active  by kubernetes-admin',
      '00:00:00.000  3  ipaddress/10.96.0.10  created  ∅ → Present  by system:apiserver',
      '00:00:00.000  4  prod service/web  created  ∅ → Present  by kubernetes-admin',
      '00:00:00.000  5  default deployment/web  created  ∅ → Progressing  by kubernetes-admin',
      '00:01:00.000  6  default deployment/web  scaled  Progressing → Progressing  by kubernetes-admin',
    ]);
    expect(lines[6]).toBe('');
    expect(lines[7]).toMatch(/^NAMESPACE/);
  });

  test('says that there was nothing yet', async () => {
    const here = await recording();
    expect(await replay(here, '--to', '0')).toEqual({
      code: 0,
      stdout: '',
      stderr: 'No resources found at revision 0\n',
    });
  });

  test('refuses a revision that has not been recorded', async () => {
    const here = await recording();
    const { code, stderr } = await replay(here, '--to', '99');
    expect(code).toBe(1);
    expect(stderr).toBe('error: LOG ends at revision 6; revision 99 has not been recorded\n');
  });
});

describe('shiplog replay --verify', () => {
  test('passes what the API server recorded, running or stopped', async () => {
    const here = await recording();
    for (const stop of [false, true]) {
      if (stop) await here.stop();
      const { code, stdout, stderr } = await replay(here, '--verify');
      expect(stderr).toBe('');
      expect(stdout).toMatch(/^Replayed 6 events up to revision 6 in .*: 5 objects\.$/m);
      expect(stdout).toMatch(/^Compared 5 objects with the last event of every subject .*: the same\.$/m);
      expect(stdout).toMatch(/^✓ /m);
      expect(code).toBe(0);
    }
  });

  test('fails with what is wrong, also as JSON', async () => {
    const here = await recording();
    const subject = subjectOf({ ...resources.namespaces, namespace: '', name: 'prod' });
    const last = await here.log.streams.LOG.lastOn(subject);
    if (last === undefined) throw new Error('the namespace was recorded');
    const forged = anEvent({ type: 'namespace.deleted', from: 'Terminating', to: null, object: last.object });
    await here.log.streams.LOG.append({ subject, expect: { kind: 'at', revision: last.revision }, event: forged });
    await here.stop();
    const { code, stdout } = await replay(here, '--verify');
    expect(code).toBe(1);
    const why = 'namespace.deleted (Terminating → Gone) begins in Terminating, but revision 2 left Active';
    expect(stdout).toContain(`  7  namespace/prod  chain  ${why}`);
    expect(stdout).toContain('✗ 1 findings, 0 differences.');
    const asJson = await replay(here, '--verify', '-o', 'json');
    expect(asJson.code).toBe(1);
    expect(JSON.parse(asJson.stdout)).toMatchObject({
      clean: false,
      revision: 7,
      findings: { count: 1, items: [{ kind: 'chain', revision: 7, object: 'namespace/prod' }] },
      comparison: { with: 'log', differences: { count: 0 } },
    });
    expect((await replay(here, '--verify', '--to', String(here.before))).code).toBe(0);
  });
});

describe('a data directory', () => {
  test('that is used by somebody else is left alone', async () => {
    const here = await recording();
    await here.stop();
    const other = openDataDir({ path: here.dataDir, clock: systemClock, random: systemRandom() });
    const { code, stderr } = await replay(here);
    other.release();
    expect(code).toBe(1);
    expect(stderr).toContain(`${here.dataDir} is in use by the Shiplog with pid ${process.pid}.`);
  });

  test('is free again after an interruption, and no server is left on it', async () => {
    const here = await recording();
    await here.stop();
    const args = [main, 'replay', '--data-dir', here.dataDir, '--speed', '0.1'];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    child.stderr.on('data', (chunk) => {
      said += String(chunk);
    });
    await once(child.stdout, 'data');
    child.kill('SIGINT');
    expect((await once(child, 'close'))[0]).toBe(1);
    expect(withoutProgress(said)).toBe('error: Interrupted before the end of the replay.\n');
    const { paths, release } = openDataDir({ path: here.dataDir, clock: systemClock, random: systemRandom() });
    expect(strayServers(paths)).toEqual([]);
    release();
    expect((await replay(here)).code).toBe(0);
  });

  test('is read although its last user was killed, whose server still runs', async () => {
    const here = await recording();
    await here.stop();
    const child = spawn(process.execPath, [main, 'replay', '--data-dir', here.dataDir, '--speed', '0.1'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    await once(child.stdout, 'data');
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect((await replay(here, '--verify')).code).toBe(0);
  });

  test('that is none is not made one', async () => {
    const { code, stderr } = await replay({ dataDir: `${tempDir()}/nothing` });
    expect(code).toBe(1);
    expect(stderr).toContain('No cluster was found:');
  });
});
