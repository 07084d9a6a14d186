// Self-healing consumption of one stream: portions of messages in sequence order, each message once, however often the
// server, the connection or the consumer dies in between. What was delivered is the only state: a new consumer begins
// right after it.

import type { Msg } from '@nats-io/transport-node';
import { type Clock, sleep } from '../base/clock.ts';
import { limits } from '../base/limits.ts';
import type { Logger } from '../base/logger.ts';
import { LogUnavailable } from '../log/errors.ts';
import { ApiRefused, isTemporary } from './errors.ts';
import { type Delivery, deliveryOf } from './message.ts';
import { type ConsumerDeps, type ConsumerStart, PullConsumer } from './pull-consumer.ts';
import { restoreMsMax, rewound } from './restore.ts';

export type Delivered = Delivery & { readonly message: Msg };

export type ConsumeOptions = {
  readonly stream: string;
  readonly start: { readonly kind: 'after'; readonly revision: number } | { readonly kind: 'lastPerSubject' };
  /**
   * `exhausted`: ends when everything the stream's leader had when the reader was opened is delivered. What a consumer
   * says of itself is not enough: in a cluster it may read from a copy that lags behind.
   */
  readonly end: 'never' | 'exhausted';
  /** The newest sequence this process knows of: a stream that ends before it has lost messages. */
  readonly highWater?: () => number;
  readonly logger: Logger;
  readonly signal?: AbortSignal | undefined;
};

const backoffMsMin = 20;
const backoffMsMax = 1_000;

/**
 * Ends at the end asked for, on abort and when the connection is closed. Throws LogRewound, or LogUnavailable where
 * the stream is gone; outages are waited for.
 */
export async function* consume(deps: ConsumerDeps, options: ConsumeOptions): AsyncGenerator<readonly Delivered[]> {
  const { stream, start, signal, logger } = options;
  let after = start.kind === 'after' ? start.revision : 0;
  let backoffMs = backoffMsMin;
  let patience = deps.clock.monotonic() + restoreMsMax;
  while (!signal?.aborted && !deps.connection.closed) {
    const begin: ConsumerStart =
      start.kind === 'after' ? { kind: 'sequence', sequence: after + 1 } : { kind: 'lastPerSubject' };
    const opened = await open(deps, begin, { ...options, patience });
    if (opened === undefined) {
      await pause(deps, backoffMs, signal);
      backoffMs = Math.min(backoffMsMax, backoffMs * 2);
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
          await deps.connection.settled(signal);
          patience = deps.clock.monotonic() + restoreMsMax;
          break;
        }
        if (taken.kind === 'idle') {
          if ((await nothingPending(consumer)) && (await exhausted())) return;
          continue;
        }
        backoffMs = backoffMsMin;
        for (const portion of portions(taken.messages, after)) {
          const last = portion.at(-1);
          if (last === undefined) continue;
          after = last.sequence;
          yield portion;
          if (signal?.aborted || (last.pending === 0 && (await exhausted()))) return;
          // Whatever else the process has to do gets its turn between two portions.
          if (portion.length === limits.decodeEventsMax) await turnOfLoop();
        }
      }
    } finally {
      signal?.removeEventListener('abort', stop);
      consumer.close();
    }
  }
}

/** The consumer and the leader's last sequence before it was made. Undefined where the log does not answer right now. */
async function open(
  deps: ConsumerDeps,
  start: ConsumerStart,
  { stream, highWater, logger, patience }: ConsumeOptions & { readonly patience: number },
): Promise<{ readonly consumer: PullConsumer; readonly last: number } | undefined> {
  try {
    // Before the question: an append may be acknowledged while its answer is on the way.
    const known = highWater?.() ?? 0;
    const last = (await deps.api.streamInfo(stream)).state.last_seq;
    if (last < known) {
      if (deps.clock.monotonic() < patience) return undefined;
      throw rewound(stream, { last, known });
    }
    return { consumer: await PullConsumer.open(deps, stream, start), last };
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

/** Until the connection is back where it is lost, and never less than the back-off. */
async function pause(deps: { connection: ConsumerDeps['connection']; clock: Clock }, ms: number, signal?: AbortSignal) {
  await sleep(deps.clock, ms, signal);
  await deps.connection.settled(signal);
}

function turnOfLoop(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
