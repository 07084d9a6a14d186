// `shiplog events` against a real log: found through a kubeconfig, read with the reader's rights.

import { once } from 'node:events';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import type { CliContext } from '../../../infra/cli/command.ts';
import { run } from '../../../infra/cli/main.ts';
import { printEvents } from '../../../infra/cli/print-events.ts';
import { createTerminal } from '../../../infra/cli/terminal.ts';
import { openDataDir } from '../../../infra/nats/data-dir.ts';
import { writeKubeconfig } from '../../../infra/pki/kubeconfig.ts';
import { revisionZero } from '../../../streams/base/brand.ts';
import { systemClock } from '../../../streams/base/clock.ts';
import { silentLogger } from '../../../streams/base/logger.ts';
import { systemRandom } from '../../../streams/base/random.ts';
import { openJetStreamLog } from '../../../streams/jetstream/jetstream-cluster-log.ts';
import type { EventId, LogEvent } from '../../../streams/log/event.ts';
import { subjectOf } from '../../../streams/log/subjects.ts';
import { scratchNats } from '../../kit/scratch-nats.ts';
import { tempDir } from '../../kit/temp-dir.ts';

const at = Date.parse('2026-06-01T12:00:00.250Z');

const pod = (name: string, change: Partial<LogEvent>): { name: string; event: LogEvent } => ({
  name,
  event: {
    id: `${name}-${change.type}` as EventId,
    type: 'pod.created',
    from: null,
    to: 'Pending',
    timeMs: at,
    author: { user: 'kubernetes-admin' },
    cause: null,
    seen: revisionZero,
    object: Buffer.from(JSON.stringify({ kind: 'Pod', metadata: { name } })),
    ...change,
  },
});

async function cluster() {
  const opened = openDataDir({ path: tempDir(), clock: systemClock, random: systemRandom() });
  const { server, credentials, paths } = await scratchNats({ paths: opened.paths });
  opened.release();
  const log = await openJetStreamLog({
    servers: [server.url],
    credentials: credentials.api,
    clock: systemClock,
    random: systemRandom(),
    logger: silentLogger,
  });
  const record = async ({ name, event }: ReturnType<typeof pod>) => {
    const subject = subjectOf({ group: '', resource: 'pods', namespace: 'default', name });
    const last = await log.streams.LOG.lastOn(subject);
    const expect =
      last === undefined ? ({ kind: 'absent' } as const) : ({ kind: 'at', revision: last.revision } as const);
    await log.streams.LOG.append({ subject, expect, event });
  };
  await record(pod('web-1', {}));
  await record(pod('web-2', { timeMs: at + 60_000 }));
  await record(
    pod('web-1', {
      type: 'pod.scheduled',
      from: 'Pending',
      to: 'Scheduled',
      author: { user: 'system:kube-scheduler' },
    }),
  );
  const client = { certificate: '', key: '' };
  await writeKubeconfig(paths.kubeconfig, { server: 'https://127.0.0.1:1', ca: '', client, dataDir: paths.root });
  return { dataDir: paths.root, kubeconfig: paths.kubeconfig, record, close: () => log.close(), stop: server.stop };
}

function shell(env: Record<string, string> = {}) {
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const context: CliContext = {
    terminal: createTerminal({ stdout, stderr, env: {}, clock: systemClock }),
    clock: systemClock,
    env,
  };
  return {
    context,
    stdout,
    lines: () =>
      String(stdout.read() ?? '')
        .trimEnd()
        .split('\n'),
    errors: () => String(stderr.read() ?? ''),
  };
}

async function events(...args: readonly string[]): Promise<readonly string[]> {
  const { context, lines } = shell();
  expect(await run(['events', ...args], context)).toBe(0);
  return lines();
}

describe('shiplog events', () => {
  test('prints one tidy line an event: time, revision, object, transition, author', async () => {
    const { dataDir, kubeconfig, close } = await cluster();
    const lines = await events('--data-dir', dataDir);
    expect(lines.map((line) => line.replaceAll(/ {2,}/g, '  '))).toEqual([
      '12:00:00.250  1  default pod/web-1  created  ∅ → Pending  by kubernetes-admin',
      '12:01:00.250  2  default pod/web-2  created  ∅ → Pending  by kubernetes-admin',
      '12:00:00.250  3  default pod/web-1  scheduled  Pending → Scheduled  by system:kube-scheduler',
    ]);
    expect(await events('--kubeconfig', kubeconfig)).toEqual(lines);
    await close();
  });

  test('keeps to one object, one namespace, a moment or a revision', async () => {
    const { dataDir, close } = await cluster();
    const revisions = async (...args: readonly string[]) =>
      (await events('--data-dir', dataDir, '-o', 'json', ...args))
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line).revision);
    expect(await revisions('--for', 'Pod/web-1')).toEqual([1, 3]);
    expect(await revisions('-n', 'elsewhere')).toEqual([]);
    expect(await revisions('--since', '2026-06-01T12:01:00Z')).toEqual([2]);
    expect(await revisions('--since', '3')).toEqual([3]);
    expect(await revisions('--stream', 'event')).toEqual([]);
    await close();
  });

  test('follows until it is told to stop', async () => {
    const { dataDir, record, close } = await cluster();
    const { context, stdout } = shell();
    const stop = new AbortController();
    const options = {
      dataDir,
      dataDirNamed: true,
      kubeconfig: undefined,
      follow: true,
      since: undefined,
      object: { group: '', resource: 'pods', name: 'new' },
      namespace: undefined,
      stream: undefined,
      output: 'text',
    } as const;
    const printed = printEvents({ options, context, signal: stop.signal });
    const line = once(stdout, 'data');
    await record(pod('new', {}));
    expect(String(await line)).toContain('pod/new');
    stop.abort();
    await printed;
    await close();
  });

  test.each(['pod/web-1', 'po/web-1', 'Pods/web-1', 'pods.v1./web-1'])('knows %s by that name', async (name) => {
    const { dataDir, close } = await cluster();
    const lines = await events('--data-dir', dataDir, '--for', name);
    expect(lines.map((line) => line.includes('default pod/web-1'))).toEqual([true, true]);
    await close();
  });

  test('a data directory that is named means more than $KUBECONFIG', async () => {
    const named = await cluster();
    const { context, lines } = shell({ KUBECONFIG: '/nowhere/kubeconfig' });
    expect(await run(['events', '--data-dir', named.dataDir], context)).toBe(0);
    expect(lines()).toHaveLength(3);
    await named.close();
  });

  test('reads a stopped cluster; following one is refused with the way out', async () => {
    const { dataDir, close, stop } = await cluster();
    const lines = await events('--data-dir', dataDir);
    await close();
    await stop();
    expect(await events('--data-dir', dataDir)).toEqual(lines);
    const { context, errors } = shell();
    expect(await run(['events', '--follow', '--data-dir', dataDir], context)).toBe(1);
    expect(errors()).toContain(`is not running. Start it with: npm start -- --data-dir ${dataDir}`);
  });

  test('says what a directory lacks that is no cluster', async () => {
    const { context, errors } = shell();
    const empty = tempDir();
    await writeKubeconfig(join(empty, 'kubeconfig'), {
      server: 'https://127.0.0.1:1',
      ca: '',
      client: { certificate: '', key: '' },
      dataDir: empty,
    });
    expect(await run(['events', '--data-dir', empty], context)).toBe(1);
    expect(errors()).toContain(`${empty} is not a Shiplog data directory`);
  });
});
