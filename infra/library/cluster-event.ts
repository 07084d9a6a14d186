// One recorded event as subscribers see it. The object is parsed when it is first looked at: whoever only counts
// transitions pays for no JSON.

import { assert } from '../../streams/base/assert.ts';
import type { Author, Cause, RecordedEvent, StreamName } from '../../streams/log/event.ts';
import { type ObjectRef, parseSubject } from '../../streams/log/subjects.ts';
import type { AnyObject } from '../../streams/resources/meta.ts';
import { StoredObject } from '../../streams/views/stored-object.ts';

export class ClusterEvent {
  readonly #event: RecordedEvent;
  readonly #ref: ObjectRef;
  #object: AnyObject | undefined;

  constructor(event: RecordedEvent) {
    const ref = parseSubject(event.subject);
    assert(ref !== undefined, 'an event is about an object');
    this.#event = event;
    this.#ref = ref;
  }

  /** `LOG`; `LEASE` and `EVENT` for leases and core events, which count revisions of their own. */
  get stream(): StreamName {
    return this.#event.stream;
  }

  /** The event's position in its stream and the object's `resourceVersion` after it. Subscribe again from the next one. */
  get revision(): number {
    return this.#event.revision;
  }

  /** The writer's clock. */
  get time(): Date {
    return new Date(this.#event.timeMs);
  }

  /** The transition in past tense, e.g. `pod.scheduled`. */
  get type(): string {
    return this.#event.type;
  }

  /** The state before; null where the object did not exist. */
  get from(): string | null {
    return this.#event.from;
  }

  /** The state after; null where the object is gone. */
  get to(): string | null {
    return this.#event.to;
  }

  /** Who asked for it. */
  get author(): Author {
    return this.#event.author;
  }

  /** The event that made the author act; null for people. */
  get cause(): Cause | null {
    return this.#event.cause;
  }

  /** The newest revision the author had seen when deciding. */
  get seen(): number {
    return this.#event.seen;
  }

  /** Why the kind's machine does not allow the transition; undefined for lawful ones. */
  get anomaly(): string | undefined {
    return this.#event.anomaly;
  }

  /** API group; empty for core. */
  get group(): string {
    return this.#ref.group;
  }

  /** Plural resource name, e.g. `deployments`. */
  get resource(): string {
    return this.#ref.resource;
  }

  /** Empty for cluster-scoped objects. */
  get namespace(): string {
    return this.#ref.namespace;
  }

  get name(): string {
    return this.#ref.name;
  }

  /**
   * The object after the change, before it for a deletion, with its resourceVersion. Undefined for core events that the
   * log's server removed because their time was up. Shared: never change it.
   */
  get object(): AnyObject | undefined {
    if (this.#event.object.byteLength === 0) return undefined;
    this.#object ??= new StoredObject(this.#ref, this.#event).object;
    return this.#object;
  }

  toJSON(): object {
    const { stream, revision, time, type, from, to, author, cause, seen, anomaly } = this;
    const { group, resource, namespace, name, object } = this;
    return {
      stream,
      revision,
      time,
      type,
      from,
      to,
      author,
      cause,
      seen,
      anomaly,
      group,
      resource,
      namespace,
      name,
      object,
    };
  }
}
