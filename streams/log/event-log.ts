// The EventLog port: one ordered, append-only stream with compare-and-set per subject.
// Two implementations stand behind it, memory and JetStream; one contract suite says what both do.

import type { Revision, Subject } from '../base/brand.ts';
import type { LogEvent, RecordedEvent, StreamName } from './event.ts';

/**
 * What the writer believes of the subject:
 * `absent`: nothing is recorded there, or the last event is a deletion; `at`: the last event has that revision.
 */
export type Expectation = { readonly kind: 'absent' } | { readonly kind: 'at'; readonly revision: Revision };

export type AppendRequest = {
  readonly subject: Subject;
  readonly expect: Expectation;
  readonly event: LogEvent;
};

export type AppendOutcome =
  | { readonly kind: 'appended'; readonly revision: Revision }
  /** Somebody else was there first: an ordinary result. `actual` is the subject's last revision where it is known. */
  | { readonly kind: 'conflict'; readonly actual?: Revision };

export type Bounds = {
  /** Oldest revision that can still be read, history included; 1 for an empty stream. */
  readonly first: Revision;
  /** Newest revision; 0 for an empty stream. */
  readonly last: Revision;
};

export type EventLog = {
  readonly stream: StreamName;
  /**
   * Resolves once the event is durable as the stream's durability mode says. An append whose acknowledgement was lost is
   * resolved by looking, so that its outcome is right and the event is recorded once.
   * Rejects with LogUnavailable, LogFull, EventTooLarge or LogClosed; after LogUnavailable the outcome is unknown.
   */
  append(request: AppendRequest): Promise<AppendOutcome>;
  /**
   * The last event of every subject, tombstones included, in revision order, in batches. It goes on after short outages;
   * throws LogUnavailable after long ones, and LogClosed where it is cut off.
   */
  latest(options?: ReadOptions): AsyncIterable<readonly RecordedEvent[]>;
  /**
   * Every retained event with after < revision <= to, in order, in batches; ends at `to` (default: the newest now). Bears
   * outages as `latest` does.
   */
  read(
    range: { readonly after: Revision; readonly to?: Revision },
    options?: ReadOptions,
  ): AsyncIterable<readonly RecordedEvent[]>;
  /**
   * Every event after the revision and then those to come: no gap, no duplicate, across reconnects, however long the
   * outage; ends on abort and when the log is closed.
   */
  tail(range: { readonly after: Revision }, options?: ReadOptions): AsyncIterable<readonly RecordedEvent[]>;
  /** The last event on the subject, a tombstone too. */
  lastOn(subject: Subject): Promise<RecordedEvent | undefined>;
  bounds(): Promise<Bounds>;
};

export type ReadOptions = { readonly signal?: AbortSignal };

/** Whether the log answers right now. `degraded` carries the reason for people. */
export type LogStatus = { readonly kind: 'ok' } | { readonly kind: 'degraded'; readonly reason: string };

/** The streams of one cluster. */
export type ClusterLog = {
  readonly streams: Readonly<Record<StreamName, EventLog>>;
  /** Changes when revisions may have been issued again (after data loss in a weaker durability mode). */
  readonly epoch: string;
  status(): LogStatus;
  /** Calls back on every change of status until the signal aborts. */
  onStatus(listener: (status: LogStatus) => void, options?: ReadOptions): void;
  close(): Promise<void>;
};
