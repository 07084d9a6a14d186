// Brings the streams of a cluster into being, or in line: compares what is with what is wanted, changes what may be
// changed, and refuses with the way out what may not. Believes the server's echo only: servers pass over settings they
// do not know in silence.

import type { StreamConfig, StreamInfo } from '@nats-io/jetstream';
import type { Logger } from '../base/logger.ts';
import type { Random } from '../base/random.ts';
import {
  type Durability,
  type EpochRecord,
  epochMetadata,
  epochRecordOf,
  historyIsAhead,
  nextEpoch,
} from './durability.ts';
import { ApiRefused, errCodes, StreamUnfit } from './errors.ts';
import type { JetStreamApi } from './js-api.ts';
import {
  formatVersion,
  historyName,
  metadataKeys,
  type StreamSettings,
  type WantedConfig,
  wantedConfig,
} from './stream-config.ts';

export type ProvisionOptions = {
  readonly api: JetStreamApi;
  readonly settings: StreamSettings;
  readonly durability: Durability;
  readonly serverRun: string;
  readonly random: Random;
  readonly logger: Logger;
};

export type Provisioned = {
  readonly epoch: string;
  /** LOG's last sequence. */
  readonly last: number;
};

/** Rejects with StreamUnfit or LogUnavailable. */
export async function provision(options: ProvisionOptions): Promise<Provisioned> {
  const { api, settings } = options;
  const [log, history, lease, event] = await Promise.all([
    api.findStream('LOG'),
    api.findStream(historyName),
    api.findStream('LEASE'),
    api.findStream('EVENT'),
  ]);
  for (const live of [log, history, lease, event]) if (live !== undefined) assertOurs(live);
  if (log === undefined && history !== undefined && history.state.last_seq > 0) {
    throw new StreamUnfit(
      `the stream LOG is gone while its mirror ${historyName} holds ${history.state.messages} events: restore LOG from a backup, or delete ${historyName} to begin anew`,
    );
  }
  const { log: logNow, record, epochChanged } = await ensureLog(options, log);
  const trusted = await trustedHistory(options, { log: logNow, history, epochChanged });
  await Promise.all([
    ensure(api, { wanted: wantedConfig(historyName, settings, trusted?.config), live: trusted }),
    ensure(api, { wanted: wantedConfig('LEASE', settings, lease?.config), live: lease }),
    ensure(api, { wanted: wantedConfig('EVENT', settings, event?.config), live: event }),
  ]);
  return { epoch: record.epoch, last: logNow.state.last_seq };
}

/** Makes LOG where it is missing, and settles which epoch this is: that of whoever made it first. */
async function ensureLog(
  { api, settings, durability, serverRun, random, logger }: ProvisionOptions,
  live: StreamInfo | undefined,
): Promise<{ log: StreamInfo; record: EpochRecord; epochChanged: boolean }> {
  const withEpoch = (record: EpochRecord, config?: StreamConfig): WantedConfig => {
    const wanted = wantedConfig('LOG', settings, config);
    return { ...wanted, metadata: { ...wanted.metadata, ...epochMetadata(record) } };
  };
  const next = (remembered: EpochRecord | undefined) =>
    nextEpoch({ remembered, durability, serverRun, fresh: () => random.uuid() });
  const present = live ?? (await create(api, withEpoch(next(undefined))));
  assertOurs(present);
  const remembered = epochRecordOf(present.config.metadata);
  const record = next(remembered);
  const epochChanged = remembered?.epoch !== record.epoch;
  if (epochChanged) logger.warn('a new epoch begins: the server was restarted under relaxed durability', { ...record });
  const log = await ensure(api, { wanted: withEpoch(record, present.config), live: present });
  return { log, record, epochChanged };
}

/** Remembers in LOG's metadata that this server process carries the epoch on. */
export async function recordRun(options: ProvisionOptions & { readonly epoch: string }): Promise<void> {
  const { api, durability, serverRun: run, epoch } = options;
  const { config } = await api.streamInfo('LOG');
  await api.updateStream({
    ...config,
    metadata: { ...config.metadata, ...epochMetadata({ epoch, durability, run }) },
  });
}

/** The mirror, unless it remembers revisions that LOG lost in a relaxed run: then it begins anew. */
async function trustedHistory(
  { api, logger }: ProvisionOptions,
  found: { log: StreamInfo; history: StreamInfo | undefined; epochChanged: boolean },
): Promise<StreamInfo | undefined> {
  const { history, epochChanged } = found;
  if (history === undefined) return undefined;
  let { log } = found;
  // Both were asked in the same moment, and others may write: what looks lost is asked for again.
  if (historyIsAhead({ log, history }) || subjectsOf(history) > subjectsOf(log)) log = await api.streamInfo('LOG');
  if (subjectsOf(history) > subjectsOf(log) && !historyIsAhead({ log, history })) {
    throw new StreamUnfit(
      `${historyName} knows ${subjectsOf(history)} objects, LOG ${subjectsOf(log)}: LOG lost events it had acknowledged, its store is damaged. Restore it from a backup, or delete ${historyName} to go on with what LOG holds`,
    );
  }
  if (!historyIsAhead({ log, history })) return history;
  if (!epochChanged) {
    throw new StreamUnfit(
      `${historyName} ends at revision ${history.state.last_seq}, LOG at ${log.state.last_seq}: LOG lost events it had acknowledged. Restore it from a backup, or delete ${historyName} to go on with what LOG holds`,
    );
  }
  logger.warn('history is begun anew: the log lost its end', {
    log: log.state.last_seq,
    history: history.state.last_seq,
  });
  await api.deleteStream(historyName);
  return undefined;
}

