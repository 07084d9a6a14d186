// events$: recorded events as an Observable. Cold: every subscriber reads for itself, from the revision it names, with no
// gap and no duplicate across reconnects. Back-pressure is real: the next portion is asked of the log only when the
// subscriber has taken the one before, by returning from next() or by settling its work.

import { Observable, type Subscriber } from 'rxjs';
import type { Revision } from '../../streams/base/brand.ts';
import { RevisionNotReached } from '../../streams/history/past-events.ts';
import { LogClosed } from '../../streams/log/errors.ts';
import type { RecordedEvent } from '../../streams/log/event.ts';
import { parseSubject, streamOf } from '../../streams/log/subjects.ts';
import type { ResourceName } from '../../streams/resources/meta.ts';
import { findResource, resourceNames } from '../api/kinds/find-resource.ts';
import type { OpenedReader } from '../boot/open-reader.ts';
import { ClusterEvent } from './cluster-event.ts';
import { OrderedWork } from './ordered-work.ts';

export type EventsOptions = {
  /** As kubectl names it: `Deployment`, `deploy`, `deployments.apps`. All kinds when left out, save leases and core events. */
  readonly kind?: string;
  readonly namespace?: string;
  readonly name?: string;
  /** The first revision wanted. The oldest retained one when left out. */
  readonly from?: number;
  /** The last revision wanted; the Observable completes after it. When left out it goes on with what happens. */
  readonly to?: number;
};

export type WorkOptions<T> = {
  /** What to do with each event. The Observable emits the results, in the order of the events. */
  readonly work: (event: ClusterEvent) => Promise<T> | T;
  /** How many events may be worked on at a time; 1 when left out. */
  readonly concurrency?: number;
};

/** The subscription ended before its end; `revision` tells how far it came, `cause` why it ended. */
export class SubscriptionFailed extends Error {
  override readonly name = 'SubscriptionFailed';
  /** Everything up to this revision was delivered, and its work done: go on with `from: revision + 1`. */
  readonly revision: number;

  constructor(revision: number, cause: unknown) {
    const why = cause instanceof Error ? cause.message : String(cause);
    super(`${why} (delivered up to revision ${revision}; subscribe again from ${revision + 1})`, { cause });
    this.revision = revision;
  }
}

/** Where subscriptions read from. */
export type EventSource = Pick<OpenedReader, 'log' | 'moved'>;

export function eventsOf(source: EventSource, options: EventsOptions): Observable<ClusterEvent> {
  return observe(source, options, (subscriber) => ({
    idle: () => true,
    push(event) {
      subscriber.next(event);
    },
    failed: new AbortController().signal,
    async finished() {},
  }));
}

export function worksOf<T>(source: EventSource, options: EventsOptions & WorkOptions<T>): Observable<T> {
  const { work, concurrency = 1 } = options;
  if (!Number.isInteger(concurrency) || concurrency < 1) {
    throw new RangeError(`concurrency must be a whole number from 1 on, not ${concurrency}`);
  }
  return observe(source, options, (subscriber, signal, delivered) => {
    const works = new OrderedWork<ClusterEvent, T>({
      work,
      concurrency,
      signal,
      onResult(result, { revision }) {
        subscriber.next(result);
        delivered(revision);
      },
    });
    return {
      idle: () => works.idle,
      push: (event) => works.push(event),
      failed: works.failed,
      finished: () => works.finished(),
    };
  });
}

type Sink = {
  /** True where nothing is under way. */
  readonly idle: () => boolean;
  /** Resolves, or returns, when the next event may come. */
  readonly push: (event: ClusterEvent) => Promise<void> | void;
  /** Aborts when an event's work fails: nothing more needs to be read. */
  readonly failed: AbortSignal;
  /** Resolves when nothing is under way any more; rejects with what failed. */
  readonly finished: () => Promise<void>;
};

type SinkOf<T> = (subscriber: Subscriber<T>, signal: AbortSignal, delivered: (revision: number) => void) => Sink;

function observe<T>(source: EventSource, options: EventsOptions, sinkOf: SinkOf<T>): Observable<T> {
  const wanted = wantedOf(options);
  return new Observable<T>((subscriber) => {
    const stop = new AbortController();
    let delivered = Math.max(0, (options.from ?? 1) - 1);
    const note = (revision: number) => {
      delivered = revision;
    };
    const sink = sinkOf(subscriber, stop.signal, note);
    deliver({ source, options, wanted, sink, signal: stop.signal, note }).then(
      () => subscriber.complete(),
      (error: unknown) => {
        stop.abort();
        subscriber.error(new SubscriptionFailed(delivered, error));
      },
    );
    return () => stop.abort();
  });
}

type Wanted = { readonly resource: ResourceName | undefined; readonly matches: (event: RecordedEvent) => boolean };

type Delivery = {
  readonly source: EventSource;
  readonly options: EventsOptions;
  readonly wanted: Wanted;
  readonly sink: Sink;
  readonly signal: AbortSignal;
  readonly note: (revision: number) => void;
};

async function deliver({ source, options, wanted, sink, signal, note }: Delivery): Promise<void> {
  const { log, moved } = source;
  const stream = log.streams[wanted.resource === undefined ? 'LOG' : streamOf(wanted.resource)];
  const { first, last } = await stream.bounds();
  const { from = first, to = Number.POSITIVE_INFINITY } = options;
  const after = Math.max(0, from - 1) as Revision;
  if (after > last) throw new RevisionNotReached({ stream: stream.stream, wanted: after, last });
  let reached: number = after;
  note(after);
  if (to > after) {
    const reading = AbortSignal.any([signal, sink.failed, moved]);
    for await (const batch of stream.tail({ after }, { signal: reading })) {
      for (const event of batch) {
        if (event.revision <= to && wanted.matches(event)) {
          const room = sink.push(new ClusterEvent(event));
          if (room !== undefined) await room;
          if (signal.aborted) return;
        }
        reached = event.revision;
        if (reached >= to) break;
        if (sink.idle()) note(reached);
      }
      if (reached >= to) break;
    }
  }
  if (signal.aborted) return;
  await sink.finished();
  note(Math.min(reached, to));
  if (reached < to) moved.throwIfAborted();
  if (reached < to && to !== Number.POSITIVE_INFINITY)
    throw new LogClosed(`the connection was closed before revision ${to}`);
}

function wantedOf({ kind, namespace, name, from, to }: EventsOptions): Wanted {
  for (const [option, revision] of Object.entries({ from, to })) {
    if (revision !== undefined && (!Number.isSafeInteger(revision) || revision < 0)) {
      throw new RangeError(`${option} must be a revision, not ${revision}`);
    }
  }
  const resource = kind === undefined ? undefined : findResource(kind);
  if (kind !== undefined && resource === undefined) {
    throw new RangeError(`no kind is called ${kind}; there are ${resourceNames().join(', ')}`);
  }
  return {
    resource,
    matches({ subject }) {
      const ref = parseSubject(subject);
      if (ref === undefined) return false;
      if (resource !== undefined && (ref.resource !== resource.resource || ref.group !== resource.group)) return false;
      return (namespace === undefined || ref.namespace === namespace) && (name === undefined || ref.name === name);
    },
  };
}
