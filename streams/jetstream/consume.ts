// Self-healing consumption of one stream: portions of messages in sequence order, each message once, however often the
// server, the connection or the consumer dies in between. What was delivered is the only state: a new consumer begins
// right after it. How long all that is borne is told in patience.ts.

import type { Msg } from '@nats-io/transport-node';
import { limits } from '../base/limits.ts';
import type { Logger } from '../base/logger.ts';
import { LogUnavailable } from '../log/errors.ts';
import { ApiRefused, isTemporary } from './errors.ts';
import { type Delivery, deliveryOf } from './message.ts';
import { Patience } from './patience.ts';
import { type ConsumerDeps, type ConsumerStart, PullConsumer } from './pull-consumer.ts';
import { rewound } from './restore.ts';

export type Delivered = Delivery & { readonly message: Msg };

export type ConsumeOptions = {
  readonly stream: string;
  readonly start: { readonly kind: 'after'; readonly revision: number } | { readonly kind: 'lastPerSubject' };
  /**
   * `never`: a tail, which waits outages out and ends quietly when the log is closed. `exhausted`: ends when everything
   * the stream's leader had when the reader was opened is delivered. What a consumer says of itself is not enough: in a
   * cluster it may read from a copy that lags behind.
   */
  readonly end: 'never' | 'exhausted';
  /** Whether a read that ends when exhausted is part of a tail, and waits as tails do. */
  readonly ofTail?: boolean;
  /** The newest sequence this process knows of: a stream that ends before it has lost messages. */
  readonly highWater?: () => number;
  readonly logger: Logger;
  readonly signal?: AbortSignal | undefined;
};

/**
 * Ends at the end asked for and on abort; a tail also ends when the connection is closed, and waits outages out. Throws
 * LogRewound, LogUnavailable where the stream is gone or a read with an end gets no further, LogClosed where it is cut off.
 */
export async function* consume(deps: ConsumerDeps, options: ConsumeOptions): AsyncGenerator<readonly Delivered[]> {
  const { stream, start, signal, logger } = options;
  const bounded = options.end === 'exhausted' && options.ofTail !== true;
  const patience = new Patience({ ...deps, stream, signal, readMs: bounded ? deps.readMs : undefined });
  let after = start.kind === 'after' ? start.revision : 0;
  while (!signal?.aborted && !deps.connection.closed) {
    const begin: ConsumerStart =
      start.kind === 'after' ? { kind: 'sequence', sequence: after + 1 } : { kind: 'lastPerSubject' };
    const opened = await open(deps, begin, { ...options, patience });
    if (opened === undefined) {
      await patience.untilNextAttempt();
      continue;
    }
    const { consumer, last: reach } = opened;
    const exhausted = async () =>
      options.end === 'exhausted' && (after >= reach || !(await leaderHasMore(deps, stream, { after, reach })));
    const stop = () => consumer.close();
    signal?.addEventListener('abort', stop, { once: true });
    try {
      if (consumer.pendingAtStart === 0 && (await exhausted())) return;
      for (;;) {
        const taken = await consumer.take();
        if (signal?.aborted) return;
        if (taken.kind === 'ended') {
          logger.info('reader of a stream starts anew', { stream, after, reason: taken.reason });
          patience.interrupted();
          break;
        }
        if (taken.kind === 'idle') {
          if ((await nothingPending(consumer)) && (await exhausted())) return;
          patience.alive();
          patience.check();
          continue;
        }
        for (const portion of portions(taken.messages, after)) {
          const last = portion.at(-1);
          if (last === undefined) continue;
          after = last.sequence;
          yield portion;
          if (signal?.aborted || (last.pending === 0 && (await exhausted()))) return;
          // Whatever else the process has to do gets its turn between two portions.
          if (portion.length === limits.decodeEventsMax) await turnOfLoop();
        }
        patience.progressed();
      }
    } finally {
      signal?.removeEventListener('abort', stop);
      consumer.close();
    }
    await patience.untilNextAttempt();
  }
  if (deps.connection.closed) patience.closed();
}

/** The consumer and the leader's last sequence before it was made. Undefined where the log does not answer right now. */
async function open(
  deps: ConsumerDeps,
  start: ConsumerStart,
  { stream, highWater, logger, patience }: ConsumeOptions & { readonly patience: Patience },
): Promise<{ readonly consumer: PullConsumer; readonly last: number } | undefined> {
  try {
    // Before the question: an append may be acknowledged while its answer is on the way.
    const known = highWater?.() ?? 0;
    const last = (await deps.api.streamInfo(stream)).state.last_seq;
    if (last < known) {
      if (!patience.restoringIsOver) return undefined;
      throw rewound(stream, { last, known });
    }
    return { consumer: await PullConsumer.open(deps, stream, { start, silenceMs: patience.silenceMs }), last };
  } catch (error) {
    if (error instanceof ApiRefused && !isTemporary(error)) {
      throw new LogUnavailable(`the log does not let ${stream} be read: ${error.message}`, { cause: error });
    }
    if (!(error instanceof ApiRefused || error instanceof LogUnavailable)) throw error;
    logger.debug('the log does not answer a reader yet', { stream, error: error.message });
    return undefined;
  }
}

/** Messages up to `after` were delivered before: a new consumer on last-per-subject begins at the front again. */
function* portions(messages: readonly Msg[], after: number): Generator<readonly Delivered[]> {
  let seen = after;
  let portion: Delivered[] = [];
  for (const message of messages) {
    const { sequence, timeMs, pending } = deliveryOf(message.reply ?? '');
    if (sequence <= seen) continue;
    seen = sequence;
    portion.push({ sequence, timeMs, pending, message });
    if (portion.length < limits.decodeEventsMax) continue;
    yield portion;
    portion = [];
  }
  yield portion;
}

/** Whether the stream's leader holds a message after one sequence, up to another. */
async function leaderHasMore(
  { api }: ConsumerDeps,
  stream: string,
  { after, reach }: { readonly after: number; readonly reach: number },
): Promise<boolean> {
  try {
    const next = await api.nextOn(stream, '>', after + 1);
    return next !== undefined && next.sequence <= reach;
  } catch {
    return true;
  }
}

async function nothingPending(consumer: PullConsumer): Promise<boolean> {
  try {
    return (await consumer.pending()) === 0;
  } catch {
    return false;
  }
}

function turnOfLoop(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
