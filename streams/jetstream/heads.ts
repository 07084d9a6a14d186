// The last known revision of objects that changed lately. An atomic batch is refused whole for one lost race, so an
// append that looks lost goes out alone. A hint only: what it says costs or saves time, never changes an outcome.

import type { Revision, Subject } from '../base/brand.ts';
import { isTombstone, type LogEvent, type RecordedEvent } from '../log/event.ts';
import type { Expectation } from '../log/event-log.ts';

/** Enough for what is under way between a reader's view and the log. */
const entriesMax = 16_384;

export class Heads {
  /** Revision of a subject's last event, negative for a deletion. */
  readonly #revisions = new Map<Subject, number>();
  #observed: number | undefined;

  note(subject: Subject, revision: Revision, event: Pick<LogEvent, 'to'>): void {
    const known = this.#revisions.get(subject);
    if (known !== undefined) {
      if (Math.abs(known) >= revision) return;
      this.#revisions.delete(subject);
    }
    this.#revisions.set(subject, isTombstone(event) ? -revision : revision);
    if (this.#revisions.size <= entriesMax) return;
    const oldest = this.#revisions.keys().next().value;
    if (oldest !== undefined) this.#revisions.delete(oldest);
  }

  /** Learns from what is read at the head of the log; what lies before `highWater` at first has nothing to say. */
  observe(events: readonly RecordedEvent[], highWater: number): void {
    const first = this.#observed ?? highWater;
    const last = events.at(-1)?.revision ?? 0;
    if (last <= first) return;
    this.#observed = last;
    for (const event of events) if (event.revision > first) this.note(event.subject, event.revision, event);
  }

  /** Whether the expectation probably fails; `expected` is the sequence it stands for. */
  looksLost(subject: Subject, { kind }: Expectation, expected: Revision): boolean {
    const known = this.#revisions.get(subject);
    if (known === undefined) return false;
    return kind === 'absent' ? known > 0 : Math.abs(known) > expected;
  }
}
