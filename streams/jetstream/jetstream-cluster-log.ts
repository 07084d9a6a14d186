// Opens a cluster's log on NATS JetStream: connects, checks the server, provisions the streams, and hands out one
// EventLog per stream. Closing it settles every accepted append first.

import type { Random } from '../base/random.ts';
import { LogUnavailable } from '../log/errors.ts';
import { type StreamName, streamNames } from '../log/event.ts';
import type { ClusterLog, EventLog } from '../log/event-log.ts';
import { Committer } from './committer.ts';
import { Connection, type ConnectOptions } from './connection.ts';
import { checkSync, type Durability } from './durability.ts';
import { Heads } from './heads.ts';
import { HistoryGuard } from './history-guard.ts';
import { JetStreamLog } from './jetstream-log.ts';
import { JetStreamApi } from './js-api.ts';
import { type ProvisionOptions, provision, recordRun } from './provision.ts';
import { Publisher } from './publisher.ts';
import type { ConsumerDeps } from './pull-consumer.ts';
import { RecentEvents, restoreLost } from './restore.ts';
import { historyName, type StreamSettings } from './stream-config.ts';
import { HighWater, type StreamReader } from './tail.ts';
import { Tombstones } from './tombstones.ts';

export type JetStreamLogOptions = ConnectOptions &
  StreamSettings & {
    /** Default: always. */
    readonly durability?: Durability;
    /** `http://host:port` of the server's monitoring, where how it syncs can be checked. */
    readonly monitorUrl?: string;
    readonly timing?: Timing;
  };

/** Milliseconds; the defaults suit everything but tests. */
export type Timing = {
  /** How long one attempt or request waits for the server's answer. */
  readonly answerMs?: number;
  /** How long an append is tried before its caller hears that the log is unavailable; a failover takes up to 9 s. */
  readonly appendMs?: number;
  /** The server's sign of life to readers; two and a half times this without one and they start anew. */
  readonly heartbeatMs?: number;
  /** How long a read that ends may find nothing new before its caller hears that the log is unavailable. */
  readonly readMs?: number;
};

/** Rejects with ServerUnfit, StreamUnfit or LogUnavailable. */
export async function openJetStreamLog(options: JetStreamLogOptions): Promise<ClusterLog> {
  const { clock, logger, durability = 'always', monitorUrl } = options;
  if (monitorUrl !== undefined) await checkSync({ monitorUrl, durability, clock, logger });
  const connection = await Connection.open(options);
  const random = options.random.stream('jetstream');
  const api = new JetStreamApi(connection, { timeoutMs: options.timing?.answerMs ?? answerMsDefault });
  const patientApi = new JetStreamApi(connection, { timeoutMs: provisionAnswerMs });
  const provisioning = { api: patientApi, settings: options, durability, random, logger };
  const readers = streamReaders({ ...options, connection, api, random });
  let epoch: string;
  try {
    const provisioned = await provision({ ...provisioning, serverRun: connection.serverRun });
    epoch = provisioned.epoch;
    readers.LOG.highWater.note(provisioned.last);
  } catch (error) {
    await connection.close();
    throw error;
  }
  const log = (stream: StreamName) => {
    const reader = readers[stream];
    return new JetStreamLog(reader, committer(reader, options));
  };
  const streams = { LOG: log('LOG'), LEASE: log('LEASE'), EVENT: log('EVENT') };
  if (durability === 'relaxed') vouchForRestarts(connection, readers.LOG, { ...provisioning, epoch });
  return {
    streams,
    epoch,
    status: () => connection.status(),
    onStatus: (listener, readOptions) => connection.onStatus(listener, readOptions),
    async close() {
      await Promise.all(streamNames.map((name) => streams[name].close()));
      await connection.close();
    },
  };
}

/** The log of a cluster for those who only read it: their NATS user needs no right to publish events. */
export type ClusterLogReader = Omit<ClusterLog, 'streams'> & {
  readonly streams: Readonly<Record<StreamName, Omit<EventLog, 'append'>>>;
};

