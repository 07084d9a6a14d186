// A cluster's objects as a run of events leaves them: subject → last event, nothing else. It is the plainest possible
// fold, so that it can be trusted where the view is what is being checked, and it keeps pace with reading: objects are
// grouped, keyed and parsed only when they are asked for.

import { type Revision, revisionZero, type Subject } from '../base/brand.ts';
import { isTombstone, type RecordedEvent } from '../log/event.ts';
import { parseSubject, subjectOf } from '../log/subjects.ts';
import type { ResourceName } from '../resources/meta.ts';
import { StoredObject } from '../views/stored-object.ts';

/**
 * Bytes of events that may wait to be settled. An event as read is a part of the buffer it came in, together with its
 * neighbours; settling copies what has survived until then, so that a few survivors do not keep a whole history in memory.
 */
const unsettledBytesMax = 8 * 1024 * 1024;
/** Copies share pieces of memory of this size: many small ones would keep the garbage collector busy. */
const pieceBytes = 64 * 1024;

export class ReplayedState {
  /** Last events, tombstones too, not settled yet. */
  #recent = new Map<Subject, RecordedEvent>();
  #recentBytes = 0;
  readonly #settled = new Map<Subject, RecordedEvent>();
  #revision: Revision = revisionZero;
  #timeMs = 0;
  #events = 0;

  /** Position of the newest event taken in. */
  get revision(): Revision {
    return this.#revision;
  }

  /** The replayed instant: the latest time of any event taken in, milliseconds since the Unix epoch; 0 before the first. */
  get timeMs(): number {
    return this.#timeMs;
  }

  /** How many events were taken in. */
  get events(): number {
    return this.#events;
  }

  /** Takes in what was there before the first event that counts. */
  load(event: RecordedEvent): void {
    this.#recent.set(event.subject, event);
    if (event.timeMs > this.#timeMs) this.#timeMs = event.timeMs;
    this.#recentBytes += event.object.byteLength;
    if (this.#recentBytes > unsettledBytesMax) this.#settle();
  }

  /** There is nothing to take in up to this revision. */
  moveTo(revision: Revision): void {
    this.#revision = revision;
  }

  apply(event: RecordedEvent): void {
    this.load(event);
    this.#revision = event.revision;
    this.#events++;
  }

  /** The event that made the object on this subject what it is; undefined where there is none. */
  last(subject: Subject): RecordedEvent | undefined {
    const event = this.#recent.get(subject);
    if (event === undefined) return this.#settled.get(subject);
    return isTombstone(event) ? undefined : event;
  }

  get(ref: { group: string; resource: string; namespace: string; name: string }): StoredObject | undefined {
    const event = this.last(subjectOf(ref));
    return event === undefined ? undefined : new StoredObject(ref, event);
  }

  /** Every resource that has objects, by name. */
  resources(): readonly ResourceName[] {
    const names = new Map<string, ResourceName>();
    for (const event of this.lastEvents()) {
      const ref = parseSubject(event.subject);
      if (ref !== undefined) names.set(`${ref.resource}.${ref.group}`, { group: ref.group, resource: ref.resource });
    }
    return [...names].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, name]) => name);
  }

  /** The objects of one resource in list order: by namespace, then name. */
  list({ group, resource }: ResourceName, namespace?: string): StoredObject[] {
    const objects: StoredObject[] = [];
    for (const event of this.lastEvents()) {
      const ref = parseSubject(event.subject);
      if (ref === undefined || ref.resource !== resource || ref.group !== group) continue;
      if (namespace === undefined || ref.namespace === namespace) objects.push(new StoredObject(ref, event));
    }
    return objects.sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  /** How many objects there are. */
  get size(): number {
    this.#settle();
    return this.#settled.size;
  }

  /** The event that made each object what it is, in no order of meaning. */
  lastEvents(): Iterable<RecordedEvent> {
    this.#settle();
    return this.#settled.values();
  }

  #settle(): void {
    const copy = copier();
    for (const [subject, event] of this.#recent) {
      if (isTombstone(event)) this.#settled.delete(subject);
      else this.#settled.set(subject, { ...event, object: copy(event.object) });
    }
    this.#recent.clear();
    this.#recentBytes = 0;
  }
}

function copier(): (bytes: Uint8Array) => Uint8Array {
  let piece = new Uint8Array(0);
  let used = 0;
  return (bytes) => {
    const length = bytes.byteLength;
    if (length * 4 > pieceBytes) return new Uint8Array(bytes);
    if (used + length > piece.byteLength) {
      piece = new Uint8Array(pieceBytes);
      used = 0;
    }
    const copy = piece.subarray(used, used + length);
    copy.set(bytes);
    used += length;
    return copy;
  };
}
