// The revisions of deletions this process has seen, so that an object can be created again under its old name in one
// round trip: JetStream must be told the deletion's revision where the caller says "absent". A hint only: a wrong or
// missing entry costs a lookup, never a wrong result.

import type { Revision, Subject } from '../base/brand.ts';
import { isTombstone, type RecordedEvent } from '../log/event.ts';

const entriesMax = 65_536;

export class Tombstones {
  readonly #revisions = new Map<Subject, Revision>();

  get(subject: Subject): Revision | undefined {
    return this.#revisions.get(subject);
  }

  /** Remembers a deletion; the oldest entry makes room. */
  set(subject: Subject, revision: Revision): void {
    const known = this.#revisions.get(subject);
    if (known !== undefined) {
      if (known > revision) return;
      this.#revisions.delete(subject);
    }
    this.#revisions.set(subject, revision);
    if (this.#revisions.size <= entriesMax) return;
    const oldest = this.#revisions.keys().next().value;
    if (oldest !== undefined) this.#revisions.delete(oldest);
  }

  delete(subject: Subject): void {
    this.#revisions.delete(subject);
  }

  /** Learns from events as they are read. */
  observe(events: readonly RecordedEvent[]): void {
    for (const event of events) if (isTombstone(event)) this.set(event.subject, event.revision);
  }
}
