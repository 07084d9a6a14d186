// Prints recorded events of a running cluster, read from its log with the reader's rights.

import type { Revision } from '../../streams/base/brand.ts';
import { silentLogger } from '../../streams/base/logger.ts';
import { systemRandom } from '../../streams/base/random.ts';
import { openJetStreamReader } from '../../streams/jetstream/jetstream-cluster-log.ts';
import type { RecordedEvent } from '../../streams/log/event.ts';
import type { CliContext } from './command.ts';
import type { EventsOptions } from './commands/events.ts';
import { eventLine, objectOf } from './event-line.ts';
import { findLog } from './find-log.ts';

export type PrintEventsRequest = {
  readonly options: EventsOptions;
  readonly context: CliContext;
  readonly signal: AbortSignal;
};

/** Prints until the newest event, or with `follow` until the signal aborts. */
export async function printEvents({ options, context, signal }: PrintEventsRequest): Promise<void> {
  const { terminal, clock } = context;
  const { url, credentials } = await findLog(options, context);
  const log = await openJetStreamReader({
    servers: [url],
    credentials,
    clock,
    random: systemRandom(),
    logger: silentLogger,
  });
  try {
    const stream = log.streams.LOG;
    const { first } = await stream.bounds();
    const { since } = options;
    const wanted = since?.kind === 'revision' ? since.revision : 0;
    const after = Math.max(first, wanted) - 1;
    const range = { after: Math.max(0, after) as Revision };
    const batches = options.follow ? stream.tail(range, { signal }) : stream.read(range, { signal });
    for await (const batch of batches) {
      for (const event of batch) {
        if (isWanted(event, options))
          terminal.print(options.output === 'json' ? jsonLine(event) : eventLine(event, terminal));
      }
    }
  } finally {
    await log.close();
  }
}

function isWanted(event: RecordedEvent, { since, object, namespace }: EventsOptions): boolean {
  if (since?.kind === 'time' && event.timeMs < since.ms) return false;
  if (object === undefined && namespace === undefined) return true;
  const about = objectOf(event);
  return (object === undefined || about.name === object) && (namespace === undefined || about.namespace === namespace);
}

function jsonLine(event: RecordedEvent): string {
  const { object, timeMs, id: _, ...rest } = event;
  const decoded: unknown = JSON.parse(Buffer.from(object).toString('utf8'));
  return JSON.stringify({ time: new Date(timeMs).toISOString(), ...rest, object: decoded });
}
