// The EventLog port on one JetStream stream: puts writer and readers together and adds nothing of its own.

import { type Revision, revision, type Subject } from '../base/brand.ts';
import { LogClosed } from '../log/errors.ts';
import type { RecordedEvent, StreamName } from '../log/event.ts';
import type { AppendOutcome, AppendRequest, Bounds, EventLog, ReadOptions } from '../log/event-log.ts';
import type { Committer } from './committer.ts';
import { bounds, lastOn, latest, read } from './read.ts';
import { type StreamReader, sequence } from './tail.ts';

export class JetStreamLog implements EventLog {
  readonly stream: StreamName;
  readonly #reader: StreamReader;
  readonly #committer: Committer | undefined;

  /** Without a committer the log can only be read. */
  constructor(reader: StreamReader, committer?: Committer) {
    this.stream = reader.stream;
    this.#reader = reader;
    this.#committer = committer;
  }

  append(request: AppendRequest): Promise<AppendOutcome> {
    if (this.#committer === undefined) return Promise.reject(new LogClosed('this connection to the log only reads'));
    return this.#committer.append(request);
  }

  latest({ signal }: ReadOptions = {}): AsyncIterable<readonly RecordedEvent[]> {
    return latest(this.#reader, signal);
  }

  read(
    range: { readonly after: Revision; readonly to?: Revision },
    { signal }: ReadOptions = {},
  ): AsyncIterable<readonly RecordedEvent[]> {
    return read(this.#reader, range, signal);
  }

  tail({ after }: { readonly after: Revision }, { signal }: ReadOptions = {}): AsyncIterable<readonly RecordedEvent[]> {
    return sequence(this.#reader, { after: revision(after), to: Number.POSITIVE_INFINITY, hole: 'fail', signal });
  }

  lastOn(subject: Subject): Promise<RecordedEvent | undefined> {
    return lastOn(this.#reader, subject);
  }

  bounds(): Promise<Bounds> {
    return bounds(this.#reader);
  }

  async close(): Promise<void> {
    await this.#committer?.close();
  }
}
