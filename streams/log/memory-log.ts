// The EventLog in memory: for tests, simulations and `shiplog up --memory`. Nothing survives the process. With the
// virtual clock it is fully deterministic, and faults can be injected where a real log would have them.

import { assert } from '../base/assert.ts';
import { type Revision, revisionZero, type Subject } from '../base/brand.ts';
import { limits } from '../base/limits.ts';
import { EventTooLarge, HistoryTrimmed, LogClosed } from './errors.ts';
import { isTombstone, type RecordedEvent, type StreamName } from './event.ts';
import type {
  AppendOutcome,
  AppendRequest,
  Bounds,
  ClusterLog,
  EventLog,
  LogStatus,
  ReadOptions,
} from './event-log.ts';

export type MemoryFaults = {
  /** Called before an append is decided: throw or wait to play an outage. */
  beforeAppend?(request: AppendRequest): void | Promise<void>;
  /** Called after the event is recorded and before the caller hears of it: throw to lose the acknowledgement. */
  beforeAck?(request: AppendRequest): void | Promise<void>;
};

export type MemoryLogOptions = { readonly faults?: MemoryFaults; readonly batchMax?: number };

/** Only LOG keeps its history; the others keep the newest event of each subject, as their streams do. */
export function memoryClusterLog(options: MemoryLogOptions = {}): ClusterLog {
  const ok: LogStatus = { kind: 'ok' };
  const streams = {
    LOG: new MemoryLog('LOG', { ...options, keepHistory: true }),
    LEASE: new MemoryLog('LEASE', { ...options, keepHistory: false }),
    EVENT: new MemoryLog('EVENT', { ...options, keepHistory: false }),
  };
  return {
    streams,
    epoch: 'memory',
    status: () => ok,
    onStatus: () => {},
    async close() {
      for (const log of Object.values(streams)) log.close();
    },
  };
}

export class MemoryLog implements EventLog {
  readonly stream: StreamName;
  readonly #faults: MemoryFaults;
  readonly #keepHistory: boolean;
  readonly #batchMax: number;
  /** Recorded events in order; without history, trimmed ones leave holes that are squeezed out now and then. */
  #events: RecordedEvent[] = [];
  #last: Revision = revisionZero;
  #trimmed = 0;
  readonly #lastOn = new Map<Subject, RecordedEvent>();
  #waiting: (() => void)[] = [];
  #closed = false;

  constructor(stream: StreamName, options: MemoryLogOptions & { readonly keepHistory: boolean }) {
    this.stream = stream;
    this.#faults = options.faults ?? {};
    this.#keepHistory = options.keepHistory;
    this.#batchMax = options.batchMax ?? 1_000;
  }

  async append(request: AppendRequest): Promise<AppendOutcome> {
    if (this.#closed) throw new LogClosed('the log is closed');
    const bytes = request.event.object.byteLength;
    if (bytes > limits.messageBytesMax) throw new EventTooLarge({ bytes, bytesMax: limits.messageBytesMax });
    await this.#faults.beforeAppend?.(request);
    const outcome = this.#decide(request);
    await this.#faults.beforeAck?.(request);
    return outcome;
  }

  async *latest(): AsyncIterable<readonly RecordedEvent[]> {
    const events = [...this.#lastOn.values()].sort((a, b) => a.revision - b.revision);
    for (let i = 0; i < events.length; i += this.#batchMax) yield events.slice(i, i + this.#batchMax);
  }

  async *read(range: { readonly after: Revision; readonly to?: Revision }): AsyncIterable<readonly RecordedEvent[]> {
    const to = range.to ?? this.#last;
    let after: Revision = range.after;
    if (this.#keepHistory && after < 0) throw new HistoryTrimmed('history begins at 1');
    for (;;) {
      const batch = this.#slice(after, to);
      const last = batch.at(-1);
      if (last === undefined) return;
      yield batch;
      after = last.revision;
    }
  }

  async *tail(range: { readonly after: Revision }, options: ReadOptions = {}): AsyncIterable<readonly RecordedEvent[]> {
    let after: Revision = range.after;
    while (!this.#closed && !options.signal?.aborted) {
      const batch = this.#slice(after, Number.MAX_SAFE_INTEGER as Revision);
      const last = batch.at(-1);
      if (last === undefined) await this.#more(options.signal);
      else {
        yield batch;
        after = last.revision;
      }
    }
  }

  async lastOn(subject: Subject): Promise<RecordedEvent | undefined> {
    return this.#lastOn.get(subject);
  }

  async bounds(): Promise<Bounds> {
    return { first: (this.#events[0]?.revision ?? 1) as Revision, last: this.#last };
  }

  close(): void {
    this.#closed = true;
    this.#wake();
  }

  #decide({ subject, expect, event }: AppendRequest): AppendOutcome {
    const before = this.#lastOn.get(subject);
    if (before !== undefined && before.id === event.id) return { kind: 'appended', revision: before.revision };
    const holds =
      expect.kind === 'absent' ? before === undefined || isTombstone(before) : before?.revision === expect.revision;
    if (!holds) return { kind: 'conflict', actual: before?.revision ?? revisionZero };
    const revision = (this.#last + 1) as Revision;
    const recorded: RecordedEvent = { ...event, stream: this.stream, subject, revision };
    this.#last = revision;
    this.#lastOn.set(subject, recorded);
    this.#events.push(recorded);
    if (!this.#keepHistory && before !== undefined) this.#trim();
    this.#wake();
    return { kind: 'appended', revision };
  }

  /** Without history a replaced event is dropped once such events are the majority. */
  #trim(): void {
    this.#trimmed++;
    if (this.#trimmed < 1_000 || this.#trimmed < this.#lastOn.size) return;
    this.#events = this.#events.filter((event) => this.#lastOn.get(event.subject) === event);
    this.#trimmed = 0;
  }

  #slice(after: Revision, to: Revision): RecordedEvent[] {
    const events = this.#events;
    let low = 0;
    let high = events.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const event = events[middle];
      assert(event !== undefined, 'the middle of a range exists');
      if (event.revision <= after) low = middle + 1;
      else high = middle;
    }
    const batch: RecordedEvent[] = [];
    for (let i = low; i < events.length && batch.length < this.#batchMax; i++) {
      const event = events[i];
      if (event === undefined || event.revision > to) break;
      batch.push(event);
    }
    return batch;
  }

  #more(signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        signal?.removeEventListener('abort', wake);
        resolve();
      };
      signal?.addEventListener('abort', wake, { once: true });
      this.#waiting.push(wake);
    });
  }

  #wake(): void {
    const waiting = this.#waiting;
    if (waiting.length === 0) return;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }
}
