// The examples of the README, run as their readers would run them: against a cluster they find through $KUBECONFIG.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { openDataDir } from '../../infra/nats/data-dir.ts';
import { writeKubeconfig } from '../../infra/pki/kubeconfig.ts';
import { systemClock } from '../../streams/base/clock.ts';
import { systemRandom } from '../../streams/base/random.ts';
import type { EventLog } from '../../streams/log/event-log.ts';
import { subjectOf } from '../../streams/log/subjects.ts';
import { absent, anEvent, bytesOf, record } from '../kit/events.ts';
import { openLog } from '../kit/jetstream.ts';
import type { TestNats } from '../kit/nats-server.ts';
import { scratchNats } from '../kit/scratch-nats.ts';
import { tempDir } from '../kit/temp-dir.ts';

type Cluster = { readonly log: EventLog; readonly kubeconfig: string };

async function aCluster(): Promise<Cluster> {
  const dataDir = openDataDir({ path: tempDir(), clock: systemClock, random: systemRandom() });
  onTestFinished(() => dataDir.release());
  const { server, credentials, paths } = await scratchNats({ paths: dataDir.paths });
  const log = await openLog({ address: new URL(server.url).host, credentials } as TestNats);
  onTestFinished(() => log.close());
  const client = { certificate: '', key: '' };
  await writeKubeconfig(paths.kubeconfig, { server: 'https://127.0.0.1:1', ca: '', client, dataDir: paths.root });
  return { log: log.streams.LOG, kubeconfig: paths.kubeconfig };
}

async function create(log: EventLog, group: string, resource: string, name: string): Promise<void> {
  const object = bytesOf({ metadata: { name, namespace: 'default', generation: 1 } });
  const event = anEvent({ type: `${resource.slice(0, -1)}.created`, from: null, to: 'Progressing', object });
  await record(log, { subject: subjectOf({ group, resource, namespace: 'default', name }), expect: absent, event });
}

function example(name: string, { kubeconfig }: Cluster, args: readonly string[] = []): ChildProcess {
  const file = fileURLToPath(new URL(`../examples/${name}.ts`, import.meta.url));
  const child = spawn(process.execPath, [file, ...args], {
    env: { ...process.env, KUBECONFIG: kubeconfig },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

test('subscribe.ts tells what happened to deployments, then what happens, until Ctrl-C', async () => {
  const cluster = await aCluster();
  await create(cluster.log, 'apps', 'deployments', 'web');
  await create(cluster.log, '', 'pods', 'web-1');
  const child = example('subscribe', cluster);
  const exit = once(child, 'exit');
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]();
  const next = async () => (await lines.next()).value;
  const by = 'by system:serviceaccount:default:tester, generation 1';
  expect(await next()).toBe(`1 web: deployment.created (null → Progressing) ${by}`);
  await create(cluster.log, 'apps', 'deployments', 'shop');
  expect(await next()).toBe(`3 shop: deployment.created (null → Progressing) ${by}`);
  child.kill('SIGINT');
  expect(await exit).toEqual([0, null]);
});

test('work.ts copies pods and can be run again from where it came to', async () => {
  const cluster = await aCluster();
  for (const name of ['a', 'b', 'c', 'd', 'e']) await create(cluster.log, '', 'pods', name);
  const file = join(tempDir(), 'pods.ndjson');
  const run = async (from: string, to: string) => {
    const child = example('work', cluster, [file, from, to]);
    let output = '';
    child.stdout?.on('data', (chunk) => {
      output += String(chunk);
    });
    expect(await once(child, 'close')).toEqual([0, null]);
    return output.trim().split('\n');
  };
  expect(await run('1', '3')).toEqual(['copied 1', 'copied 2', 'copied 3']);
  expect(await run('4', '5')).toEqual(['copied 4', 'copied 5']);
  const copies = readFileSync(file, 'utf8').trim().split('\n');
  expect(copies.map((line) => JSON.parse(line).metadata.name).sort()).toEqual(['a', 'b', 'c', 'd', 'e']);
});
