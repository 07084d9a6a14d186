// The writer of one stream: queues appends and commits them in groups. With fsync on every write a single costs the
// server one fsync, an atomic batch one for all of its events plus the price of about ten singles; so few waiting
// appends go out as singles, many as one batch, and while that is under way the next group gathers by itself. A large
// group waits neither for the end of the one before it nor of the event loop's turn: so the server writes one while the
// next is decided here, and callers that wait for each other's batches do not all march in step. Invariants: nothing is
// acknowledged before the log acknowledged it; every append gets exactly one outcome.

import { assert, assertNever } from '../base/assert.ts';
import type { Revision, Subject } from '../base/brand.ts';
import type { Clock } from '../base/clock.ts';
import { limits } from '../base/limits.ts';
import type { Logger } from '../base/logger.ts';
import { encodeEvent } from '../log/codec.ts';
import { LogClosed, LogRewound, LogUnavailable, SubjectTooLong } from '../log/errors.ts';
import { isTombstone, type StreamName } from '../log/event.ts';
import type { AppendOutcome, AppendRequest } from '../log/event-log.ts';
import { type Append, blamedFor, firstExpected, resolveConflict } from './append.ts';
import type { Connection } from './connection.ts';
import { takeGroup } from './group.ts';
import type { Heads } from './heads.ts';
import type { HistoryGuard } from './history-guard.ts';
import type { JetStreamApi } from './js-api.ts';
import type { Outgoing, Publisher, PublishOutcome } from './publisher.ts';
import type { Tombstones } from './tombstones.ts';

export type CommitterOptions = {
  readonly stream: StreamName;
  readonly connection: Connection;
  readonly api: JetStreamApi;
  readonly publisher: Publisher;
  readonly tombstones: Tombstones;
  readonly heads: Heads;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Whether the stream takes atomic batches; one that does not sync every write needs none. */
  readonly atomic: boolean;
  /** Holds back objects that change faster than history follows; only LOG has a history. */
  readonly guard: HistoryGuard | undefined;
  /** How long an append is tried (ms) before its caller hears that the log is unavailable. */
  readonly deadlineMs: number;
  /** Hears of every event recorded here. */
  readonly onRecorded: (revision: Revision, event: Outgoing) => void;
  /** What must hold after an outage before anything is written; rejects with LogRewound where it never will. */
  readonly beforeResuming: () => Promise<void>;
};

/** Batches under way at once: with more, each is smaller and costs the server more per event. */
const batchesMax = 2;
/** Waiting appends that are worth a batch beside another. */
const overlapMin = 32;
/** Singles under way on a stream without batches, or after a batch was refused. */
const singlesWindow = 256;
/** Batches an append may be refused with before it goes alone: with many lost races that is cheaper. */
const refusalsMax = 3;
const retryMs = 50;
const sweepMs = 250;

export class Committer {
  readonly #options: CommitterOptions;
  #queue: Append[] = [];
  /** Appends accepted and not yet decided. */
  #pending = 0;
  #singles = 0;
  #batches = 0;
  /** Subjects of the batches under way: what follows on one of them cannot know yet what to expect. */
  readonly #inBatches = new Set<Subject>();
  #pumpArmed = false;
  #sweepArmed = false;
  #resuming = false;
  #resumption = 0;
  /** Set once the log lost its end: whoever wrote to it must start anew. */
  #rewound: LogRewound | undefined;
  #closing = false;
  #idle: (() => void)[] = [];

