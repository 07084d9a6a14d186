// Opens the cluster's log: in memory, on a NATS server that runs already, or on a nats-server child of our own, which is
// started again on the same port whenever it dies: its clients reconnect, and nothing acknowledged is lost.

import { type Clock, sleep, type Timer } from '../../streams/base/clock.ts';
import type { Logger } from '../../streams/base/logger.ts';
import type { Random } from '../../streams/base/random.ts';
import type { Durability } from '../../streams/jetstream/durability.ts';
import type { ClusterLog } from '../../streams/log/event-log.ts';
import { memoryClusterLog } from '../../streams/log/memory-log.ts';
import { ensureNatsCredentials, type NatsCredentials } from '../nats/credentials.ts';
import type { DataDir } from '../nats/data-dir.ts';
import { noteRemoteLog, remoteAccess } from '../nats/log-access.ts';

export type LogOptions = {
  readonly dataDir: DataDir;
  readonly memory: boolean;
  /** URL of a server that runs already. */
  readonly nats: string | undefined;
  readonly durability: Durability;
};

export type LogPorts = { readonly clock: Clock; readonly random: Random; readonly logger: Logger };

export type OpenedLog = {
  readonly log: ClusterLog;
  /** Resolves with the cause when the log cannot come back by itself. */
  readonly failed: Promise<Error>;
  /** Closes the log and ends the child, in this order. */
  close(): Promise<void>;
};

const restartsMax = 8;
const restartMsFirst = 50;
const tendStagingMs = 5_000;

export async function openLog(options: LogOptions, ports: LogPorts): Promise<OpenedLog> {
  if (options.memory) {
    const log = memoryClusterLog();
    return { log, failed: new Promise(() => {}), close: () => log.close() };
  }
  noteRemoteLog(options.dataDir.paths, options.nats);
  if (options.nats !== undefined) return openRemote(options.nats, options, ports);
  return openChild(options, ports);
}

async function openRemote(text: string, { durability }: LogOptions, ports: LogPorts): Promise<OpenedLog> {
  const { openJetStreamLog } = await import('../../streams/jetstream/jetstream-cluster-log.ts');
  const { url, credentials } = remoteAccess(text);
  const log = await openJetStreamLog({ ...ports, credentials, durability, servers: [url] });
  return { log, failed: new Promise(() => {}), close: () => log.close() };
}

async function openChild({ dataDir, durability }: LogOptions, ports: LogPorts): Promise<OpenedLog> {
  const [{ openJetStreamLog }, { startNatsServer }, { requireNatsServer }, { batchStaging }] = await Promise.all([
    import('../../streams/jetstream/jetstream-cluster-log.ts'),
    import('../nats/server-process.ts'),
    import('../nats/find-server.ts'),
    import('../nats/batch-staging.ts'),
  ]);
  const credentials: NatsCredentials = ensureNatsCredentials(dataDir.paths, ports.random);
  const { path: program } = requireNatsServer();
  const staging = batchStaging(dataDir.paths);
  const failed = Promise.withResolvers<Error>();
  let stopping = false;
  const start = (port: number | undefined, crashed: boolean) =>
    startNatsServer({
      paths: dataDir.paths,
      program,
      credentials,
      clock: ports.clock,
      durability,
      crashed,
      ...(port === undefined ? undefined : { port }),
      onExit: (exit) => {
        ports.logger.warn('nats-server ended; starting it again', { code: exit.code, signal: exit.signal });
        if (!stopping) void restart(exit.lastWords);
      },
    });
  const restart = async (lastWords: string): Promise<void> => {
    for (let attempt = 0; attempt < restartsMax && !stopping; attempt++) {
      await sleep(ports.clock, restartMsFirst * 2 ** attempt);
      try {
        server = await start(server.port, true);
        if (stopping) await server.stop();
        else staging.begin();
        return;
      } catch (error) {
        ports.logger.error('nats-server does not start again', { attempt, error });
      }
    }
    if (!stopping) failed.resolve(new Error(`nats-server ended and cannot be started again: ${lastWords}`));
  };
  let server = await start(undefined, dataDir.crashed);
  let log: ClusterLog;
  try {
    log = await openJetStreamLog({
      ...ports,
      credentials: credentials.api,
      durability,
      servers: [server.url],
      monitorUrl: server.monitorUrl,
    });
  } catch (error) {
    // A store that cannot be opened must not leave its server behind, which would keep this process alive as well.
    stopping = true;
    await server.stop();
    throw error;
  }
  staging.begin();
  const tend = (): Timer =>
    ports.clock.after(tendStagingMs, () => {
      staging.tend();
      tending = tend();
    });
  let tending = tend();
  return {
    log,
    failed: failed.promise,
    async close() {
      tending.cancel();
      await log.close();
      stopping = true;
      await server.stop();
      staging.end();
    },
  };
}
