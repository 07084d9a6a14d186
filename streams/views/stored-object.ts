// One version of one object as the view holds it: parsed and encoded forms are made when first asked for and then
// shared by everyone (reads, lists, watches), so an object is encoded once, not once per client.

import { defined } from '../base/assert.ts';
import type { Revision } from '../base/brand.ts';
import type { RecordedEvent } from '../log/event.ts';
import type { ObjectRef } from '../log/subjects.ts';
import { cutRevision, spliceRevision } from '../resources/encode.ts';
import type { AnyObject } from '../resources/meta.ts';

/** What of an event makes a version of its object. */
export type RecordedVersion = Pick<RecordedEvent, 'revision' | 'timeMs' | 'from' | 'to' | 'object'> &
  Partial<RecordedEvent>;

export class StoredObject {
  readonly ref: ObjectRef;
  readonly key: string;
  readonly revision: Revision;
  /** The writer's clock when this version was recorded, milliseconds since the Unix epoch. */
  readonly timeMs: number;
  /** The machine's state the event left the object in; the last one it had, for a deletion. */
  readonly state: string;
  #raw: Uint8Array | undefined;
  #json: Buffer | undefined;
  #object: AnyObject | undefined;

  constructor(ref: ObjectRef, event: RecordedVersion) {
    this.ref = ref;
    this.key = keyOf(ref);
    this.revision = event.revision;
    this.timeMs = event.timeMs;
    this.state = event.to ?? event.from ?? '';
    this.#raw = event.object;
  }

  /** The exact bytes clients are served as `application/json`. */
  get json(): Buffer {
    if (this.#json === undefined) {
      this.#json = spliceRevision(defined(this.#raw, 'the raw form is there until the JSON is'), this.revision);
      this.#raw = undefined;
    }
    return this.#json;
  }

  /** The same version in another form, of which these are the bytes (without the resourceVersion). */
  as(object: Uint8Array): StoredObject {
    const { revision, timeMs, state } = this;
    return new StoredObject(this.ref, { revision, timeMs, from: state, to: state, object });
  }

  /** A newer version has come: only the bytes are kept, for those who still ask for this one. */
  shed(): void {
    this.#object = undefined;
  }

  /** The bytes as an event carries them, to the byte: without the resourceVersion. */
  encoded(): Uint8Array {
    return this.#raw ?? cutRevision(this.json, this.revision);
  }

  /** The parsed object. Shared: never change it. */
  get object(): AnyObject {
    this.#object ??= JSON.parse(this.json.toString('utf8')) as AnyObject;
    return this.#object;
  }
}

/** Sorts objects as `kubectl get -A` lists them: by namespace, then name. */
export function keyOf(ref: { readonly namespace: string; readonly name: string }): string {
  return ref.namespace === '' ? ref.name : `${ref.namespace}/${ref.name}`;
}
