// LEASE and EVENT are written without fsync, so a server that is killed forgets their last milliseconds, revisions that
// were acknowledged and read already. Whoever wrote or read them still has them: before anything new is written they
// are put back at the very same revisions, so that no revision ever means two things and readers simply go on.
// A machine that loses power takes writer and server with it; then those last heartbeats are gone.

import { type Clock, sleep } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import { LogRewound } from '../log/errors.ts';
import type { StreamName } from '../log/event.ts';
import type { JetStreamApi } from './js-api.ts';
import type { Outgoing, Publisher } from './publisher.ts';
import type { HighWater } from './tail.ts';

type Kept = Pick<Outgoing, 'subject' | 'payload'>;

/** The newest events written or read here; far more than a server writes in the milliseconds it may forget. */
export class RecentEvents {
  readonly #events = new Map<number, Kept>();

  note(revision: number, { subject, payload }: Kept): void {
    if (this.#events.has(revision)) return;
    this.#events.set(revision, { subject, payload });
    if (this.#events.size <= recentMax) return;
    const oldest = this.#events.keys().next().value;
    if (oldest !== undefined) this.#events.delete(oldest);
  }

  get(revision: number): Kept | undefined {
    return this.#events.get(revision);
  }
}

const recentMax = 4_096;
/** How long writers get to put back what is theirs. */
const othersMsMax = 1_000;
const pollMs = 20;
/** Readers wait for a writer whose first request stays unanswered (5 s) and who puts back what is his with the second. */
export const restoreMsMax = 10_000;

/**
 * Resolves when the stream holds everything that is known of it. Rejects with LogUnavailable, or with LogRewound where
 * nobody can put back what is lost: LOG itself never loses what it acknowledged, unless its store was damaged, restored
 * from a backup, or not synced.
 */
export async function restoreLost(options: {
  readonly stream: StreamName;
  readonly api: JetStreamApi;
  readonly publisher: Publisher;
  readonly recent: RecentEvents | undefined;
  readonly highWater: HighWater;
  readonly clock: Clock;
  readonly logger: Logger;
}): Promise<void> {
  const { stream, api, publisher, recent, highWater, clock, logger } = options;
  const giveUpAt = clock.monotonic() + othersMsMax;
  const known = highWater.revision;
  let { last_seq: last } = (await api.streamInfo(stream)).state;
  const lost = { after: last, to: known };
  if (last >= known) return;
  while (last < known) {
    const event = recent?.get(last + 1);
    const outcome = event === undefined ? undefined : await publisher.next(event, last);
    if (outcome?.kind === 'stored') {
      last = outcome.revision;
      continue;
    }
    // Somebody else's, somebody else was faster, or a new leader has not caught up with its own log.
    if (clock.monotonic() >= giveUpAt) throw rewound(stream, { last, known });
    await sleep(clock, pollMs);
    last = (await api.streamInfo(stream)).state.last_seq;
  }
  logger.info('events the server had lost are back', { stream, ...lost });
}

export function rewound(stream: string, { last, known }: { last: number; known: number }): LogRewound {
  return new LogRewound(
    `${stream} ends at ${last}, but revision ${known} had been read or acknowledged: the server lost the difference and would issue those revisions again`,
  );
}
