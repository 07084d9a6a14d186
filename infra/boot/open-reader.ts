// Opens a cluster's log for reading: on the NATS server of a running cluster with the reader's rights, or, where the
// cluster is stopped, on a nats-server child started on its data directory for the time being. The child is started
// under the directory's lock, so that no cluster starts on the same store meanwhile, and nothing is written to the log.

import { existsSync } from 'node:fs';
import type { Clock, Timer } from '../../streams/base/clock.ts';
import type { Logger } from '../../streams/base/logger.ts';
import type { Random } from '../../streams/base/random.ts';
import type { Credentials } from '../../streams/jetstream/connection.ts';
import type { ClusterLogReader } from '../../streams/jetstream/jetstream-cluster-log.ts';
import { LogUnavailable } from '../../streams/log/errors.ts';
import type { LogStatus } from '../../streams/log/event-log.ts';
import { readNatsCredentials } from '../nats/credentials.ts';
import { type DataDirPaths, dataDirPaths, openDataDir } from '../nats/data-dir.ts';
import { logAccess } from '../nats/log-access.ts';
import { removeServerRecord } from '../nats/server-record.ts';

export type LogPlace =
  /** A data directory on this machine. `refuse`: only the log of a cluster that runs. */
  | { readonly kind: 'dataDir'; readonly path: string; readonly stopped: 'start' | 'refuse' }
  /** NATS servers that run already. */
  | { readonly kind: 'servers'; readonly servers: readonly string[]; readonly credentials: Credentials };

export type ReaderPorts = { readonly clock: Clock; readonly random: Random; readonly logger: Logger };

export type OpenedReader = {
  readonly log: ClusterLogReader;
  /** False where the cluster is stopped and the log is read from a server of our own. */
  readonly running: boolean;
  /** Aborts, with the reason, when the cluster was started again at another address: this connection will not come back. */
  readonly moved: AbortSignal;
  close(): Promise<void>;
};

/** How often a lost cluster is looked for. */
const lookMs = 500;

/** The cluster does not run, and its log may not be opened by ourselves; the message says what to do. */
export class ClusterStopped extends Error {
  override readonly name = 'ClusterStopped';
}

/** Rejects with ClusterStopped, DataDirRefused, NatsServerMissing, NatsServerFailed, ServerUnfit or LogUnavailable. */
export async function openReader(place: LogPlace, ports: ReaderPorts): Promise<OpenedReader> {
  if (place.kind === 'servers') return openRunning(place, ports);
  const paths = existingDataDir(place.path);
  const access = logAccess(paths);
  if (access !== undefined) {
    const { url, credentials } = access;
    return openRunning({ servers: [url], credentials, movedTo: () => movedTo(paths, url) }, ports);
  }
  if (place.stopped === 'refuse') throw notRunning(paths);
  return openStopped(paths, ports);
}

/**
 * Aborts, with the reason, when the log has not answered for `patienceMs`: readers wait for outages to pass, and for a
 * reader with an end in sight that must not be for ever.
 */
export function lossOf(
  log: Pick<ClusterLogReader, 'onStatus' | 'status'>,
  { clock, patienceMs, signal }: { clock: Clock; patienceMs: number; signal: AbortSignal },
): AbortSignal {
  const lost = new AbortController();
  let timer: Timer | undefined;
  const observe = (status: LogStatus) => {
    timer?.cancel();
    timer = undefined;
    if (status.kind === 'ok' || signal.aborted) return;
    timer = clock.after(patienceMs, () =>
      lost.abort(new LogUnavailable(`${status.reason}, and it has not come back within ${patienceMs / 1_000} s`)),
    );
  };
  log.onStatus(observe, { signal });
  signal.addEventListener('abort', () => timer?.cancel(), { once: true });
  observe(log.status());
  return lost.signal;
}

type Running = {
  readonly servers: readonly string[];
  readonly credentials: Credentials;
  /** Where the cluster is now, if that is elsewhere. */
  readonly movedTo?: () => string | undefined;
};

async function openRunning(running: Running, ports: ReaderPorts): Promise<OpenedReader> {
  const log = await connectReader(running.servers, running.credentials, ports);
  const closed = new AbortController();
  const moved = moveOf(log, { ...running, ...ports, signal: closed.signal });
  return {
    log,
    running: true,
    moved,
    async close() {
      closed.abort();
      await log.close();
    },
  };
}

/** Looks, while the connection is lost, whether the cluster has come up elsewhere. */
function moveOf(
  log: ClusterLogReader,
  { movedTo, clock, signal }: Pick<Running, 'movedTo'> & { readonly clock: Clock; readonly signal: AbortSignal },
): AbortSignal {
  const moved = new AbortController();
  let timer: Timer | undefined;
  const look = () => {
    timer = undefined;
    if (signal.aborted || log.status().kind === 'ok') return;
    const url = movedTo?.();
    if (url === undefined) timer = clock.after(lookMs, look);
    else moved.abort(new LogUnavailable(`the cluster was started again and its log is now at ${url}: connect again`));
  };
  if (movedTo !== undefined) {
    log.onStatus(({ kind }) => (kind === 'degraded' && timer === undefined ? look() : undefined), { signal });
    signal.addEventListener('abort', () => timer?.cancel(), { once: true });
  }
  return moved.signal;
}

function movedTo(paths: DataDirPaths, from: string): string | undefined {
  const url = logAccess(paths)?.url;
  return url === from ? undefined : url;
}

async function connectReader(
  servers: readonly string[],
  credentials: Credentials,
  ports: ReaderPorts,
): Promise<ClusterLogReader> {
  const { openJetStreamReader } = await import('../../streams/jetstream/jetstream-cluster-log.ts');
  return openJetStreamReader({ ...ports, servers, credentials });
}

async function openStopped(paths: DataDirPaths, ports: ReaderPorts): Promise<OpenedReader> {
  const { clock, random } = ports;
  const dataDir = openDataDir({ path: paths.root, clock, random });
  try {
    const credentials = readNatsCredentials(paths);
    if (credentials === undefined || !existsSync(paths.natsStore)) {
      throw new ClusterStopped(
        `${paths.root} holds no log: no cluster was ever started on it with a NATS server of its own.`,
      );
    }
    const [{ startNatsServer }, { requireNatsServer }] = await Promise.all([
      import('../nats/server-process.ts'),
      import('../nats/find-server.ts'),
    ]);
    const { path: program } = requireNatsServer();
    const server = await startNatsServer({ paths, program, credentials, clock, crashed: dataDir.crashed });
    // Others must not take a server that goes with this process for the cluster's: without its record none finds it.
    removeServerRecord(paths);
    try {
      const log = await connectReader([server.url], credentials.reader, ports);
      return {
        log,
        running: false,
        moved: new AbortController().signal,
        async close() {
          await log.close();
          await server.stop();
          dataDir.release();
        },
      };
    } catch (error) {
      await server.stop();
      throw error;
    }
  } catch (error) {
    dataDir.release();
    throw error;
  }
}

/** Opening would make a directory that is not there; a reader must not. */
function existingDataDir(path: string): DataDirPaths {
  const paths = dataDirPaths(path);
  if (existsSync(paths.marker) || logAccess(paths) !== undefined) return paths;
  throw new ClusterStopped(
    `${paths.root} is not a Shiplog data directory. Name one with --data-dir, or start a cluster: npm start -- --data-dir ${paths.root}`,
  );
}

function notRunning({ root }: DataDirPaths): ClusterStopped {
  return new ClusterStopped(`The cluster in ${root} is not running. Start it with: npm start -- --data-dir ${root}`);
}