/** Rejects with ServerUnfit, or with LogUnavailable where there is no log (yet). */
export async function openJetStreamReader(
  options: ConnectOptions & { readonly timing?: Timing },
): Promise<ClusterLogReader> {
  const connection = await Connection.open(options);
  const api = new JetStreamApi(connection, { timeoutMs: options.timing?.answerMs ?? answerMsDefault });
  try {
    const log = await api.findStream('LOG');
    if (log === undefined) throw new LogUnavailable('there is no cluster on this NATS server: no stream LOG');
    const readers = streamReaders({ ...options, connection, api });
    return {
      streams: {
        LOG: new JetStreamLog(readers.LOG),
        LEASE: new JetStreamLog(readers.LEASE),
        EVENT: new JetStreamLog(readers.EVENT),
      },
      epoch: log.config.metadata?.['shiplog.epoch'] ?? '',
      status: () => connection.status(),
      onStatus: (listener, readOptions) => connection.onStatus(listener, readOptions),
      close: () => connection.close(),
    };
  } catch (error) {
    await connection.close();
    throw error;
  }
}

const answerMsDefault = 5_000;
/** Making a stream syncs directories, on every server of a cluster. */
const provisionAnswerMs = 30_000;

type ReaderOptions = Pick<ConnectOptions, 'clock' | 'logger'> & {
  readonly connection: Connection;
  readonly api: JetStreamApi;
  readonly random: Random;
  readonly timing?: Timing;
};

function streamReaders(options: ReaderOptions): Readonly<Record<StreamName, StreamReader>> {
  const { connection, api, clock, random, logger, timing } = options;
  const { heartbeatMs = 500, readMs = 30_000 } = timing ?? {};
  const deps: ConsumerDeps = { connection, api, clock, random, heartbeatMs, readMs };
  const reader = (stream: StreamName): StreamReader => ({
    stream,
    history: stream === 'LOG' ? historyName : undefined,
    deps,
    logger,
    tombstones: new Tombstones(),
    heads: new Heads(),
    highWater: new HighWater(),
    recent: stream === 'LOG' ? undefined : new RecentEvents(),
  });
  return { LOG: reader('LOG'), LEASE: reader('LEASE'), EVENT: reader('EVENT') };
}

function committer(reader: StreamReader, { clock, logger, timing }: JetStreamLogOptions): Committer {
  const { deps, stream, history, tombstones, heads, highWater, recent } = reader;
  const { connection, api, random } = deps;
  const publisher = new Publisher({
    requests: connection.requests,
    random,
    timeoutMs: timing?.answerMs ?? answerMsDefault,
  });
  return new Committer({
    stream,
    connection,
    api,
    publisher,
    tombstones,
    heads,
    clock,
    logger,
    atomic: stream === 'LOG',
    guard: history === undefined ? undefined : new HistoryGuard({ api, history, highWater, clock, logger }),
    deadlineMs: timing?.appendMs ?? 15_000,
    onRecorded(revision, event) {
      highWater.note(revision);
      recent?.note(revision, event);
    },
    beforeResuming: () => restoreLost({ stream, api, publisher, recent, highWater, clock, logger }),
  });
}

/** See durability.ts: the epoch goes on where nothing this process knows of was lost. */
function vouchForRestarts(
  connection: Connection,
  { highWater }: StreamReader,
  options: Omit<ProvisionOptions, 'serverRun'> & { readonly epoch: string },
): void {
  const { api, logger } = options;
  let run = connection.serverRun;
  const vouch = async () => {
    const known = highWater.revision;
    const { state } = await api.streamInfo('LOG');
    if (state.last_seq < known) return;
    await recordRun({ ...options, serverRun: connection.serverRun });
    run = connection.serverRun;
  };
  connection.onStatus((status) => {
    if (status.kind !== 'ok' || connection.serverRun === run) return;
    vouch().catch((error: unknown) => logger.warn('cannot vouch for the restarted server', { error: String(error) }));
  });
}
