// Keeps a view at the head of the log: boots it from the last event of every subject, never from history, then applies
// what is appended, one tail per stream. If a stream cannot be read any more the feed ends with that failure.

import type { Revision } from '../base/brand.ts';
import { type StreamName, streamNames } from '../log/event.ts';
import type { ClusterLog, EventLog } from '../log/event-log.ts';
import type { ObjectView } from './object-view.ts';

export type Feed = {
  /** Rejects when a tail fails; resolves after `stop`. */
  readonly ended: Promise<void>;
  stop(): Promise<void>;
};

/** Resolves once the view holds the present. */
export async function startFeed({ log, view }: { log: ClusterLog; view: ObjectView }): Promise<Feed> {
  const heads = await Promise.all(streamNames.map((name) => boot(log.streams[name], view)));
  const stopping = new AbortController();
  const tails = streamNames.map((name, index) =>
    follow(log.streams[name], { view, after: heads[index] as Revision, signal: stopping.signal }),
  );
  const ended = Promise.all(tails).then(() => {});
  // Whoever does not await `ended` must not be hit by an unhandled rejection; those who do still see it.
  ended.catch(() => {});
  return {
    ended,
    async stop() {
      stopping.abort();
      await Promise.allSettled(tails);
    },
  };
}

async function boot(log: EventLog, view: ObjectView): Promise<Revision> {
  const { last } = await log.bounds();
  let head = last;
  for await (const events of log.latest()) {
    view.load(events);
    const newest = events.at(-1)?.revision ?? head;
    if (newest > head) head = newest;
  }
  view.loaded(log.stream as StreamName, head);
  return head;
}

async function follow(
  log: EventLog,
  { view, after, signal }: { view: ObjectView; after: Revision; signal: AbortSignal },
): Promise<void> {
  for await (const events of log.tail({ after }, { signal })) {
    for (const event of events) view.apply(event);
  }
}