/** LOG keeps at least the last event of every object there ever was. */
function subjectsOf({ state }: StreamInfo): number {
  return state.num_subjects ?? 0;
}

async function ensure(
  api: JetStreamApi,
  { wanted, live }: { wanted: WantedConfig; live: StreamInfo | undefined },
): Promise<StreamInfo> {
  let present = live;
  if (present === undefined) {
    present = await create(api, wanted);
    assertOurs(present);
  }
  const differing = differences(wanted, present.config);
  if (differing.length === 0) return present;
  const fixed = differing.filter((key) => unchangeable.has(key));
  if (fixed.length > 0) {
    throw new StreamUnfit(
      `the stream ${wanted.name} has ${fixed.map((key) => setting(key, present.config)).join(', ')} and cannot be changed to ${fixed.map((key) => setting(key, wanted)).join(', ')}: choose the settings it was made with, or move its events to a new log`,
    );
  }
  const updated = await update(api, { wanted, live: present.config });
  const ignored = differences(wanted, updated.config);
  if (ignored.length > 0) {
    throw new StreamUnfit(
      `the NATS server did not take ${ignored.map((key) => setting(key, wanted)).join(', ')} for the stream ${wanted.name}: is every server of the cluster new enough?`,
    );
  }
  return updated;
}

/** Made by us, or by another process of the cluster in the same moment. */
async function create(api: JetStreamApi, wanted: WantedConfig): Promise<StreamInfo> {
  try {
    return await api.createStream(wanted);
  } catch (error) {
    if (error instanceof ApiRefused && error.errCode === errCodes.streamExists)
      return await api.streamInfo(wanted.name);
    throw refused(wanted, error);
  }
}

async function update(
  api: JetStreamApi,
  { wanted, live }: { wanted: WantedConfig; live: StreamConfig },
): Promise<StreamInfo> {
  try {
    return await api.updateStream({ ...live, ...wanted, metadata: { ...live.metadata, ...wanted.metadata } });
  } catch (error) {
    throw refused(wanted, error);
  }
}

function refused(wanted: WantedConfig, error: unknown): unknown {
  if (!(error instanceof ApiRefused)) return error;
  const text = `the NATS server refuses the stream ${wanted.name}: ${error.message}`;
  switch (error.errCode) {
    case errCodes.subjectsOverlap:
      return new StreamUnfit(
        `${text}. Another stream takes the subjects ${wanted.subjects?.join(', ')}: use a NATS account of its own for Shiplog`,
        { cause: error },
      );
    case errCodes.noStorage:
    case errCodes.noResources:
    case errCodes.accountLimits:
      return new StreamUnfit(
        `${text}. The quota of ${wanted.max_bytes} bytes exceeds what the server may store: choose a smaller quota or raise the server's max_file_store`,
        { cause: error },
      );
    default:
      return new StreamUnfit(text, { cause: error });
  }
}

function assertOurs({ config }: StreamInfo): void {
  const { metadata, name } = config;
  if (metadata?.[metadataKeys.stream] !== name) {
    throw new StreamUnfit(
      `the NATS account already has a stream named ${name} that is not Shiplog's: use a NATS account of its own for Shiplog`,
    );
  }
  const format = metadata[metadataKeys.format];
  if (format !== formatVersion) {
    throw new StreamUnfit(
      `the stream ${name} has format ${format}; this program reads format ${formatVersion}: use the Shiplog version that made it, or a newer one`,
    );
  }
}

const unchangeable: ReadonlySet<string> = new Set(['storage', 'persist_mode', 'mirror', 'retention']);

/** Names of wanted settings that are not in force; settings nobody asked for are left alone. */
function differences(wanted: WantedConfig, live: StreamConfig): string[] {
  return Object.keys(wanted).filter((key) => {
    const want = wanted[key as keyof WantedConfig];
    const have = live[key as keyof StreamConfig];
    return key === 'metadata' ? !contains(have, wanted.metadata) : !same(want, have);
  });
}

/** The server leaves out what is off, zero or default. */
function same(want: unknown, have: unknown): boolean {
  const absent = want === false || want === 0 || want === 'none';
  if (have === undefined) return absent;
  return typeof want === 'object' ? JSON.stringify(want) === JSON.stringify(have) : want === have;
}

function contains(have: unknown, wanted: Readonly<Record<string, string>>): boolean {
  const metadata = (have ?? {}) as Readonly<Record<string, string>>;
  return Object.entries(wanted).every(([key, value]) => (metadata[key] ?? '') === value);
}

function setting(key: string, config: Partial<StreamConfig>): string {
  return `${key}: ${JSON.stringify(config[key as keyof StreamConfig])}`;
}
