// The streams of a cluster, one by one and with every setting that matters written down. Why each is as it is stands
// beside it; `facts` means measured.

import type { StreamConfig } from '@nats-io/jetstream';
import { limits } from '../base/limits.ts';
import type { StreamName } from '../log/event.ts';
import { subjectPrefixes } from '../log/subjects.ts';

/** Mirror of LOG with the same sequences. */
export const historyName = 'HIST';

export type StreamId = StreamName | typeof historyName;

export type StreamSettings = {
  /** Bytes LOG may hold; what exceeds them is refused with LogFull. Undefined: as it is, 8 GiB for a new log. */
  readonly quotaBytes?: number | undefined;
  /** Copies of each stream in a NATS cluster. Undefined: as it is, 1 for a new log. */
  readonly replicas?: number | undefined;
  /** How long core Events live (ms). */
  readonly eventTtlMs?: number | undefined;
  /** How long HIST keeps events (ms). Undefined: for ever. */
  readonly historyMs?: number | undefined;
};

type OwnSettings = Omit<Partial<StreamConfig>, 'name' | 'metadata'>;

export type WantedConfig = OwnSettings & { readonly name: StreamId; readonly metadata: Record<string, string> };

const nanosPerMs = 1e6;
const quotaBytesDefault = 8 * 1024 ** 3;

/** Metadata keys; a stream without them is not ours. */
export const metadataKeys = {
  stream: 'shiplog.stream',
  format: 'shiplog.format',
  epoch: 'shiplog.epoch',
  durability: 'shiplog.durability',
  run: 'shiplog.run',
} as const;

/** Version of the layout below: subjects, streams, envelope. */
export const formatVersion = '1';

/** `live` is the stream's present configuration, for settings that stay as they are unless told otherwise. */
export function wantedConfig(id: StreamId, settings: StreamSettings, live?: StreamConfig): WantedConfig {
  const replicas = settings.replicas ?? live?.num_replicas ?? 1;
  const common = {
    name: id,
    storage: 'file',
    retention: 'limits',
    num_replicas: replicas,
    metadata: { [metadataKeys.stream]: id, [metadataKeys.format]: formatVersion },
  } as const;
  switch (id) {
    case 'LOG':
      return { ...common, ...logSettings(settings, live) };
    case 'HIST':
      return {
        ...common,
        mirror: { name: 'LOG' },
        // Old blocks are read in bulk: seven times smaller, and no compare-and-set ever has to open one.
        compression: 's2',
        allow_direct: true,
        max_age: (settings.historyMs ?? 0) * nanosPerMs,
        deny_delete: true,
        // Synced per message the mirror takes a third of LOG's rate and falls behind without bound. What a power cut
        // takes from it, it fetches from LOG again.
        ...unsynced(replicas),
      };
    case 'LEASE':
      return { ...common, subjects: [`${subjectPrefixes.LEASE}.>`], ...heartbeatSettings(replicas) };
    case 'EVENT':
      return {
        ...common,
        subjects: [`${subjectPrefixes.EVENT}.>`],
        ...heartbeatSettings(replicas),
        max_age: (settings.eventTtlMs ?? limits.eventTtlMs) * nanosPerMs,
        // An expiry becomes a message, so that readers hear of it; one second is the shortest life it may have.
        subject_delete_marker_ttl: markerTtlMs * nanosPerMs,
        allow_msg_ttl: true,
        allow_rollup_hdrs: true,
      };
  }
}

/** A reader that was away for longer finds neither the event nor the marker, and boots from what is there. */
const markerTtlMs = 60_000;

function logSettings(settings: StreamSettings, live: StreamConfig | undefined): OwnSettings {
  return {
    subjects: [`${subjectPrefixes.LOG}.>`],
    // Compressed blocks make compare-and-set on a cold object a hundred times slower.
    compression: 'none',
    allow_atomic: true,
    // A direct get may be answered by a follower or the mirror, stale; the writer's lookups must not be.
    allow_direct: false,
    // Trimming per object never removes an object's last event; any other limit would.
    max_msgs_per_subject: limits.revisionsPerSubject,
    max_age: 0,
    max_msgs: -1,
    max_bytes: settings.quotaBytes ?? live?.max_bytes ?? quotaBytesDefault,
    discard: 'new',
    max_msg_size: limits.messageBytesMax,
    // Retries are told apart by event id, not by the server's window: with one replica it checks expectations first.
    duplicate_window: 30_000 * nanosPerMs,
    deny_delete: true,
  };
}

function heartbeatSettings(replicas: number): OwnSettings {
  return {
    compression: 'none',
    allow_direct: false,
    max_msgs_per_subject: 1,
    max_age: 0,
    max_msg_size: limits.messageBytesMax,
    // Cheap on purpose: no fsync per heartbeat. See restore.ts for what a killed server forgets.
    ...unsynced(replicas),
  };
}

/** Writes gather in the server's memory for some milliseconds. Replicated streams sync through Raft and refuse it. */
function unsynced(replicas: number): OwnSettings {
  return replicas === 1 ? { persist_mode: 'async' } : {};
}
