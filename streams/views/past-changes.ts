// The changes of one resource read back from the log: for watches that begin before the window in memory (invariant:
// a watch may begin at any revision that is still retained). What an object was before its first change in the range is
// not known here; everything else is as the view would have told it.

import type { Revision } from '../base/brand.ts';
import { factsOf, isTombstone } from '../log/event.ts';
import type { EventLog } from '../log/event-log.ts';
import { parseSubject } from '../log/subjects.ts';
import type { ResourceName } from '../resources/meta.ts';
import type { Change } from './change.ts';
import { StoredObject } from './stored-object.ts';

export type PastChange = Omit<Change, 'previous'> & {
  /** `unknown` where the object existed before the range began. */
  readonly previous: StoredObject | undefined | 'unknown';
};

export type PastBatch = {
  readonly changes: readonly PastChange[];
  /** Every event up to this revision has been read. */
  readonly upTo: Revision;
};

/** Batches of changes after the revision, up to `to`. The caller makes sure that the log still retains the range. */
export async function* pastChanges(
  log: EventLog,
  { name, after, to, signal }: { name: ResourceName; after: Revision; to: Revision; signal: AbortSignal },
): AsyncGenerator<PastBatch> {
  const known = new Map<string, StoredObject>();
  for await (const events of log.read({ after, to }, { signal })) {
    const changes: PastChange[] = [];
    for (const event of events) {
      const ref = parseSubject(event.subject);
      if (ref === undefined || ref.resource !== name.resource || ref.group !== name.group) continue;
      const current = new StoredObject(ref, event);
      const previous = known.get(current.key) ?? (event.from === null ? undefined : 'unknown');
      const type = isTombstone(event) ? 'DELETED' : event.from === null ? 'ADDED' : 'MODIFIED';
      changes.push({ type, ref, current, previous, event: factsOf(event) });
      if (isTombstone(event)) known.delete(current.key);
      else known.set(current.key, current);
    }
    const upTo = events.at(-1)?.revision;
    if (upTo !== undefined) yield { changes, upTo };
  }
}