  constructor(options: CommitterOptions) {
    this.#options = options;
    options.connection.onStatus(() => {
      if (this.#hopeless) this.#rejectQueued();
      else if (options.connection.usable) void this.#resume();
    });
  }

  append(request: AppendRequest): Promise<AppendOutcome> {
    return new Promise((resolve, reject) => {
      if (this.#closing) return reject(new LogClosed('the log is closed'));
      if (this.#rewound !== undefined) return reject(unknown(this.#rewound));
      if (this.#pending >= limits.appendsPendingMax) {
        return reject(new LogUnavailable(`${this.#pending} appends are waiting already: come back later`));
      }
      if (request.subject.length > limits.subjectBytesMax) {
        return reject(
          new SubjectTooLong(
            `the object's name is too long: its subject has ${request.subject.length} bytes, ${limits.subjectBytesMax} is the limit`,
          ),
        );
      }
      // Throws EventTooLarge, which becomes this promise's rejection.
      const payload = encodeEvent(request.event);
      const { tombstones, clock, deadlineMs, atomic, guard } = this.#options;
      const append: Append = {
        request,
        subject: request.subject,
        payload,
        expected: firstExpected(request, tombstones),
        deadline: clock.monotonic() + deadlineMs,
        alone: !atomic,
        refusals: 0,
        attempted: false,
        resolve,
        reject,
      };
      this.#pending++;
      const held = guard?.admit(request.subject);
      if (held === undefined) this.#enqueue(append);
      else void held.then(() => this.#enqueue(append));
    });
  }

  async #resume(): Promise<void> {
    const { beforeResuming, connection, clock, logger, stream } = this.#options;
    const resumption = ++this.#resumption;
    this.#resuming = true;
    try {
      await beforeResuming();
    } catch (error) {
      // A newer connection has its own resumption.
      if (resumption !== this.#resumption) return;
      logger.warn('the log cannot be written to yet', { stream, error: String(error) });
      if (error instanceof LogRewound) {
        this.#rewound = error;
        this.#rejectQueued();
      } else if (connection.usable) clock.after(retryMs, () => void this.#resume());
      return;
    }
    if (resumption !== this.#resumption) return;
    this.#resuming = false;
    this.#armPump();
  }

  #enqueue(append: Append): void {
    this.#queue.push(append);
    this.#queueChanged();
    if (this.#queue.length % overlapMin === 0) this.#pump();
  }

  /** Takes no more appends; resolves when every accepted one has its outcome. */
  async close(): Promise<void> {
    this.#closing = true;
    if (this.#hopeless) this.#rejectQueued();
    if (this.#pending > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  /**
   * Sends at the end of the event loop's turn: whatever else this turn brings, such as the callers the last batch woke
   * or requests from many sockets, joins the group. An idle loop comes to its end at once.
   */
  #armPump(): void {
    if (this.#pumpArmed) return;
    this.#pumpArmed = true;
    setImmediate(() => {
      this.#pumpArmed = false;
      this.#pump();
    });
  }

  #pump(): void {
    const queue = this.#queue;
    while (queue.length > 0 && this.#batches < batchesMax && !this.#resuming && this.#options.connection.usable) {
      const head = queue[0] as Append;
      if (this.#batches > 0 && (head.alone || queue.length < overlapMin)) return;
      if (head.alone) {
        if (this.#singles >= singlesWindow) return;
      } else if (this.#singles + queue.length > limits.singlesInFlightMax) {
        if (this.#singles > 0) return;
        const batch = takeGroup(queue, this.#options.heads, this.#inBatches);
        if (batch.length === 0 && this.#batches > 0) return;
        if (batch.length > 1) void this.#sendBatch(batch);
        else for (const append of batch) void this.#sendSingle(append);
        continue;
      }
      queue.shift();
      void this.#sendSingle(head);
    }
  }

  async #sendSingle(append: Append): Promise<void> {
    this.#singles++;
    append.attempted = true;
    const outcome = await this.#options.publisher.single(append);
    this.#singles--;
    this.#answer(append, outcome);
    this.#armPump();
  }

  async #sendBatch(batch: readonly Append[]): Promise<void> {
    this.#batches++;
    for (const append of batch) {
      append.attempted = true;
      this.#inBatches.add(append.subject);
    }
    const outcome = await this.#options.publisher.batch(batch);
    this.#batches--;
    for (const { subject } of batch) this.#inBatches.delete(subject);
    this.#armPump();
    switch (outcome.kind) {
      case 'stored':
        for (let i = 0; i < batch.length; i++) {
          this.#recorded(batch[i] as Append, (outcome.revision - batch.length + 1 + i) as Revision);
        }
        return;
      case 'unknown':
      case 'later':
        if ('unstaged' in outcome) for (const append of batch) append.alone = ++append.refusals >= refusalsMax;
        this.#retry(batch, outcome.reason);
        return;
      case 'wrongSequence':
        void this.#separate(batch, outcome.actual);
        return;
      case 'failed':
        for (const append of batch) append.alone = true;
        this.#requeue(batch);
        return;
      default:
        assertNever(outcome);
    }
  }

  /** The append to blame asks for itself, the others try again together; all ask for themselves where nobody is found. */
  async #separate(batch: readonly Append[], actual: Revision | undefined): Promise<void> {
    const blamed = await blamedFor(actual, this.#options);
    const found = batch.some(({ subject }) => subject === blamed);
    for (const append of batch) {
      append.refusals++;
      append.alone = !found || append.subject === blamed || append.refusals >= refusalsMax;
    }
    this.#requeue(batch);
  }

  #answer(append: Append, outcome: PublishOutcome): void {
    switch (outcome.kind) {
      case 'stored':
        this.#recorded(append, outcome.revision);
        return;
      case 'wrongSequence':
        void this.#resolveConflict(append);
        return;
      case 'failed':
        this.#decided(append, outcome.error);
        return;
      case 'later':
      case 'unknown':
        this.#retry([append], outcome.reason);
        return;
      default:
        assertNever(outcome);
    }
  }

  async #resolveConflict(append: Append): Promise<void> {
    try {
      const resolution = await resolveConflict(append, this.#options);
      if (resolution.kind === 'decided') return this.#decided(append, resolution.outcome);
      const changed = resolution.expected !== append.expected;
      append.expected = resolution.expected;
      if (changed) this.#requeue([append]);
      else this.#retry([append], 'another write to the same object is under way');
    } catch (error) {
      this.#retry([append], String(error));
    }
  }

  #recorded(append: Append, revision: Revision): void {
    const { tombstones, heads, onRecorded } = this.#options;
    heads.note(append.subject, revision, append.request.event);
    if (isTombstone(append.request.event)) tombstones.set(append.subject, revision);
    else tombstones.delete(append.subject);
    onRecorded(revision, append);
    this.#decided(append, { kind: 'appended', revision });
  }

  /** The same attempt once more, a little later or when the connection is back. */
  #retry(appends: readonly Append[], reason: string): void {
    const { clock } = this.#options;
    const now = this.#hopeless ? Number.POSITIVE_INFINITY : clock.monotonic();
    for (const append of appends) if (append.deadline <= now) this.#decided(append, unknown(reason));
    const left = appends.filter((append) => append.deadline > now);
    if (left.length > 0) clock.after(retryMs, () => this.#requeue(left));
  }

  /** In front of everything that came later. */
  #requeue(appends: readonly Append[]): void {
    this.#queue.unshift(...appends);
    this.#queueChanged();
  }

  #queueChanged(): void {
    if (this.#hopeless) {
      this.#rejectQueued();
      return;
    }
    this.#armPump();
    this.#armSweep();
  }

  #decided(append: Append, outcome: AppendOutcome | Error): void {
    if (outcome instanceof Error) append.reject(outcome);
    else append.resolve(outcome);
    assert(this.#pending > 0, 'an append has one outcome');
    if (--this.#pending > 0) return;
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  /** While the log does not answer, the queue stands still and its deadlines pass here. */
  #armSweep(): void {
    if (this.#sweepArmed || this.#queue.length === 0) return;
    this.#sweepArmed = true;
    const { clock, connection } = this.#options;
    clock.after(sweepMs, () => {
      this.#sweepArmed = false;
      const now = clock.monotonic();
      if (!this.#queue.some((append) => append.deadline <= now)) return this.#armSweep();
      const status = connection.status();
      const reason = status.kind === 'degraded' ? status.reason : 'the log is overloaded';
      const queue = this.#queue;
      this.#queue = queue.filter((append) => append.deadline > now);
      for (const append of queue) if (append.deadline <= now) this.#decided(append, unknown(reason));
      this.#armSweep();
    });
  }

  /** Nothing that waits will ever be sent. */
  get #hopeless(): boolean {
    const { connection } = this.#options;
    return connection.closed || this.#rewound !== undefined || (this.#closing && !connection.usable);
  }

  #rejectQueued(): void {
    const reason = this.#rewound ?? 'the log was closed';
    for (const append of this.#queue.splice(0)) {
      const known = this.#rewound === undefined && !append.attempted;
      this.#decided(append, known ? new LogClosed('the log is closed') : unknown(reason));
    }
  }
}

function unknown(reason: string | Error): LogUnavailable {
  const [text, options] = reason instanceof Error ? [reason.message, { cause: reason }] : [reason, undefined];
  return new LogUnavailable(`the log does not answer, and whether the event was recorded is unknown: ${text}`, options);
}
