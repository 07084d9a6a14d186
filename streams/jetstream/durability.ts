// What an acknowledgement is worth, by name.
//
// always   The server syncs every write (or batch) before it acknowledges: nothing acknowledged is lost, a power cut
//          included. Revisions are never issued twice.
// relaxed  The server syncs now and then. A crash of the server alone loses nothing; a power cut or a crash of the
//          machine loses the last moments, and the revisions of what was lost are issued again. So a client's revision
//          is worth something within one epoch only, and the epoch lasts as long as the server process: the first
//          boot that finds another process than the one remembered with the stream begins a new epoch.
//
// The rule is blunter than comparing last sequences, because a remembered sequence would have to be more durable than
// the log itself. A process that lives through the server's restart and finds every revision it knows of vouches for
// the new server process: the epoch goes on.

import type { StreamInfo } from '@nats-io/jetstream';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import { ServerUnfit } from './errors.ts';
import { metadataKeys } from './stream-config.ts';

export const durabilities = ['always', 'relaxed'] as const;
export type Durability = (typeof durabilities)[number];

/** What LOG's metadata remembers. `run` is the identity of a server process; empty where it does not matter. */
export type EpochRecord = { readonly epoch: string; readonly durability: Durability; readonly run: string };

export function epochRecordOf(metadata: Readonly<Record<string, string>> | undefined): EpochRecord | undefined {
  const epoch = metadata?.[metadataKeys.epoch];
  if (epoch === undefined || epoch === '') return undefined;
  const durability = metadata?.[metadataKeys.durability] === 'relaxed' ? 'relaxed' : 'always';
  return { epoch, durability, run: metadata?.[metadataKeys.run] ?? '' };
}

export function epochMetadata({ epoch, durability, run }: EpochRecord): Record<string, string> {
  return { [metadataKeys.epoch]: epoch, [metadataKeys.durability]: durability, [metadataKeys.run]: run };
}

/** The record to go on with; `fresh` names a new epoch. */
export function nextEpoch(options: {
  readonly remembered: EpochRecord | undefined;
  readonly durability: Durability;
  readonly serverRun: string;
  readonly fresh: () => string;
}): EpochRecord {
  const { remembered, durability, serverRun, fresh } = options;
  const run = durability === 'relaxed' ? serverRun : '';
  const trusted = remembered !== undefined && (remembered.durability === 'always' || remembered.run === serverRun);
  return { epoch: trusted ? remembered.epoch : fresh(), durability, run };
}

/**
 * True where history holds revisions that LOG lost: they are about to be issued again for other content, so the
 * mirror can no longer be trusted.
 */
export function historyIsAhead({ log, history }: { log: StreamInfo; history: StreamInfo }): boolean {
  return history.state.last_seq > log.state.last_seq;
}

type JetStreamVarz = { readonly jetstream?: { readonly config?: { sync_always?: boolean; sync_interval?: number } } };

/**
 * Asks the server's monitoring port how it syncs: clients cannot see it otherwise. Throws ServerUnfit where it syncs
 * less than the durability promises; a monitoring port that does not answer is reported and passed over.
 */
export async function checkSync(options: {
  readonly monitorUrl: string;
  readonly durability: Durability;
  readonly clock: Clock;
  readonly logger: Logger;
}): Promise<void> {
  const { monitorUrl, durability, clock, logger } = options;
  const config = await jetstreamConfig(monitorUrl, clock).catch((error: unknown) => {
    logger.warn('cannot ask the NATS server how it syncs', { monitorUrl, error: String(error) });
    return undefined;
  });
  if (config === undefined || config.sync_always === true) return;
  const seconds = (config.sync_interval ?? 0) / 1e9;
  if (durability === 'always') {
    throw new ServerUnfit(
      `the NATS server at ${monitorUrl} syncs every ${seconds} s, so a power cut would lose acknowledged writes: set "sync_interval: always" in its jetstream block, or choose the durability "relaxed" knowingly`,
    );
  }
  if (seconds > 1) {
    logger.warn('a power cut may lose acknowledged writes', { syncIntervalSeconds: seconds });
  }
}

async function jetstreamConfig(monitorUrl: string, clock: Clock) {
  const controller = new AbortController();
  const timer = clock.after(2_000, () => controller.abort());
  try {
    const response = await fetch(new URL('/varz', monitorUrl), { signal: controller.signal });
    if (!response.ok) throw new Error(`status ${response.status}`);
    return ((await response.json()) as JetStreamVarz).jetstream?.config;
  } finally {
    timer.cancel();
  }
}
