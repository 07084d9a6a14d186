// Self-healing consumption of one stream: portions of messages in sequence order, each message once, however often the
// server, the connection or the consumer dies in between. What was delivered is the only state: a new consumer begins
// right after it.

import type { Msg } from '@nats-io/transport-node';
import { type Clock, sleep } from '../base/clock.ts';
import { limits } from '../base/limits.ts';
import type { Logger } from '../base/logger.ts';
import { LogRewound, LogUnavailable } from '../log/errors.ts';
import { ApiRefused, isTemporary } from './errors.ts';
import { type Delivery, deliveryOf } from './message.ts';
import { type ConsumerDeps, type ConsumerStart, PullConsumer } from './pull-consumer.ts';

export type Delivered = Delivery & { readonly message: Msg };

export type ConsumeOptions = {
  readonly stream: string;
  readonly start: { readonly kind: 'after'; readonly revision: number } | { readonly kind: 'lastPerSubject' };
  /** `exhausted`: ends when the stream has nothing more to deliver. */
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
  while (!signal?.aborted && !deps.connection.closed) {
    const begin: ConsumerStart =
      start.kind === 'after' ? { kind: 'sequence', sequence: after + 1 } : { kind: 'lastPerSubject' };
    const consumer = await open(deps, begin, options);
    if (consumer === undefined) {
      await pause(deps, backoffMs, signal);
      backoffMs = Math.min(backoffMsMax, backoffMs * 2);
      continue;
    }
    const stop = () => consumer.close();
    signal?.addEventListener('abort', stop, { once: true });
    try {
      if (options.end === 'exhausted' && consumer.pendingAtStart === 0) return;
      for (;;) {
        const taken = await consumer.take();
        if (signal?.aborted) return;
        if (taken.kind === 'ended') {
          logger.info('reader of a stream starts anew', { stream, after, reason: taken.reason });
          break;
        }
        if (taken.kind === 'idle') {
          if (options.end === 'exhausted' && (await nothingPending(consumer))) return;
          continue;
        }
        backoffMs = backoffMsMin;
        for (const portion of portions(taken.messages, after)) {
          const last = portion.at(-1);
          if (last === undefined) continue;
          after = last.sequence;
          yield portion;
          if (signal?.aborted || (options.end === 'exhausted' && last.pending === 0)) return;
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

/** Undefined where the log does not answer right now. */
async function open(
  deps: ConsumerDeps,
  start: ConsumerStart,
  { stream, highWater, logger }: ConsumeOptions,
): Promise<PullConsumer | undefined> {
  try {
    if (highWater !== undefined) {
      const { state } = await deps.api.streamInfo(stream);
      const known = highWater();
      if (state.last_seq < known) {
        throw new LogRewound(
          `${stream} ends at ${state.last_seq}, but revision ${known} had been read or acknowledged: the server lost the difference and will issue those revisions again`,
        );
      }
    }
    return await PullConsumer.open(deps, stream, start);
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
