// Prints recorded events: of a running cluster, read from its log with the reader's rights, or of a stopped one.

import type { Revision } from '../../streams/base/brand.ts';
import { revisionBefore } from '../../streams/history/seek.ts';
import type { ClusterLogReader } from '../../streams/jetstream/jetstream-cluster-log.ts';
import type { RecordedEvent, StreamName } from '../../streams/log/event.ts';
import { parseSubject, streamOf } from '../../streams/log/subjects.ts';
import { lossOf } from '../boot/open-reader.ts';
import type { CliContext } from './command.ts';
import type { EventsOptions } from './commands/events.ts';
import { eventJson, eventLine } from './event-line.ts';
import { openClusterLog } from './find-log.ts';

export type PrintEventsRequest = {
  readonly options: EventsOptions;
  readonly context: CliContext;
  readonly signal: AbortSignal;
};

/** A log that is silent for longer is not waited for, unless it is followed. */
const patienceMs = 15_000;

/** Prints until the newest event, or with `follow` until the signal aborts. */
export async function printEvents({ options, context, signal }: PrintEventsRequest): Promise<void> {
  const { terminal, clock } = context;
  const { follow, output } = options;
  const opened = await openClusterLog(options, context, follow ? 'refuse' : 'start');
  const done = new AbortController();
  const loss = lossOf(opened.log, { clock, patienceMs, signal: done.signal });
  const reading = AbortSignal.any([signal, follow ? opened.moved : loss]);
  try {
    const stream = opened.log.streams[streamWanted(options)];
    const range = { after: await beginning(stream, options, reading) };
    const batches = follow ? stream.tail(range, { signal: reading }) : stream.read(range, { signal: reading });
    for await (const batch of batches) {
      for (const event of batch) {
        if (isWanted(event, options)) terminal.print(output === 'json' ? eventJson(event) : eventLine(event, terminal));
      }
    }
    if (!signal.aborted) reading.throwIfAborted();
  } finally {
    done.abort();
    await opened.close();
  }
}

/** Heartbeats and core events are printed where they are asked for only. */
function streamWanted({ stream, object }: EventsOptions): StreamName {
  return stream ?? (object === undefined ? 'LOG' : streamOf(object));
}

/** The revision to read on from. */
async function beginning(
  stream: ClusterLogReader['streams'][StreamName],
  { since }: EventsOptions,
  signal: AbortSignal,
): Promise<Revision> {
  const { first } = await stream.bounds();
  if (since?.kind === 'time' && stream.stream === 'LOG') return revisionBefore(stream, since.ms, { signal });
  const wanted = since?.kind === 'revision' ? since.revision : 0;
  return Math.max(0, Math.max(first, wanted) - 1) as Revision;
}

function isWanted(event: RecordedEvent, { since, object, namespace }: EventsOptions): boolean {
  if (since?.kind === 'time' && event.timeMs < since.ms) return false;
  if (object === undefined && namespace === undefined) return true;
  const about = parseSubject(event.subject);
  if (about === undefined || (namespace !== undefined && about.namespace !== namespace)) return false;
  if (object === undefined) return true;
  return about.name === object.name && about.resource === object.resource && about.group === object.group;
}
