// Starts and stops the nats-server child that keeps the log.
//
// One server per store: what an earlier process left running is ended first, because two servers on one store both start
// and ruin it. The child is ready when the ports file of this very process exists and it reports healthy with JetStream;
// there is no time limit on that, as reading a large store back takes what it takes. It runs in a process group of its
// own: a Ctrl-C in the terminal must reach the API server first, which stops it after the last write.

import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { join } from 'node:path';
import { type Clock, sleep } from '../../streams/base/clock.ts';
import type { Durability } from '../../streams/jetstream/durability.ts';
import { endProcess, startOf } from '../files/process-identity.ts';
import type { NatsCredentials } from './credentials.ts';
import type { DataDirPaths } from './data-dir.ts';
import { renderServerConfig } from './server-config.ts';
import {
  removeServerRecord,
  serverConfigFile,
  stoppedCleanly,
  strayServers,
  writeServerRecord,
} from './server-record.ts';

/**
 * How far its heap may grow before it is collected, in percent of what is in use: Go's default is 100, of which the half
 * is garbage that waits. Whoever sets GOGC has the last word.
 */
const heapGrowthPercent = '50';

export type NatsServerOptions = {
  readonly paths: DataDirPaths;
  /** The nats-server program. */
  readonly program: string;
  readonly credentials: NatsCredentials;
  readonly clock: Clock;
  readonly durability?: Durability;
  /** Restarting a server that died: the port its clients keep trying. Left out, the system chooses one. */
  readonly port?: number;
  /** The data directory was not closed cleanly before, so look for a server that still runs. */
  readonly crashed?: boolean;
  /** Called once if the server ends without having been asked to. */
  readonly onExit?: (exit: NatsServerExit) => void;
};

export type NatsServerExit = {
  readonly code: number | null;
  readonly signal: string | null;
  /** The last lines of its log. */
  readonly lastWords: string;
};

export type NatsServer = {
  readonly pid: number;
  readonly port: number;
  /** `nats://127.0.0.1:PORT` */
  readonly url: string;
  /** `http://127.0.0.1:PORT`, the server's monitoring. */
  readonly monitorUrl: string;
  /** Ends the server after it has written everything; resolves when the process is gone. */
  stop(): Promise<void>;
};

/** The server could not be started; the message holds what it said. */
export class NatsServerFailed extends Error {
  override readonly name = 'NatsServerFailed';
}

const pollMs = 4;
const stopMsMax = 30_000;

/**
 * Starts a server and resolves when it is ready to be used.
 *
 * @throws {NatsServerFailed}
 */
export async function startNatsServer(options: NatsServerOptions): Promise<NatsServer> {
  const { paths, clock, onExit } = options;
  if (options.crashed === true || !stoppedCleanly(paths)) await endStrays(paths, clock);
  const { child, log } = launch(options);
  let stopping = false;
  let ready = false;
  const exited = new Promise<NatsServerExit>((resolve) => {
    const ended = (code: number | null, signal: string | null) => {
      process.off('exit', endWithUs);
      resolve({ code, signal, lastWords: log.lastWords() });
    };
    child.once('error', (error) => ended(null, error.message));
    child.once('exit', ended);
  });
  const endWithUs = () => child.kill('SIGTERM');
  process.once('exit', endWithUs);
  void exited.then((exit) => {
    if (ready && !stopping) onExit?.(exit);
  });

  const pid = child.pid;
  if (pid === undefined) throw failedStart(options.program, await exited);
  const started = startOf(pid);
  writeServerRecord(paths, { pid, started });
  const ports = await Promise.race([portsOnceReady(paths, pid, clock, exited), exited.then(() => undefined)]);
  if (ports === undefined) {
    removeServerRecord(paths);
    throw failedStart(options.program, await exited);
  }
  ready = true;
  writeServerRecord(paths, { pid, started, url: ports.url });
  const stop = async () => {
    stopping = true;
    child.kill('SIGTERM');
    const force = clock.after(stopMsMax, () => child.kill('SIGKILL'));
    await exited;
    force.cancel();
    removeServerRecord(paths);
  };
  return { pid, port: Number(new URL(ports.url).port), ...ports, stop };
}

