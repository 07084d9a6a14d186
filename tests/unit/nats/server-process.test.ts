import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connect } from '@nats-io/transport-node';
import { describe, expect, onTestFinished, test } from 'vitest';
import { isAlive } from '../../../infra/files/process-identity.ts';
import { ensureNatsCredentials } from '../../../infra/nats/credentials.ts';
import { dataDirPaths } from '../../../infra/nats/data-dir.ts';
import { type NatsServerExit, NatsServerFailed, startNatsServer } from '../../../infra/nats/server-process.ts';
import { runningNatsUrl, serverConfigFile, stoppedCleanly } from '../../../infra/nats/server-record.ts';
import { systemClock } from '../../../streams/base/clock.ts';
import { seededRandom } from '../../../streams/base/random.ts';
import { type ScratchNats, scratchNats } from '../../kit/scratch-nats.ts';
import { tempDir } from '../../kit/temp-dir.ts';

async function connectAsApi({ server, credentials }: ScratchNats) {
  const { user, password: pass } = credentials.api;
  const connection = await connect({ servers: server.url, user, pass, reconnect: false });
  onTestFinished(() => connection.close());
  return connection;
}

async function jetStream(nats: ScratchNats, subject: string, body: object = {}): Promise<Record<string, unknown>> {
  const connection = await connectAsApi(nats);
  const answer = await connection.request(subject, JSON.stringify(body));
  await connection.close();
  return answer.json();
}

describe('a started server', () => {
  test('is ready: it takes the API server’s credentials and has JetStream', async () => {
    const nats = await scratchNats();
    expect(await jetStream(nats, '$JS.API.INFO')).toHaveProperty('limits');
    expect(nats.server.url).toBe(`nats://127.0.0.1:${nats.server.port}`);
  });

  test('syncs every write unless told otherwise, and takes objects of 1.5 MB', async () => {
    const always = await scratchNats();
    const relaxed = await scratchNats({ durability: 'relaxed' });
    const sync = async ({ server }: ScratchNats) => (await fetch(`${server.monitorUrl}/jsz?config=1`)).json();
    expect(await sync(always)).toMatchObject({ config: { sync_always: true } });
    expect(await sync(relaxed)).toMatchObject({ config: { sync_interval: 100_000_000 } });
    const connection = await connectAsApi(always);
    expect(connection.info?.max_payload).toBe(2 * 1024 * 1024);
  });

  test('refuses anyone without credentials', async () => {
    const { server } = await scratchNats();
    await expect(connect({ servers: server.url, reconnect: false })).rejects.toThrow(/Authorization/i);
  });

  test('keeps its passwords in files only their owner can read', async () => {
    const { paths } = await scratchNats();
    for (const file of [paths.natsCredentials, serverConfigFile(paths)]) {
      expect(statSync(file).mode & 0o777).toBe(0o600);
    }
  });

  test('can be found by commands while it runs, and not after', async () => {
    const { server, paths } = await scratchNats();
    expect(runningNatsUrl(paths)).toBe(server.url);
    await server.stop();
    expect(runningNatsUrl(paths)).toBeUndefined();
    expect(stoppedCleanly(paths)).toBe(true);
    expect(isAlive(server.pid)).toBe(false);
  });
});

describe('a server that ends', () => {
  test('by being stopped is no news', async () => {
    const exits: NatsServerExit[] = [];
    const { server } = await scratchNats({ onExit: (exit) => void exits.push(exit) });
    await server.stop();
    expect(exits).toEqual([]);
  });

  test('by a kill -9 is reported, and its successor on the same port has all that was written', async () => {
    const { promise, resolve } = Promise.withResolvers<NatsServerExit>();
    const nats = await scratchNats({ onExit: resolve });
    await jetStream(nats, '$JS.API.STREAM.CREATE.LOG', { name: 'LOG', subjects: ['log.>'], storage: 'file' });
    const written = await jetStream(nats, 'log.a', { hello: 'world' });
    expect(written).toEqual({ stream: 'LOG', seq: 1 });
    process.kill(nats.server.pid, 'SIGKILL');
    expect(await promise).toMatchObject({ code: null, signal: 'SIGKILL' });

    const successor = await scratchNats({ paths: nats.paths, port: nats.server.port });
    expect(successor.server.port).toBe(nats.server.port);
    expect(await jetStream(successor, '$JS.API.STREAM.INFO.LOG')).toMatchObject({
      state: { messages: 1, last_seq: 1 },
    });
  });
});