type Ports = { readonly url: string; readonly monitorUrl: string };
type Log = { lastWords(): string };

function launch(options: NatsServerOptions): { readonly child: ChildProcess; readonly log: Log } {
  const { paths, program, credentials, durability, port } = options;
  mkdirSync(paths.natsStore, { recursive: true, mode: 0o700 });
  mkdirSync(paths.natsRun, { recursive: true, mode: 0o700 });
  for (const name of readdirSync(paths.natsRun)) if (name.endsWith('.ports')) rmSync(join(paths.natsRun, name));
  const config = serverConfigFile(paths);
  const rendered = renderServerConfig({
    storeDir: paths.natsStore,
    credentials,
    ...(durability === undefined ? {} : { durability }),
    ...(port === undefined ? {} : { port }),
  });
  writeFileSync(config, rendered, { mode: 0o600 });
  const logFile = join(paths.natsRun, 'nats-server.log');
  // What it says before its log is open (a refused configuration) goes to standard error.
  const errorFile = join(paths.natsRun, 'nats-server.err');
  const errors = openSync(errorFile, 'w', 0o600);
  const logFrom = sizeOf(logFile);
  const child = spawn(program, ['-c', config, '--log', logFile, '--ports_file_dir', paths.natsRun], {
    cwd: paths.natsRun,
    env: { ...process.env, GOGC: process.env.GOGC ?? heapGrowthPercent },
    stdio: ['ignore', 'ignore', errors],
    detached: process.platform !== 'win32',
    windowsHide: true,
  });
  closeSync(errors);
  const lastWords = () => lastLines(`${readFrom(errorFile, 0)}\n${readFrom(logFile, logFrom)}`);
  return { child, log: { lastWords } };
}

/** Never resolves when the server ends first: the caller watches for that itself. */
async function portsOnceReady(
  paths: DataDirPaths,
  pid: number,
  clock: Clock,
  exited: Promise<unknown>,
): Promise<Ports | undefined> {
  let gone = false;
  void exited.then(() => {
    gone = true;
  });
  const file = join(paths.natsRun, `nats-server_${pid}.ports`);
  while (!gone) {
    const ports = readPorts(file);
    if (ports !== undefined && (await isHealthy(ports.monitorUrl))) return ports;
    await sleep(clock, pollMs);
  }
  return undefined;
}

function readPorts(file: string): Ports | undefined {
  try {
    const { nats, monitoring } = JSON.parse(readFileSync(file, 'utf8')) as Record<string, readonly string[]>;
    const [url, monitorUrl] = [nats?.[0], monitoring?.[0]];
    return url === undefined || monitorUrl === undefined ? undefined : { url, monitorUrl };
  } catch {
    return undefined;
  }
}

function isHealthy(monitorUrl: string): Promise<boolean> {
  return new Promise((resolve) => {
    const request = get(`${monitorUrl}/healthz?js-enabled-only=true`, { agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    request.on('error', () => resolve(false));
  });
}

async function endStrays(paths: DataDirPaths, clock: Clock): Promise<void> {
  for (const pid of strayServers(paths)) {
    const ended = await endProcess(pid, clock, stopMsMax);
    if (!ended) {
      throw new NatsServerFailed(
        `A nats-server with pid ${pid} still runs on ${paths.natsStore} and could not be ended. Stop it and start again.`,
      );
    }
  }
  removeServerRecord(paths);
}

function failedStart(program: string, { code, signal, lastWords }: NatsServerExit): NatsServerFailed {
  const how = signal === null ? `exit code ${code}` : signal;
  return new NatsServerFailed(`${program} did not start (${how})${lastWords === '' ? '' : `:\n${lastWords}`}`);
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

function readFrom(file: string, from: number): string {
  try {
    return readFileSync(file).subarray(from).toString('utf8');
  } catch {
    return '';
  }
}

/** The complaints where there are any, else the end of it. */
function lastLines(text: string): string {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const complaints = lines.filter((line) => /\[(FTL|ERR)\]|^nats-server:/.test(line));
  return (complaints.length > 0 ? complaints : lines).slice(-5).join('\n');
}