describe('a server that an earlier process left running', () => {
  test('is ended before a new one starts on its store', async () => {
    const path = tempDir();
    const pid = await leaveServerRunning(path);
    expect(isAlive(pid)).toBe(true);
    const nats = await scratchNats({ paths: dataDirPaths(path) });
    expect(isAlive(pid)).toBe(false);
    expect(nats.server.pid).not.toBe(pid);
  });

  test('is found among all processes when the crash came before it was noted down', async () => {
    const path = tempDir();
    const pid = await leaveServerRunning(path);
    writeFileSync(join(dataDirPaths(path).natsRun, 'server.json'), '');
    await scratchNats({ paths: dataDirPaths(path), crashed: true });
    expect(isAlive(pid)).toBe(false);
  });
});

describe('a server that cannot start', () => {
  const start = (path: string, program: string, port?: number) => {
    const paths = dataDirPaths(path);
    const credentials = ensureNatsCredentials(paths, seededRandom('s'));
    return startNatsServer({
      paths,
      program,
      credentials,
      clock: systemClock,
      ...(port === undefined ? {} : { port }),
    });
  };

  test('says why: its port is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    onTestFinished(() => void other.close());
    await once(other, 'listening');
    const { port } = other.address() as { port: number };
    const started = scratchNats({ port });
    await expect(started).rejects.toBeInstanceOf(NatsServerFailed);
    await expect(started).rejects.toThrow(/address already in use/);
  });

  test('says why: there is no such program', async () => {
    const path = tempDir();
    await expect(start(path, join(path, 'no-such-program'))).rejects.toThrow(/did not start.*ENOENT/);
    expect(existsSync(dataDirPaths(path).natsStore)).toBe(true);
  });
});

describe('the credentials', () => {
  test('are made once', () => {
    const paths = dataDirPaths(tempDir());
    const made = ensureNatsCredentials(paths, seededRandom('1'));
    expect(ensureNatsCredentials(paths, seededRandom('2'))).toEqual(made);
    expect(made.api.password).not.toBe(made.reader.password);
  });

  test('are refused when damaged, with the way out', () => {
    const paths = dataDirPaths(tempDir());
    ensureNatsCredentials(paths, seededRandom('1'));
    writeFileSync(paths.natsCredentials, readFileSync(paths.natsCredentials, 'utf8').slice(0, 20));
    expect(() => ensureNatsCredentials(paths, seededRandom('1'))).toThrow(
      /credentials\.json is damaged.*delete that file/,
    );
  });
});

/** Starts a server from a process that is then killed, as a crash would. */
async function leaveServerRunning(path: string): Promise<number> {
  const module = (name: string) => JSON.stringify(fileURLToPath(new URL(`../../../${name}`, import.meta.url)));
  const script = `
    import { startNatsServer } from ${module('infra/nats/server-process.ts')};
    import { requireNatsServer } from ${module('infra/nats/find-server.ts')};
    import { ensureNatsCredentials } from ${module('infra/nats/credentials.ts')};
    import { dataDirPaths } from ${module('infra/nats/data-dir.ts')};
    import { systemClock } from ${module('streams/base/clock.ts')};
    import { systemRandom } from ${module('streams/base/random.ts')};
    const paths = dataDirPaths(${JSON.stringify(path)});
    const credentials = ensureNatsCredentials(paths, systemRandom());
    const server = await startNatsServer({ paths, credentials, program: requireNatsServer().path, clock: systemClock });
    process.stdout.write(String(server.pid));
    process.stdin.resume();
  `;
  const owner = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['pipe', 'pipe', 'inherit'] });
  onTestFinished(() => void owner.kill('SIGKILL'));
  const [output] = (await once(owner.stdout, 'data')) as [Buffer];
  owner.kill('SIGKILL');
  await once(owner, 'exit');
  return Number(output.toString());
}
